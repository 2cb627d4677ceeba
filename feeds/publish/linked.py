"""A meeting as linked data for search engines and other programs: schema.org in JSON-LD. Pure."""

import json
from typing import Any

from feeds.publish.card import headline, place
from feeds.publish.plain import address, line
from feeds.publish.words import Language, country_name, place_name, series_name
from storage.model import Format, MeetingFacts, MeetingStory, Phase, Principal, Report

Json = dict[str, Any]

_STATUS = {
    Phase.ANNOUNCED: "EventScheduled", Phase.HELD: "EventScheduled", Phase.CANCELLED: "EventCancelled",
    Phase.POSTPONED: "EventPostponed",
}  # fmt: skip


def event(story: MeetingStory, language: Language, url: str) -> str:
    """The meeting as a schema.org Event with its reports, as text that may stand within a script element."""
    facts = story.meeting.facts
    online = facts.format is not Format.IN_PERSON
    found: Json = {
        "@context": "https://schema.org",
        "@type": "Event",
        "@id": url,
        "url": url,
        "name": line(headline(facts, language)),
        "inLanguage": language,
        "startDate": facts.starts_on.isoformat() if facts.starts_on else None,
        "endDate": (facts.ends_on or facts.starts_on).isoformat() if facts.starts_on else None,
        "eventStatus": f"https://schema.org/{_STATUS[facts.phase]}",
        "eventAttendanceMode": f"https://schema.org/{'On' if online else 'Off'}lineEventAttendanceMode",
        "location": {"@type": "VirtualLocation", "url": url} if online else _place(facts, language),
        "superEvent": {"@type": "Event", "name": series_name(facts.parent, language)} if facts.parent else None,
        "attendee": [_person(one, language) for one in facts.principals if one.name or one.name_ja],
        "about": [{"@type": "Country", "name": country_name(code, language)} for code in facts.countries],
        "dateModified": story.meeting.updated_at.replace(microsecond=0).isoformat(),
        "subjectOf": [_article(report) for report in story.reports],
    }
    return script({name: value for name, value in found.items() if value})


def script(document: Json) -> str:
    """JSON that no browser can take for the end of its element, whatever strangers wrote."""
    words = json.dumps(document, ensure_ascii=False)
    return words.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _place(facts: MeetingFacts, language: Language) -> Json | None:
    name = line(place(facts, language))
    if not name:
        return None
    city = place_name(facts.city, language) if facts.city else None
    parts = {"@type": "PostalAddress", "addressLocality": city, "addressCountry": facts.country}
    return {
        "@type": "Place", "name": name, "address": {key: value for key, value in parts.items() if value},
    }  # fmt: skip


def _person(one: Principal, language: Language) -> Json:
    first, second = (one.name_ja, one.name) if language == "ja" else (one.name, one.name_ja)
    found = {
        "@type": "Person",
        "name": line(first or second or ""),
        "alternateName": line(second) if first and second else None,
        "jobTitle": line(one.office) if one.office else None,
        "nationality": country_name(one.country, language),
    }
    return {name: value for name, value in found.items() if value}


def _article(report: Report) -> Json:
    found = {
        "@type": "NewsArticle",
        "headline": line(report.title),
        "url": address(report.url),
        "inLanguage": line(report.language),
        "datePublished": (report.published_at or report.first_seen_at).replace(microsecond=0).isoformat(),
        "publisher": {"@type": "Organization", "name": line(report.source_name)},
    }
    return {name: value for name, value in found.items() if value}
