"""Which items tell of a ministerial meeting, and what they say of it."""

import time
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.observed import Verdict
from feeds.understand.meetings import understand
from storage.model import Format, Kind, Level, Phase, Trust
from tests.feeds.understand.articles import ADMM_PLUS_TEXT, ADMM_PLUS_TITLE, article, facts, read


@pytest.mark.parametrize(
    "title",
    [
        "日伊防衛相会談を実施",
        "小泉防衛大臣がオランダのブレケルマンス国防相と会談（11月4日）",
        "日米豪防衛相、共同訓練の拡大で一致",
        "小泉防衛相、韓国国防部長官と電話会談",
        "第21回ASEAN国防相会議がマニラで開幕",
        "日比「2プラス2」を東京で開催",
        "米戦争長官が豪国防相と会談　潜水艦計画を協議",
        "日フィンランド防衛相会談について",
        "Japan and Italy defence ministers hold talks in Rome",
        "Swedish defence minister meets Estonian counterpart",
        "Readout of Secretary of War Pete Hegseth's Call With Minister of National Defence David McGuinty",
        "NATO defence ministers gather in Brussels",
        "UK, Norway defence secretaries to meet in Oslo next week",
        "Foreign, defense ministers of Japan and France to hold 2+2 talks",
        "South Pacific Defence Ministers' Meeting opens in Suva",
    ],
)
def test_a_title_that_says_who_meets_and_how_is_a_meeting(title: str) -> None:
    assert read(title).verdict is Verdict.MEETING


@pytest.mark.parametrize(
    "title",
    [
        "小泉防衛大臣が臨時会見　日伊防衛相会談の成果などを説明（11月4日）",
        "小泉防衛大臣が記者会見　近く開く日米防衛相会談に言及",
        "人事発令　11月30日付け、1佐人事（海自9名）",
        "読まれている記事：日米防衛相会談ほか",
        "内倉統幕長、イタリア国防相を訪ね会談",
        "統合幕僚長が米統合参謀本部議長とテレビ会談",
        "日米韓の参謀総長級会議、抑止力の強化で一致",
        "小泉防衛相、那覇市長と会談",
        "防衛相が知事と面会　基地負担を協議",
        "日米外相会談、ワシントンで",
        "日米首脳会談、防衛協力の強化で一致",
        "《解説》日米「2+2」って何？",
        "陸自と豪陸軍が共同訓練を実施",
        "元防衛相が講演　日米同盟を語る",
        "Prime Minister meets Japanese defence minister",
        "Army chief calls on Italian defence minister",
        "Chairman of the Joint Chiefs meets counterparts from Japan and South Korea",
        "Defence Secretary Rajesh Kumar Singh meets Dutch Defence Minister",
        "Germany appoints new defence minister before meeting of allies",
        "Defense minister visits troops on the northern border",
        "Opinion: what the defence ministers' meeting means for Asia",
        "Foreign ministers of Japan and Italy hold talks",
        "Press conference by Defence Minister after talks with Italian counterpart",
        "Navy awards contract for two frigates",
    ],
)
def test_a_look_alike_is_not_a_meeting_of_ministers(title: str) -> None:
    found = read(title)
    below = found.mention is not None and found.mention.facts.level is not Level.MINISTER
    assert found.verdict is not Verdict.MEETING or below


@pytest.mark.parametrize(
    ("title", "phase"),
    [
        ("中国、日中防衛相会談を拒否", Phase.CANCELLED),
        ("日米「2+2」を延期　日程の都合", Phase.POSTPONED),
        ("China declines talks between defence ministers of China and Australia", Phase.CANCELLED),
        ("日韓防衛相会談を見送り", Phase.CANCELLED),
    ],
)
def test_a_meeting_that_was_refused_or_put_off_is_never_pushed_and_says_so(title: str, phase: Phase) -> None:
    understanding = read(title)
    assert understanding.verdict is not Verdict.MEETING
    if understanding.mention:
        assert understanding.mention.facts.phase is phase


@pytest.mark.parametrize(
    "title",
    [
        "Refused talks by Beijing, Japanese defence minister meets Australian counterpart",
        "Japanese defence minister meets Australian counterpart in Tokyo after China refuses meeting",
        "Japanese defence minister holds talks in Tokyo after China refuses meeting",
    ],
)
def test_a_refusal_by_somebody_else_before_or_behind_the_meeting_does_not_call_it_off(title: str) -> None:
    told = facts(title)
    assert told.phase is Phase.HELD
    assert "JP" in told.countries
    assert "CN" not in told.countries


