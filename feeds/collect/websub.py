"""The shell of WebSub: asks hubs for pushes, renews, and takes its leave. What to do is decided in `lease.py`.

    poll ─► follow: a document names a hub ─► tick: ask it ─► callback.py: it verifies, it pushes ─► source is due

A push is not read as news. It makes the source due, and the poll that follows is an ordinary one, so there is one way
into the archive, with one set of validators. What a hub sends may be a part of the feed, an older state of it, or
nothing; and a hub is a stranger, even with the right signature.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from ipaddress import ip_address
from urllib.parse import urlsplit

import structlog

from feeds.collect import lease
from feeds.collect.fetch import Fetcher
from feeds.collect.guard import is_public
from feeds.observed import Advert, Failure
from storage import websub
from storage.database import Connection, Database
from storage.errors import StorageError
from storage.model import HubSubscription, Source

log = structlog.get_logger("websub")

PATH = "/websub"
AT_ONCE = 16  #: requests to hubs in one tick
_PRIVATE_NAMES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")

Order = tuple[HubSubscription, str]


@dataclass(kw_only=True)
class Hubs:
    """Talks to the hubs of all sources, a little with each tick. Belongs to one event loop."""

    database: Database
    fetcher: Fetcher
    clock: Callable[[], datetime]
    _talks: set[asyncio.Task[None]] = field(default_factory=set)
    _stopping: bool = False

    async def run(self, every_s: float, stop: asyncio.Event) -> None:
        """Tick now and then until told to stop."""
        while not stop.is_set():
            await self.tick()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), every_s)

    async def tick(self) -> None:
        """Do what is due; returns without waiting for any hub."""
        now = self.clock()
        try:
            for number, wanted in await asyncio.to_thread(self.database.read, partial(_due, now=now)):
                if self._stopping:
                    return
                # One transaction each: rows of many sources held together could meet a batch of polls the other way.
                plan = partial(_plan, number=number, wanted=wanted, now=now)
                order = await asyncio.to_thread(self.database.write, plan)
                if order is not None:
                    self._start(order)
        except StorageError as error:
            log.error("cannot look after the subscriptions at hubs", error=str(error))

    def _start(self, order: Order) -> None:
        task = asyncio.create_task(self._ask(*order))
        self._talks.add(task)
        task.add_done_callback(self._talks.discard)

    async def _ask(self, about: HubSubscription, mode: str) -> None:
        """Send one request. That it left is in the database already, so a crash here costs a second one."""
        try:
            await self._send(about, mode)
        except StorageError as error:
            log.error("cannot note what a hub answered", error=str(error))
        except Exception:
            log.exception("asking a hub failed by our own mistake", hub=_host(about.hub))

    async def _send(self, about: HubSubscription, mode: str) -> None:
        answer = await self.fetcher.post(about.hub, lease.request(about, mode))
        if not isinstance(answer, Failure):
            log.info("asked a hub", mode=mode, hub=_host(about.hub), topic=about.topic)
            return
        log.warning(
            "a hub cannot be asked", mode=mode, hub=_host(about.hub), error=answer.message, detail=answer.detail
        )
        noted = partial(_refused, about=about, failure=answer, now=self.clock())
        await asyncio.to_thread(self.database.write, noted)

    async def stop(self, patience_s: float = 0.0) -> None:
        """Ask nobody any more. Who was asked may answer within `patience_s`; else he is asked again after the next
        start."""
        self._stopping = True
        if self._talks and patience_s:
            await asyncio.wait(self._talks, timeout=patience_s)
        for task in self._talks:
            task.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)


def _due(connection: Connection, now: datetime) -> list[tuple[int, bool]]:
    return websub.restless(connection, now, AT_ONCE)


def _plan(connection: Connection, number: int, wanted: bool, now: datetime) -> Order | None:
    """Note what becomes of one subscription; returns what its hub must be asked for."""
    about = websub.by_id(connection, number)
    if about is None:
        return None
    step = lease.step(about, wanted, now)
    keep(connection, about, step, now)
    return (step.after, step.mode) if step.after is not None and step.mode is not None else None


def _refused(connection: Connection, about: HubSubscription, failure: Failure, now: datetime) -> None:
    current = websub.by_id(connection, about.id)
    if current is not None:
        websub.save(connection, lease.refused(current, about.asked_at, failure, now), now)


def keep(connection: Connection, before: HubSubscription, step: lease.Step, now: datetime) -> None:
    """Write what became of a subscription."""
    if step.after is None:
        websub.forget(connection, before.id)
    elif step.after != before:
        websub.save(connection, step.after, now)


def follow(
    connection: Connection, source: Source, advert: Advert | None, new_items: int, base: str, now: datetime
) -> None:
    """Note, in the transaction of a poll, what its document says about hubs, and whether its hub should have told.

    `source` is as it was before this poll. `base`: the public address under which hubs can call.
    """
    about = websub.by_source(connection, source.id)
    if about is not None:
        noted = lease.missed(about, now) if lease.has_missed(about, source, new_items, now) else about
        noted = replace(noted, unseen=0 if advert else noted.unseen + 1)
        keep(connection, about, lease.Step(after=noted), now)
        about = noted
    if advert is not None:
        hub = lease.choose(about, advert)
        if about is not None and not lease.is_another(about, hub, advert, now):
            return
        if about is not None:
            websub.let_go(connection, about, now)
        websub.add(connection, _new(source.id, hub, advert.topic, base, now))
    elif about is not None and about.unseen >= lease.UNSEEN:
        websub.let_go(connection, about, now)


def _new(source_id: int, hub: str, topic: str, base: str, now: datetime) -> HubSubscription:
    token = secrets.token_urlsafe(32)
    return HubSubscription(
        id=0,
        source_id=source_id,
        hub=hub,
        topic=topic,
        callback=f"{base}{PATH}/{token}",
        token=token,
        secret=secrets.token_urlsafe(48),  # 64 characters; the standard allows fewer than 200 bytes
        next_at=now,
    )


def follow_address(connection: Connection, base: str | None, now: datetime) -> None:
    """At a start: begin anew with the hubs that know us under another address than `base` (None: hubs are not asked).

    They cannot reach us there, not even to let us leave; their leases end by themselves.
    """
    for about in websub.every(connection):
        if base is not None and about.callback == f"{base}{PATH}/{about.token}":
            continue
        websub.let_go(connection, about, now)
        websub.forget(connection, about.id)
        if base is not None and about.source_id is not None:
            websub.add(connection, _new(about.source_id, about.hub, about.topic, base, now))


def callback_base(public_url: str | None, allow_private: bool) -> str | None:
    """Return the address under which hubs can call us, without a slash at its end; None when they cannot.

    A public name that leads into a private network cannot be told from here; the hub then never verifies.
    """
    if not public_url:
        return None
    parts = urlsplit(public_url)
    reachable = parts.scheme in ("http", "https") and (allow_private or _is_public_host(parts.hostname or ""))
    return public_url.rstrip("/") if reachable else None


def _is_public_host(host: str) -> bool:
    try:
        return is_public(str(ip_address(host)))
    except ValueError:
        return "." in host.strip(".") and not host.rstrip(".").endswith(_PRIVATE_NAMES)


def _host(address: str) -> str:
    return urlsplit(address).netloc
