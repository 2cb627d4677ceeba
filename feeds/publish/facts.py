"""A meeting as data, for JSON Feed's extension and for the API. Pure.

Dates are those of the place; moments are in UTC. What is not known is null or an empty list.
"""

from datetime import datetime
from typing import Any

from feeds.publish.card import headline
from feeds.publish.plain import address, language_tag, line
from storage.model import MeetingStory, Principal, Report

Json = dict[str, Any]


def facts_of(story: MeetingStory) -> Json:
    """The meeting with its reports."""
    meeting, facts = story.meeting, story.meeting.facts
    return {
        "story": meeting.story_id,
        "revision": meeting.revision,
        "name": {language: line(headline(facts, language)) for language in ("ja", "en")},
        "level": str(facts.level),
        "kind": str(facts.kind),
        "format": str(facts.format),
        "phase": str(facts.phase),
        "series": _words(facts.series),
        "edition": facts.edition,
        "parent": _words(facts.parent),
        "starts_on": facts.starts_on.isoformat() if facts.starts_on else None,
        "ends_on": facts.ends_on.isoformat() if facts.ends_on else None,
        "place": {"city": _words(facts.city), "country": _words(facts.country), "venue": _words(facts.venue)},
        "countries": [line(code) for code in facts.countries],
        "principals": [_principal(one) for one in facts.principals],
        "outcomes": [line(words) for words in facts.outcomes],
        "confidence": round(facts.confidence, 3),
        "reports": [_report(one) for one in story.reports],
    }


def _principal(principal: Principal) -> Json:
    return {
        "country": line(principal.country),
        "name": _words(principal.name),
        "name_ja": _words(principal.name_ja),
        "office": _words(principal.office),
        "level": str(principal.level),
        "substitute": principal.substitute,
    }


def _report(report: Report) -> Json:
    return {
        "source": line(report.source_key),
        "name": line(report.source_name),
        "trust": str(report.trust),
        "title": line(report.title),
        "url": address(report.url),
        "language": language_tag(report.language),
        "published_at": moment(report.published_at) if report.published_at else None,
        "first_seen_at": moment(report.first_seen_at),
    }


def moment(at: datetime) -> str:
    """A moment as RFC 3339 writes it, in whole seconds."""
    return at.replace(microsecond=0).isoformat()


def _words(text: str | None) -> str | None:
    return (line(text) or None) if text else None
