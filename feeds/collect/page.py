"""The list page of a site without a feed: an entry for each article that it links to.

It is read by a source's `PageRules` where it has them, else by what nearly every site does. The articles themselves are
read by `article.py`. Fetching is not done here.

Pure; runs in the worker process.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from feeds.collect import identity, normalise
from feeds.collect.dated import read_moment
from feeds.collect.tree import (
    bad_rules,
    base_of,
    date_alone,
    in_furniture,
    language_of,
    node_text,
    read_tree,
    site_of,
    written_date,
)
from feeds.observed import Failure, FailureKind, Fetched, ParsedEntry, ParsedFeed
from storage.model import PageRules, SourceDefinition

MAX_LINKS = 1_000
_MIN_TITLE = 8  # characters: shorter links of an unruled page are its menu


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
        return bad_rules(str(error))
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
        title=normalise.one_line(node_text(tree.css_first("title"))) or None,
        language=language_of(tree) or definition.language,
        problems=("links without a title were left out",) if len(entries) < len(found) else (),
        next_url=_next_page(tree, rules, base, url),
    )


def _what_is_there(tree: LexborHTMLParser) -> str:
    """What the page has now, for people who compare it with what it had."""
    title = normalise.one_line(node_text(tree.css_first("title")), 60)
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


def _title_in(item: LexborNode, link: LexborNode, rules: PageRules) -> str:
    if rules.title and (node := item.css_first(rules.title)) is not None:
        return normalise.one_line(node_text(node))
    text = normalise.one_line(node_text(link))
    if text:
        return text
    image = link.css_first("img[alt]")
    return normalise.one_line(link.attributes.get("title") or (image.attributes.get("alt") if image else ""))


def _date_in(item: LexborNode, rules: PageRules) -> str | None:
    """Return the date of an item. Without a rule it is a `time` element, or text that is a date and nothing else: in
    the item, or before it, as in a `dl` whose `dt` has the date and whose `dd`, one or several, have the links.
    """
    if rules.date:
        return written_date(item.css_first(rules.date))
    if (node := item.css_first("time")) is not None:
        return written_date(node)
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
    texts = node_text(node).split("\n")[:20] + [node_text(inner) for inner in node.css("*")[:40]]
    return next(filter(None, map(date_alone, texts)), None)


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
