"""``streamlab show``: rows with their times, whole when piped."""

import re

import pytest

from streamlab.cli import main
from streamlab.tape import UNKNOWN, End, Read, Stamp, journal, tape_of
from tests.cli.conftest import DONE, event, saved
from tests.cli.prompt import in_terminal

ROLE = event(role="assistant", content="").decode().strip()
HEL = event(content="Hel").decode().strip()
LO = event(content="lo\t!").decode().strip()
FINISH, END = DONE.decode().strip().split("\n\n")


def rows(capsys, *arguments):
    assert main(["show", *map(str, arguments)]) == 0
    head, table = capsys.readouterr().out.split("\n\n", 1)
    return head, table.splitlines()


def test_lines_are_shown_with_their_times_comments_and_ignored_ones_too(capsys, hello):
    head, table = rows(capsys, hello, "--full")

    assert head.startswith(f"{hello}: 'hi', HTTP 200, 4 reads, 12 lines, 5 events, ")
    assert table == [
        "  line       t_ms     gap_ms",
        f"     0      100.0             {ROLE}",
        "     1      100.0  same read  (blank) event 0: role 'assistant'",
        "     2      120.0       20.0  : keep-alive",
        f"     3      120.0  same read  {HEL}",
        "     4      120.0  same read  (blank) event 1: content 'Hel'",
        "     5      150.5       30.5  (ignored) X-Odd: 1",
        f"     6      150.5  same read  {LO}",
        "     7      150.5  same read  (blank) event 2: content 'lo␉!'",
        f"     8      160.0        9.5  {FINISH}",
        "     9      160.0  same read  (blank) event 3: finish 'stop'",
        f"    10      160.0  same read  {END}",
        "    11      160.0  same read  (blank) event 4: done '[DONE]'",
    ]


def test_a_long_line_loses_its_middle_and_keeps_what_it_adds(capsys, here):
    long = event(id=200 * "x", content="42")
    file = saved(here / "a.jsonl", [(10, long), (20, DONE)])

    _, table = rows(capsys, file)

    assert max(map(len, table)) <= 100
    assert table[1].startswith("     0       10.0             data: {")
    assert '"42"' in table[1]
    assert "⋯" in table[1]
    _, whole = rows(capsys, file, "--full")
    assert long.decode().strip() in whole[1]


def test_a_cut_journal_says_so_in_its_first_line(capsys, hello):
    kept = hello.read_text().splitlines(keepends=True)
    hello.write_text("".join(kept[:-1]))

    head, _ = rows(capsys, hello)

    assert "CUT, the process was killed" in head.splitlines()[0]


def test_deltas_say_their_kind(capsys, hello):
    _, table = rows(capsys, hello, "--deltas")

    assert table[2:4] == [
        "     1      120.0       20.0  comment    ' keep-alive'",
        "     2      120.0  same read  content    'Hel'",
    ]


def test_reads_say_their_size_and_their_stamp(capsys, hello):
    _, table = rows(capsys, hello, "--reads", "--full")

    assert table[1] == f"     0      100.0                {len(ROLE) + 2} B user     {ROLE}␊␊"


def test_events_are_shown_as_they_were_dispatched(capsys, here):
    file = saved(here / "a.jsonl", [(1, b"event: ping\ndata: a\ndata: b\n\n")], dialect="sse")

    _, table = rows(capsys, file, "--events")

    assert table == [" event       t_ms     gap_ms", "     0        1.0             ping a␊b"]


def test_an_unfinished_last_line_is_shown_with_what_went_wrong(capsys, here):
    file = saved(here / "a.jsonl", [(1, event(content="a")), (2, b"data: {")], end="reset")

    head, table = rows(capsys, file)

    assert head.splitlines()[1].startswith("the stream broke off after 2 reads, which are kept")
    assert table[-1] == "     2        2.0        1.0  (no line end) data: {"


def test_json_lines_have_no_fields(capsys, here):
    piece = b'{"message":{"content":"a"},"done":false}\n'
    ndjson = {"dialect": "ollama", "content_type": "application/x-ndjson"}
    file = saved(here / "a.jsonl", [(1, piece)], **ndjson)

    _, table = rows(capsys, file)

    assert table[1] == f"     0        1.0             {piece.decode().strip()}"


def test_in_a_terminal_rows_are_cut_coloured_and_harmless(hostile):
    done = in_terminal("show", str(hostile), cwd=hostile.parent)

    plain = re.sub(r"\x1b\[\d*m", "", done.out)
    assert done.code == 0
    assert "\x1b[36mdata:\x1b[0m" in done.out
    assert ": ␛[2J�" in plain
    assert [c for c in plain if not c.isprintable() and c != "\n"] == []
    assert max(map(len, plain.splitlines())) == 80


@pytest.mark.parametrize("table", ["--reads", "--events", "--deltas"])
def test_no_table_lets_a_control_character_through(capsys, hostile, table):
    _, shown = rows(capsys, hostile, table)

    assert all(row.isprintable() for row in shown)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["a.jsonl", "--reads", "--deltas"], "--reads and --deltas came. Pass one."),
        (["nothing.jsonl"], "cannot read nothing.jsonl: No such file or directory. "),
        (["notes.txt"], "notes.txt is not a recording: "),
        (["."], ". is a folder. "),
        (["a.parquet"], "a.parquet"),
        (["a.jsonl", "--dialect", "sssse"], "no dialect 'sssse'; there are: "),
    ],
)
def test_what_is_no_recording_is_misuse(capsys, hello, here, arguments, sentence):
    (here / "notes.txt").write_text("Dear diary\n")
    (here / "a.parquet").write_text("Dear diary\n")
    hello.rename("a.jsonl")

    assert main(["show", *arguments]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("streamlab: ")
    assert sentence in err
    assert err.count("\n") == 1


def test_a_merged_read_has_no_gap(capsys, tmp_path):
    stamps = Stamp(10**6, 10**6, "kernel", 1), Stamp(9 * 10**6, 10**7, "kernel", 9, 2, "merged")
    reads = [Read(b"data: a\n\n", stamp, UNKNOWN, UNKNOWN) for stamp in stamps]
    journal.save(tape_of(reads, End(10**7, "eof"), {"request_sent": 0}), tmp_path / "a.jsonl")

    assert rows(capsys, tmp_path / "a.jsonl")[1][1:] == [
        "     0        1.0             data: a",
        "     1        1.0  same read  (blank) event 0",
        "     2        9.0  not known  data: a",
        "     3        9.0  same read  (blank) event 1",
    ]
