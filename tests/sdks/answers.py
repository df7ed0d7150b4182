"""One answer in all dialects, side by side: ``python -m tests.sdks.answers``."""

from __future__ import annotations

import sys

import pandas as pd

import streamlab as sl
from streamlab.dialects import DIALECTS, PLAIN, tokens
from streamlab.many import Lab
from tests.sdks.clients import USAGE

SPOKEN = [name for name in DIALECTS if name not in PLAIN]


def answers(lab: Lab, scenario: str) -> dict[str, sl.Recording]:
    """Return the answer to the same prompt in each dialect."""
    usage = {"stream_options": USAGE}  # only OpenAI's first two formats must be asked for it
    more = {"openai_chat": usage, "openai_completions": usage}
    return {
        name: sl.record(lab.endpoint(scenario, name), "Count to 10", **more.get(name, {}))
        for name in SPOKEN
    }


def contents(recording: sl.Recording) -> pd.DataFrame:
    """Return the token table: what each delta of the answer added, and its own count."""
    deltas = recording.deltas
    return deltas.loc[deltas["kind"] == "content", ["text", "n_tokens"]].reset_index(drop=True)


def table(recordings: dict[str, sl.Recording]) -> pd.DataFrame:
    """Return one row a dialect: what it took to say the same."""
    rows = {
        name: {
            "bytes": len(rec.body),
            "lines": len(rec.lines),
            "events": len(rec.events),
            "content deltas": len(contents(rec)),
            "tokens": tokens(rec.usage).output,
            "finish": rec.finish_reason,
            "complete": rec.complete,
            "text": rec.text if len(rec.text) < 30 else f"{rec.text[:29]}…",
        }
        for name, rec in recordings.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


if __name__ == "__main__":
    print(table(answers(sl.serve(), sys.argv[1] if sys.argv[1:] else "steady")).to_string())
