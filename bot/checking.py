"""`kaigi sources check`: one poll of a source that keeps nothing, shown to a person."""

from dataclasses import replace

from rich.console import Console
from rich.table import Table

from bot.config import Settings
from bot.parts import utc_now
from bot.terminal import plain
from feeds.collect.fetch import PAGE_ACCEPT, Fetcher
from feeds.collect.page import parse_article
from feeds.collect.worker import ParserPool, read_document
from feeds.ingest import article
from feeds.observed import Failure, Fetched, FetchResult, ParsedEntry, ParsedFeed
from feeds.understand.meetings import understand
from storage.errors import KaigiError
from storage.model import SourceDefinition, SourceKind


class CheckFailed(KaigiError):
    """The source cannot be read. The message says why and what to do."""


async def preview(settings: Settings, definition: SourceDefinition, limit: int, console: Console) -> None:
    """Fetch and read a source and print its newest entries with what is understood of them.

    Raises `CheckFailed` when nothing can be read.
    """
    parsers = ParserPool(processes=1)
    fetcher = Fetcher(
        user_agent=settings.fetch.user_agent,
        allow_private_networks=settings.fetch.allow_private_networks,
        max_body_bytes=settings.fetch.max_body_mb * 2**20,
    )
    try:
        async with fetcher:
            parsed = await _read(fetcher, parsers, definition)
            entries = list(parsed.entries[:limit])
            if definition.kind is SourceKind.PAGE:
                entries = [await _with_text(fetcher, parsers, definition, entry) for entry in entries]
    finally:
        await parsers.close()
    _show(console, definition, parsed, entries)


async def _read(fetcher: Fetcher, parsers: ParserPool, definition: SourceDefinition) -> ParsedFeed:
    accept = {"accept": PAGE_ACCEPT} if definition.kind is SourceKind.PAGE else {}
    answer: FetchResult = await fetcher.fetch(definition.url, **accept)
    if not isinstance(answer, Fetched):
        raise CheckFailed(answer.message if isinstance(answer, Failure) else f"{definition.url} sent nothing.")
    parsed = await parsers.run(read_document, answer, definition, utc_now())
    if isinstance(parsed, Failure):
        raise CheckFailed(parsed.message)
    return parsed


async def _with_text(
    fetcher: Fetcher, parsers: ParserPool, definition: SourceDefinition, entry: ParsedEntry
) -> ParsedEntry:
    answer = await fetcher.fetch(entry.url or "", accept=PAGE_ACCEPT)
    if not isinstance(answer, Fetched):
        return entry
    page = await parsers.run(parse_article, answer, definition, utc_now())
    if isinstance(page, Failure):
        return entry
    return replace(entry, text=page.text, published_at=entry.published_at or page.published_at)


def _show(console: Console, definition: SourceDefinition, parsed: ParsedFeed, entries: list[ParsedEntry]) -> None:
    count = len(parsed.entries)
    console.print(f"{plain(parsed.title or definition.name)}: {count} entries", markup=False, style="bold")
    for problem in parsed.problems:
        console.print(f"Problem: {plain(problem)}", markup=False, style="yellow")
    table = Table("published", "understood as", "characters", "title", box=None)
    for entry in entries:
        when = f"{entry.published_at:%Y-%m-%d %H:%M}" if entry.published_at else plain(entry.published_text or "–")
        verdict = understand(article(entry, definition)).verdict
        table.add_row(when, verdict, str(len(entry.text)), plain(entry.title))
    console.print(table)
