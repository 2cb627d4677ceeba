"""Bytes to text: which encoding is this really, and is the text safe to hand to a parser?

Labels lie. Japanese newsrooms send cp932 called Shift_JIS, EUC-JP called Shift_JIS, UTF-8 called ISO-8859-1, and bytes
without any label. The order is: byte order mark, ISO-2022-JP escapes, labels (HTTP, XML declaration, HTML meta; each
read as the superset that browsers use), UTF-8, cp932, EUC-JP, GB 18030, Korean, Big5, then one-byte encodings. A
candidate must decode without an error and look like writing (`writing.py`); only then are a few broken characters
forgiven. A label is believed unless what it gives is certainly no writing; whatever stays in doubt is said to be.

Pure: no I/O, never raises.
"""

import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from feeds.collect.writing import is_writing

MAX_FORGIVEN = 0.01  # share of U+FFFD and C1 controls among the non-ASCII characters that a right guess may have

# Labels as found → codecs that read a superset (WHATWG Encoding; Python's own shift_jis lacks ① and 髙).
_SUPERSETS = {
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "ms_kanji": "cp932",
    "euc-jp": "euc_jp",
    "x-euc-jp": "euc_jp",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "gb_2312-80": "gb18030",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "big5": "big5hkscs",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
    "iso-8859-9": "cp1254",
    "utf8": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
}
_ONE_BYTE = re.compile(r"cp125\d|iso8859|koi8|mac|latin|windows-125")
_WIDER = {"euc_jp": "euc_jis_2004", "iso2022_jp": "iso2022_jp_2004"}  # with the NEC row: ① ㈱

# UTF-32 first: its mark begins with that of UTF-16.
_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_HTTP_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]+)", re.IGNORECASE)
_XML_DECLARATION = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9_:.-]+)[\"']")
_META_CHARSET = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]+)", re.IGNORECASE)
_JIS_ESCAPE = re.compile(rb"\x1b(?:\$[@B(]|\([BIJ])")

_SAMPLE = 200_000
_BROKEN = re.compile("[\x80-\x9f\ufffd\ue000-\uf8ff]")
_HALF_KATAKANA = re.compile("[\uff61-\uff9f]")
_LONELY = re.compile(r"(?<=[A-Za-z])[\u3041-\u9fff\uac00-\ud7a3](?=[A-Za-z\s])")
_CYRILLIC = re.compile("[\u0400-\u04ff]")

#: Guessed only from text of some length: a few of their bytes could be anything.
_RARE = {"big5hkscs", "cp1251", "koi8-r", "iso8859-5", "cp1250", "iso8859-2"}
_CJK = ("cp932", "euc_jp", "euc_jis_2004", "gb18030", "cp949", "big5hkscs")

_REFERENCE = re.compile(r"&#(?:[xX]([0-9A-Fa-f]+)|([0-9]+));?")
# Not allowed in XML 1.0 §2.2, or lone halves of a pair, which no encoder takes.
_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


# All but the characters that most text is made of: ASCII, Latin with its accents, punctuation, kana, kanji, full-width
# forms. None of these is unsafe, invisible, a combining mark, or changed by NFC.
_UNUSUAL = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\xac\xae-\u02ff\u2010-\u2027\u2030-\u205e\u3000-\u3029\u3030-\u3098\u309b-\u9fff\uff01-\uff60]"
)

_ORDINARY_ASCII = bytes((9, 10, 13, *range(0x20, 0x7F)))  # the same for plain ASCII, which is told ten times as fast

