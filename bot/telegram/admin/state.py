"""`/stats` and `/health`: how much there is, and whether all is well."""

import shutil
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from bot.telegram.admin.answers import Answer, Ask, bold, esc, lines
from feeds.publish.words import SOURCE_STATES
from storage import news, queue, sources, tracing
from storage.database import Connection, Database
from storage.model import Source, SourceState

DAY, WEEK = timedelta(days=1), timedelta(days=7)
_BAD = (SourceState.FAILING, SourceState.BLOCKED, SourceState.EMPTY, SourceState.SILENT)
LOW_DISK = 2**30  # bytes


async def stats(ask: Ask) -> Answer:
    """Readers, articles, meetings and messages; of a day and of a week."""
    return await ask.read(lambda c: _stats(c, ask))


def _stats(connection: Connection, ask: Ask) -> Answer:
    figures = news.figures(connection)
    chats = tracing.chats_by_state(connection)
    by_chat = ", ".join(f"{esc(channel)} {esc(state)} {count}" for (channel, state), count in sorted(chats.items()))
    spans = [line for name, span in (("24 h", DAY), ("7 d", WEEK)) for line in _span(connection, ask, name, span)]
    return Answer(
        html=lines(
            bold(ask.say("Figures")),
            ask.say("{items} articles, {meetings} meetings, {sources} sources",
                    items=figures.items, meetings=figures.meetings, sources=figures.sources),
            f"{ask.say('Chats')}: {by_chat or '0'}",
            *spans,
        )
    )  # fmt: skip


def _span(connection: Connection, ask: Ask, name: str, span: timedelta) -> list[str]:
    found = tracing.verdicts(connection, ask.now - span)
    items = ", ".join(f"{esc(verdict)} {count}" for verdict, count in sorted(found.items.items())) or "0"
    sent = ", ".join(f"{esc(state)} {count}" for state, count in sorted(found.deliveries.items())) or "0"
    waits = ask.say("half of the alerts left within {half} s, 19 of 20 within {most} s",
                    half=_share(found.waits_s, 0.5), most=_share(found.waits_s, 0.95))  # fmt: skip
    return [
        bold(name),
        f"   {ask.say('New meetings')}: {found.meetings}",
        f"   {ask.say('Articles')}: {items}",
        f"   {ask.say('Messages')}: {sent}",
        f"   {waits}" if found.waits_s else "",
    ]


def _share(waits: Sequence[float], share: float) -> str:
    return f"{waits[min(int(len(waits) * share), len(waits) - 1)]:.1f}" if waits else "–"


async def health(ask: Ask) -> Answer:
    """Each part, and what to do where something is wrong."""
    parts = ask.office.health()
    told = await ask.read(lambda c: _look(c, ask))
    shown = [f"{'✅' if state in _FINE else '⚠️'} {esc(name)}: {esc(state)}" for name, state in parts.items()]
    return Answer(html=lines(bold(ask.say("Health")), *shown, *told, _disk(ask)))


_FINE = (True, "ok", "off")


def _look(connection: Connection, ask: Ask) -> list[str]:
    figures, oldest = news.figures(connection), tracing.oldest_waiting(connection)
    every = [one for one in sources.every(connection) if one.definition.enabled]
    bad = [one for one in every if one.state in _BAD]
    _, due = queue.due(connection, ask.now)
    late = due is not None and ask.now - due > timedelta(minutes=10)
    waiting = ask.say("{count} messages wait, the oldest since {moment}",
                      count=figures.deliveries_waiting, moment=ask.clock(oldest))  # fmt: skip
    polled = max((one.last_polled_at for one in every if one.last_polled_at), default=None)
    stuck = bool(every) and (polled is None or ask.now - polled > timedelta(hours=3))
    return [
        f"{'⚠️' if late else '✅'} {waiting}",
        f"{'⚠️' if stuck else '✅'} {ask.say('last poll {moment}', moment=ask.clock(polled))}",
        f"{'⚠️' if bad else '✅'} " + ask.say("{bad} of {all} sources in trouble", bad=len(bad), all=len(every)),
        *(f"   {esc(one.definition.key)}: {esc(_state(ask, one))}" for one in bad[:8]),
    ]


def _state(ask: Ask, one: Source) -> str:
    return SOURCE_STATES[ask.language][one.state][0]


def _disk(ask: Ask) -> str:
    free = shutil.disk_usage(_folder(ask.database)).free
    return f"{'⚠️' if free < LOW_DISK else '✅'} " + ask.say(
        "{gigabytes} GB free on the disk", gigabytes=f"{free / 1e9:.1f}"
    )


def _folder(database: Database) -> Path:
    file = database.url.database if database.is_sqlite else None
    return Path(file).resolve().parent if file and file != ":memory:" else Path.cwd()
