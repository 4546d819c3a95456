"""The HTML that Luna may send, checked as a browser would read it."""

from html.parser import HTMLParser
from urllib.parse import urlsplit

TAGS = {"a", "blockquote", "br", "code", "del", "em", "li", "ol", "p", "pre", "strong", "ul"}
MAX_DEPTH = 100  # client-server API, "m.room.message msgtypes": deeper is not shown


class HtmlSubset(HTMLParser):
    """Reads HTML and fails unless it holds known tags only, each closed in its place.

    `text` is what a person sees of it.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Check a tag, its attributes and its depth."""
        assert tag in TAGS
        for name, value in attrs:
            match tag, name:
                case "a", "href":
                    assert urlsplit(value or "").scheme in ("https", "http", "mailto")
                case "code", "class":
                    assert (value or "").startswith("language-")
                case "ol", "start":
                    assert (value or "").isdigit()
                case _:
                    raise AssertionError((tag, name))
        if tag != "br":
            self._open.append(tag)
        assert len(self._open) <= MAX_DEPTH

    def handle_endtag(self, tag: str) -> None:
        """See to it that what is closed was opened last."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Gather the text."""
        self.text += data

    def handle_comment(self, data: str) -> None:
        """Refuse a comment."""
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        """Refuse a declaration."""
        raise AssertionError(decl)

    def handle_pi(self, data: str) -> None:
        """Refuse a processing instruction."""
        raise AssertionError(data)
