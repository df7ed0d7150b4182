"""No object sets another object's attributes: the other is given them, or has a method.

Who may change an attribute is then found in one class, and not by a search of the package.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "streamlab"

ALLOWED = {
    ("capture/body.py", "response.stream"): "httpx: the public way to follow a body",
    ("capture/tap_transport.py", "request.extensions"): "httpx: public, read by its transports",
    ("follow/columns.py", "function.__doc__"): "a docstring, before the first use",
    ("live/view.py", "comm._reply_subshell_for"): "ipykernel: has no public way to ask for it",
    ("live/view.py", "self.scope.state"): "a trait: to set it is to send it to the browser",
    ("net/httpx_private.py", "pool._network_backend"): "httpx: a private name in its one place",
    ("net/httpx_private.py", "client._transport"): "httpx: a private name in its one place",
}

FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def scopes(tree: ast.Module) -> Iterator[list[ast.AST]]:
    """Yield the nodes of the module and of each function, without those of functions within."""
    yield list(within(tree))
    for node in ast.walk(tree):
        if isinstance(node, FUNCTIONS):
            yield list(within(node))


def within(scope: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(scope):
        yield node
        if not isinstance(node, FUNCTIONS):
            yield from within(node)


def made(nodes: list[ast.AST]) -> set[str]:
    """Return the names of the functions that a scope defines, and of the objects it makes."""
    found = set()
    for node in nodes:
        match node:
            case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
                found.add(name)
            case ast.Assign(targets, value) if is_made(value):
                found |= {target.id for target in targets if isinstance(target, ast.Name)}
            case ast.AnnAssign(ast.Name(name), _, value) | ast.NamedExpr(
                ast.Name(name), value
            ) if is_made(value):
                found.add(name)
            case ast.withitem(value, ast.Name(name)) if is_made(value):
                found.add(name)
    return found


def is_made(value: ast.expr | None) -> bool:
    """Say whether an expression makes an object; a class is known by its capital letter."""
    match value:
        case ast.Call(ast.Name(name)) | ast.Call(ast.Attribute(attr=name)):
            return (
                name in ("cls", "__new__", "copy", "partial") or name.lstrip("_")[:1].isupper()
            )
    return False


def written(nodes: list[ast.AST]) -> Iterator[tuple[ast.expr, str]]:
    """Yield each object whose attribute a scope sets or deletes, and the attribute."""
    for node in nodes:
        match node:
            case ast.Attribute(value, name, ast.Store() | ast.Del()):
                yield value, name
            case ast.Call(
                ast.Name("setattr" | "delattr")
                | ast.Attribute(attr="__setattr__" | "__delattr__"),
                [value, name, *_],
            ):
                yield value, ast.unparse(name)


def found(root: Path) -> Iterator[tuple[str, str]]:
    """Yield the file and the target of each attribute that is set from outside."""
    for path in sorted(root.rglob("*.py")):
        for nodes in scopes(ast.parse(path.read_text("utf-8"))):
            own = made(nodes) | {"self", "cls"}
            for value, name in written(nodes):
                if not (isinstance(value, ast.Name) and value.id in own):
                    yield path.relative_to(root).as_posix(), f"{ast.unparse(value)}.{name}"


def violations(root: Path) -> list[str]:
    """Return one sentence for each attribute that is set from outside and may not be."""
    return [
        f"{where} sets {what}" for where, what in found(root) if (where, what) not in ALLOWED
    ]


def test_nothing_is_set_from_outside() -> None:
    assert violations(ROOT) == []


def test_what_is_allowed_is_there() -> None:
    assert ALLOWED.keys() - set(found(ROOT)) == set()


PLANTED = {
    "of-an-argument": "def f(other): other.x = 1",
    "of-an-attribute": "class A:\n def f(self): self.other.x = 1",
    "of-an-element": "def f(rows): rows[0].x = 1",
    "of-a-result": "def f():\n other = found()\n other.x = 1",
    "of-a-module": "import os\nos.x = 1",
    "of-a-class-within-a-class": "class A:\n def f(self):\n  class B:\n   C.x = 1",
    "added-to": "def f(other): other.x += 1",
    "among-several": "def f(other): a, other.x = 1, 2",
    "annotated": "def f(other): other.x: int = 1",
    "by-a-loop": "def f(other):\n for other.x in range(3): pass",
    "deleted": "def f(other): del other.x",
    "by-setattr": "def f(other): setattr(other, 'x', 1)",
    "of-what-another-function-made": "def f():\n a = A()\n def g(a): a.x = 1",
}


@pytest.mark.parametrize("source", PLANTED.values(), ids=PLANTED)
def test_an_attribute_set_from_outside_is_seen(tmp_path: Path, source: str) -> None:
    (tmp_path / "a.py").write_text(source)

    assert len(violations(tmp_path)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "class A:\n def f(self): self.x, self.y = 1, 2",
        "class A:\n @classmethod\n def f(cls):\n  new = cls()\n  new.x = cls.y = 1",
        "def f():\n figure = Figure()\n figure.x = 1\n return figure",
        "def f():\n with Client() as client: client.x = 1",
        "def f(other): other['x'] = other.x",
        "def f(): ...\nf.__doc__ = 'x'",
    ],
)
def test_ones_own_attributes_are_not_complained_about(tmp_path: Path, source: str) -> None:
    (tmp_path / "a.py").write_text(source)

    assert violations(tmp_path) == []
