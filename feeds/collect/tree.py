"""What list pages and article pages have in common: the tree of a page, and what is read from its elements.

Pure; runs in the worker process.
"""

import re
from collections.abc import Sequence

from selectolax.lexbor import LexborHTMLParser, LexborNode

from feeds.collect import normalise
from feeds.collect.decode import decode
from feeds.observed import Failure, FailureKind, Fetched

FURNITURE = ("nav", "header", "footer", "aside", "form")

# A line that is a date and nothing else: `2025-11-6 10:31`, `2025.11.17`, `令和7年11月6日（木）`, `6 November 2025`.
_DATE_LINE = re.compile(
    r"^(?:公開|更新|掲載|配信|発表|Published:?|Updated:?|Posted:?)?\s*(?P<date>"
    r"\d{4}\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}日?.{0,20}"
    r"|(?:令和|平成|R|H)\s?(?:元|\d{1,2})\s?(?:[年.](?:\s?[(（]\d{4}年?[)）])?|[(（]\d{4}年?[)）]年)"
    r"\s?\d{1,2}\s?[月.]\s?\d{1,2}\s?日?.{0,12}"
    r"|(?:[A-Z][a-z]+day,?\s)?\d{1,2}\s[A-Z][a-z]{2,8}\.?\s\d{4}.{0,12}"
    r"|[A-Z][a-z]{2,8}\.?\s\d{1,2},\s\d{4}.{0,16})$"
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


def in_furniture(node: LexborNode) -> bool:
    """Tell whether a node stands in a menu, header or footer, which hold no news.

    The header of an article belongs to it (HTML §4.3.8): many systems put the linked headline there.
    """
    seen = False
    parent = node.parent
    while parent is not None:
        if parent.tag in ("header", "footer"):
            seen = True
        elif parent.tag in FURNITURE:
            return True
        elif parent.tag == "article":
            seen = False
        parent = parent.parent
    return seen


def is_within(node: LexborNode, tags: Sequence[str]) -> bool:
    parent = node.parent
    while parent is not None and parent.tag not in tags:
        parent = parent.parent
    return parent is not None


def site_of(url: str) -> str:
    """Return the host without `www.`, which many sites use on half of their links."""
    return url.split("/", 3)[2].removeprefix("www.")


def date_alone(text: str) -> str | None:
    match = _DATE_LINE.match(text) if len(text) <= 60 and "\n" not in text else None
    return match["date"].strip() if match else None


def written_date(node: LexborNode | None) -> str | None:
    if node is None:
        return None
    text = normalise.one_line(node.attributes.get("datetime"), 100) or normalise.one_line(node_text(node))
    return text[:100] or None


def node_text(node: LexborNode | None) -> str:
    return normalise.node_text(node)


def meta(tree: LexborHTMLParser, name: str) -> str | None:
    node = tree.css_first(f'meta[property="{name}"], meta[name="{name}"]')
    return node.attributes.get("content") if node is not None else None


def language_of(tree: LexborHTMLParser) -> str | None:
    node = tree.css_first("html[lang]")
    declared = (node.attributes.get("lang") or "").strip() if node is not None else ""
    return declared if re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,3}", declared) else None


def bad_rules(why: str) -> Failure:
    return Failure(
        kind=FailureKind.EMPTY,
        message="A rule of this source is not a valid CSS selector or pattern. Correct it in the sources file.",
        detail=why[:300],
    )
