"""The write side of a poll: apply what was decided, in the caller's transaction.

    write(fn):  snapshot = load_snapshot(…)  →  decide(snapshot, …)  →  apply(changes)

Items, stories, meetings, outbox rows and the source's validators land together or not at all; a crash in between
costs a second fetch, never an item.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    String,
    bindparam,
    cast,
    delete,
    exists,
    literal,
    select,
    update,
)

from storage import audience, floods, likeness, restored, retractions, revision, search_index
from storage.among import among
from storage.bulk import insert_rows
from storage.changes import (
    Alert,
    Changes,
    ItemInsert,
    ItemUpdate,
    MeetingWrite,
    NewStory,
    StoryRef,
)
from storage.lessons import learn
from storage.model import HeldAlert
from storage.polls import update_source
from storage.records import (
    evidence_to_json,
    facts_to_json,
    insert_for,
    insert_or_ignore,
    media_to_json,
    reserve_ids,
)
from storage.retelling import retell
from storage.tables import (
    filters,
    items,
    meetings,
    stories,
    story_alerts,
)

__all__ = ["apply", "forget_empty", "mark", "owe", "update_source"]


def apply(connection: Connection, changes: Changes, now: datetime) -> dict[NewStory, int]:
    """Write everything that was decided. Returns the ids that the new stories got."""
    ids = _insert_stories(connection, changes.new_stories, now)

    def story_id(ref: StoryRef) -> int:
        return ids[ref] if isinstance(ref, NewStory) else ref

    if changes.retired:
        name = items.c.identity.concat("~").concat(cast(items.c.id, String))
        connection.execute(update(items).where(items.c.id.in_(changes.retired)).values(identity=name))
    if changes.inserts:
        insert_rows(connection, items, [_item_row(item, story_id(item.story), now) for item in changes.inserts])
    likeness.remember(connection, ((story_id(item.story), item.keys) for item in changes.inserts if item.keys), now)
    _update_items(connection, changes.updates, story_id, now)
    for meeting in changes.meetings:
        _write_meeting(connection, meeting, story_id(meeting.story), now)
    told = [item.story for item in changes.inserts] + [update.insert.story for update in changes.updates]
    _touch_meetings(connection, [story for story in told if not isinstance(story, NewStory)], now)
    _tell(connection, changes, story_id, now)
    update_source(connection, changes.source)
    if changes.lesson is not None:
        learn(connection, changes.source.source_id, changes.lesson)
    if changes.inserts or changes.updates or changes.meetings:
        revision.bump(connection)
    return ids


def _tell(connection: Connection, changes: Changes, story_id: Callable[[StoryRef], int], now: datetime) -> None:
    """Owe the messages, or hold them with their flood."""
    if not (changes.alerts or changes.retellings or changes.held):
        return
    since = restored.lately(connection, now)
    by = changes.source.source_id

    def again(story: int) -> bool:
        return since is not None and restored.may_have_been_told(connection, story, by, since)

    for alert in changes.alerts:
        story = story_id(alert.story)
        owe(connection, replace(alert, repeat=again(story)), story, now)
    looked_anew = since is not None and restored.is_first_look(connection, by, since)
    for retelling in changes.retellings:
        retell(connection, retelling, story_id(retelling.story), now, repeat=looked_anew)
    if changes.held:
        stories = [(one, story_id(one.story)) for one in changes.held]
        held = [
            HeldAlert(story=story, filters=one.filters, followed=one.followed, repeat=again(story))
            for one, story in stories
        ]
        floods.hold(connection, changes.source, held, now)


def _insert_stories(connection: Connection, new: Sequence[NewStory], now: datetime) -> dict[NewStory, int]:
    if not new:
        return {}
    ids = reserve_ids(connection, stories, len(new))
    insert_rows(connection, stories, [{"id": story_id, "created_at": now} for story_id in ids])
    return dict(zip(new, ids, strict=True))


def _item_row(item: ItemInsert, story_id: int, now: datetime) -> dict[str, Any]:
    return {**_item_words(item, story_id, now), "identity": item.identity, "first_seen_at": now}


def _item_words(item: ItemInsert, story_id: int, now: datetime) -> dict[str, Any]:
    return {
        "source_id": item.source_id,
        "story_id": story_id,
        "guid": item.guid,
        "url": item.url,
        "title": item.title,
        "text": item.text,
        "author": item.author,
        "language": item.language,
        "categories": item.categories,
        "published_at": item.published_at,
        "published_text": item.published_text,
        "content_hash": item.content_hash,
        "verdict": item.verdict,
        "score": item.score,
        "facts": facts_to_json(item.facts) if item.facts else None,
        "evidence": evidence_to_json(item.evidence) if item.evidence else (),
        "flags": item.flags,
        "html": item.html,
        "media": media_to_json(item.media),
        "released_at": item.released_at,
        "updated_at": now,
    }


def _update_items(connection: Connection, updates: Sequence[ItemUpdate], story_id: Any, now: datetime) -> None:
    if not updates:
        return
    left: list[int] = []
    indexed = search_index.before_change(connection, [change.item_id for change in updates])
    for change in updates:
        new_story = story_id(change.insert.story)
        row = {**_item_words(change.insert, new_story, now), "identity": change.insert.identity}
        if change.old_story_id != new_story:
            left.append(change.old_story_id)
        connection.execute(update(items).where(items.c.id == change.item_id).values(**row))
    search_index.after_change(connection, indexed)
    forget_empty(connection, left, now)


def forget_empty(connection: Connection, story_ids: Iterable[int], now: datetime) -> None:
    """Delete those of the stories that no item tells any more, with their meetings and messages."""
    left = list(story_ids)
    empty = list(connection.execute(_EMPTY, {"stories": left}).scalars()) if left else []
    if empty:
        retractions.note(connection, empty, now)
        connection.execute(_DELETE, {"stories": empty})


_EMPTY = select(stories.c.id).where(among(stories.c.id, "stories"), ~exists().where(items.c.story_id == stories.c.id))
_DELETE = delete(stories).where(among(stories.c.id, "stories"))


def _write_meeting(connection: Connection, meeting: MeetingWrite, story_id: int, now: datetime) -> None:
    facts = meeting.facts
    words = {
        "level": facts.level,
        "kind": facts.kind,
        "format": facts.format,
        "phase": facts.phase,
        "series": facts.series,
        "edition": facts.edition,
        "starts_on": facts.starts_on,
        "facts": facts_to_json(facts),
        "reported": facts_to_json(meeting.reported) if meeting.reported else None,
        "trust": meeting.trust,
        "revision": meeting.revision,
        "updated_at": now,
        "active_at": now,
    }
    if not meeting.facts_changed:  # a better source said the same, or what was said lies under an admin's word
        beneath = {name: words[name] for name in ("trust", "reported")}
        connection.execute(update(meetings).where(meetings.c.story_id == story_id).values(**beneath))
        return
    statement = insert_for(connection, meetings).values(story_id=story_id, first_seen_at=now, **words)
    connection.execute(statement.on_conflict_do_update(index_elements=["story_id"], set_=words))


_TOUCH = (
    update(meetings)
    .where(among(meetings.c.story_id, "told"))
    .values(active_at=bindparam("at", type_=meetings.c.active_at.type))
)


def _touch_meetings(connection: Connection, story_ids: Sequence[StoryRef], now: datetime) -> None:
    if story_ids:
        connection.execute(_TOUCH, {"told": story_ids, "at": now})


def owe(connection: Connection, alert: Alert, story_id: int, now: datetime) -> None:
    """Note that the filters had their alert, and owe it to each active chat that is to hear of it."""
    mark(connection, story_id, alert.filters, now)
    audience.tell(connection, alert, story_id, now)


def mark(connection: Connection, story_id: int, keys: Sequence[str], now: datetime) -> None:
    """Note that these filters had their alert of a story, whoever was told."""
    marks = select(literal(story_id), filters.c.id, literal(now, story_alerts.c.decided_at.type))
    connection.execute(
        insert_or_ignore(connection, story_alerts, "story_id", "filter_id").from_select(
            ["story_id", "filter_id", "decided_at"], marks.where(filters.c.key.in_(keys))
        )
    )
