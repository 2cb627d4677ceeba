"""Which stories many independent newsrooms tell. Pure.

A newsroom counts once, however many of its feeds and pages carry the story. An aggregator's copy leads to the page of
the newsroom, so it counts as that newsroom; what a machine wrote, or an aggregator without such a link, counts only
where nobody else tells the story.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from storage.model import Report, Trust


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranked:
    """A story with how widely it is told."""

    story_id: int
    publishers: tuple[str, ...]  #: hosts of the independent newsrooms, sorted
    reports: tuple[Report, ...]  #: oldest first
    newest_at: datetime

    @property
    def count(self) -> int:
        """Independent newsrooms; at least one."""
        return max(1, len(self.publishers))


def rank(stories: Iterable[tuple[int, Sequence[Report]]], hosts: dict[str, str], limit: int) -> list[Ranked]:
    """The most widely told stories first; among equals, the one that was reported last.

    `hosts` gives for each source key the host of its own address.
    """
    ranked = [_ranked(story_id, reports, hosts) for story_id, reports in stories if reports]
    ranked.sort(key=lambda story: (story.count, story.newest_at, story.story_id), reverse=True)
    return ranked[:limit]


def _ranked(story_id: int, reports: Sequence[Report], hosts: dict[str, str]) -> Ranked:
    publishers = {host for report in reports if (host := _publisher(report, hosts)) is not None}
    return Ranked(
        story_id=story_id,
        publishers=tuple(sorted(publishers)),
        reports=tuple(reports),
        newest_at=max(report.published_at or report.first_seen_at for report in reports),
    )


def _publisher(report: Report, hosts: dict[str, str]) -> str | None:
    own = hosts.get(report.source_key, report.source_key)
    if report.trust is Trust.LOW:
        return None
    if report.trust is not Trust.AGGREGATOR:
        return own
    target = host_of(report.url or "")
    return target if target and target != own else None


def host_of(url: str) -> str:
    """The host of an address, without `www.`; empty when there is none."""
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""
