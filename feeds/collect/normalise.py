"""One form for what newsrooms write in many: canonical addresses, one-line titles, plain text.

Everything is capped before work is spent on it, because a page that is cheap to send can be dear to parse. Pure; no
function here raises for any input.
"""

import html as html_entities
import re
import unicodedata
from functools import lru_cache
from urllib.parse import unquote_plus

import ada_url
import nh3
from selectolax.lexbor import LexborHTMLParser, LexborNode

from feeds.collect import plainhtml
from feeds.collect.decode import clean, is_ordinary, unstack


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MAX_URL = 2000  # PostgreSQL cannot index a much longer one
MAX_TITLE = 500
MAX_AUTHOR = 300
MAX_TEXT = 100_000
MAX_HTML = 2 * 2**20
MAX_DEPTH = 1_000  # lexbor needs 0.8 s for 20,000 nested elements and grows with the square
MAX_TAG = 20_000  # characters in one tag: 100,000 attributes take most parsers a minute

# Parameters that say how a reader came, never what they read. Vendors' documentation; matched on the whole name.
_TRACKING = _words("""
    fbclid gclid gclsrc dclid gbraid wbraid msclkid twclid ttclid yclid igshid igsh mc_cid mc_eid mkt_tok oly_anon_id
    oly_enc_id vero_id wickedid _ga _gl _hsenc _hsmi __hssc __hstc __hsfp hsctatracking
    ref_src ref_url s_cid cmpid ns_campaign ns_mchannel ns_source
""")
# Addresses that the URL standard leaves as they are: no upper case or digits-only name, no `/.`, nothing to escape.
_CANONICAL = re.compile(
    r"(?P<page>https?://(?!xn--)(?:[a-z0-9](?:[a-z0-9-](?!xn--))*\.)+[a-z]{2,20}(?:/(?!\.)[A-Za-z0-9._~!$&()*+,;=:@-]*)+)"
    r"(?P<search>\?[A-Za-z0-9._~!$&()*+,;=:@/?%-]*)?"
)
_TRACKING_PREFIXES = ("utm_", "at_campaign", "at_medium", "at_custom", "pk_", "mtm_")

# Servers that cannot set a cookie write the reader's session into every link: Java (Servlet 6.0 §7.1.3), ASP.NET
# (`cookieless`), PHP (`session.use_trans_sid`), ASP and ColdFusion. Each answer has another one, and so other links.
_PASSING = _TRACKING | {"jsessionid", "phpsessid", "cfid", "cftoken"}
_PASSING_PREFIXES = (*_TRACKING_PREFIXES, "aspsessionid")
_SESSION_IN_PATH = re.compile(r";jsessionid=[^/;?#]*|/\((?:[A-Z]\([A-Za-z0-9_-]{20,200}\)){1,3}\)(?=/)", re.IGNORECASE)

_TAG_NAMES = (
    "a|abbr|article|aside|b|big|blockquote|body|br|button|center|cite|code|dd|del|div|dl|dt|em|embed|figcaption|figure|"
    "font|footer|form|h[1-6]|head|header|hr|html|i|iframe|img|input|ins|li|link|main|mark|meta|nav|noscript|object|ol|"
    "option|p|picture|pre|q|rp|rt|ruby|s|script|section|select|small|source|span|strike|strong|style|sub|sup|svg|table|"
    "tbody|td|template|textarea|tfoot|th|thead|time|title|tr|tt|u|ul|video|wbr"
)
# Only real element names: `<独自>` and `<F-35>` in a headline are words.
_TAG = re.compile(
    rf"</?(?:{_TAG_NAMES})(?:[\s/][^<>]{{0,{MAX_TAG}}})?>",
    re.IGNORECASE,
)
_HIDDEN = tuple(
    (re.compile(start, re.IGNORECASE), re.compile(end, re.IGNORECASE))
    for start, end in (("<!--", "-->"), (r"<script\b", r"</script\s*>"), (r"<style\b", r"</style\s*>"))
)
_READING = re.compile(r"<r[pt]\b[^<>]*>[^<>]*</r[pt]\s*>", re.IGNORECASE)
_ANY_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9]{0,20})[^<>]*>")
_VOID = _words("area base br col embed hr img input link meta param source track wbr")

_SKIPPED = _words("script style noscript template svg math iframe object embed head button select rt rp")
_BLOCKS = _words("""
    address article aside blockquote body br caption center dd details div dl dt fieldset figcaption figure footer form
    h1 h2 h3 h4 h5 h6 header hr html li main nav ol p pre section summary table tbody tfoot thead tr ul
""")
_CELLS = frozenset({"td", "th"})

