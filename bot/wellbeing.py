"""Tells the admins when the service itself is in trouble, and when it is well again: disk, backups, files, restarts.

    every minute: findings ─► something turned bad, or well ─► one notice, in words that say what to do

Sources in trouble are told by their polls (feeds/decide/notices.py). What `kaigi doctor` shows to a person who asks is
what is watched here.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import structlog

from bot.doctor import Finding, Grade
from storage import notices
from storage.changes import NoticePost
from storage.database import Database
from storage.errors import StorageError
from storage.model import NoticeKind

log = structlog.get_logger("health")

LOOK_S = 60.0
FIRST_S = 300.0  #: a service that just began still makes its first backup


@dataclass(kw_only=True)
class Wellbeing:
    """`look` gives what is found now; it may read files, and is called in a thread."""

    database: Database
    look: Callable[[datetime], Sequence[Finding]]
    clock: Callable[[], datetime]
    look_s: float = LOOK_S
    first_s: float = FIRST_S
    _bad: dict[str, datetime] = field(default_factory=dict)  #: what is in trouble, since when

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
        bad = {one.about: one for one in found if one.grade is not Grade.OK}
        for about, finding in bad.items():
            if about not in self._bad:
                log.warning("the service is in trouble", about=about, why=finding.words)
                await self._tell(_turned_bad(finding, now), now)
                self._bad[about] = now
        for about in [about for about in self._bad if about not in bad]:
            log.info("well again", about=about)
            await self._tell(_well_again(about, self._bad[about], now), now)
            del self._bad[about]

    async def _tell(self, post: NoticePost, now: datetime) -> None:
        await asyncio.to_thread(self.database.write, partial(notices.post, news=post, now=now))


def _turned_bad(finding: Finding, now: datetime) -> NoticePost:
    words = f"{finding.about}: {finding.words}"
    # Once a day at most, however often the service is started.
    return NoticePost(kind=NoticeKind.TROUBLE, message=words, once=f"trouble {finding.about} {now.date()}")


def _well_again(about: str, since: datetime, now: datetime) -> NoticePost:
    return NoticePost(kind=NoticeKind.WELL, message=about, since=since, once=f"well {about} {now.isoformat()}")
