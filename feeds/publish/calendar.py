"""iCalendar (RFC 5545, RFC 7986) by icalendar: one event per meeting whose day is known. Pure.

An event keeps its UID for ever; SEQUENCE is the meeting's revision, so a calendar takes the newer one. Meetings are
known by the day, not the hour, so events last whole days; the end of one is the day after its last (RFC 5545, 3.6.1).
"""

from datetime import date, timedelta
from typing import Any

from icalendar import Calendar, Event

from feeds.publish.card import place
from feeds.publish.entries import Entry, Feed
from feeds.publish.plain import line
from storage.model import MeetingFacts, Phase

MEDIA_TYPE = "text/calendar; charset=utf-8"
REFRESH = timedelta(hours=1)  #: how often a calendar should ask again

_STATUS = {
    Phase.ANNOUNCED: "TENTATIVE",
    Phase.POSTPONED: "TENTATIVE",
    Phase.HELD: "CONFIRMED",
    Phase.CANCELLED: "CANCELLED",
}


def write(feed: Feed) -> bytes:
    """The feed's meetings as an iCalendar object in UTF-8. Entries without a day are left out."""
    head = feed.head
    calendar = Calendar()
    calendar.add("prodid", "-//Kaigi//Kaigi 0.1//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    _add(calendar, "name", head.title, head.language)
    calendar.add("x-wr-calname", head.title)
    calendar.add("url", head.home)
    calendar.add("source", head.url("ics"), parameters={"VALUE": "URI"})
    calendar.add("last-modified", feed.updated)
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")  # as icalendar would write REFRESH, if it knew the property
    for entry in feed.entries:
        if entry.story is not None and entry.story.meeting.facts.starts_on is not None:
            calendar.add_component(_event(feed, entry, entry.story.meeting.facts.starts_on))
    return bytes(calendar.to_ical())


def uid(authority: str, story_id: int) -> str:
    """The UID of a meeting's event: `meeting-33.20251101@kaigi.example`. `authority` is `host,date` of RFC 4151."""
    host, _, day = authority.partition(",")
    return f"meeting-{story_id}.{day.replace('-', '')}@{host}"


def _event(feed: Feed, entry: Entry, first: date) -> Event:
    assert entry.story is not None
    meeting, facts, language = entry.story.meeting, entry.story.meeting.facts, feed.head.language
    event = Event()
    event.add("uid", uid(feed.head.authority, meeting.story_id))
    event.add("dtstamp", entry.updated)
    event.add("created", entry.published)
    event.add("last-modified", entry.updated)
    event.add("sequence", meeting.revision)
    event.add("dtstart", first)
    event.add("dtend", _day_after_last(facts, first))
    event.add("status", _STATUS[facts.phase])
    event.add("transp", "TRANSPARENT")
    _add(event, "summary", entry.title, language)
    _add(event, "description", entry.text, language)
    if where := line(place(facts, language)):
        _add(event, "location", where, language)
    if entry.url is not None:
        event.add("url", entry.url)
    event.add("categories", [term for term, _ in entry.categories])
    return event


def _day_after_last(facts: MeetingFacts, first: date) -> date:
    last = max(first, facts.ends_on or first)
    return last if last == date.max else last + timedelta(days=1)


def _add(component: Any, name: str, words: str, language: str) -> None:
    component.add(name, words, parameters={"LANGUAGE": language})
