"""Commands that show something and can edit or delete it: what was typed has to fit together."""

from lunabot.errors import UserMistake


def require_sense(text: str, *, edit: bool, delete: bool, chosen: bool, example: str) -> None:
    """Raise `UserMistake` unless it is clear what is to be shown, edited or deleted.

    `text` is what stands behind the options, `chosen` tells that one thing was named, and
    `example` shows how it is typed.
    """
    if edit and delete:
        raise UserMistake("`--edit` or `--delete`: give one of them.")
    if edit and chosen and not text:
        raise UserMistake(f"What is it to say? Type it so: `{example}`")
    if (text and not edit) or ((edit or delete) and not chosen):
        raise UserMistake(f"I cannot tell what is to change. Type it so: `{example}`")
