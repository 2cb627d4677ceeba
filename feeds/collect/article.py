"""An article's page: its text, title, date and author.

They are read by a source's `PageRules` where it has them, else by what nearly every site does. The last step cuts the
text by its words and not by its markup, because rankings and "related articles" also stand inside the article's own
container, and one ranking full of headlines would make every page of a site look like every meeting.

Pure; runs in the worker process.
"""

import json
from collections import Counter
from datetime import datetime
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from feeds.collect import normalise
from feeds.collect.cutter import cut_text
from feeds.collect.dated import read_moment
from feeds.collect.linklists import drop_link_lists
from feeds.collect.released import released_at
from feeds.collect.tree import (
    FURNITURE,
    bad_rules,
    date_alone,
    in_furniture,
    is_within,
    language_of,
    meta,
    node_text,
    read_tree,
    written_date,
)
from feeds.observed import ArticlePage, Failure, FailureKind, Fetched
from storage.model import PageRules, SourceDefinition

_MIN_HEADING = 8  # characters: a shorter heading is a label

# How files begin that are no pages: PDF, zip and what is packed in one (docx, xlsx), older Office, pictures. RFC 9110
# lets a server call them anything; many call them text.
_FILES = (b"%PDF-", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"\x00\x00\x00")


def parse_article(fetched: Fetched, definition: SourceDefinition, now: datetime) -> ArticlePage | Failure:
    """Read an article's page: text by the rules' container, else as trafilatura finds it; rankings are cut off."""
    if fetched.body.startswith(_FILES):
        return Failure(
            kind=FailureKind.EMPTY,
            message="The headline leads to a file and not to a page. Its text is not read.",
            detail=f"begins with {fetched.body[:8]!r}",
        )
    tree = read_tree(fetched)
    if isinstance(tree, Failure):
        return tree
    rules = definition.rules or PageRules()
    structured = _structured(tree)
    try:
        date_text = _article_date_text(tree, rules, structured)
        title = _article_title(tree, rules)
        author = _author(tree, structured)
        text = cut_text(_article_text(tree, rules, fetched.url))
    except SelectolaxError as error:
        return bad_rules(str(error))
    if not text:
        return Failure(
            kind=FailureKind.EMPTY,
            message="No article text was found on this page. If all pages of the source fail, correct its rules.",
            detail=f"article={rules.article!r}",
        )
    published, flags = read_moment(date_text, definition.time_zone, now)
    released, suspicious = released_at(text, definition.time_zone, published, now)
    return ArticlePage(
        title=title,
        text=text[: normalise.MAX_TEXT],
        published_at=published,
        published_text=date_text,
        author=author,
        language=language_of(tree) or definition.language,
        released_at=released,
        flags=(*flags, *suspicious),
    )


def _article_text(tree: LexborHTMLParser, rules: PageRules, url: str) -> str:
    for selector in rules.cut:
        for node in tree.css(selector):
            node.decompose()
    if rules.article:
        drop_link_lists(tree, rules.article)
        text = "\n".join(filter(None, map(normalise.node_text, tree.css(rules.article)[:20])))
        if text:
            return text
    return _extracted(tree.html or "", url) or normalise.node_text(tree.body)


def _extracted(html: str, url: str) -> str:
    """Let trafilatura find the text. Imported late: it takes 0.8 s and 60 MB, and feeds never need it."""
    import trafilatura  # noqa: PLC0415

    text = trafilatura.extract(html, url=url, favor_precision=True, include_comments=False, include_tables=True)
    return normalise.plain_text(text)


def _article_title(tree: LexborHTMLParser, rules: PageRules) -> str:
    """Take the rule's title, else the heading that the page's own title contains, else the page's own title."""
    if rules.article_title and (node := tree.css_first(rules.article_title)) is not None:
        return normalise.one_line(node_text(node))
    page = normalise.one_line(meta(tree, "og:title") or node_text(tree.css_first("title")))
    headings = [normalise.one_line(node_text(node)) for node in tree.css("h1, h2")[:20]]
    fitting = [text for text in headings if len(text) >= _MIN_HEADING and text in page]
    return max(fitting, key=len, default="") or page or next(filter(None, headings), "")


def _article_date_text(tree: LexborHTMLParser, rules: PageRules, structured: dict[str, Any]) -> str | None:
    if rules.article_date and (node := tree.css_first(rules.article_date)) is not None:
        return written_date(node)
    declared = meta(tree, "article:published_time") or structured.get("datePublished")
    if isinstance(declared, str) and (written := normalise.one_line(declared, 100)):
        return written
    places = (tree.css_first(selector) for selector in (rules.article, "article", "main", "body") if selector)
    beside = _lines_beside(tree)
    return next(filter(None, (_date_at(place, beside) for place in places if place is not None)), None)


def _date_at(place: LexborNode, beside: Counter[str]) -> str | None:
    """The date that stands in a part of the page: a `time` element, else a line near the top that is a date and nothing
    else, as ministries write it. What stands `beside` the article is passed over: many papers print today's date there.
    """
    times = (node for node in place.css("time[datetime]")[:20] if not in_furniture(node))
    if (date := written_date(next(times, None))) is not None:
        return date
    left = beside.copy()
    for line in normalise.node_text(place).split("\n")[:120]:
        if place.tag == "body" and left[line] > 0:
            left[line] -= 1
        elif (date := date_alone(line)) is not None:
            return date
    return None


def _lines_beside(tree: LexborHTMLParser) -> Counter[str]:
    """The lines of the page's own header, its menus and its footer, each as often as it stands there."""
    nodes = (
        node for node in tree.css(", ".join(FURNITURE))[:100] if not is_within(node, (*FURNITURE, "article", "main"))
    )
    return Counter(line for node in nodes for line in normalise.node_text(node).split("\n"))


def _author(tree: LexborHTMLParser, structured: dict[str, Any]) -> str | None:
    author = structured.get("author")
    if isinstance(author, list) and author:
        author = author[0]
    name = author.get("name") if isinstance(author, dict) else author
    text = name if isinstance(name, str) else meta(tree, "author") or ""
    return normalise.one_line(text, normalise.MAX_AUTHOR) or None


def _structured(tree: LexborHTMLParser) -> dict[str, Any]:
    """Return the page's schema.org article, if it has one."""
    for node in tree.css('script[type="application/ld+json"]')[:10]:
        try:
            data = json.loads(node.text())
        except (ValueError, RecursionError):
            continue
        for record in _records(data):
            if "Article" in str(record.get("@type", "")):
                return record
    return {}


def _records(data: Any) -> list[dict[str, Any]]:
    if isinstance(data, dict):
        graph = data.get("@graph")
        data = [data, *graph] if isinstance(graph, list) else [data]
    return [record for record in data if isinstance(record, dict)] if isinstance(data, list) else []
