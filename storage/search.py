"""The reading of candidates through the search index.

`search` gives, newest first, a superset of what a query matches; the pure matcher decides (feeds/archive.py).

The index (storage/search_index.py) lags behind; items that it does not know yet are candidates without being asked.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Integer,
    Select,
    Text,
    and_,
    cast,
    column,
    exists,
    func,
    literal,
    or_,
    select,
    table,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.sql.elements import ColumnElement

from storage.plans import OF_MEETING, AllOf, AnyOf, Days, Match, Only, Plan, Told, names_source
from storage.search_index import WORDS, indexed_to
from storage.tables import items, meetings, sources
from storage.words import Kind, Wanted

WordTest = Callable[[str, str], bool]

FEW_WORDS = 64  #: that begin alike are looked for one by one
FEW = 2_000  #: as many stories or items are looked up by their ids; more are walked through

#: When an item was published, or first seen.
TOLD_AT = func.coalesce(items.c.published_at, items.c.first_seen_at, type_=items.c.first_seen_at.type)
_MEETING_COLUMNS = {name: meetings.c[name] for name in OF_MEETING}


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Some candidates, newest first. `before` is where the next batch begins; None: this was the last."""

    rows: Sequence[Any] = ()
    before: int | None = None


# -------------------------------------------------------------------------------------------------- candidates

_SUBJECTS = (
    select(
        items.c.id,
        items.c.story_id,
        items.c.title,
        items.c.text,
        items.c.url,
        items.c.language,
        items.c.categories,
        items.c.verdict,
        TOLD_AT.label("reported_at"),
        sources.c.key.label("source_key"),
        sources.c.name.label("source_name"),
        sources.c.trust,
        cast(meetings.c.facts, Text).label("facts"),
    )
    .join_from(items, sources)
    .outerjoin(meetings, meetings.c.story_id == items.c.story_id)
)


def search(
    connection: Connection, plan: Plan, limit: int, before: int | None = None, keep: WordTest | None = None
) -> Batch:
    """Candidates among the items with an id below `before`, newest first; `limit` is how far this batch looks.

    `keep` is asked with title and text, where words narrow the search, before an item is read whole.
    """
    where = _conditions(connection, plan)
    if plan.match is None:
        return _walk(connection, plan, where, limit, before)
    ids = kept = _matching(connection, plan.match, limit, before)
    if ids and keep is not None:
        rows = connection.execute(WORDS, {"ids": ids}).all()
        kept = [item_id for item_id, title, words in rows if keep(title, words)]
    rows = connection.execute(_by_ids(kept, where)).all() if kept else ()
    return Batch(rows=rows, before=ids[-1] if len(ids) == limit else None)


def _by_ids(ids: Sequence[int], where: ColumnElement[bool]) -> Select[Any]:
    return _SUBJECTS.where(items.c.id.in_(ids), where).order_by(items.c.id.desc())


