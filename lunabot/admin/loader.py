"""Finds the skills in folders of Python files. A broken file costs its own skills only."""

import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import CodeType, ModuleType

import lunabot
from lunabot.admin.registry import Registry, build
from lunabot.admin.skill import DeclarationError, Skill


@dataclass(frozen=True, slots=True)
class LoadedSkills:
    """The skills that work, and one line (file, line, what is wrong) for each thing that does not.

    At start Luna lives with problems (safe mode); ``luna check`` and ``reload`` accept none.
    """

    registry: Registry
    problems: tuple[str, ...] = ()


def builtin_folder() -> Path:
    """Return the folder of the skills that come with Luna, installed or in the source tree."""
    package = Path(lunabot.__file__).parent
    installed = package / "skills"
    return installed if installed.is_dir() else package.parent / "skills"


def load_skills(folders: Sequence[Path]) -> LoadedSkills:
    """Load every ``*.py`` of the folders anew, in order: an earlier skill keeps its name.

    Files whose name starts with ``_`` are left out. This runs the files' code and may block for as
    long as they like: call it before the loop runs, or in a thread.
    """
    skills: list[Skill] = []
    problems: list[str] = []
    for folder in {folder.resolve(): folder for folder in folders}.values():
        if not folder.is_dir():
            problems.append(f"{folder}: there is no such folder of skills")
        for path in sorted(folder.glob("[!_]*.py")):
            try:
                skills += _skills_in(path)
            except DeclarationError as error:
                problems.append(str(error))
            except (Exception, SystemExit) as error:
                problems.append(_problem(path, error))
    registry, taken = build(skills)
    return LoadedSkills(registry, (*problems, *taken))


def _skills_in(path: Path) -> list[Skill]:
    return [value for value in vars(_execute(path)).values() if isinstance(value, Skill)]


def _execute(path: Path) -> ModuleType:
    """Run a file as a module that nobody can import.

    It is in ``sys.modules`` only while it runs, because dataclasses look for it there.
    """
    name = f"luna_skills.{path.stem}"
    loader = _FreshLoader(name, str(path))
    spec = spec_from_loader(name, loader)
    assert spec
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    finally:
        sys.modules.pop(name, None)
    return module


class _FreshLoader(SourceFileLoader):
    """Compiles each time: a cached ``.pyc`` would hide an edit within the same second."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def _problem(path: Path, error: BaseException) -> str:
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return f"{path}:{error.lineno}: {error.msg}"
    frames = traceback.extract_tb(error.__traceback__)
    line = next((frame.lineno for frame in reversed(frames) if frame.filename == str(path)), 1)
    return f"{path}:{line}: {type(error).__name__}: {' '.join(str(error).split())}"
