"""Feeds as bytes, kept until the archive changes, so that a popular feed costs no database work.

    request ─► kept and of this revision? ──► send it
                        │ no
                        ▼
               one thread writes it anew, the others wait for it

The revision is one row of the database (storage/revision.py). It is read again when this process has written something,
and else at most once a second, for what another process may have written. So a burst of requests reads nothing.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from feeds.publish.asking import Wanted
from feeds.publish.rendered import POLICY, Rendered, rendered
from feeds.publish.shelf import Document, document
from feeds.publish.web_base import Library
from storage import revision
from storage.database import Connection

LOOK_AGAIN = 1.0  #: seconds until the revision is read again though this process wrote nothing
AGES = 60.0  #: seconds for which a feed is kept whose query asks how old things are
MOST_BYTES = 64 * 2**20  #: of all kept documents together; the longest unasked goes first


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kept:
    document: Rendered
    revision: int
    until: float  #: monotonic seconds


class FeedCache:
    """The feeds of one application. Use it from one event loop."""

    def __init__(
        self, library: Library, *, most_bytes: int = MOST_BYTES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Nothing is read or written until the first request. `clock` gives monotonic seconds."""
        self._library = library
        self._clock = clock
        self._most = most_bytes
        self._kept: OrderedDict[Wanted, _Kept] = OrderedDict()
        self._bytes = 0
        self._revision = -1
        self._commits = -1
        self._looked_at = float("-inf")
        self._looking = asyncio.Lock()
        self._writing: dict[Wanted, asyncio.Task[Rendered]] = {}

    def at_hand(self, wanted: Wanted) -> Rendered | None:
        """The document, if it is kept and known to be of now; without I/O."""
        kept = self._kept.get(wanted)
        if kept is None or not self._is_sure() or kept.revision != self._revision or self._clock() > kept.until:
            return None
        self._kept.move_to_end(wanted)
        return kept.document

    async def get(self, wanted: Wanted) -> Rendered:
        """The document as the archive is now. Raises what `shelf.document` raises."""
        await self._look()
        found = self.at_hand(wanted)
        if found is not None:
            return found
        task = self._writing.get(wanted)
        if task is None:
            task = asyncio.create_task(self._write(wanted))
            self._writing[wanted] = task
            task.add_done_callback(lambda _: self._writing.pop(wanted, None))
        return await asyncio.shield(task)

    async def revision(self) -> int:
        """The archive's revision now, as far as this process can know."""
        await self._look()
        return self._revision

    def _is_sure(self) -> bool:
        own = self._commits == self._library.database.commits
        return own and self._clock() - self._looked_at < LOOK_AGAIN

    async def _look(self) -> None:
        async with self._looking:
            if self._is_sure():
                return
            commits, now = self._library.database.commits, self._clock()
            self._revision = await self._library.read(revision.current)
            self._commits, self._looked_at = commits, now

    async def _write(self, wanted: Wanted) -> Rendered:
        number, made, keep_s = await self._library.read(lambda connection: self._render(connection, wanted))
        self._keep(wanted, _Kept(document=made, revision=number, until=self._clock() + keep_s))
        return made

    def _render(self, connection: Connection, wanted: Wanted) -> tuple[int, Rendered, float]:
        """In a thread. The revision is read first: what lands in between makes the document old, never falsely new."""
        number = revision.current(connection)
        written: Document = document(connection, wanted, self._library.imprint, self._library.clock())
        made = rendered(written.body, written.media_type, self._modified(wanted, written), POLICY)
        return number, made, AGES if written.ages else float("inf")

    def _modified(self, wanted: Wanted, written: Document) -> datetime:
        """When the bytes last changed: also when only an entry left, or a filter became another one."""
        kept = self._kept.get(wanted)
        if kept is None:
            return written.updated
        before = kept.document.updated
        if written.body == kept.document.plain.body:
            return before
        now = self._library.clock().replace(microsecond=0)
        return written.updated if written.updated > before else max(now, before + timedelta(seconds=1))

    def _keep(self, wanted: Wanted, kept: _Kept) -> None:
        old = self._kept.pop(wanted, None)
        self._bytes += kept.document.size - (old.document.size if old else 0)
        self._kept[wanted] = kept
        while self._bytes > self._most and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= dropped.document.size
