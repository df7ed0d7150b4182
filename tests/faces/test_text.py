"""What the faces say of gaps that are not known."""

from streamlab.faces import frozen, text
from streamlab.metrics import Tables
from streamlab.metrics.lens import lens
from streamlab.tape import UNKNOWN, End, Read, Stamp, tape_of
from tests.metrics.streams import DONE, content, tables

MS = 1_000_000
QUEUED = "34 segments queued for up to 990 ms while this program was busy"


def busy(arrival="single", **also):
    """Return tables of 5 reads each 30 ms, 34 events in a merged read, 5 reads each 30 ms."""
    singles = [Stamp(t * MS, t * MS, "kernel", 1, arrival=arrival) for t in range(30, 180, 30)]
    merged = Stamp(1120 * MS, 1150 * MS, "kernel", 34, 160 * MS, "merged")
    later = [s._replace(arrived_ns=s.arrived_ns + 1120 * MS) for s in singles]
    later = [s._replace(seen_ns=s.arrived_ns) for s in later]
    rows = [(s, content("a")) for s in singles]
    rows += [(merged, content("b") * 34), *((s, content("c")) for s in later)]
    end = End(1300 * MS, "eof")
    reads = [Read(data, stamp, UNKNOWN, UNKNOWN) for stamp, data in rows]
    meta = {"content_type": "text/event-stream"}
    return Tables(tape_of(reads, end, {"request_sent": 0}, meta | also), label="a")


def test_a_busy_program_is_a_time_and_a_cause_and_no_gap():
    _, gaps, hidden = text.text(busy()).splitlines()

    assert gaps == "  gaps between reads ████░█████ (largest known 30.0 ms)"
    assert hidden == f"  {QUEUED}"
    assert QUEUED in frozen.static_html(busy())


def test_a_gap_of_a_read_of_unknown_kind_is_unverified():
    assert text.text(busy(arrival=None)).splitlines()[1].endswith("30.0 ms), unverified")


def test_a_first_token_that_a_merged_read_hides_has_bounds():
    stamp = Stamp(900 * MS, 910 * MS, "kernel", 9, 100 * MS, "merged")
    rows = [Read(content("a") * 3, stamp, UNKNOWN, UNKNOWN)]
    made = Tables(tape_of(rows, End(950 * MS, "eof"), {"request_sent": 0}))

    assert "ttft 100.0 ms to 900.0 ms, 950.0 ms in all" in text.text(made)


def test_from_a_second_on_durations_are_in_seconds():
    made = tables([(1435.7, content("a")), (3970, content("b") + DONE)], end_ms=3971)

    assert "ttft 1.44 s, 3.97 s in all" in text.text(made)
    assert "(largest 2.53 s)" in text.text(made)
    assert frozen.facts(made)["first text (TTFT)"] == "1.44 s"


def test_the_lens_prints_what_the_tools_print_and_says_how_many_times_are_merged():
    found = lens(busy())

    assert found["itl_max_ms"].max() == 970
    assert found.loc["streamlab", "itl_max_ms"] == 30
    note = (
        "34 of 44 times are those of merged reads: a tool takes their end for the time of each"
    )
    assert note in repr(found)
    assert note in found._repr_html_()
    assert "merged" not in repr(lens(Tables(tape_of([], End(5, "eof")))))
