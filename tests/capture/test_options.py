"""The parameters of a call are written once, and mean the same in all four functions."""

from __future__ import annotations

import asyncio
import inspect

import httpx
import pytest

import streamlab as sl
from streamlab.capture.options import UNSET, RequestOptions, described
from streamlab.capture.stream import Opening
from streamlab.capture.watch import Watch
from streamlab.errors import UsageError
from streamlab.many import Lab

FUNCTIONS = (sl.record, sl.arecord, sl.stream, sl.watch)


def test_all_four_functions_show_the_same_parameters() -> None:
    shown = [inspect.signature(function).parameters for function in FUNCTIONS]
    of_watch = dict(shown[3])

    # Only `watch` has several streams, and a pace.
    assert of_watch.keys() ^ shown[0].keys() == {"modes", "speed"}
    assert all(parameters == shown[0] for parameters in shown[:3])
    assert list(shown[0]) == [
        "endpoint",
        "prompt",
        "save",
        "live",
        "label",
        "client",
        "timeout",
        "max_bytes",
        "max_decoded_bytes",
        "think_tags",
        "stall_timeout_s",
        "deadline_s",
        "json",
        "body",
    ]


def test_each_function_shows_what_it_returns() -> None:
    returned = [
        inspect.signature(function, eval_str=True).return_annotation for function in FUNCTIONS
    ]

    assert returned == [sl.Recording, sl.Recording, Opening, Watch]


def test_an_argument_that_was_not_given_has_a_name() -> None:
    assert repr(inspect.signature(sl.record).parameters["timeout"].default) == "UNSET"
    assert RequestOptions(sl.endpoint("http://h/")).timeout is UNSET


def test_no_timeout_is_another_thing_than_no_argument() -> None:
    endpoint = sl.endpoint("http://h/", timeout=5)

    assert described(endpoint).http == {"timeout": 5}
    assert described(endpoint, timeout=None).http == {"timeout": None}


@pytest.mark.parametrize("kind", ["sync", "async", "stream", "watch"])
def test_a_field_of_the_body_may_have_the_name_of_a_parameter(kind: str, fast_lab: Lab) -> None:
    endpoint = fast_lab.endpoint("count-to-ten")
    fields = {"label": "a field", "client": "another", "temperature": 1}

    match kind:
        case "sync":
            rec = sl.record(endpoint, "hi", label="mine", json=fields, temperature=0)
        case "async":
            rec = asyncio.run(
                sl.arecord(endpoint, "hi", label="mine", json=fields, temperature=0)
            )
        case "stream":
            with sl.stream(endpoint, "hi", label="mine", json=fields, temperature=0) as s:
                list(s)
            rec = s.recording
        case _:
            rec = sl.watch(endpoint, "hi", label="mine", json=fields, temperature=0).wait()

    assert rec.label == "mine"
    asked = rec.meta["request"]
    assert (asked["label"], asked["client"], asked["temperature"]) == ("a field", "another", 0)


def test_the_async_function_is_one_for_those_who_ask() -> None:
    assert [inspect.iscoroutinefunction(function) for function in FUNCTIONS] == [
        False,
        True,
        False,
        False,
    ]


def test_a_missing_argument_is_named_and_no_function_of_ours() -> None:
    with pytest.raises(TypeError, match=r"^\w+\(\): missing a required argument: 'endpoint'"):
        sl.record()  # type: ignore[call-arg]


@pytest.mark.parametrize("max_bytes", [-1, 1.5, "5", True])
def test_a_limit_that_is_no_number_of_bytes_is_refused_before_anything_is_sent(
    max_bytes: object, fast_lab: Lab
) -> None:
    options: dict[str, object] = {"max_bytes": max_bytes}
    with pytest.raises(UsageError, match="max_bytes is a whole number"):
        sl.record(fast_lab.endpoint("steady"), "hi", **options)  # type: ignore[arg-type]
    with (
        httpx.Client() as client,
        pytest.raises(UsageError, match="max_bytes is a whole number"),
    ):
        sl.tap(client, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("client", ["x", httpx.AsyncClient()])
def test_a_client_of_the_wrong_kind_is_refused(client: object, fast_lab: Lab) -> None:
    with pytest.raises(UsageError, match=r"client= is an httpx\.Client here"):
        sl.record(fast_lab.endpoint("steady"), "hi", client=client)


def test_an_async_function_refuses_a_sync_client(fast_lab: Lab) -> None:
    with (
        httpx.Client() as client,
        pytest.raises(UsageError, match=r"client= is an httpx\.AsyncClient here"),
    ):
        asyncio.run(sl.arecord(fast_lab.endpoint("steady"), "hi", client=client))


def test_json_is_a_mapping(fast_lab: Lab) -> None:
    with pytest.raises(UsageError, match="json= is a mapping of fields, and list came"):
        sl.record(fast_lab.endpoint("steady"), "hi", json=[1])  # type: ignore[arg-type]


def test_an_infinite_timeout_waits_for_ever(fast_lab: Lab) -> None:
    assert sl.record(fast_lab.endpoint("steady"), "hi", timeout=float("inf")).complete
