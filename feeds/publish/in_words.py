"""A query in words, for who does not know its language. Pure.

`is:meeting country:JP -format:phone` is 会談、日本、電話以外; a meeting, Japan, not by phone.
"""

from datetime import date

from feeds.decide.query import Age, And, Between, Leaf, Node, Not, OneOf, Or, Pattern, Query, Where, Words
from feeds.publish.moments import span_name
from feeds.publish.words import Language, country_name, label, place_name, series_name

_FIELDS: dict[Language, dict[str, str]] = {
    "ja": {
        "source": "情報源", "lang": "言語", "trust": "情報源の種類", "topic": "話題",
        "has": "判明", "minister": "出席者", "office": "役職",
        "edition": "回", "date": "会談日", "published": "公開日", "city": "都市",
        "title": "見出し", "text": "本文",
    },
    "en": {
        "source": "source", "lang": "language", "trust": "kind of source", "topic": "topic", "has": "known:",
        "minister": "minister", "office": "office", "edition": "edition", "date": "held in", "published": "published",
        "city": "in", "title": "title", "text": "text",
    },
}  # fmt: skip
_IS: dict[Language, dict[str, str]] = {
    "ja": {"meeting": "会談", "uncertain": "会談かもしれないもの"},
    "en": {"meeting": "a meeting", "uncertain": "perhaps a meeting"},
}
_LABELLED = ("kind", "level", "format", "phase")


def in_words(query: Query, language: Language) -> str:
    """The query for a reader who does not know its language."""
    if query.root == And(()):
        return "すべての記事" if language == "ja" else "every article"
    return _node(query.root, language, top=True)


def _node(node: Node, language: Language, *, top: bool = False) -> str:
    if isinstance(node, And):
        joined = ("、" if language == "ja" else ", ").join(_node(part, language) for part in node.parts)
        return joined if top else f"({joined})"
    if isinstance(node, Or):
        joined = ("または" if language == "ja" else " or ").join(_node(part, language) for part in node.parts)
        return joined if top else f"({joined})"
    if isinstance(node, Not):
        inner = _node(node.part, language)
        return f"{inner}以外" if language == "ja" else f"not {inner}"
    return _leaf(node, language)


def _leaf(node: Leaf, language: Language) -> str:
    if isinstance(node, Words | Pattern):
        words = node.source.partition(":")[2] if node.where is not Where.ANY else node.source
        quoted = (
            f"「{words.strip('「」“”' + chr(34))}」" if language == "ja" else f"“{words.strip('「」“”' + chr(34))}”"
        )
        return quoted if node.where is Where.ANY else f"{_FIELDS[language][node.where.value]} {quoted}"
    if isinstance(node, OneOf):
        return _one_of(node, language)
    if isinstance(node, Between):
        spans = [_span(low, high) for low, high in node.spans]
        return f"{_FIELDS[language].get(node.field, node.field)} {_either(spans, language)}"
    return _age(node, language)


def _age(node: Age, language: Language) -> str:
    span = span_name(node.seconds, language)
    if language == "ja":
        return f"公開から{span}以内" if node.younger else f"公開から{span}以上"
    return f"published within {span}" if node.younger else f"published more than {span} ago"


def _either(values: list[str], language: Language) -> str:
    return ("または" if language == "ja" else " or ").join(values)


def _span(low: object, high: object) -> str:
    if low == high:
        return str(low)
    if isinstance(low, date) and (low, high) == (date(low.year, 1, 1), date(low.year, 12, 31)):
        return str(low.year)
    return f"{'' if low is None else low} – {'' if high is None else high}"


def _one_of(node: OneOf, language: Language) -> str:
    name, values = node.field, sorted(node.values)
    if name == "is":
        return _either([_IS[language].get(value, value) for value in values], language)
    if name in _LABELLED:
        return _either([label(language, value) for value in values], language)
    if name == "country":
        return _either([country_name(value, language) for value in values], language)
    if name == "series":
        return _either([series_name(value, language) for value in values], language)
    field = _FIELDS[language].get(name, name)
    if name == "city":
        return f"{field} {_either([place_name(value, language) for value in values], language)}"
    return f"{field} {node.source.partition(':')[2].strip(chr(34)) or _either(values, language)}"
