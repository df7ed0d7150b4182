"""Which room may import which: the rooms as data, and proof that a forbidden import is seen."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "streamlab"

ROOMS = {
    # room: what it may import beside the standard library and itself
    "errors": "",
    "testing": "errors tape",
    "tape": "errors",
    "decode": "errors brotli brotlicffi zstandard",  # the packages only where they are there
    "dialects": "errors",
    "follow": "errors tape decode dialects",
    "endpoints": "errors dialects",
    "net": "errors tape httpx httpcore h11",
    "server": "errors tape h11",
    "metrics": "errors tape decode dialects follow numpy pandas pyarrow",
    "formats": "errors tape follow metrics pyarrow pandas",  # metrics hands out pandas' tables
    "plots": "errors follow metrics matplotlib cycler numpy pandas PIL",
    "faces": "errors tape decode dialects follow metrics plots pandas",
    "live": "errors tape dialects follow net metrics faces traitlets anywidget",
    "recording": "errors tape dialects follow metrics formats plots faces live pandas pyarrow"
    " matplotlib",
    "many": "errors tape follow endpoints server metrics formats recording",
    "capture": "errors tape decode dialects follow endpoints net live recording httpx anyio",
    "lessons": "errors decode follow tape plots recording matplotlib numpy",
    "cli": "errors tape dialects follow endpoints server metrics plots faces capture recording"
    " many __init__ typer rich",
    "__main__": "cli",
    "__init__": "errors endpoints live capture metrics plots recording many",
}


def imported(path: Path, root: Path) -> Iterator[str]:
    """Yield the full names of all modules a file imports, wherever the statement stands."""
    package = [root.name, *path.relative_to(root).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Import(names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module, names, level):
                base = package[: len(package) - level + 1] if level else []
                base += module.split(".") if module else []
                yield from (".".join([*base, alias.name]) for alias in names)
            case ast.Call(
                ast.Name("import_module" | "__import__")
                | ast.Attribute(attr="import_module" | "__import__"),
                [ast.Constant(str(name)), *_],
            ):
                yield name


def room_of(path: Path, root: Path) -> str:
    return path.relative_to(root).parts[0].removesuffix(".py")


def needed(name: str, root: Path) -> str | None:
    """Return the room or the package that a module belongs to; None for Python's own."""
    top, *rest = name.split(".")
    if top == root.name:
        return rest[0] if rest and is_room(rest[0], root) else "__init__"
    return None if top in sys.stdlib_module_names else top


def is_room(name: str, root: Path) -> bool:
    return (root / name).is_dir() or (root / f"{name}.py").is_file()


def violations(root: Path) -> list[str]:
    """Return one sentence for each import that DESIGN does not allow."""
    found = []
    for path in sorted(root.rglob("*.py")):
        room = room_of(path, root)
        if room not in ROOMS:
            found.append(f"{room} is no known room")
            continue
        wanted = {needed(name, root) for name in imported(path, root)} - {None, room}
        where = path.relative_to(root).as_posix()
        found += [f"{where} imports {name}" for name in sorted(wanted - {*ROOMS[room].split()})]
    return found


def rows_without_a_room(root: Path) -> list[str]:
    """Return the names in `ROOMS` for which the package has no folder and no file."""
    return [room for room in ROOMS if not is_room(room, root)]


