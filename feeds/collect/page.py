"""News pages without a feed: the list page gives entries, the article page gives the text.

Both are read by a source's `PageRules` where it has them, else by what nearly every site does. The last step cuts the
text by its words and not by its markup, because rankings and "related articles" also stand inside the article's own
container, and one ranking full of headlines would make every page of a site look like every meeting. Fetching is not
done here.

Pure; runs in the worker process.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from feeds.collect import identity, normalise
from feeds.collect.cutter import cut_text
from feeds.collect.dated import read_moment
from feeds.collect.decode import decode
from feeds.collect.linklists import drop_link_lists
from feeds.collect.released import released_at
from feeds.observed import ArticlePage, Failure, FailureKind, Fetched, ParsedEntry, ParsedFeed
from storage.model import PageRules, SourceDefinition

MAX_LINKS = 1_000
_FURNITURE = ("nav", "header", "footer", "aside", "form")
_MIN_TITLE = 8  # characters: shorter links of an unruled page are its menu

# How files begin that are no pages: PDF, zip and what is packed in one (docx, xlsx), older Office, pictures. RFC 9110
# lets a server call them anything; many call them text.
_FILES = (b"%PDF-", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"\x00\x00\x00")

# A line that is a date and nothing else: `2025-11-6 10:31`, `2025.11.17`, `令和7年11月6日（木）`, `6 November 2025`.
_DATE_LINE = re.compile(
    r"^(?:公開|更新|掲載|配信|発表|Published:?|Updated:?|Posted:?)?\s*(?P<date>"
    r"\d{4}\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}日?.{0,20}"
    r"|(?:令和|平成|R|H)\s?(?:元|\d{1,2})\s?(?:[年.](?:\s?[(（]\d{4}年?[)）])?|[(（]\d{4}年?[)）]年)"
    r"\s?\d{1,2}\s?[月.]\s?\d{1,2}\s?日?.{0,12}"
    r"|(?:[A-Z][a-z]+day,?\s)?\d{1,2}\s[A-Z][a-z]{2,8}\.?\s\d{4}.{0,12}"
    r"|[A-Z][a-z]{2,8}\.?\s\d{1,2},\s\d{4}.{0,16})$"
)


def parse_list_page(fetched: Fetched, definition: SourceDefinition, now: datetime) -> ParsedFeed | Failure:
    """Read a list of news: an entry per address, with title and date but no text.

    A link that appears twice (picture and headline, "pick-up" block and list) is one entry with the longer title; these
    repetitions are not duplicates in the sense of a feed and are not counted.
    """
    tree = read_tree(fetched)
    return tree if isinstance(tree, Failure) else read_list(tree, fetched.url, definition, now)


def read_list(tree: LexborHTMLParser, url: str, definition: SourceDefinition, now: datetime) -> ParsedFeed | Failure:
    """Read a list page that is parsed already; `url` is where it was found."""
    rules = definition.rules or PageRules()
    base = base_of(tree, url)
    try:
        tree.css_first(rules.next_page or "a")  # a selector that cannot be used fails here, with the others
        own = {normalise.same_address(url), normalise.same_address(definition.url)}
        found = _merge(_links(tree, rules, base, definition, now))
    except (SelectolaxError, re.error) as error:
        return _bad_rules(str(error))
    # A link to the page itself ("back to top") leads to no article, but to all the headlines at once.
    found = [entry for entry in found if normalise.same_address(entry.url or "") not in own]
    entries = [entry for entry in found if entry.title]
    if not entries:
        return Failure(
            kind=FailureKind.EMPTY,
            message=f"The rules find nothing on this page; it may have been redesigned. {_what_is_there(tree)} "
            f"`kaigi sources check {definition.key}` compares it and proposes rules.",
            detail=f"item={rules.item!r} link={rules.link!r} include={rules.include!r}",
        )
    named, _ = identity.assign(entries)
    return ParsedFeed(
        entries=named,
        title=normalise.one_line(_node_text(tree.css_first("title"))) or None,
        language=_language(tree) or definition.language,
        problems=("links without a title were left out",) if len(entries) < len(found) else (),
        next_url=_next_page(tree, rules, base, url),
    )


def _what_is_there(tree: LexborHTMLParser) -> str:
    """What the page has now, for people who compare it with what it had."""
    title = normalise.one_line(_node_text(tree.css_first("title")), 60)
    links = len(tree.css("a[href]"))
    named = f"the title “{title}”" if title else "no title"
    return f"It has now {links} {'link' if links == 1 else 'links'} and {named}."


def _next_page(tree: LexborHTMLParser, rules: PageRules, base: str, url: str) -> str | None:
    """The next page of the list, if a rule says where its link is; never the page itself, never another site."""
    node = tree.css_first(rules.next_page) if rules.next_page else None
    if node is not None and node.tag != "a":
        node = node.css_first("a")
    found = normalise.canonical_url(node.attributes.get("href"), base) if node is not None else None
    return found if found and found != normalise.canonical_url(url) and site_of(found) == site_of(url) else None


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
        return _bad_rules(str(error))
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
        language=_language(tree) or definition.language,
        released_at=released,
        flags=(*flags, *suspicious),
    )


def read_tree(fetched: Fetched) -> LexborHTMLParser | Failure:
    """Decode and parse a page, unless that would take too long."""
    text = decode(fetched.body, fetched.content_type).text
    if not normalise.is_parsable(text):
        return Failure(
            kind=FailureKind.TOO_LARGE,
            message="The page is too large or too deeply nested to be read safely. Use another page of the site.",
            detail=f"{len(text)} characters",
        )
    return LexborHTMLParser(text)


def base_of(tree: LexborHTMLParser, url: str) -> str:
    """Return the address against which the page's links are resolved."""
    node = tree.css_first("base[href]")
    return (normalise.canonical_url(node.attributes.get("href"), url) if node else None) or url