def test_a_refusal_behind_talks_of_something_else_is_what_the_headline_tells() -> None:
    title = "Talks on trade go on after China refuses to meet Japanese defence minister"
    assert read(title).verdict is Verdict.UNCERTAIN
    assert facts(title).phase is Phase.CANCELLED


def test_a_foreign_and_a_defence_minister_with_their_counterparts_are_a_2_plus_2() -> None:
    told = facts("The Australian defence minister and the Australian foreign minister met their Japanese counterparts")
    assert (told.kind, told.countries) == (Kind.TWO_PLUS_TWO, ("AU", "JP"))
    alone = facts("The Australian defence minister met his Japanese counterpart")
    assert (alone.kind, alone.countries) == (Kind.BILATERAL, ("AU", "JP"))


def test_a_counterpart_who_is_named_without_a_country_brings_his_own() -> None:
    told = facts("Defence Minister Shinjiro Koizumi meets his counterpart Guido Crosetto in Rome")
    assert told.countries == ("IT", "JP")


@pytest.mark.parametrize(
    ("title", "text", "day"),
    [
        ("日豪防衛相が会談", "日豪防衛相は昨年11月3日に会談し、今年も11月1日に会談した。", date(2025, 11, 1)),
        ("日豪防衛相が会談", "両大臣は昨年11月3日にも会談し、同日に文書に署名している。", None),
        ("日豪防衛相が会談", "両大臣は去年の11月3日にも会談している。", None),
        ("日豪防衛相が会談", "両大臣は今年11月1日に会談した。", date(2025, 11, 1)),
        ("日豪防衛相会談を来年1月10日に開催", "", date(2026, 1, 10)),
        (
            "Defence ministers of Japan and Australia meet",
            "The defence ministers of Japan and Australia also met on June 3 last year.",
            None,
        ),
        (
            "日豪防衛相会談、来年1月に開催へ",
            "日豪防衛相会談が来年1月10日から12日まで豪州で開かれる。",
            date(2026, 1, 10),
        ),
    ],
)
def test_a_day_of_another_year_is_that_years_and_one_of_last_year_is_what_a_report_looks_back_at(
    title: str, text: str, day: date | None
) -> None:
    assert facts(title, text).starts_on == day


@pytest.mark.parametrize(
    "words",
    ["の際に", "の折に", "の期間中に", "の場を借りて", "にあわせ", "の傍ら", "の席上、", "参加のため訪れた地で"],
)
def test_talks_on_the_occasion_of_a_conference_are_not_the_conference(words: str) -> None:
    told = facts(f"拡大ASEAN国防相会議{words}日豪防衛相会談を実施")
    assert (told.kind, told.parent, told.countries) == (Kind.BILATERAL, "admm-plus", ("AU", "JP"))


def test_in_january_a_day_of_last_year_is_news() -> None:
    told = facts("日豪防衛相が会談", "日豪防衛相は昨年12月28日に会談した。", on=datetime(2026, 1, 5, tzinfo=UTC))
    assert told.starts_on == date(2025, 12, 28)


def test_an_early_day_that_is_announced_at_the_end_of_a_month_is_one_of_the_next() -> None:
    late = datetime(2025, 11, 28, tzinfo=UTC)
    told = facts("小泉防衛相、豪国防相と会談へ", "小泉防衛相は2日に東京で豪国防相と会談する予定だ。", on=late)
    assert (told.starts_on, told.phase) == (date(2025, 12, 2), Phase.ANNOUNCED)


def test_the_long_article_with_a_ranking_gives_the_conference_and_nothing_of_the_ranking() -> None:
    understanding = read(ADMM_PLUS_TITLE, ADMM_PLUS_TEXT)
    assert understanding.verdict is Verdict.MEETING
    assert understanding.mention is not None
    found = understanding.mention.facts
    assert (found.series, found.edition, found.kind) == ("admm-plus", 12, Kind.MULTILATERAL)
    assert (found.format, found.phase, found.level) == (Format.IN_PERSON, Phase.HELD, Level.MINISTER)
    assert (found.starts_on, found.city, found.country) == (date(2025, 11, 1), "Kuala Lumpur", "MY")
    assert found.outcomes == ("ADMMプラス創設15周年にあたる共同声明",)
    (minister,) = found.principals
    assert (minister.country, minister.name, minister.name_ja) == ("JP", "Shinjiro Koizumi", "小泉進次郎")
    assert minister.office == "防衛大臣"
    furniture = ADMM_PLUS_TEXT.index("Ranking")
    assert all(one.end <= furniture for one in understanding.mention.evidence if one.where == "text")


