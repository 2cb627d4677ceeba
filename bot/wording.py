"""Notices to the admins in words: one message for everything that happened within some seconds. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from feeds.publish.words import SOURCE_STATES, Language
from storage.model import Notice, NoticeKind, SourceState

MOST = 5  #: sources that are told one by one; more of them are told as one event
_NAMED = 10
_LONGEST = 300

_SENTENCES: dict[Language, dict[str, str]] = {
    "ja": {
        "bad": "⚠️ {name}({key}): {state}。{message}",
        "many_bad": "⚠️ {count}件の情報源に異常があります: {names}",
        "paused": "⏸ {name}({key})の取得を止めました。{message} 再開: kaigi sources resume {key}",
        "recovered": "✅ {name}({key})は回復しました{span}。",
        "many_recovered": "✅ {count}件の情報源が回復しました: {names}",
        "moved": "➡️ {name}({key})は移転しました。今後はここから取得します: {message}",
        "flooded": "🌊 {name}({key})から一度に{count}件の新しい記事が来ました(普段は約{usual}件)。",
        "held": "{held}件のお知らせを保留しました。送るか捨てるかは kaigi floods list で確かめて決めてください。",
        "network_down": "🔌 {since}からどの情報源にも接続できません({count}件)。"
        "このサーバーのネットワークを確認してください。",
        "network_up": "✅ ネットワークが復旧しました({span_of}間不通)。",
        "trouble": "🩺 {message}",
        "well": "✅ {message}: 正常に戻りました{span}。",
        "restarted": "♻️ {message}が動かなくなったため、サービスは自動的に再起動しました。",
        "topic_lost": "💬 {message}のトピックは閉じられたか削除されています。お知らせはグループ全体に送られます。",
        "more": "ほか{count}件",
        "repeat": "(再送)",
        "span": "({span}ぶり)",
    },
    "en": {
        "bad": "⚠️ {name} ({key}): {state}. {message}",
        "many_bad": "⚠️ {count} sources turned bad: {names}",
        "paused": "⏸ {name} ({key}) is no longer polled. {message} To resume: kaigi sources resume {key}",
        "recovered": "✅ {name} ({key}) is well again{span}.",
        "many_recovered": "✅ {count} sources are well again: {names}",
        "moved": "➡️ {name} ({key}) has moved. It is now read from {message}",
        "flooded": "🌊 {name} ({key}) brought {count} new articles at once, where about {usual} are usual.",
        "held": "{held} alerts are held back. Decide about them: kaigi floods list.",
        "network_down": "🔌 No source could be reached since {since} ({count} sources). "
        "Check the network of this server.",
        "network_up": "✅ The network is back after {span_of}.",
        "trouble": "🩺 {message}",
        "well": "✅ {message}: well again{span}.",
        "restarted": "♻️ {message} did not move any more, so the service started itself anew.",
        "topic_lost": "💬 The topic {message} is closed or deleted. Its messages go to the whole group now.",
        "more": "and {count} more",
        "repeat": "(repeated)",
        "span": " after {span}",
    },
}


def words_of(notices: Sequence[Notice], language: Language, zone: str, *, repeat: bool = False) -> str:
    """One message about the notices; empty when they cancel each other out.

    A source that turned bad and recovered before anybody was told is not mentioned. `zone` is the IANA zone of times.
    """
    told = _settled(notices)
    lines = [*_group(told, NoticeKind.TURNED_BAD, language, zone), *_group(told, NoticeKind.RECOVERED, language, zone)]
    others = [one for one in told if one.kind not in (NoticeKind.TURNED_BAD, NoticeKind.RECOVERED)]
    lines += [_sentence(one, language, zone) for one in others[:_NAMED]]
    if len(others) > _NAMED:
        lines.append(_SENTENCES[language]["more"].format(count=len(others) - _NAMED))
    if repeat and lines:
        lines.insert(0, _SENTENCES[language]["repeat"])
    return "\n".join(lines)


def _settled(notices: Iterable[Notice]) -> list[Notice]:
    """Without pairs that cancel out: bad and well again, down and up."""
    kept: list[Notice] = []
    for one in notices:
        opposite = _OPPOSITES.get(one.kind)
        twin = next((it for it in kept if it.kind is opposite and it.source_key == one.source_key), None)
        if twin is not None:
            kept.remove(twin)
        else:
            kept.append(one)
    return kept


_OPPOSITES = {NoticeKind.RECOVERED: NoticeKind.TURNED_BAD, NoticeKind.NETWORK_UP: NoticeKind.NETWORK_DOWN}


def _group(notices: Sequence[Notice], kind: NoticeKind, language: Language, zone: str) -> list[str]:
    """A line each, or one for all when they are many: then it is one event and not many."""
    found = [one for one in notices if one.kind is kind]
    if len(found) <= MOST:
        return [_sentence(one, language, zone) for one in found]
    names = [_cut(one.source_name or one.source_key or "") for one in found[:_NAMED]]
    if len(found) > _NAMED:
        names.append(_SENTENCES[language]["more"].format(count=len(found) - _NAMED))
    key = "many_bad" if kind is NoticeKind.TURNED_BAD else "many_recovered"
    return [_SENTENCES[language][key].format(count=len(found), names=", ".join(names))]


def _sentence(one: Notice, language: Language, zone: str) -> str:
    sentences = _SENTENCES[language]
    span = _span(one.created_at - one.since, language) if one.since else ""
    key = {NoticeKind.TURNED_BAD: "paused" if one.state is SourceState.PAUSED else "bad"}.get(one.kind, str(one.kind))
    words = sentences[key].format(
        name=_cut(one.source_name or "?"),
        key=one.source_key or "?",
        state=SOURCE_STATES[language][one.state][0] if one.state else "",
        message=_cut(one.message),
        count=one.count,
        usual=f"{one.usual:.0f}",
        since=_clock(one.since or one.created_at, zone),
        span=sentences["span"].format(span=span) if span else "",
        span_of=span,
    )
    held = " " + sentences["held"].format(held=one.held) if one.held else ""
    return (words + held).rstrip()


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _clock(moment: datetime, zone: str) -> str:
    there = moment.astimezone(ZoneInfo(zone))
    return f"{there:%Y-%m-%d %H:%M} {there:%Z}"


def _span(length: timedelta, language: Language) -> str:
    minutes = max(int(length.total_seconds() // 60), 1)
    number, unit = (
        (minutes, "min") if minutes < 120 else (minutes // 60, "h") if minutes < 48 * 60 else (minutes // 1440, "days")
    )
    return f"{number}{_UNITS_JA[unit]}" if language == "ja" else f"{number} {unit}"


_UNITS_JA = {"min": "分", "h": "時間", "days": "日"}
