"""Two countries in a headline, or two names, are no meeting yet; and words around a meeting do not make it none."""

import pytest

from feeds.observed import Verdict
from feeds.understand.meetings import understand
from storage.model import Phase
from tests.feeds.understand.articles import article

BRUSSELS = "Defence ministers met in Brussels on Monday to discuss support."


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Russia strikes Ukraine power grid", BRUSSELS),
        ("China sails carrier past Japan", BRUSSELS),
        ("Poland closes border with Belarus", BRUSSELS),
        ("Greece buys frigates from France", BRUSSELS),
        ("ロシア、ウクライナのエネルギー施設を攻撃", "国防相らはブリュッセルで会合を開いた。"),
        ("Marles, Hegseth speak at Shangri-La Dialogue", "The forum opened on Friday."),
        ("Hegseth, Koizumi talk to reporters after meeting", ""),
        ("Marles meets envoy of Hegseth", ""),
        ("Koizumi met aide to Hegseth", ""),
        ("Koizumi talks to media about Hegseth", ""),
        ("Koizumi hosts reception for Hegseth", ""),
        ("Hegseth welcomes Koizumi remarks on spending", ""),
        ("Koizumi meets before Hegseth trip", ""),
        ("Hegseth and Marles have no meetings", ""),
        ("Hegseth, Koizumi hold town hall meetings", ""),
        ("小泉氏とヘグセス氏、協議せず", ""),
    ],
)
def test_no_alert_is_made_of_countries_or_names_that_did_not_meet(title: str, text: str) -> None:
    assert understand(article(title, text)).verdict is not Verdict.MEETING


@pytest.mark.parametrize(
    "title",
    [
        "Hegseth meets Koizumi in Tokyo",
        "Koizumi speaks with Hegseth by phone",
        "Hegseth, Koizumi hold working dinner",
        "小泉氏とヘグセス氏が会談",
        "日米防衛相会談、台湾有事を想定し連携確認",
        "日EU防衛相会談、偽情報対策で一致",
        "日豪防衛相が会談、インド太平洋の課題を協議",
        "日米防衛相会談、同盟強化の意義を共有",
        "日ウクライナ防衛相会談、侵攻の教訓を共有",
        "日米防衛相会談、共同訓練の成果と課題を議論",
        "小泉防衛相、シンポジウムで英国防相と会談",
        "日豪防衛相会談及び共同記者発表",
        "Defence ministers of Turkey and Greece meet for first time since invasion in 1974",
        "Finland and Sweden defence ministers meet to renew pact signed in 1998",
    ],
)
def test_words_around_a_meeting_do_not_hide_it(title: str) -> None:
    assert understand(article(title, "")).verdict is Verdict.MEETING


@pytest.mark.parametrize(
    ("title", "sides"),
    [
        ("日米首脳会談、中国の軍事活動を懸念 防衛協力で一致", ("JP", "US")),
        ("日米首脳会談、ウクライナへの軍事支援で一致", ("JP", "US")),
    ],
)
def test_leaders_who_talk_of_a_country_did_not_meet_it(title: str, sides: tuple[str, ...]) -> None:
    mention = understand(article(title, "")).mention
    assert mention is not None
    assert mention.facts.countries == sides


@pytest.mark.parametrize(
    ("title", "text", "phase"),
    [
        (
            "12th ADMM-Plus postponed",
            "The 12th ASEAN Defence Ministers' Meeting Plus, planned for 1 November in Manila, has been postponed.",
            Phase.POSTPONED,
        ),
        ("12th ADMM-Plus cancelled", "The ADMM-Plus scheduled for next week was cancelled.", Phase.CANCELLED),
    ],
)
def test_a_conference_that_is_called_off_by_its_name_alone_is_not_announced(
    title: str, text: str, phase: Phase
) -> None:
    answer = understand(article(title, text))
    assert answer.verdict is Verdict.UNCERTAIN
    assert answer.mention is not None
    assert answer.mention.facts.phase is phase


def test_what_else_is_postponed_does_not_end_the_conference() -> None:
    title = "12th ADMM-Plus held, exercise postponed"
    text = "Defence ministers met at the 12th ADMM-Plus in Kuala Lumpur on 1 November. A joint exercise was postponed."
    answer = understand(article(title, text))
    assert answer.verdict is Verdict.MEETING
    assert answer.mention is not None
    assert answer.mention.facts.phase is Phase.HELD


@pytest.mark.parametrize(
    ("title", "phase"),
    [
        ("ADMM-Plus in Kuala Lumpur cancelled", Phase.CANCELLED),
        ("ADMM-Plus, scheduled for Nov. 5 in Kuala Lumpur, postponed", Phase.POSTPONED),
        ("ADMM-Plus, planned for November in Kuala Lumpur, postponed", Phase.POSTPONED),
    ],
)
def test_when_and_where_a_conference_was_to_be_may_stand_before_the_word_that_ends_it(title: str, phase: Phase) -> None:
    mention = understand(article(title, "")).mention
    assert mention is not None
    assert mention.facts.phase is phase


@pytest.mark.parametrize(
    "title",
    [
        "ADMM-Plus due to open in Kuala Lumpur as US carrier visit is postponed",
        "ADMM-Plus opens in Kuala Lumpur but joint drill is cancelled",
        "ADMM-Plus set to be held in Vientiane next week, joint drill called off",
    ],
)
def test_what_else_is_called_off_in_the_same_headline_leaves_the_conference_as_it_was(title: str) -> None:
    mention = understand(article(title, "")).mention
    assert mention is None or mention.facts.phase not in (Phase.POSTPONED, Phase.CANCELLED)