def module_of(path: Path, root: Path) -> str:
    """Return the full name of the module in a file; of a package, for its ``__init__``."""
    parts = (root.name, *path.relative_to(root).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def graph(root: Path) -> dict[str, set[str]]:
    """Return, for each module, the modules that it imports anywhere in its file."""
    paths = {module_of(path, root): path for path in root.rglob("*.py")}
    found = {}
    for module, path in paths.items():
        names = set(imported(path, root))
        parents = {name.rpartition(".")[0] for name in names - paths.keys()}
        found[module] = ((names | parents) & paths.keys()) - {module, root.name}
    return found


def circles(imports: dict[str, set[str]]) -> set[str]:
    """Return the modules that are left when all that are in no circle are taken away."""
    left = {module: set(others) for module, others in imports.items()}
    while True:
        wanted = set().union(*left.values())
        idle = {module for module, others in left.items() if not others or module not in wanted}
        if not idle:
            return set(left)
        left = {m: others - idle for m, others in left.items() if m not in idle}


def test_rooms_import_only_what_they_may():
    assert violations(ROOT) == []


def test_every_row_names_a_room_that_exists():
    assert rows_without_a_room(ROOT) == []


def test_no_row_allows_what_its_room_does_not_import():
    """Every room may import `errors`; `decode` finds its packages by their names, if any."""
    used: dict[str, set[str | None]] = {}
    for path in ROOT.rglob("*.py"):
        names = {needed(name, ROOT) for name in imported(path, ROOT)}
        used.setdefault(room_of(path, ROOT), {"errors"}).update(names)
    used["decode"] |= {"brotli", "brotlicffi", "zstandard"}

    assert {room: set(row.split()) - used[room] for room, row in ROOMS.items()} == {
        room: set() for room in ROOMS
    }


def test_a_row_without_a_room_is_seen(tmp_path):
    root = plant(tmp_path / "streamlab", "recording.py", "")
    (root / "plots").rmdir()

    assert rows_without_a_room(root) == ["plots"]


def test_no_module_imports_itself_through_others():
    """Imports in functions and under TYPE_CHECKING count too."""
    assert circles(graph(ROOT)) == set()


def test_a_circle_is_seen(tmp_path):
    root = plant(tmp_path / "streamlab", "faces/text.py", "def f():\n    import streamlab.many")
    (root / "many.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .faces import text"
    )

    assert circles(graph(root)) == {"streamlab.faces.text", "streamlab.many"}


PLANTED = {
    "a-package": ("decode/lines.py", "import pandas", "imports pandas"),
    "a-part-of-a-package": ("tape/reads.py", "from numpy.lib import io", "imports numpy"),
    "in-a-function": ("tape/reads.py", "def f():\n    import httpx", "imports httpx"),
    "for-types-only": (
        "tape/reads.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pandas",
        "imports pandas",
    ),
    "in-a-try": (
        "server/app.py",
        "try:\n    import uvloop\nexcept ImportError:\n    pass",
        "imports uvloop",
    ),
    "a-room": ("tape/reads.py", "import streamlab.decode.lines", "imports decode"),
    "a-room-from-the-top": ("tape/reads.py", "from streamlab import decode", "imports decode"),
    "a-name-from-a-room": (
        "decode/lines.py",
        "from streamlab.tape import Tape",
        "imports tape",
    ),
    "relative": ("decode/lines.py", "from ..tape import Tape", "imports tape"),
    "relative-to-the-top": ("decode/lines.py", "from .. import tape", "imports tape"),
    "relative-and-deep": (
        "server/scenarios/steady.py",
        "from ...metrics import tables",
        "imports metrics",
    ),
    "by-name": (
        "tape/reads.py",
        "import importlib\nimportlib.import_module('pandas')",
        "imports pandas",
    ),
    "by-name-within": (
        "tape/reads.py",
        "from importlib import import_module\nimport_module('streamlab.decode')",
        "imports decode",
    ),
    "a-room-above": (
        "metrics/tables.py",
        "from ..recording import x",
        "imports recording",
    ),
    "the-package": ("metrics/tables.py", "import streamlab", "imports __init__"),
    "a-name-of-the-package": (
        "metrics/tables.py",
        "from streamlab import record",
        "imports __init__",
    ),
    "a-package-of-another-room": ("recording.py", "import typer", "imports typer"),
}


def plant(root: Path, where: str, source: str) -> Path:
    for room in ROOMS:
        (root / room).mkdir(parents=True)
    path = root / where
    path.parent.mkdir(exist_ok=True)
    path.write_text(source)
    return root


@pytest.mark.parametrize(("where", "source", "complaint"), PLANTED.values(), ids=PLANTED)
def test_a_forbidden_import_is_seen(tmp_path, where, source, complaint):
    root = plant(tmp_path / "streamlab", where, source)

    assert violations(root) == [f"{where} {complaint}"]


def test_a_room_that_was_not_planned_is_seen(tmp_path):
    root = plant(tmp_path / "streamlab", "util.py", "")

    assert violations(root) == ["util is no known room"]


@pytest.mark.parametrize(
    ("where", "source"),
    [
        ("follow/follower.py", "from streamlab.tape import Tape\nfrom .decode import lines"),
        (
            "tape/reads.py",
            "from . import clock\nfrom .clock import Clock\nimport os.path",
        ),
        (
            "cli/show.py",
            "import typer\nimport streamlab as sl\nfrom streamlab import plots",
        ),
    ],
)
def test_what_is_allowed_is_not_complained_about(tmp_path, where, source):
    assert violations(plant(tmp_path / "streamlab", where, source)) == []


HEAVY = {
    "anywidget",
    "httpx",
    "ipywidgets",
    "matplotlib",
    "numpy",
    "pandas",
    "pyarrow",
    "rich",
    "typer",
}

LOOK = """
import json, sys, time
before = time.perf_counter()
import streamlab
took_ms = (time.perf_counter() - before) * 1e3
print(json.dumps([streamlab.__file__, took_ms, sorted(sys.modules)]))
"""


def import_freshly() -> tuple[str, float, list[str]]:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", LOOK],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT.parent,
    )
    assert done.stderr == ""
    return tuple(json.loads(done.stdout))


def test_importing_streamlab_is_quiet_and_loads_nothing_heavy():
    file, _, modules = import_freshly()

    assert Path(file) == ROOT / "__init__.py"
    assert sorted(HEAVY.intersection(modules)) == []


def test_importing_streamlab_takes_less_than_50_ms():
    """The quickest of five: a busy machine can only add to it."""
    assert min(import_freshly()[1] for _ in range(5)) < 50
