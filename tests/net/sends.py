"""The sends in the lab's log, beside the reads of a recording."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import pandas as pd

import streamlab as sl
from streamlab.many import Lab


def log_of(rec: sl.Recording, url: str) -> dict[str, Any]:
    """Return what the lab at `url` logged: ``sent`` and ``due``, each pairs of end and time."""
    with urllib.request.urlopen(f"{url}/lab/log/{rec.meta['lab_stream']}") as answer:
        log = json.load(answer)
    assert log["done"]
    return log


def sends_of(rec: sl.Recording, lab: Lab) -> pd.DataFrame:
    """Return the lab's writes: ``end``, ``sent_ns`` and the number of the ``read`` of each."""
    writes = pd.DataFrame(log_of(rec, lab.url)["sent"], columns=["end", "sent_ns"])
    writes["read"] = rec.reads["end"].searchsorted(writes["end"])
    return writes


def by_read(rec: sl.Recording, lab: Lab) -> pd.DataFrame:
    """Return, a row a read, how many writes it holds, and the times of its first and last."""
    writes = sends_of(rec, lab).groupby("read")["sent_ns"]
    return rec.reads.join(
        pd.DataFrame({"k": writes.size(), "first_ns": writes.min(), "last_ns": writes.max()})
    )


def off_ms(rec: sl.Recording, column: str) -> pd.Series[float]:
    """Return by how much each gap of a column of stamps is longer than the lab's own gap."""
    reads = rec.reads
    assert reads["server_sent_ns"].notna().all()
    late_ns = reads[column].astype("int64") - reads["server_sent_ns"].astype("int64")
    return late_ns.diff().iloc[1:] / 1e6


def duplicates() -> int:
    """Return how many segments this machine's kernel has received a second time.

    A sender of many small segments that gets no acknowledgement for some milliseconds repeats
    the last one (the tail-loss probe of RFC 8985); a receiver whose reader sleeps delays its
    acknowledgements just so long.  The repeated segment counts in ``tcpi_data_segs_in``.
    """
    names, values = (
        line.split()
        for line in Path("/proc/net/netstat").read_text().splitlines()
        if line.startswith("TcpExt:")
    )
    return int(values[names.index("DelayedACKLost")])


def check_counts(reads: pd.DataFrame, n_duplicates: int) -> None:
    """Every count that is known is the lab's, but for segments that came twice."""
    known = reads[reads["n_segments"].notna()]
    too_many = known["n_segments"] - known["k"]
    assert (too_many >= 0).all()
    assert too_many.sum() <= n_duplicates
