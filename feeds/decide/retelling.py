"""What of a change in a meeting's record readers must hear of. Pure.

Material, and told by a reply to the alert:

- the phase: announced, then held, cancelled, postponed, or announced again;
- a document of its outcome that was not there before (a joint statement comes days after the meeting). The first report
  in another language names the same documents in its own words, which is no news;
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
    added = _added(before.outcomes, after.outcomes)
    if added:
        found.append(FactChange(field="outcomes", before=list(before.outcomes), after=added))
    return tuple(found)


def _added(before: tuple[str, ...], after: tuple[str, ...]) -> list[str]:
    """The documents that are new, not merely named in another language."""
    known = max((sum(_is_japanese(each) is ja for each in before) for ja in (True, False)), default=0)
    new = [each for each in after if each not in before]
    return [
        each
        for each in new
        if sum(_is_japanese(other) is _is_japanese(each) for other in after[: after.index(each) + 1]) > known
    ]


def _is_japanese(words: str) -> bool:
    return any("\u3040" <= character <= "\u9fff" for character in words)
