"""`kaigi sources check`: what there is at an address and what would be read from it. Keeps nothing."""

import contextlib
import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from bot.config import Settings
from bot.parts import parser_pool, utc_now
from bot.screen import plain
from feeds.articles import joined
from feeds.collect.article import parse_article
from feeds.collect.asking import is_home
from feeds.collect.document import read_document
from feeds.collect.fetch import FEED_ACCEPT, PAGE_ACCEPT, Fetcher
from feeds.collect.find import WELL_KNOWN_ADDRESS, Discovery, FoundFeed, find_feeds, propose_rules
from feeds.collect.follow import read_index
from feeds.collect.matching import matched, matched_then
from feeds.collect.robots import Robots
from feeds.collect.worker import ParserPool
from feeds.collect.written import as_toml, rules_as_table
from feeds.observed import ArticlePage, Failure, FailureKind, Fetched, FetchResult, ParsedEntry, ParsedFeed
from feeds.publish.health import then
from feeds.understand.meetings import understand
from feeds.work import article
from storage import lessons, sources
from storage.database import Database
from storage.errors import KaigiError, NotFound
from storage.model import FetchOptions, PageRules, PageSnapshot, SourceDefinition, SourceKind

NOT_NAMED = "The page does not name it. If it is about something else, --kind page reads the page itself."


class CheckFailed(KaigiError):
    """The source cannot be read. The message says why and what to do."""

    def __init__(self, message: str, kind: FailureKind | None = None) -> None:
        """`kind` is that of the failure, where reading came to one."""
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """What a check found: how the source would be defined, and its newest entries."""

    definition: SourceDefinition
    how: str  #: where the definition comes from
    parsed: ParsedFeed
    shown: tuple[ParsedEntry, ...]  #: the newest, with their articles' text
    others: tuple[FoundFeed, ...] = ()  #: further feeds of the same page


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """A list page whose rules find nothing: what it had, and how it could be read now."""

    then: PageSnapshot | None  #: None: its rules have never found anything
    still_linked: int  #: of the addresses it had then
    fitted_then: dict[str, int]  #: elements that each selector of the rules fitted then, by the rule's name
    fits_now: dict[str, int]
    proposed: tuple[SourceDefinition, int] | None  #: with rules that read it now, and how many articles they find


def known(
    database: Database | None, definitions: Iterable[SourceDefinition], name: str
) -> tuple[SourceDefinition | None, PageSnapshot | None]:
    """The source with this key or address, from the file or the database, and its page when it was last read."""
    definition = next((one for one in definitions if name in (one.key, one.url)), None)
    if database is None:
        return definition, None
    try:
        source = database.read(partial(sources.find, key_or_url=definition.key if definition else name))
    except NotFound:
        return definition, None
    return definition or source.definition, database.read(partial(lessons.snapshot, source_id=source.id))


async def compare(settings: Settings, definition: SourceDefinition, snapshot: PageSnapshot | None) -> Comparison:
    """Look at a page whose rules find nothing."""
    found = await discover(settings, definition, SourceKind.PAGE)
    body = found.page.body if found.page else b""
    paths = [urlsplit(url).path for _, url in snapshot.items] if snapshot else []
    best = found.proposals[0] if found.proposals else None
    rules = definition.rules or PageRules()
    async with _reading(settings) as (_, parsers):
        before = await parsers.run(matched_then, snapshot, rules) if snapshot else {}
        now = await parsers.run(matched, body, rules)
    return Comparison(
        then=snapshot,
        fitted_then=before if isinstance(before, dict) else {},
        fits_now=now if isinstance(now, dict) else {},
        still_linked=sum(len(path) > 1 and path.encode() in body for path in paths),
        proposed=(replace(definition, rules=best.rules), len(best.entries)) if best else None,
    )


@contextlib.asynccontextmanager
async def _reading(settings: Settings) -> AsyncIterator[tuple[Fetcher, ParserPool]]:
    parsers = parser_pool(processes=1)
    fetcher = Fetcher(
        user_agent=settings.fetch.user_agent,
        allow_private_networks=settings.fetch.allow_private_networks,
        max_body_bytes=settings.fetch.max_body_mb * 2**20,
    )
    try:
        async with fetcher:
            yield fetcher, parsers
    finally:
        await parsers.close()


async def check_known(settings: Settings, definition: SourceDefinition, limit: int) -> Checked:
    """Read a source by its definition. Raises `CheckFailed` when nothing can be read."""
    async with _reading(settings) as (fetcher, parsers):
        parsed = await _read(fetcher, parsers, definition)
        shown = await _with_texts(fetcher, parsers, definition, parsed, limit)
    return Checked(definition=definition, how="as defined", parsed=parsed, shown=shown)


