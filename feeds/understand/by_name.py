"""Whether two ministers who are named without an office meet: 小泉氏とヘグセス氏が会談, "Koizumi meets Hegseth"."""

import re
from itertools import pairwise

from feeds.understand.people import Side
from feeds.understand.scene import Scene

#: Two names and a verb that says that they meet, for headlines without an office.
_MEETS = re.compile(
    # "is set to meet", "heads to Moscow for talks with": on the way to it.
    r"(?:\s(?:is |are )?(?:set|due|expected|scheduled|slated|poised|ready|likely|hopes|plans|will)|"
    r"\s(?:arrives?|arrived|heads?|headed|flies|flew|travels?|travel(?:l)?ed|goes|lands?|landed|visits?|is|in)"
    r"(?:\s(?:to|in|for|off|back))?(?:\s[\w'-]+){0,3}?)?"
    r"\s(?:to )?(?:meets?|met|hosts?|hosted|welcomes?|welcomed|"
    r"(?:speaks?|spoke|talks?|talked) (?:by phone )?(?:with|to)|"
    r"(?:holds?|held) (?:[\w-]+ )?(?:talks|call|meeting|dinner) with|sits down with|"
    r"(?:for|in) (?:[\w-]+ ){0,2}(?:talks|meeting|discussions) with)"
    r"\s(?:with\s)?(?:us\s|uk\s)?(?:[\w.']+\s)?"
)
#: What may follow the second name: "met Hegseth's aide" and "welcomes Hegseth remarks" tell of something else.
_ENDS = re.compile(
    r"(?=\s?(?:$|[,.;:-])|\s(?:in|on|at|for|to|over|as|amid|by|again|during|after|this|next|today|online|virtually)\b)"
)
_SIDE_BY_SIDE = re.compile(r"氏?(?:と|、|・)|,? and (?:[\w']+ )?|,\s(?:[\w']+ )?|-")
_TOGETHER = re.compile(
    r"(?:氏|両氏)?(?:が|と|は|、)?(?:[一-龥ァ-ヺー]{1,8}で)?(?:初|再)?(?:電話|テレビ|オンライン)?(?:で)?"
    r"(?:会談|会合|協議|夕食会|昼食会|朝食会)(?!せず|なし|しない)|"
    r"\s(?:to )?(?:(?:meet|met)(?=\s?(?:$|[,.;:-])|\s(?:in|on|at|for|to|over|as|amid|by|again|"
    r"during|after|this|next|today|online|virtually)\b)|"
    # "speak at the forum" and "talk to reporters" are not to each other.
    r"(?:speak|spoke|talk|talked)(?=\s?(?:$|[,.;:])|\s(?:by|again|over|online|virtually|amid|this|today)\b)|"
    r"(?:discuss|discussed|review|reviewed|reaffirm|reaffirmed|agree|agreed|sign|signed|ink|inked|exchange views)\s"
    r"(?!to disagree)(?!.{0,60}\b(?:separate|but)\b)|"
    r"(?:hold|held|have|had)\s(?!.{0,20}press|no\b|.{0,20}town hall)(?:[\w-]+\s){0,3}"
    r"(?:talks|calls?|meetings?|dinner|lunch|breakfast)\b)"
)
#: "… vow closer ties in Tokyo talks", "… discuss Rafah by phone": both act, and the talk is how.
_IN_TALKS = re.compile(
    r"(?!(?:\s\S+){0,4}?\s(?:no|not|skips?|cancel|postpone|delay|scrap|against|differ|says?|said|tells?|told|"
    r"reporters|press|media|troops|lawmakers|senators|congress)\b)"
    r"(?:\s[^\s,;:]+){1,7}?\s(?:in|at|during|over|on|by|via)\s(?:(?:a|the|their|[\w-]+)\s){0,3}?"
    r"(?:talks|phone|call|meeting|bilateral|dinner)(?=\s?(?:$|[,.;])|\s(?:in|on|at)\b)"
)
#: "Wallace bids farewell to Ukraine's Reznikov in call", "First call between Hegseth and Nakatani".
_ACTS_ON = re.compile(r"(?:\s[\w'-]+){1,6}\s")
_BY_CALL = re.compile(
    r"\s(?:in|during|over|by|on)\s(?:(?:a|the|their|first|phone|video|farewell|introductory)\s){0,3}"
    r"(?:call|phone|talks|meeting)\b"
)
_BETWEEN = re.compile(r"\b(?:call|talks|meeting|dinner|dialogue|conversation)\sbetween\s(?:[\w']+\s)?$")


def meet_by_name(scene: Scene, named: list[Side]) -> bool:
    """Whether a sentence says no more than that these meet: 小泉氏とヘグセス氏が会談, "Koizumi meets Hegseth"."""
    if scene.has_rank("head", "foreign", "military", "other", "official", "vice_minister"):
        return False
    gaps = [scene.text[one.end : following.start] for one, following in pairwise(named)]
    end = named[-1].end
    if len(gaps) == 1 and _MEETS.fullmatch(gaps[0]):
        return _ENDS.match(scene.text, end, scene.end) is not None
    if len(gaps) == 1 and _ACTS_ON.fullmatch(gaps[0]) and _BY_CALL.match(scene.text, end, scene.end):
        return True
    between = _BETWEEN.search(scene.text, max(scene.start, named[0].start - 40), named[0].start)
    if between and len(gaps) == 1 and _SIDE_BY_SIDE.fullmatch(gaps[0]):
        return True
    if not gaps or not all(_SIDE_BY_SIDE.fullmatch(gap) for gap in gaps):
        return False
    return any(form.match(scene.text, end, scene.end) for form in (_TOGETHER, _IN_TALKS))
