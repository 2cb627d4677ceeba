"""What of a change in a meeting's record readers must hear of. Pure.

Material, and told by a reply to the alert:

- the phase: announced, then held, cancelled, postponed, or announced again;
- a document of its outcome that was not there before (a joint statement comes days after the meeting);
- its first day, its city or its country, when another one was told before. A fact that only becomes known is no move.

Everything else (more sources, fuller names, a topic) only rewrites the card.
"""

from storage.changes import FactChange
from storage.model import MeetingFacts


def material(before: MeetingFacts, after: MeetingFacts) -> tuple[FactChange, ...]:
    """The changes that readers of an alert must hear of, in the order in which they are told."""
    found = []
    if before.phase is not after.phase:
        found.append(FactChange(field="phase", before=before.phase.value, after=after.phase.value))
    for field in ("starts_on", "city", "country"):
        old, new = getattr(before, field), getattr(after, field)
        if old is not None and new is not None and old != new:
            found.append(FactChange(field=field, before=str(old), after=str(new)))
    added = [each for each in after.outcomes if each not in before.outcomes]
    if added:
        found.append(FactChange(field="outcomes", before=list(before.outcomes), after=added))
    return tuple(found)
