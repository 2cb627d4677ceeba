"""`make bench-understand`: what understanding one item costs, on one core, and how that grows.

    the feeds of bench-collect ──► parse ──► ordinary news, one item in thirty a meeting ──┐
    reports of meetings with bodies of 2,000 and 6,000 characters ─────────────────────────┼─► understand ─► seconds
    one word repeated to a megabyte; a lexicon grown by 5,000 entries ─────────────────────┘

Times are processor seconds of this process, the best of several runs, so that neighbours on the machine count little.
"""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from bench.corpus import feed
from bench.figures import Goal, number, print_table, report
from feeds.collect.feed import parse_feed
from feeds.observed import Article, Fetched, ParsedFeed, Verdict
from feeds.understand.folding import fold
from feeds.understand.lexicon import Lexicon, Place, default_lexicon
from feeds.understand.meetings import understand
from feeds.understand.scan import scanner_for
from feeds.work import article
from storage.model import SourceDefinition

RUNS = 15
SINGLE_RUNS = 200  # of one item alone: a neighbour disturbs longer than it takes
FEEDS = 20
ITEMS = 30
GROWN = 5_000
_DAY = date(2025, 11, 6)
_NOW = datetime(2025, 11, 6, 12, tzinfo=UTC)
_TITLE = "小泉防衛大臣がイタリアのクロセット国防大臣と会談（11月4日）"
_LEAD = "令和7年11月4日、小泉防衛大臣はローマにおいてイタリアのクロセット国防大臣と会談を行い、次の点で一致した。"
_POINT = "両大臣は、地域の情勢について意見を交わし、部隊間の協力と装備の共同開発をさらに進めることを確認した。"


def main(_arguments: Sequence[str] | None = None) -> int:
    """Measure and report. Exit status 0 only when every goal holds."""
    lexicon = default_lexicon()
    ordinary = _ordinary()
    short, long = _meeting(2_000), _meeting(6_000)
    understand(short)  # builds the scanner
    of_news = _seconds(lambda: [understand(one) for one in ordinary]) / len(ordinary)
    of_long = _seconds(lambda: understand(long), SINGLE_RUNS)
    of_short, of_grown = _side_by_side(lexicon, short)
    print_table(
        ("understanding", "items/s", "ms an item"),
        [
            _row(f"ordinary news of {_length(ordinary)} characters, one meeting in thirty", of_news),
            _row("a meeting of 2,000 characters", of_short),
            _row("a meeting of 6,000 characters", of_long),
        ],
    )
    growth, flat = _growth(lexicon), of_grown / of_short
    return report(
        "bench-understand",
        [
            Goal(name="ordinary news", goal=0.12, value=of_news * 1000, unit="ms", at_least=False),
            Goal(name="an item of 2,000 characters", goal=2.0, value=of_short * 1000, unit="ms", at_least=False),
            Goal(name="items of 6,000 characters a second", goal=300, value=1 / of_long, unit="1/s"),
            Goal(name="1 MB of 会談 against 100 kB", goal=15, value=growth, unit="x", at_least=False),
            Goal(name=f"lexicon with {GROWN:,} more entries", goal=1.3, value=flat, unit="x", at_least=False),
        ],
    )


def _seconds(work: Callable[[], object], runs: int = RUNS) -> float:
    best = float("inf")
    for _ in range(runs):
        begun = time.process_time()
        work()
        best = min(best, time.process_time() - begun)
    return best


def _row(name: str, seconds: float) -> tuple[str, str, str]:
    return name, number(1 / seconds, 0), number(seconds * 1000, 3)


def _ordinary() -> list[Article]:
    """Items as the collector hands them on, from the newsrooms of bench-collect."""
    found: list[Article] = []
    for counter in range(FEEDS):
        source = SourceDefinition(
            key=f"n{counter}", url=f"https://n{counter}.example.com/feed", name=f"Newsroom {counter}"
        )
        parsed = parse_feed(Fetched(url=source.url, body=feed(counter, ITEMS, _DAY)), source, _NOW)
        assert isinstance(parsed, ParsedFeed)
        found += [article(entry, source) for entry in parsed.entries]
    meetings = sum(understand(one).verdict is Verdict.MEETING for one in found)
    assert meetings * ITEMS == len(found), meetings
    return found


def _length(articles: list[Article]) -> str:
    return f"{sum(len(one.text) for one in articles) / len(articles):,.0f}"


def _meeting(characters: int) -> Article:
    text = _LEAD + "\n" + _POINT * (characters // len(_POINT))
    return Article(title=_TITLE, text=text[:characters], published_at=_NOW, language="ja", time_zone="Asia/Tokyo")


def _growth(lexicon: Lexicon) -> float:
    """How much longer ten times the text takes to fold and scan: the two steps that see all of it."""
    scanner = scanner_for(lexicon)
    small, large = "会談" * 16_000, "会談" * 160_000
    return _seconds(lambda: scanner.scan(fold(large)), 3) / _seconds(lambda: scanner.scan(fold(small)), 3)


def _side_by_side(lexicon: Lexicon, item: Article) -> tuple[float, float]:
    """The times of one item, and of the same with many more entries, none of which stands in it. Taken in turns."""
    names = (f"Examplebury {number}" for number in range(GROWN))
    more = tuple(Place(name=name, country="GB", en=(name,), city=name) for name in names)
    grown = replace(lexicon, places=lexicon.places + more)
    understand(item, grown)  # builds the scanner
    turns = [
        (_seconds(lambda: understand(item), 1), _seconds(lambda: understand(item, grown), 1))
        for _ in range(SINGLE_RUNS)
    ]
    return min(plain for plain, _ in turns), min(more for _, more in turns)


if __name__ == "__main__":
    sys.exit(main())
