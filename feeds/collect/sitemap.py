"""Sitemaps as a source of news: https://www.sitemaps.org/protocol.html and Google's news extension
(https://developers.google.com/search/docs/crawling-indexing/sitemaps/news-sitemap).

A news sitemap gives titles and dates of publication. A plain one gives addresses only: the last part of the path, as
words, stands in for the title, and `lastmod` is when the page was touched and no date of publication. It is kept as
written, with the flag `date_is_lastmod`. An index has no entries: it names its newest sitemaps as `more`, which are
then read in its place.

Pure; runs in the worker process. The parser resolves no entities and opens no files; never raises.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from feeds.collect import identity, normalise
from feeds.collect.dated import read_moment
from feeds.collect.decode import decode
from feeds.collect.feed import language_tag
from feeds.observed import MAX_ENTRIES, Failure, FailureKind, Fetched, ParsedEntry, ParsedFeed
from storage.model import PageRules, SourceDefinition

MAX_SITEMAPS = 3  #: of an index, the newest

_DECLARATION = re.compile(r"^<\?xml[^>]{0,500}\?>")
_END = re.compile(r"</(?:[\w.-]+:)?(?:urlset|sitemapindex)\s*>")
_NODE_END = re.compile(r"</(?:[\w.-]+:)?(?:url|sitemap)\s*>")
_EXTENSION = re.compile(r"\.[A-Za-z]{2,5}$")


def parse_sitemap(fetched: Fetched, definition: SourceDefinition, now: datetime) -> ParsedFeed | Failure:
    """Read a sitemap; of a page source only the addresses that its rule `include` lets through."""
    from lxml import etree  # noqa: PLC0415  four megabytes in each parser process, and most never read a sitemap

    text = _DECLARATION.sub("", decode(fetched.body, fetched.content_type).text.lstrip("\ufeff \t\r\n"))
    whole = _END.search(text[-2_000:]) is not None
    if not whole:  # it broke off: half an address is another one
        text = text[: max((found.end() for found in _NODE_END.finditer(text)), default=len(text))]
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=True)
    try:
        root = etree.fromstring(text.encode("utf-8", errors="replace"), parser)
    except etree.XMLSyntaxError as error:
        return _broken(str(error))
    if root is None:
        return _broken("nothing could be read")
    if _name(root) == "sitemapindex":
        return _index(root, fetched.url, definition)
    problems = [f"not well-formed: {parser.error_log[0].message[:150]}"] if len(parser.error_log) else []
    parsed = _assemble(root, fetched.url, definition, now, problems)
    return parsed if whole or isinstance(parsed, Failure) else replace(parsed, whole=False)


def _assemble(
    root: Any, base: str, definition: SourceDefinition, now: datetime, problems: list[str]
) -> ParsedFeed | Failure:
    try:
        include = re.compile((definition.rules or PageRules()).include)
    except re.error as error:
        return _broken(f"the rule 'include' is no pattern: {error}")
    nodes = [node for node in root if _name(node) == "url"]
    if len(nodes) > MAX_ENTRIES:
        problems.append(f"only the newest {MAX_ENTRIES} of {len(nodes)} addresses were read")
        nodes = sorted(nodes, key=_newest, reverse=True)[:MAX_ENTRIES]
    read = (_entry(node, base, definition, now) for node in nodes)
    named, duplicates = identity.assign([entry for entry in read if entry and include.search(entry.url or "")])
    if problems and not named:
        return _broken(problems[0])
    return ParsedFeed(entries=named, language=definition.language, duplicates=duplicates, problems=tuple(problems))


def _entry(node: Any, base: str, definition: SourceDefinition, now: datetime) -> ParsedEntry | None:
    url = normalise.canonical_url(_text(node, "loc"), base)
    if url is None:
        return None
    news = next(_children(node, "news"), None)
    title = normalise.one_line(_text(news, "title")) if news is not None else ""
    written = _text(news, "publication_date")[:100] if news is not None else ""
    moment, flags = read_moment(written, definition.time_zone, now)
    if not written and (written := _text(node, "lastmod")[:100]):
        flags = ("date_is_lastmod",)
    return ParsedEntry(
        url=url,
        title=title or title_from(url),
        language=_language(news) or definition.language,
        categories=_keywords(news),
        published_at=moment,
        published_text=written or None,
        flags=flags,
    )


def title_from(url: str) -> str:
    """Return the last part of a path as words: `/docs/ministers-meet_2.html` is about "ministers meet 2"."""
    parts = urlsplit(url)
    last = next((part for part in reversed(parts.path.split("/")) if part), parts.netloc)
    words = re.sub(r"[-_+.\s]+", " ", _EXTENSION.sub("", unquote(last)))
    return normalise.one_line(words) or last


def _language(news: Any) -> str | None:
    publication = next(_children(news, "publication"), None) if news is not None else None
    return language_tag(_text(publication, "language")) if publication is not None else None


def _keywords(news: Any) -> tuple[str, ...]:
    words = _text(news, "keywords").split(",")[:50] if news is not None else ()
    return tuple(dict.fromkeys(filter(None, (normalise.one_line(word, 100) for word in words))))


def _index(root: Any, base: str, definition: SourceDefinition) -> ParsedFeed | Failure:
    """Name the newest sitemaps, in the order of the index where it gives no dates."""
    children = [node for node in root if _name(node) == "sitemap" and _text(node, "loc")]
    dated = sorted(children, key=_newest, reverse=True)
    named = (normalise.canonical_url(_text(node, "loc"), base) for node in dated[: 5 * MAX_SITEMAPS])
    newest = tuple(dict.fromkeys(url for url in named if url))[:MAX_SITEMAPS]
    if not newest:
        return Failure(
            kind=FailureKind.EMPTY,
            message="This index of sitemaps names none that can be read. Look for another address of the site.",
            detail=f"{len(children)} sitemaps",
        )
    return ParsedFeed(entries=(), language=definition.language, more=newest)


def _newest(node: Any) -> str:
    """W3C dates sort as text, as far as they name a day."""
    return _text(node, "lastmod")[:25]


def _children(node: Any, name: str) -> Iterator[Any]:
    return (child for child in node if _name(child) == name)


def _text(node: Any, name: str) -> str:
    child = next(_children(node, name), None)
    return " ".join("".join(child.itertext()).split()) if child is not None else ""


def _name(node: Any) -> str:
    """The name without its namespace, because wrong ones are common; comments have none."""
    return str(node.tag).rpartition("}")[2].lower() if isinstance(node.tag, str) else ""


def _broken(detail: str) -> Failure:
    return Failure(
        kind=FailureKind.BROKEN,
        message="The sitemap is broken and nothing could be read from it. Tell the publisher; we try again later.",
        detail=detail[:300],
    )
