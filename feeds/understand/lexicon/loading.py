"""Reads the lexicon's files, lays an operator's own over the bundled ones, and checks every entry.

An operator's folder holds files of the same names. An entry with the key of a bundled one overrides the fields that it
gives; `add = { aliases = […] }` adds words to a list instead, `remove = true` takes the entry out; any other entry is
new. In words.toml the given words are added to the group.
"""

import re
import tomllib
from collections.abc import Callable, Iterable
from functools import partial
from importlib.resources.abc import Traversable
from typing import TypeVar

from feeds.understand.lexicon import entries
from feeds.understand.lexicon.entries import FIELDS, Entry, refuse_unknown
from feeds.understand.lexicon.records import Lexicon, LexiconError, Place, Series

Record = TypeVar("Record")

#: Which entries a file may hold.
FILES: dict[str, tuple[str, ...]] = {
    "countries.toml": ("country",),
    "places.toml": ("city", "venue"),
    "people.toml": ("person",),
    "offices.toml": ("office",),
    "series.toml": ("series",),
    "topics.toml": ("topic",),
    "look_alikes.toml": ("look_alike",),
}
WORDS = "words.toml"
#: What tells entries of one kind apart.
_IDENTITY: dict[str, tuple[str, ...]] = {
    "country": ("code",), "city": ("name", "country"), "venue": ("name",), "series": ("key",), "office": ("key",),
    "person": ("name", "country", "valid_from"), "topic": ("key",), "look_alike": ("key",),
}  # fmt: skip


def load_lexicon(folder: Traversable, over: Traversable | None = None) -> Lexicon:
    """Reads and checks a folder of lexicon files, and those of `over` laid upon it, which may hold only some of them.

    Raises LexiconError that names the file and the entry.
    """
    files = _Files(folder, over)
    countries = {country.code: country for country in files.records("countries.toml", "country", entries.country)}
    cities = tuple(files.records("places.toml", "city", lambda entry: entries.city(entry, countries)))
    known: dict[str, Place] = {city.name: city for city in cities}
    venues = tuple(files.records("places.toml", "venue", lambda entry: entries.venue(entry, known)))
    checked_on = files.table("people.toml").get("checked_on")
    series = files.records("series.toml", "series", lambda entry: entries.series(entry, countries, known))
    return Lexicon(
        series=_by_key(series),
        offices=tuple(files.records("offices.toml", "office", lambda entry: entries.office(entry, countries))),
        people=tuple(
            files.records("people.toml", "person", lambda entry: entries.person(entry, countries, checked_on))
        ),
        countries=countries,
        places=cities + venues,
        words=_words(files),
        look_alikes=tuple(files.records("look_alikes.toml", "look_alike", entries.look_alike)),
        topics=tuple(files.records("topics.toml", "topic", entries.topic)),
    )


def _by_key(series: Iterable[Series]) -> dict[str, Series]:
    found = {one.key: one for one in series}
    for one in found.values():
        if one.parent is not None and one.parent not in found:
            raise LexiconError("series.toml", one.key, f"the parent {one.parent} is not the key of a series")
    return found


class _Files:
    """The tables of both folders, read once."""

    def __init__(self, folder: Traversable, over: Traversable | None) -> None:
        self._bundled = {file: _table(folder, file) for file in (*FILES, WORDS)}
        self._own = _own_tables(over) if over is not None else {}

    def table(self, file: str) -> Entry:
        """The bundled table of a file."""
        return self._bundled[file]

    def own(self, file: str) -> Entry:
        """The operator's table of a file; empty when there is none."""
        return self._own.get(file, {})

    def records(self, file: str, kind: str, make: Callable[[Entry], Record]) -> list[Record]:
        """The records of one kind, the operator's entries laid over the bundled ones."""
        bundled = _keyed(file, kind, self.table(file))
        own = _keyed(f"your {file}", kind, self.own(file))
        found = {key: (file, entry) for key, entry in bundled.items()}
        for key, entry in own.items():
            laid = _made(f"your {file}", _label(kind, entry), partial(_laid, bundled.get(key), entry))
            if laid is None:
                found.pop(key)
                continue
            if "checked_on" in FIELDS[kind] and "checked_on" in self.own(file):
                laid.setdefault("checked_on", self.own(file)["checked_on"])
            found[key] = (f"your {file}", laid)
        return [
            _made(name, _label(kind, entry), partial(_checked, kind, entry, make)) for name, entry in found.values()
        ]


