"""Proposes rules for a list page that nobody has described: finds the repeated structure that holds the news.

    links ─► outside menus, rankings, footers ─► groups by place ─► selectors ─► read with page.py ─► ranked

A list of news is a group of like elements, each with one link, whose texts are long and differ, often with a date
beside them. Each proposal has been read with the same code that a poll uses, and carries what that gave. The text of
the articles needs no rules here: extraction finds it.

Pure; runs in the worker process.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from selectolax.lexbor import LexborHTMLParser, LexborNode

from feeds.collect import normalise
from feeds.collect.page import MAX_LINKS, read_list
from feeds.collect.selectors import ancestors, best_selector, classes, common_classes, inner_selectors, tag
from feeds.collect.tree import base_of, in_furniture, read_tree, site_of
from feeds.observed import Failure, Fetched, ParsedEntry
from feeds.understand.dates import parse_moment
from storage.model import PageRules, SourceDefinition, SourceKind

MIN_ITEMS = 3
ENOUGH_ITEMS = 5
MAX_PROPOSALS = 3
_MAX_GROUPS = 12
_MAX_CLIMB = 8
_MAX_LEVELS, _NEAR_LEVELS = 30, 4
_TOO_OFTEN = 3
_SHORTEST_TITLE = 10  # in columns: five kanji or ten letters
_SHORTEST_MEAN = 16

_SPLIT = re.compile(r"[-_\s]+|(?<=[a-z])(?=[A-Z])")
_JUNK = frozenset(
    re.findall(
        r"\w+",
        "rank ranking ranked popular trending related recommend recommended sidebar side aside menu nav navi gnav lnav "
        "navigation breadcrumb breadcrumbs topicpath pager pagination share sns banner ad ads widget cookie comments "
        "tagcloud tags",
    )
)
_JUNK_WHOLE = frozenset({"header", "footer"})  # `entry-header` is part of an article
_RANKING = re.compile(
    r"ランキング|人気の?(?:記事|ニュース)|よく読まれ|読まれている|関連(?:記事|リンク|ニュース)|おすすめ|オススメ|あわせて読みたい|"
    r"\branking\b|\bmost\s(?:read|popular|viewed)|\bpopular\b|\btrending\b|\brelated\b|\brecommended\b",
    re.IGNORECASE,
)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_TITLE_CLASS = re.compile(r"title|ttl|headline|subject|heading|midashi", re.IGNORECASE)
_DATE_CLASS = re.compile(r"date|time|day|posted|published|hiduke|nengappi", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """Rules for a page, and what they read from it."""

    rules: PageRules
    entries: tuple[ParsedEntry, ...]
    score: float  #: for ranking proposals of one page; the higher the better
    title: str | None = None  #: of the page


@dataclass(frozen=True, slots=True)
class _Link:
    node: LexborNode
    url: str
    title: str


@dataclass(slots=True)
class _Item:
    """A repeated element and the links that were found in it."""

    node: LexborNode
    links: list[_Link] = field(default_factory=list)

    @property
    def main(self) -> _Link:
        return max(self.links, key=lambda link: len(link.title))


def propose(fetched: Fetched, definition: SourceDefinition, now: datetime) -> tuple[Proposal, ...]:
    """Return rules that read the page, the most promising first; none for a page without a list of news."""
    tree = read_tree(fetched)
    if isinstance(tree, Failure):
        return ()
    site = replace(definition, kind=SourceKind.PAGE)
    title = normalise.one_line(normalise.node_text(tree.css_first("title"))) or None
    links = [link for link in _links(tree, fetched.url) if not in_furniture(link.node)]
    # A name such as `with-sidebar` around the whole page makes everything look like its margin: then only near names
    # count.
    for levels in (_MAX_LEVELS, _NEAR_LEVELS):
        likely = [link for link in links if not _is_beside_the_news(link.node, levels)]
        if found := _ranked(tree, fetched.url, likely, site, now):
            return tuple(replace(one, title=title) for one in found)
    return ()


def _ranked(
    tree: LexborHTMLParser, url: str, links: Sequence["_Link"], site: SourceDefinition, now: datetime
) -> tuple[Proposal, ...]:
    tried = (_proposal(tree, url, group, site, now) for group in _groups(links))
    kept: list[Proposal] = []
    for one in sorted(filter(None, tried), key=lambda it: it.score, reverse=True):
        read = {entry.url for entry in one.entries}
        if not any(read <= {entry.url for entry in better.entries} for better in kept):
            kept.append(one)
    return tuple(kept[:MAX_PROPOSALS])


# --- links and groups ---


def _links(tree: LexborHTMLParser, page: str) -> list[_Link]:
    """Return the links to the same site that may be headlines."""
    base = base_of(tree, page)
    here = normalise.canonical_url(page) or page
    found: list[_Link] = []
    for node in tree.css("a[href]")[:MAX_LINKS]:
        url = normalise.canonical_url(node.attributes.get("href"), base)
        title = normalise.one_line(normalise.node_text(node))
        if url is None or url == here or site_of(url) != site_of(base) or _columns(title) < _SHORTEST_TITLE:
            continue
        found.append(_Link(node, url, title))
    times = Counter(link.title for link in found)
    return [link for link in found if times[link.title] < _TOO_OFTEN]  # "read more", the name of a category


def _is_beside_the_news(node: LexborNode, levels: int) -> bool:
    """Tell whether a link stands in a ranking, a menu or the like, by the names or the heading of what holds it."""
    chain = [node, *ancestors(node, _MAX_LEVELS)]
    for place in chain[:levels]:
        names = f"{place.attributes.get('class') or ''} {place.attributes.get('id') or ''}"
        words = {word.lower() for word in _SPLIT.split(names)}
        if words & _JUNK or _JUNK_WHOLE & set(names.lower().split()):
            return True
    heading = next(filter(None, map(_heading_before, chain[:_MAX_CLIMB])), "")
    return _RANKING.search(heading) is not None


def _heading_before(node: LexborNode) -> str:
    """Return the heading right above an element, or an empty string."""
    before = node.prev
    for _ in range(8):
        if before is None:
            return ""
        heading = before if before.tag in _HEADINGS else None
        if heading is None and before.tag in ("div", "p", "span", "header", "dt"):
            heading = before.css_first("h1, h2, h3, h4, h5, h6") or before
        if heading is not None and before.css_first("a[href]") is None:
            text = normalise.one_line(normalise.node_text(heading), 80)
            if heading.tag in _HEADINGS or (len(text) <= 30 and _RANKING.search(text)):
                return text
        before = before.prev
    return ""


def _groups(links: Sequence[_Link]) -> list[list[_Item]]:
    """Group links by the place that they hold: the path to an ancestor's parent, and that ancestor's tag.

    Parents with the same path are one group, so that a list that is divided by months or into rows stays together.
    """
    groups: dict[tuple[int, str], dict[int, _Item]] = defaultdict(dict)
    paths = _Paths()
    for link in links:
        for child in (link.node, *ancestors(link.node, _MAX_CLIMB)):
            parent = child.parent
            assert parent is not None, "a link stands in a document"
            items = groups[paths.of(parent), child.tag or ""]
            items.setdefault(child.mem_id, _Item(child)).links.append(link)
    likely = [list(items.values()) for items in groups.values() if _is_list(list(items.values()))]
    return sorted(likely, key=_promise, reverse=True)[:_MAX_GROUPS]


class _Paths:
    """Numbers for paths of tags and lasting classes, so that long ones compare in one step."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, str, tuple[str, ...]], int] = {}
        self._known: dict[int, int] = {}

    def of(self, node: LexborNode) -> int:
        """Return the number of the path to an element."""
        chain = [node]
        while chain[-1].mem_id not in self._known and chain[-1].parent is not None:
            chain.append(chain[-1].parent)
        number = self._known.get(chain[-1].mem_id, 0)
        for one in reversed(chain):
            if one.mem_id not in self._known:
                key = (number, one.tag or "", classes(one))
                self._known[one.mem_id] = self._numbers.setdefault(key, len(self._numbers) + 1)
            number = self._known[one.mem_id]
        return number


