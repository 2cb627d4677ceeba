"""One way into the parsers: bytes of a source in, entries out. Pure; runs in the worker process."""

from dataclasses import replace
from datetime import datetime

from feeds.collect.feed import parse_feed
from feeds.collect.hubs import advertised
from feeds.collect.jsonfeed import is_json, parse_json_feed
from feeds.collect.kinds import is_sitemap
from feeds.collect.page import parse_list_page
from feeds.collect.sitemap import parse_sitemap
from feeds.observed import Failure, Fetched, ParsedFeed
from storage.model import SourceDefinition, SourceKind


def read_document(fetched: Fetched, definition: SourceDefinition, now: datetime) -> ParsedFeed | Failure:
    """Read what a source serves, by kind and first bytes. `now` is aware; it tells which dates lie in the future."""
    read = _read(fetched, definition, now)
    advert = advertised(fetched, definition.url) if isinstance(read, ParsedFeed) else None
    return replace(read, advert=advert) if isinstance(read, ParsedFeed) and advert else read


def _read(fetched: Fetched, definition: SourceDefinition, now: datetime) -> ParsedFeed | Failure:
    if is_sitemap(fetched):  # also in place of a list page: many sites without a feed have one
        return parse_sitemap(fetched, definition, now)
    if definition.kind is SourceKind.PAGE:
        return parse_list_page(fetched, definition, now)
    if is_json(fetched):
        return parse_json_feed(fetched, definition, now)
    return parse_feed(fetched, definition, now)
