"""The shell of one poll. All I/O of a poll is here; all judgement is in pure functions that it calls.

    source ─► fetch ──────────► 304, or the same bytes as last time ─► note it, done
                │ body
                ▼
              parse ───────────► (worker process) entries, normalised
                │                the sitemaps of an index, further pages of a list: fetched and parsed as well
                ▼
              known? ──────────► unchanged entries drop out here
                │ new, changed
                ▼
              read articles ───► pages only: each new link's text
                │
                ▼
              understand ──────► (worker process) is it a meeting, who, where, when, with which words
                │
                ▼
              one transaction: snapshot ─► decide ─► items, stories, meetings, outbox, validators, notices

A failure of the source is a value and becomes a line in its record; a mistake of ours raises.
"""

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from feeds import articles
from feeds.collect import follow, schedule, websub
from feeds.collect.fetch import PAGE_ACCEPT, Fetcher
from feeds.collect.kinds import is_sitemap
from feeds.collect.lookback import remembered
from feeds.collect.patience import Unread
from feeds.collect.robots import Robots
from feeds.collect.schedule import Rhythm
from feeds.collect.worker import ParserPool
from feeds.decide import notices
from feeds.decide.decide import decide, is_news, match_known, names_no_day
from feeds.decide.routing import AlertPolicy, braked, looks_at_items
from feeds.ledger import Ledger
from feeds.observed import (
    Failure,
    Fetched,
    FetchResult,
    NotModified,
    ParsedEntry,
    ParsedFeed,
    Understood,
)
from feeds.telling import keep, tell
from feeds.work import AT_ONCE, Reading, Studied, read_and_understand, read_document, understand_entries
from storage import ingest as store
from storage import retention, sources
from storage import snapshot as snapshots
from storage.changes import Changes, KnownItem, Lesson, SourceUpdate
from storage.database import Connection, Database
from storage.model import FetchEvent, Source, SourceDefinition, SourceKind, SourceState
from storage.snapshot import Lookup

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class PollReport:
    """What one poll did, for a log line and for `kaigi poll`."""

    source_key: str
    status: str  #: `changed`, `unchanged` or `failed`
    seen: int = 0  #: entries in the document
    new: int = 0
    changed: int = 0
    duplicates: int = 0  #: entries that repeat another to the letter
    meetings: int = 0  #: meetings founded or whose facts changed
    alerts: int = 0  #: meetings that are told for the first time
    owes: bool = False  #: messages may have to leave: alerts, edits, follow-ups
    held: int = 0  #: alerts of a flood, about which an admin decides
    silent: Mapping[str, int] = field(default_factory=dict)  #: why how many meetings raised no alert, by `Silence`
    flooded: bool = False  #: it brought far more than is usual
    failure: Failure | None = None
    state: SourceState = SourceState.OK  #: of the source, after the poll
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class PollPolicy:
    """The settings that shape a poll."""

    rhythm: Rhythm = field(default_factory=Rhythm)
    alerts: AlertPolicy = field(default_factory=AlertPolicy)
    callbacks: str | None = None  #: the public address under which hubs can call; None: hubs are not asked


@dataclass(kw_only=True, slots=True)
class _Visit:
    """One poll under way."""

    source: Source
    started: float  #: monotonic seconds
    bytes: int = 0
    articles_s: float = 0.0  #: spent on articles, which are asked for with pauses of our own

    @property
    def seconds(self) -> float:
        return round(time.monotonic() - self.started, 3)

    def event(self, now: datetime, outcome: str, new_items: int = 0) -> FetchEvent:
        """What is remembered; its seconds are the site's, so that our own politeness does not make it `slow`."""
        seconds = round(self.seconds - self.articles_s, 3)
        return FetchEvent(at=now, outcome=outcome, bytes=self.bytes, new_items=new_items, seconds=seconds)


