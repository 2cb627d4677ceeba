"""Gives the entries of a list page, which have little more than a headline, the text of their articles."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from feeds.collect import follow
from feeds.collect.patience import Patience, rotated
from feeds.collect.worker import ParserPool
from feeds.observed import ArticlePage, Failure, FailureKind, Fetched, FetchResult, ParsedEntry
from feeds.work import read_article
from storage.model import Source, SourceDefinition

#: New links of a list page whose articles are read in one poll; what is left waits for the next.
ARTICLES_PER_POLL = 30

_DATE_FLAGS = {"date_unreadable", "date_in_future", "date_without_year"}

#: Gets the page at an address, as the source wants to be asked.
Page = Callable[[str], Awaitable[FetchResult]]


async def read(
    source: Source, news: Sequence[ParsedEntry], page: Page, parsers: ParserPool, now: datetime
) -> tuple[list[ParsedEntry], bool]:
    """Give each new entry the text of its article. Returns the entries that could be read, and whether that is all.

    The first poll takes all of the list in, with headlines alone where an article cannot be read now: what is left
    for a later poll would no longer be backlog, and raise alerts.
    """
    chosen = news[:ARTICLES_PER_POLL]
    reader = _Reader(definition=source.definition, page=page, parsers=parsers, patience=Patience(), now=now)
    entries = await rotated(reader.with_article, chosen, now.minute)
    if source.first_success_at is None:
        kept = (entry or before for entry, before in zip(entries, chosen, strict=True))
        return [*kept, *news[ARTICLES_PER_POLL:]], True
    done = [entry for entry in entries if entry is not None]
    return done, len(done) == len(news)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reader:
    """The articles of one poll."""

    definition: SourceDefinition
    page: Page
    parsers: ParserPool
    patience: Patience
    now: datetime

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
        if isinstance(article, Failure):
            return replace(entry, flags=(*entry.flags, "article_unread")) if article.kind in follow.FINAL else None
        return _joined(entry, article)


def _joined(entry: ParsedEntry, page: ArticlePage) -> ParsedEntry:
    published_at = entry.published_at or page.published_at
    flags = dict.fromkeys((*entry.flags, *page.flags))
    return replace(
        entry,
        title=page.title or entry.title,
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
