"""What a form sends, and the proof that it is one of our own forms.

A page carries a token made of the cookie of whoever it was shown to. Another site can make a browser send a form, but
knows neither cookie nor token. A browser that says where a form comes from is believed as well.
"""

import hashlib
import hmac
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

LARGEST = 64 * 1024  #: bytes of a form
MOST_FIELDS = 60
TOKEN = "token"  # noqa: S105  the name of the field

Form = Mapping[str, str]


def token_for(cookie: str) -> str:
    """What the forms of whoever has this cookie carry."""
    return hmac.new(cookie.encode("utf-8", "replace"), b"kaigi admin form", hashlib.sha256).hexdigest()


async def form_of(request: Request, cookie: str) -> Form:
    """The fields of a form that was shown to whoever has this cookie. Raises `HTTPException` for all else."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(HTTPStatus.FORBIDDEN, "The form comes from another site.")
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise HTTPException(HTTPStatus.FORBIDDEN, "This is not one of our forms.")
    fields = _fields(await _body(request))
    given = fields.get(TOKEN, "")
    if not cookie or not hmac.compare_digest(token_for(cookie).encode(), given.encode("utf-8", "replace")):
        raise HTTPException(HTTPStatus.FORBIDDEN, "The form is not of this session.")
    return fields


def _fields(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="replace"
        )
    except ValueError:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "The form has too many fields.") from None
    return {name: value.replace("\x00", "").replace("\r\n", "\n") for name, value in pairs}


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The form is too large.")
    return bytes(body)
