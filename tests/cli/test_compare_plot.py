"""``streamlab compare`` and ``streamlab plot``: several recordings at once."""

import pytest

import streamlab as sl
from streamlab import plots
from streamlab.cli import main
from streamlab.cli.plot import KINDS
from tests.cli.conftest import DONE, event, saved


@pytest.fixture
def both(here):
    """Two recordings with one name in two folders; the second is 5 ms later."""
    files = []
    for folder, late in (("a", 0), ("b", 5)):
        (here / folder).mkdir()
        pieces = [(100 + late, event(content="x")), (120 + late, event(content="y") + DONE)]
        files.append(str(saved(here / folder / "run.jsonl", pieces)))
    return files


def test_compare_has_a_column_a_recording_and_how_much_later_it_was(capsys, both):
    assert main(["compare", *both]) == 0

    table = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert table[0] == ["run", "run-2"]
    assert ["ttft_ms", "100.0", "105.0", "(+5.0)"] in table
    assert ["icl_p50_ms", "20.0", "20.0", "(+0.0)"] in table
    assert ["n_events", "4", "4"] in table
    assert ["coalesced_share", "50.0%", "50.0%"] in table
    assert ["n_tokens", "-", "-"] in table
    assert ["how", "eof", "eof"] in table


def test_compare_knows_no_negative_nothing(capsys, here):
    files = [
        str(saved(here / f"{name}.jsonl", [(at_ms, event(content="x") + DONE)]))
        for name, at_ms in (("a", 100.04), ("b", 100.0))
    ]
    main(["compare", *files])

    table = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["ttft_ms", "100.0", "100.0", "(+0.0)"] in table


def test_compare_agrees_with_the_library(capsys, both):
    main(["compare", *both])

    shown = {line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]}
    table = sl.compare({"a": sl.load(both[0])})
    assert shown == {name for name in table.columns if not name.endswith("_diff")}


def test_the_help_names_every_picture():
    together = {
        name.removeprefix("plot_") for name in plots.__all__ if name.startswith("plot_")
    }

    assert {*KINDS} == {*plots.PLOTS} | together


@pytest.mark.parametrize("kind", KINDS)
def test_plot_draws_and_says_what_it_shows_and_where(capsys, hello, here, kind):
    assert main(["plot", "hello.jsonl", "--kind", kind]) == 0

    caption, _, where = capsys.readouterr().out.rstrip("\n").rpartition("\n")
    assert caption.startswith(("hello: ", "1 stream", "When "))
    assert where == f"hello-{kind}.png"
    assert (here / where).read_bytes().startswith(b"\x89PNG")


def test_several_recordings_are_drawn_into_one_picture(capsys, both, here):
    assert main(["plot", *both]) == 0

    said = capsys.readouterr().out
    assert "run: " in said
    assert "run-2: " in said
    assert (here / "staircase.png").exists()


@pytest.mark.parametrize(("name", "begins"), [("a.svg", b"<?xml"), ("a.pdf", b"%PDF")])
def test_the_ending_chooses_the_format(hello, here, name, begins):
    assert main(["plot", str(hello), "-o", name]) == 0
    assert (here / name).read_bytes().startswith(begins)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--out", "a.gif"],
            "a picture is a .png, .svg or .pdf file, and a.gif came. "
            "Choose one of these endings.",
        ),
        (["--out", "no/a.png"], "cannot open no/a.png: No such file or directory. "),
        (["--kind", "stairs"], "no kind of plot 'stairs'; there are: "),
    ],
)
def test_what_cannot_be_drawn_is_misuse(capsys, hello, here, arguments, sentence):
    assert main(["plot", str(hello), *arguments]) == 2

    assert capsys.readouterr().err.startswith(f"streamlab: {sentence}")
    assert list(here.iterdir()) == [hello]


def test_a_recording_without_an_event_is_compared_and_drawn(here, capsys):
    file = saved(here / "empty.jsonl", [], end="connect")

    assert main(["compare", str(file)]) == 0
    assert main(["plot", str(file)]) == 0
    assert "no event arrived" in capsys.readouterr().out
