"""The phases of a request, around its stream."""

from __future__ import annotations

from streamlab.metrics import Tables
from streamlab.metrics.phases import phases
from streamlab.tape import End, tape_of

MS = 1_000_000
MARKS = {
    "called": -6 * MS,
    "pool": -5 * MS,
    "connect": -5 * MS,
    "connected": -1 * MS,
    "request_sent": 0,
    "request_done": 1 * MS,
    "first_read": 30 * MS,
    "headers": 31 * MS,
}


def rows(**changed: int) -> list[tuple[str, float, float]]:
    tape = tape_of([], End(100 * MS, "eof"), MARKS | changed)
    table = phases(Tables(tape))
    return list(zip(table["phase"], table["start_ms"], table["duration_ms"], strict=True))


def test_each_phase_that_happened_has_a_row_in_ms_since_t0() -> None:
    assert rows() == [
        ("client", -6.0, 1.0),
        ("connect", -5.0, 4.0),
        ("send", 0.0, 1.0),
        ("wait", 1.0, 29.0),
        ("headers", 30.0, 1.0),
        ("body", 31.0, 69.0),
    ]


def test_tls_has_a_row_where_there_was_some() -> None:
    assert ("tls", -0.5, 0.25) in rows(tls=-MS // 2, tls_done=-MS // 4)


def test_an_answer_before_sending_returned_makes_no_negative_wait() -> None:
    """The kernel had the answer before Python returned from the send."""
    assert ("wait", 0.5, 0.0) in rows(first_read=MS // 2)


def test_the_phase_that_failed_ends_with_the_stream() -> None:
    marks = {"called": 0, "pool": 1 * MS, "connect": 1 * MS}
    table = phases(Tables(tape_of([], End(5 * MS, "connect"), marks)))

    assert list(table["phase"]) == ["client", "connect"]
    assert list(table["duration_ms"]) == [1.0, 4.0]


def test_a_tape_without_marks_has_no_phases() -> None:
    table = phases(Tables(tape_of([], End(5, "connect"))))

    assert table.empty
    assert table["duration_ms"].dtype == "float64"
