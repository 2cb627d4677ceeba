"""Takes from the archive what a feed is made of, and has it written. Functions over a connection.

    wanted ─► filter or search ─► newest matches │ one page of the archive ─► entries ─► Atom, RSS, JSON Feed, iCalendar

The feed itself holds the newest matches and what moved lately. Older ones are in archive pages (RFC 5005): page N holds
the stories (or items) whose numbers are in the N-th span, so a full page never takes in anything else, and nobody has
to count. Everything that is in no full page is in the feed itself.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from feeds import archive
from feeds.decide.query import Query, parse
from feeds.publish import atom, calendar, jsonfeed, preview, rss
from feeds.publish.asking import NoSuchFeed, Wanted
from feeds.publish.entries import Extension, Feed, FeedHead, Place, View, items_feed, meetings_feed
from feeds.publish.words import FEED_TITLES, SEARCH_TITLE, Language
from storage import filters, news, retractions
from storage.database import Connection
from storage.model import Filter, FilterAction, ListedItem, MeetingStory

T = TypeVar("T")

NEWEST = 50  #: matches in the feed itself
MOVED = 50  #: meetings whose record changed last, of which the matching ones are in the feed as well
IN_CALENDAR = 500  #: newest matches in a calendar
SPAN: dict[View, int] = {"meetings": 500, "items": 100}  #: numbers of stories, of items, in a page of the archive
TAKEN_BACK = timedelta(days=60)  #: how long a feed says that a meeting is none any more

WRITERS: dict[Extension, tuple[Callable[[Feed], bytes], str]] = {
    "atom": (atom.write, atom.MEDIA_TYPE),
    "rss": (rss.write, rss.MEDIA_TYPE),
    "json": (jsonfeed.write, jsonfeed.MEDIA_TYPE),
    "ics": (calendar.write, calendar.MEDIA_TYPE),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Imprint:
    """What is the same in all feeds of an installation."""

    authority: str
    address: str
    language: Language
    began_at: datetime
    hub: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A feed as it is sent."""

    body: bytes
    media_type: str
    updated: datetime
    ages: bool = False  #: whether it changes while nothing is written: its query asks how old things are


def document(connection: Connection, asked: Wanted, imprint: Imprint, now: datetime) -> Document:
    """Write the feed that is asked for. Raises `NotFound` for an unknown filter, `QueryError` for a wrong search,
    `NoSuchFeed` for a page that does not exist.
    """
    query, head = _subject(connection, asked, imprint)
    feed = _filled(connection, asked, query, head, now)
    write, media_type = WRITERS[asked.extension]
    body = write(feed)
    if asked.shown:
        body, media_type = preview.as_page(body), preview.MEDIA_TYPE
    ages = query.depends_on_now or any(rule.depends_on_now for rule in archive.block_rules(connection))
    return Document(body=body, media_type=media_type, updated=feed.updated, ages=ages)


def heads(connection: Connection, imprint: Imprint, language: Language) -> list[tuple[Filter, FeedHead]]:
    """Every filter that is a feed, with what its feed says of itself."""
    shown = [each for each in filters.every(connection) if each.action is FilterAction.KEEP]
    return [(each, _head(each, imprint, language, None)) for each in shown]


def _subject(connection: Connection, asked: Wanted, imprint: Imprint) -> tuple[Query, FeedHead]:
    language = asked.language or imprint.language
    if asked.words is not None:
        query = parse(asked.words)
        title = f"Kaigi: {SEARCH_TITLE[language].format(asked.words)}"
        return query, _made(imprint, language, asked.key, title, asked.view, "meetings", asked.words)
    found = filters.find(connection, asked.key)
    if found.action is FilterAction.BLOCK:
        raise NoSuchFeed(f"{asked.key} is a block rule, not a feed.")
    return parse(found.query), _head(found, imprint, language, asked.view)


