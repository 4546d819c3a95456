"""The personas of the state: read once when it is opened, written whenever one changes."""

from lunabot.matrix.ids import UserId
from lunabot.memory.documents import Documents
from lunabot.personas.persona import BrokenPersona, Persona, from_document, to_document


class PersonaTable:
    """Sound personas by user id; of a broken document, a line that says what is wrong with it.

    A broken document stays as it is until somebody replaces or removes it.
    """

    def __init__(self, documents: Documents) -> None:
        self.sound: dict[UserId, Persona] = {}
        self.broken: dict[UserId, str] = {}
        self._documents = documents
        for user_id in map(UserId, documents):
            try:
                self.sound[user_id] = from_document(user_id, documents.get(user_id))
            except BrokenPersona as error:
                self.broken[user_id] = f"its document is broken: {'; '.join(error.mistakes)}"

    def put(self, persona: Persona) -> Persona:
        """Keep a persona and return it as it will be read again; raises `BrokenPersona`."""
        if self.sound.get(persona.user_id) == persona:
            return persona
        kept = from_document(persona.user_id, to_document(persona))
        self.sound[persona.user_id] = kept
        self.broken.pop(persona.user_id, None)
        self._documents.replace(persona.user_id, to_document(kept))
        return kept

    def remove(self, user_id: UserId) -> None:
        """Remove a persona, sound or broken, if it is there."""
        self.sound.pop(user_id, None)
        self.broken.pop(user_id, None)
        self._documents.remove(user_id)
