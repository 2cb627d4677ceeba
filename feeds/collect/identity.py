"""Which entry is which, from poll to poll: the identity ladder within one source.

    guid → canonical URL → hash(normalised title + day) → hash of everything

A rung is used only if it tells the entries of one document apart. Feeds break every promise: they repeat a guid under
different addresses (then guid + URL), give all entries the address of the front page (then it is nobody's own), or send
the very same entry twice (then it is one, and counted). Keys begin with a version, so that a later, better rule can
tell its keys from old ones. Addresses are compared without http/https, which flips on many sites.

Pure.
"""

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields

from feeds.observed import ParsedEntry, changed

VERSION = "1"

_Key = Callable[[ParsedEntry], str | None]


def assign(entries: Sequence[ParsedEntry]) -> tuple[tuple[ParsedEntry, ...], int]:
    """Give every entry its identity and content hash.

    Returns the entries in their order, without repetitions to the letter, and the number of those. Identities are
    unique within the result.
    """
    unique = list(dict.fromkeys(entries))
    shared = _repeated(entry.url for entry in unique)
    owned = [_owning(entry, entry.url not in shared) for entry in unique]
    keys = _keys(owned)
    named = tuple(
        changed(entry, identity=key, content_hash=content_hash(entry.title, entry.text, entry.url))
        for entry, key in zip(owned, keys, strict=True)
    )
    return named, len(entries) - len(unique)


def _owning(entry: ParsedEntry, owns: bool) -> ParsedEntry:
    return entry if entry.url_is_own == owns else changed(entry, url_is_own=owns)


def content_hash(title: str, text: str, url: str | None) -> str:
    """Return the hash of an entry's words: the same hash means that nothing needs to be done."""
    return _hash(title, text, url or "")


def normal_title(title: str) -> str:
    """Return a title in the form in which titles are compared: NFKC, no case, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", title).casefold().split())


def _keys(entries: Sequence[ParsedEntry]) -> list[str]:
    """Take for each entry the first rung that it has and shares with no other entry."""
    keys: list[str | None] = [None] * len(entries)
    for rung in _RUNGS:
        open_places = [place for place, key in enumerate(keys) if key is None]
        proposed = {place: rung(entries[place]) for place in open_places}
        taken = _repeated(proposed.values())
        for place, key in proposed.items():
            if key is not None and key not in taken:
                keys[place] = key
    # Entries are unique as a whole, so the last rung has named all that were left.
    return [key or _everything(entry) for key, entry in zip(keys, entries, strict=True)]


def _guid(entry: ParsedEntry) -> str | None:
    return _key("g", _schemeless(entry.guid)) if entry.guid else None


def _guid_and_url(entry: ParsedEntry) -> str | None:
    return _key("gu", _schemeless(entry.guid), _schemeless(entry.url)) if entry.guid and entry.url else None


def _url(entry: ParsedEntry) -> str | None:
    return _key("u", _schemeless(entry.url)) if entry.url and entry.url_is_own else None


def _title_and_day(entry: ParsedEntry) -> str | None:
    if not entry.title:
        return None
    day = entry.published_at.date().isoformat() if entry.published_at else ""
    return _key("t", normal_title(entry.title), day)


def _everything(entry: ParsedEntry) -> str:
    named = changed(entry, identity="", content_hash="", url_is_own=True)
    return _key("a", *(repr(getattr(named, name)) for name in _NAMING))


#: Markup, media and release times were added later: they must not give known entries new names.
_NAMING = tuple(one.name for one in fields(ParsedEntry) if one.name not in ("html", "media", "released_at"))


_RUNGS: tuple[_Key, ...] = (_guid, _guid_and_url, _url, _title_and_day, _everything)


def _repeated(values: Iterable[str | None]) -> frozenset[str]:
    counted = Counter(value for value in values if value is not None)
    return frozenset(value for value, times in counted.items() if times > 1)


def _schemeless(text: str | None) -> str:
    return (text or "").removeprefix("https://").removeprefix("http://")


def _key(rung: str, *parts: str) -> str:
    return f"{VERSION}{rung}:{_hash(*parts)}"


def _hash(*parts: str) -> str:
    """128 bits of SHA-256 over the parts, each with its length, so that no two lists of parts look alike."""
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode("utf-8", errors="replace")
        digest.update(b"%d:" % len(encoded))
        digest.update(encoded)
    return digest.hexdigest()[:32]
