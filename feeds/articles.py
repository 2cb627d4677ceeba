"""Gives the entries of a list page, which have little more than a headline, the text of their articles."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from feeds.collect import follow
from feeds.collect.headlines import headline
from feeds.collect.patience import Patience, Unread, rotated
from feeds.collect.worker import ParserPool
from feeds.observed import ArticlePage, Failure, FailureKind, Fetched, FetchResult, ParsedEntry
from feeds.work import read_article
from storage.model import Source, SourceDefinition

#: New links of a list page whose articles are read in one poll; what is left waits for the next.
ARTICLES_PER_POLL = 30

_DATE_FLAGS = {"date_unreadable", "date_in_future", "date_without_year"}

#: Gets the page at an address, as the source wants to be asked.
Page = Callable[[str], Awaitable[FetchResult]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """The new entries of a list page."""

    source: Source
    title: str | None  #: of the list page
    news: Sequence[ParsedEntry]


async def read(
    listed: Listed, page: Page, parsers: ParserPool, unread: Unread, now: datetime
) -> tuple[list[ParsedEntry], bool]:
    """Give each new entry the text of its article. Returns the entries that could be read, and whether that is all.

    An article that cannot be read for long is taken in with its headline alone, which `unread` remembers from poll to
    poll: a page that never answers must not keep its news from us for ever. The first poll takes all of the list in:
    what is left for a later poll would no longer be backlog, and raise alerts.
    """
    source, news = listed.source, listed.news
    chosen = news[:ARTICLES_PER_POLL]
    reader = _Reader(listed=listed, page=page, parsers=parsers, patience=Patience(), now=now)
    entries = await rotated(reader.with_article, chosen, now.minute)
    if source.first_success_at is None:
        kept = (entry or before for entry, before in zip(entries, chosen, strict=True))
        return [*kept, *news[ARTICLES_PER_POLL:]], True
    waiting = [before.identity for entry, before in zip(entries, chosen, strict=True) if entry is None]
    overdue = unread.overdue(source.id, waiting, reader.failed, now)
    done = [
        entry or _unread(before)
        for entry, before in zip(entries, chosen, strict=True)
        if entry is not None or before.identity in overdue
    ]
    return done, len(done) == len(news)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reader:
    """The articles of one poll."""

    listed: Listed
    page: Page
    parsers: ParserPool
    patience: Patience
    now: datetime
    failed: set[str] = field(default_factory=set)  #: identities of entries whose article was asked for in vain

    async def with_article(self, entry: ParsedEntry) -> ParsedEntry | None:
        """The entry with its article; None when that is for a later poll."""
        if entry.url is None:
            return entry
        answer = await self.patience.wait_for(self.page(entry.url))
        if answer is None:
            return None
        article: ArticlePage | Failure
        if isinstance(answer, Fetched):
            article = await self.parsers.run(read_article, answer, self.definition, self.now)
        else:
            article = answer if isinstance(answer, Failure) else _unasked_304(entry.url)
        if not isinstance(article, Failure):
            return joined(entry, article, self._common_titles)
        if article.kind in follow.FINAL:
            return _unread(entry)
        self.failed.add(entry.identity)
        return None

    @property
    def definition(self) -> SourceDefinition:
        return self.listed.source.definition

    @property
    def _common_titles(self) -> tuple[str, ...]:
        return (self.listed.title or "", self.definition.name)


def _unread(entry: ParsedEntry) -> ParsedEntry:
    """The entry with its headline alone."""
    return replace(entry, flags=(*entry.flags, "article_unread"))


def joined(entry: ParsedEntry, page: ArticlePage, common_titles: Sequence[str]) -> ParsedEntry:
    """The entry with what its article's page says; `common_titles` are no headlines, see `headlines`."""
    published_at = entry.published_at or page.published_at
    flags = dict.fromkeys((*entry.flags, *page.flags))
    return replace(
        entry,
        title=headline(entry.title, page.title, common_titles),
        text=page.text,
        author=page.author or entry.author,
        language=page.language or entry.language,
        published_at=published_at,
        published_text=(entry if entry.published_at or not page.published_text else page).published_text,
        # What is wrong with the date of one of them does not matter when the other's could be read.
        flags=tuple(flag for flag in flags if published_at is None or flag not in _DATE_FLAGS),
        released_at=page.released_at,
    )


def _unasked_304(url: str) -> Failure:
    return Failure(kind=FailureKind.SERVER_ERROR, message=f"{url} answered 304 although nothing was asked.")
