"""What the selectors of a list page find, now and in the page as it was remembered. Pure; for the worker process."""

import zlib

from feeds.collect.tree import read_tree
from feeds.observed import Failure, Fetched
from storage.model import PageRules, PageSnapshot


def matched(body: bytes, rules: PageRules) -> dict[str, int]:
    """How many elements of a page each selector for its list fits."""
    tree = read_tree(Fetched(url="", body=body))
    if isinstance(tree, Failure):
        return {}
    named = {name: getattr(rules, name) for name in ("item", "link", "title", "date")}
    return {name: len(tree.css(selector)) for name, selector in named.items() if selector}


def matched_then(snapshot: PageSnapshot, rules: PageRules) -> dict[str, int]:
    """The same for the page as it was."""
    return matched(zlib.decompress(snapshot.body), rules) if snapshot.body else {}
