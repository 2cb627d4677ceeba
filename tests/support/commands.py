"""The command within this process: what a person types, and what comes of it, without the seconds that a start costs.

What only a process can show, such as signals or tracebacks, is asked of one in tests/support/running.py.
"""

import gc
import io
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import structlog

from bot import cli, config, logs
from feeds.understand.lexicon import use_lexicon
from tests.support.running import environment


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a command ended. The names are those of `subprocess.CompletedProcess`."""

    returncode: int
    stdout: str
    stderr: str


def kaigi(*words: str, folder: Path, **settings: str) -> Done:
    """Run a command to its end in `folder`, with these settings as variables, and return what it said."""
    out, err = _stream(), _stream()
    with ExitStack() as around:
        around.enter_context(chdir(folder))
        around.enter_context(mock.patch.dict(os.environ, environment(**settings), clear=True))
        for name, value in {"argv": ["kaigi", *words], "stdin": _stream(), "stdout": out, "stderr": err}.items():
            around.enter_context(mock.patch.object(sys, name, value))
        around.enter_context(_as_in_a_new_process())
        code = _ended()
    return Done(returncode=code, stdout=_said(out), stderr=_said(err))


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="", write_through=True)


def _said(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode("utf-8")


def _ended() -> int:
    """Run `main`, which ends as a command does: by raising SystemExit."""
    try:
        cli.main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


@contextmanager
def _as_in_a_new_process() -> Iterator[None]:
    """What a command sets for its process, once, is as it was afterwards."""
    root, chosen = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    pace = gc.get_threshold()
    levels = {name: logging.getLogger(name).level for name in (*logs._LIBRARIES, *logs._SILENT)}
    try:
        with mock.patch.object(logs, "_redactor", logs.Redactor()), mock.patch.object(config, "_named_file", None):
            yield
    finally:
        gc.set_threshold(*pace)
        root.handlers[:] = handlers
        root.setLevel(level)
        for name, before in levels.items():
            logging.getLogger(name).setLevel(before)
        structlog.configure(**chosen)
        use_lexicon(None)
