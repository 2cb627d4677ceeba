"""OPML 2.0 (https://opml.org/spec2.opml) in and out: lists of sources, as feed readers exchange them.

Any reader's file is understood: nested folders, attributes in any case, any encoding. What OPML has no place for (our
key, trust, country, time zone, rules) is written in a namespace of our own, so that a file of ours comes back as it
was; other programs pass over it. A page is written as a `link` and not as a feed: a reader would only choke on it.

Pure. The parser resolves no entities and opens no files (XXE, billion laughs).
"""

import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

from feeds.collect import catalogue, normalise
from feeds.collect.decode import decode
from feeds.collect.written import as_table, rules_as_table
from storage.errors import KaigiError
from storage.model import SourceDefinition, SourceKind

NAMESPACE = "tag:kaigi,2026:opml"
MAX_OUTLINES = 10_000

_DECLARATION = re.compile(r"^<\?xml[^>]{0,500}\?>")
# What no XML parser takes and many readers write: a bare ampersand in an address, and the names of HTML's characters.
_LOOSE_AMPERSAND = re.compile(r"&(?!#|(?:amp|lt|gt|quot|apos);)([A-Za-z][A-Za-z0-9]{0,40};)?")
_FEED_SCHEME = re.compile(r"feed:(?://)?(?=\S)", re.IGNORECASE)
_OURS = f"{{{NAMESPACE}}}"
_PLAIN = ("key", "kind", "country", "trust", "time_zone")  # our attributes that are words
_CODED = ("enabled", "interval_s", "rules")  # and those that are JSON


class OpmlError(KaigiError):
    """The file cannot be read as OPML. The message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """An outline that cannot become a source."""

    title: str
    url: str
    reason: str


def read_opml(body: bytes) -> tuple[tuple[SourceDefinition, ...], tuple[Refused, ...]]:
    """Return the sources in a file, and what was refused. Raises OpmlError for a file that is not OPML.

    Keys are unique within the answer; one address that stands in several folders is one source.
    """
    sources: dict[str, SourceDefinition] = {}  # by address, however it is written
    refused: list[Refused] = []
    keys: set[str] = set()
    for outline in _outlines(body):
        table = _table(outline)
        if normalise.same_address(table["url"]) in sources:
            continue
        table["key"] = free_key(table["key"], keys)
        try:
            source = catalogue.definition(table)
        except KaigiError as error:
            refused.append(Refused(title=table["name"], url=table["url"], reason=str(error)))
            continue
        keys.add(source.key)
        sources[normalise.same_address(source.url)] = source
    return tuple(sources.values()), tuple(refused)


def write_opml(sources: Iterable[SourceDefinition], title: str, now: datetime) -> bytes:
    """Return a file with these sources, in UTF-8."""
    root = etree.Element("opml", {"version": "2.0"}, nsmap={"kaigi": NAMESPACE})
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = title
    etree.SubElement(head, "dateCreated").text = format_datetime(now)
    body = etree.SubElement(root, "body")
    for source in sources:
        etree.SubElement(body, "outline", _attributes(source))
    etree.indent(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8") + b"\n"


def free_key(key: str, taken: Iterable[str]) -> str:
    """Return the key, with a number behind it if it is taken."""
    known = frozenset(taken)
    numbered = (f"{key}-{number}" for number in range(2, len(known) + 3))
    return key if key not in known else next(one for one in numbered if one not in known)


# --- reading ---


def _outlines(body: bytes) -> Iterator[Any]:
    """Yield the outlines that name an address, in the order of the file."""
    text = _LOOSE_AMPERSAND.sub(_escaped, _DECLARATION.sub("", decode(body).text.lstrip("\ufeff \t\r\n")))
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(text.encode("utf-8", errors="replace"), parser)
    except etree.XMLSyntaxError as error:
        raise OpmlError(f"This is not an OPML file: {str(error)[:200]}.") from error
    if etree.QName(root).localname.lower() != "opml":
        raise OpmlError(f"This is not an OPML file: its outermost element is <{etree.QName(root).localname[:40]}>.")
    found = (node for node in root.iter("{*}outline", "{*}Outline") if _address(node))
    for number, node in enumerate(found):
        if number == MAX_OUTLINES:
            raise OpmlError(f"The file names more than {MAX_OUTLINES} sources. Import it in parts.")
        yield node


def _escaped(match: re.Match[str]) -> str:
    character = html.unescape(match[0]) if match[1] else match[0]
    return character if not character.startswith("&") else f"&amp;{match[1] or ''}"


def _address(node: Any) -> str:
    """Return `xmlUrl`, or for a page of our own the `url` of a link. `feed:` is an old way to say "for a reader"."""
    url = _attribute(node, "xmlurl")
    if scheme := _FEED_SCHEME.match(url):
        rest = url[scheme.end() :]
        url = rest if rest.lower().startswith(("http:", "https:")) else f"https://{rest}"
    return url or (_attribute(node, "url") if node.get(f"{_OURS}kind") == SourceKind.PAGE else "")


def _table(node: Any) -> dict[str, Any]:
    """Return an outline as a table of the sources file, to be checked like one."""
    url = _address(node)
    host = (_host(url) or "source").removeprefix("www.")
    name = normalise.one_line(_attribute(node, "title") or _attribute(node, "text")) or host
    table: dict[str, Any] = {"key": re.sub(r"[^a-z0-9]+", "-", host).strip("-") or "source", "url": url, "name": name}
    if language := _language(_attribute(node, "language")):
        table["language"] = language
    table |= {field: value for field in _PLAIN if (value := node.get(_OURS + field))}
    table |= {field: _decoded(value) for field in _CODED if (value := node.get(_OURS + field))}
    return table


def _attribute(node: Any, name: str) -> str:
    """Return an attribute whatever its case: several readers write `xmlurl`."""
    return next((str(value).strip() for key, value in node.attrib.items() if key.lower() == name), "")


def _language(declared: str) -> str | None:
    tag = declared.replace("_", "-")
    first, _, rest = tag.partition("-")
    tag = first.lower() + (f"-{rest}" if rest else "")
    return tag if re.fullmatch(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", tag) else None


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _decoded(value: str) -> Any:
    """Read JSON; what is none is passed on as it is, and the check of the table complains about it."""
    try:
        return json.loads(value[:100_000])
    except (ValueError, RecursionError):
        return value


# --- writing ---


def _attributes(source: SourceDefinition) -> dict[str, str]:
    page = source.kind is SourceKind.PAGE
    words = {
        "type": "link" if page else "rss",
        "text": source.name,
        "title": source.name,
        "url" if page else "xmlUrl": source.url,
        "language": source.language,
    }
    table = as_table(source)
    words |= {_OURS + field: table[field] for field in _PLAIN if field in table}
    words |= {_OURS + field: json.dumps(table[field]) for field in _CODED if field in table}
    if source.rules is not None:
        words[_OURS + "rules"] = json.dumps(rules_as_table(source.rules), ensure_ascii=False)
    return {
        name: normalise.one_line(value, 10_000) if name in ("text", "title") else str(value)
        for name, value in words.items()
        if value
    }
