"""A simulated day of many newsrooms, and clocks that jump: punctual, nothing left over, flat memory, no digest twice.

    python -m bench.chaos_soak [--quick]

200 sources are polled every ten minutes for a day that is over in minutes: 28,800 polls, 2,000 articles, 500 chats. The
service is dropped where it stands twice a day, and its clock jumps by an hour forth and back. Digests are then led
through daylight saving, a leap day and the end of a year, each with such jumps.
"""

import argparse
import asyncio
import json
import multiprocessing
import shutil
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select, update

from bench.chaos_world import History, Newsrooms, happening, none, pairs, stories
from bench.delivery_side import quiet
from bench.figures import Goal, number, print_table, report
from bench.soak_side import Day, live
from bot.digests import Digests
from feeds.world import World, WorldArticle, WorldSource
from storage import filters, schema, sources, subscriptions
from storage.database import Connection, Database
from storage.model import Channel, SourceDefinition, Trust
from storage.tables import chats, deliveries
from tests.support.bot_api import BotApi

INTERVAL_S = 600
HAPPENINGS_SHARE = 10  #: of so many articles, three tell of one meeting


def world(count: int, articles: int, minutes: int) -> World:
    """`count` sources that share `articles` of which some tell of meetings, spread over the day but its last hour."""
    span = (minutes - 60) * 60
    meetings = articles // HAPPENINGS_SHARE
    told: list[tuple[WorldArticle, str]] = []
    for index in range(meetings):
        at = 1200 + span * index / meetings
        told += [
            (article, language) for article, language in zip(happening(index, at), ("ja", "en", "ja"), strict=True)
        ]
    for index in range(articles - len(told)):
        at = 1200 + span * index / (articles - len(told))
        told.append((_other(index, at), "en"))
    made: list[list[WorldArticle]] = [[] for _ in range(count)]
    for index, (article, language) in enumerate(told):
        place = index * 2 % count + (language == "en")  # even sources write Japanese
        made[place % count].append(article)
    old = WorldArticle(path="/old.html", title="Opening hours of the library", text="The library opens at nine.")
    return World(
        sources=tuple(
            WorldSource(definition=_definition(n), format="rss", articles=(replace(old, path=f"/old/{n}"), *own))
            for n, own in enumerate(made)
        )
    )


def _definition(index: int) -> SourceDefinition:
    return SourceDefinition(
        key=f"n{index}", url=f"/n{index}.xml", name=f"Newsroom {index}", language="en" if index % 2 else "ja",
        trust=Trust.PRESS, time_zone="UTC", interval_s=INTERVAL_S,
    )  # fmt: skip


def _other(index: int, at: float) -> WorldArticle:
    words, text = f"Bridge number {index} was painted", f"It took {index} days."
    return WorldArticle(path=f"/o/{index}.html", title=words, text=text, appears_after_s=at)


def _crowd(connection: Connection, people: int, now: datetime) -> None:
    """One in twenty-five hears of everything, half of the others get a digest, the rest follow a country."""
    filters.ensure_built_in(connection)
    for address in range(1, people + 1):
        chat = subscriptions.open_chat(
            connection, Channel.TELEGRAM, str(address), language="en", time_zone="UTC", now=now
        )
        subscriptions.subscribe(connection, chat.id, filters.MEETINGS, now)
        if address % 25:
            hour = f"daily {address % 24:02}:{address % 6}0"
            connection.execute(update(chats).where(chats.c.id == chat.id).values(digest=hour))


