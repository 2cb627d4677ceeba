"""What every worker of a run would do for itself is done once, before they start: in a new clone pytest works for six
seconds on the assertions of all tests, and Hypothesis for four on the constants of the program, in each worker.
"""

import compileall
import multiprocessing
import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import pytest
from _pytest.assertion import rewrite
from hypothesis.configuration import storage_directory
from hypothesis.internal.constants_ast import constants_from_module

ROOT = Path(__file__).parents[2]
FOLDERS = ("bot", "feeds", "storage", "tests")
_REWRITTEN = re.compile(r"(test_\w+|conftest)\.py$")  #: what pytest compiles in its own way; see its `python_files`


def compile_once(config: pytest.Config) -> None:
    """Compile the program, and the tests as pytest does, where that was not done since they were written; and let
    Hypothesis look for constants when it never did.
    """
    for folder in FOLDERS:
        compileall.compile_dir(ROOT / folder, quiet=2, rx=_REWRITTEN)
    files = [file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")]
    tests = [file for file in files if _REWRITTEN.search(file.name) and _is_new(file)]
    unseen = [] if storage_directory("constants").path.exists() else files
    if sys.platform != "linux":  # elsewhere a fork is not safe, and anything else would take as long
        _prepare(config, tests, unseen)
    elif tests or unseen:
        cores = os.cpu_count() or 1
        fork = multiprocessing.get_context("fork")
        parts = [(config, tests[first::cores], unseen[first::cores]) for first in range(cores)]
        helpers = [fork.Process(target=_prepare, args=part) for part in parts]
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


def _prepare(config: pytest.Config, tests: Sequence[Path], unseen: Sequence[Path]) -> None:
    for file in unseen:
        module = ModuleType(str(file))  # all that it asks for is the file
        module.__file__ = str(file)
        constants_from_module(module)
    for test in tests:  # as `AssertionRewritingHook.exec_module` does, which would run them as well
        compiled = _compiled(test)
        with suppress(OSError, SyntaxError):  # nothing can be kept here; and what is wrong is told by who runs it
            compiled.parent.mkdir(exist_ok=True)
            source, code = rewrite._rewrite_test(test, config)
            rewrite._write_pyc(config.stash[rewrite.assertstate_key], code, source, compiled)
