"""Finds the feeds that a page names: in its head for programs, or as links for people. Fetching is in `find.py`.

The order is what a reader would want: feeds in the head first (the HTML standard, §4.6.7.1, calls the first the page's
own), then links that look like feeds; a feed of comments or of another language comes after the rest.

Pure; runs in the worker process.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit, urlunsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from feeds.collect import normalise
from feeds.collect.tree import base_of, read_tree
from feeds.observed import Failure, Fetched

MAX_FOUND = 50

#: Where content systems put their feed when no page says so: WordPress, Hugo, Jekyll, Drupal, Blogger, RSS 1.0, news
#: sitemaps. The most frequent first, because only a few are tried.
WELL_KNOWN = (
    "/feed",
    "/rss.xml",
    "/atom.xml",
    "/index.xml",
    "/feed.json",
    "/rss",
    "/index.rdf",
    "/sitemap-news.xml",
    "/feeds/posts/default",
)

_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json")
_FEED_PATH = re.compile(
    r"(?:^|/)(?:feeds?|rss\d?|atom|rdf)(?:/|\.xml|\.rdf|\.php|\.aspx|\.ashx|\.json|$)"
    r"|\.(?:rss|rdf|atom)$|/(?:index|news|update|press)\.(?:xml|rdf)$",
    re.IGNORECASE,
)
_FEED_QUERY = re.compile(
    r"(?:^|&)(?:format|feed|type|output|alt|_format)=(?:rss2?|atom|xml|rdf|json-?feed)", re.IGNORECASE
)
_FEED_WORDS = re.compile(r"(?<![A-Za-z])(?:RSS|Atom|RDF)(?![A-Za-z])|フィード", re.IGNORECASE)
# What readers say below the articles, in the languages of content systems. "Commentary" is a section of many newsrooms.
_COMMENTS = re.compile(
    r"comments?(?![a-z])|kommentare?(?![a-z])|kommentar-feed|commentaires|comentarios|comentários|commenti|komentar"
    r"|комментари|reacties|replies|コメント|评论|評論|留言|댓글",
    re.IGNORECASE,
)
# Buttons that hand the feed to somebody's reader: the address is theirs.
_READERS = re.compile(
    r"(?:^|\.)(?:feedly|netvibes|inoreader|newsblur|bloglines|yahoo|theoldreader|facebook|x|twitter)\."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """An address that may be a feed's."""

    url: str  #: absolute and canonical
    title: str = ""
    declared: bool = False  #: named in the page's head with the type of a feed
    comments: bool = False  #: what readers say, and no news


def discover(fetched: Fetched) -> tuple[Found, ...]:
    """Return what a page names as its feeds, the likeliest first. A page that cannot be read names none."""
    tree = read_tree(fetched)
    if isinstance(tree, Failure):
        return ()
    base = base_of(tree, fetched.url)
    language = _primary(tree.root.attributes.get("lang") if tree.root else None)
    ranked = [
        (_rank(node, found, language), place, replace(found, comments=is_about_comments(found)))
        for place, (node, found) in enumerate((*_declared(tree, base), *_linked(tree, base)))
    ]
    best: dict[str, Found] = {}
    for _, _, found in sorted(ranked, key=lambda it: it[:2]):
        best.setdefault(found.url, found)
    return tuple(best.values())[:MAX_FOUND]


def well_known(url: str) -> tuple[str, ...]:
    """Return the addresses at which a site without any hint may still have its feed."""
    return tuple(filter(None, (normalise.canonical_url(path, url) for path in WELL_KNOWN)))


def _declared(tree: LexborHTMLParser, base: str) -> Iterator[tuple[LexborNode, Found]]:
    for node in tree.css("link[rel][href]")[:500]:
        relations = (node.attributes.get("rel") or "").lower().split()
        kind = (node.attributes.get("type") or "").partition(";")[0].strip().lower()
        named = "feed" in relations or ("alternate" in relations and kind in _FEED_TYPES)
        if named and (url := _absolute(node, base)):
            title = normalise.one_line(node.attributes.get("title"), 200)
            yield node, Found(url=url, title=title, declared=True)


def _linked(tree: LexborHTMLParser, base: str) -> Iterator[tuple[LexborNode, Found]]:
    for node in tree.css("a[href]")[:5000]:
        url = _absolute(node, base)
        if url is None:
            continue
        parts = urlsplit(url)
        if _READERS.search(parts.hostname or "") or not _looks_like_a_feed(node, parts.path, parts.query):
            continue
        yield node, Found(url=url, title=normalise.one_line(normalise.node_text(node), 200))


def _looks_like_a_feed(node: LexborNode, path: str, query: str) -> bool:
    kind = (node.attributes.get("type") or "").lower()
    if kind in _FEED_TYPES or _FEED_PATH.search(path) or _FEED_QUERY.search(query):
        return True
    words = normalise.one_line(normalise.node_text(node) or node.attributes.get("title"), 60)
    return len(words) <= 40 and _FEED_WORDS.search(words) is not None


def _absolute(node: LexborNode, base: str) -> str | None:
    """Return the canonical address of a link; `feed:` is an old way to say "open this in a feed reader"."""
    href = (node.attributes.get("href") or "").strip()
    if href.lower().startswith("feed:"):
        href = href[5:] if href[5:].startswith("http") else f"https:{href[5:]}"
    return normalise.canonical_url(href, base)


def _rank(node: LexborNode, found: Found, language: str) -> int:
    rank = 0 if found.declared else 10 if _FEED_PATH.search(_path(found.url)) else 20
    if is_about_comments(found):
        rank += 40
    other = _primary(node.attributes.get("hreflang"))
    return rank + (5 if other and language and other != language else 0)


def is_about_comments(found: Found) -> bool:
    """Whether a feed's title or address says that it holds what readers say, and not news."""
    return _COMMENTS.search(found.title) is not None or _COMMENTS.search(unquote(_path(found.url))) is not None


def _path(url: str) -> str:
    return urlunsplit(("", "", *urlsplit(url)[2:]))


def _primary(tag: str | None) -> str:
    return (tag or "").strip().lower().partition("-")[0]
