"""The keys by which copies of an entry are found: its guid, its opening words, the longest words of its headline. Pure.

Made in the parser processes, which is why it stands apart from `likeness.py`: what compares headlines would cost each
of them four megabytes.
"""

import re
import unicodedata
import zlib
from datetime import datetime, timedelta
from hashlib import blake2b

from feeds.observed import Fingerprint, ParsedEntry

LEAD = 100  #: characters of the text, without spaces and signs, that copies share
LEAD_AT_LEAST = 60  #: a shorter text tells nothing
TITLE_AT_LEAST = 15  #: bytes in UTF-8; a shorter headline ("Press release") tells nothing
PIECES = 2  #: words of a headline that are keys
WITHIN = timedelta(days=3)

#: What stands at the end of a headline, each with signs without which it does not: few headlines have any of them, and
#: to search each headline for all of this took longer than all else that is done with it here.
_SUFFIXES = (
    (("[", "\uff3b"), re.compile(r"\s*[\[\uff3b][^\[\]\uff3b\uff3d]{1,40}[\]\uff3d]\s*$")),  # [高市首相 …]
    (("写真",), re.compile(r"\s*[(\uff08]写真[^()\uff08\uff09]{0,20}[)\uff09]\s*$")),  # (写真・画像 1/3)
    (
        (":", "\uff1a"),
        re.compile(
            r"\s*[:\uff1a]\s*[^:\uff1a\s]{0,12}"
            r"(?:ドットコム|ニュース動画|写真特集|ニュース|新聞|デジタル|オンライン|通信)[:\uff1a]?\s*$"
        ),
    ),
    (("写真特集",), re.compile(r"\s*写真特集\s*$")),
    (("-", "–", "—", "|", "\uff5c"), re.compile(r"\s+[-–—|\uff5c]\s+[^-–—|\uff5c]{2,30}$")),  # - 媒体名
)
_PREFIXES = (
    re.compile(r"\s*(?:画像|写真|動画|図解|写真特集)\s*[|\uff5c:\uff1a/]\s*"),
    re.compile(r"\s*(?:【[^】]{1,8}】|[◎◆●■▼★])+\s*"),  # 【速報】, ◎短縮題
)
_KEY_WORD = re.compile("[\u3400-\u9fff]{2,}|[\u30a1-\u30fc]{2,}|[a-z]{4,}")
_DRESSED = re.compile("[\\[\uff3b(\uff08:\uff1a|\uff5c【◎◆●■▼★]|[-–—] |^(?:画像|写真|動画|図解)|写真特集")
_WORLDWIDE = re.compile(r"^(?:https?://|tag:|urn:)|^[0-9a-f]{8}-[0-9a-f]{4}-")


def fingerprint(entry: ParsedEntry, now: datetime) -> Fingerprint:
    """The keys of an entry, made of its guid, its headline and its opening words. A dozen microseconds.

    Old articles, such as a new source's backlog, have exact keys only: what is alike comes within days.
    """
    is_old = entry.published_at is not None and now - entry.published_at > WITHIN
    lead = "".join(entry.text[: 3 * LEAD].lower().split())[:LEAD]
    guid = entry.guid
    return Fingerprint(
        guid=_exact(f"g:{guid}") if guid and guid != entry.url and _WORLDWIDE.match(guid) else None,
        lead=_exact(f"l:{lead}") if len(lead) >= LEAD_AT_LEAST else None,
        pieces=() if is_old else _pieces(stripped(entry.title)),
    )


def stripped(title: str) -> str:
    """A headline without the newsroom's name, mark or picture label around it, unless little would be left."""
    if not _DRESSED.search(title):
        return title
    for prefix in _PREFIXES:
        found = prefix.match(title)
        if found and _is_telling(title[found.end() :]):
            title = title[found.end() :]
    for signs, suffix in _SUFFIXES:
        for sign in signs:
            if sign in title:
                found = suffix.search(title)
                if found and _is_telling(title[: found.start()]):
                    title = title[: found.start()]
                break
    return title


def _is_telling(title: str) -> bool:
    return len(title.encode("utf-8", "replace")) >= TITLE_AT_LEAST


def _exact(words: str) -> int:
    return int.from_bytes(blake2b(words.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True)


def _pieces(title: str) -> tuple[int, ...]:
    """The longest words, which are the rarest; in Japanese, runs of kanji or of katakana."""
    if not _is_telling(title):
        return ()
    words = set(_KEY_WORD.findall(unicodedata.normalize("NFKC", title).lower()))
    chosen = sorted(words, key=lambda word: (-len(word), word))[:PIECES]
    return tuple(zlib.crc32(word.encode()) for word in chosen)
