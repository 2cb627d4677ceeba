"""A meeting that only dates something else, or that something else came of: it is named, and is not the news."""

import re
from datetime import date

from feeds.understand.scene import Reading

#: A conference as a date for something else.
_BEFORE_EVENT = re.compile(r"\b(?:before|prior to|on the eve of|in the run-up to)\s(?:[\w'-]+\s){0,2}$")
_AHEAD_JA = re.compile(
    r"[^。、 ]{0,12}?(?:(?:会談|会合|会議|協議|2\+2」?)(?:の?(?:開催|開幕))?|)"
    r"(?:を(?:前に|控え)|に先立ち|前日に|直?前に|から(?:丸|まる)?(?:\d{1,2}|半|一)(?:年|周年|(?:か|カ|ヶ)月|週間))"
)
#: 国防相会談での合意を受け: what came of a talk, as the ground of something else.
_FOLLOWS_JA = re.compile(
    r"[^。、 ]{0,12}?(?:会談|会合|会議|協議|2\+2」?)"
    r"(?:(?:で|での|の)(?:合意|一致|決定|成果|議論|要請)(?:事項)?|への(?:参加|出席))"
    r"(?:を受け|に基づ|を踏まえ|に沿っ|を反映|を機に)(?![^。]*(?:会談|会合|会議|協議|共同声明))"
)
#: 先の国防相会談で示された, 7日の防衛相会談で合意: what is told came of an earlier talk.
_EARLIER_JA = re.compile(r"(?:先の|先般の|先ごろの|(?P<day>\d{1,2})日の)$")
_CAME_OF_JA = re.compile(r"[^。、 ]{0,14}?(?:会談|会合|会議|協議|2\+2」?)(?:(?P<also>でも)|で|の|後|を)")
_NOT_FRESH = 4  # days after which a talk that only dates an outcome is no news
#: 2プラス2の早期開催で一致: what leaders or foreign ministers agree to have held.
_AGREED_ON_JA = re.compile(
    r"[^。、 ]{0,16}?(?:2\+2|2プラス2|会談|会合|協議)[」』]?の?(?:早期|年内|次回|再)?(?:開催|実施)(?:で|を|に|へ)"
)
_OF_ONE_EVENT = {"series", "compound", "ministerial_noun", "two_plus_two", "plural"}


def only_a_date(text: str, reading: Reading, published: date | None) -> tuple[int, int] | None:
    """Where a sentence says that its meeting is only the date or the ground of something else, or None."""
    return _only_before(text, reading) or _of_an_earlier_talk(text, reading, published)


def _only_before(text: str, reading: Reading) -> tuple[int, int] | None:
    """ "Minister replaced before Ramstein meeting": a conference that is named as a date, and nothing else told."""
    strongest = max(reading.signals, key=lambda signal: signal.weight, default=None)
    if strongest is None or strongest.rule not in _OF_ONE_EVENT:
        return None
    before = _BEFORE_EVENT.search(text, reading.start, strongest.start)
    if before:
        return before.start(), strongest.end
    after = _AHEAD_JA.match(text, strongest.end, reading.end)
    after = after or _FOLLOWS_JA.match(text, strongest.end, reading.end)
    if not after and _tells_of_others(reading):
        after = _AGREED_ON_JA.match(text, strongest.end, reading.end)
    return (strongest.start, after.end()) if after else None


def _of_an_earlier_talk(text: str, reading: Reading, published: date | None) -> tuple[int, int] | None:
    """先の日米防衛相会談で示された…, 20日の日英防衛相会談でも議題, and 7日の防衛相会談で合意 two weeks later."""
    strongest = max(reading.signals, key=lambda signal: signal.weight, default=None)
    if strongest is None:
        return None
    earlier = _EARLIER_JA.search(text, max(reading.start, strongest.start - 6), strongest.start)
    came = _CAME_OF_JA.match(text, strongest.end, reading.end) if earlier else None
    if not earlier or not came:
        return None
    day = earlier["day"]
    stale = not day or came["also"] or (published is not None and published.day - int(day) >= _NOT_FRESH)
    return (earlier.start(), came.end()) if stale else None


def _tells_of_others(reading: Reading) -> bool:
    """Whether leaders or foreign ministers act, and no defence minister does."""
    ranks = {side.rank for side in reading.sides if side.how == "office"}
    return bool(ranks & {"head", "foreign"}) and "minister" not in ranks
