"""Writes CSS selectors that will still fit tomorrow: by classes, ids and landmarks that somebody chose, never by
position, and never by a class that a tool or today's state of the page has put there.

Pure. A selector is only ever proposed here; whether it finds the right things is judged by trying it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import takewhile

from selectolax.lexbor import LexborHTMLParser, LexborNode

from feeds.collect.page import MAX_LINKS

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")
_UNSTABLE = re.compile(
    r"\d{3}"  # post-4711, list-202511
    r"|^(?:css|sc|jss?|svelte|emotion|astro|data|is|has|wp|js|u|o)-"
    r"|^(?:first|last|odd|even|active|current|selected|open|new|sticky|clearfix|cf|row|container|inner|wrapper|wrap)$"
    r"|^(?:[mp][trblxy]?|col|w|h|gap|text|bg|font|flex|grid|d|sm|md|lg|xl)(?:-\w+)*-?\d"
    r"|(?=[A-Za-z]*\d[A-Za-z]*\d)(?=.*[a-z])[A-Za-z0-9_]{5,}$"  # x1y2z, made by a build tool
    r"|__[A-Za-z0-9]{5,}$"  # CSS modules
)
_NO_LETTER = re.compile(r"[^\w-]")
_LANDMARKS = frozenset({"main", "article", "section", "table", "tbody", "ul", "ol", "dl"})
_MAX_CANDIDATES = 40


def tag(node: LexborNode) -> str:
    """Return the name of an element as a selector: `o:p`, which word processors write, is `o\\:p` there
    (CSS Syntax §4.3.7)."""
    return _NO_LETTER.sub(r"\\\g<0>", node.tag or "*")


def classes(node: LexborNode) -> tuple[str, ...]:
    """Return those classes of an element that are likely to stay."""
    names = (node.attributes.get("class") or "").split()[:20]
    return tuple(name for name in names if _NAME.fullmatch(name) and not _UNSTABLE.search(name))


def common_classes(nodes: Sequence[LexborNode]) -> tuple[str, ...]:
    """Return the lasting classes that all the elements have, in the order of the first."""
    shared = set.intersection(*(set(classes(node)) for node in nodes)) if nodes else set()
    return tuple(name for name in classes(nodes[0]) if name in shared) if nodes else ()


def ancestors(node: LexborNode, limit: int = 12) -> Iterator[LexborNode]:
    """Yield the parents of an element below `body`, the nearest first."""
    parent = node.parent
    while parent is not None and parent.tag not in ("body", "html", "-document") and limit:
        yield parent
        parent, limit = parent.parent, limit - 1


def best_selector(tree: LexborHTMLParser, wanted: Sequence[LexborNode]) -> tuple[str, float]:
    """Return the selector that fits a group of elements best, and how well (0 to 1).

    Elements without any link do no harm, because nothing is read from them: a table's head, a separator.
    """
    ids = {node.mem_id for node in wanted}
    best, score = "", 0.0
    for selector in list(dict.fromkeys(_item_selectors(wanted)))[:_MAX_CANDIDATES]:
        fit = _fit(tree, selector, ids)
        if fit > score + 0.02:  # a longer one must be better to be worth it
            best, score = selector, fit
    return best, score


def _fit(tree: LexborHTMLParser, selector: str, ids: set[int]) -> float:
    """The F-measure of what a selector finds."""
    found = tree.css(selector)[:MAX_LINKS]
    hits = sum(node.mem_id in ids for node in found)
    others = sum(node.mem_id not in ids and _has_link(node) for node in found)
    return 2 * hits / (len(ids) + hits + others) if hits else 0.0


def _has_link(node: LexborNode) -> bool:
    return node.tag == "a" or node.css_first("a[href]") is not None


def _item_selectors(wanted: Sequence[LexborNode]) -> Iterator[str]:
    """Yield candidates, the shortest and most telling first."""
    name = tag(wanted[0])
    own = [f"{name}.{one}" for one in common_classes(wanted)]
    yield from own
    # A name that somebody gave says more than a landmark, even when it is farther away.
    around = [*_pieces(_names, wanted[0]), *_pieces(_landmark, wanted[0])]
    parent = wanted[0].parent
    for item in (*own, name):
        yield from (f"{piece} {item}" for piece in around)
    yield from (f"{piece} > {name}" for piece in around)
    if parent is not None and parent.tag != "body":
        yield from (f"{piece} {tag(parent)} > {name}" for piece in around)
        yield f"{tag(parent)} > {name}"
    yield name


def _pieces(names: Callable[[LexborNode], list[str]], item: LexborNode) -> Iterator[str]:
    for node in ancestors(item):
        yield from names(node)


def _names(node: LexborNode) -> list[str]:
    """Return the selectors that name one element around the list."""
    name = (node.attributes.get("id") or "").strip()
    ids = [f"#{name}"] if _NAME.fullmatch(name) and not _UNSTABLE.search(name) else []
    return ids + [f"{tag(node)}.{one}" for one in classes(node)]


def _landmark(node: LexborNode) -> list[str]:
    return [node.tag] if node.tag in _LANDMARKS else []


def inner_selectors(nodes: Iterable[tuple[LexborNode, LexborNode]]) -> list[str]:
    """Return selectors for an element inside its item, given (item, element) pairs: bare, by its own class, then by
    what stands around it."""
    pairs = list(nodes)
    item, node = pairs[0]
    name = tag(node)
    named = [f"{name}.{one}" for one in common_classes([node for _, node in pairs])]
    around: list[str] = []
    for parent in takewhile(lambda one: one.mem_id != item.mem_id, ancestors(node)):
        around += [f"{tag(parent)}.{one} {name}" for one in classes(parent)]
        if re.fullmatch(r"h[1-6]|p|dd|dt|td|th|li", parent.tag or ""):
            around.append(f"{parent.tag} {name}")
    return [name, *named, *around]
