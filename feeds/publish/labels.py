"""Corrected items as labelled items: what `kaigi export labels` writes and `kaigi evaluate` reads. Pure.

The fields are those of docs/understanding.md, "Measuring". An item is labelled with the record of its story as the
admin left it; `fields_in_text` says which facts the item itself states, so that `evaluate` asks for no other.
"""

from collections.abc import Iterable
from typing import Any

from feeds.understand.evaluate import COUNTED_LEVELS, folded_kind
from feeds.understand.folding import fold
from storage.model import LabelledItem, MeetingFacts, Phase, Principal

Line = dict[str, Any]


def label_line(item: LabelledItem) -> Line:
    """One label, as plain data."""
    moment = item.published_at or item.first_seen_at
    line: Line = {
        "id": f"item-{item.item_id}",
        "title": item.title,
        "text": item.text,
        "date": moment.date().isoformat(),
        "source": item.source_name,
        "lang": item.language,
        "url": item.url,
        "is_meeting": item.meeting is not None and item.meeting.level in COUNTED_LEVELS,
        "borderline": False,
        "corrections": list(item.correction_ids),
    }
    if item.meeting is None or item.meeting.level not in COUNTED_LEVELS:
        return line | {"neg_class": "corrected" if item.meeting is None else str(item.meeting.level)}
    return line | _meeting(item, item.meeting)


def _meeting(item: LabelledItem, facts: MeetingFacts) -> Line:
    return {
        "level": str(facts.level),
        "kind": folded_kind(facts),
        "status": "scheduled" if facts.phase is Phase.ANNOUNCED else str(facts.phase),
        "meeting_name": facts.name_ja if item.language == "ja" else facts.name_en,
        "series": facts.series,
        "edition": facts.edition,
        "meeting_date": facts.starts_on.isoformat() if facts.starts_on else None,
        "city": facts.city,
        "country": facts.country,
        "principals": [_principal(one) for one in facts.principals],
        "outcomes": list(facts.outcomes),
        "event": f"story-{item.story_id}",
        "event_group": f"story-{item.story_id}",
        "fields_in_text": _in_text(item, facts),
    }


def _principal(one: Principal) -> Line:
    name = one.name or one.name_ja
    return {"name": name, "name_ja": one.name_ja, "office": one.office, "country": one.country}


def _in_text(item: LabelledItem, facts: MeetingFacts) -> Line:
    """Which facts the item states: those that were read from it, and those that an admin set."""
    said, words = item.stated, fold(f"{item.title}\n{item.text}").text
    fixed = {field.partition(":")[0] for field in item.fixed}
    return {
        "date": "full" if facts.starts_on and ("date" in fixed or (said and said.starts_on)) else "none",
        "city": bool(facts.city and ("city" in fixed or (said and said.city))),
        "edition": bool(facts.edition and ("edition" in fixed or (said and said.edition))),
        "principals": [_is_named(one, words) for one in facts.principals],
    }


def _is_named(one: Principal, words: str) -> bool:
    names: Iterable[str | None] = (one.name, one.name_ja, (one.name or "").split(" ")[-1])
    return any(name and fold(name).text in words for name in names)