def _is_list(items: Sequence[_Item]) -> bool:
    single = sum(len({link.url for link in item.links}) == 1 for item in items)
    return len({item.main.url for item in items}) >= MIN_ITEMS and single >= 0.7 * len(items)


def _promise(items: Sequence[_Item]) -> float:
    """A first guess, to try only a few groups: many items with long titles."""
    return min(len(items), 20) * _mean(min(_columns(item.main.title), 60) for item in items)


# --- rules ---


def _proposal(
    tree: LexborHTMLParser, url: str, items: Sequence[_Item], site: SourceDefinition, now: datetime
) -> Proposal | None:
    selector, fit = best_selector(tree, [item.node for item in items])
    if not selector:
        return None
    rules = PageRules(item=selector, link=_link_rule(items), title=_title_rule(items))
    entries = _read(tree, url, replace(site, rules=rules), now)
    if _dated(entries) < 0.5 and (date := _date_rule(items, site.time_zone, now)):
        dated = replace(rules, date=date)
        entries, rules = _read(tree, url, replace(site, rules=dated), now), dated
    expected = {item.main.url for item in items}
    if len(entries) < MIN_ITEMS or len(expected & {entry.url for entry in entries}) < 0.6 * len(expected):
        return None
    score = _score(entries, items[0].node, fit)
    return Proposal(rules=rules, entries=entries, score=round(score, 3)) if score > 0 else None


