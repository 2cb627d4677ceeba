"""Lists of links inside an article's container: rankings, related articles, navigation. Pure; in the worker process."""

import re
from collections.abc import Container

from selectolax.lexbor import LexborHTMLParser, LexborNode

from feeds.collect.normalise import node_text

_LINKS_OF_A_LIST = 3
_BESIDE_A_LINK = 12  # characters: a number, a date
_FILE = re.compile(r"\.(?:pdf|docx?|xlsx?|pptx?|zip|csv)(?:[?#]|$)", re.IGNORECASE)


def drop_link_lists(tree: LexborHTMLParser, container: str) -> None:
    """Take lists of nothing but links to other pages out of the article: they lead away from it, whatever stands above
    them. Links to files stay: those are its documents."""
    chosen: dict[int, LexborNode] = {}
    for root in tree.css(container)[:20]:
        for node in root.css("ul, ol")[:200]:
            inside = _is_inside(node, chosen)
            if not inside and _leads_away(node):
                chosen[node.mem_id] = node
    for node in chosen.values():
        node.decompose()


def _leads_away(node: LexborNode) -> bool:
    items = [item for item in node.css("li")[:100] if node_text(item)]
    return len(items) >= _LINKS_OF_A_LIST and all(map(_is_link_alone, items))


def _is_link_alone(item: LexborNode) -> bool:
    link = item.css_first("a[href]")
    if link is None or _FILE.search(link.attributes.get("href") or ""):
        return False
    rest = len(node_text(item)) - len(node_text(link))
    return rest <= _BESIDE_A_LINK


def _is_inside(node: LexborNode, chosen: Container[int]) -> bool:
    parent = node.parent
    while parent is not None:
        if parent.mem_id in chosen:
            return True
        parent = parent.parent
    return False
