"""What deciding is given: a snapshot, meetings and items that are known."""

from datetime import timedelta

from feeds.decide.decide import decide
from feeds.decide.routing import AlertPolicy
from feeds.observed import Understood
from storage.changes import Candidate, Changes, KnownItem, Snapshot
from storage.model import Filter, Meeting, MeetingFacts, Source, Trust
from tests.support.build import NOW, facts, polled, source

MEETINGS = Filter(id=1, key="ministerial-meetings", title="Meetings", query="is:meeting level:minister")


POLICY = AlertPolicy()


def snapshot(of: Source | None = None, *, known: tuple[KnownItem, ...] = (), candidates: tuple[Candidate, ...] = (),
             by_url: dict[str, int] | None = None, filters: tuple[Filter, ...] = (MEETINGS,),
             said: dict[tuple[str, str], int] | None = None) -> Snapshot:  # fmt: skip
    return Snapshot(
        source=of or source(),
        items=known,
        candidates=candidates,
        stories_by_url=by_url or {},
        filters=filters,
        said=said or {},
    )


def candidate(
    told: MeetingFacts | None = None,
    *,
    story_id: int = 50,
    alerted: bool = True,
    reported: timedelta = timedelta(0),
    reports: int = 1,
    trust: Trust = Trust.PRESS,
) -> Candidate:
    meeting = Meeting(
        story_id=story_id, facts=told or facts(), revision=3, first_seen_at=NOW - reported, updated_at=NOW - reported
    )
    return Candidate(
        meeting=meeting,
        alerted_filters=frozenset({"ministerial-meetings"} if alerted else ()),
        oldest_report_at=NOW - reported,
        newest_report_at=NOW - reported,
        reports=reports,
        trust=trust,
    )


def known(
    identity: str,
    *,
    id: int = 9,
    story_id: int = 50,
    url: str | None = None,
    content_hash: str = "old",
    title: str = "A",
) -> KnownItem:
    return KnownItem(
        id=id, story_id=story_id, identity=identity, guid=None, url=url, title=title, content_hash=content_hash
    )


def decided(seen: Snapshot, *pieces: Understood, policy: AlertPolicy = POLICY) -> Changes:
    return decide(seen, pieces, polled(), policy, NOW)