# --- list pages ---


def _links(
    tree: LexborHTMLParser, rules: PageRules, base: str, definition: SourceDefinition, now: datetime
) -> Iterator[ParsedEntry]:
    include = re.compile(rules.include) if rules.include else None
    host = site_of(base)
    for item, link in _candidates(tree, rules):
        url = normalise.canonical_url(link.attributes.get("href"), base)
        if url is None or not (include.search(url) if include else site_of(url) == host):
            continue
        title = _title_in(item, link, rules)
        if not (rules.item or rules.include) and len(title) < _MIN_TITLE:
            continue
        moment, flags = read_moment(written := _date_in(item, rules), definition.time_zone, now)
        yield ParsedEntry(
            url=url,
            title=title,
            language=definition.language,
            published_at=moment,
            published_text=written,
            flags=flags,
        )


def _candidates(tree: LexborHTMLParser, rules: PageRules) -> Iterator[tuple[LexborNode, LexborNode]]:
    """Yield (item, link) pairs; without an item rule the link is its own item."""
    if rules.item:
        for item in tree.css(rules.item)[:MAX_LINKS]:
            link = (
                item if item.tag == "a" and item.css_matches(rules.link or "a") else item.css_first(rules.link or "a")
            )
            if link is not None:
                yield item, link
        return
    for link in tree.css(rules.link or "a")[:MAX_LINKS]:
        if link.tag == "a" and (rules.include or not in_furniture(link)):
            yield link, link


def in_furniture(node: LexborNode) -> bool:
    """Tell whether a node stands in a menu, header or footer, which hold no news.

    The header of an article belongs to it (HTML §4.3.8): many systems put the linked headline there.
    """
    seen = False
    parent = node.parent
    while parent is not None:
        if parent.tag in ("header", "footer"):
            seen = True
        elif parent.tag in _FURNITURE:
            return True
        elif parent.tag == "article":
            seen = False
        parent = parent.parent
    return seen


def _title_in(item: LexborNode, link: LexborNode, rules: PageRules) -> str:
    if rules.title and (node := item.css_first(rules.title)) is not None:
        return normalise.one_line(_node_text(node))
    text = normalise.one_line(_node_text(link))
    if text:
        return text
    image = link.css_first("img[alt]")
    return normalise.one_line(link.attributes.get("title") or (image.attributes.get("alt") if image else ""))


def _date_in(item: LexborNode, rules: PageRules) -> str | None:
    """Return the date of an item. Without a rule it is a `time` element, or text that is a date and nothing else: in
    the item, or before it, as in a `dl` whose `dt` has the date and whose `dd`, one or several, have the links.
    """
    if rules.date:
        return _date_text(item.css_first(rules.date))
    if (node := item.css_first("time")) is not None:
        return _date_text(node)
    if not rules.item:
        return None
    passed = ("-text", "dd") if item.tag == "dd" else ("-text",)
    before = item.prev
    while before is not None and before.tag in passed:
        before = before.prev
    nodes = (item, before) if before is not None and before.tag == "dt" else (item,)
    return next(filter(None, map(_lone_date, nodes)), None)


