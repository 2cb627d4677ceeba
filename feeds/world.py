"""The small world of the local newsroom: its sources, its articles, and what ought to be made of them.

    newsroom_world/*.toml ─► load_world ─► World ─► print_article(…, started_at) ─► PrintedArticle

Dates inside articles are written relative to the moment at which the world began, so that its meetings always took
place yesterday or today; the same moment always gives the same articles, guids and dates. It serves nothing
(`newsroom.py` does), and it does not judge what a meeting is: `expected.toml` does.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from storage.model import (
    Format,
    Kind,
    Level,
    MeetingFacts,
    PageRules,
    Phase,
    SourceDefinition,
    SourceKind,
    Trust,
)

FOLDER = Path(__file__).with_name("newsroom_world")

_DATE_STYLES: Mapping[str, Callable[[date], str]] = {
    "date_ja": lambda day: f"{day.year}年{day.month}月{day.day}日",
    "era_date_ja": lambda day: f"令和{day.year - 2018}({day.year})年{day.month}月{day.day}日({_weekday_ja(day)})",
    "wide_date_ja": lambda day: _wide(f"令和{day.year - 2018}年{day.month}月{day.day}日({_weekday_ja(day)})"),
    "month_day_ja": lambda day: f"{day.month}月{day.day}日",
    "date_en": lambda day: f"{day.day} {day:%B %Y}",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class WorldArticle:
    """One article. In the files, title and text may hold dates to be filled in: `{date_ja:-1}` is yesterday."""

    path: str
    title: str
    text: str = ""  #: one paragraph a line
    category: str = ""
    appears_after_s: float = 0  #: 0: there before the service first polls
    published_min: float | None = None  #: minutes from the start; None: when it appears
    pinned: bool = False  #: floats on top of a list page
    meeting: str | None = None  #: key of the meeting it reports
    look_alike: str | None = None  #: why it might be taken for a meeting, when it is none


@dataclass(frozen=True, kw_only=True, slots=True)
class WorldSource:
    """A newsroom of the world: how it is polled, how it is served, and what it publishes."""

    definition: SourceDefinition  #: its `url` is the path alone; the newsroom adds host and port
    format: str  #: `rss`, `rss-relative`, `atom`, `rdf` or `list`
    articles: tuple[WorldArticle, ...]
    encoding: str = "utf-8"
    ranking: Mapping[str, list[str]] = field(default_factory=dict)  #: tab → paths of its articles


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """Everything the newsroom can serve, and what ought to be made of it."""

    sources: tuple[WorldSource, ...]
    meetings: tuple[Mapping[str, Any], ...] = ()  #: tables of `expected.toml`


@dataclass(frozen=True, kw_only=True, slots=True)
class PrintedArticle:
    """An article as readers see it: dates filled in, the moment of publication known."""

    path: str
    guid: str  #: never names host or port, which may change between runs
    title: str
    paragraphs: tuple[str, ...]
    category: str
    pinned: bool
    published: datetime
    appears_after_s: float


def load_world(folder: Path = FOLDER) -> World:
    """Read a world: one TOML file per source, and `expected.toml`."""
    tables = {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.toml")}
    meetings = tuple(tables.pop("expected", {}).get("meeting", ()))
    return World(sources=tuple(_read_source(tables[name]) for name in sorted(tables)), meetings=meetings)


def fill_dates(text: str, today: date) -> str:
    """Write out `{style}` and `{style:days}` with the styles of `_DATE_STYLES`."""

    def written(match: re.Match[str]) -> str:
        return _DATE_STYLES[match[1]](today + timedelta(days=int(match[2] or 0)))

    return re.sub(r"\{(\w+)(?::([+-]?\d+))?\}", written, text)


def _read_source(table: dict[str, Any]) -> WorldSource:
    own = table["source"]
    rules: dict[str, Any] = dict(own.get("rules", {}))
    if "cut" in rules:
        rules["cut"] = tuple(rules["cut"])
    definition = SourceDefinition(
        key=own["key"],
        url=own["path"],
        name=own["name"],
        kind=SourceKind(own.get("kind", "feed")),
        language=own["language"],
        country=own.get("country"),
        trust=Trust(own["trust"]),
        time_zone=own["time_zone"],
        rules=PageRules(**rules) if rules else None,
        interval_s=2,
    )
    return WorldSource(
        definition=definition,
        format=own["format"],
        articles=tuple(WorldArticle(**article) for article in table["article"]),
        encoding=own.get("encoding", "utf-8"),
        ranking=own.get("ranking", {}),
    )


def expected_facts(table: Mapping[str, Any], today: date) -> MeetingFacts:
    """What a table of `expected.toml` says of its meeting; `today` is the day of the start in Tokyo."""
    return MeetingFacts(
        level=Level(table.get("level", Level.MINISTER)),
        kind=Kind(table["kind"]),
        format=Format(table["format"]),
        phase=Phase.HELD,
        countries=tuple(table["countries"]),
        series=table.get("series"),
        edition=table.get("edition"),
        starts_on=today + timedelta(days=table["day"]),
        city=table.get("city"),
        country=table.get("country"),
    )


def print_article(article: WorldArticle, source: WorldSource, started_at: datetime, today: date) -> PrintedArticle:
    """Write out an article of a world that began at `started_at`, which its texts call `today`."""
    minutes = article.appears_after_s / 60 if article.published_min is None else article.published_min
    published = (started_at + timedelta(minutes=minutes)).replace(microsecond=0)
    return PrintedArticle(
        path=article.path,
        guid=f"tag:newsroom.example,2026:{article.path}",
        title=fill_dates(article.title, today),
        paragraphs=tuple(fill_dates(article.text, today).splitlines()),
        category=article.category,
        pinned=article.pinned,
        published=published.astimezone(ZoneInfo(source.definition.time_zone)),
        appears_after_s=article.appears_after_s,
    )


def _weekday_ja(day: date) -> str:
    return "月火水木金土日"[day.weekday()]


def _wide(text: str) -> str:
    """ASCII in the full-width forms that Japanese ministries print."""
    return "".join(chr(ord(it) + 0xFEE0) if "!" <= it <= "~" else it for it in text)
