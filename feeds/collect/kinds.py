"""What a document is, by its first bytes: light enough for the process that only fetches. Pure."""

import re

from feeds.observed import Fetched

_ROOT = re.compile(rb"<(?:[A-Za-z0-9_.-]+:)?(urlset|sitemapindex)[\s>]")
_OTHER_ROOT = re.compile(rb"<(?:[A-Za-z0-9_.-]+:)?(?:rss|feed|rdf|html)[\s>]", re.IGNORECASE)


def is_sitemap(fetched: Fetched) -> bool:
    """Tell a sitemap by its outermost element."""
    head = fetched.body[:4096]
    root, other = _ROOT.search(head), _OTHER_ROOT.search(head)
    return root is not None and (other is None or root.start() < other.start())
