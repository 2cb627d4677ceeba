"""The words in which facts are shown, in Japanese and English: names from the lexicon, labels from here. Pure."""

import re
from datetime import date
from functools import cache
from typing import Literal

from babel import Locale
from babel.dates import format_date

from feeds.understand.lexicon import default_lexicon
from storage.model import Format, Kind, Level, Phase

Language = Literal["ja", "en"]

LABELS: dict[Language, dict[str, str]] = {
    "ja": {
        "when": "日付", "where": "場所", "who": "出席", "sides": "参加国", "form": "形式", "phase": "状況",
        "outcome": "成果文書", "sources": "出典", "margins": "併催",
        Kind.BILATERAL: "二国間会談", Kind.TRILATERAL: "三か国会談",
        Kind.MINILATERAL: "少数国会談", Kind.MULTILATERAL: "多国間会議", Kind.TWO_PLUS_TWO: "外務・防衛閣僚会合(2+2)",
        Format.IN_PERSON: "対面", Format.PHONE: "電話", Format.VIDEO: "テレビ会議", Phase.ANNOUNCED: "予定",
        Phase.HELD: "実施", Phase.CANCELLED: "中止", Phase.POSTPONED: "延期", Level.MINISTER: "閣僚級",
        Level.VICE_MINISTER: "次官・副大臣級", Level.OFFICIAL: "事務レベル", Level.HEAD_OF_GOVERNMENT: "首脳級",
        "substitute": "代理",
    },
    "en": {
        "when": "Date", "where": "Place", "who": "Present", "sides": "Sides", "form": "Form", "phase": "Status",
        "outcome": "Outcome", "sources": "Sources", "margins": "On the margins of", Kind.BILATERAL: "bilateral meeting",
        Kind.TRILATERAL: "trilateral meeting", Kind.MINILATERAL: "small-group meeting",
        Kind.MULTILATERAL: "multilateral meeting", Kind.TWO_PLUS_TWO: "2+2 meeting", Format.IN_PERSON: "in person",
        Format.PHONE: "by phone", Format.VIDEO: "by video", Phase.ANNOUNCED: "announced", Phase.HELD: "held",
        Phase.CANCELLED: "cancelled", Phase.POSTPONED: "postponed", Level.MINISTER: "ministers",
        Level.VICE_MINISTER: "vice ministers", Level.OFFICIAL: "officials",
        Level.HEAD_OF_GOVERNMENT: "heads of government", "substitute": "substitute",
    },
}  # fmt: skip

#: The built-in filters as feeds are titled; others have the title that their maker gave them.
FEED_TITLES: dict[Language, dict[str, str]] = {
    "ja": {"ministerial-meetings": "防衛相会談", "everything": "全記事"},
    "en": {"ministerial-meetings": "Meetings of defence ministers", "everything": "Everything"},
}

TOP_SPANS: dict[Language, dict[str, str]] = {
    "ja": {"24h": "24時間", "7d": "1週間", "30d": "1か月"},
    "en": {"24h": "24 hours", "7d": "a week", "30d": "a month"},
}

OPML_TITLE: dict[Language, str] = {"ja": "Kaigi のフィード", "en": "Feeds of Kaigi"}
SEARCH_TITLE: dict[Language, str] = {"ja": "「{}」の検索", "en": "search for {}"}

#: Queries to begin with, and what they find.
SEARCH_EXAMPLES: dict[Language, tuple[tuple[str, str], ...]] = {
    "ja": (
        ("日豪", "日豪という語がある記事の会談"),
        ("「共同声明」 country:JP", "日本が出た会談で、共同声明という語があるもの"),
        ("country:JP country:AU", "日本とオーストラリアの会談"),
        ("minister:小泉 date:2026", "小泉氏が出た2026年の会談"),
        ("kind:2+2 -format:電話", "外務・防衛閣僚会合、電話以外"), ("series:admm-plus", "拡大ASEAN国防相会議"),
        ("has:outcome age:<30d", "この30日に報じられた、成果文書のある会談"),
    ),
    "en": (
        ('"joint statement" country:JP', "meetings with Japan that are told with these two words"),
        ("country:JP country:AU", "meetings of Japan and Australia"),
        ("minister:Marles date:2026", "meetings with Mr Marles in 2026"),
        ("kind:2+2 -format:phone", "2+2 meetings, not by phone"), ("series:admm-plus", "the ADMM-Plus"),
        ("frigate* OR submarine*", "one of two words, however they go on"),
        ("has:outcome age:<30d", "reported in the last 30 days, with a document"),
    ),
}  # fmt: skip

#: What a feed holds, by its view.
FEED_ABOUT: dict[Language, dict[str, str]] = {
    "ja": {"meetings": "会談ごとに1件。続報が入ると更新されます。", "items": "情報源が公開した記事ごとに1件。"},
    "en": {
        "meetings": "One entry per meeting, updated in place as reports come in.",
        "items": "One entry per article, as its source published it.",
    },
}

#: A source whose hub tells of news by itself (WebSub): the word and what it means.
PUSHED: dict[Language, tuple[str, str]] = {
    "ja": ("プッシュ", "新しい記事はハブから知らされます"),
    "en": ("pushed", "a hub tells of new articles"),
}

