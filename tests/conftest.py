"""What holds for every test."""

import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.support.postgres import Postgres, running

# Many processes start during a run. Where nothing keeps what Python compiled, each would compile the program anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# The same examples in every run: what chance finds must not fail a change that has nothing to do with it. Chance looks
# for more with `make fuzz`, which prints how to repeat what it found, and remembers it.
settings.register_profile("same", derandomize=True, database=None, deadline=None, max_examples=60)
settings.register_profile("fuzz", deadline=None, max_examples=2_000, print_blob=True)
settings.load_profile("same")


@pytest.fixture(scope="session")
def postgres(testrun_uid: str) -> Iterator[Postgres]:
    """One PostgreSQL server for all processes of this run, stopped with the last of them."""
    with running(testrun_uid) as server:
        yield server
