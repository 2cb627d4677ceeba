"""A feed as a web page, for a person who opened it in a browser.

The sheet is the one that the feed itself names (`static/feed.xsl`). It is applied here as well, because browsers are
giving XSLT up: Chromium 156 shows a warning over such pages, and its successors will not show them at all.
"""

from functools import lru_cache

from lxml import etree

from feeds.publish.files import STATIC

MEDIA_TYPE = "text/html; charset=utf-8"


def as_page(feed: bytes) -> bytes:
    """The page of an Atom or RSS document that we wrote."""
    return bytes(_sheet()(etree.fromstring(feed)))


@lru_cache(maxsize=1)
def _sheet() -> etree.XSLT:
    doors = dict.fromkeys(("read_file", "write_file", "create_dir", "read_network", "write_network"), False)
    nothing_else = etree.XSLTAccessControl(**doors)
    return etree.XSLT(etree.parse(STATIC / "feed.xsl"), access_control=nothing_else)