_MARKED = "".join(re.escape(chr(code)) for code in range(0x300, 0x10000) if unicodedata.combining(chr(code)))
_STACKED = re.compile(f"([{_MARKED}]{{8}})[{_MARKED}]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Decoded:
    """Text that an XML or HTML parser can take."""

    text: str
    encoding: str  #: Python's name of the codec that was used
    suspicious: bool = False  #: the label was wrong, or some bytes could not be read


def decode(body: bytes, content_type: str | None = None) -> Decoded:
    """Decode a document. `content_type` is the HTTP header. Never raises; the worst case is replacement characters."""
    marked = _marked(body)
    if marked is not None:
        return marked
    labels = tuple(dict.fromkeys(_labels(body, content_type)))
    text, encoding, forgiven = _first_fit(body, labels)
    suspicious = forgiven or (bool(labels) and not _same(encoding, labels[0], text))
    return Decoded(text=clean(text), encoding=encoding, suspicious=suspicious)


def clean(text: str) -> str:
    """Make text safe for parsers: no controls, no lone surrogates, no character references to what does not exist.

    `&#xD800;`, `&#99999999999;` and `&#x110000;` make feedparser raise; `&#150;` is meant as windows-1252 (HTML §13.5).
    """
    if "&#" in text:
        text = _REFERENCE.sub(_mend, text)
    return text if is_ordinary(text) else unstack(_UNSAFE.sub("", text))


def is_ordinary(text: str) -> bool:
    """Tell in one pass whether text has only characters that need no cleaning and no normalising."""
    if text.isascii():
        return not text.encode("ascii").translate(None, _ORDINARY_ASCII)
    return _UNUSUAL.search(text) is None


def unstack(text: str) -> str:
    """Keep at most eight combining marks on a character: normalising n of them in a row takes n² steps."""
    return _STACKED.sub(r"\1", text)


def _marked(body: bytes) -> Decoded | None:
    for mark, codec in _MARKS:
        if body.startswith(mark):
            text = body.decode(codec, errors="replace")
            return Decoded(text=clean(text), encoding=codec, suspicious="\ufffd" in text)
    return None


def _labels(body: bytes, content_type: str | None) -> Iterator[str]:
    """Yield the codecs that labels name, the strongest first."""
    head = body[:4096]
    found: list[str] = []
    if content_type and (match := _HTTP_CHARSET.search(content_type)):
        found.append(match[1])
    declared = (pattern.search(head) for pattern in (_XML_DECLARATION, _META_CHARSET))
    found.extend(match[1].decode("ascii") for match in declared if match)
    for label in found:
        codec = _codec(label)
        if codec and not (codec.startswith(("utf-16", "utf-32")) and b"\x00" not in head):
            yield codec


def _codec(label: str) -> str | None:
    try:
        name = codecs.lookup(_SUPERSETS.get(label.lower(), label)).name
        # Some codecs turn bytes into bytes (hex, zip) and are no encodings; this asks for text.
        b"a".decode(name, errors="replace")
    except (LookupError, ValueError, UnicodeError):
        return None
    return None if name in ("idna", "punycode", "unicode_escape", "raw_unicode_escape", "utf-7") else name


def _first_fit(body: bytes, labels: tuple[str, ...]) -> tuple[str, str, bool]:
    """Try candidates until one fits: (text, codec, whether something was forgiven)."""
    strict = _strict_fit(body, labels)
    if strict is not None:
        return strict
    likely = (codec for codec in _guesses(body) if codec not in _RARE)
    for codec in dict.fromkeys((*labels, "utf-8", *likely, "cp1252")):
        text = _decode(body, codec, "replace")
        if text is not None and _plausible(text, codec):
            return text, codec, True
    return body.decode(labels[0] if labels else "utf-8", errors="replace"), labels[0] if labels else "utf-8", True


def _strict_fit(body: bytes, labels: tuple[str, ...]) -> tuple[str, str, bool] | None:
    """The first candidate that is certainly writing. If none is, the first that may be, a label before all others."""
    maybe: list[tuple[str, str]] = []
    unlike: list[tuple[str, str]] = []
    for codec in dict.fromkeys(_strict_order(body, labels)):
        text = _decode(body, codec, "strict")
        if text is None or not _plausible(text, codec):
            continue
        writing = is_writing(text, codec)
        if writing and not (maybe and maybe[0][1] in labels and codec not in labels):
            return text, codec, False
        if writing:
            return *maybe[0], True  # too little to overrule the label, enough to doubt it
        if codec in labels:
            (unlike if writing is False else maybe).append((text, codec))
        elif writing is None and codec not in _RARE:
            maybe.append((text, codec))
    if unlike and not (maybe and maybe[0][1] in labels):
        return *unlike[0], True
    return (*maybe[0], maybe[0][1] not in labels or len(set(labels)) > 1) if maybe else None


def _strict_order(body: bytes, labels: tuple[str, ...]) -> Iterator[str]:
    if _JIS_ESCAPE.search(body):  # seven-bit, so every label would seem to fit
        yield from ("iso2022_jp", "iso2022_jp_2004")
    if body[:1] == b"\x00" or body[1:2] == b"\x00":  # documents begin with `<` or `{`, which no other encoding doubles
        yield "utf-16-be" if body[:1] == b"\x00" else "utf-16-le"
    # Valid UTF-8 beyond ASCII is UTF-8 whatever another label says: no text of some length happens to look like it.
    if labels and labels[0] != "utf-8" and (_ONE_BYTE.match(labels[0]) or _is_surely_utf8(body)):
        yield "utf-8"
    for label in labels:
        yield label
        if label in _WIDER:
            yield _WIDER[label]
    yield from _guesses(body)


def _guesses(body: bytes) -> Iterator[str]:
    yield "utf-8"
    if not _nearly_utf8(body):
        yield from ("cp932", "euc_jp", "euc_jis_2004", "gb18030", "cp949", "big5hkscs")
        yield from ("cp1251", "koi8-r", "iso8859-5", "cp1252", "cp1250", "iso8859-2")


def _is_surely_utf8(body: bytes) -> bool:
    """Enough characters of several bytes that are right; a few could be pairs of bytes of another encoding."""
    text = _decode(body, "utf-8", "strict")
    return text is not None and _count_foreign(text[:_SAMPLE]) >= 8 and "\x00" not in text[:_SAMPLE]


def _nearly_utf8(body: bytes) -> bool:
    """UTF-8 with a broken character also happens to be valid in some of the encodings tried later."""
    text = body[:_SAMPLE].decode("utf-8", errors="replace")
    foreign = _count_foreign(text)
    return foreign > 20 and text.count("\ufffd") <= MAX_FORGIVEN * foreign + 1


def _decode(body: bytes, codec: str, errors: str) -> str | None:
    try:
        return body.decode(codec, errors=errors)
    except (UnicodeError, ValueError):
        return None


def _plausible(text: str, codec: str) -> bool:
    """Judge whether decoded text looks like writing and not like another encoding's bytes."""
    sample = text[:_SAMPLE]
    if sample.isascii():
        return True
    foreign = _count_foreign(sample)
    if not is_ordinary(sample) and len(_BROKEN.findall(sample)) > MAX_FORGIVEN * foreign:
        return False
    if codec == "cp1251":
        return len(_CYRILLIC.findall(sample)) > 0.8 * foreign and foreign > 0.3 * len(sample.split()) * 3
    return codec not in _CJK or _plausible_cjk(sample, foreign)


def _count_foreign(text: str) -> int:
    return len(text) - len(text.encode("ascii", errors="ignore"))


def _plausible_cjk(sample: str, foreign: int) -> bool:
    if len(_HALF_KATAKANA.findall(sample)) > 0.3 * foreign:
        return False  # EUC-JP read as cp932
    # An accented letter and its neighbour read as one kanji.
    return len(_LONELY.findall(sample)) <= 0.3 * foreign


def _same(used: str, label: str, text: str) -> bool:
    return used in (label, _WIDER.get(label)) or text.isascii()


def _mend(match: re.Match[str]) -> str:
    digits, base = (match[1], 16) if match[1] else (match[2], 10)
    digits = digits.lstrip("0") or "0"
    number = int(digits, base) if len(digits) <= 8 else 0x110000
    if 0x80 <= number <= 0x9F:
        return bytes([number]).decode("cp1252", errors="replace")
    if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
        return "\ufffd"
    if _UNSAFE.match(chr(number)):
        return ""
    return match[0]
