"""Tells the admins when the service itself is in trouble, and when it is well again: disk, backups, files, restarts.

    every minute: findings ─► something turned bad, or is well for a while ─► one notice, in words that say what to do

What was told is known from the notices themselves, so a service that is started anew tells nothing twice. Sources in
trouble are told by their polls (feeds/decide/notices.py). What `kaigi doctor` shows to a person who asks is what is
watched here.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot.findings import Finding, Grade
from storage import notices
from storage.changes import NoticePost
from storage.database import Database
from storage.errors import StorageError
from storage.model import NoticeKind

log = structlog.get_logger("health")

LOOK_S = 60.0
LASTS = timedelta(minutes=10)  #: what is well for so long is well again; before, the trouble only took a breath
FIRST_S = 300.0  #: a service that just began still makes its first backup


@dataclass(kw_only=True)
class Wellbeing:
    """`look` gives what is found now; it may read files, and is called in a thread."""

    database: Database
    look: Callable[[datetime], Sequence[Finding]]
    clock: Callable[[], datetime]
    look_s: float = LOOK_S
    first_s: float = FIRST_S
    _bad: dict[str, datetime] | None = None  #: what is in trouble, since when; None: not recalled yet
    _well: dict[str, datetime] = field(default_factory=dict)  #: what of that is well now, since when

    async def run(self) -> None:
        """Look until cancelled."""
        await asyncio.sleep(self.first_s)
        while True:
            try:
                await self.round()
            except StorageError as error:
                log.error("trouble cannot be told now", error=str(error))
            except Exception:
                log.exception("looking after the service failed by our own mistake; trying again")
            await asyncio.sleep(self.look_s)

    async def round(self) -> None:
        """Look once, and tell what changed. Raises `StorageError`; then it is told the next time."""
        now = self.clock()
        found = await asyncio.to_thread(self.look, now)
        if self._bad is None:
            self._bad = await asyncio.to_thread(self.database.read, notices.troubles)
        bad = {one.about: one for one in found if one.grade is not Grade.OK}
        for about in sorted(bad.keys() - self._bad.keys()):
            log.warning("the service is in trouble", about=about, why=bad[about].words)
            await self._tell(_turned_bad(bad[about], now), now)
            self._bad[about] = now
        self._well = {about: self._well.get(about, now) for about in self._bad if about not in bad}
        for about in [about for about, since in self._well.items() if now - since >= LASTS]:
            log.info("well again", about=about)
            await self._tell(_well_again(about, self._bad[about], now), now)
            del self._bad[about]

    async def _tell(self, post: NoticePost, now: datetime) -> None:
        await asyncio.to_thread(self.database.write, partial(notices.post, news=post, now=now))


def _turned_bad(finding: Finding, now: datetime) -> NoticePost:
    words = f"{finding.about}: {finding.words}"  # as `notices.troubles` reads it
    return NoticePost(kind=NoticeKind.TROUBLE, message=words, once=f"trouble {finding.about} {now.isoformat()}")


def _well_again(about: str, since: datetime, now: datetime) -> NoticePost:
    return NoticePost(kind=NoticeKind.WELL, message=about, since=since, once=f"well {about} {now.isoformat()}")
