"""What all pages, feeds and answers share: the library they read from, templates, and the reader's language."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, TypeVar

import jinja2
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from feeds.publish import plain
from feeds.publish.files import TEMPLATES
from feeds.publish.shelf import Imprint
from feeds.publish.words import Language
from storage.database import Connection, Database

T = TypeVar("T")

Health = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Library:
    """What the application is made of."""

    database: Database
    authority: str  #: of feed ids
    began_at: datetime
    address: str  #: public address without a slash at its end
    language: Language
    health: Callable[[], Health]  #: `{"ready": bool, …}`, quick and without I/O
    hub: str | None = None  #: address of the WebSub hub that our feeds name
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def read(self, fn: Callable[[Connection], T]) -> T:
        """Read from the database without holding up the loop."""
        return await asyncio.to_thread(self.database.read, fn)

    @property
    def imprint(self) -> Imprint:
        """What all feeds say of this installation."""
        return Imprint(
            authority=self.authority,
            address=self.address,
            language=self.language,
            began_at=self.began_at,
            hub=self.hub,
        )


_templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
)
_templates.filters["address"] = plain.address  # no other address of a stranger may stand in a page


def page(request: Request, template: str, status: int = HTTPStatus.OK, **values: Any) -> Response:
    """A page in the reader's language."""
    language = language_of(request)
    other = request.url.include_query_params(lang="en" if language == "ja" else "ja").query
    shown = _templates.get_template(template).render(
        language=language, address=library_of(request).address, other=f"?{other}", **{"discover": (), **values}
    )
    return HTMLResponse(shown.encode("utf-8", "replace"), status)


def library_of(request: Request) -> Library:
    """The library of the application."""
    library: Library = request.app.state.library
    return library


def language_of(request: Request) -> Language:
    """The language that the address names, else the service's own."""
    asked = request.query_params.get("lang")
    if asked == "ja":
        return "ja"
    return "en" if asked == "en" else library_of(request).language
