"""Text as a store can hold it."""


def storable(text: str) -> str:
    """Return a text with what UTF-8 cannot hold (a lone surrogate, from a client's JSON) as "?"."""
    return text.encode("utf-8", "replace").decode("utf-8")