def _walk(connection: Connection, plan: Plan, where: ColumnElement[bool], limit: int, before: int | None) -> Batch:
    query = _SUBJECTS.where(where).order_by(items.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(items.c.id < before)
    if plan.meetings:
        stories = _few_stories(connection, plan)
        if stories is not None:
            query = query.where(items.c.story_id.in_(stories))
    rows = connection.execute(query).all()
    return Batch(rows=rows, before=rows[-1].id if len(rows) == limit else None)


def _few_stories(connection: Connection, plan: Plan) -> list[int] | None:
    """The stories that the plan leaves over, if they are few."""
    query = select(meetings.c.story_id).where(_of_meeting(plan)).limit(FEW + 1)
    found = list(connection.execute(query).scalars())
    return found if len(found) <= FEW else None


def meetings_of(
    connection: Connection, plan: Plan, before: int | None = None, *, among: Collection[int] | None = None,
    limit: int | None = None,
) -> list[int]:  # fmt: skip
    """Candidates among the meetings, or `among` these: their story ids below `before`, newest first; all of them,
    unless there is a limit."""
    query = select(meetings.c.story_id).where(_of_meeting(plan)).order_by(meetings.c.story_id.desc()).limit(limit)
    if before is not None:
        query = query.where(meetings.c.story_id < before)
    if among is not None:
        query = query.where(meetings.c.story_id.in_(among))
    parts = _of_report(connection, plan)
    if parts:  # one report must have all of it
        query = query.where(exists().where(items.c.story_id == meetings.c.story_id, *parts))
    return list(connection.execute(query).scalars().all())


def _of_report(connection: Connection, plan: Plan) -> list[ColumnElement[bool]]:
    """What the plan asks of a report itself; of its words, that the index names it or does not know it yet."""
    parts = [_item_has(connection, only) for only in plan.only if only.column not in _MEETING_COLUMNS]
    parts += map(_told, plan.told)
    named = _named(connection, plan.match) if plan.match is not None else None
    if named is not None:
        parts.append(or_(items.c.id > indexed_to(connection), items.c.id.in_(named)))
    return parts


def _named(connection: Connection, match: Match) -> Select[Any] | None:
    """A question for the ids of all items that the index names; None: the words say next to nothing."""
    if connection.dialect.name != "sqlite":
        question = literal(_tsquery(match)).cast(TSQUERY)
        return select(_VECTORS.c.item_id).where(_VECTORS.c.words.op("@@")(question))
    known = _spelled_out(connection, match)
    if known is None:
        return None
    return select(_FULL_TEXT.c.rowid).where(_FULL_TEXT.c.item_words.op("MATCH")(_fts(known)))


#: The index as each engine has it.
_FULL_TEXT = table("item_words", column("rowid", Integer), column("item_words", Text))
_VECTORS = table("item_words", column("item_id", Integer), column("words"))


def meetings_since(connection: Connection, since: datetime) -> dict[int, datetime]:
    """The meetings that were first heard of at or after `since`, and when."""
    query = select(meetings.c.story_id, meetings.c.first_seen_at).where(meetings.c.first_seen_at >= since)
    return {row.story_id: row.first_seen_at for row in connection.execute(query)}


def of_stories(connection: Connection, story_ids: Sequence[int]) -> list[Any]:
    """All items of these stories, oldest first, as `search` gives them."""
    rows: list[Any] = []
    for start in range(0, len(story_ids), FEW):
        chunk = story_ids[start : start + FEW]
        rows += connection.execute(_SUBJECTS.where(items.c.story_id.in_(chunk)).order_by(items.c.id))
    return rows


def between(connection: Connection, first: int, last: int | None) -> list[Any]:
    """All items with these ids, both ends included, oldest first, as `search` gives them."""
    query = _SUBJECTS.where(items.c.id >= first).order_by(items.c.id)
    return list(connection.execute(query if last is None else query.where(items.c.id <= last)))


def _matching(connection: Connection, match: Match, limit: int, before: int | None) -> list[int]:
    """Up to `limit` ids below `before` that the index names, or does not know yet."""
    mark = indexed_to(connection)
    fresh = select(items.c.id).where(items.c.id > mark).order_by(items.c.id.desc()).limit(limit)
    if before is not None:
        fresh = fresh.where(items.c.id < before)
    ids = list(connection.execute(fresh).scalars().all()) if before is None or before > mark else []
    if len(ids) < limit:
        below = mark + 1 if before is None else min(before, mark + 1)
        ids += _indexed(connection, match, limit - len(ids), below)
    return ids


_FTS = text(
    "SELECT rowid FROM item_words WHERE item_words MATCH :question AND rowid < :before ORDER BY rowid DESC LIMIT :limit"
)
_VECTOR = text(
    "SELECT item_id FROM item_words WHERE words @@ CAST(:question AS tsquery) AND item_id < :before "
    "ORDER BY item_id DESC LIMIT :limit"
)


def _indexed(connection: Connection, match: Match, limit: int, before: int) -> list[int]:
    if before <= 1:
        return []
    where = {"before": before, "limit": limit}
    if connection.dialect.name != "sqlite":
        return list(connection.execute(_VECTOR, {**where, "question": _tsquery(match)}).scalars().all())
    known = _spelled_out(connection, match)
    if known is None:
        every = select(items.c.id).where(items.c.id < before).order_by(items.c.id.desc()).limit(limit)
        return list(connection.execute(every).scalars().all())
    return list(connection.execute(_FTS, {**where, "question": _fts(known)}).scalars().all())


def _spelled_out(connection: Connection, match: Match) -> Match | None:
    """The same with the words that begin so instead of a beginning; None: with so many that it says next to nothing.

    FTS5 makes one list of all items with one of the words, however many, before it gives the newest; of several words
    beside each other it reads the newest only.
    """
    if isinstance(match, AllOf | AnyOf):
        parts = [_spelled_out(connection, part) for part in match.parts]
        known = tuple(part for part in parts if part is not None)
        return replace(match, parts=known) if known and (isinstance(match, AllOf) or None not in parts) else None
    if match.kind is not Kind.BEGINNING:
        return match
    beginning, found = match.tokens[0], list[str]()
    term = connection.execute(_TERM, {"at": beginning}).scalar()
    while term is not None and term.startswith(beginning) and len(found) <= FEW_WORDS:
        found.append(term)
        term = connection.execute(_TERM, {"at": f"{term} "}).scalar()  # a space comes before all that may follow
    return None if len(found) > FEW_WORDS else AnyOf(tuple(Wanted((term,)) for term in found or [beginning]))


_TERM = text("SELECT term FROM item_words_terms WHERE term >= :at LIMIT 1")


def _fts(match: Match) -> str:
    """The question in FTS5's language. Tokens hold letters and digits only, so quoting them is enough."""
    if isinstance(match, Wanted):
        if match.kind is Kind.BESIDE:
            return " AND ".join(f'singles : "{token}"' for token in match.tokens).join("()")
        return f'words : "{" ".join(match.tokens)}"{" *" if match.kind is Kind.BEGINNING else ""}'
    word = " AND " if isinstance(match, AllOf) else " OR "
    return f"({word.join(map(_fts, match.parts))})"


def _tsquery(match: Match) -> str:
    if isinstance(match, Wanted):
        ending = ":*" if match.kind is Kind.BEGINNING else ""
        lexemes = [f"'{token}'{ending}" for token in match.tokens]
        return f"({' & '.join(lexemes)})"
    word = " & " if isinstance(match, AllOf) else " | "
    return f"({word.join(map(_tsquery, match.parts))})"


def _conditions(connection: Connection, plan: Plan) -> ColumnElement[bool]:
    parts = [_of_meeting(plan)] if plan.meetings else []
    parts += [_item_has(connection, only) for only in plan.only if only.column not in _MEETING_COLUMNS]
    return and_(true(), *parts, *map(_told, plan.told))


def _of_meeting(plan: Plan) -> ColumnElement[bool]:
    parts = [_MEETING_COLUMNS[o.column].in_(o.values) for o in plan.only if o.column in _MEETING_COLUMNS]
    return and_(meetings.c.story_id.is_not(None), *parts, *map(_days, plan.days))


def _item_has(connection: Connection, only: Only) -> ColumnElement[bool]:
    if only.column == "source":
        return items.c.source_id.in_(_sources(connection, only.values))
    if only.column == "language":
        return or_(*(items.c.language.startswith(value, autoescape=True) for value in sorted(only.values)))
    if only.column == "trust":
        return items.c.source_id.in_(select(sources.c.id).where(sources.c.trust.in_(only.values)))
    return items.c.verdict.in_(only.values)


def _sources(connection: Connection, values: frozenset[str]) -> list[int]:
    rows = connection.execute(select(sources.c.id, sources.c.key, sources.c.name))
    return [row.id for row in rows if any(names_source(value, row.key, row.name) for value in values)]


def _days(days: Days) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = [meetings.c.starts_on.is_not(None)]
    if days.last is not None:
        parts.append(meetings.c.starts_on <= days.last)
    if days.first is not None:
        ends_on = meetings.c.facts["ends_on"].as_string()
        parts.append(or_(meetings.c.starts_on >= days.first, ends_on >= days.first.isoformat()))
    return and_(*parts)


def _told(told: Told) -> ColumnElement[bool]:
    parts = []
    if told.since is not None:
        parts.append(TOLD_AT >= told.since)  # noqa: SIM300  a column, not a constant
    if told.until is not None:
        parts.append(TOLD_AT < told.until)  # noqa: SIM300
    return and_(true(), *parts)