# C0 and C1 controls (not tab, line feed, carriage return), lone surrogates, noncharacters, and invisible characters
# that hide or reorder text. Joiners stay: emoji and several scripts need them.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\ufffe\uffff]"
)
_SPACE = re.compile(r"\s+")
_LINE_END = re.compile("\r\n|[\r\n\x85\u2028\u2029]")

_PLAIN_SITE = r"https?://[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*\.[a-z]{2,}"
_PLAIN_PATH = re.compile(r"(?:/[a-zA-Z0-9_~-][a-zA-Z0-9_~-]*(?:\.[a-zA-Z0-9_-]+)*)+/?", re.ASCII)
_PLAIN_ADDRESS = re.compile(_PLAIN_SITE + _PLAIN_PATH.pattern, re.ASCII)

_SAFE_TAGS = _words("p br b i u s a code pre blockquote ul ol li em strong")


def canonical_url(url: str | None, base: str | None = None) -> str | None:
    """Return the one form of an address that we compare and store, or None if it is not an http or https address.

    Relative addresses are resolved against `base`. Credentials, fragment, sessions and tracking parameters are dropped;
    the other parameters keep their order, because some sites depend on it.
    """
    text = (url or "").strip()
    if not text or len(text) > MAX_URL:
        return None
    if plain := _CANONICAL.fullmatch(text):
        return _without_session(plain["page"]) + _without_tracking(plain["search"] or "")
    parsed = _parse(text, base)
    if parsed is None or parsed.protocol not in ("http:", "https:") or not parsed.hostname:
        return None
    parsed.username = parsed.password = parsed.hash = ""
    parsed.search = _without_tracking(parsed.search)
    if (path := _without_session(parsed.pathname)) != parsed.pathname:
        parsed.pathname = path
    href = str(parsed.href)
    return href if len(href) <= MAX_URL else None


def same_address(url: str) -> str:
    """Return the same text for all ways to write the address of one document: http or https, any case of the host."""
    return (canonical_url(url) or url).removeprefix("https:").removeprefix("http:")


def one_line(text: str | None, limit: int = MAX_TITLE) -> str:
    """Return a title or name as plain text on one line, in NFC, at most `limit` characters.

    Entities are decoded after tags are stripped and tags are stripped once more, for titles that are escaped twice.
    """
    raw = (text or "")[: 20 * limit]
    if "<" in raw or "&" in raw:
        raw = _strip_tags(html_entities.unescape(_strip_tags(raw)))
    return _cut(" ".join(_tidy(raw).split()), limit)


def plain_text(text: str | None) -> str:
    """Return text that is not HTML with its paragraphs: one line each, no empty ones."""
    lines = _LINE_END.split(_tidy((text or "")[: 4 * MAX_TEXT]))
    return "\n".join(filter(None, (" ".join(line.split()) for line in lines)))


def html_to_text(html: str | None) -> str:
    """Return the words of an HTML fragment, a line per paragraph; scripts, styles and reading aids (ruby) are dropped.

    Text without any tag keeps its line breaks: many feeds put plain text where HTML is allowed.
    """
    source = clean((html or "")[:MAX_HTML])
    if len(source) <= 4 * MAX_TEXT and (quick := plainhtml.text(source)) is not None:
        return quick if is_ordinary(quick) else plain_text(quick)
    return _text_of(source)


def _text_of(source: str) -> str:
    """The careful way for any HTML."""
    if not _TAG.search(source):
        return plain_text(html_entities.unescape(source))
    if not is_parsable(source):
        return plain_text(html_entities.unescape(_strip_tags(source, "\n")))
    return node_text(LexborHTMLParser(source).root)


def node_text(node: LexborNode | None) -> str:
    """Return the words below a node, a line per paragraph."""
    return plain_text("".join(_pieces(node))) if node is not None else ""


def is_parsable(html: str) -> bool:
    """Tell cheaply whether HTML can be parsed in reasonable time: not too deep, no tag with a million attributes."""
    if len(html) > MAX_HTML:
        return False
    if len(html) <= MAX_TAG and html.count("<") <= MAX_DEPTH:  # nearly every entry: too small for either
        return True
    depth = deepest = 0
    for match in _ANY_TAG.finditer(html):
        if match.end() - match.start() > MAX_TAG:
            return False
        if html[match.start() + 1] == "/":
            depth = max(0, depth - 1)
        elif match[1].lower() not in _VOID and html[match.end() - 2] != "/":
            depth += 1
            deepest = max(deepest, depth)
    # Unclosed <p> and <li> count as depth here though they nest in no parser; a wrong "no" costs only finer paragraphs.
    return deepest <= MAX_DEPTH and not _has_endless_tag(html)


