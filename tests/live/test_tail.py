from streamlab.live.tail import Tail


def test_half_characters_of_two_pieces_become_one():
    tail = Tail(limit=10)
    tail.extend([("content", "\ud83d"), ("content", "\ude00")])

    assert tail.since(0) == [["content", "\N{GRINNING FACE}"]]


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
