"""From any address to what can be polled there: a feed, the feeds that a page names, or rules for the page itself.

    address ─► a feed? ──────────► that
                 │ a page
                 ├─► its links ──► those that turn out to be feeds
                 ├─► well-known addresses of its site ──► the first that is a feed
                 ├─► its feeds of comments, if it has no other
                 └─► nothing ────► proposed rules (propose.py)

At most ten requests in all, and none after the site has asked for fewer or does not answer. An address counts as a feed
only when it was read as one.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from feeds.collect import follow
from feeds.collect.discover import Found, discover, is_about_comments, well_known
from feeds.collect.document import read_document
from feeds.collect.fetch import PAGE_ACCEPT, Fetcher
from feeds.collect.propose import Proposal, propose
from feeds.collect.worker import ParserPool
from feeds.observed import Failure, FailureKind, Fetched, ParsedFeed
from storage.model import SourceDefinition, SourceKind

MAX_REQUESTS = 10
MAX_FEEDS = 5
WELL_KNOWN_ADDRESS = "well-known address"

_STOP = {FailureKind.TIMEOUT, FailureKind.RATE_LIMITED, FailureKind.REFUSED, FailureKind.DNS, FailureKind.TLS}


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundFeed:
    """An address that was read as a feed."""

    url: str
    title: str
    how: str  #: `itself`, `named by the page` or `WELL_KNOWN_ADDRESS`
    parsed: ParsedFeed


@dataclass(frozen=True, kw_only=True, slots=True)
class Discovery:
    """What there is at an address. Without feeds there may be proposals; without both, the failure says why."""

    feeds: tuple[FoundFeed, ...] = ()  #: the best first
    proposals: tuple[Proposal, ...] = ()  #: rules for the page itself, the best first
    page: Fetched | None = None  #: the page that was read, if it is one
    failure: Failure | None = None


async def find_feeds(fetcher: Fetcher, parsers: ParserPool, definition: SourceDefinition, now: datetime) -> Discovery:
    """Look for feeds at a source's address. Its language and zone are those of the proposals' previews."""
    return await _Search(fetcher, parsers, replace(definition, kind=SourceKind.FEED, rules=None), now).run()


async def propose_rules(
    fetcher: Fetcher, parsers: ParserPool, definition: SourceDefinition, now: datetime
) -> Discovery:
    """Read the address as a list page and propose rules for it, without looking for feeds."""
    answer = await fetcher.fetch(definition.url, accept=PAGE_ACCEPT, source=definition)
    if not isinstance(answer, Fetched):
        return Discovery(failure=answer if isinstance(answer, Failure) else _nothing())
    return await _Search(fetcher, parsers, definition, now).propose(answer)


@dataclass
class _Search:
    """One search: counts its requests and remembers what it has seen."""

    fetcher: Fetcher
    parsers: ParserPool
    definition: SourceDefinition
    now: datetime
    asked: set[str] = field(default_factory=set)
    bodies: set[bytes] = field(default_factory=set)
    stopped: bool = False

    async def run(self) -> Discovery:
        url = self.definition.url
        answer = await self._fetch(url)
        if not isinstance(answer, Fetched):
            return Discovery(failure=answer or _nothing())
        parsed = await self._parse(answer)
        if isinstance(parsed, ParsedFeed):
            return Discovery(feeds=(_found(url, "", "itself", parsed),))
        if not _is_page(answer, parsed):
            return Discovery(failure=parsed)
        self.asked.add(answer.url)
        named = await self._named(answer)
        news = tuple(feed for feed in named if not is_about_comments(Found(url=feed.url, title=feed.title)))
        feeds = news or await self._well_known(answer) or named
        return Discovery(feeds=feeds, page=answer) if feeds else await self.propose(answer)

    async def propose(self, page: Fetched) -> Discovery:
        proposals = await self.parsers.run(propose, page, self.definition, self.now)
        if isinstance(proposals, Failure):
            return Discovery(page=page, failure=proposals)
        return Discovery(page=page, proposals=proposals, failure=None if proposals else _nothing())

    async def _named(self, page: Fetched) -> tuple[FoundFeed, ...]:
        """Read what the page names. A link may lead to a page about the feeds; what that one names is read as well."""
        links = await self._links(page)
        # Feeds of comments stand at the end; one is enough to know that there is one.
        waiting = [*(one for one in links if not one.comments), *[one for one in links if one.comments][:1]]
        pages_read = 0
        feeds: list[FoundFeed] = []
        while waiting and len(feeds) < MAX_FEEDS:
            found = waiting.pop(0)
            answer = await self._fetch(found.url)
            if not isinstance(answer, Fetched):
                continue
            parsed = await self._parse(answer)
            if isinstance(parsed, ParsedFeed):
                feeds += self._unseen(answer, _found(found.url, found.title, "named by the page", parsed))
            elif parsed.kind is FailureKind.NOT_A_FEED and not found.declared and not pages_read:
                pages_read += 1
                waiting = [*await self._links(answer), *waiting]
        return tuple(feeds)

    async def _well_known(self, page: Fetched) -> tuple[FoundFeed, ...]:
        for url in well_known(page.url):
            answer = await self._fetch(url)
            parsed = await self._parse(answer) if isinstance(answer, Fetched) else None
            # An empty feed at an address that nobody names is more often a leftover than a newsroom.
            if isinstance(parsed, ParsedFeed) and parsed.entries:
                return (_found(url, "", WELL_KNOWN_ADDRESS, parsed),)
        return ()

    async def _links(self, page: Fetched) -> list[Found]:
        found = await self.parsers.run(discover, page)
        return [] if isinstance(found, Failure) else list(found)

    async def _fetch(self, url: str) -> Fetched | Failure | None:
        """Ask once for an address; None when it was asked for before or the requests are used up."""
        if self.stopped or url in self.asked or len(self.asked) >= MAX_REQUESTS:
            return None
        self.asked.add(url)
        answer = await self.fetcher.fetch(url, source=self.definition)
        if isinstance(answer, Failure):
            self.stopped = answer.kind in _STOP
        return answer if isinstance(answer, Fetched | Failure) else None

    async def _parse(self, answer: Fetched) -> ParsedFeed | Failure:
        parsed = await self._read(answer)
        if isinstance(parsed, ParsedFeed) and parsed.more:
            return await follow.read_index(parsed, self.fetcher.fetch, self._read)
        return parsed

    async def _read(self, answer: Fetched) -> ParsedFeed | Failure:
        return await self.parsers.run(read_document, answer, self.definition, self.now)

    def _unseen(self, answer: Fetched, found: FoundFeed) -> Iterable[FoundFeed]:
        """Pass a feed on unless the very same document came from another address."""
        mark = hashlib.blake2b(answer.body, digest_size=16).digest()
        if mark in self.bodies:
            return ()
        self.bodies.add(mark)
        return (found,)


def _found(url: str, title: str, how: str, parsed: ParsedFeed) -> FoundFeed:
    return FoundFeed(url=url, title=parsed.title or title, how=how, parsed=parsed)


def _is_page(answer: Fetched, failure: Failure) -> bool:
    """A fragment without `html` is a broken feed to the parser; its media type tells."""
    return failure.kind is FailureKind.NOT_A_FEED or "html" in (answer.content_type or "").lower()


def _nothing() -> Failure:
    return Failure(
        kind=FailureKind.NOT_A_FEED,
        message="No feed was found here, and no list of articles. Try the address of the page that lists the news.",
    )
