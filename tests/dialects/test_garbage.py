"""No data from a server make a reader raise, and all deltas are well formed."""

from __future__ import annotations

import copy
import json
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlab.dialects import DIALECTS, Kind, answer, choose, dialect_named, tokens
from tests.dialects.streams import NAMES, follow, transcript

REAL: list[tuple[str, str]] = [
    (event.type, event.data)
    for name in NAMES
    for event in follow([transcript(name).body], transcript(name).expected["dialect"]).events
]
OBJECTS = [value for _, data in REAL if data[:1] == "{" for value in [json.loads(data)]]
TYPES = sorted({type_ for type_, _ in REAL} | {str(each.get("type")) for each in OBJECTS})


def nodes(value, path=()):
    """Yield the path to each value inside a JSON value."""
    yield path
    pairs = value.items() if isinstance(value, dict) else ()
    for key, inner in enumerate(value) if isinstance(value, list) else pairs:
        yield from nodes(inner, (*path, key))


KEYS = sorted(
    {k for each in OBJECTS for path in nodes(each) for k in path if isinstance(k, str)}
)

garbage = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(TYPES),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=8,
)


@st.composite
def damaged(draw):
    """Return a real event in which one value has become garbage."""
    event = copy.deepcopy(draw(st.sampled_from(OBJECTS)))
    path = draw(st.sampled_from(list(nodes(event))))
    if not path:
        return draw(garbage)
    inner = event
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = draw(garbage)
    return event


datas = (
    st.text()
    | st.sampled_from(
        ["[DONE]", " [DONE]\n", "", "null", "[" * 2000, '{"a":' * 2000, "9" * 5000]
    )
    | st.sampled_from(['"\\ud83d"', '{"delta":"\\ud800"}', '{"error":{}}', '{"type":[]}'])
    | garbage.map(json.dumps)
    | damaged().map(json.dumps)
    | st.sampled_from([data for _, data in REAL])
)
events = st.lists(st.tuples(st.sampled_from([*TYPES, "", "error", "ping"]), datas), max_size=6)


def assert_well_formed(delta):
    assert delta.kind in get_args(Kind)
    delta.text.encode()
    for number in (delta.choice, delta.index):
        assert number is None or (type(number) is int and 0 <= number < 2**31)
    assert delta.n_tokens is None or (type(delta.n_tokens) is int and delta.n_tokens > 0)
    assert all(
        part is None or (isinstance(part, str) and part) for part in (delta.id, delta.name)
    )
    assert isinstance(delta.value, dict) == (
        delta.kind in ("usage", "error") or bool(delta.value)
    )


@pytest.mark.parametrize("name", DIALECTS)
@settings(max_examples=80, deadline=None)
@given(events=events)
def test_a_reader_never_raises_and_its_deltas_are_well_formed(name, events):
    reader, deltas = dialect_named(name).reader(), []
    for type_, data in events:
        deltas += reader.feed(type_, data)
    for delta in deltas:
        assert_well_formed(delta)
    found = answer(deltas, reader)
    assert not (found.complete and reader.failed)
    assert found.text == "".join(d.text for d in deltas if d.kind == "content" and not d.choice)


@settings(max_examples=80, deadline=None)
@given(type_=st.sampled_from(TYPES), data=datas, path=st.text(), framing=st.text())
def test_a_dialect_is_chosen_for_anything(type_, data, path, framing):
    assert choose(path, framing, type_, data) in DIALECTS


@settings(max_examples=80, deadline=None)
@given(usage=st.dictionaries(st.sampled_from(KEYS), garbage, max_size=6))
def test_tokens_are_counted_in_anything(usage):
    assert all(n is None or n >= 0 for n in tokens(usage)[:3])
