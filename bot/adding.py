"""`kaigi sources add` and `import`: from an address or a list that a person has to sources that can be polled."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.checking import NOT_NAMED, CheckFailed, best_of, check_known, counted, discover
from bot.config import Settings
from feeds.collect import catalogue
from feeds.collect.catalogue import SourcesFileError
from feeds.collect.find import WELL_KNOWN_ADDRESS, Discovery
from feeds.collect.normalise import same_address
from feeds.collect.opml import Refused, free_key, read_opml
from feeds.decide.ranking import host_of
from feeds.observed import FailureKind
from storage import sources
from storage.database import Connection
from storage.errors import AlreadyExists
from storage.model import SourceDefinition, SourceKind

#: Failures that say nothing about the address itself: the source is added as it was given and polled until it answers.
_NOT_NOW = {
    FailureKind.DNS,
    FailureKind.REFUSED,
    FailureKind.TLS,
    FailureKind.TIMEOUT,
    FailureKind.NETWORK,
    FailureKind.FORBIDDEN,
    FailureKind.BOT_WALL,
    FailureKind.RATE_LIMITED,
    FailureKind.SERVER_ERROR,
    FailureKind.EMPTY,
}


_BARE_ADDRESS = re.compile(r"[\w-]+(?:\.[\w-]+)+(?::\d{1,5})?(?:[/?#]\S*)?")
_STAYS = "the headers, cookie and TLS options that you gave are not used there. Add that address by itself."


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """The source to add, and what a person should be told about it."""

    definition: SourceDefinition
    note: str = ""
    hint: str = ""  #: what else the command line can do
    warning: str = ""


def new_definition(
    url: str, tables: Mapping[str, Mapping[str, Any]] | None = None, **fields: str | None
) -> SourceDefinition:
    """Return a source from the words of a person, checked like an entry of the file. Raises `SourcesFileError`.

    `tables` are `rules` and `fetch` as the file has them; an empty one is as good as none. An address without its
    beginning is one of https, as in a browser.
    """
    url = f"https://{url}" if _BARE_ADDRESS.fullmatch(url) else url
    host = host_of(url)
    defaults = {"key": re.sub(r"[^a-z0-9]+", "-", host).strip("-") or "new", "name": host or "new"}
    given = {name: str(value) for name, value in fields.items() if value is not None}
    below = {name: dict(table) for name, table in (tables or {}).items() if table}
    return catalogue.definition({**defaults, "url": url, **given, **below})


def fetch_table(headers: Sequence[str], cookie: str | None, *, verify: bool) -> dict[str, Any]:
    """Return `[source.fetch]` from the words of the command line.

    A word that begins with @ names a file which holds it: what is typed stays in the shell's history, and other users
    see it in the list of processes. Raises `SourcesFileError`.
    """
    table: dict[str, Any] = {} if verify else {"verify": False}
    if cookie is not None:
        table["cookie"] = _read(cookie)
    lines = [line for word in headers for line in _read(word).splitlines() if line.strip()]
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise SourcesFileError("Write a header as 'Name: value'.")
        table.setdefault("headers", {})[name.strip()] = value
    return table


def _read(word: str) -> str:
    if not word.startswith("@"):
        return word
    try:
        return Path(word[1:]).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SourcesFileError(f"{word[1:]} cannot be read: {error}.") from error


def refuse_known(connection: Connection, definition: SourceDefinition) -> None:
    """Raise `AlreadyExists` for a key or address that is taken, before any request is made for it."""
    address = same_address(definition.url)
    for known in (one.definition for one in sources.every(connection)):
        if definition.key == known.key or address == same_address(known.url):
            raise AlreadyExists(f"There is a source already: {known.key}, {known.url}. `kaigi sources list` shows it.")


def choose(settings: Settings, definition: SourceDefinition, kind: SourceKind | None, *, named: bool) -> Chosen:
    """`find_out` for a command, which has no loop of its own."""
    return asyncio.run(find_out(settings, definition, kind, named=named))


async def find_out(
    settings: Settings, definition: SourceDefinition, kind: SourceKind | None, *, named: bool
) -> Chosen:  # fmt: skip
    """Find out how an address can be polled. `named`: the name was given and is not to be taken from the feed.

    Raises `CheckFailed` when the address answers and is of no use.
    """
    if kind is SourceKind.FEED:
        return Chosen(definition=replace(definition, kind=kind))
    found = await discover(settings, definition, kind)
    if found.failure is not None:
        return _as_given(definition, kind, found)
    chosen, how = best_of(found, definition, named=named)
    warning = "" if chosen.fetch == definition.fetch else f"{chosen.url} is on another host: {_STAYS}"
    hint = NOT_NAMED if how == WELL_KNOWN_ADDRESS else ""
    return Chosen(definition=chosen, note=_note(found, definition, how), hint=hint, warning=warning)


async def refuse_useless(settings: Settings, definition: SourceDefinition) -> None:
    """Raise `CheckFailed` for a source that answers and of which nothing could be read as it is defined.

    One that cannot be reached now is let through, as `find_out` does: it is polled until it answers.
    """
    try:
        await check_known(settings, definition, 0)
    except CheckFailed as error:
        misses = definition.kind is SourceKind.PAGE and error.kind is FailureKind.EMPTY  # its rules find nothing
        if misses or error.kind not in _NOT_NOW:
            raise


def _as_given(definition: SourceDefinition, kind: SourceKind | None, found: Discovery) -> Chosen:
    failure = found.failure
    assert failure is not None
    page = found.page is not None
    unruled = page and kind is SourceKind.PAGE and failure.kind is not FailureKind.FORBIDDEN  # no rule is needed
    if (failure.kind not in _NOT_NOW and not unruled) or (page and kind is None):
        raise CheckFailed(failure.message, failure.kind)
    given = replace(definition, kind=kind or SourceKind.FEED)
    reason = "No list of news was recognised on it." if unruled else failure.message
    return Chosen(definition=given, warning=f"{definition.url} is added as a {given.kind}, unchecked. {reason}")


def _note(found: Discovery, definition: SourceDefinition, how: str) -> str:
    if found.feeds:
        best = found.feeds[0]
        entries = counted(len(best.parsed.entries), "entry", "entries")
        return f"A feed with {entries}." if best.url == definition.url else f"The page's feed ({how}), {entries}."
    articles = counted(len(found.proposals[0].entries), "article", "articles")
    return f"A page without a feed, read by proposed rules; they find {articles}."


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """What became of the sources of an OPML file."""

    added: tuple[str, ...]  #: their keys
    known: int  #: addresses that are sources already
    refused: tuple[Refused, ...]


def import_sources(connection: Connection, body: bytes, now: datetime) -> Imported:
    """Add the sources of an OPML file that are new. Raises `OpmlError` for a file that cannot be read."""
    wanted, refused = read_opml(body)
    every = sources.every(connection)
    keys, urls = {one.definition.key for one in every}, {same_address(one.definition.url) for one in every}
    added = []
    for one in wanted:
        if same_address(one.url) in urls:
            continue
        definition = replace(one, key=free_key(one.key, keys))
        sources.add(connection, definition, now)
        keys.add(definition.key)
        added.append(definition.key)
    return Imported(added=tuple(added), known=len(wanted) - len(added), refused=refused)
