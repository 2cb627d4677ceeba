"""A local newsroom: serves feeds and pages from a small world of articles, for `kaigi demo`, tests and benchmarks.

    World (world.py) ─► Newsroom (127.0.0.1) ─► feeds, a list page, article pages
                          ▲ advance(), publish_all(), break_source(), heal()

Articles appear over time. Everything but the port follows from `started_at`: a second run with the same moment serves
the same articles, guids and dates. It can also fail its readers in every way that a source on the network can.
"""

import asyncio
import hashlib
import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from feeds.world import (
    FOLDER,
    PrintedArticle,
    World,
    WorldArticle,
    WorldSource,
    expected_facts,
    fill_dates,
    load_world,
    print_article,
)
from storage.model import MeetingFacts, SourceDefinition

__all__ = [
    "Fault",
    "Newsroom",
    "SeenRequest",
    "World",
    "WorldArticle",
    "WorldSource",
    "fill_dates",
    "load_world",
]

_OVERSIZED_BODY = 64 * 1024 * 1024
_SHAPES = {  # format → template, media type
    "rss": ("rss.xml", "application/rss+xml"),
    "rss-relative": ("rss-relative.xml", "application/rss+xml"),
    "atom": ("atom.xml", "application/atom+xml"),
    "rdf": ("rdf.xml", "application/rdf+xml"),
    "list": ("list.html", "text/html"),
}


class Fault(StrEnum):
    """Ways in which a source can fail its readers, apart from an HTTP status."""

    HTML_INSTEAD = "html_instead"
    EMPTY = "empty"
    BROKEN_XML = "broken_xml"
    OVERSIZED = "oversized"
    SLOW = "slow"  # drips, and never comes to an end
    REFUSE = "refuse"  # closes the connection without a word


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenRequest:
    """One line of the newsroom's request log."""

    method: str
    path: str
    status: int  #: 0: the connection was closed before an answer was complete
    conditional: bool


_WRONG_BODIES = {
    Fault.HTML_INSTEAD: (b"<!DOCTYPE html><title>Just a moment...</title><p>Checking.", "text/html"),
    Fault.BROKEN_XML: (b"<?xml version='1.0'?><rss><channel", "application/rss+xml"),
}


