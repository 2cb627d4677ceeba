"""The log: one line per happening, to standard error, as text for people or JSON for machines. No secret gets in.

Libraries log through the standard library; both ways end in one handler, so that redaction has one place.
"""

import json
import logging
import re
import sys
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, unquote

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

# A Telegram token wherever it stands: in an address (…/bot123:AAF…/getMe), a message or a traceback.
_TOKEN = re.compile(r"\d{5,}:[A-Za-z0-9_-]{20,}")
# The word in an address that is a secret itself: a link that signs in, where hubs call us, where Telegram does.
_WORD = re.compile(r"(/(?:admin/login|websub)/)[A-Za-z0-9_-]{20,}|(/telegram/)[0-9a-f]{40}")
_HIDDEN = "***"
_SHORTEST = 8  #: characters of a secret; hiding shorter words would blind half of the log

# What they say below a warning is for their authors; httpx names every address, and Telegram's hold the token.
_LIBRARIES = ("httpx", "httpcore", "telegram", "apscheduler", "alembic", "aiohttp", "asyncio", "uvicorn.error")
_SILENT = ("trafilatura", "htmldate")  # they complain about every page that is not an article


class Redactor:
    """Takes secrets out of text: bot tokens, words of secret addresses of ours, and those that it is given."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """`secrets`: exact words to hide; short ones would blind half of the log and are left out."""
        self._secrets: list[str] = []
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        """Hide these words as well, from now on."""
        known = {*self._secrets, *(form for word in secrets if len(word) >= _SHORTEST for form in _forms(word))}
        self._secrets = sorted(known, key=len, reverse=True)

    def clean(self, text: str) -> str:
        """The text without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        return _WORD.sub(_without_word, _TOKEN.sub(_HIDDEN, text))


def _forms(word: str) -> set[str]:
    """A secret as it may stand in a line: as it is, in JSON, in what Python shows of a text, and in an address."""
    found = {word, unquote(word)}
    found |= {quote(one, safe="") for one in found}
    for _ in range(2):  # what Python shows of a text may itself stand in JSON
        found |= {json.dumps(one, ensure_ascii=False)[1:-1] for one in found} | {repr(one)[1:-1] for one in found}
    return {one for one in found if len(one) >= _SHORTEST}


def _without_word(match: re.Match[str]) -> str:
    return f"{match[1] or match[2]}{_HIDDEN}"


_redactor = Redactor()


def hide(secrets: Iterable[str]) -> None:
    """Keep further words out of the log, as they become known: what sources are asked with."""
    _redactor.add(secrets)


class _CleanFormatter(structlog.stdlib.ProcessorFormatter):
    """Cleans the finished line, tracebacks included: nothing is written that did not pass here."""

    def __init__(self, redactor: Redactor, **options: Any) -> None:
        super().__init__(**options)
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        return self._redactor.clean(super().format(record))


def set_up(log_format: str, secrets: Iterable[str] = ()) -> None:
    """Send all logging to standard error in `log_format` (`console` or `json`), without the `secrets`."""
    hide(secrets)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(
            fmt="%H:%M:%S" if log_format == "console" else "iso", utc=log_format == "json"
        ),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _CleanFormatter(
            _redactor,
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_ending(log_format)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in _SILENT:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _ending(log_format: str) -> list[Processor]:
    if log_format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    return [
        _without_nothing,
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            pad_event_to=0,
            sort_keys=False,
            exception_formatter=structlog.dev.plain_traceback,
        ),
    ]


def _without_nothing(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """On a screen, `error=None` is noise."""
    return {key: value for key, value in event.items() if value is not None}
