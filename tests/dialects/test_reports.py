"""Each report is read right, however its body is cut into reads."""

from __future__ import annotations

import random

import pytest

from streamlab.recording import Recording
from streamlab.tape import End, Read, Stamp, tape_of
from tests.dialects.reports import CASES, body_of, content_type_of, wrong


def recorded(name: str, cuts: list[int]) -> Recording:
    case, body = CASES[name], body_of(CASES[name])
    ends = [*cuts, len(body)]
    pieces = [body[a:b] for a, b in zip([0, *cuts], ends, strict=True)]
    reads = [Read(data, Stamp(t, t), t, -1) for t, data in enumerate(pieces)]
    meta = {
        "content_type": content_type_of(case),
        "status": 200,
        "think_tags": case.get("think_tags", False),
    }
    how = "reset" if case.get("close") == "rst" else "eof"
    return Recording(tape_of(reads, End(len(reads), how), meta=meta), case["dialect"])


@pytest.mark.parametrize("name", CASES)
def test_a_report_is_read_right_however_it_is_cut(name: str) -> None:
    size = len(body_of(CASES[name]))
    some = sorted(random.Random(name).sample(range(1, size), k=min(9, size - 1)))

    for cuts in ([], list(range(1, size)), some):
        assert wrong(recorded(name, cuts), CASES[name]["right"]) == {}, cuts
