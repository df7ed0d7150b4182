"""Numbers among the arguments, each refused in one sentence where it cannot be used."""

import math
from collections.abc import Callable
from typing import TypeVar

from typer import BadParameter

N = TypeVar("N", int, float)


def number(
    kind: type[N], what: str, low: float, high: float = math.inf, *, example: N
) -> Callable[[str], N]:
    """Return a parser for an option that takes a number from `low` to `high`.

    `what` names the number: "a number of seconds above 0".
    """

    def parse(text: str) -> N:
        try:
            value = kind(text)
        except ValueError:
            value = kind(low - 1)
        if not low <= value <= high:
            raise BadParameter(
                f"takes {what}, and {str(text)!r} came. Pass for example {example}."
            )
        return value

    return parse
