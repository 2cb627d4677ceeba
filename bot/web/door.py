"""The door of the admin area: a link from the bot or the password of the settings lets in, and a button lets out.

A link is opened in two steps. Opening it shows a button, and only the button uses it up, because programs that preview
links open them too, and because a browser that comes from another site does not send the cookie yet.
"""

import math
import re
import secrets
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlencode

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.told import WEB_PASSWORD, names
from bot.web.area import Area
from bot.web.forms import form_of, token_for
from bot.web.visit import COOKIE, PLACE, TEMPLATES, Visit, guarded, shown_to
from feeds.publish.limits import reader_of
from feeds.publish.web_base import MOST_PAIRS, language_of, link, page
from storage import audit, sessions
from storage.database import Connection

log = structlog.get_logger("admin")

THIS_MACHINE = "this machine"  #: in the log and in the throttle
_COOKIE = re.compile(r"[A-Za-z0-9_-]{43}")
_WITHIN = re.compile(r"/admin(?:/[a-z0-9-]+)*")


def routes(area: Area) -> list[Route]:
    """The addresses of the door."""
    methods = ["GET", "POST"]
    return [
        Route("/admin/login", partial(_login, area), methods=methods),
        Route("/admin/login/{word}", partial(_link, area), methods=methods),
        Route("/admin/logout", guarded(area, _logout), methods=["POST"]),
    ]


async def _login(area: Area, request: Request) -> Response:
    """Ask for the password, or say where a link comes from."""
    if request.method == "POST":
        return await _try_password(area, request)
    cookie = request.cookies.get(COOKIE, "")
    if cookie and await area.read(partial(area.session, token=cookie, now=area.clock())) is not None:
        return RedirectResponse(_onward(request), HTTPStatus.SEE_OTHER)
    return _shown(area, request, "login.html")


async def _try_password(area: Area, request: Request) -> Response:
    form = await form_of(request, request.cookies.get(COOKIE, ""))
    now, address = area.clock(), _address(request)
    wait = area.throttle.wait(address, now)
    if wait:
        log.warning("a sign-in to the admin area must wait", address=address, seconds=math.ceil(wait.total_seconds()))
        seconds = str(math.ceil(wait.total_seconds()))
        raise HTTPException(HTTPStatus.TOO_MANY_REQUESTS, seconds, {"retry-after": seconds})
    if not area.is_password(form.get("password", "")):
        count = area.throttle.failed(address, now)
        log.warning("a sign-in to the admin area was refused", address=address, failures=count)
        return _shown(area, request, "login.html", HTTPStatus.FORBIDDEN, refused=True)
    area.throttle.succeeded(address)
    return await _let_in(area, request, WEB_PASSWORD, area.password or "")


async def _link(area: Area, request: Request) -> Response:
    """A link that the bot sent: show whom it signs in, and sign them in when they say so."""
    word, now = request.path_params["word"], area.clock()
    if request.method == "POST":
        await form_of(request, request.cookies.get(COOKIE, ""))
        user_id = await area.write(partial(sessions.use, word=word, now=now))
    else:
        user_id = await area.read(partial(sessions.link_of, word=word, now=now))
    if user_id is None or not await area.read(partial(area.is_admin, user_id=user_id)):
        log.warning("a link to the admin area was refused", address=_address(request))
        return _shown(area, request, "login.html", HTTPStatus.FORBIDDEN, over=True)
    who = f"tg:{user_id}"
    if request.method == "POST":
        return await _let_in(area, request, who)
    known = await area.read(partial(names, language=language_of(request)))
    return _shown(area, request, "link.html", who=known.get(who, who))


async def _let_in(area: Area, request: Request, who: str, bound_to: str = "") -> Response:
    """Begin a session under a cookie that nobody had before."""
    now = area.clock()

    def work(connection: Connection) -> str:
        number, token = sessions.begin(connection, who, now, bound_to)
        audit.note(connection, who=who, what="web_login", target=f"session:{number}", now=now)
        return token

    token = await area.write(work)
    log.info("somebody signed in to the admin area", who=who, address=_address(request))
    answer = RedirectResponse(_onward(request), HTTPStatus.SEE_OTHER)
    _set_cookie(area, answer, token)
    return answer


async def _logout(visit: Visit) -> Response:
    """End this session, or all of the same person."""

    def work(connection: Connection) -> None:
        if visit.act != "everywhere":
            sessions.end(connection, visit.session.id)
            return
        ended = {"sessions": sessions.end_all(connection, visit.who)}
        target = f"session:{visit.session.id}"
        audit.note(connection, who=visit.who, what="web_logout", target=target, before=ended, now=visit.now)

    await visit.area.write(work)
    answer = RedirectResponse(link(visit.language, "/admin/login"), HTTPStatus.SEE_OTHER)
    answer.delete_cookie(COOKIE, path=PLACE, secure=visit.area.is_secure, httponly=True, samesite="strict")
    return answer


def _shown(
    area: Area, request: Request, template: str, status: int = HTTPStatus.OK, **values: Any
) -> Response:  # fmt: skip
    """A page of the door, whose form belongs to the cookie that goes with it."""
    known = request.cookies.get(COOKIE, "")
    cookie = known if _COOKIE.fullmatch(known) else secrets.token_urlsafe(32)
    usual: dict[str, Any] = {
        "refused": False, "over": False, "has_password": area.password is not None,
        "has_bot": area.settings.telegram.token is not None, "next": _next(request),
    }  # fmt: skip
    answer = page(
        request, f"admin/{template}", status, templates=TEMPLATES, form_token=token_for(cookie),
        **shown_to(language_of(request)), **(usual | values),
    )  # fmt: skip
    if cookie != known:
        _set_cookie(area, answer, cookie)
    return answer


def _set_cookie(area: Area, answer: Response, value: str) -> None:
    """Only for this browser's requests to the area, unreadable for scripts, and gone when the browser is closed."""
    answer.set_cookie(COOKIE, value, path=PLACE, secure=area.is_secure, httponly=True, samesite="strict")


def _next(request: Request) -> str:
    """The page of the area that was asked for first, with what was asked of it."""
    wanted = request.query_params.get("next", "")
    path = wanted.partition("?")[0]
    return wanted if _WITHIN.fullmatch(path) and not path.startswith("/admin/log") else "/admin"


def _onward(request: Request) -> str:
    """Where somebody goes who is in. What was asked there is written anew: nothing of it can be another site."""
    path, _, asked = _next(request).partition("?")
    pairs = [pair for pair in parse_qsl(asked, keep_blank_values=True)[:MOST_PAIRS] if pair[0] != "lang"]
    return f"{path}?{urlencode([*pairs, ('lang', language_of(request))])}"


def _address(request: Request) -> str:
    """Who asks, as the limits for all readers know them. Here this machine is one of them."""
    return reader_of(request.scope) or THIS_MACHINE
