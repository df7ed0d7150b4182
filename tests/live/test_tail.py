import pytest

from streamlab.live.tail import Tail, clean, picture

CLEANED = {
    "line-ends-and-tabs-stay": ("a\n\tb\r\n", "a\n\tb\n"),
    "escapes-go": ("\x1b[31mred\x9b0m", "[31mred0m"),
    "direction-overrides-go": ("a\u202eb\u2066c", "abc"),
    "halves-that-meet-are-one": ("\ud83d" + "\ude00", "\N{GRINNING FACE}"),
    "a-lone-half-is-replaced": ("\ud83d!", "\ufffd!"),
    "the-rest-is-left-alone": ("naïve 漢字 😀", "naïve 漢字 😀"),
}


@pytest.mark.parametrize(("text", "cleaned"), CLEANED.values(), ids=CLEANED)
def test_text_is_cleaned(text, cleaned):
    assert clean(text) == cleaned


def test_a_picture_is_one_line():
    assert picture("a\nb\x1b\x7f") == "a␊b␛␡"


def test_a_tail_keeps_the_end_and_counts_the_rest():
    tail = Tail(limit=10)
    for n in range(100):
        tail.extend([("content", f"{n:02} ")])

    assert tail.total == 300
    assert tail.since(0) == [["content", " 97 98 99 "]]
    assert tail.since(297) == [["content", "99 "]]
    assert tail.since(300) == []


def test_runs_are_joined_by_kind():
    tail = Tail(limit=100)
    tail.extend([("reasoning", "a"), ("reasoning", "b"), ("role", ""), ("reasoning", "c")])
    tail.extend([("content", "d")])

    assert tail.since(0) == [["reasoning", "abc"], ["content", "d"]]
    assert tail.since(2) == [["reasoning", "c"], ["content", "d"]]


def test_what_was_handed_out_does_not_change():
    tail = Tail(limit=100)
    tail.extend([("content", "a")])
    before = tail.since(0)
    tail.extend([("content", "b")])

    assert before == [["content", "a"]]
