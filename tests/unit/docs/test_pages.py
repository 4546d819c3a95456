"""The generated pages. Those in the repository are compared by `make docs-check`."""

from pathlib import Path

import pytest

from doctools.pages import main, outdated, pages


def test_pages_are_the_same_each_time_and_one_that_is_old_fails_the_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = pages()
    assert outdated(made, tmp_path) == list(made)
    assert main(["--write", str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == made.keys()
    assert main(["--check", str(tmp_path)]) == 0
    page = tmp_path / "licences.md"
    page.write_text(page.read_text() + " ")
    capsys.readouterr()
    assert main(["--check", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "Out of date: licences.md. Run `make docs`.\n"


def test_broken_skills_make_no_page(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("boom")
    with pytest.raises(ValueError, match=r"broken.py:1: NameError: name 'boom' is not defined"):
        pages(tmp_path)
