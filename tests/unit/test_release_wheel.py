"""What is published: a wheel and an sdist that are whole, and work far from the repository."""

import asyncio
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest
import yaml

import lunabot
from tests.e2e.homeserver import free_port
from tests.fake_model import FakeModel

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist, made from the repository."""
    folder = tmp_path_factory.mktemp("published")
    build(ROOT, folder)
    return folder


@pytest.fixture(scope="module")
def elsewhere(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment with the wheel; what it needs is borrowed from this one."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    site = next(folder.glob("lib/python*/site-packages"))
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps"]
    run([*pip, "--no-index", "--quiet", str(wheel(published))], folder)
    return folder / "bin"


def test_the_wheel_holds_the_package_and_the_skills(published: Path) -> None:
    assert wheel(published).name == f"lunabot-{lunabot.__version__}-py3-none-any.whl"
    held = set(zipfile.ZipFile(wheel(published)).namelist())
    package = {str(file.relative_to(ROOT)) for file in files_in(ROOT / "lunabot")}
    skills = {f"lunabot/{file.relative_to(ROOT)}" for file in files_in(ROOT / "skills")}
    assert "lunabot/py.typed" in package
    assert "lunabot/skills/health.py" in skills
    assert package | skills <= held
    information = f"lunabot-{lunabot.__version__}.dist-info/"
    beside = {name for name in held - package - skills if not name.startswith(information)}
    assert not beside
    assert f"{information}licenses/LICENSE" in held


def test_the_sdist_makes_the_same_wheel(published: Path, tmp_path: Path) -> None:
    with tarfile.open(next(published.glob("*.tar.gz"))) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # not in Python 3.11.2
        archive.extractall(tmp_path)
    (unpacked,) = tmp_path.iterdir()
    build(unpacked, tmp_path / "again", "--target", "wheel")
    assert contents(wheel(tmp_path / "again")) == contents(wheel(published))


async def test_she_is_whole_outside_of_the_repository(elsewhere: Path, tmp_path: Path) -> None:
    python, luna = str(elsewhere / "python"), str(elsewhere / "luna")
    imported = run([python, "-c", "import lunabot; print(lunabot.__file__)"], tmp_path)
    assert Path(imported.strip()).is_relative_to(elsewhere.parent)
    assert run([luna, "--version"], tmp_path) == f"luna {lunabot.__version__}\n"
    async with FakeModel() as model:
        settings = {
            "homeserver": {"url": f"http://127.0.0.1:{free_port()}"},
            "llm": {"base_url": model.base_url, "model": "fake"},
        }
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(settings))
        status, said = await run_beside(luna, "check", folder=tmp_path)
    assert status == 0, said
    (declared,) = re.findall(r"^✓ (\d+) commands are declared$", said, re.MULTILINE)
    assert int(declared) >= len(files_in(ROOT / "skills"))


def files_in(folder: Path) -> list[Path]:
    """Return what git would keep of a folder."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in found if "__pycache__" not in path.parts]


def wheel(folder: Path) -> Path:
    (only,) = folder.glob("*.whl")
    return only


def contents(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def build(source: Path, target: Path, *options: str) -> None:
    run([sys.executable, "-m", "hatchling", "build", "-d", str(target), *options], source)


def clean_environment() -> dict[str, str]:
    """This process' environment without what would lead to the repository, or to a setting."""
    return {
        name: value
        for name, value in os.environ.items()
        if name != "PYTHONPATH" and not name.startswith("LUNA_")
    }


def run(command: list[str], folder: Path) -> str:
    """Return what a command prints; AssertionError with its errors when it fails."""
    done = subprocess.run(
        command, cwd=folder, env=clean_environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


async def run_beside(*command: str, folder: Path) -> tuple[int | None, str]:
    """Return a command's status and all that it says, while this event loop goes on."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=clean_environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()
