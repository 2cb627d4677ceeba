"""Documents that were made to hurt a reader: what a hostile newsroom serves with status 200.

    DOCUMENTS: name → Document(body, what must come of it)

Most cases were seen in real programs; reading a feed means that nothing may crash, hang or take all memory, and that
the words which are there still arrive. Bodies are made when they are asked for.
"""

import gzip
import io
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

TITLE = "日豪防衛相会談について"


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A body with its headers, and what must become of it."""

    body: Callable[[], bytes]
    content_type: str = "application/xml"
    headers: Mapping[str, str] = field(default_factory=dict)
    title: str | None = None  #: an entry with exactly this title must be stored
    fails: bool | None = None  #: True: the poll must fail; False: it must not; None: either, in good order
    page: bool = False  #: polled as a list page
    never: str = ""  #: words that must not be stored


def rss(items: str) -> bytes:
    """A feed around items."""
    text = f'<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>{items}</channel></rss>'
    return text.encode("utf-8", "surrogatepass")


def item(inner: str, title: str = TITLE) -> str:
    """An item with the title that is looked for."""
    return f"<item><title>{title}</title><link>https://n.example/1</link>{inner}</item>"


def _described(html: str) -> Callable[[], bytes]:
    return lambda: rss(item(f"<description><![CDATA[{html}]]></description>"))


def _escaped(html: str) -> Callable[[], bytes]:
    return lambda: rss(item(f"<description>{html.replace('<', '&lt;')}</description>"))


def _labelled(encoding: str, declared: str, mark: bytes = b"") -> Callable[[], bytes]:
    text = f'<?xml version="1.0" encoding="{declared}"?><rss version="2.0"><channel><title>t</title>'
    body = mark + (text + item("<description>会談の概要</description>") + "</channel></rss>").encode(encoding)
    return lambda: body


def _entity(declarations: str, reference: str) -> Callable[[], bytes]:
    start = f'<?xml version="1.0"?><!DOCTYPE rss [{declarations}]><rss version="2.0"><channel>'
    body = (start + item(f"<description>{reference}</description>") + "</channel></rss>").encode()
    return lambda: body


_LAUGHS = '<!ENTITY a "lol">' + "".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def _page(html: str) -> Callable[[], bytes]:
    body = f"<!doctype html><html><body>{html}</body></html>".encode()
    return lambda: body


def zeros(megabytes: int, wbits: int) -> bytes:
    """A stream of zeros, squeezed: a bomb."""
    squeeze = zlib.compressobj(1, zlib.DEFLATED, wbits)
    return b"".join([*(squeeze.compress(bytes(2**20)) for _ in range(megabytes)), squeeze.flush()])


def _twice(megabytes: int) -> bytes:
    return gzip.compress(gzip.compress(zeros(megabytes, 31)))


def _truncated() -> bytes:
    whole = gzip.compress(rss(item("x" * 100_000)))
    return whole[: len(whole) // 2]


def _many(count: int) -> bytes:
    text = io.StringIO()
    for number in range(count):
        text.write(f"<item><title>t{number}</title></item>")
    return rss(text.getvalue())


_COMBINING = "\u0301\u0323\u0591"

DOCUMENTS: Mapping[str, Document] = {
    # Character references and entities
    "reference to a surrogate": Document(body=lambda: rss(item("<author>&#xD800;</author>")), title=TITLE),
    "reference beyond Unicode": Document(
        body=lambda: rss(item("<author>&#x110000;&#99999999999;</author>")), title=TITLE
    ),
    "reference, escaped twice": Document(body=_escaped("&amp;#xD800;&amp;#99999999999;"), title=TITLE),
    "reference of 100,000 digits": Document(body=lambda: rss(item(f"<author>&#{'9' * 100_000};</author>"))),
    "billion laughs": Document(body=_entity(_LAUGHS, "&i;")),
    "one large entity, 10,000 times": Document(body=_entity(f'<!ENTITY a "{"x" * 50_000}">', "&a;" * 10_000)),
    "entity that names a file": Document(body=_entity('<!ENTITY x SYSTEM "file:///etc/passwd">', "&x;"), never="root:"),
    "entity that names itself": Document(body=_entity('<!ENTITY x "&x;">', "&x;")),
    # Patterns that take time with the square of their length
    "author of 32 kB (feedparser 562)": Document(body=lambda: rss(item(f"<author>a@{'a.' * 16_000}!</author>"))),
    "author of 1 MB (feedparser 562)": Document(body=lambda: rss(item(f"<author>a@{'a.' * 500_000}!</author>"))),
    "20,000 open comments": Document(body=_escaped("<!--" * 20_000), title=TITLE),
    "200,000 open comments": Document(body=_described("<!--" * 200_000), title=TITLE),
    "1 MB of <": Document(body=_described("<" * 1_000_000), title=TITLE),
    "1 MB of &": Document(body=_described("&" * 1_000_000), title=TITLE),
    "300,000 begun tags": Document(body=_described("<p " * 300_000), title=TITLE),
    "100,000 escaped entities": Document(body=_described("&#38;lt;" * 100_000), title=TITLE),
    "date of 100,000 digits": Document(body=lambda: rss(item(f"<pubDate>{'1' * 100_000}</pubDate>")), title=TITLE),
    "300,000 combining marks": Document(body=_described("a" + _COMBINING * 100_000), title=TITLE),
    "300,000 XML declarations": Document(body=lambda: b"<?xml " * 300_000, fails=True),
    "300,000 meta elements": Document(body=lambda: b"<meta " * 300_000, fails=True),
    # Depth and number
    "100,000 nested links": Document(body=_described("<a>" * 100_000), title=TITLE),
    "200,000 nested blocks": Document(body=_described("<div>" * 200_000), title=TITLE),
    "100,000 scripts": Document(body=_described("<script>" * 100_000), title=TITLE),
    "nested tables": Document(body=_described("<table>" * 900 + "x"), title=TITLE),
    "150,000 crossed elements": Document(body=_described("<b><i></b>" * 150_000), title=TITLE),
    "an element with 100,000 attributes": Document(
        body=lambda: rss(
            item(f"<description><![CDATA[<p {' '.join(f'a{n}=1' for n in range(100_000))}>]]></description>")
        ),
        title=TITLE,
    ),
    "XML nested 100,000 deep": Document(body=lambda: rss("<a>" * 100_000)),
    "100,000 items": Document(body=lambda: _many(100_000)),
    "100,000 categories": Document(body=lambda: rss(item("<category>a</category>" * 100_000)), title=TITLE),
    "20,000 namespaces": Document(
        body=lambda: (
            b"<rss %b><channel><item><title>x</title></item></channel></rss>"
            % b" ".join(b'xmlns:n%d="u%d"' % (n, n) for n in range(20_000))
        )
    ),
    "title of 5 MB": Document(body=lambda: rss(item("", title="x" * 5_000_000))),
    "link of 100,000 characters": Document(
        body=lambda: rss(item("") + f"<item><link>http://a/{'../' * 50_000}</link></item>")
    ),
    "script in a title": Document(body=lambda: rss(item("", "&lt;script&gt;alert(1)&lt;/script&gt;")), never="<script"),
    "dates that do not exist": Document(
        body=lambda: rss(
            item("<pubDate>0026-01-01T00:00:00Z</pubDate>")
            + "<item><title>b</title><pubDate>9999-12-31T23:59:59-12:00</pubDate></item>"
            + "<item><title>c</title><pubDate>Fri, 31 Feb 2025 00:00:00 GMT</pubDate></item>"
        ),
        title=TITLE,
    ),
    # Encodings that lie
    "cp932, called UTF-8": Document(body=_labelled("cp932", "utf-8"), title=TITLE),
    "cp932, not called anything": Document(
        body=lambda: f"<rss version='2.0'><channel>{item('')}</channel></rss>".encode("cp932"), title=TITLE
    ),
    "EUC-JP, called Shift_JIS": Document(body=_labelled("euc_jp", "Shift_JIS"), title=TITLE),
    "UTF-8, called ISO-8859-1": Document(body=_labelled("utf-8", "iso-8859-1"), title=TITLE),
    "UTF-8, called Shift_JIS": Document(body=_labelled("utf-8", "Shift_JIS"), title=TITLE),
    "ISO-2022-JP": Document(body=_labelled("iso2022_jp", "iso-2022-jp"), title=TITLE),
    "UTF-16 without a mark": Document(body=_labelled("utf-16-le", "utf-16"), title=TITLE),
    "UTF-32 with a mark": Document(body=_labelled("utf-32-le", "utf-32", b"\xff\xfe\x00\x00"), title=TITLE),
    "an encoding named hex": Document(body=_labelled("utf-8", "hex"), title=TITLE),
    "an encoding named idna": Document(body=_labelled("utf-8", "idna"), title=TITLE),
    "300,000 escapes of ISO-2022-JP": Document(body=lambda: b"\x1b$B" * 300_000, fails=True),
    "1 MB of zero bytes": Document(body=lambda: bytes(1_000_000), fails=True),
    "no document": Document(body=lambda: b" \n ", fails=True),
    "a page where a feed was": Document(body=_page("<p>This domain is for sale"), content_type="text/html", fails=True),
    # JSON
    "JSON nested 200,000 deep": Document(body=lambda: b'{"version":' + b"[" * 200_000, fails=True),
    "JSON number of 1,000,000 digits": Document(
        body=lambda: b'{"version":"https://jsonfeed.org/version/1.1","items":[{"id":%b}]}' % (b"9" * 1_000_000)
    ),
    # Pages
    "page, 200,000 nested blocks": Document(body=_page("<div>" * 200_000), content_type="text/html", page=True),
    "page, 100,000 links": Document(
        body=lambda: b"".join(b"<a href=/n/%d>t%d</a>" % (n, n) for n in range(100_000)),
        content_type="text/html",
        page=True,
    ),
    "page, 1 MB of <": Document(body=_page("<" * 1_000_000), content_type="text/html", page=True),
    # Compression
    "gzip bomb, 1 GB": Document(body=lambda: zeros(1024, 31), headers={"Content-Encoding": "gzip"}, fails=True),
    "deflate bomb, 1 GB": Document(body=lambda: zeros(1024, 15), headers={"Content-Encoding": "deflate"}, fails=True),
    "raw deflate bomb, 1 GB": Document(
        body=lambda: zeros(1024, -15), headers={"Content-Encoding": "deflate"}, fails=True
    ),
    "gzip in gzip in gzip": Document(
        body=lambda: _twice(512), headers={"Content-Encoding": "gzip, gzip, gzip"}, fails=True
    ),
    "gzip that breaks off": Document(body=_truncated, headers={"Content-Encoding": "gzip"}, fails=True),
    "not gzip, called gzip": Document(body=lambda: b"x" * 9_999, headers={"Content-Encoding": "gzip"}, fails=True),
    "brotli that nobody asked for": Document(
        body=lambda: b"\xcf" * 3_157, headers={"Content-Encoding": "br"}, fails=True
    ),
    "zstd that nobody asked for": Document(
        body=lambda: b"\x28\xb5\x2f\xfd" + bytes(9_999), headers={"Content-Encoding": "zstd"}, fails=True
    ),
}