@dataclass(frozen=True, kw_only=True)
class Ingest:
    """Polls sources. Holds the parts that all polls share."""

    database: Database
    fetcher: Fetcher
    parsers: ParserPool
    policy: PollPolicy
    clock: Callable[[], datetime]  #: gives now, aware
    robots: Robots | None = None  #: None: pages are read without asking (benchmarks)
    unread: Unread = field(default_factory=Unread)  #: articles that could not be read yet
    ledger: Ledger = field(init=False)

    def __post_init__(self) -> None:
        """Open the ledger of polls that bring nothing."""
        object.__setattr__(self, "ledger", Ledger(self.database))

    async def poll(self, source: Source) -> PollReport:
        """Poll one source once. Raises `StorageError` when the database cannot keep what was found."""
        visit = _Visit(source=source, started=time.monotonic())
        answer = await self._ask(source)
        if isinstance(answer, Failure):
            return await self._failed(visit, answer)
        if isinstance(answer, NotModified):
            return await self._unchanged(visit, answer.moved_to)
        visit.bytes = len(answer.body)
        body_hash = _hash(answer.body, source.definition)
        if body_hash == source.body_hash:
            return await self._unchanged(visit, answer.moved_to)
        studied = await self._study(source, answer)
        if isinstance(studied, Failure):
            return await self._failed(visit, studied)
        if studied.parsed.more:
            return await self._read_index(visit, answer, studied.parsed)
        return await self._read(visit, answer, body_hash, studied)

    async def _study(self, source: Source, answer: Fetched) -> Studied | Failure:
        """Read the document. Of a feed's first one, everything is new, so it is understood in the same call."""
        if _is_first_feed(source):
            return await self.parsers.run(read_and_understand, answer, source.definition, self.clock())
        parsed = await self._parse(source, answer)
        return parsed if isinstance(parsed, Failure) else Studied(parsed=parsed)

    async def _read_index(self, visit: "_Visit", answer: Fetched, index: ParsedFeed) -> PollReport:
        """Read the newest sitemaps of an index; together they are the document of this source."""
        documents = await follow.fetch_sitemaps(index, partial(self._page, visit.source.definition))
        if isinstance(documents, Failure):
            return await self._failed(visit, documents)
        bodies = [answer.body, *(document.body for document in documents)]
        visit.bytes = sum(map(len, bodies))
        body_hash = _hash(b"".join(bodies), visit.source.definition)
        if body_hash == visit.source.body_hash:
            return await self._unchanged(visit, answer.moved_to)
        parsed = await follow.read_sitemaps(index, documents, partial(self._parse, visit.source))
        if isinstance(parsed, Failure):
            return await self._failed(visit, parsed)
        return await self._read(visit, answer, body_hash, Studied(parsed=parsed))

    async def _parse(self, source: Source, answer: Fetched) -> ParsedFeed | Failure:
        return await self.parsers.run(read_document, answer, source.definition, self.clock())

    async def _ask(self, source: Source) -> FetchResult:
        address = schedule.address(source, self.clock())
        if source.definition.kind is SourceKind.PAGE:
            return await self._page(source.definition, address, source.etag, source.last_modified)
        return await self.fetcher.fetch(
            address, etag=source.etag, last_modified=source.last_modified, source=source.definition
        )

    async def _page(
        self, about: SourceDefinition, url: str, etag: str | None = None, last_modified: str | None = None
    ) -> FetchResult:
        """Get a page, if its robots.txt allows it."""
        refusal = await self.robots.refusal(url, about) if self.robots else None
        return refusal or await self.fetcher.fetch(
            url, etag=etag, last_modified=last_modified, accept=PAGE_ACCEPT, source=about
        )

    async def _read(self, visit: "_Visit", answer: Fetched, body_hash: str, studied: Studied) -> PollReport:
        source, parsed, complete = visit.source, studied.parsed, True
        news = await self._news(source, parsed.entries)
        if follow.goes_on(source, parsed, news):
            followed = await follow.read_pages(
                parsed, partial(self._page, source.definition), partial(self._parse, source)
            )
            parsed, complete = followed.parsed, followed.complete
            news = await self._news(source, parsed.entries)
        if source.definition.kind is SourceKind.PAGE:
            before_s = visit.seconds
            listed = articles.Listed(source=source, title=parsed.title, news=news)
            page = partial(self._page, source.definition)
            news, all_read = await articles.read(listed, page, self.parsers, self.unread, self.clock())
            complete = complete and all_read
            visit.articles_s = visit.seconds - before_s
        understood = await self._understand(source.definition, news, studied)
        if isinstance(understood, Failure):
            return await self._failed(visit, understood)
        hint_s = max(filter(None, (answer.max_age_s, parsed.hint_s)), default=None)
        # What could not be read yet must be seen again, so the document then counts as not yet read.
        kept = schedule.Answer(
            # A document that breaks off is asked for anew; its bytes, if they come again, need no second reading.
            etag=answer.etag if complete and parsed.whole else None,
            last_modified=answer.last_modified if complete and parsed.whole else None,
            body_hash=body_hash if complete else None,
            hint_s=hint_s,
            moved_to=answer.moved_to,
            advert=parsed.advert,
            skips=parsed.skips,
        )
        now = self.clock()
        lesson = Lesson(
            skips=parsed.skips,
            page=remembered(studied.parsed, answer, source.definition, now),
            emptied=not parsed.entries and not is_sitemap(answer),  # one for news is empty on quiet days
        )
        changes = await self._write_db(partial(self._land, visit, understood, kept, lesson, now))
        return _report(visit, parsed, changes)

    async def _news(self, source: Source, entries: Sequence[ParsedEntry]) -> list[ParsedEntry]:
        """The entries that are new or changed. The transaction looks again; this only saves work."""
        if _is_first_feed(source):
            return list(entries)
        known, forgotten = await self._read_db(partial(_known, source_id=source.id, entries=entries))
        return [entry for entry in entries if is_news(entry, known) and entry.identity not in forgotten]

    async def _understand(
        self, definition: SourceDefinition, news: Sequence[ParsedEntry], studied: Studied
    ) -> list[Understood] | Failure:
        if studied.readings is not None:
            return _paired(studied.parsed.entries, studied.readings)
        understood: list[Understood] = []
        for start in range(0, len(news), AT_ONCE):
            part = news[start : start + AT_ONCE]
            answer = await self.parsers.run(understand_entries, part, definition, self.clock())
            if isinstance(answer, Failure):
                return answer
            understood += _paired(part, answer)
        return understood

    def _land(
        self,
        visit: "_Visit",
        understood: Sequence[Understood],
        answer: schedule.Answer,
        lesson: Lesson,
        now: datetime,
        connection: Connection,
    ) -> Changes:
        """The one transaction of a poll."""
        entries = [piece.entry for piece in understood]
        visit.source = sources.get(connection, visit.source.id)  # as it is now: it may have been removed meanwhile
        snapshot = snapshots.load_snapshot(connection, visit.source, _lookup(entries, understood), now, looks_at_items)
        new = len(entries) - len(match_known(entries, snapshot.items))
        moments = snapshots.recent_moments(connection, visit.source.id, now - schedule.LEARN_FROM)
        habit = schedule.learn([*moments, *(entry.published_at or now for entry in entries)], now, visit.source)
        source = replace(visit.source, habit=habit or visit.source.habit)
        flood = schedule.is_flood(visit.source, new, now)
        event = visit.event(now, "flooded" if flood else "changed", new_items=new)
        update = schedule.after_success(source, answer, event, self.policy.rhythm, now)
        if lesson.emptied and visit.source.last_new_at is not None:
            update = schedule.emptied(update)
        decided = decide(snapshot, understood, update, self.policy.alerts, now)
        learned = lesson.page is not None or lesson.skips != visit.source.skips
        changes = replace(braked(decided, self.policy.alerts, flood=flood), lesson=lesson if learned else None)
        store.apply(connection, changes, now)
        if self.policy.callbacks is not None:
            websub.follow(connection, visit.source, answer.advert, new, self.policy.callbacks, now)
        held = len(changes.held)
        tell(connection, visit.source, update, now, *([notices.flooded(visit.source, new, held, now)] if flood else ()))
        return changes

    async def _unchanged(self, visit: "_Visit", moved_to: str | None = None) -> PollReport:
        now = self.clock()
        event = visit.event(now, "unchanged")
        update = schedule.after_no_change(visit.source, event, self.policy.rhythm, now, moved_to)
        await self._keep(visit.source, update, now)
        return PollReport(
            source_key=visit.source.definition.key, status="unchanged", state=update.state, seconds=visit.seconds
        )

    async def _failed(self, visit: "_Visit", failure: Failure) -> PollReport:
        now = self.clock()
        event = visit.event(now, failure.kind)
        update = schedule.after_failure(visit.source, failure, event, self.policy.rhythm, now)
        await self._keep(visit.source, update, now)
        return PollReport(
            source_key=visit.source.definition.key,
            status="failed",
            failure=failure,
            state=update.state,
            seconds=visit.seconds,
        )

    async def _keep(self, source: Source, update: SourceUpdate, now: datetime) -> None:
        """Write a poll down that brought nothing; by itself only when there is something to tell the admins."""
        if update.state is SourceState.PAUSED or notices.due(source, update, now):
            await self._write_db(partial(keep, source=source, change=update, now=now))
        else:
            await self.ledger.record(update)

    async def _read_db(self, fn: Callable[[Connection], T]) -> T:
        return await asyncio.to_thread(self.database.read, fn)

    async def _write_db(self, fn: Callable[[Connection], T]) -> T:
        return await asyncio.to_thread(self.database.write, fn)