def safe_html(html: str, base: str | None = None) -> str:
    """Return HTML with nothing but simple text markup and absolute http or https links, fit to be shown by us."""

    source = clean(html[:MAX_HTML])
    if not is_parsable(source):
        return html_entities.escape(html_to_text(source))
    return _cleaner(base).clean(source)


@lru_cache(maxsize=8)  # making one takes longer than most entries do, and those of a feed share theirs
def _cleaner(base: str | None) -> nh3.Cleaner:
    page = _parse(base or "", None)
    site = str(page.origin) if page and page.protocol in ("http:", "https:") else ""

    def link(_tag: str, attribute: str, value: str) -> str | None:
        if attribute != "href":
            return None
        # Most links are so plain that reading them as addresses would give them back as they are.
        if _PLAIN_ADDRESS.fullmatch(value) and len(value) <= MAX_URL:
            return value
        if site and _PLAIN_PATH.fullmatch(value) and len(value) <= MAX_URL // 2:
            return site + value
        return canonical_url(value, base)

    return nh3.Cleaner(
        tags=set(_SAFE_TAGS),
        attributes={"a": {"href"}},
        attribute_filter=link,
        url_schemes={"http", "https"},
        link_rel="noopener noreferrer nofollow",
    )


def _parse(text: str, base: str | None) -> ada_url.URL | None:
    try:
        return ada_url.URL(text, base) if base else ada_url.URL(text)
    except ValueError:  # also UnicodeEncodeError, for a lone surrogate
        return None


def _without_session(path: str) -> str:
    return _SESSION_IN_PATH.sub("", path) if ";" in path or "/(" in path else path


def _without_tracking(search: str) -> str:
    kept = [part for part in search.removeprefix("?").split("&") if part and not _is_tracking(part)]
    return "?" + "&".join(kept) if kept else ""


def _is_tracking(parameter: str) -> bool:
    name = unquote_plus(parameter.partition("=")[0]).lower()
    return name in _PASSING or name.startswith(_PASSING_PREFIXES)


def _strip_tags(text: str, replacement: str = "") -> str:
    for start, end in _HIDDEN:
        text = _without(text, start, end)
    return _TAG.sub(replacement, _READING.sub("", text))


def _without(text: str, start: re.Pattern[str], end: re.Pattern[str]) -> str:
    """Drop what stands between two marks. One pattern for both would start a search at each of a million `<!--`."""
    pieces: list[str] = []
    position = 0
    while (first := start.search(text, position)) and (last := end.search(text, first.end())):
        pieces.append(text[position : first.start()])
        position = last.end()
    return " ".join((*pieces, text[position:]))


def _tidy(text: str) -> str:
    if is_ordinary(text):
        return text
    return unicodedata.normalize("NFC", unstack(_INVISIBLE.sub("", text)))


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _has_endless_tag(html: str) -> bool:
    """Tell whether a tag is opened and not closed within the limit."""
    position = html.find("<")
    while position >= 0:
        following = html.find("<", position + 1)
        end = following if following >= 0 else len(html)
        if end - position > MAX_TAG and html.find(">", position, position + MAX_TAG) < 0:
            return html[position + 1 : position + 2].isalpha()
        position = following
    return False


def _pieces(root: LexborNode) -> list[str]:
    """Walk the tree without recursion and collect text, with line breaks around blocks."""
    pieces: list[str] = []
    pending: list[LexborNode | str] = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, str):
            pieces.append(node)
            continue
        tag = node.tag or ""
        if tag == "-text":
            # In HTML a line break in the source is a space.
            pieces.append(_SPACE.sub(" ", node.text_content or ""))
        elif tag not in _SKIPPED and not tag.startswith(("-comment", "!")):
            edge = "\n" if tag in _BLOCKS else " " if tag in _CELLS else ""
            pieces.append(edge)
            pending.append(edge)
            pending.extend(reversed(_children(node)))
    return pieces


def _children(node: LexborNode) -> list[LexborNode]:
    children: list[LexborNode] = []
    child = node.first_child
    while child is not None:
        children.append(child)
        child = child.next
    return children