def _lone_date(node: LexborNode) -> str | None:
    """Return the first date that has a line or an element, such as a table's cell, to itself."""
    texts = _node_text(node).split("\n")[:20] + [_node_text(inner) for inner in node.css("*")[:40]]
    return next(filter(None, map(_date_alone, texts)), None)


def _date_alone(text: str) -> str | None:
    match = _DATE_LINE.match(text) if len(text) <= 60 and "\n" not in text else None
    return match["date"].strip() if match else None


def _merge(found: Iterator[ParsedEntry]) -> list[ParsedEntry]:
    merged: dict[str | None, ParsedEntry] = {}
    for entry in found:
        known = merged.setdefault(entry.url, entry)
        if len(entry.title) > len(known.title):
            known = replace(known, title=entry.title)
        if known.published_text is None and entry.published_text is not None:
            known = replace(
                known,
                published_at=entry.published_at,
                published_text=entry.published_text,
                flags=entry.flags,
            )
        merged[entry.url] = known
    return list(merged.values())


def site_of(url: str) -> str:
    """Return the host without `www.`, which many sites use on half of their links."""
    return url.split("/", 3)[2].removeprefix("www.")


# --- article pages ---


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
        return normalise.one_line(_node_text(node))
    page = normalise.one_line(_meta(tree, "og:title") or _node_text(tree.css_first("title")))
    headings = [normalise.one_line(_node_text(node)) for node in tree.css("h1, h2")[:20]]
    fitting = [text for text in headings if len(text) >= _MIN_TITLE and text in page]
    return max(fitting, key=len, default="") or page or next(filter(None, headings), "")


def _article_date_text(tree: LexborHTMLParser, rules: PageRules, structured: dict[str, Any]) -> str | None:
    if rules.article_date and (node := tree.css_first(rules.article_date)) is not None:
        return _date_text(node)
    declared = _meta(tree, "article:published_time") or structured.get("datePublished")
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
    if (date := _date_text(next(times, None))) is not None:
        return date
    left = beside.copy()
    for line in normalise.node_text(place).split("\n")[:120]:
        if place.tag == "body" and left[line] > 0:
            left[line] -= 1
        elif (date := _date_alone(line)) is not None:
            return date
    return None


def _lines_beside(tree: LexborHTMLParser) -> Counter[str]:
    """The lines of the page's own header, its menus and its footer, each as often as it stands there."""
    nodes = (
        node for node in tree.css(", ".join(_FURNITURE))[:100] if not _is_within(node, (*_FURNITURE, "article", "main"))
    )
    return Counter(line for node in nodes for line in normalise.node_text(node).split("\n"))


def _is_within(node: LexborNode, tags: Sequence[str]) -> bool:
    parent = node.parent
    while parent is not None and parent.tag not in tags:
        parent = parent.parent
    return parent is not None


def _author(tree: LexborHTMLParser, structured: dict[str, Any]) -> str | None:
    author = structured.get("author")
    if isinstance(author, list) and author:
        author = author[0]
    name = author.get("name") if isinstance(author, dict) else author
    text = name if isinstance(name, str) else _meta(tree, "author") or ""
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


# --- both ---


def _date_text(node: LexborNode | None) -> str | None:
    if node is None:
        return None
    text = normalise.one_line(node.attributes.get("datetime"), 100) or normalise.one_line(_node_text(node))
    return text[:100] or None


def _node_text(node: LexborNode | None) -> str:
    return normalise.node_text(node)


def _meta(tree: LexborHTMLParser, name: str) -> str | None:
    node = tree.css_first(f'meta[property="{name}"], meta[name="{name}"]')
    return node.attributes.get("content") if node is not None else None


def _language(tree: LexborHTMLParser) -> str | None:
    node = tree.css_first("html[lang]")
    declared = (node.attributes.get("lang") or "").strip() if node is not None else ""
    return declared if re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,3}", declared) else None


def _bad_rules(why: str) -> Failure:
    return Failure(
        kind=FailureKind.EMPTY,
        message="A rule of this source is not a valid CSS selector or pattern. Correct it in the sources file.",
        detail=why[:300],
    )
