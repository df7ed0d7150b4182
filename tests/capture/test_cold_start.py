"""The first request of a process counts as any other: nothing is loaded in the middle of it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from streamlab.many import Lab

COLD = """
import asyncio, sys
import streamlab.capture.request as capture
import streamlab as sl

before, after = set(), set()
trace = capture.Phases.trace

def note(self, name, info):
    if not before:
        before.update(sys.modules)
    if name.endswith("receive_response_headers.complete"):
        after.update(sys.modules)
    trace(self, name, info)

request = capture.Attempt.request

def called(self, *args):
    before.update(sys.modules)
    return request(self, *args)

capture.Phases.trace = note
capture.Attempt.request = called
endpoint = sl.openai("steady", base_url=sys.argv[1])
if sys.argv[2] == "sync":
    rec = sl.record(endpoint, "hi")
else:
    rec = asyncio.run(sl.arecord(endpoint, "hi"))
assert rec.complete, rec
print(sorted(after - before))
"""


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_nothing_is_imported_between_the_call_and_the_answer(kind: str, fast_lab: Lab) -> None:
    said = subprocess.run(
        [sys.executable, "-c", COLD, fast_lab.base_url, kind],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert said.stdout.strip() == "[]"
