"""No link of the documentation leads nowhere, on the site and where the files are read as they are.

Headings get their anchors by two rules that differ in details; a link to one has to satisfy both.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
FILES = [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
NAVIGATION = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("nav:")[2]


def prose(page: Path) -> str:
    """Return a page without its code, in which nothing is a link or a heading."""
    text = page.read_text(encoding="utf-8")
    return re.sub(r"^( *)```.*?^\1```$", "", text, flags=re.DOTALL | re.MULTILINE)


def links(page: Path) -> Iterator[str]:
    """Yield where the links and images of a page lead within the repository."""
    text = re.sub(r"`[^`\n]*`", "", prose(page))
    for target in re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'src="([^"]+)"', text):
        if "://" not in target and not target.startswith("mailto:"):
            yield target


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings on which both rules agree."""
    found = set()
    for heading in re.findall(r"^#+ (.+)$", prose(page), flags=re.MULTILINE):
        words = re.sub(r"[^\w\s-]", "", heading).strip().lower()
        on_the_site = re.sub(r"[-\s]+", "-", words.encode("ascii", "ignore").decode())
        if on_the_site == words.replace(" ", "-"):
            found.add(on_the_site)
    return found


@pytest.mark.parametrize("page", FILES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for link in links(page):
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link}: there is no such file"
        assert target.is_relative_to(DOCS) or DOCS not in page.parents, f"{link} leaves the site"
        assert not anchor or anchor in anchors(target), f"{link}: there is no such heading"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_every_page_is_in_the_navigation(page: Path) -> None:
    assert f": {page.relative_to(DOCS).as_posix()}\n" in NAVIGATION


def test_the_navigation_names_only_what_is_there() -> None:
    named = re.findall(r": (\S+\.md)$", NAVIGATION, flags=re.MULTILINE)
    assert [page for page in named if not (DOCS / page).is_file()] == []
    assert len(named) == len(set(named)) == len(PAGES)


def test_a_link_to_no_heading_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One\n\n[two](#two) `[three](#three)`\n\n```sh\n# Two\n[four](#four)\n```\n")
    assert list(links(page)) == ["#two"]
    assert anchors(page) == {"one"}