#: How a source is, as a reader is told: a word and what it means.
SOURCE_STATES: dict[Language, dict[str, tuple[str, str]]] = {
    "ja": {
        "new": ("未取得", "まだ一度も取得できていません"), "ok": ("正常", "問題ありません"),
        "slow": ("低速", "応答に時間がかかっています"), "failing": ("障害", "取得できません"),
        "blocked": ("拒否", "相手のサーバーに拒否されています"),
        "empty": ("空", "記事が見つかりません。ページが変わった可能性があります"),
        "silent": ("沈黙", "いつもより長く新しい記事がありません"), "paused": ("停止", "取得を止めています"),
    },
    "en": {
        "new": ("new", "not read successfully yet"), "ok": ("ok", "all is well"), "slow": ("slow", "answers slowly"),
        "failing": ("failing", "cannot be read"), "blocked": ("blocked", "its server refuses us"),
        "empty": ("empty", "no articles found; the page may have changed"),
        "silent": ("silent", "nothing new for much longer than usual"), "paused": ("paused", "not polled"),
    },
}  # fmt: skip

# A venue whose bare name is also its owner's (防衛省) is looked for with the particle that makes it a place.
_PARTICLE = re.compile("(?:において|にて|で)$")

_JAPANESE = re.compile("[\u3040-\u9fff]")

# Where the common short name differs from the lexicon's first spelling or from CLDR's full one.
_ORGANISATIONS = {"EU": "EU", "NATO": "NATO", "ASEAN": "ASEAN", "UN": "UN"}
_FLAGS = {"EU": "🇪🇺", "UN": "🇺🇳"}


def label(language: Language, word: str) -> str:
    """The word for a field, kind, format, phase or level."""
    return LABELS[language][word]


@cache
def country_name(code: str, language: Language) -> str:
    """The usual name of a country or organisation; the code itself when nobody knows it."""
    if code in _ORGANISATIONS:
        return _ORGANISATIONS[code]
    country = default_lexicon().countries.get(code)
    if country is not None and (name := country.shown(language)):
        return name
    return str(Locale(language).territories.get(code, code))


def flag(code: str) -> str:
    """The flag as an emoji of two regional indicators; nothing for an organisation without one."""
    if code in _FLAGS:
        return _FLAGS[code]
    if len(code) != 2 or not code.isascii() or not code.isalpha():
        return ""
    return "".join(chr(0x1F1E6 + ord(letter) - ord("A")) for letter in code.upper())


@cache
def place_name(name: str, language: Language) -> str:
    """The name of a city or venue in the language, as far as the lexicon knows it."""
    place = next((place for place in default_lexicon().places if place.name == name), None)
    if place is None or not place.ja or language != "ja":
        return name
    return _PARTICLE.sub("", place.ja[0])


def office_name(office: str | None, country: str, level: Level, language: Language) -> str:
    """The office as the report called it; in the reader's language when the report was in another."""
    plural = office is not None and office.lower().endswith(("ministers", "chiefs", "secretaries"))
    if office and not plural and is_japanese(office) == (language == "ja"):
        return office
    if level is not Level.MINISTER:
        return office or ""
    return _MINISTERS[language].get(country, _MINISTERS[language][""])


_MINISTERS: dict[Language, dict[str, str]] = {
    "ja": {"": "国防相", "JP": "防衛相", "US": "国防長官", "NATO": "", "EU": "", "UN": "", "ASEAN": ""},
    "en": {
        "": "Defence Minister", "US": "Secretary of Defense", "GB": "Defence Secretary", "NATO": "", "EU": "", "UN": "",
        "ASEAN": "",
    },
}  # fmt: skip


def is_japanese(text: str) -> bool:
    """Whether a word is written in kana or Chinese characters."""
    return _JAPANESE.search(text) is not None


def series_name(key: str, language: Language) -> str:
    """The standard name of a series; the key itself when it has left the lexicon."""
    series = default_lexicon().series.get(key)
    if series is None:
        return key
    return series.ja if language == "ja" else series.en


@cache
def topic_name(key: str, language: Language) -> str:
    """The name of a topic; the key itself when it has left the lexicon."""
    topic = next((topic for topic in default_lexicon().topics if topic.key == key), None)
    if topic is None:
        return key
    return topic.ja if language == "ja" else topic.en


def edition_name(edition: int, name: str, language: Language) -> str:
    """第13回拡大ASEAN国防相会議, 13th ASEAN Defence Ministers' Meeting-Plus."""
    return f"第{edition}回{name}" if language == "ja" else f"{edition}{_ordinal(edition)} {name}"


def _ordinal(number: int) -> str:
    if number % 100 in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def day_name(day: date, language: Language) -> str:
    """2026年11月23日(月), Monday 23 November 2026."""
    if language == "ja":
        return str(format_date(day, "y年M月d日(E)", locale="ja"))
    return str(format_date(day, "EEEE d MMMM y", locale="en"))


def days_name(start: date, end: date | None, language: Language) -> str:
    """A day, or from one to another."""
    if end is None or end == start:
        return day_name(start, language)
    return f"{day_name(start, language)} – {day_name(end, language)}"