class Newsroom:
    """The server, an async context manager; `base_url` is final inside it.

    `elapsed_s` says how long the world has been running already: a demo that starts again with the same
    `started_at` passes the seconds since then, and what had appeared is there at once.
    """

    def __init__(
        self,
        *,
        world: World | None = None,
        port: int = 0,
        clock: Callable[[], float] = time.monotonic,
        started_at: datetime | None = None,
        elapsed_s: float = 0.0,
    ) -> None:
        self.world = world or load_world()
        self.started_at = (started_at or datetime.now(UTC)).replace(microsecond=0)
        self.today = self.started_at.astimezone(ZoneInfo("Asia/Tokyo")).date()  #: what the texts call today
        self.base_url = f"http://127.0.0.1:{port}"
        self.requests: list[SeenRequest] = []
        self._port = port
        self._clock = clock
        self._zero = clock() - elapsed_s
        self._faults: dict[str, tuple[Fault | int, int | None]] = {}
        self._prints = {source.definition.key: self._print(source) for source in self.world.sources}
        app = web.Application()
        app.router.add_get("/{path:.*}", self._log_and_answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        except OSError:
            await self._runner.cleanup()
            raise
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def definitions(self) -> tuple[SourceDefinition, ...]:
        """The sources to poll, with their addresses on this server."""
        own = (source.definition for source in self.world.sources)
        return tuple(replace(definition, url=self.base_url + definition.url) for definition in own)

    def expected(self) -> dict[str, MeetingFacts]:
        """What readers should be told about each meeting; a fact left out is stated by no report."""
        return {table["key"]: expected_facts(table, self.today) for table in self.world.meetings}

    @property
    def elapsed_s(self) -> float:
        """Seconds since the world began."""
        return self._clock() - self._zero

    def advance(self, seconds: float) -> None:
        """Let time pass at once."""
        self._zero -= seconds

    def publish_all(self) -> None:
        """Let everything appear at once."""
        self._zero = float("-inf")

    def break_source(self, key: str, fault: Fault | int, *, retry_after_s: int | None = None) -> None:
        """Make a source (by key) or any path (it starts with `/`) fail; an int is an HTTP status."""
        self._faults[self._path(key)] = (fault, retry_after_s)

    def heal(self, key: str) -> None:
        """Take a fault back."""
        self._faults.pop(self._path(key), None)

    def _path(self, key: str) -> str:
        if key.startswith("/"):
            return key
        return next(own.definition.url for own in self.world.sources if own.definition.key == key)

    def _print(self, source: WorldSource) -> tuple[PrintedArticle, ...]:
        """All articles of a source, newest first."""
        prints = [print_article(article, source, self.started_at, self.today) for article in source.articles]
        return tuple(sorted(prints, key=lambda it: (it.published, it.path), reverse=True))

    async def _log_and_answer(self, request: web.Request) -> web.StreamResponse:
        conditional = any(name in request.headers for name in ("If-None-Match", "If-Modified-Since"))
        status = 0
        try:
            response = await self._answer(request)
            if request.transport is not None and not request.transport.is_closing():
                status = response.status
            return response
        finally:
            self.requests.append(
                SeenRequest(method=request.method, path=request.path, status=status, conditional=conditional)
            )

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.path in self._faults:
            return await _misbehave(request, *self._faults[request.path])
        for source in self.world.sources:
            shown = [it for it in self._prints[source.definition.key] if it.appears_after_s <= self.elapsed_s]
            newest = max((it.appears_after_s for it in shown), default=0.0)
            modified = self.started_at + timedelta(seconds=math.ceil(newest))
            text = self._render(source, shown, request.path, modified)
            if text is not None:
                return _conditional(request, source, text, modified)
        return web.Response(status=404, text="There is no such page in this newsroom.")

    def _render(self, source: WorldSource, shown: list[PrintedArticle], path: str, updated: datetime) -> str | None:
        by_path = {it.path: it for it in shown}
        facts = {
            "updated": updated,
            "base_url": self.base_url,
            "source": source,
            "articles": shown,
            "ranking": {tab: [by_path[it] for it in paths] for tab, paths in source.ranking.items()},
        }
        if path == source.definition.url:
            return _TEMPLATES.get_template(_SHAPES[source.format][0]).render(facts)
        if path not in by_path:
            return None
        index = shown.index(by_path[path])
        near = shown[max(index - 1, 0) : index] + shown[index + 1 : index + 2]
        return _TEMPLATES.get_template("article.html").render(facts, article=shown[index], neighbours=near)


def _conditional(request: web.Request, source: WorldSource, text: str, modified: datetime) -> web.Response:
    """A 304 when the reader's copy is still right; its ETag decides before its date (RFC 9110, 13.2.2)."""
    body = text.encode(source.encoding, "xmlcharrefreplace")
    etag = hashlib.sha256(body).hexdigest()[:20]
    if request.if_none_match is not None:
        fresh = any(known.value in (etag, "*") for known in request.if_none_match)
    else:
        fresh = request.if_modified_since is not None and modified <= request.if_modified_since
    media_type = _SHAPES[source.format][1] if request.path == source.definition.url else "text/html"
    headers = {"Content-Type": f"{media_type}; charset={source.encoding}", "Cache-Control": "no-cache"}
    response = web.Response(status=304) if fresh else web.Response(body=body, headers=headers)
    response.etag = etag
    response.last_modified = modified
    return response


async def _misbehave(request: web.Request, fault: Fault | int, retry_after_s: int | None) -> web.StreamResponse:
    if not isinstance(fault, Fault):
        headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
        return web.Response(status=fault, text="Out of order.", headers=headers)
    if fault is Fault.OVERSIZED:
        return await _stream(request, b"<!-- " + b"x" * 65536 + b" -->", pause_s=0)
    if fault is Fault.SLOW:
        return await _stream(request, b" ", pause_s=0.1)
    if fault is Fault.REFUSE and request.transport is not None:
        request.transport.abort()
    body, media_type = _WRONG_BODIES.get(fault, (b"", "application/rss+xml"))
    return web.Response(body=body, content_type=media_type)


async def _stream(request: web.Request, chunk: bytes, *, pause_s: float) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/rss+xml"})
    await response.prepare(request)
    with suppress(ConnectionError):  # the reader had enough
        for _ in range(_OVERSIZED_BODY // len(chunk)):
            await response.write(chunk)
            await asyncio.sleep(pause_s)
    return response


def _stamp(moment: datetime) -> str:
    """`2025-11-6 9:05`: no zero before month, day or hour, and no zone, as list sites print it."""
    return f"{moment.year}-{moment.month}-{moment.day} {moment.hour}:{moment:%M}"


_TEMPLATES = Environment(loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, undefined=StrictUndefined)
_TEMPLATES.filters.update(rfc822=format_datetime, stamp=_stamp)
