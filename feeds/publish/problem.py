"""Refusals as data: problem details for HTTP (RFC 9457)."""

import json
from http import HTTPStatus

from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"


def problem(status: int, detail: str, **more: object) -> Response:
    """An answer that says what is wrong. `detail` is for a person; `more` are members for programs."""
    title = HTTPStatus(status).phrase
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail or title, **more}
    return Response(json.dumps(document).encode(), status, media_type=MEDIA_TYPE)
