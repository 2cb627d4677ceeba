"""What a query finds, from memory, where the facts of meetings decide alone. Pure, but not quick: a long query over a
large archive takes seconds, so callers ask in a thread.
"""

from datetime import UTC, datetime

from feeds.decide.filters import matches
from feeds.decide.query import Query
from feeds.decide.subject import Subject
from feeds.publish.almanac import Almanac, Line

_MOST = 128  #: queries whose finds are kept with an almanac
_WORK = 100_000  #: conditions times meetings that are looked at here; what is more goes the way that has a budget
_SOME_DAY = datetime(2000, 1, 1, tzinfo=UTC)  #: no condition that is asked here looks at it


def find_by_facts(almanac: Almanac, query: Query) -> tuple[int, ...] | None:
    """The meetings that match, by their numbers, newest first; None: words, sources or ages decide as well, or it would
    take too long."""
    if not query.is_about_facts or query.depends_on_now:
        return None
    kept: dict[str, tuple[int, ...]] = almanac.kept.setdefault("by_facts", {})
    found = kept.get(query.text)
    if found is None:
        if sum(1 for _ in query.leaves()) * len(almanac.lines) > _WORK:
            return None
        matching = (line.story_id for line in almanac.lines if matches(query, _subject(line)))
        found = tuple(sorted(matching, reverse=True))
        if len(kept) >= _MOST:
            kept.clear()
        kept[query.text] = found
    return found


def _subject(line: Line) -> Subject:
    return Subject(title="", reported_at=_SOME_DAY, now=_SOME_DAY, facts=line.facts)
