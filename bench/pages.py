"""How long the server works for a page: `make bench-pages`.

The application is called in this process, as uvicorn would call it, over an archive of 100,000 items and 10,000
meetings. Every address is asked for the first time (nothing is kept of it) and once more. Beside them stands an empty
page of the same look from the same run, which tells what machine and template cost alone. A figure is the 95th
percentile of processor time, all threads together: on a shared machine the clock on the wall tells more of the others.
All of it is done three times, each with a new application that knows nothing yet.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.figures import Goal, number, print_table, report
from bench.pages_archive import NOW, archive
from feeds.publish.warm import warm
from feeds.publish.web import Library, create_app
from feeds.publish.web_base import page
from storage import instance, revision
from storage.database import Connection, Database

Row = tuple[str, int, float, float, float, float | None]

PASSES = 3  #: each address counts with the median of them
TURNS = 12  #: changes in a pass
CHANGED = "/ after a change"
GOAL_MS = 50.0
GOAL_RATIO = 100.0  #: an empty page takes half a millisecond where fifty are the goal
HEADERS = [(b"host", b"kaigi.example"), (b"accept-encoding", b"gzip"), (b"accept-language", b"ja")]

COUNTRIES = ("JP", "US", "AU", "PH", "KR", "IN", "GB", "FR", "DE", "VN", "ID", "SG")
WORDS = (
    "小泉", "日米", "共同訓練", "統合幕僚長", "minister", "submarine", "canberra", "unicorn", '"joint statement"',
    "「日米会談第13号」", '"defence ministers\' meeting"', "防衛省 会談", "演習 -日米", "小泉 OR hanoi",
)  # fmt: skip
MIXED = (
    "country:JP 会談", "country:AU submarine", "level:minister 日米", "kind:bilateral 共同訓練", "is:meeting 防衛省",
    "country:JP country:AU 演習", "minister:小泉 白書", "date:2026 \"joint statement\"", "has:outcome canberra",
    "series:admm-plus 会談", "lang:ja country:US", "trust:official country:KR", "source:s7 is:meeting",
    "age:<30d country:JP",
    "country:FR OR 潜水艦", "-country:JP 護衛艦", "会談 /第1[0-9]号/", "title:潜水艦 country:VN", "country:PH unicorn",
    "frigate* OR submarine*",
)  # fmt: skip
FACTS = (
    "country:JP", "country:JP country:AU", "minister:小泉 date:2026", "kind:2+2 -format:電話", "series:admm-plus",
    "level:minister", "has:outcome", "is:meeting", "date:2025-03..2025-09", "country:TO",
)  # fmt: skip


def front() -> list[str]:
    """Views of the first page."""
    found = ["/", "/?lang=en", "/?page=40", "/?level=any", "/?phase=cancelled", "/?format=phone", "/?kind=two_plus_two"]
    found += [f"/?country={code}" for code in COUNTRIES]
    found += [f"/?country=JP&country={code}&lang=en" for code in COUNTRIES[1:]]
    return found + [f"/?period={year}&kind=bilateral" for year in range(2020, 2027)]


def charts() -> list[str]:
    """Pages of pictures, and the same as data."""
    found = [
        "/countries",
        "/countries?lang=en",
        "/countries.json",
        "/people",
        "/series",
        "/series/admm-plus",
        "/series/admm",
    ]
    found += [f"/countries?period={year}" for year in range(2020, 2027)]
    found += [f"/countries/{code}" for code in COUNTRIES] + [f"/countries/{code}.json" for code in COUNTRIES[:4]]
    return found + [f"/people/{key}" for key in ("shinjiro-koizumi", "richard-marles", "pete-hegseth")]


def searches(words: Sequence[str]) -> list[str]:
    """A search each."""
    return [f"/search?q={quote(one)}" for one in words]


GROUPS = {
    "/": front(),
    "pictures": charts(),
    "search, facts": searches(FACTS),
    "search, words": searches(WORDS),
    "search, mixed": searches(MIXED),
}


def main() -> int:
    """Measure, print, and tell by the exit status whether all goals hold."""
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--items", type=int, default=100_000)
    options.add_argument("--each", action="store_true", help="print every address")
    chosen = options.parse_args()
    database = Database(f"sqlite:///{archive(chosen.items)}")
    try:
        return asyncio.run(_measure(database, chosen.items, each=chosen.each))
    finally:
        database.close()


async def _measure(database: Database, items: int, *, each: bool) -> int:
    passes = [await _pass(database, number) for number in range(PASSES)]
    empty = [ms for one in passes for ms in one.empty]
    usual = statistics.median(empty)
    goals: list[Goal] = []
    rows: list[Row] = [("empty page", len(empty), usual, _p95(empty), 1.0, None)]
    for name, addresses in {**GROUPS, CHANGED: [str(turn) for turn in range(TURNS)]}.items():
        fresh = [statistics.median(one.fresh[name, address] for one in passes) for address in addresses]
        again = [statistics.median(one.again[address] for one in passes) for address in addresses if name != CHANGED]
        if each:
            for address, taken in sorted(zip(addresses, fresh, strict=True), key=lambda pair: -pair[1]):
                print(f"{taken:8.1f} ms  {address}")
        p95 = _p95(fresh)
        rows.append((name, len(fresh), statistics.median(fresh), p95, p95 / usual, _p95(again) if again else None))
        goals.append(Goal(name=f"{name}, p95", goal=GOAL_MS, value=p95, unit="ms CPU", at_least=False))
    goals += [
        Goal(name=f"{row[0]}, p95 against an empty page", goal=GOAL_RATIO, value=row[4], unit="x", at_least=False)
        for row in rows[1:]
    ]
    print_table(
        ("page", "asked", "median ms", "p95 ms", "x empty", "again, p95 ms"),
        [(row[0], str(row[1]), *(number(value, 1) for value in row[2:])) for row in rows],
    )
    ready = statistics.median(one.ready_ms for one in passes)
    print(f"What is made ready at a start, before the first page: {ready:.0f} ms.\n")
    note = "" if items == 100_000 else f"{items:,} items instead of 100,000"
    return report("bench-pages", goals, note=note)


@dataclass
class _Pass:
    """What one application took, from its start."""

    ready_ms: float = 0.0
    empty: list[float] = field(default_factory=list)
    fresh: dict[tuple[str, str], float] = field(default_factory=dict)
    again: dict[str, float] = field(default_factory=dict)


async def _pass(database: Database, number: int) -> _Pass:
    """Ask a new application for everything. An empty page before each tells how fast the machine is at the moment."""
    authority, began_at = database.write(lambda c: instance.born(c, "kaigi.example", NOW))
    library = Library(
        database=database, authority=authority, began_at=began_at, address="https://kaigi.example", language="ja",
        health=lambda: {"ready": True}, clock=lambda: NOW,
    )  # fmt: skip
    app, found = create_app(library, [Route("/empty", _empty)]), _Pass()
    began = time.process_time()
    await warm(app)  # as the service does when it starts
    found.ready_ms = (time.process_time() - began) * 1000
    for name, addresses in GROUPS.items():
        for address in addresses:
            found.empty.append(await _ask(app, "/empty"))
            found.fresh[name, address] = await _ask(app, address)
        for address in addresses:
            found.again[address] = await _ask(app, address)
    for turn in range(TURNS):
        database.write(partial(_change, number=number * TURNS + turn))
        found.fresh[CHANGED, str(turn)] = await _ask(app, "/")
    return found


def _change(connection: Connection, number: int) -> None:
    """One meeting more was told of again."""
    moment = (NOW + timedelta(minutes=number + 1)).strftime("%Y-%m-%d %H:%M:%S.000000")
    connection.exec_driver_sql(
        "UPDATE meetings SET active_at = ? WHERE story_id = (SELECT max(story_id) FROM meetings)", (moment,)
    )
    revision.bump(connection)


async def _empty(request: Request) -> Response:
    return page(request, "error.html", code=200, detail="")


async def _ask(app: object, address: str) -> float:
    """Milliseconds of processor time for one request, all threads together."""
    path, _, query = address.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": query.encode(), "headers": HEADERS,
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    said: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        said.append(message)

    began = time.process_time()
    await app(scope, receive, send)  # type: ignore[operator]
    taken = (time.process_time() - began) * 1000
    assert said[0]["status"] == 200, (address, said[0])
    return taken


def _p95(runs: Sequence[float]) -> float:
    return statistics.quantiles(runs, n=20, method="inclusive")[-1]


if __name__ == "__main__":
    sys.exit(main())
