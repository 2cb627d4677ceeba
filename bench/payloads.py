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

import brotli

from feeds.observed import FailureKind

TITLE = "日豪防衛相会談について"
_CHINESE = "中澳国防部长会谈成果发布"


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A body with its headers, and what must become of it."""

    body: Callable[[], bytes]
    content_type: str = "application/xml"
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    title: str | None = None  #: an entry with exactly this title must be stored
    fails: bool | None = None  #: True: the poll must fail; False: it must not; None: either, in good order
    page: bool = False  #: polled as a list page
    never: str = ""  #: words that must not be stored
    kind: FailureKind | None = None  #: the failure that it must be called
    dated: bool = True  #: False: none of its entries may be given a date


def rss(items: str) -> bytes:
    """A feed around items."""
    text = f'<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>{items}</channel></rss>'
    return text.encode("utf-8", "surrogatepass")


def item(inner: str, title: str = TITLE) -> str:
    """An item with the title that is looked for."""
    return f"<item><title>{title}</title><link>https://n.example/1</link>{inner}</item>"


def _atom(inner: str) -> bytes:
    """An Atom feed with one entry."""
    start = f'<feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><entry><title>{TITLE}</title><id>1</id>'
    return f"{start}{inner}</entry></feed>".encode()


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


_INCLUDE = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'


def _page(html: str) -> Callable[[], bytes]:
    body = f"<!doctype html><html><body>{html}</body></html>".encode()
    return lambda: body


def zeros(megabytes: int, wbits: int) -> bytes:
    """A stream of zeros, squeezed: a bomb."""
    squeeze = zlib.compressobj(1, zlib.DEFLATED, wbits)
    return b"".join([*(squeeze.compress(bytes(2**20)) for _ in range(megabytes)), squeeze.flush()])


def squeezed(megabytes: int) -> bytes:
    """A stream of zeros by brotli, which packs them far tighter than gzip can."""
    squeeze = brotli.Compressor(quality=5, lgwin=24)
    return b"".join([*(squeeze.process(bytes(2**20)) for _ in range(megabytes)), squeeze.finish()])


def _twice(megabytes: int) -> bytes:
    return gzip.compress(gzip.compress(zeros(megabytes, 31)))


def _long() -> bytes:
    return rss("".join(item(f"<guid>{number}</guid><description>{number**40}</description>") for number in range(900)))


def _half(whole: bytes) -> bytes:
    return whole[: len(whole) // 2]


def _truncated() -> bytes:
    return _half(gzip.compress(rss(item("x" * 100_000))))


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
    "reference to a surrogate, in a title": Document(
        body=lambda: rss(item("") + "<item><title>&#xD800;</title></item>"), title=TITLE
    ),
    "references beyond Unicode, in titles": Document(
        body=lambda: rss(item("") + "<item><title>&#x110000;</title></item><item><title>&#99999999999;</title></item>"),
        title=TITLE,
    ),
    "reference to nothing": Document(body=lambda: rss(item("<author>&#0;&#x;&#;&;&nix;</author>")), title=TITLE),
    "a surrogate as bytes": Document(body=lambda: rss(item("<author>\ud800</author>")), title=TITLE),
    "reference of 100,000 digits": Document(body=lambda: rss(item(f"<author>&#{'9' * 100_000};</author>"))),
    "billion laughs": Document(body=_entity(_LAUGHS, "&i;")),
    "one large entity, 10,000 times": Document(body=_entity(f'<!ENTITY a "{"x" * 50_000}">', "&a;" * 10_000)),
    "entity that names a file": Document(body=_entity('<!ENTITY x SYSTEM "file:///etc/passwd">', "&x;"), never="root:"),
    "entity that names an address": Document(
        body=_entity('<!ENTITY x SYSTEM "http://127.0.0.1:PORT/canary">', "&x;"), never="canary"
    ),
    "entity that reads by parameter": Document(
        body=_entity('<!ENTITY % p SYSTEM "http://127.0.0.1:PORT/canary"> %p;', "x")
    ),
    "document type that is elsewhere": Document(
        body=lambda: rss(item("")).replace(b"<rss", b'<!DOCTYPE rss SYSTEM "http://127.0.0.1:PORT/canary"><rss', 1),
        title=TITLE,
    ),
    "document type that is a file": Document(
        body=lambda: rss(item("")).replace(b"<rss", b'<!DOCTYPE rss SYSTEM "file:///etc/passwd"><rss', 1),
        title=TITLE,
        never="root:",
    ),
    "inclusion of a file": Document(
        body=lambda: rss(item(f"<description>{_INCLUDE}</description>")), title=TITLE, never="root:"
    ),
    "entity that names itself": Document(body=_entity('<!ENTITY x "&x;">', "&x;")),
    # Patterns that take time with the square of their length
    "author of 32 kB (feedparser 562)": Document(
        body=lambda: rss(item(f"<author>a@{'a.' * 16_000}!</author>")), title=TITLE
    ),
    "author of 1 MB (feedparser 562)": Document(
        body=lambda: rss(item(f"<author>a@{'a.' * 500_000}!</author>")), title=TITLE
    ),
    "editor, creator and webmaster of 1 MB": Document(
        body=lambda: rss(
            "".join(
                f"<{name}>a@{'a.' * 500_000}!</{name}>"
                for name in ("managingEditor", "dc:creator", "webMaster", "dc:publisher", "itunes:author")
            )
            + item("")
        ),
        title=TITLE,
    ),
    "Atom author of 1 MB": Document(
        body=lambda: _atom(f"<author><name>a@{'a.' * 500_000}!</name></author>"), title=TITLE
    ),
    "author of 1 MB in a feed that is broken": Document(
        body=lambda: rss(item(f"<author>a@{'a.' * 500_000}!</author><b>")), title=TITLE
    ),
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
    "a date that can be read three ways": Document(
        body=lambda: rss(item("<pubDate>01/02/03</pubDate>")), title=TITLE, dated=False
    ),
    "dates before and after all time": Document(
        body=lambda: rss(
            item("<pubDate>Sun, 01 Jan 0000 00:00:00 GMT</pubDate>")
            + "<item><title>b</title><pubDate>99999-01-01T00:00:00Z</pubDate></item>"
            + "<item><title>c</title><pubDate>2025-13-45T99:99:99Z</pubDate></item>"
            + "<item><title>d</title><pubDate>2025-11-06T10:31:00+99:99</pubDate></item>"
            + "<item><title>e</title><pubDate>令和９９９９年１３月４５日</pubDate></item>"
        ),
        title=TITLE,
        dated=False,
    ),
    # Encodings that lie
    "cp932, called UTF-8": Document(body=_labelled("cp932", "utf-8"), title=TITLE),
    "cp932, not called anything": Document(
        body=lambda: f"<rss version='2.0'><channel>{item('')}</channel></rss>".encode("cp932"), title=TITLE
    ),
    "EUC-JP, called Shift_JIS": Document(body=_labelled("euc_jp", "Shift_JIS"), title=TITLE),
    "UTF-8, called ISO-8859-1": Document(body=_labelled("utf-8", "iso-8859-1"), title=TITLE),
    "EUC-JP, called UTF-8": Document(body=_labelled("euc_jp", "utf-8"), title=TITLE),
    "GB 18030, called UTF-8": Document(
        body=lambda: (
            rss(
                item(
                    "<description>双方就地区形势和两国防务合作交换了意见，并同意继续举行对话。</description>", _CHINESE
                )
            )
            .decode()
            .encode("gb18030")
        ),
        title=_CHINESE,
    ),
    "windows-1251, called UTF-8": Document(
        body=lambda: rss(item("", title="Встреча министров обороны двух стран")).decode().encode("cp1251"),
        title="Встреча министров обороны двух стран",
    ),
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
    "page whose articles drip": Document(
        body=lambda: (
            b"<html><body>"
            + b"".join(
                b'<p><a href="/a%%20byte%%20a%%20second,%%20body?%d">A headline of some length, number %d</a></p>'
                % (n, n)
                for n in range(60)
            )
        ),
        content_type="text/html",
        page=True,
    ),
    "page whose articles are silent": Document(
        body=lambda: (
            b"<html><body>"
            + b"".join(
                b'<p><a href="/silent%%20after%%20the%%20request?%d">A headline of some length, number %d</a></p>'
                % (n, n)
                for n in range(60)
            )
        ),
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
    "gzip in gzip": Document(
        body=lambda: gzip.compress(zeros(512, 31)), headers={"Content-Encoding": "gzip, gzip"}, fails=True
    ),
    "brotli bomb, 1 GB": Document(body=lambda: squeezed(1024), headers={"Content-Encoding": "br"}, fails=True),
    "brotli in gzip": Document(
        body=lambda: gzip.compress(squeezed(512)), headers={"Content-Encoding": "br, gzip"}, fails=True
    ),
    "brotli that breaks off": Document(
        body=lambda: _half(brotli.compress(_long())), headers={"Content-Encoding": "br"}, fails=True
    ),
    "not brotli, called brotli": Document(body=lambda: b"\xcf" * 3_157, headers={"Content-Encoding": "br"}, fails=True),
    "100,000 gzip members": Document(
        body=lambda: gzip.compress(b"") * 100_000, headers={"Content-Encoding": "gzip"}, fails=True
    ),
    "a bomb where an error page was": Document(
        body=lambda: zeros(1024, 31), headers={"Content-Encoding": "gzip"}, status=500, fails=True
    ),
    "zstd that nobody asked for": Document(
        body=lambda: b"\x28\xb5\x2f\xfd" + bytes(9_999), headers={"Content-Encoding": "zstd"}, fails=True
    ),
}
