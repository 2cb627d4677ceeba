"""Tells our hub which feeds changed (WebSub, section 4: the publisher's side), so that readers need not poll.

    revision grew ─► wait until it is quiet ─► which feeds have other bytes? ─► POST hub.mode=publish, one a feed

A hub that does not answer is asked again later; nothing else waits for it. After a start every feed counts as changed,
because nobody knows what the hub missed.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlencode

import ada_url
import structlog

from feeds.collect.request import FORM, place_of
from feeds.collect.wire import Wire
from feeds.collect.wire_errors import WireError
from feeds.publish import shelf
from feeds.publish.asking import Wanted
from feeds.publish.cache import FeedCache
from feeds.publish.entries import Extension
from feeds.publish.web_base import Library
from storage.errors import KaigiError

log = structlog.get_logger("hub")

LOOK = 2.0  #: seconds between two looks at the archive
QUIET = 10.0  #: seconds without a change after which hubs are told …
PATIENCE = 60.0  #: … or since the first change that they do not know of
TIMEOUT = 10.0  #: seconds for one answer
USER_AGENT = "Kaigi (WebSub publisher)"
LATER = (408, 429)  #: refusals that only ask for patience
TOLD: tuple[Extension, ...] = ("atom", "rss", "json")  #: calendars do not know hubs


@dataclass(kw_only=True)
class Announcer:
    """Watches the archive and tells the hub. Belongs to one event loop."""

    library: Library
    cache: FeedCache
    hub: str
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    look_s: float = LOOK
    quiet_s: float = QUIET
    clock: Callable[[], float] = time.monotonic
    _revision: int = -1
    _changed_at: float = 0.0
    _waiting_since: float | None = None
    _not_before: float = float("-inf")  #: after a hub did not listen
    _told: dict[str, str] = field(default_factory=dict)  #: address of a feed → tag of the bytes that the hub knows of

    async def run(self) -> None:
        """Tell the hub of changes until told to stop; what it is being told then, it hears to the end."""
        while not self.stop.is_set():
            try:
                await self.look()
            except KaigiError as error:
                log.warning("cannot look for changed feeds", error=str(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stop.wait(), self.look_s)

    async def look(self) -> None:
        """Look once, and tell the hub if it is time."""
        revision, now = await self.cache.revision(), self.clock()
        if revision != self._revision:
            self._revision, self._changed_at = revision, now
            self._waiting_since = now if self._waiting_since is None else self._waiting_since
        if self._waiting_since is None:
            return
        due = now - self._changed_at >= self.quiet_s or now - self._waiting_since >= PATIENCE
        if due and now >= self._not_before:
            told = await self._tell_all()
            self._waiting_since = None if told else self._waiting_since
            self._not_before = now if told else now + PATIENCE

    async def _tell_all(self) -> bool:
        """Tell of every feed whose bytes the hub does not know. Returns whether it heard all of it."""
        changed = await self._changed()
        if not changed:
            return True
        taken = 0
        # Without the guard: the hub is the operator's choice, and often in his own network.
        wire = Wire(user_agent=USER_AGENT, allow_private=True, connect_timeout_s=TIMEOUT, read_timeout_s=TIMEOUT)
        async with wire:
            for url, tag in changed.items():
                if self.stop.is_set() or not await self._tell(wire, url):
                    break  # the others would fare no better now
                self._told[url] = tag
                taken += 1
        if taken:
            log.info("told the hub", hub=self.hub, feeds=taken)
        return taken == len(changed)

    async def _changed(self) -> dict[str, str]:
        imprint = self.library.imprint
        heads = await self.library.read(partial(shelf.heads, imprint=imprint, language=imprint.language))
        changed: dict[str, str] = {}
        for found, head in heads:
            for extension in TOLD:
                url = head.url(extension)
                try:
                    tag = (await self.cache.get(Wanted(key=found.key, extension=extension))).plain.etag
                except KaigiError as error:  # one filter that cannot be read must not keep the others back
                    log.warning("a feed cannot be written", feed=url, error=str(error))
                    continue
                if self._told.get(url) != tag:
                    changed[url] = tag
        return changed

    async def _tell(self, wire: Wire, url: str) -> bool:
        """Tell of one feed. Returns whether there is no use in telling it again: it was taken, or refused for good."""
        form = urlencode({"hub.mode": "publish", "hub.url": url, "hub.topic": url}).encode()
        hub = place_of(ada_url.normalize_url(self.hub))
        try:
            async with asyncio.timeout(TIMEOUT), wire.ask("POST", hub, FORM, body=form) as answer:
                if answer.status >= 300:
                    log.warning("the hub refused a feed", hub=self.hub, feed=url, status=answer.status)
                return answer.status < 500 and answer.status not in LATER
        except (WireError, OSError) as error:
            log.warning("the hub does not answer", hub=self.hub, error=str(error) or type(error).__name__)
            return False