def test_evidence_quotes_the_original_full_width_words() -> None:
    understanding = read("小泉防衛大臣が「第１２回ＡＤＭＭプラス」に出席（１１月１日）")
    assert understanding.mention is not None
    quotes = {one.fact: one.quote for one in understanding.mention.evidence}
    assert quotes["series"] == "ＡＤＭＭプラス"
    assert quotes["starts_on"] == "１１月１日"
    assert understanding.mention.facts.edition == 12


def test_an_english_report_gives_sides_day_and_place() -> None:
    found = facts(
        "Italian defence minister meets Japanese counterpart",
        "Defence Minister Guido Crosetto met Japanese Defence Minister Shinjiro Koizumi in Rome on Tuesday.",
    )
    assert (found.kind, found.countries) == (Kind.BILATERAL, ("IT", "JP"))
    assert {one.name for one in found.principals} == {"Guido Crosetto", "Shinjiro Koizumi"}
    assert (found.starts_on, found.city, found.country) == (date(2025, 11, 4), "Rome", "IT")


def test_the_day_of_the_announcement_is_not_the_day_of_the_meeting() -> None:
    text = "防衛省は14日、日本とイタリアの防衛相会談を17日に東京で開くと発表した。"
    found = facts("日伊防衛相会談を開催へ", text, on=datetime(2025, 11, 14, 3, tzinfo=UTC))
    assert (found.starts_on, found.phase, found.city) == (date(2025, 11, 17), Phase.ANNOUNCED, "Tokyo")


def test_the_same_office_is_a_minister_in_london_and_a_civil_servant_in_new_delhi() -> None:
    assert read("British Defence Secretary meets Dutch Defence Minister").verdict is Verdict.MEETING
    assert read("Indian Defence Secretary meets Dutch Defence Minister").verdict is not Verdict.MEETING


def test_a_call_has_a_format_and_no_place() -> None:
    found = facts("小泉防衛相が東京から英国防相と電話会談")
    assert (found.format, found.city, found.countries) == (Format.PHONE, None, ("GB", "JP"))


def test_a_meeting_on_the_margins_names_its_conference_as_parent() -> None:
    found = facts(
        "小泉防衛大臣がインドのシン国防相と会談",
        "小泉防衛大臣は1日、ADMMプラスの機会にクアラルンプールでインドのシン国防相と会談した。",
    )
    assert (found.kind, found.series, found.parent) == (Kind.BILATERAL, None, "admm-plus")
    assert found.countries == ("IN", "JP")


def test_an_expired_office_holder_is_not_given_a_present_office() -> None:
    found = facts("中谷防衛相とイタリア国防相が会談", on=datetime(2025, 3, 1, tzinfo=UTC))
    assert "Gen Nakatani" in {one.name for one in found.principals}
    later = facts("小泉防衛相とイタリア国防相が会談", on=datetime(2024, 3, 1, tzinfo=UTC))
    assert "Shinjiro Koizumi" not in {one.name for one in later.principals}


@pytest.mark.parametrize(
    "title",
    [
        "小泉氏とヘグセス氏が会談",
        "ヘグセス氏と小泉氏、国防総省で初会談",
        "Koizumi and Hegseth meet in Tokyo",
        "Hegseth, Koizumi hold working dinner",
        "Hegseth speaks with Japan's Koizumi",
    ],
)
def test_two_ministers_by_name_alone_are_enough_where_a_headline_says_no_more_than_that_they_meet(title: str) -> None:
    assert read(title).verdict is Verdict.MEETING


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Cargo ship runs aground", "Koizumi and Hegseth meet in Tokyo."),
        ("No Koizumi-Dong meeting this week", ""),
        ("Koizumi, Hegseth meet troops in Yokosuka", ""),
        ("Koizumi leaves for talks before meeting Pete Hegseth", ""),
        ("小泉氏とヘグセス氏の会談、めど立たず", ""),
    ],
)
def test_names_alone_are_not_enough_anywhere_else(title: str, text: str) -> None:
    assert read(title, text).verdict is not Verdict.MEETING


