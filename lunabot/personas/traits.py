"""Traits (being written)."""

from lunabot.personas.persona import Persona


def system_prompt(persona: Persona) -> str:
    """Return the system prompt."""
    return persona.system_prompt
