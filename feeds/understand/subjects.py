"""What a headline is about, where a meeting is told in the text alone."""

import re

from feeds.understand.folding import Folded
from feeds.understand.scan import Hits

#: What a headline over a meeting that only the text tells has at least one of.
_ON_THE_SUBJECT = (
    "office", "person", "surname", "series", "series_weak", "topic", "meeting.strong", "meeting.call", "meeting.video",
    "meeting.two_plus_two", "meeting.weak", "outcome.documents", "country", "place", "group.states", "group.regions",
)  # fmt: skip
_OF_DEFENCE = re.compile(
    r"defen[cs]e|militar|army|armies|navy|naval|troop|soldier|weapon|missile|nuclear|tanks?\b|jets?\b|drone|warship|frigate|howitzer|fighter|"
    r"security|\bnato\b|alliance|allies|\bwar\b|strike|sanction|pentagon|\barms\b|ammunition|submarine|minister|"
    r"防衛|国防|安保|安全保障|自衛隊|軍|兵器|ミサイル|核|戦闘機|艦|同盟|部隊|装備|侵攻|戦争|無人機|ドローン|抑止|相"
)
#: 日英伊が: countries by one character each.
_STATES = re.compile(r"[日米豪英仏独伊加韓中露印比尼越]{2,}(?:両国|政府)?[がはとの、・]")
_READABLE = re.compile(r"[a-zぁ-んァ-ヺ一-龥]")


def off_the_subject(title: Folded, hits: Hits) -> bool:
    """Whether a headline has nothing of defence, of any state or place, or of anybody known.

    Shares rise, the rail strike is over: whom the text sees meet is then by the way. A headline in a script that the
    patterns do not know is given the benefit of the doubt.
    """
    if not _READABLE.search(title.text) or _OF_DEFENCE.search(title.text) or _STATES.search(title.text):
        return False
    return not hits.any(*_ON_THE_SUBJECT)
