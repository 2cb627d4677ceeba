"""How fast the archive answers, and how fast filters decide: `make bench-query`.

Searches run on the archive of `make archive-1m` through the same function that page, feeds and commands use: SQL
narrows, the matcher decides, the newest twenty are read whole. Each query runs several times; the figure is the 95th
percentile over all runs of its kind, the first one included. Goals are held by the clock on the wall; the time of the
processor is told beside it, because on a busy machine the one is a multiple of the other.
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from bench.archive import archive_file, build
from bench.figures import Goal, number, print_table, report
from feeds import archive
from feeds.decide.filters import matches
from feeds.decide.narrow import narrow
from feeds.decide.query import Query, parse
from storage import search
from storage.database import Connection, Database
from storage.plans import Plan

NOW = datetime(2026, 11, 1, tzinfo=UTC)
RUNS = 5

KINDS: dict[str, list[str]] = {
    "two-character words": ["小泉", "日米", "日豪", "会談", "演習", "予算", "白書", "装備", "米韓", "陸軍",
                            "衛相", "暗号"],
    "words": ["防衛省", "小泉防衛相", "共同訓練", "統合幕僚長", "minister", "submarine", "canberra", "shipbuild*", "越",
              "第13号", "1234", "unicorn", "量子暗号"],
    "phrases": ['"joint statement"', '"defence ministers\' meeting"', "「日米会談第13号」", '"no 1234 in"',
                '"the secretary signed"', '"statement in manila"', '"secretary unicorn"'],
    "combinations": ["日米 会談", "小泉 OR hanoi", "演習 -日米", "title:潜水艦", "lang:ja 会談", "防衛省 1月",
                     "is:meeting 会談",
                     "第13号 第14号 第15号", "level:minister country:豪 演習"],
    "patterns with a word": ["会談 /第1[0-9]号/", "submarine /no 1\\d\\d in (tokyo|paris)/", "日英 /潜水艦.*延期/",
                             "白書 /第999号/", "canberra /signed a (sub|cyber)\\w+/", "演習 /(日米|日豪)演習第9/"],
}  # fmt: skip

TEN_TERMS = (
    "(防衛 OR defence OR defense) (会談 OR meeting OR talks) -演習 -release (日米 OR tokyo) lang:ja,en trust:press"
)


def main() -> int:
    """Measure, print, and tell by the exit status whether all goals hold."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--items", type=int, default=1_000_000)
    chosen = options.parse_args()
    file = archive_file(chosen.items)
    if not file.exists():
        build(file, chosen.items)
    database = Database(f"sqlite:///{file}")
    taken, work = database.read(_searches)
    rate = database.read(_matcher_rate)
    thousand = database.read(_thousand_filters)
    writing = _planning()
    database.close()
    words = [*taken["two-character words"], *taken["words"], *taken["phrases"]]
    goals = [
        Goal(name="newest 20, words and phrases, p95", goal=50, value=_p95(words), unit="ms", at_least=False),
        Goal(
            name="newest 20, two-character words, p95", goal=50, value=_p95(taken["two-character words"]), unit="ms",
            at_least=False,
        ),
        Goal(
            name="newest 20, pattern with a word, p95", goal=500, value=_p95(taken["patterns with a word"]), unit="ms",
            at_least=False,
        ),
        Goal(name="matcher, 10 terms, from raw text", goal=20_000, value=rate, unit="items/s"),
        Goal(name="1,000 filters, one item", goal=10, value=thousand, unit="ms", at_least=False),
    ]  # fmt: skip
    for name, runs in work.items():
        print(f"{name}: {_p95(runs):.0f} ms of processor time, 95th percentile")
    print(f"Reading and planning a query of ten terms: {writing:.2f} ms.\n")
    note = "" if chosen.items == 1_000_000 else f"{chosen.items:,} items instead of 1,000,000"
    return report("bench-query", goals, note=note)


def _searches(connection: Connection) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Milliseconds on the wall and of the processor, by kind of query."""
    taken: dict[str, list[float]] = {}
    work: dict[str, list[float]] = {}
    rows = []
    for kind, queries in KINDS.items():
        for words in queries:
            query = parse(words)
            runs, worked, found = _timed(lambda query=query: archive.find_items(connection, query, now=NOW, limit=20))  # type: ignore[misc]
            taken.setdefault(kind, []).extend(runs)
            work.setdefault(kind, []).extend(worked)
            figures = (min(runs), max(runs), max(worked))
            rows.append((f"{kind}: {words}", str(len(found.items)), *map(number, figures)))
    print_table(("newest 20", "found", "best ms", "worst ms", "worst ms of processor"), rows)
    return taken, work


def _timed(work: Callable[[], archive.FoundItems]) -> tuple[list[float], list[float], archive.FoundItems]:
    """Milliseconds on the wall and of the processor, a figure a run, and what was found."""
    runs, worked = [], []
    for _ in range(RUNS):
        started, began = time.perf_counter(), time.process_time()
        found = work()
        runs.append((time.perf_counter() - started) * 1000)
        worked.append((time.process_time() - began) * 1000)
    return runs, worked, found


def _p95(runs: Sequence[float]) -> float:
    return statistics.quantiles(runs, n=20, method="inclusive")[-1]


def _matcher_rate(connection: Connection) -> float:
    """Items a second, from the raw words of each."""
    rows = search.search(connection, Plan(), 4000).rows
    query = parse(TEN_TERMS)
    assert sum(1 for _ in query.leaves()) >= 10
    rates = []
    for _ in range(RUNS):
        subjects = [archive.subject(row, NOW) for row in rows]
        started = time.perf_counter()
        for subject in subjects:
            matches(query, subject)
        rates.append(len(subjects) / (time.perf_counter() - started))
    return statistics.median(rates)


def _thousand_filters(connection: Connection) -> float:
    """Milliseconds for a thousand different filters, of fields and words, against one item; the worst of fifty."""
    chance = random.Random(1)
    queries: list[Query] = []
    fields = ["is:meeting", "level:minister", "kind:bilateral", "country:豪", "country:US", "lang:ja", "trust:official"]
    words = ["小泉", "日米", "会談", "submarine", '"joint statement"', "ministers", "演習", "canberra", "白書"]
    for count in range(1000):
        chosen = [*chance.sample(fields, 2), chance.choice(words), f"-title:第{count}号"]
        queries.append(parse(" ".join(chosen)))
    rows = search.search(connection, Plan(), 50).rows
    for query in queries:
        matches(query, archive.subject(rows[0], NOW))  # made ready once, as the service does
    taken = []
    for row in rows:
        subject = archive.subject(row, NOW)
        started = time.perf_counter()
        for query in queries:
            matches(query, subject)
        taken.append((time.perf_counter() - started) * 1000)
    return _p95(taken)


def _planning() -> float:
    """Milliseconds to read and plan a query of ten terms that nobody asked before."""
    started = time.perf_counter()
    for count in range(50):
        narrow(parse(f"{TEN_TERMS} x{count}"), NOW)
    return (time.perf_counter() - started) * 1000 / 50


if __name__ == "__main__":
    sys.exit(main())
