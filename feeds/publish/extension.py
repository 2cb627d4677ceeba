"""The meeting's facts as elements of our own namespace, for readers that want more than words. Pure.

docs/feeds.md documents every element and attribute. What is not known is left out. The name of the namespace is a UUID:
it needs nobody's domain, and stays the same in every installation.
"""

from lxml import etree

from feeds.publish.entries import Entry
from feeds.publish.plain import language_tag, line
from storage.model import MeetingFacts, MeetingStory, Principal

NAMESPACE = "urn:uuid:7d3c6a52-41a0-4d52-9f0e-6a1c0b9e2d47"
PREFIX = "kaigi"


def append_meeting(parent: etree._Element, entry: Entry) -> None:
    """Write the facts of the entry's meeting below `parent`; nothing for an entry without one."""
    if entry.story is not None:
        parent.append(_meeting(entry.story))


def _meeting(story: MeetingStory) -> etree._Element:
    meeting, facts = story.meeting, story.meeting.facts
    element = etree.Element(f"{{{NAMESPACE}}}meeting", nsmap={PREFIX: NAMESPACE})
    _set(
        element,
        level=facts.level, kind=facts.kind, format=facts.format, phase=facts.phase, series=facts.series,
        edition=facts.edition, parent=facts.parent, revision=meeting.revision, confidence=f"{facts.confidence:.2f}",
    )  # fmt: skip
    _days(element, facts)
    _add(element, "place", city=facts.city, country=facts.country, venue=facts.venue)
    for code in facts.countries:
        _add(element, "side", country=code)
    for principal in facts.principals:
        _principal(element, principal)
    for words in facts.outcomes:
        outcome = etree.SubElement(element, f"{{{NAMESPACE}}}outcome")
        outcome.text = line(words)
    for report in story.reports:
        _add(
            element, "report",
            source=report.source_key, trust=report.trust, language=language_tag(report.language),
            at=(report.published_at or report.first_seen_at).replace(microsecond=0).isoformat(),
        )  # fmt: skip
    return element


def _days(element: etree._Element, facts: MeetingFacts) -> None:
    if facts.starts_on is not None:
        end = facts.ends_on if facts.ends_on and facts.ends_on > facts.starts_on else None
        _add(element, "days", start=facts.starts_on.isoformat(), end=end.isoformat() if end else None)


def _principal(element: etree._Element, principal: Principal) -> None:
    _add(
        element, "principal",
        country=principal.country, name=principal.name, name_ja=principal.name_ja, office=principal.office,
        level=principal.level, substitute="true" if principal.substitute else None,
    )  # fmt: skip


def _add(parent: etree._Element, tag: str, /, **attributes: object) -> None:
    if any(value not in (None, "") for value in attributes.values()):
        _set(etree.SubElement(parent, f"{{{NAMESPACE}}}{tag}"), **attributes)


def _set(element: etree._Element, /, **attributes: object) -> None:
    for name, value in attributes.items():
        words = "" if value is None else line(str(value))
        if words:
            element.set(name.replace("_", "-"), words)
