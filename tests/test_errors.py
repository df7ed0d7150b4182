"""The tree in the docstring is the tree of classes, and every message is whole."""

import inspect
import re

import pytest

from streamlab import errors

LINE = re.compile(r"^( *)- ``(\w+)``(?: \(also a ``(\w+)``\))?", re.MULTILINE)


def tree_in_the_docstring():
    """Return {class: its bases}, as names, from the indented list."""
    tree, above = {}, []
    for indent, name, also in LINE.findall(errors.__doc__):
        depth = len(indent) // 4
        del above[depth:]
        parent = above[-1] if above else "Exception"
        tree[name] = [parent, also] if also else [parent]
        above.append(name)
    return tree


def classes():
    members = inspect.getmembers(errors, inspect.isclass)
    return {name: cls for name, cls in members if cls.__module__ == errors.__name__}


def test_the_docstring_shows_the_classes():
    tree = {name: [b.__name__ for b in cls.__bases__] for name, cls in classes().items()}

    assert tree_in_the_docstring() == tree


MESSAGES = {
    "a-close-name": (
        errors.UnknownNameError("scenario", "stedy", ["steady", "bursty"]),
        "no scenario 'stedy'; there are: bursty, steady. Did you mean 'steady'?",
    ),
    "a-far-name": (
        errors.UnknownNameError("dialect", "x", ["sse", "ollama"]),
        "no dialect 'x'; there are: ollama, sse. Choose one of them.",
    ),
    "no-key": (
        errors.MissingKeyError("OpenAI", "OPENAI_API_KEY"),
        (
            "OpenAI needs a key and OPENAI_API_KEY is not set. Set OPENAI_API_KEY, "
            "pass api_key=…, or stream from the lab: sl.serve().endpoint()."
        ),
    ),
    "no-column": (
        errors.SchemaError("read", ["t_ms", "gap_ms"]),
        (
            "the table has no column 'read'; it has: t_ms, gap_ms. "
            "Pass a table of a recording, such as rec.events."
        ),
    ),
    "no-columns": (
        errors.SchemaError("read", []),
        (
            "the table has no column 'read'; it has: none. "
            "Pass a table of a recording, such as rec.events."
        ),
    ),
}


@pytest.mark.parametrize(("error", "message"), MESSAGES.values(), ids=MESSAGES)
def test_a_message_says_what_was_expected_what_came_and_what_to_do(error, message):
    assert str(error) == message


def test_the_parts_of_a_message_are_attributes():
    unknown = errors.UnknownNameError("plot", "gap", iter(["gaps", "ecdf"]))
    key = errors.MissingKeyError("OpenAI", "OPENAI_API_KEY")
    column = errors.SchemaError("read", iter(["t_ms"]))

    assert (unknown.what, unknown.name, unknown.known) == ("plot", "gap", ("ecdf", "gaps"))
    assert (key.provider, key.variable) == ("OpenAI", "OPENAI_API_KEY")
    assert (column.missing, column.present) == ("read", ("t_ms",))


def test_all_of_them_are_caught_by_one_name():
    assert all(issubclass(cls, errors.StreamlabError) for cls in classes().values())
