"""The processes of the service, where it runs as several."""

from dataclasses import dataclass
from datetime import datetime

from storage.choices import Role


@dataclass(frozen=True, kw_only=True, slots=True)
class Worker:
    """A process that runs on this database."""

    name: str  #: no other process has or had it
    role: Role
    leads: tuple[str, ...]  #: the duties that are its own now: of all processes one has each
    started_at: datetime
    seen_at: datetime  #: its last sign of life, by the database's clock
