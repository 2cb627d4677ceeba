"""One request of somebody who is signed in: who asks, what their form says, and how they are answered."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.telegram.refusals import in_words
from bot.told import names
from bot.undoing import can_undo
from bot.web.area import Area
from bot.web.forms import TOKEN, Form, form_of, token_for
from bot.web.words import MENU, STATES, done_words
from feeds.correcting import Desk
from feeds.publish.web_base import address_with, language_of, link, page, templates_of
from feeds.publish.words import Language
from storage import audit, floods, sessions, tracing
from storage.database import Connection
from storage.errors import NotFound
from storage.model import AuditLine, WebSession

STATIC = Path(__file__).parent / "static"
COOKIE = "kaigi_admin"
PLACE = "/admin"  #: the cookie is sent to no other address
TEMPLATES = templates_of(Path(__file__).parent / "templates")
LARGEST = 2**53  #: number that is looked for in the database
SEEN = timedelta(minutes=1)  #: a session's last use is noted so seldom


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """One request of an admin."""

    request: Request
    area: Area
    session: WebSession
    now: datetime
    form: Form = field(default_factory=dict)  #: of a form that was sent; empty where a page is only read

    @property
    def who(self) -> str:
        """The name under which the audit and all histories know this admin."""
        return self.session.who

    @property
    def language(self) -> Language:
        """The language in which this admin reads."""
        return language_of(self.request)

    @property
    def acts(self) -> bool:
        """Whether a form was sent."""
        return self.request.method == "POST"

    @property
    def act(self) -> str:
        """What the form's button says is to be done."""
        return self.form.get("act", "")

    @property
    def corrections(self) -> Desk:
        """Where this admin makes corrections."""
        return self.area.corrections(self.who, self.now)

    def said(self, name: str, most: int = 4_000) -> str:
        """A field of the form, without white space around it."""
        return self.form.get(name, "").strip()[:most]

    @property
    def place(self) -> int:
        """The number of what the page is about. Raises `HTTPException` for one that no database has."""
        number: int = self.request.path_params["number"]
        if number > LARGEST:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return number

    def number(self, name: str) -> int | None:
        """A number in the address, as far as it is one."""
        words = self.request.query_params.get(name, "")
        return int(words) if words.isascii() and words.isdecimal() and len(words) < 16 else None

    def go(self, path: str, line: int | None = None, **asked: Any) -> Response:
        """Lead to a page, where the line of the audit that was just written is told."""
        return RedirectResponse(link(self.language, path, done=line, **asked), HTTPStatus.SEE_OTHER)

    async def page(self, template: str, status: int = HTTPStatus.OK, **values: Any) -> Response:
        """A page of the admin area."""
        beside = await self.area.read(self._beside)
        token = token_for(self.request.cookies.get(COOKIE, ""))
        return page(
            self.request, f"admin/{template}", status, templates=TEMPLATES, form_token=token, now=self.now,
            **values, **beside, **shown_to(self.language),
        )  # fmt: skip

    def _beside(self, connection: Connection) -> dict[str, Any]:
        """What every page shows beside its own: who reads, what waits, and what was just done."""
        known, number = names(connection, self.language), self.number("done")
        line: AuditLine | None = None
        if number is not None:
            try:
                line = audit.find(connection, number)
            except NotFound:
                line = None
        open_floods = floods.every(connection, held_only=True)
        waiting = tracing.count_uncertain(connection, self.now - tracing.ASKED_ABOUT) + len(open_floods)
        return {
            "names": known,
            "me": known.get(self.who, self.who),
            "waiting": waiting,
            "done": line if line is not None and line.who == self.who else None,
        }


def shown_to(language: Language) -> dict[str, Any]:
    """What the templates of the admin area say things with."""
    return {
        "token_name": TOKEN,
        "admin_menu": [(href, ja if language == "ja" else en) for href, ja, en in MENU],
        "done_words": partial(done_words, language),
        "can_undo": can_undo,
        "refusal": partial(in_words, language),
        "filter_states": STATES[language],
    }


Work = Callable[[Visit], Awaitable[Response]]


def guarded(area: Area, work: Work) -> Callable[[Request], Awaitable[Response]]:
    """The handler of a page that only admins see. Whoever is not signed in is led to the door; nothing is done then."""

    async def serve(request: Request) -> Response:
        cookie, now = request.cookies.get(COOKIE, ""), area.clock()
        session = await area.read(partial(area.session, token=cookie, now=now)) if cookie else None
        if session is None:
            return RedirectResponse(
                link(language_of(request), "/admin/login", next=_asked(request)), HTTPStatus.SEE_OTHER
            )
        form: Form = await form_of(request, cookie) if request.method == "POST" else {}
        if now - session.seen_at > SEEN:
            await area.write(partial(sessions.touch, number=session.id, now=now))
        try:
            return await work(Visit(request=request, area=area, session=session, now=now, form=form))
        except NotFound as error:
            raise HTTPException(HTTPStatus.NOT_FOUND, str(error)) from error

    return serve


def _asked(request: Request) -> str:
    """The page that is asked for, with all that is asked of it but the language, which goes along by itself."""
    return request.url.path + address_with(request, lang=None).removesuffix("?")


def no_such_act() -> HTTPException:
    """A button that none of our pages has."""
    return HTTPException(HTTPStatus.BAD_REQUEST, "This form asks for something that is not known here.")
