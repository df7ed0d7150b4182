"""``streamlab serve``: the lab in the foreground."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from streamlab.cli._numbers import number

if TYPE_CHECKING:
    from streamlab.tape import Tape

USUAL_PORT = 8765


def run(
    recordings: Annotated[
        list[Path] | None, Argument(help="Recordings for the lab to play.")
    ] = None,
    port: Annotated[
        int | None,
        Option(
            parser=number(int, "a port from 0 to 65535", 0, 65535, example=USUAL_PORT),
            metavar="PORT",
            help=f"0 means a free port. [default: {USUAL_PORT}, or a free port if it is taken]",
        ),
    ] = None,
    speed: Annotated[
        float,
        Option(
            parser=number(float, "a number above 0", 0.001, example=2.0),
            metavar="NUMBER",
            help="Divide all times by this number.",
        ),
    ] = 1.0,
) -> None:
    """Run the lab: a local server that streams like a model."""
    from streamlab.many import named_tapes

    _serve(named_tapes(tuple(recordings or ())), port, speed)
    print("\nThe lab is closed.")


def _serve(tapes: Mapping[str, Tape], port: int | None, speed: float) -> None:
    from streamlab.errors import LabError
    from streamlab.server import lab

    def ready(url: str) -> None:
        print(_welcome(url, list(tapes)), flush=True)

    try:
        lab.run(tapes, port=USUAL_PORT if port is None else port, speed=speed, ready=ready)
    except LabError:
        if port is not None:
            raise
        lab.run(tapes, speed=speed, ready=ready)


def _welcome(url: str, recordings: list[str]) -> str:
    from streamlab.follow.text import one_line
    from streamlab.server.faults import FAULTS
    from streamlab.server.scenarios import discover

    name = recordings[0] if recordings else "count-to-ten"
    lists = {"recordings": recordings, "scenarios": list(discover()), "faults": list(FAULTS)}
    listed = "\n".join(
        _listed(kind, list(map(one_line, names))) for kind, names in lists.items() if names
    )
    body = json.dumps({"model": name, "stream": True})
    records = "\n".join(
        f'  streamlab record --base-url {url}/v1 -m {quote(one_line(each))} "Hi"'
        for each in recordings or [name]
    )
    return f"""The lab is at {url}. It plays scenarios and ignores the
prompt. Ctrl-C ends the lab. From another shell:

  curl -N {url}/v1/chat/completions \\
    -d {quote(body)}
  curl -N '{url}/sse/steady?speed=2'
{records}

In a browser, {url} describes each scenario and its parameters.

{listed}
"""


def _listed(kind: str, names: list[str]) -> str:
    from textwrap import TextWrapper

    wrapper = TextWrapper(
        79, f"  {kind:<12}", " " * 14, break_on_hyphens=False, break_long_words=False
    )
    return wrapper.fill(", ".join(names))