def test_names_count_only_while_they_hold_the_office() -> None:
    assert read("小泉氏とヘグセス氏が会談", on=datetime(2024, 6, 1, tzinfo=UTC)).verdict is Verdict.OTHER


@pytest.mark.parametrize(
    ("title", "level", "countries"),
    [
        ("日米首脳会談、防衛費の増額で一致", Level.HEAD_OF_GOVERNMENT, ("JP", "US")),
        ("Japan, Australia hold summit talks on defence in Canberra", Level.HEAD_OF_GOVERNMENT, ("AU", "JP")),
        ("日米韓防衛実務者協議、ワシントンで開催", Level.OFFICIAL, ("JP", "KR", "US")),
        ("Japan and NATO hold staff talks on cyber defence", Level.OFFICIAL, ("JP", "NATO")),
    ],
)
def test_talks_of_leaders_and_officials_are_recorded_with_their_level(
    title: str, level: Level, countries: tuple[str, ...]
) -> None:
    found = read(title).mention
    assert found is not None
    assert (found.facts.level, found.facts.countries, found.facts.series) == (level, countries, None)


@pytest.mark.parametrize(
    "title",
    [
        "日米首脳会談、関税で一致",  # nothing of defence
        "日米首脳会談が中止　防衛費で対立",
        "《解説》日米首脳会談と防衛費",
        "首脳会談で防衛協力",  # whose?
    ],
)
def test_leaders_without_sides_defence_or_a_meeting_are_no_record(title: str) -> None:
    assert read(title).verdict is Verdict.OTHER


def test_a_source_of_low_trust_cannot_found_a_meeting() -> None:
    assert read("日伊防衛相会談を実施", trust=Trust.LOW).verdict is Verdict.UNCERTAIN


def test_a_photo_caption_under_another_story_is_no_evidence() -> None:
    text = (
        "Secretary of War Pete Hegseth (L) meets Defence Minister Guido Crosetto of Italy in Rome on Nov. 3, 2025. "
        "(Ann Example/Getty Images)"
    )
    assert read("Shipyard strike enters its second week", text).verdict is not Verdict.MEETING


def test_reasons_name_what_spoke_against() -> None:
    rules = [reason.rule for reason in read("防衛大臣記者会見　日伊防衛相会談について").reasons if reason.weight < 0]
    assert rules == ["look_alike:press_conference"]


@given(st.text(max_size=300), st.text(max_size=600))
def test_no_text_breaks_understanding_and_evidence_is_always_a_true_quote(title: str, text: str) -> None:
    _check_quotes(title, text)


_WORDS = st.sampled_from(
    [
        "小泉", "防衛相", "ヘグセス", "米", "国防長官", "会談", "第１２回", "ADMMプラス", "１１月１日", "同日", "ｶﾞ",
        "が、", "。", "\n", "（", "）", "東京で", "日米豪", "2+2", "２プラス２", "Defence Minister", "Japanese",
        "counterpart", "met in Rome", "on Tuesday", "31 May", "Dr.", "Jr.", "é", "ł", "İ", "令和7(2025)年",
        "2月30日", "「", "」", "共同声明", "採択", "",
    ]
)  # fmt: skip


@given(st.lists(_WORDS, max_size=40), st.lists(_WORDS, max_size=80))
def test_no_mixture_of_telling_words_breaks_it(title: list[str], text: list[str]) -> None:
    _check_quotes("".join(title), " ".join(text))
    _check_quotes(" ".join(title), "".join(text))


def _check_quotes(title: str, text: str) -> None:
    understanding = understand(article(title, text))
    for one in understanding.mention.evidence if understanding.mention else ():
        whole = title if one.where == "title" else text
        assert whole[one.start : one.end] == one.quote


def test_time_grows_no_faster_than_the_text() -> None:
    def seconds(count: int) -> float:
        begun = time.perf_counter()
        read("会談", "会談" * count)
        return time.perf_counter() - begun

    seconds(1_000)
    small, large = min(seconds(25_000) for _ in range(3)), min(seconds(100_000) for _ in range(3))
    assert large < 8 * small + 0.05
