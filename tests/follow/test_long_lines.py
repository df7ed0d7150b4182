"""A line as long as the stream: no step and no face holds more copies of it than it needs."""

import json
import os
import subprocess
import sys

import pytest

from tests.follow.long_lines import ACTIONS, CASES, SHOWN

MEGABYTES = 8
# The body, the line or its text, and what is made of it, such as a parsed value: each once.
MOST = 3.2
# Of a comment the text is kept too.  An unfinished line stays where it is.
OTHERS = {"sse, a comment": 4.2, "sse, no end": 1.2}
PICTURE = 24 / MEGABYTES  # HTML has a picture, of any stream


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
def test_a_long_line_is_held_three_times_at_most():
    command = [sys.executable, "-m", "tests.follow.long_lines", str(MEGABYTES)]
    # A block that was freed goes back at once, so that each action is measured by itself.
    env = os.environ | {"MALLOC_MMAP_THRESHOLD_": "500000", "MALLOC_TRIM_THRESHOLD_": "0"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    rows = [json.loads(line) for line in done.stdout.splitlines()]

    assert len(rows) == len(CASES) + len(SHOWN) * (len(ACTIONS) - 1)
    for row in rows:
        most = OTHERS.get(row["case"], MOST) + PICTURE * (row["action"] == "HTML")
        assert row["times"] <= most, row