def _hash(body: bytes, definition: SourceDefinition) -> str:
    """Of the bytes and of the rules that read them: a changed rule must read the same bytes again."""
    rules = repr((definition.kind, definition.rules)).encode()
    return hashlib.blake2b(body, key=hashlib.blake2b(rules, digest_size=32).digest(), digest_size=20).hexdigest()


def _lookup(entries: Sequence[ParsedEntry], understood: Sequence[Understood] = ()) -> Lookup:
    facts = [p.understanding.mention.facts for p in understood if p.understanding.mention]
    url_of = {entry.identity: entry.url for entry in entries if entry.url and entry.url_is_own}
    return Lookup(
        identities=tuple(entry.identity for entry in entries),
        urls=tuple(url_of.values()),
        url_of=url_of,
        days=tuple(day for f in facts for day in (f.starts_on, f.ends_on) if day),
        series=tuple(series for f in facts for series in (f.series, f.parent) if series),
        has_meetings=bool(facts),
        keys=tuple(key for p in understood if not p.understanding.mention for key in p.likeness.keys),
        undated=tuple({p.entry.title for p in understood if names_no_day(p)}),
    )


def _known(
    connection: Connection, *, source_id: int, entries: Sequence[ParsedEntry]
) -> tuple[Mapping[str, KnownItem], set[str]]:
    """The items that entries are, and the identities of those that were known and forgotten."""
    known = match_known(entries, snapshots.known_items(connection, source_id, _lookup(entries)))
    strangers = [entry.identity for entry in entries if entry.identity not in known]
    return known, retention.buried(connection, source_id, strangers) if strangers else set()


def _is_first_feed(source: Source) -> bool:
    """Whether nothing of this feed is known yet."""
    return source.first_success_at is None and source.definition.kind is SourceKind.FEED


def _paired(entries: Sequence[ParsedEntry], readings: Sequence[Reading]) -> list[Understood]:
    return [
        Understood(entry=entry, understanding=understanding, likeness=likeness)
        for entry, (understanding, likeness) in zip(entries, readings, strict=True)
    ]


def _report(visit: _Visit, parsed: ParsedFeed, changes: Changes) -> PollReport:
    return PollReport(
        source_key=visit.source.definition.key,
        status="changed",
        seen=len(parsed.entries),
        new=len(changes.inserts),
        changed=len(changes.updates),
        duplicates=parsed.duplicates,
        meetings=len(changes.meetings),
        alerts=sum(1 for alert in changes.alerts if alert.filters),
        owes=bool(changes.alerts or changes.retellings),
        held=len(changes.held),
        silent=changes.silent,
        flooded=changes.source.event is not None and changes.source.event.outcome == "flooded",
        state=changes.source.state,
        seconds=visit.seconds,
    )
