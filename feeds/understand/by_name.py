"""Whether two ministers who are named without an office meet: 小泉氏とヘグセス氏が会談, "Koizumi meets Hegseth".

Four ways of an English headline: one does it to the other ("Koizumi, in Rome, meets Crosetto"), they act as one
("Koizumi, Hegseth strike deal"), one speaks to the other and the talk is how ("presses … in phone call"), or their talk
is what it is about ("Koizumi-Hegseth call"). A Japanese one sets the names side by side.
"""

import re
from itertools import pairwise

from feeds.understand.people import Side
from feeds.understand.scene import Scene, calls_to

_TALK = r"(?:talks|calls?|meetings?|dinner|lunch|breakfast|dialogue|conversation|discussions|exchange|bilateral)"
#: Not the minister but somebody of his, or what will not or need not come true.
_NOT_HE = (
    r"aides?|deputy|deputies|spokes\w+|envoys?|advis[eo]rs?|teams?|staff|ally|allies|wife|office|ministry|camp|"
    r"critics?|successor|predecessor|nominee|rival"
)
_NOT_SO = (
    r"no|not|never|without|refus\w+|declin\w+|reject\w+|cancel\w*|scrap\w*|skip\w*|postpon\w+|delay\w*|seek\w*|wants?|"
    r"wanted|push\w*|asks?|demand\w*|propos\w+|offer\w*|open|hop\w+|may|might|could|would|should|unlikely|before|ahead"
)
#: Two names and a verb that says that they meet, for headlines without an office.
_MEETS = re.compile(
    # "is set to meet", "heads to Moscow for talks with": on the way to it.
    r"(?:\s(?:is |are )?(?:set|due|expected|scheduled|slated|poised|ready|likely|hopes|plans|will)|"
    r"\s(?:arrives?|arrived|heads?|headed|flies|flew|travels?|travel(?:l)?ed|goes|lands?|landed|visits?|is|in)"
    r"(?:\s(?:to|in|for|off|back))?(?:\s[\w'-]+){0,3}?)?"
    r"\s(?:to )?(?:meets?|met|hosts?|hosted|welcomes?|welcomed|receives?|received|greets?|greeted|"
    r"(?:speaks?|spoke|talks?|talked) (?:by phone )?(?:with|to)|"
    r"(?:holds?|held) (?:[\w-]+ )?(?:talks|call|meeting|dinner) with|(?:sits|sat) down with|"
    r"(?:confers?|conferred|dines?|dined|huddles?|huddled) with|"
    r"(?:for|in) (?:[\w-]+ ){0,2}(?:talks|meeting|discussions) with)"
    r"\s(?:with\s)?(?:us\s|uk\s)?(?:[\w.']+\s)?"
)
#: "… lands in Oslo, meets", "… in Tokyo: frigate deal tops agenda for talks with": the name is still the subject.
_AT_LENGTH = re.compile(
    rf"(?!\s(?:{_NOT_HE})\b)(?!.*\b(?:{_NOT_SO})\b)"
    r"(?:[,:]?\s[^\s,;:]+){1,9}?"
    r"(?:(?:,|,? and|\sas (?:he|she))\s(?:to )?(?:meets?|met|hosts?|hosted|sees|sits down with)|"
    rf",?\s(?:for|in)\s(?:[\w-]+\s){{0,2}}{_TALK}\swith|,?\s(?:holds?|held)\s(?:[\w-]+\s){{0,2}}{_TALK}\swith)"
    r"\s(?:us\s|uk\s)?(?:[\w.']+\s)?"
)
#: "to see Hegseth at the Pentagon", "phones Hegseth over …": verbs that also mean something else.
_SEES = re.compile(r"(?:,?\s[^\s,;:]+){0,4}?,?\s(?:to )see\s")
_PHONES = re.compile(r"\s(?:calls|called|phones|phoned|telephones|telephoned|rings|rang)(?: up)?\s(?:[\w'-]+\s)?")
_VISITS = re.compile(r"\s(?:to )?(?:visits?|visited|joins?|joined)\s")
_AT_A_PLACE = re.compile(r"\s(?:at|in)\s(?!odds\b|charge\b|court\b)")
#: What may follow the second name: "met Hegseth's aide" and "welcomes Hegseth remarks" tell of something else.
_ENDS = re.compile(
    r"(?=\s?(?:$|[,.;:-])|\s(?:in|on|at|for|to|over|as|amid|by|again|during|after|this|next|today|online|virtually)\b)"
)
_SIDE_BY_SIDE = re.compile(
    r"(?:氏|長官|大臣)?(?:と|、|・|が|は)(?:\d{1,2}日(?:に|、)?|[一-龥ァ-ヺー]{1,8}(?:で|にて)){0,2}"
    r"(?:[米豪英仏独伊加韓中印比越尼](?:国の)?)?|"
    r",?\s(?:and|&|et|und)\s(?:[\w']+ )?|,\s(?:[\w']+ )?|[-–/]"
)
#: What does not come true behind a Japanese word of talking.
_NOT_YET_JA = (
    r"(?!せず|なし|しない|は?(?:困難|難し)|"
    r"[をの]?(?:拒|打診|要請|希望|模索|見送|断|申し|求め|延期|中止|呼びかけ|準備))"
)
_TOGETHER = re.compile(
    r"(?:氏|両氏)?(?:が|と|は|、|の)?(?:[一-龥ァ-ヺー]{1,8}で)?(?:初|再)?(?:の|めて|めての)?"
    r"(?:電話|テレビ|オンライン)?(?:で)?(?:会談|会合|協議|夕食会|昼食会|朝食会)"
    rf"{_NOT_YET_JA}|"
    rf"(?:氏|両氏|長官|大臣)と(?:\d{{1,2}}日に?)?(?:[一-龥ァ-ヺー]{{1,8}}で)?(?:初|再)?(?:の|めて|めての)?(?:対面|面会|懇談|通話|電話|意見交換){_NOT_YET_JA}|"
    r"両氏(?:が|は|、)(?:[^、。 ]{1,12}で)?(?:合意|一致|対面|面会|懇談|電話)"
    rf"{_NOT_YET_JA}|氏(?:が|は|、)?(?:夕食|昼食|朝食|食卓)を?(?:囲|とも|共)|"
    r"\s(?:to )?(?:(?:meet|met)(?=\s?(?:$|[,.;:-])|\s(?:in|on|at|for|to|over|as|amid|by|again|"
    r"during|after|this|next|today|online|virtually)\b)|"
    # "speak at the forum" and "talk to reporters" are not to each other.
    r"(?:speak|spoke|talk|talked)(?=\s?(?:$|[,.;:])|\s(?:by|again|over|online|virtually|amid|this|today)\b)|"
    r"talk\s(?!to\b|at\b|up\b|down\b|of\b|about\b|tough\b)\w+|"
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
#: Between the names and what they do as one: "Koizumi, Hegseth again vow …".
_BOTH = re.compile(r"\s(?:(?:both|again|also|jointly|to|will)\s)?")
#: Whom they speak to, or that they do it apart.
_WITH_OTHERS = re.compile(r"\b(?:reporters|press|media|lawmakers|senators|congress|separate\w*|their own)\b")
#: "Wallace bids farewell to Ukraine's Reznikov in call", "First call between Hegseth and Nakatani".
_ACTS_ON = re.compile(r"(?:\s[\w'-]+){1,6}\s")
_BY_CALL = re.compile(
    r"\s(?:in|during|over|by|on)\s(?:(?:a|the|their|first|phone|video|farewell|introductory)\s){0,3}"
    r"(?:call|phone|talks|meeting)\b"
)
#: "Hegseth presses Koizumi on spending at Pentagon talks": the talk is how one spoke to the other.
_SPEAKS_TO = re.compile(
    r"\s(?:presses|urges|warns|tells|assures|reassures|thanks|briefs|asks|pushes|lectures|confronts|promises|"
    r"pressed|urged|warned|told|assured|thanked|briefed|asked|pushed)\s"
)
_IN_THEIR_TALKS = re.compile(
    rf"(?!.*\b(?:nato|eu|un|g7|asean|cabinet|council|{_NOT_SO})\b)"
    r"(?:\s[^\s,;:]+){0,8}?\s(?:in|during|over|by|on|at|via)\s(?:[\w-]+\s){0,3}?"
    r"(?:talks|call|phone|meeting|bilateral|exchange|conversation)(?=\s?(?:$|[,.;:]))"
)
_BETWEEN = re.compile(
    r"\b(?:call|talks|meeting|dinner|dialogue|conversation)\sbetween\s(?:[\w']+\s)?$|"
    r"\b(?:entretien|rencontre|reunion)\s(?:\w+\s)?entre\s$|\b(?:telefonat|treffen|gesprach)\szwischen\s$"
)
#: "First Koizumi-Hegseth call focuses on …": the talk itself, and not what it could be.
_BEGINS = re.compile(r"(?:[^\n]{0,12}\))?\s?(?:(?:first|second|latest|planned|new|fresh|the)\s)?(?:us\s|uk\s)?")
_THEIR_TALK = re.compile(
    rf"(?:'s)?\s(?:(?:phone|video|defen[cs]e|bilateral|first|face-to-face)\s){{0,2}}{_TALK}\b"
    r"(?!\s(?:could|would|should|might|may|unlikely|in doubt|uncertain|looks?|hangs|off|transcripts?|draws|sparks)\b)"
)
_HIS_TALK_WITH = re.compile(
    rf"'s?\s(?:(?:first|second|latest|planned|phone|video|friday|monday)\s){{0,2}}{_TALK}\swith\s(?:[\w.']+\s)?|"
    rf"'s?\s(?:visit|trip|tour)\b(?!.*\b(?:{_NOT_SO})\b)[^.;]{{0,40}}\b(?:{_TALK} with|meets?|met)\s(?:[\w.']+\s)?"
)
_NOT_OF_IT = re.compile(r"\s(?:could|would|should|might|may|unlikely|in doubt|uncertain|hangs|draws|sparks|angers)\b")


def meet_by_name(scene: Scene, named: list[Side]) -> bool:
    """Whether a sentence says no more than that these meet: 小泉氏とヘグセス氏が会談, "Koizumi meets Hegseth"."""
    if len(named) < 2 or scene.text.startswith("?", scene.end - 1):
        return False
    if scene.has_rank("head", "foreign", "military", "other", "official", "vice_minister"):
        return False
    gaps = [scene.text[one.end : following.start] for one, following in pairwise(named)]
    end = named[-1].end
    beside = all(_SIDE_BY_SIDE.fullmatch(gap) for gap in gaps)
    return (
        _one_meets(scene, named, gaps)
        or (beside and _act_as_one(scene, named))
        or (len(gaps) == 1 and _speaks(scene, gaps[0], end))
        or _are_the_subject(scene, named, gaps, beside=beside)
    )


def _one_meets(scene: Scene, named: list[Side], gaps: list[str]) -> bool:
    """ "Koizumi meets Hegseth and Marles in Tokyo": one does it to the others."""
    end = named[-1].end
    first, *others = gaps
    if not all(_SIDE_BY_SIDE.fullmatch(gap) for gap in others):
        return False
    if _MEETS.fullmatch(first) or _AT_LENGTH.fullmatch(first):
        return _ENDS.match(scene.text, end, scene.end) is not None
    if _SEES.fullmatch(first) or _VISITS.fullmatch(first):
        return _AT_A_PLACE.match(scene.text, end, scene.end) is not None or (
            "see" in first and scene.text[end : scene.end].strip() == ""
        )
    return _PHONES.fullmatch(first) is not None and any(calls_to(named[1:2], scene.text, scene.start))


def _act_as_one(scene: Scene, named: list[Side]) -> bool:
    """ "Koizumi, Hegseth strike deal", 小泉・ヘグセス両氏が合意: names side by side, and what only two together do."""
    end = named[-1].end
    if any(form.match(scene.text, end, scene.end) for form in (_TOGETHER, _IN_TALKS)):
        return True
    return acts_jointly(scene, end)


def acts_jointly(scene: Scene, end: int) -> bool:
    """Whether a verb of the lexicon's `meeting.joint` follows directly on those who act."""
    between = _BOTH.match(scene.text, end, scene.end)
    if between is None or _WITH_OTHERS.search(scene.text, end, scene.end):
        return False
    return any(
        hit.start in {end + 1, between.end()} for hit in scene.hits.of("meeting.joint", start=end, end=scene.end)
    )


def _speaks(scene: Scene, gap: str, end: int) -> bool:
    """ "Dong warns Hegseth on Taiwan in video call": one speaks to the other, and the talk is how."""
    if _ACTS_ON.fullmatch(gap) and _BY_CALL.match(scene.text, end, scene.end):
        return True
    return bool(_SPEAKS_TO.fullmatch(gap) and _IN_THEIR_TALKS.match(scene.text, end, scene.end))


def _are_the_subject(scene: Scene, named: list[Side], gaps: list[str], *, beside: bool) -> bool:
    """ "Call between Koizumi and Hegseth", "Koizumi-Hegseth talks", "Koizumi's call with Hegseth"."""
    start, end = named[0].start, named[-1].end
    if beside and _BETWEEN.search(scene.text, max(scene.start, start - 40), start):
        return True
    if not _BEGINS.fullmatch(scene.text, scene.start, start):
        return False
    if beside and gaps[0] in {"-", "–", "/", ", "} and _THEIR_TALK.match(scene.text, end, scene.end):
        return True
    whose = len(gaps) == 1 and _HIS_TALK_WITH.fullmatch(gaps[0])
    return bool(whose and not _NOT_OF_IT.match(scene.text, end, scene.end))
