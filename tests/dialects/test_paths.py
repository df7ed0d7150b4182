"""The path language, and values placed in an object."""

from __future__ import annotations

import pytest

from streamlab.dialects.paths import MOST, path_of, placed, values_at

TREE = {"a": [{"b": 1}, {"b": None}, {"b": 3}], "any name": {"0": "x"}}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("$", [TREE]),
        ("$.a[0].b", [1]),
        ("$.a[-1].b", [3]),
        ("$.a[*].b", [1, 3]),
        ("$['any name']", [{"0": "x"}]),
        ('$["any name"].0', ["x"]),
        ("$.a[7].b", []),
        ("$.a.b", []),
        ("$.a[1].b", []),
        ("$[0]", []),
    ],
)
def test_a_path_finds_what_is_there(text: str, values: list[object]) -> None:
    path = path_of(text)

    assert path is not None
    assert values_at(TREE, path) == values


@pytest.mark.parametrize(
    "text", ["", "a", "$a", "$.", "$..a", "$.a[", "$.a[x]", "$ .a", "$.a b"]
)
def test_other_texts_are_no_paths(text: str) -> None:
    assert path_of(text) is None


def test_a_leaf_brings_what_is_missing_on_its_way() -> None:
    found: object = {}
    for text, leaf in (("$.a.b[1].c", 1), ("$.a.b[0]", 2), ("$.a.d", [3]), ("$.a.b[1].c", 4)):
        found = placed(found, path_of(text) or (), leaf)

    assert found == {"a": {"b": [2, {"c": 4}], "d": [3]}}


def test_a_list_cannot_be_made_to_fill_the_memory() -> None:
    assert placed({}, path_of(f"$.a[{MOST}]") or (), 1) == {"a": []}
