"""`kaigi doctor`: looks at everything that the service stands on, and says of each finding what to do.

It changes nothing, and works beside a running service as well as before the first start.
"""

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from bot import exposed
from bot.config import Settings
from bot.findings import UNDONE, Finding, Grade, backups, disk, file_of, needed
from bot.parts import database_if_there, read_lexicon, read_sources
from storage import schema, sources, transfer, workers
from storage.backup import damage
from storage.database import Database
from storage.errors import DatabaseBusy, KaigiError
from storage.lock import only_service
from storage.model import Role, Source, SourceState

SKEW = timedelta(seconds=30)  #: between our clock and Telegram's
_NAMED = 5


def examine(settings: Settings, now: datetime) -> list[Finding]:
    """Look at everything. What cannot be looked at is a finding itself."""
    looks: tuple[tuple[str, Callable[[Settings, datetime], Iterator[Finding]]], ...] = (
        ("sources file", _source_file),
        ("lexicon", _lexicon),
        ("secrets", _secrets),
        ("database", _database),
        ("disk", disk),
        ("backups", backups),
        ("sources", _sources),
        ("web", _web),
        ("telegram", _telegram),
        ("notify", _notify),
    )
    found: list[Finding] = []
    for about, look in looks:
        try:
            found += look(settings, now)
        except KaigiError as error:
            found.append(Finding(Grade.BAD, about, str(error)))
        except OSError as error:
            found.append(Finding(Grade.BAD, about, f"{error.filename or about}: {error.strerror or error}."))
    return found


def _source_file(settings: Settings, _now: datetime) -> Iterator[Finding]:
    enabled = [one for one in read_sources(settings) if one.enabled]
    where = settings.sources_file or "the bundled list"
    yield Finding(Grade.OK, "sources file", f"{len(enabled)} enabled sources in {where}")


def _lexicon(settings: Settings, now: datetime) -> Iterator[Finding]:
    lexicon = read_lexicon(settings)
    serving = sum(person.valid_until is None or person.valid_until >= now.date() for person in lexicon.people)
    yield Finding(Grade.OK, "lexicon", f"{len(lexicon.series)} series, {serving} people in office")


def _secrets(settings: Settings, _now: datetime) -> Iterator[Finding]:
    """When all is well nothing is said."""
    archive = file_of(Database(settings.database_url, make_folder=False))
    for file in exposed.to_all(archive):
        words = f"{file} can be read by every user of this machine. `chmod o-rwx` it, or its folder."
        yield Finding(Grade.LOOK, "secrets", words)


def _database(settings: Settings, now: datetime) -> Iterator[Finding]:
    database = Database(settings.database_url, make_folder=False)
    with closing(database):
        file = file_of(database)
        if file is not None and file.is_dir():
            yield Finding(Grade.BAD, "database", f"{file} is a folder. Name a file in it with database_url.")
            return
        if file is not None and not file.is_file():
            yield Finding(Grade.OK, "database", f"{file} does not exist yet; the first start makes it")
            return
        revision = database.read(schema.revision)
        known = schema.revisions()
        if revision is not None and revision not in known:
            yield Finding(
                Grade.BAD, "database", f"{database.place} was written by a newer Kaigi. Install that version."
            )
            return
        if file is not None and (problem := damage(file)):
            yield Finding(
                Grade.BAD, "database", f"{file} is damaged ({problem}). Stop the service and `kaigi restore`."
            )
            return
        if revision == known[-1]:
            database.read(transfer.refuse_half)
        behind = "" if revision == known[-1] else "; the next start brings it to this version's schema"
        yield Finding(Grade.OK, "database", f"{database.place}, schema {revision}{behind}")
        yield from _service(database, settings, current=revision == known[-1])
        if revision == known[-1]:
            yield from _clock(database, now)


def _service(database: Database, settings: Settings, *, current: bool) -> Iterator[Finding]:
    try:
        with only_service(database):
            yield Finding(Grade.LOOK, "service", "no Kaigi runs on this database now; `kaigi run` starts it")
    except DatabaseBusy:
        if database.is_sqlite or not current:
            yield Finding(Grade.OK, "service", "is running")
        else:
            yield from _processes(database, settings)


def _processes(database: Database, settings: Settings) -> Iterator[Finding]:
    """Where the service runs in parts: which there are, and which are missing."""
    roles = Counter(worker.role for worker in database.read(workers.every))
    told = ", ".join(f"{count} {role}" for role, count in sorted(roles.items()))
    yield Finding(Grade.OK, "service", f"is running: {told}" if roles else "is running")
    if roles and not roles[Role.ALL]:
        for role in needed(settings):
            grade, undone = UNDONE[role]
            if not roles[role]:
                advice = f"start one with `kaigi run --role {role}`"
                yield Finding(grade, "service", f"no process has the role {role}, so {undone}; {advice}")


def _clock(database: Database, now: datetime) -> Iterator[Finding]:
    polled = [source.last_polled_at for source in database.read(sources.every) if source.last_polled_at]
    latest = max(polled, default=None)
    if latest is not None and latest > now + timedelta(minutes=1):
        words = f"shows {now:%Y-%m-%d %H:%M} UTC, but a source was polled at {latest:%Y-%m-%d %H:%M}. Set the clock."
        yield Finding(Grade.BAD, "clock", words)


