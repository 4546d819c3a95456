"""Luna and her personas, as those who answer: the cast of the moment."""

from collections.abc import Callable, Mapping

from lunabot.config import Settings
from lunabot.dispatch.cast import Character
from lunabot.matrix.events import Message
from lunabot.matrix.ids import UserId
from lunabot.personas.persona import Persona
from lunabot.personas.traits import system_prompt


class Company:
    """Every character by user id; `luna` gives hers by the configuration of the moment."""

    def __init__(self, luna: Callable[[], Character]) -> None:
        self._luna = luna
        self._personas: dict[UserId, Persona] = {}
        self._characters: dict[UserId, Character] = {}

    def characters(self) -> Mapping[UserId, Character]:
        """Return all characters, Luna's first."""
        luna = self._luna()
        return {luna.user_id: luna, **self._characters}

    def user_ids(self) -> frozenset[UserId]:
        """Return the user ids of all characters, whether their accounts run or not."""
        return frozenset(self.characters())

    def personas(self) -> Mapping[UserId, Persona]:
        """Return the personas."""
        return self._personas

    def put(self, persona: Persona) -> None:
        """Take a persona in, or take it as it is now; it counts with the next answer."""
        self._personas[persona.user_id] = persona
        self._characters[persona.user_id] = _character(persona)

    def remove(self, user_id: UserId) -> None:
        """Let a persona go."""
        self._personas.pop(user_id, None)
        self._characters.pop(user_id, None)


def _character(persona: Persona) -> Character:
    def saw(message: Message) -> bool:
        return persona.saw(message.room_id, message.timestamp)

    return Character(
        persona.user_id,
        (persona.displayname,),
        system_prompt(persona),
        persona.model,
        saw,
        lambda room_id: room_id in persona.rooms,
    )


def luna_character(settings: Settings) -> Character:
    """Return Luna herself, as the configuration has her."""
    luna = settings.luna
    return Character(settings.luna_user_id, (luna.display_name, *luna.handles), luna.prompt)