def _read(tree: LexborHTMLParser, url: str, site: SourceDefinition, now: datetime) -> tuple[ParsedEntry, ...]:
    parsed = read_list(tree, url, site, now)
    return () if isinstance(parsed, Failure) else parsed.entries


def _score(entries: Sequence[ParsedEntry], first: LexborNode, fit: float) -> float:
    mean = _mean(min(_columns(entry.title), 60) for entry in entries)
    distinct = len({entry.title for entry in entries}) / len(entries)
    if mean < _SHORTEST_MEAN or distinct < 0.6:
        return 0.0
    around = list(ancestors(first, 30))
    score = 2 * min(len(entries), 20) / 20 + 3 * mean / 60 + 2 * _dated(entries) + distinct + 2 * fit
    score += 0.5 * any(node.tag in ("main", "article") for node in around)
    score -= 0.02 * len(around)  # of nested elements the outer one holds all that belongs to an item
    return score - (2.0 if len(entries) < ENOUGH_ITEMS else 0.0)


def _dated(entries: Sequence[ParsedEntry]) -> float:
    return _mean(entry.published_text is not None for entry in entries)


def _link_rule(items: Sequence[_Item]) -> str:
    """Return the selector whose first match in an item is the headline's link; often that is simply `a`."""
    if all(item.node.tag == "a" for item in items):
        return "a"
    pairs = [(item.node, item.main.node) for item in items if item.node.tag != "a"]
    return _first_that_fits(inner_selectors(pairs), pairs) or "a"


def _first_that_fits(selectors: Sequence[str], pairs: Sequence[tuple[LexborNode, LexborNode]]) -> str:
    def share(selector: str) -> float:
        return _mean(_same(item.css_first(selector), wanted) for item, wanted in pairs)

    shares = {selector: share(selector) for selector in dict.fromkeys(selectors)}
    return next((one for one, part in shares.items() if part >= 0.9), max(shares, key=shares.__getitem__, default=""))


def _title_rule(items: Sequence[_Item]) -> str:
    """Return a selector when the link holds more than the title, such as the date and a summary."""
    for selector in (*_HEADINGS, *_inner_classes(items, _TITLE_CLASS)):
        titles = [(item.node.css_first(selector), item.main.title) for item in items]
        found = [(normalise.one_line(normalise.node_text(node)), link) for node, link in titles if node is not None]
        if len(found) >= 0.8 * len(items) and all(title for title, _ in found):
            differs = _mean(title != link for title, link in found)
            return selector if differs > 0.3 else ""
    return ""


def _date_rule(items: Sequence[_Item], zone: str, now: datetime) -> str:
    """Return a selector for dates in a form that only their class gives away, such as `11/6` or `6 Nov`."""
    for selector in _inner_classes(items, _DATE_CLASS):
        texts = [normalise.one_line(normalise.node_text(item.node.css_first(selector)), 60) for item in items]
        if _mean(bool(text) and parse_moment(text, zone, now) is not None for text in texts) >= 0.7:
            return selector
    return ""


def _inner_classes(items: Sequence[_Item], pattern: re.Pattern[str]) -> Iterator[str]:
    """Yield selectors for the elements in the first items whose class tells what they are."""
    seen: dict[str, None] = {}
    for item in items[:3]:
        for node in item.node.css("[class]")[:40]:
            for name in common_classes([node]):
                if pattern.search(name):
                    seen.setdefault(f"{tag(node)}.{name}")
    yield from seen


def _same(found: LexborNode | None, wanted: LexborNode) -> bool:
    return found is not None and found.mem_id == wanted.mem_id


def _columns(text: str) -> int:
    """The width of a text on a terminal: a kanji says as much as two letters."""
    return sum(2 if ord(letter) > 0x2E80 else 1 for letter in text)


def _mean(values: "Iterator[float] | Iterator[bool] | Sequence[float]") -> float:
    numbers = list(values)
    return sum(numbers) / len(numbers) if numbers else 0.0
