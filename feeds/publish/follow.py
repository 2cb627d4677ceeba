"""How to follow what a page shows: the same meetings as feeds, as a calendar, as data, and in Telegram. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from feeds.decide.query import And, Node, Query
from feeds.decide.routing import readable
from feeds.publish.asking import EXTENSIONS, SEARCH
from feeds.publish.entries import Extension, FeedHead
from feeds.publish.words import SEARCH_TITLE
from storage.model import Filter, FilterAction

NAMES: dict[str, str] = {"atom": "Atom", "rss": "RSS", "json": "JSON Feed", "ics": "iCalendar"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Follow:
    """Addresses to follow; `query` says the same in the language of the filters."""

    query: str
    title: str
    feeds: tuple[tuple[Extension, str, str], ...]  #: form, its name, address
    data: str
    telegram: str | None  #: opens the bot with this subscription; None: no filter is this query, or there is no bot

    @property
    def discover(self) -> list[tuple[str, str]]:
        """For browsers and readers that look for a feed on the page."""
        return [(self.title, url) for extension, _, url in self.feeds if extension == "atom"]


def follow(head: FeedHead, query: str, filters: Sequence[Filter], bot: str | None = None, title: str = "") -> Follow:
    """How to follow a query. When a filter asks for the very same, it is that filter's feeds.

    `head` is that of any feed of this installation in the reader's language; `bot` is its name in Telegram.
    """
    own = next((one for one in filters if _same(one.query, query) and one.action is FilterAction.KEEP), None)
    name = title or (own.title if own else SEARCH_TITLE[head.language].format(query))
    words = None if own else query
    head = replace(head, key=own.key if own else SEARCH, title=f"Kaigi: {name}", words=words)
    return Follow(
        query=query,
        title=head.title,
        feeds=tuple((extension, NAMES[extension], head.url(extension)) for extension in EXTENSIONS),
        data=f"{head.address}/api/meetings?{urlencode({'q': query})}",
        telegram=telegram(bot, own) if own and own.alerts and not own.paused else None,
    )


def telegram(bot: str | None, own: Filter) -> str | None:
    """A link that opens the bot and asks it to subscribe the chat to a filter."""
    return f"https://t.me/{bot}?start=f_{own.key}" if bot and len(own.key) <= 62 else None


def _same(query: str, other: str) -> bool:
    """Whether two queries say the same, in whatever order their conditions stand."""
    one, two = readable(query), readable(other)
    return bool(query) and one is not None and two is not None and _parts(one) == _parts(two)


def _parts(query: Query) -> frozenset[Node]:
    return frozenset(query.root.parts) if isinstance(query.root, And) else frozenset([query.root])
