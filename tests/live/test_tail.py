from streamlab.live.tail import Tail


def test_a_tail_keeps_the_end_and_counts_the_rest():
    tail = Tail(limit=10)
    for n in range(100):
        tail.extend([("content", f"{n:02} ", 0, 0)])

    assert tail.total == 300
    assert tail.since(0) == [("content", " ", 0, 0), ("content", "97 98 99 ", 0, 0)]
    assert tail.since(297) == [("content", "99 ", 0, 0)]
    assert tail.since(300) == []


def test_the_rest_of_a_read_is_one_piece_by_kind_and_choice():
    tail = Tail(limit=100)
    tail.extend([("reasoning", "a", 0, 0), ("reasoning", "b", 0, 0), ("role", "", 0, 0)])
    tail.extend([("reasoning", "c", 0, 0), ("reasoning", "d", 1, 0), ("reasoning", "e", 1, 1)])

    assert tail.since(0) == [
        ("reasoning", "a", 0, 0),
        ("reasoning", "bc", 0, 0),
        ("reasoning", "d", 1, 0),
        ("reasoning", "e", 1, 1),
    ]
    assert tail.since(2) == [
        ("reasoning", "c", 0, 0),
        ("reasoning", "d", 1, 0),
        ("reasoning", "e", 1, 1),
    ]


def test_what_was_handed_out_does_not_change():
    tail = Tail(limit=100)
    tail.extend([("content", "a", 0, 0)])
    before = tail.since(0)
    tail.extend([("content", "b", 0, 0)])

    assert before == [("content", "a", 0, 0)]
