"""Metadata of a file: each has its type, and other names are the user's own."""

import pytest

from streamlab.tape import End, tape_of
from streamlab.tape.valid import check


def a_tape(**meta):
    return tape_of([], End(0, "eof"), meta=meta)


@pytest.mark.parametrize("name", ["label", "dialect", "model", "content_type", "reason"])
def test_a_text_of_the_metadata_is_text(name):
    check(a_tape(**{name: "x"}))

    with pytest.raises(ValueError, match=f"another {name} and has 0"):
        check(a_tape(**{name: 0}))


@pytest.mark.parametrize("name", [" ", "l", "t", "mine"])
def test_a_name_that_is_not_ours_takes_any_value(name):
    check(a_tape(**{name: 0}))
