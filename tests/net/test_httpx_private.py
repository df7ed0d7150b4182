"""Private names of other packages: those of httpx stand in one file, the others in a list.

A private name may be gone in the next release of its package.  So each has one place in
which to look after an upgrade.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "streamlab"

HOME = "net/httpx_private.py"

HTTPX = {
    "_transport",
    "_mounts",
    "_pool",
    "_network_backend",
    "_proxy_url",
    "_transport_for_url",
    "_content",
    "_connection",
    "_connections",
}
"""Not to be used outside `HOME` on any object but ``self``, whatever else has such a name."""

ALLOWED = {
    ("capture/attach.py", "_cursor"): "aiohttp: says whether a body was read in part",
    ("capture/attach.py", "_content_consumed"): "requests: says whether a body was read",
    ("metrics/schema.py", "_mgr"): "pandas: has no public way to say that an array has readers",
    ("live/view.py", "_reply_subshell_for"): "ipykernel: has no public way to ask for it",
}

NAMED_TUPLES = {"_replace", "_asdict", "_fields", "_make"}  # public in spite of their names


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def is_own(node: ast.expr) -> bool:
    """Say whether an expression is ``self``, ``cls``, ``type(self)`` or ``super()``."""
    match node:
        case ast.Name("self" | "cls"):
            return True
        case ast.Call(ast.Name("super")) | ast.Call(ast.Name("type"), [ast.Name("self")]):
            return True
    return False


def used(tree: ast.Module) -> Iterator[str]:
    """Yield the private names that a module uses on objects other than its own."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value, name) if is_private(name) and not is_own(value):
                yield name
            case ast.Call(
                ast.Name("getattr" | "hasattr" | "setattr" | "delattr"),
                [value, ast.Constant(str(name)), *_],
            ) if is_private(name) and not is_own(value):
                yield name
            case ast.Call(
                ast.Name("attrgetter" | "methodcaller")
                | ast.Attribute(attr="attrgetter" | "methodcaller"),
                arguments,
            ):
                parts = [a.value.split(".") for a in arguments if isinstance(a, ast.Constant)]
                yield from (name for part in parts for name in part if is_private(name))


def defined(tree: ast.Module) -> Iterator[str]:
    """Yield the private names that a module gives to its own things."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
                yield name
            case ast.Name(name, ast.Store()):
                yield name
            case ast.Attribute(value, name, ast.Store()) if is_own(value):
                yield name


def violations(root: Path) -> list[str]:
    """Return one sentence for each private name of another package where it may not stand."""
    paths = {path.relative_to(root).as_posix(): path for path in root.rglob("*.py")}
    trees = {where: ast.parse(path.read_text("utf-8")) for where, path in paths.items()}
    ours = {path.stem for path in paths.values()} | NAMED_TUPLES
    for tree in trees.values():
        ours |= set(defined(tree))
    return [
        f"{where} uses {name}"
        for where, tree in sorted(trees.items())
        for name in sorted(set(used(tree)) - (ours - HTTPX))
        if not (where == HOME and name in HTTPX) and (where, name) not in ALLOWED
    ]


def test_private_names_stand_where_they_may() -> None:
    assert violations(ROOT) == []


def test_what_is_allowed_is_there() -> None:
    used_in = {where: set(used(ast.parse((ROOT / where).read_text()))) for where, _ in ALLOWED}

    assert [key for key in ALLOWED if key[1] not in used_in[key[0]]] == []


PLANTED = {
    "read": ("capture/tap.py", "def f(client): return client._transport", "_transport"),
    "through-self": ("capture/tap.py", "class A:\n def f(self): self.x._pool", "_pool"),
    "written": (
        "capture/tap.py",
        "def f(pool): pool._network_backend = 1",
        "_network_backend",
    ),
    "by-getattr": ("capture/tap.py", "def f(c): getattr(c, '_mounts', None)", "_mounts"),
    "by-setattr": ("capture/tap.py", "def f(c): setattr(c, '_new_name', 1)", "_new_name"),
    "by-attrgetter": ("live/x.py", "import operator\noperator.attrgetter('a._b')", "_b"),
    "of-a-call": ("capture/tap.py", "import httpx\nhttpx.Client()._anything", "_anything"),
    "with-a-name-of-ours": (
        "capture/tap.py",
        "class A:\n def f(self, other): self._content = other._content",
        "_content",
    ),
    "another-name-at-home": (HOME, "def f(client): return client._state", "_state"),
    "elsewhere-than-allowed": ("net/tls.py", "def f(c): return c._cursor", "_cursor"),
}


def plant(root: Path, where: str, source: str) -> Path:
    path = root / where
    path.parent.mkdir(parents=True)
    path.write_text(source)
    return root


@pytest.mark.parametrize(("where", "source", "name"), PLANTED.values(), ids=PLANTED)
def test_a_private_name_is_seen(tmp_path: Path, where: str, source: str, name: str) -> None:
    assert violations(plant(tmp_path, where, source)) == [f"{where} uses {name}"]


@pytest.mark.parametrize(
    ("where", "source"),
    [
        (HOME, "def f(client): return getattr(client, '_mounts', client._transport)"),
        ("net/x.py", "class A:\n def __init__(self): self._pool = self._connection = 1"),
        ("net/x.py", "class A:\n _b = 1\n def f(self, other): return other._b"),
        ("net/x.py", "class A(B):\n def f(self): super()._c()"),
        ("net/x.py", "def f(row): return row._replace(a=1), row.__dict__"),
        ("capture/attach.py", "def f(response): return response._content_consumed"),
    ],
)
def test_what_is_allowed_is_not_complained_about(
    tmp_path: Path, where: str, source: str
) -> None:
    assert violations(plant(tmp_path, where, source)) == []