def _table(folder: Traversable, file: str) -> Entry:
    try:
        return tomllib.loads(folder.joinpath(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise LexiconError(file, "the file", "cannot be read") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LexiconError(file, "the file", f"is not TOML: {error}") from error


def _own_tables(folder: Traversable) -> dict[str, Entry]:
    try:
        names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".toml"))
    except OSError as error:
        raise LexiconError(str(folder), "the folder", f"cannot be read: {error.strerror}") from error
    known = (*FILES, WORDS)
    for name in names:
        if name not in known:
            raise LexiconError(f"your {name}", "the file", f"is none of {', '.join(known)}; rename it")
    try:
        return {name: _table(folder, name) for name in names}
    except LexiconError as error:
        raise LexiconError(f"your {error.file}", error.entry, error.problem) from error


def _keyed(file: str, kind: str, table: Entry) -> dict[tuple[str, ...], Entry]:
    """The entries of a table by what identifies them. Refuses two of one identity, and unknown tables."""
    for name in table:
        if name not in (*FILES[file.removeprefix("your ")], "checked_on"):
            raise LexiconError(file, name, f"is not read here; entries are called {kind}")
    found: dict[tuple[str, ...], Entry] = {}
    for entry in _tables(file, kind, table.get(kind, ())):
        key = _made(file, _label(kind, entry), partial(_identity, kind, entry))
        if key in found:
            raise LexiconError(file, _label(kind, entry), "the entry is there twice; keep one of them")
        found[key] = entry
    return found


def _tables(file: str, kind: str, value: object) -> list[Entry]:
    if not isinstance(value, list | tuple) or not all(isinstance(entry, dict) for entry in value):
        raise LexiconError(file, kind, "must be a list of entries")
    return list(value)


def _identity(kind: str, entry: Entry) -> tuple[str, ...]:
    return tuple(str(entry[field]) for field in _IDENTITY[kind])


def _label(kind: str, entry: Entry) -> str:
    """What a person calls the entry, even if it is not whole."""
    return str(entry.get(_IDENTITY[kind][0]) or f"a {kind} without {_IDENTITY[kind][0]}")


def _laid(bundled: Entry | None, own: Entry) -> Entry | None:
    """The entry that results; None when it is taken out."""
    if own.get("remove"):
        if bundled is None:
            raise ValueError("there is no such entry to remove; compare its key with the bundled one")
        return None
    added = own.get("add", {})
    if not isinstance(added, dict):
        raise TypeError('add must be a table such as { aliases = ["…"] }')
    result = {**(bundled or {}), **{name: value for name, value in own.items() if name not in {"add", "remove"}}}
    for field, more in added.items():
        if not isinstance(more, list):
            raise TypeError(f"add.{field} must be a list")
        result[field] = [*result.get(field, ()), *(one for one in more if one not in result.get(field, ()))]
    return result


def _checked(kind: str, entry: Entry, make: Callable[[Entry], Record]) -> Record:
    refuse_unknown(entry, FIELDS[kind])
    return make(entry)


def _made(file: str, label: str, make: Callable[[], Record]) -> Record:
    try:
        return make()
    except KeyError as error:
        raise LexiconError(file, label, f"{error.args[0]} is missing") from error
    except (TypeError, ValueError, AttributeError, re.error) as error:
        raise LexiconError(file, label, str(error)) from error


def _words(files: _Files) -> dict[str, tuple[str, ...]]:
    words: dict[str, tuple[str, ...]] = {}
    for file, table in ((WORDS, files.table(WORDS)), (f"your {WORDS}", files.own(WORDS))):
        for group, lists in table.items():
            if not isinstance(lists, dict):
                raise LexiconError(file, group, "must be a table of lists")
            for name in lists:
                key = f"{group}.{name}"
                if file != WORDS and key not in words:
                    raise LexiconError(file, key, f"is no group; the groups are {', '.join(words)}")
                more = _made(file, key, partial(entries.terms, lists, name))
                words[key] = tuple(dict.fromkeys((*words.get(key, ()), *more)))
    return words