async def check_new(settings: Settings, definition: SourceDefinition, kind: SourceKind | None, limit: int) -> Checked:
    """Find out how an address can be polled, and read it that way. Raises `CheckFailed` when it cannot.

    `kind`: FEED reads it as a feed and nothing else, PAGE proposes rules at once, None looks for feeds first.
    """
    if kind is SourceKind.FEED:
        return await check_known(settings, definition, limit)
    async with _reading(settings) as (fetcher, parsers):
        found = await _search(fetcher, parsers, definition, kind)
        if found.failure is not None:
            raise CheckFailed(found.failure.message, found.failure.kind)
        defined, how = best_of(found, definition)
        page = found.proposals[0] if found.proposals else None
        parsed = ParsedFeed(entries=page.entries, title=page.title) if page else found.feeds[0].parsed
        shown = await _with_texts(fetcher, parsers, defined, parsed, limit)
    return Checked(definition=defined, how=how, parsed=parsed, shown=shown, others=found.feeds[1:])


async def discover(settings: Settings, definition: SourceDefinition, kind: SourceKind | None) -> Discovery:
    """Look for feeds at an address, or with `kind` PAGE only for rules."""
    async with _reading(settings) as (fetcher, parsers):
        return await _search(fetcher, parsers, definition, kind)


async def _search(
    fetcher: Fetcher, parsers: ParserPool, definition: SourceDefinition, kind: SourceKind | None
) -> Discovery:
    look = propose_rules if kind is SourceKind.PAGE else find_feeds
    found = await look(fetcher, parsers, definition, utc_now())
    refusal = await Robots(fetcher).refusal(definition.url, definition) if found.page and not found.feeds else None
    return found if refusal is None else Discovery(page=found.page, failure=refusal)


def best_of(found: Discovery, definition: SourceDefinition, *, named: bool = False) -> tuple[SourceDefinition, str]:
    """Return how the best of what was found would be defined, and where it comes from.

    `named`: the definition's name was chosen by a person and stays.
    """
    if found.feeds:
        best = found.feeds[0]
        name = definition.name if named or not best.title else best.title
        fetch = definition.fetch if is_home(definition, best.url) else FetchOptions()
        return replace(definition, url=best.url, name=name, kind=SourceKind.FEED, rules=None, fetch=fetch), best.how
    page = found.proposals[0]
    name = definition.name if named or not page.title else page.title
    about = replace(definition, name=name, kind=SourceKind.PAGE, rules=page.rules)
    return about, "a page without a feed, read by proposed rules"


async def _read(fetcher: Fetcher, parsers: ParserPool, definition: SourceDefinition) -> ParsedFeed:
    answer: FetchResult
    if definition.kind is SourceKind.PAGE:
        answer = await _page(fetcher, Robots(fetcher), definition, definition.url)
    else:
        answer = await fetcher.fetch(definition.url, accept=FEED_ACCEPT, source=definition)
    if isinstance(answer, Failure):
        raise CheckFailed(answer.message, answer.kind)
    if not isinstance(answer, Fetched):
        raise CheckFailed(f"{definition.url} sent nothing.")

    async def read(document: Fetched) -> ParsedFeed | Failure:
        return await parsers.run(read_document, document, definition, utc_now())

    parsed = await read(answer)
    if isinstance(parsed, ParsedFeed) and parsed.more:
        parsed = await read_index(parsed, fetcher.fetch, read)
    if isinstance(parsed, Failure):
        raise CheckFailed(parsed.message, parsed.kind)
    return parsed


async def _page(fetcher: Fetcher, robots: Robots, definition: SourceDefinition, url: str) -> FetchResult:
    """Get a page if its robots.txt allows it, as a poll does."""
    refusal = await robots.refusal(url, definition)
    return refusal or await fetcher.fetch(url, accept=PAGE_ACCEPT, source=definition)


async def _with_texts(
    fetcher: Fetcher, parsers: ParserPool, definition: SourceDefinition, parsed: ParsedFeed, limit: int
) -> tuple[ParsedEntry, ...]:
    """Read the articles behind the first entries of a page, as a poll does; a feed's entries bring their own text."""
    shown = parsed.entries[:limit]
    if definition.kind is not SourceKind.PAGE:
        return shown
    robots, titles = Robots(fetcher), (parsed.title or "", definition.name)
    read = []
    for entry in shown:
        answer = await _page(fetcher, robots, definition, entry.url or "")
        page = await parsers.run(parse_article, answer, definition, utc_now()) if isinstance(answer, Fetched) else None
        read.append(joined(entry, page, titles) if isinstance(page, ArticlePage) else entry)
    return tuple(read)


