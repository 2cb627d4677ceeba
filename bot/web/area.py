"""What the admin area is made of, and what all its pages read and write with."""

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from bot.config import Settings
from bot.told import WEB_PASSWORD
from bot.web.throttle import Throttle
from feeds.correcting import Desk
from feeds.decide.routing import AlertPolicy
from storage import people, sessions
from storage.database import Connection, Database
from storage.model import WebSession

T = TypeVar("T")

CHECKS = 2  #: newsrooms that are looked at for admins at the same time


@dataclass(frozen=True, kw_only=True)
class Area:
    """The admin area of one application. Use it from one event loop."""

    database: Database
    settings: Settings
    health: Callable[[], Mapping[str, object]] = dict  #: as /readyz tells it
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    throttle: Throttle = field(default_factory=Throttle)
    checks: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CHECKS))

    async def read(self, fn: Callable[[Connection], T]) -> T:
        """Read without holding up the loop."""
        return await asyncio.to_thread(self.database.read, fn)

    async def write(self, fn: Callable[[Connection], T]) -> T:
        """Write without holding up the loop."""
        return await asyncio.to_thread(self.database.write, fn)

    @property
    def is_secure(self) -> bool:
        """Whether readers reach the page by https, so that its cookie must never leave without it."""
        return self.settings.address.startswith("https://")

    @property
    def password(self) -> str | None:
        """The password of the settings, if there is one."""
        chosen = self.settings.web.admin_password
        return chosen.get_secret_value() if chosen is not None else None

    def is_password(self, given: str) -> bool:
        """Whether this is the password; takes as long for a nearly right one as for any other."""
        right = self.password or ""
        same = hmac.compare_digest(_digest(right), _digest(given))
        return same and bool(right)

    def session(self, connection: Connection, token: str, now: datetime) -> WebSession | None:
        """The session of a token, if whoever began it may still be here."""
        bound_to = ("", self.password) if self.password is not None else ("",)
        found = sessions.find(connection, token, now, bound_to)
        if found is None:
            return None
        if found.who == WEB_PASSWORD:
            return found if self.password is not None else None
        return found if self.is_admin(connection, int(found.who.removeprefix("tg:"))) else None

    def is_admin(self, connection: Connection, user_id: int) -> bool:
        """Whether somebody of Telegram is an admin now."""
        return people.is_admin(connection, user_id, self.settings.telegram.admins)

    def corrections(self, who: str, now: datetime) -> Desk:
        """Where somebody makes corrections."""
        alerts = self.settings.alerts
        policy = AlertPolicy(max_age=alerts.max_age, first_poll=alerts.first_poll, flood_brake=alerts.flood_brake)
        return Desk(database=self.database, policy=policy, by=who, now=now)


def _digest(word: str) -> bytes:
    return hashlib.sha256(word.encode("utf-8", "replace")).digest()
