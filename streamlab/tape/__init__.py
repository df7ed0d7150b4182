"""What arrived: reads and their stamps, the clock, the journal, edits.

Standard library only.  This room does not know what the bytes mean.
"""

from streamlab.tape import edits, journal
from streamlab.tape.clock import Anchor, Clock, anchor, monotonic_ns
from streamlab.tape.journal import Journal, load, save
from streamlab.tape.reads import (
    ARRIVALS,
    TIERS,
    UNKNOWN,
    Arrival,
    Columns,
    End,
    Final,
    How,
    Read,
    Recorder,
    Sends,
    Stamp,
    Tape,
    Tier,
    tape_of,
)

__all__ = [
    "ARRIVALS",
    "TIERS",
    "UNKNOWN",
    "Anchor",
    "Arrival",
    "Clock",
    "Columns",
    "End",
    "Final",
    "How",
    "Journal",
    "Read",
    "Recorder",
    "Sends",
    "Stamp",
    "Tape",
    "Tier",
    "anchor",
    "edits",
    "journal",
    "load",
    "monotonic_ns",
    "save",
    "tape_of",
]
