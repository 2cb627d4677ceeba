"""What the address of a feed asks for. Pure: a path and a query string in, a request or an error for the reader out."""

from dataclasses import dataclass
from functools import lru_cache
from typing import get_args
from urllib.parse import parse_qs

from feeds.publish.entries import Extension, View
from feeds.publish.words import Language
from storage.errors import KaigiError

SEARCH = "search"  #: stands where a filter's key stands
MOST_PAGES = 10_000_000
LARGEST_ID = 2**63 - 1  #: no database has a longer one

EXTENSIONS: tuple[Extension, ...] = get_args(Extension)


class NoSuchFeed(KaigiError):
    """There is nothing under this address."""


class WrongRequest(KaigiError):
    """The address asks for something that cannot be. The message says what would be right."""


LONGEST_ADDRESS = 20_000  #: bytes of a query string: the longest query, written with percent signs
LONGEST_KEY = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """One document that readers may ask for; equal requests are equal, however they were written."""

    key: str  #: of a filter, or `search`
    extension: Extension
    language: Language | None = None  #: None: the service's own
    view: View | None = None  #: None: the usual one of the filter
    page: int | None = None  #: None: the feed itself
    words: str | None = None  #: the query of a search
    shown: bool = False  #: as a page, to a person in a browser


@lru_cache(maxsize=1024)  # of what strangers write, so short things only
def wanted(key: str, extension: str, query_string: bytes, browser: bool = False) -> Wanted:
    """Read an address. Parameters that nobody knows are ignored. Raises `NoSuchFeed`, `WrongRequest`.

    `browser` says that a person opened it in a browser.
    """
    if len(query_string) > LONGEST_ADDRESS:
        raise WrongRequest("The address is too long.")
    if len(key) > LONGEST_KEY:
        raise NoSuchFeed("There is no filter of this name.")
    if extension not in EXTENSIONS:
        raise NoSuchFeed(f"There are feeds as {', '.join(EXTENSIONS)}, not as {extension[:20]}.")
    asked = parameters(query_string)
    words = asked.get("q") if key == SEARCH else None
    if key == SEARCH and not (words or "").strip():
        raise WrongRequest("A search needs words: /feeds/search.atom?q=…")
    read = Wanted(
        key=key,
        extension=extension,
        language=language(asked),
        view=_view(asked),
        page=_page(asked),
        words=words,
        shown=browser and extension in ("atom", "rss"),
    )
    if extension == "ics" and (read.page is not None or read.view == "items"):
        raise WrongRequest("A calendar holds meetings, and all of them at once: leave out view and page.")
    return read


def parameters(query_string: bytes) -> dict[str, str]:
    """The parameters of an address, the first of each name. Raises `WrongRequest`."""
    try:
        pairs = parse_qs(query_string.decode("latin-1"), keep_blank_values=True, max_num_fields=50)
    except ValueError:
        raise WrongRequest("The address has too many parameters.") from None
    return {name: values[0] for name, values in pairs.items()}


def language(asked: dict[str, str]) -> Language | None:
    """The language that is asked for. Raises `WrongRequest`."""
    match asked.get("lang"):
        case None:
            return None
        case "ja":
            return "ja"
        case "en":
            return "en"
    raise WrongRequest("lang is ja or en.")


def _view(asked: dict[str, str]) -> View | None:
    match asked.get("view"):
        case None:
            return None
        case "meetings":
            return "meetings"
        case "items":
            return "items"
    raise WrongRequest("view is meetings or items.")


def _page(asked: dict[str, str]) -> int | None:
    if "page" not in asked:
        return None
    return whole_number(asked["page"], "page", 1, MOST_PAGES)


def whole_number(text: str, name: str, least: int, most: int) -> int:
    """A number within bounds. Raises `WrongRequest`."""
    if text.isascii() and text.isdigit() and len(text) <= 19 and least <= int(text) <= most:
        return int(text)
    raise WrongRequest(f"{name} is a number from {least} to {most}.")
