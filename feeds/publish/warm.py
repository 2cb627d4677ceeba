"""What the first visitor after a start would wait for, done before anybody comes: templates, words, the almanac."""

import asyncio

import jinja2
import structlog
from starlette.applications import Starlette

from feeds.decide import vocabulary
from feeds.publish.almanac import Almanac
from feeds.publish.facets import kept_find
from feeds.publish.kept import Keeper
from feeds.publish.views import View
from feeds.publish.web_base import templates
from storage.errors import StorageError

log = structlog.get_logger("web")


async def warm(app: Starlette, *others: jinja2.Environment) -> None:
    """Make the application ready; `others` are templates of other rooms. A database that fails now is told to visitors
    when they come."""
    keeper: Keeper = app.state.keeper
    await asyncio.to_thread(_read_words, (templates, *others))
    try:
        await asyncio.to_thread(_count, await keeper.now())
    except StorageError as error:
        log.warning("the pages could not be prepared", error=str(error))


def _count(almanac: Almanac) -> None:
    """Group and count what the front page shows."""
    kept_find(almanac, View())
    _ = almanac.by_country, almanac.people, almanac.longest


def _read_words(environments: tuple[jinja2.Environment, ...]) -> None:
    for environment in environments:
        for name in environment.list_templates(extensions=["html"]):
            environment.get_template(name)
    vocabulary.prepare()
