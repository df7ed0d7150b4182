"""The providers' own packages stream from the lab, and find what our dialects find."""

from __future__ import annotations

import asyncio
import warnings

import pytest

import streamlab as sl
from streamlab.dialects import tokens
from streamlab.many import Lab
from tests.sdks.clients import CLIENTS, USAGE, Client, Heard


def stream(client: Client, mode: str, url: str) -> Heard:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the packages themselves
        if mode == "sync":
            return client.stream(url, "bursty")
        return asyncio.run(client.astream(url, "bursty"))


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_a_provider_s_own_package_and_our_dialect_find_the_same(
    client: Client, mode: str, fast_lab: Lab
) -> None:
    body = {"stream_options": USAGE} if client.name == "openai chat" else {}
    ours = sl.record(fast_lab.endpoint("bursty", client.dialect), "Count to 10", **body)
    theirs = stream(client, mode, fast_lab.url)

    content = ours.deltas[ours.deltas["kind"] == "content"]
    assert theirs.text == ours.text
    assert theirs.pieces == content["text"].tolist()
    assert theirs.n_tokens == tokens(ours.usage).output
    assert theirs.text.startswith("A stream is not a row of tokens.")
    assert (theirs.n_tokens is None) == (client.name == "mistralai")  # it does not ask
