"""What every worker of a run would compile for itself is compiled once, before they start: in a new clone pytest works
for six seconds on the assertions of all tests alone, in each of its workers.
"""

import compileall
import multiprocessing
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from _pytest.assertion import rewrite

ROOT = Path(__file__).parents[2]
_REWRITTEN = re.compile(r"(test_\w+|conftest)\.py$")  #: what pytest compiles in its own way; see its `python_files`


def compile_once(config: pytest.Config) -> None:
    """Compile the program, and the tests as pytest does, where that was not done since they were written."""
    for folder in ("bot", "feeds", "storage", "tests"):
        compileall.compile_dir(ROOT / folder, quiet=2, rx=_REWRITTEN)
    tests = [file for file in (ROOT / "tests").rglob("*.py") if _REWRITTEN.search(file.name) and _is_new(file)]
    if not tests:
        return
    if sys.platform != "linux":  # elsewhere a fork is not safe, and anything else would take as long
        _compile(config, tests)
        return
    cores = os.cpu_count() or 1
    fork = multiprocessing.get_context("fork")
    helpers = [fork.Process(target=_compile, args=(config, tests[first::cores])) for first in range(cores)]
    for helper in helpers:
        helper.start()
    for helper in helpers:
        helper.join()


def _is_new(test: Path) -> bool:
    """Whether it is younger than what was compiled of it. Pytest looks closer; what is wrong here costs time only."""
    compiled = _compiled(test)
    return not compiled.exists() or compiled.stat().st_mtime <= test.stat().st_mtime


def _compiled(test: Path) -> Path:
    return rewrite.get_cache_dir(test) / (test.stem + rewrite.PYC_TAIL)


def _compile(config: pytest.Config, tests: Sequence[Path]) -> None:
    """As `AssertionRewritingHook.exec_module` does, which would run them as well."""
    for test in tests:
        compiled = _compiled(test)
        compiled.parent.mkdir(exist_ok=True)
        source, code = rewrite._rewrite_test(test, config)
        rewrite._write_pyc(config.stash[rewrite.assertstate_key], code, source, compiled)
