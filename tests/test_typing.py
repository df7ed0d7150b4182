"""What ``mypy --strict`` accepts and refuses in a user's script: one run for all snippets.

To add one, add a line to `ACCEPTED` or to `REFUSED`.  In each, `sl` is streamlab, `rec` a
recording and `ax` an Axes.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAD = """import streamlab as sl
from matplotlib.axes import Axes

"""

ACCEPTED = {
    "a-picture": "rec.plot.staircase()",
    "a-picture-on-an-axes": "rec.plot.staircase(ax=ax, color='red').set_title('a')",
    "the-first-picture": "rec.plot(ax=ax).set_title('a')",
    "a-column": "rec.lines['t_ms'].max()",
    "a-check-and-the-text": "rec.raise_for_status().text.upper()",
    "a-record": "sl.record(sl.openai('m'), 'hi', temperature=0, label='a').text.upper()",
    "the-providers": "[p('m').url for p in (sl.anthropic, sl.cohere, sl.gemini, sl.lmstudio)]",
    "an-async-record": "__import__('asyncio').run(sl.arecord(sl.ollama('m'), 'hi'))",
    "a-stream": "[delta.text.upper() for delta in sl.stream(sl.openai('m'), 'hi').__enter__()]",
    "a-watch": "sl.watch(sl.openai('m'), 'hi', timeout=None).wait().text.upper()",
    "the-last": "sl.last and sl.last.text.upper()",
    "a-lab": "sl.record(sl.serve(rec).endpoint('steady'))",
}
REFUSED = {
    "no-such-picture": ("rec.plot.stairs()", '"Plots" has no attribute "stairs"'),
    "no-such-attribute": ("rec.txt", '"Recording" has no attribute "txt"'),
    "no-such-name": ("sl.opnai('m')", 'Module has no attribute "opnai"'),
    "no-endpoint": (
        "sl.record('http://h/')",
        'Argument 1 to "record" has incompatible type "str"',
    ),
    "no-path": (
        "sl.stream(sl.openai('m'), save=1)",
        'Argument "save" to "stream" has incompatible',
    ),
    "a-picture-on-text": ("rec.plot.gaps(ax='a')", 'Argument "ax" to "__call__" of "Draw"'),
}
SNIPPETS = ACCEPTED | {name: code for name, (code, _) in REFUSED.items()}


@pytest.fixture(scope="module")
def errors(tmp_path_factory):
    """Return what mypy reports, {name of the snippet: messages}."""
    script = tmp_path_factory.mktemp("user") / "script.py"
    functions = [
        f"def snippet_{n}(rec: sl.Recording, ax: Axes) -> None: {code}\n"
        for n, code in enumerate(SNIPPETS.values())
    ]
    script.write_text(HEAD + "".join(functions))
    reported = mypy(script)
    found = {name: [] for name in SNIPPETS}
    for line, message in re.findall(r"^.*?script\.py:(\d+): error: (.*)$", reported, re.M):
        found[list(SNIPPETS)[int(line) - 1 - HEAD.count("\n")]].append(message)
    assert "script.py" not in reported or any(found.values()), reported
    return found


def mypy(script):
    """Run mypy as a user of this package would; return its output."""
    options = ["--strict", "--config-file=", "--follow-imports=silent"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, str(script)],
        cwd=ROOT,
        env=os.environ | {"MYPYPATH": str(ROOT), "MYPY_CACHE_DIR": ".mypy_cache/users"},
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ACCEPTED)
def test_right_code_is_accepted(errors, name):
    assert errors[name] == []


@pytest.mark.parametrize("name", REFUSED)
def test_wrong_code_is_refused(errors, name):
    [message] = errors[name]

    assert REFUSED[name][1] in message
