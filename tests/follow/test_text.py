"""Text from a stream, made harmless."""

import pytest

from streamlab.cli._terminal import clean, counted, one_line

CASES = {
    "escape": ("\x1b[31m", "␛[31m"),
    "bell": ("\x07", "␇"),
    "return": ("a\rb", "a␍b"),
    "delete": ("\x7f", "␡"),
    "csi-in-one-character": ("\x9b2J", "�2J"),
    "override": ("\u202egpj", "�gpj"),
    "isolate": ("\u2066x\u2069", "�x�"),
    "half-a-pair": ("\ud83d", "�"),
    "a-family-of-emoji": ("👩\u200d👧", "👩\u200d👧"),
    "other-writing": ("שלום 你好 é", "שלום 你好 é"),
}

each_case = pytest.mark.parametrize(("text", "shown"), CASES.values(), ids=CASES)


@each_case
def test_what_would_drive_a_terminal_is_a_picture(text, shown):
    assert clean(text) == shown
    assert one_line(text) == shown


def test_line_feeds_and_tabs_stay_in_text_and_are_pictures_in_a_row():
    assert clean("a\n\tb") == "a\n\tb"
    assert one_line("a\n\tb") == "a␊␉b"


def test_no_control_character_is_forgotten():
    text = "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0)]))

    assert [c for c in clean(text) if not c.isprintable()] == ["\t", "\n"]
    assert one_line(text).isprintable()


@pytest.mark.parametrize(("n", "said"), [(0, "0 reads"), (1, "1 read"), (2000, "2,000 reads")])
def test_one_thing_is_not_several(n, said):
    assert counted(n, "read") == said