def _sources(settings: Settings, _now: datetime) -> Iterator[Finding]:
    with database_if_there(settings) as database:
        if database is None:
            return
        every = [one for one in database.read(sources.every) if one.definition.enabled]
    if not every:
        yield Finding(Grade.BAD, "sources", "none is enabled, so nothing is polled. `kaigi sources add URL` adds one.")
        return
    states = Counter(source.state for source in every)
    yield Finding(Grade.OK, "sources", ", ".join(f"{count} {state}" for state, count in states.most_common()))
    troubled = [source for source in every if source.state in _TROUBLED]
    for source in troubled[:_NAMED]:
        yield Finding(Grade.LOOK, "source", _trouble(source))
    if len(troubled) > _NAMED:
        yield Finding(Grade.LOOK, "source", f"and {len(troubled) - _NAMED} more; `kaigi sources list` shows them all")


_TROUBLED = (SourceState.FAILING, SourceState.BLOCKED, SourceState.EMPTY, SourceState.PAUSED)


def _trouble(source: Source) -> str:
    why = f": {source.last_error}" if source.last_error else ""
    return f"{source.definition.key} is {source.state}{why} Try `kaigi sources check {source.definition.url}`."


def _web(settings: Settings, _now: datetime) -> Iterator[Finding]:
    place = f"{settings.web.host}:{settings.web.port}"
    family = socket.AF_INET6 if ":" in settings.web.host else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.web.host, settings.web.port))
        except OSError:
            yield _answering(settings)
            return
    yield Finding(Grade.OK, "web", f"{place} is free for the service")


def _answering(settings: Settings) -> Finding:
    web = settings.web
    place = f"{web.host}:{web.port}"
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(web.host, f"[{web.host}]" if ":" in web.host else web.host)  # noqa: S104
    try:
        answer = httpx.get(f"http://{host}:{web.port}/readyz", timeout=5, trust_env=False)
        told = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        told = None
    if not isinstance(told, dict) or "ready" not in told:
        return Finding(Grade.BAD, "web", f"{place} is in use by something that is not Kaigi. Set web.port to another.")
    if answer.is_success:
        return Finding(Grade.OK, "web", f"{place} answers, and the service is ready")
    return Finding(Grade.BAD, "web", f"{place} answers {answer.status_code}: {answer.text[:200]}")


def _telegram(settings: Settings, now: datetime) -> Iterator[Finding]:
    token = settings.telegram.token
    if token is None:
        yield Finding(Grade.LOOK, "telegram", "no token, so alerts are printed to the terminal")
        return
    deaf = _hears_nobody(settings)
    yield from asyncio.run(_ask_telegram(settings, token.get_secret_value(), now, deaf=deaf))


def _hears_nobody(settings: Settings) -> bool:
    """Whether the service runs in parts, and none of them reads what people write to the bot."""
    with database_if_there(settings) as database:
        if database is None or database.is_sqlite:
            return False
        roles = {worker.role for worker in database.read(workers.every)}
        return bool(roles) and not roles & {Role.ALL, Role.BOT}


def _notify(settings: Settings, _now: datetime) -> Iterator[Finding]:
    if settings.notify.urls:
        from bot.notify import targets  # noqa: PLC0415  apprise takes a second to load, and few need it

        chosen = targets(url.get_secret_value() for url in settings.notify.urls)
        named = ", ".join(f"{target.title} ({target.address})" for target in chosen)
        yield Finding(Grade.OK, "notify", f"{named}; whether they take messages is seen with the first one")


async def _ask_telegram(settings: Settings, token: str, now: datetime, *, deaf: bool) -> list[Finding]:
    """Ask for the bot's name, which proves the token, and compare clocks by the answer's Date.

    When nobody reads what people write (`deaf`), ask also whether they do.
    """
    url = f"{settings.telegram.api_url.rstrip('/')}/bot{token}"
    async with httpx.AsyncClient(timeout=10) as client:
        try:
            answer = await client.get(f"{url}/getMe")
            body = answer.json()
            waiting = (await client.get(f"{url}/getWebhookInfo")).json() if deaf else {}
        except (httpx.HTTPError, ValueError) as error:  # neither names the address: it carries the token
            return [Finding(Grade.BAD, "telegram", f"cannot be reached ({type(error).__name__}). Check the network.")]
        if not body.get("ok"):
            words = f"refuses the token ({body.get('description')}). Ask @BotFather for a new one."
            return [Finding(Grade.BAD, "telegram", words)]
        found = [Finding(Grade.OK, "telegram", f"the token belongs to @{body['result'].get('username')}")]
        there = answer.headers.get("date")
        if there and abs(parsedate_to_datetime(there) - now) > SKEW:
            found.append(Finding(Grade.LOOK, "clock", f"is not Telegram's, which shows {there}. Set it by NTP."))
    unread = waiting.get("result", {}).get("pending_update_count", 0)
    if unread:
        words = f"{unread} messages to the bot wait for an answer. Start a process with `kaigi run --role bot`."
        found.append(Finding(Grade.BAD, "telegram", words))
    return found
