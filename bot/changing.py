"""What admins change about filters and sources: each change with its checks and its line in the audit.

Functions over a connection, so that change and audit are one transaction. Commands and the bot call the same ones.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from feeds.collect.written import rules_as_table
from feeds.decide.query import parse
from feeds.rehearsal import rehearse
from storage import audit, filters, sources
from storage.database import Connection
from storage.errors import KaigiError, Misuse
from storage.model import (
    Filter,
    FilterAction,
    FilterChange,
    PageRules,
    Source,
    SourceDefinition,
    SourceKind,
    SourceState,
    Trust,
)

_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
#: In the audit: whether a source was what sources_file says.
FOLLOWS = "follows_file"
#: Page and feeds need them.
BUILT_IN = (filters.MEETINGS, filters.EVERYTHING)


class FilterRefused(Misuse):
    """A change that nobody can want. The message says why."""


class Storm(FilterRefused):
    """A change that would make an alert storm. The message has the numbers; `force` does it all the same."""


class CannotChange(KaigiError):
    """The thing is as it was to become already."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """What became of a change."""

    filter: Filter | None  #: as it is now; None: there is none any more
    line: int | None  #: of the audit; None: nothing was to be changed


def add_filter(  # noqa: PLR0913  the fields of a filter
    connection: Connection, *, key: str, query: str, who: str, now: datetime, title: str | None = None,
    alerts: bool = True, action: FilterAction = FilterAction.KEEP, force: bool = False,
) -> Changed:  # fmt: skip
    """Add a filter. Raises `FilterRefused`, `Storm`, `QueryError`, `AlreadyExists`."""
    if not _KEY.fullmatch(key) or key == "search":
        raise FilterRefused(f"{key!r} cannot be a key: use small letters, digits and hyphens, and not 'search'.")
    alerts = alerts and action is FilterAction.KEEP
    _refuse_empty_block(action, query)
    if alerts and not force:
        _refuse_storm(connection, query, now)
    made = filters.add(
        connection, key=key, title=title or key, query=query, alerts=alerts, action=action, who=who, now=now
    )
    return Changed(filter=made, line=_note(connection, key, who, now))


def edit_filter(connection: Connection, key: str, *, who: str, now: datetime, force: bool, **words: Any) -> Changed:
    """Change `query`, `title` or `alerts`. Raises as `add_filter`, and `NotFound`."""
    before = filters.find(connection, key)
    if "query" in words:
        _refuse_empty_block(before.action, words["query"])
    will_alert = before.action is FilterAction.KEEP and words.get("alerts", before.alerts)
    if will_alert and not force and ("query" in words or not before.alerts):
        _refuse_storm(connection, words.get("query", before.query), now)
    return _change(connection, before, "edit", who, now, **words)


def pause_filter(connection: Connection, key: str, *, paused: bool, who: str, now: datetime) -> Changed:
    """End the alerts of a filter, or the effect of a block rule, or go on with them. Raises `NotFound`."""
    what = "pause" if paused else "resume"
    return _change(connection, filters.find(connection, key), what, who, now, paused=paused)


def _change(connection: Connection, before: Filter, what: str, who: str, now: datetime, **words: Any) -> Changed:
    after = filters.change(connection, before.key, what, who=who, now=now, **words)
    return Changed(filter=after, line=_note(connection, before.key, who, now) if after != before else None)


def remove_filter(connection: Connection, key: str, *, who: str, now: datetime) -> Changed:
    """Take a filter out of use. Raises `FilterRefused`, `NotFound`."""
    if key in BUILT_IN:
        raise FilterRefused(f"{key} is built in; page and feeds need it. Pause it to end its alerts.")
    filters.remove(connection, key, who=who, now=now)
    return Changed(filter=None, line=_note(connection, key, who, now))


def undo_filter(connection: Connection, key: str | None, *, who: str, now: datetime) -> FilterChange:
    """Take back the last change of this filter, or of any. Returns that change. Raises `NotFound`."""
    taken = filters.undo(connection, key, who=who, now=now)
    target = f"filter:{taken.key}"
    undo = audit.note(
        connection, who=who, what=audit.UNDO, target=target, before=taken.after, after=taken.before, now=now
    )
    line = audit.last_of(connection, target)
    if line is not None and change_of(line.after) == taken.id:
        audit.mark_undone(connection, line.id, undo)
    return taken


def change_of(after: Mapping[str, Any] | None) -> int | None:
    """The filter's change that a line of the audit is about."""
    return None if after is None else after.get("change")


