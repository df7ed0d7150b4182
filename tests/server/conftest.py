"""Labs for the tests: one at true speed, one twenty times as fast.  Both are real processes."""

from collections.abc import Iterator
from typing import NamedTuple

import httpx
import pytest

from streamlab.server import Lab, serve


class Where(NamedTuple):
    base_url: str
    scenario: str
    dialect: str


@pytest.fixture(scope="session")
def lab() -> Lab[Where]:
    return serve(endpoint=Where)


@pytest.fixture(scope="session")
def fast_lab() -> Lab[Where]:
    return serve(endpoint=Where, speed=20)


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=10, trust_env=False) as client:
        yield client
