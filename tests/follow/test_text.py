"""Untrusted text made harmless, the sparkline, and numbers of things."""

import unicodedata

import pytest

from streamlab.follow.text import counted, duration, one_line, several_lines, sparkline

CASES = {
    "escape": ("\x1b[31m", "␛[31m"),
    "bell": ("\x07", "␇"),
    "return": ("a\rb", "a␍b"),
    "delete": ("\x7f", "␡"),
    "csi-in-one-character": ("\x9b2J", "�2J"),
    "override": ("\u202egpj", "�gpj"),
    "isolate": ("\u2066x\u2069", "�x�"),
    "direction-marks": ("a\u200eb\u200fc\u061cd", "a�b�c�d"),
    "line-separators": ("a\u2028b\u2029c", "a�b�c"),
    "half-a-pair": ("\ud83d!", "�!"),
    "halves-that-meet": ("\ud83d" + "\ude00", "\N{GRINNING FACE}"),
    "a-family-of-emoji": ("👩\u200d👧", "👩\u200d👧"),
    "other-writing": ("שלום 你好 é", "שלום 你好 é"),
}


@pytest.mark.parametrize(("text", "shown"), CASES.values(), ids=CASES)
def test_harmful_characters_are_replaced_by_visible_ones(text, shown):
    assert several_lines(text) == shown
    assert one_line(text) == shown


def test_line_feeds_and_tabs_stay_in_several_lines_only():
    assert several_lines("a\n\tb\r\n") == "a\n\tb\n"
    assert one_line("a\n\tb\r\n") == "a␊␉b␍␊"


def test_no_character_of_a_harmful_kind_is_forgotten():
    """Of Unicode's Cf (format), only those that change the direction are replaced."""
    text = "".join(map(chr, range(0x110000)))
    left = set(one_line(text))

    assert {c for c in left if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")} == set()
    directions = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    assert {c for c in left if unicodedata.bidirectional(c) in directions} == set()
    assert {c for c in several_lines(text) if unicodedata.category(c) == "Cc"} == {"\n", "\t"}


def test_long_text_is_cut():
    assert one_line("abcdef", 6) == "abcdef"
    assert one_line("abcdefg", 6) == "abcde…"


def test_a_sparkline_is_linear_from_0_to_the_largest():
    assert sparkline([0, 10, 40, 79, 80]) == "▁▂▅██ (largest 80.0 ms)"
    assert sparkline([0.0, 0.0]) == "▁▁ (largest 0.0 ms)"
    assert sparkline([]) == ""


def test_a_long_sparkline_keeps_a_single_stall():
    bars, _, largest = sparkline([1.0] * 500 + [80.0] + [1.0] * 500).partition(" ")

    assert len(bars) <= 40
    assert sorted(bars) == ["▁"] * (len(bars) - 1) + ["█"]
    assert largest == "(largest 80.0 ms)"


@pytest.mark.parametrize(("n", "said"), [(0, "0 reads"), (1, "1 read"), (2000, "2,000 reads")])
def test_one_thing_is_not_several(n, said):
    assert counted(n, "read") == said


@pytest.mark.parametrize(
    ("value_ms", "said"),
    [
        (358.31, "358.3 ms"),
        (0.0, "0.0 ms"),
        (999.94, "999.9 ms"),
        (999.96, "1.00 s"),
        (1861.0, "1.86 s"),
        (None, "–"),
        (float("nan"), "–"),
    ],
)
def test_a_duration_has_the_digits_that_a_person_would_write(value_ms, said):
    assert duration(value_ms) == said
