"""Documents that belong to a source beside its own: the newest sitemaps of an index, the further pages of a list.

They go through the same fetcher, with its guard, its limits and its robots.txt, and through the same parsers; how many
there may be is fixed here. I/O, but only through the two functions it is given.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from feeds.collect import identity
from feeds.observed import MAX_ENTRIES, Failure, FailureKind, Fetched, FetchResult, ParsedEntry, ParsedFeed
from storage.model import Source

MAX_PAGES = 5  #: of one list, the first included

#: Failures that will not heal by asking for the same document again.
FINAL = frozenset(
    {
        FailureKind.NOT_FOUND,
        FailureKind.GONE,
        FailureKind.FORBIDDEN,
        FailureKind.BOT_WALL,
        FailureKind.CLIENT_ERROR,
        FailureKind.BAD_URL,
        FailureKind.BLOCKED_ADDRESS,
        FailureKind.REDIRECT,
        FailureKind.TOO_LARGE,
        FailureKind.EMPTY,
        FailureKind.BROKEN,
        FailureKind.PARSER,
    }
)

Fetch = Callable[[str], Awaitable[FetchResult]]
Read = Callable[[Fetched], Awaitable[ParsedFeed | Failure]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Followed:
    """A document with what belongs to it."""

    parsed: ParsedFeed
    complete: bool = True  #: False: something could not be had now and must be asked for again


async def fetch_sitemaps(index: ParsedFeed, fetch: Fetch) -> list[Fetched] | Failure:
    """Get the sitemaps that an index names; those that cannot be had are left out, unless it is all of them."""
    answers = await asyncio.gather(*map(fetch, index.more))
    found = [answer for answer in answers if isinstance(answer, Fetched)]
    failed = [answer for answer in answers if isinstance(answer, Failure)]
    return failed[0] if failed and not found else found


async def read_sitemaps(index: ParsedFeed, documents: Sequence[Fetched], read: Read) -> ParsedFeed | Failure:
    """Read the sitemaps of an index as one document. An index within an index is not followed.

    The answer is not `whole`: an index often stays the same while its sitemaps change, so it must be asked for again.
    """
    results = [await read(document) for document in documents]
    parsed = [result for result in results if isinstance(result, ParsedFeed)]
    failures = [result for result in results if isinstance(result, Failure)]
    if failures and not parsed:
        return failures[0]
    problems = [failure.message for failure in failures]
    problems += ["a sitemap that is an index itself was left out" for one in parsed if one.more]
    problems += [problem for one in parsed for problem in one.problems]
    entries, duplicates = identity.assign([entry for one in parsed for entry in one.entries][:MAX_ENTRIES])
    return replace(
        index,
        entries=entries,
        more=(),
        whole=False,
        duplicates=duplicates + sum(one.duplicates for one in parsed),
        problems=tuple(problems[:20]),
    )


async def read_index(index: ParsedFeed, fetch: Fetch, read: Read) -> ParsedFeed | Failure:
    """Get and read the sitemaps of an index."""
    documents = await fetch_sitemaps(index, fetch)
    return documents if isinstance(documents, Failure) else await read_sitemaps(index, documents, read)


def goes_on(source: Source, parsed: ParsedFeed, news: Sequence[ParsedEntry]) -> bool:
    """Whether the next page of a list is worth asking for: at the first poll, when the last entry of the first page is
    new, so that older new ones may stand behind it, and when the last poll could not read everything.

    The first entries tell nothing: many lists begin with one that is pinned there for months.
    """
    if parsed.next_url is None:
        return False
    return source.first_success_at is None or source.body_hash is None or parsed.entries[-1] in news


async def read_pages(first: ParsedFeed, fetch: Fetch, read: Read) -> Followed:
    """Read the further pages of a list, five in all, until one brings nothing that was not seen before it."""
    entries: dict[str | None, ParsedEntry] = {entry.url: entry for entry in first.entries}
    asked: set[str] = set()
    url, complete = first.next_url, True
    while url is not None and url not in asked and len(asked) < MAX_PAGES - 1:
        asked.add(url)
        page = await _page(url, fetch, read)
        if not isinstance(page, ParsedFeed):  # the end of the list, or something that may be had later
            complete = page is not None and page.kind in FINAL
            break
        fresh = [entry for entry in page.entries if entry.url not in entries]
        entries |= {entry.url: entry for entry in fresh}
        url = page.next_url if fresh else None
    named, _ = identity.assign(list(entries.values()))
    return Followed(parsed=replace(first, entries=named), complete=complete)


async def _page(url: str, fetch: Fetch, read: Read) -> ParsedFeed | Failure | None:
    answer = await fetch(url)
    if isinstance(answer, Fetched):
        return await read(answer)
    return answer if isinstance(answer, Failure) else None
