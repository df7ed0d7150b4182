"""The lessons run in kernels of their own, beside the first tests: they mostly wait."""

from __future__ import annotations

import os
import sys
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

N_AT_ONCE = 3
BEGUN = pytest.StashKey[dict[ModuleType, dict[str, Future[Any]]]]()
POOL = pytest.StashKey[ProcessPoolExecutor]()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin the jobs of the modules whose `runs` some test needs."""
    here = Path(__file__).parent
    needed = [i.module for i in session.items if i.path.parent == here and "runs" in i.fixturenames]
    if not needed or session.config.option.collectonly:
        return
    pool = ProcessPoolExecutor(N_AT_ONCE, get_context("spawn"), quiet)
    session.config.stash[POOL] = pool
    session.config.stash[BEGUN] = {
        module: {name: pool.submit(*job) for name, job in module.JOBS.items()}
        for module in dict.fromkeys(needed)
    }


def quiet() -> None:
    """Let the remarks of kernels not stand between the dots of pytest; errors are raised."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if POOL in session.config.stash:
        session.config.stash[POOL].shutdown(cancel_futures=True)


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest) -> dict[str, Future[Any]]:
    """What the jobs of this module return, by their names."""
    return request.config.stash[BEGUN][sys.modules[request.module.__name__]]