async def day(folder: Path, count: int, articles: int, people: int, minutes: int) -> list[Goal]:
    """The day."""
    began_at = datetime(2028, 2, 28, 12, tzinfo=UTC)  # it ends on the leap day
    context = multiprocessing.get_context("forkserver")
    passed = context.Value("d", 0.0)
    newsroom = Newsrooms(world=world(count, articles, minutes), clock=lambda: passed.value, started_at=began_at)
    file, out = folder / "kaigi.db", folder / "seen.json"
    async with newsroom, BotApi(keep_calls=False) as api:
        for address in range(1, people + 1):
            api.add_chat(address)
        with closing(Database(f"sqlite:///{file}")) as database:
            schema.upgrade(database)
            database.write(partial(_crowd, people=people, now=began_at))
            database.write(partial(sources.follow_file, definitions=newsroom.definitions(), now=began_at))
        what = Day(place=f"sqlite:///{file}", api_url=api.url, began_at=began_at, minutes=minutes, out=out)
        process = context.Process(target=live, args=(what, passed))
        process.start()
        await asyncio.to_thread(process.join, 3600)
        seen: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        with closing(Database(f"sqlite:///{file}")) as database:
            told = database.read(stories)
        at_once = [str(address) for address in range(25, people + 1, 25)]
        alerts = [one for one in api.sent if one.chat_id % 25 == 0]
        api.sent[:], digests = alerts, len(api.sent) - len(alerts)
        history = History.of(range(articles // HAPPENINGS_SHARE), told, api, at_once)
    return _judged(seen, history, digests)


def _judged(seen: dict[str, Any], history: History, digests: int) -> list[Goal]:
    lags, memory, polls = seen["lags"], seen["memory"], seen["polls"]
    third = len(memory) * 2 // 3
    slope = _slope(polls[third:], memory[third:]) * 10_000
    half = len(memory) // 3
    rows = [
        (str(p), number(m, 1), str(d), str(t))
        for p, m, d, t in zip(polls, memory, seen["descriptors"], seen["threads"], strict=True)
    ]
    print_table(("polls", "MB", "descriptors", "threads"), rows[:: max(len(rows) // 12, 1)])
    print(f"{len(lags):,} polls, {history.arrived} alerts, {digests} digests and others")
    missed = sum(gap >= 2 * INTERVAL_S for gap in seen["gaps"])
    spread = max(seen["descriptors"][half:]) - min(seen["descriptors"][half:])
    return [
        Goal(name="polls", goal=1, value=len(lags), unit=""),
        none("polls missed: a source not asked for two intervals", missed),
        Goal(name="poll lag, p99", goal=INTERVAL_S, value=statistics.quantiles(lags, n=100)[-1], unit="s",
             at_least=False),
        none("messages left", seen["left"]),
        *history.goals("the day", in_doubt=32),
        Goal(name="memory, slope of the last third", goal=1.0, value=slope, unit="MB/10,000 polls", at_least=False),
        Goal(name="memory, peak", goal=300, value=max(memory), unit="MB", at_least=False),
        Goal(name="descriptors, most less fewest after the first third", goal=24, value=spread, unit="",
             at_least=False),
        Goal(name="threads, most", goal=20, value=max(seen["threads"]), unit="", at_least=False),
    ]  # fmt: skip


def _slope(x: Sequence[float], y: Sequence[float]) -> float:
    return statistics.linear_regression(x, y).slope


# Digests through the calendar: no process, no network, only the clock.

_SCENES = {
    "daylight saving begins": (datetime(2026, 3, 28, tzinfo=UTC), "Europe/London", "daily 01:30"),
    "daylight saving ends": (datetime(2026, 10, 24, tzinfo=UTC), "Europe/London", "daily 01:30"),
    "it begins in New York": (datetime(2026, 3, 7, tzinfo=UTC), "America/New_York", "daily 02:30"),
    "a leap day": (datetime(2028, 2, 28, tzinfo=UTC), "Asia/Tokyo", "daily 08:00"),
    "the end of a year": (datetime(2026, 12, 30, tzinfo=UTC), "Asia/Tokyo", "daily 00:00"),
}
_DAYS = 4


async def calendar(folder: Path) -> list[Goal]:
    """One digest a day of the chat's own, whatever clocks do."""
    twice = skipped = 0
    with closing(Database(f"sqlite:///{folder / 'new.db'}")) as new:
        schema.upgrade(new)
    for number_of, (name, (start, zone, spec)) in enumerate(_SCENES.items()):
        for jump_h in (0, 1, -1):
            file = shutil.copy(folder / "new.db", folder / f"{number_of}{jump_h}.db")
            with closing(Database(f"sqlite:///{file}")) as database:
                made = await _led_through(database, start, zone, spec, timedelta(hours=jump_h))
            days = Counter(moment.astimezone(ZoneInfo(zone)).date() for moment in made)
            more, fewer = sum(count - 1 for count in days.values()), max(_DAYS - 1 - len(days), 0)
            twice, skipped = twice + more, skipped + fewer
            if more or fewer:
                print(f"{name}, jump {jump_h} h: {dict(days)}")
    return [none("digests twice a day", twice), none("digests skipped", skipped)]


async def _led_through(database: Database, start: datetime, zone: str, spec: str, jump: timedelta) -> list[datetime]:
    """The moments of the digests of four days in which something is always held; the clock jumps on the second."""
    now = start
    digests = Digests(database=database, clock=lambda: now, on_messages=lambda: None)
    chat = database.write(
        lambda c: subscriptions.open_chat(c, Channel.TELEGRAM, "1", language="en", time_zone=zone, now=start)
    )
    database.write(lambda c: c.execute(update(chats).values(digest=spec)))
    for minute in range(0, _DAYS * 1440, 30):
        if minute == 1440 + 720:
            now += jump
        now += timedelta(minutes=30)
        database.write(partial(_hold, chat_id=chat.id, number_of=minute, now=now))
        await digests.round()
    made = select(deliveries.c.created_at).where(deliveries.c.kind == "digest").order_by(deliveries.c.id)
    return list(database.read(lambda c: c.execute(made).scalars().all()))


def _hold(connection: Connection, chat_id: int, number_of: int, now: datetime) -> None:
    row = {
        "chat_id": chat_id, "kind": "alert", "version": 1, "once": f"held {number_of}", "held": "digest",
        "state": "queued", "not_before": now, "attempt": 0, "repeat": False, "created_at": now, "updated_at": now,
    }  # fmt: skip
    connection.execute(insert(deliveries).values(**row))


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="a quarter of a day, 40 sources, 50 chats")
    parser.add_argument("--sources", type=int, default=200, help="newsrooms; articles and chats follow")
    arguments = parser.parse_args()
    quiet()
    multiprocessing.get_context("forkserver").set_forkserver_preload(["bench.soak_side"])
    sizes = (40, 400, 50, 360) if arguments.quick else _sizes(arguments.sources)
    assert sizes[1] // HAPPENINGS_SHARE <= len(pairs())
    with tempfile.TemporaryDirectory(prefix="kaigi-chaos-") as base:
        for name in ("day", "calendar"):
            (Path(base) / name).mkdir()
        goals = asyncio.run(calendar(Path(base) / "calendar"))
        goals += asyncio.run(day(Path(base) / "day", *sizes))
    whole = "" if arguments.sources >= 200 else f"{arguments.sources} sources"
    return report("chaos-soak", goals, note="quick" if arguments.quick else whole)


def _sizes(count: int) -> tuple[int, int, int, int]:
    """Sources, articles, chats and minutes."""
    return count, count * 10, count * 5 // 2, 1_440


if __name__ == "__main__":
    sys.exit(main())
