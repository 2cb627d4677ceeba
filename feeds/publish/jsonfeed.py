"""JSON Feed 1.1 (jsonfeed.org). Pure.

The facts of a meeting are in the extension `_kaigi`; docs/feeds.md documents it.
"""

import json
from datetime import datetime
from typing import Any

from feeds.publish.entries import Entry, Feed
from feeds.publish.facts import facts_of

MEDIA_TYPE = "application/feed+json; charset=utf-8"
VERSION = "https://jsonfeed.org/version/1.1"

Json = dict[str, Any]


def write(feed: Feed) -> bytes:
    """The feed as a JSON document in UTF-8."""
    head, place = feed.head, feed.place
    document: Json = {
        "version": VERSION,
        "title": head.title,
        "home_page_url": head.home,
        "feed_url": head.url("json", place.page),
        "description": feed.about("json"),
        "language": head.language,
        "authors": [{"name": "Kaigi", "url": head.home}],
    }
    if place.older is not None:
        document["next_url"] = head.url("json", place.older)
    if head.hub and place.page is None:
        document["hubs"] = [{"type": "WebSub", "url": head.hub}]
    document["_kaigi"] = {"about": f"{head.address}/feeds", "updated": feed.updated.isoformat()}
    document["items"] = [_item(entry) for entry in feed.entries]
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def _item(entry: Entry) -> Json:
    item: Json = {
        "id": entry.id,
        "url": entry.url,
        "title": entry.title,
        "content_html": entry.html,
        "content_text": entry.text,
        "date_published": _moment(entry.published),
        "date_modified": _moment(entry.updated),
        "authors": [{"name": entry.author}],
        "tags": [term for term, _ in entry.categories],
        "language": entry.language,
    }
    if entry.story is not None:
        item["_kaigi"] = facts_of(entry.story)
    return {name: value for name, value in item.items() if value is not None}


def _moment(moment: datetime) -> str:
    return moment.isoformat()