def _note(connection: Connection, key: str, who: str, now: datetime) -> int:
    change = filters.history(connection, key, limit=1)[0]
    return audit.note(
        connection,
        who=who,
        what=f"filter_{change.what}",
        target=f"filter:{key}",
        before=change.before,
        after={**(change.after or {}), "change": change.id},
        now=now,
    )


def _refuse_empty_block(action: FilterAction, query: str) -> None:
    if parse(query).is_empty and action is FilterAction.BLOCK:
        raise FilterRefused("A block rule needs a query: an empty one would hide everything.")


def _refuse_storm(connection: Connection, query: str, now: datetime) -> None:
    objections = rehearse(connection, parse(query), now).objections
    if objections:
        raise Storm(f"Refused: {'; '.join(objections)}.")


def add_source(connection: Connection, definition: SourceDefinition, *, who: str, now: datetime) -> int:
    """Keep a new source. Returns the line of the audit. Raises `AlreadyExists`."""
    sources.add(connection, definition, now)
    about = as_record(definition)
    return audit.note(
        connection, who=who, what="source_add", target=f"source:{definition.key}", after=about, now=now
    )  # fmt: skip


def remove_source(connection: Connection, source: Source, *, who: str, now: datetime) -> int:
    """Forget a source with its items. Returns the line of the audit. Raises `FromFile`."""
    sources.remove(connection, source.id, now)
    target, before = f"source:{source.definition.key}", as_record(source.definition)
    return audit.note(connection, who=who, what="source_remove", target=target, before=before, now=now)


def save_rules(connection: Connection, source: Source, rules: PageRules | None, *, who: str, now: datetime) -> int:
    """Read a list page by these rules from now on, whatever sources_file says. The first poll with them is silent.

    Returns the line of the audit. Raises `CannotChange`, `NotFound`.
    """
    known = sources.get(connection, source.id).definition
    if known.kind is not SourceKind.PAGE:
        raise CannotChange(f"{known.key} is a feed; only list pages are read by rules.")
    before, after = as_rules(known.rules), as_rules(rules)
    if before == after:
        raise CannotChange(f"{known.key} is read by these rules already.")
    followed = sources.follows(connection, source.id)
    sources.change(connection, source.id, replace(known, rules=rules), now)
    return audit.note(
        connection, who=who, what="source_rules", target=f"source:{known.key}", now=now,
        before={**before, FOLLOWS: followed}, after={**after, FOLLOWS: False},
    )  # fmt: skip


def as_rules(rules: PageRules | None) -> dict[str, Any]:
    """Rules for the audit: those that say something."""
    return rules_as_table(rules or PageRules())


def from_rules(record: Mapping[str, Any]) -> PageRules | None:
    """The rules that `as_rules` told of."""
    given = {name: value for name, value in record.items() if name != FOLLOWS}
    return PageRules(**{**given, "cut": tuple(given.get("cut", ()))}) if given else None


def pause_source(connection: Connection, source: Source, *, who: str, now: datetime) -> int:
    """Stop polling a source. Returns the line of the audit. Raises `CannotChange`."""
    if source.state is SourceState.PAUSED:
        raise CannotChange(f"{source.definition.key} is paused already.")
    sources.pause(connection, source.id)
    return _note_state(connection, source, "source_pause", SourceState.PAUSED, who, now)


def resume_source(connection: Connection, source: Source, *, who: str, now: datetime) -> int:
    """Poll a source again, at once. Returns the line of the audit."""
    sources.resume(connection, source.id, now)
    return _note_state(connection, source, "source_resume", SourceState.NEW, who, now)


def _note_state(
    connection: Connection, source: Source, what: str, state: SourceState, who: str, now: datetime
) -> int:  # fmt: skip
    before = {"state": str(source.state), "enabled": source.definition.enabled}
    after = {"state": str(state), "enabled": True if what == "source_resume" else source.definition.enabled}
    target = f"source:{source.definition.key}"
    return audit.note(connection, who=who, what=what, target=target, before=before, after=after, now=now)


def as_record(definition: SourceDefinition) -> dict[str, Any]:
    """A source for the audit. Of how it is asked only the names are told: headers and cookies are secrets."""
    fields = asdict(definition)
    asked = fields.pop("fetch")
    names = [name for name, _ in asked["headers"]] + (["cookie"] if asked["cookie"] else [])
    return {**fields, "asked_with": names}


def from_record(record: Mapping[str, Any]) -> SourceDefinition:
    """The source that `as_record` told of, without headers and cookies."""
    fields = {name: value for name, value in record.items() if name != "asked_with"}
    if fields["rules"] is not None:
        fields["rules"] = from_rules(fields["rules"])
    return SourceDefinition(**{**fields, "kind": SourceKind(fields["kind"]), "trust": Trust(fields["trust"])})
