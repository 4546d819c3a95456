"""The page docs/structure.md: the modules, and which package imports which."""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "lunabot"
SKILLS = "skills"
PROCESS = "process"
COMMON = "common"
Arrow = tuple[str, str]

_HEAD = f"""\
# The structure

<!-- Generated from the code by `make docs`: do not edit. -->

The packages of the code, the imports between them, and the modules in each. What happens in them
tells [the design](design.md).

## Imports

An arrow says that modules of one package import some of the other. Where a third package lies
between the two, the direct arrow is left out; the table below has all. `{PROCESS}` and `{COMMON}`
are the modules that lie in `{PACKAGE}/` itself: `{COMMON}` those that import none of its packages.
"""


@dataclass(frozen=True, slots=True)
class Module:
    """A Python file: its dotted name, the first line of its docstring, and what it imports."""

    name: str
    summary: str
    imports: frozenset[str]


def read(root: Path) -> list[Module]:
    """Return the modules of the package and the skills, sorted by name."""
    files = [*root.glob(f"{PACKAGE}/**/*.py"), *root.glob(f"{SKILLS}/*.py")]
    return sorted((_module(file, root) for file in files), key=lambda module: module.name)


def _module(file: Path, root: Path) -> Module:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    summary = (ast.get_docstring(tree) or "").split("\n\n")[0]
    name = ".".join(file.relative_to(root).with_suffix("").parts)
    return Module(name, " ".join(summary.split()), frozenset(_imports(tree)))


def _imports(tree: ast.AST) -> Iterator[str]:
    """Yield what is imported anywhere in a file, but for what type checkers alone see."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)):
            yield from _imports(node)


def package_of(module: str) -> str:
    """Return the package by which the diagram calls a module, or an imported name."""
    first, second, *rest = [*module.split("."), "", ""]
    if first == SKILLS:
        return SKILLS
    return second if first == PACKAGE and any(rest) else PROCESS


def imports(modules: Sequence[Module]) -> Counter[Arrow]:
    """Return the arrows between packages, and how many modules each stands for."""
    packages = {package_of(module.name) for module in modules} - {PROCESS}
    process = {
        module.name
        for module in modules
        if package_of(module.name) == PROCESS
        and any(_target(name, packages, set()) in packages for name in module.imports)
    }
    found: Counter[Arrow] = Counter()
    for module in modules:
        source = _target(module.name, packages, process) or SKILLS
        targets = {_target(name, packages, process) for name in module.imports} - {"", source}
        found.update((source, target) for target in targets)
    return found


def _target(name: str, packages: set[str], process: set[str]) -> str:
    """Return the package of an imported name, or "" for one that is not of this code."""
    first, second, *_ = [*name.split("."), "", ""]
    if first != PACKAGE:
        return ""
    if second in packages:
        return second
    return PROCESS if f"{PACKAGE}.{second}" in process else COMMON


def reached(start: str, arrows: Iterable[Arrow]) -> set[str]:
    """Return the packages to which arrows lead from one, over others or not."""
    arrows, found, new = set(arrows), set[str](), {start}
    while new:
        new = {target for source, target in arrows if source in new} - found
        found |= new
    return found


def against(counts: Mapping[Arrow, int]) -> set[Arrow]:
    """Return few arrows without which none leads back: first what ends most circles, then light."""
    left, taken = set(counts), set[Arrow]()
    while circles := _circles(left):
        worst = min(circles, key=lambda each: (len(_circles(left - {each})), counts[each], each))
        taken.add(worst)
        left.remove(worst)
    return taken


def _circles(arrows: set[Arrow]) -> list[Arrow]:
    return [arrow for arrow in arrows if arrow[0] in reached(arrow[1], arrows)]


def direct(arrows: set[Arrow]) -> set[Arrow]:
    """Return the arrows between whose ends no other way leads; there must be no circles."""
    return {arrow for arrow in arrows if arrow[1] not in reached(arrow[0], arrows - {arrow})}


def page(modules: Sequence[Module]) -> str:
    """Return the page; the same code gives the same bytes."""
    counts = imports(modules)
    return "\n".join([_HEAD, *_diagram(counts), "", *_table(counts), *_listing(modules), ""])


def _diagram(counts: Mapping[Arrow, int]) -> Iterator[str]:
    upward = against(counts)
    yield "```mermaid\nflowchart TD"
    straight = direct({*counts} - upward)
    yield from (f"    {source} --> {target}" for source, target in sorted(straight))
    yield "```\n\nAgainst the arrows:\n"
    yield from (f"- `{source}` imports `{target}`" for source, target in sorted(upward))


def _table(counts: Mapping[Arrow, int]) -> Iterator[str]:
    yield "| package | imports (by how many of its modules) |\n|---|---|"
    for package in sorted({source for source, _ in counts}):
        targets = sorted((t, number) for (s, t), number in counts.items() if s == package)
        yield f"| `{package}` | {', '.join(f'{name} ({number})' for name, number in targets)} |"


def _listing(modules: Iterable[Module]) -> Iterator[str]:
    folder = ""
    for module in sorted(modules, key=lambda each: (each.name.rpartition(".")[0], each.name)):
        parent, _, name = module.name.rpartition(".")
        if parent != folder:
            folder = parent
            yield f"\n## {folder}\n"
            if name != "__init__":
                yield "| | |\n|---|---|"
        if name == "__init__":
            yield f"{module.summary}\n\n| | |\n|---|---|"
        else:
            yield f"| `{name}` | {module.summary} |"
