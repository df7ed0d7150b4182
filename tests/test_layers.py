"""Who may import whom: the rooms as data, and proof that a forbidden import is seen."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "streamlab"

ROOMS = {
    # room: what it may import beside the standard library
    "errors": "",
    "tape": "errors",
    "decode": "errors brotli brotlicffi zstandard",  # the packages only where they are there
    "dialects": "errors",
    "follow": "errors tape decode dialects",
    "transport": "errors tape decode dialects follow httpx httpcore anyio",
    "server": "errors tape h11",
    "verdict": "errors tape decode dialects follow",
    "metrics": "errors tape decode dialects follow numpy pandas pyarrow",
    "formats": "errors tape metrics pyarrow pandas",  # metrics hands out pandas' tables
    "plots": "errors metrics matplotlib cycler numpy pandas",
    "live": "errors verdict dialects metrics follow ipywidgets traitlets anywidget IPython",
    "testing": "errors tape",
}

FRONT_DOORS = {
    # front door: the packages it may import; rooms it may import all, and none imports it
    "__init__": "",
    "__main__": "",
    "front": "",
    "together": "pandas",
    "recording": "pandas pyarrow matplotlib",
    "tapping": "",
    "card": "",
    "providers": "",
    "calibrate": "numpy pandas",
    "experiment": "numpy pandas",
    "magic": "IPython",
    "lessons": "ipywidgets IPython",
    "cli": "typer click rich",
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
        if room not in ROOMS | FRONT_DOORS:
            found.append(f"{room} is no known room or front door")
            continue
        wanted = {needed(name, root) for name in imported(path, root)} - {None, room}
        allowed = set((ROOMS | FRONT_DOORS)[room].split())
        if room in FRONT_DOORS:
            allowed |= {*ROOMS, *FRONT_DOORS}
        where = path.relative_to(root).as_posix()
        found += [f"{where} imports {name}" for name in sorted(wanted - allowed)]
    return found


def test_rooms_import_only_what_they_may():
    assert violations(ROOT) == []


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
    "a-front-door": (
        "metrics/tables.py",
        "from ..recording import x",
        "imports recording",
    ),
    "the-front-door": ("metrics/tables.py", "import streamlab", "imports __init__"),
    "a-name-at-the-front-door": (
        "metrics/tables.py",
        "from streamlab import record",
        "imports __init__",
    ),
    "a-front-door's-package": ("recording.py", "import typer", "imports typer"),
}


def plant(root: Path, where: str, source: str) -> Path:
    for room in ROOMS:
        (root / room).mkdir(parents=True)
    (root / "recording.py").touch()
    path = root / where
    path.parent.mkdir(exist_ok=True)
    path.write_text(source)
    return root


@pytest.mark.parametrize(("where", "source", "complaint"), PLANTED.values(), ids=PLANTED)
def test_a_forbidden_import_is_seen(tmp_path, where, source, complaint):
    root = plant(tmp_path / "streamlab", where, source)

    assert violations(root) == [f"{where} {complaint}"]


def test_a_room_nobody_planned_is_seen(tmp_path):
    root = plant(tmp_path / "streamlab", "util.py", "")

    assert violations(root) == ["util is no known room or front door"]


@pytest.mark.parametrize(
    ("where", "source"),
    [
        ("follow.py", "from streamlab.tape import Tape\nfrom .decode import lines"),
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
