"""What holds for every test."""

import os
import sqlite3
import sys
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, NoReturn

import pytest
from hypothesis import settings

from tests.support import quick
from tests.support.compiling import compile_once
from tests.support.ordering import long_ones_first
from tests.support.postgres import Postgres, running

# Many processes start during a run. Where nothing keeps what Python compiled, each would compile the program anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

quick.prepare()
quick.plain_tracebacks()


def _refuse(moment: date) -> NoReturn:
    """Text that Python's own adapter writes is compared with ours as text, and is another: `…+00:00`."""
    raise TypeError(f"a moment or day on its way to SQLite without its column's type: {moment!r}")


sqlite3.register_adapter(datetime, _refuse)
sqlite3.register_adapter(date, _refuse)

# The same examples in every run: what chance finds must not fail a change that has nothing to do with it. Chance looks
# for more with `make fuzz`, which prints how to repeat what it found, and remembers it.
settings.register_profile("same", derandomize=True, database=None, deadline=None, max_examples=60)
settings.register_profile("fuzz", deadline=None, max_examples=2_000, print_blob=True)
settings.load_profile("same")


@pytest.hookimpl(trylast=True)  # after Hypothesis is ready, and still before pytest-xdist starts workers
def pytest_sessionstart(session: pytest.Session) -> None:
    """Nothing has begun."""
    config = session.config
    starts_workers = config.getoption("numprocesses", None) and "PYTEST_XDIST_WORKER" not in os.environ
    if starts_workers and config.args_source is config.ArgsSource.TESTPATHS:
        compile_once(config)


@pytest.hookimpl(trylast=True)  # after pytest-randomly
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, one in each worker: else the others would wait for it in the end."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    items[:] = long_ones_first(items, workers)


def pytest_collection_finish() -> None:
    """All tests are known."""
    quick.set_aside()


@pytest.fixture(scope="session", autouse=True)
def _shared() -> Iterator[None]:
    """All tests share what was compiled, migrated and read."""
    with pytest.MonkeyPatch.context() as patch:
        quick.share(patch)
        yield


@pytest.fixture(scope="session")
def postgres(testrun_uid: str) -> Iterator[Postgres]:
    """One PostgreSQL server for all processes of this run, stopped with the last of them."""
    with running(testrun_uid) as server:
        yield server


@pytest.fixture(scope="module")
def _chromium() -> Iterator[Any]:
    """One browser for the tests of a module: starting it costs more than most of them."""
    from tests.support.browser import chromium  # few processes of a run need it

    with chromium() as browser:
        yield browser


@pytest.fixture
def browser(_chromium: Any) -> Iterator[Any]:
    """A browser without a window. What a test opens is closed after it, cookies and all."""
    yield _chromium
    for context in _chromium.contexts:
        context.close()