def _head(found: Filter, imprint: Imprint, language: Language, view: View | None) -> FeedHead:
    title = f"Kaigi: {FEED_TITLES[language].get(found.key, found.title)}"
    usual: View = "meetings" if found.query.strip() else "items"
    head = _made(imprint, language, found.key, title, view, usual, None)
    on_front = found.key == filters.MEETINGS or not found.query.strip()
    return head if on_front else replace(head, query=found.query)


def _made(
    imprint: Imprint, language: Language, key: str, title: str, view: View | None, usual: View, words: str | None
) -> FeedHead:
    view = view or usual
    told = words is None and view == usual and language == imprint.language  # of other forms the hub hears nothing
    return FeedHead(
        authority=imprint.authority, key=key, title=title, address=imprint.address, language=language,
        began_at=imprint.began_at, view=view, usual_view=usual, usual_language=imprint.language,
        words=words, hub=imprint.hub if told else None,
    )  # fmt: skip


def _filled(connection: Connection, asked: Wanted, query: Query, head: FeedHead, now: datetime) -> Feed:
    if asked.extension == "ics":
        found = archive.find_meetings(connection, query, now=now, limit=IN_CALENDAR)
        return meetings_feed(head, found.meetings)
    top = news.newest(connection, head.view)
    full = top // SPAN[head.view]
    if asked.page is not None and asked.page > max(1, full + 1):
        raise NoSuchFeed(f"The archive of this feed has {full + 1} pages.")
    place = _place(connection, head.view, asked.page, full)
    if head.view == "items":
        return items_feed(head, _items(connection, query, asked.page, full, now), place)
    stories = _stories(connection, query, asked.page, full, now)
    gone = retractions.latest(connection, now - TAKEN_BACK) if asked.page is None else ()
    return meetings_feed(head, stories, gone, place)


def _place(connection: Connection, view: View, page: int | None, full: int) -> Place:
    """The neighbours of a page that hold anything at all; those without are passed over."""
    span = SPAN[view]
    below = full * span if page is None else (page - 1) * span
    older = news.nearest(connection, view, at_most=below)
    newer = None if page is None else news.nearest(connection, view, at_least=page * span + 1)
    following = _page_of(newer, span) if newer else None
    return Place(
        page=page,
        older=_page_of(older, span) if older else None,
        newer=following if following and following <= full else None,
        full=page is not None and page <= full,
    )


def _page_of(number: int, span: int) -> int:
    return (number - 1) // span + 1


def _bounds(page: int | None, full: int, span: int) -> tuple[int, int | None]:
    """The first number of a page and the last; of the feed itself, all that is in no full page."""
    return (full * span + 1, None) if page is None else ((page - 1) * span + 1, page * span)


def _stories(
    connection: Connection, query: Query, page: int | None, full: int, now: datetime
) -> tuple[MeetingStory, ...]:
    first, last = _bounds(page, full, SPAN["meetings"])
    held = archive.meetings_between(connection, query, first, last, now=now)
    if page is not None:
        return held
    newest = archive.find_meetings(connection, query, now=now, limit=NEWEST).meetings
    moved = archive.meetings_among(connection, query, news.moved_lately(connection, MOVED), now=now)
    return _joined((*held, *newest, *moved), lambda story: story.meeting.story_id)


def _items(connection: Connection, query: Query, page: int | None, full: int, now: datetime) -> tuple[ListedItem, ...]:
    first, last = _bounds(page, full, SPAN["items"])
    held = archive.items_between(connection, query, first, last, now=now)
    if page is not None:
        return held
    newest = archive.find_items(connection, query, now=now, limit=NEWEST).items
    return _joined((*held, *newest), lambda item: item.report.item_id)


def _joined(every: Iterable[T], number: Callable[[T], int]) -> tuple[T, ...]:
    """Each once, newest first."""
    once = {number(one): one for one in every}
    return tuple(once[each] for each in sorted(once, reverse=True))
