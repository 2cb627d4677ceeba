"""The admin area of the page: what admins do from a browser, by plain forms that work without scripts.

    request ─► session? ─no─► /admin/login      (a link from the bot, or the password of the settings)
                  │ yes
                  ▼
    form? ─► its token is this session's? ─no─► 403
                  │ yes
                  ▼
    the same functions that the bot and the commands call ─► audit ─► 303 back to a page

It stands here and not beside the public pages in feeds/publish/, because it changes things: what changes them is above
those rooms. The public application takes these routes as it takes those of the bot.
"""

from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from bot.web import door, filters, overview, review, sources, stories, trail
from bot.web.area import Area
from bot.web.visit import STATIC, guarded

__all__ = ["Area", "routes"]

_PAGES = (
    ("/admin", overview.show), ("/admin/filters", filters.every), ("/admin/filters/{key}", filters.one),
    ("/admin/sources", sources.every), ("/admin/sources/{number:int}", sources.one), ("/admin/review", review.show),
    ("/admin/stories", stories.every), ("/admin/stories/{number:int}", stories.one), ("/admin/audit", trail.show),
)  # fmt: skip


def routes(area: Area) -> list[BaseRoute]:
    """All addresses below /admin."""
    pages = [Route(path, guarded(area, work), methods=["GET", "POST"]) for path, work in _PAGES]
    return [*door.routes(area), *pages, Mount("/admin/static", StaticFiles(directory=STATIC))]
