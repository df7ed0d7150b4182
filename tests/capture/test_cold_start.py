"""The first request of a process is like any other: no module is loaded during the request."""

from __future__ import annotations

import subprocess
import sys

import pytest

from streamlab.many import Lab

COLD = """
import asyncio, sys
from streamlab.capture.marks import Marks
from streamlab.capture.request import OwnRequest
import streamlab as sl

before, after = set(), set()
trace = Marks.trace

def note(self, name, info):
    if not before:
        before.update(sys.modules)
    if name.endswith("receive_response_headers.complete"):
        after.update(sys.modules)
    trace(self, name, info)

build = OwnRequest.build

def called(self, *args, **options):
    before.update(sys.modules)
    return build(self, *args, **options)

Marks.trace = note
OwnRequest.build = called
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