# --- shown to people and to programs ---


def show(console: Console, checked: Checked, *, new: bool) -> None:
    """Print what was found; for a new address also how it would stand in a sources file."""
    about, parsed = checked.definition, checked.parsed
    if new:
        _line(console, f"Found: {about.url} ({about.kind}, {checked.how})")
        for other in checked.others:
            entries = counted(len(other.parsed.entries), "entry", "entries")
            _line(console, f"Also:  {other.url} ({other.title or 'without a title'}, {entries})")
        if checked.how == WELL_KNOWN_ADDRESS:
            _line(console, NOT_NAMED)
    _line(console, f"{parsed.title or about.name}: {counted(len(parsed.entries), 'entry', 'entries')}", "bold")
    for problem in parsed.problems:
        _line(console, f"Problem: {problem}", "yellow")
    table = Table("published (UTC)", "understood as", "characters", "title", box=None)
    for entry in checked.shown:
        when = f"{entry.published_at:%Y-%m-%d %H:%M}" if entry.published_at else plain(entry.published_text or "–")
        table.add_row(when, _verdict(entry, about), str(len(entry.text)), plain(entry.title))
    console.print(table)
    if new:
        _line(console, "\nFor your sources file:\n")
        console.print(plain(as_toml(about), keep_lines=True), markup=False, highlight=False, soft_wrap=True)


def show_comparison(console: Console, comparison: Comparison, *, as_json: bool) -> None:
    """Print what the page had and how it could be read now."""
    if as_json:
        console.out(json.dumps(_comparison_as_dict(comparison), ensure_ascii=False), highlight=False)
        return
    if comparison.then is not None:
        _line(console, f"{then(comparison.then, 'en')}.", "bold")
        for title, url in comparison.then.items:
            _line(console, f"  {title}  {url}")
        _line(
            console, f"Of these {len(comparison.then.items)} addresses the page still links {comparison.still_linked}."
        )
        for name, count in comparison.fitted_then.items():
            _line(console, f"Rule {name}: fitted {count} elements then, {comparison.fits_now.get(name, 0)} now.")
    if comparison.proposed is None:
        _line(console, "No list of articles was found on the page as it is now.")
        return
    definition, count = comparison.proposed
    _line(console, f"\nRules that find {count} articles on the page as it is now:\n")
    console.print(plain(as_toml(definition), keep_lines=True), markup=False, highlight=False, soft_wrap=True)


def _comparison_as_dict(comparison: Comparison) -> dict[str, object]:
    page = comparison.then
    definition, count = comparison.proposed or (None, 0)
    return {
        "then": {"at": page.taken_at.isoformat(), "found": page.found, "items": page.items} if page else None,
        "still_linked": comparison.still_linked,
        "rules_fit": {"then": comparison.fitted_then, "now": comparison.fits_now},
        "proposed_rules": rules_as_table(definition.rules or PageRules()) if definition else None,
        "proposed_rules_find": count,
    }


def _line(console: Console, words: str, style: str | None = None) -> None:
    console.print(plain(words, keep_lines=True), markup=False, highlight=False, soft_wrap=True, style=style)


def counted(number: int, one: str, many: str) -> str:
    """Return a number with its noun."""
    return f"{number} {one if number == 1 else many}"


def _verdict(entry: ParsedEntry, definition: SourceDefinition) -> str:
    return understand(article(entry, definition)).verdict


def as_json(checked: Checked) -> str:
    """Return what was found as one JSON object."""
    about = checked.definition
    return json.dumps(
        {
            "url": about.url,
            "kind": about.kind,
            "how": checked.how,
            "title": checked.parsed.title,
            "rules": rules_as_table(about.rules or PageRules()),
            "entries": len(checked.parsed.entries),
            "problems": checked.parsed.problems,
            "others": [{"url": it.url, "title": it.title, "entries": len(it.parsed.entries)} for it in checked.others],
            "preview": [_entry_as_dict(entry, about) for entry in checked.shown],
            "toml": as_toml(about),
        },
        ensure_ascii=False,
    )


def _entry_as_dict(entry: ParsedEntry, definition: SourceDefinition) -> dict[str, object]:
    return {
        "title": entry.title,
        "url": entry.url,
        "published_at": entry.published_at.isoformat() if entry.published_at else None,
        "published_text": entry.published_text,
        "characters": len(entry.text),
        "understood_as": _verdict(entry, definition),
        "flags": entry.flags,
    }
