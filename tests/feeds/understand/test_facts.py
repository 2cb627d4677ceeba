"""What is taken out of a report: sides, days, kinds, forums, substitutes, and how sure each fact is."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from feeds.observed import Verdict
from feeds.understand.meetings import understand
from storage.model import Format, Kind, Level, Phase, Trust
from storage.records import facts_from_json, facts_to_json
from tests.feeds.understand.articles import article, facts, read


def test_a_day_that_another_sentence_contradicts_is_less_sure_and_the_other_day_is_named() -> None:
    text = (
        "小泉防衛大臣は11月4日、東京でイタリアの国防相と会談した。イタリアの国防相と小泉防衛大臣は11月5日に会談した。"
    )
    understanding = read("日伊防衛相会談", text)
    assert understanding.mention is not None
    (day,) = (one for one in understanding.mention.evidence if one.fact == "starts_on")
    assert understanding.mention.facts.starts_on == date(2025, 11, 4)
    assert day.confidence < 0.6
    (other,) = (reason for reason in understanding.reasons if reason.rule == "other_day")
    assert (other.quote, other.note) == ("11月5日", "names another day as surely")
    sure = facts("日伊防衛相会談", text.split("。", maxsplit=1)[0] + "。")
    assert understanding.mention.facts.confidence < sure.confidence


def test_the_day_of_telling_is_shown_as_read_and_not_taken() -> None:
    understanding = read("日伊防衛相会談を開催へ", "防衛省は5日、日伊防衛相会談を17日に東京で開くと発表した。")
    assert understanding.mention is not None
    assert understanding.mention.facts.starts_on == date(2025, 11, 17)
    assert [(one.rule, one.quote) for one in understanding.reasons if one.weight < 0] == [("other_day", "5日")]


def test_words_of_the_title_are_surer_than_those_of_the_text() -> None:
    understanding = read("日伊防衛相会談を実施", "小泉防衛大臣は11月4日、ローマでイタリアの国防相と会談した。")
    assert understanding.mention is not None
    sure = {one.fact: one.confidence for one in understanding.mention.evidence}
    assert (sure["level"], sure["city"]) == (1.0, 0.9)


def test_a_deputy_among_ministers_is_a_substitute() -> None:
    found = facts(
        "日米韓防衛相会談を実施",
        "小泉防衛相、韓国国防相と、米国のヘグセス国防長官の代わりに米国防副長官が東京で会談した。",
    )
    assert found.level is Level.MINISTER
    assert {(one.country, one.level) for one in found.principals if not one.substitute} >= {
        ("JP", Level.MINISTER),
        ("KR", Level.MINISTER),
    }
    deputies = facts("日印防衛次官級協議を開催", "防衛審議官とインド国防次官が東京で協議した。")
    assert deputies.level is Level.VICE_MINISTER
    assert not any(one.substitute for one in deputies.principals)


def test_a_deputy_of_a_country_without_a_minister_at_the_table_is_a_substitute() -> None:
    found = facts(
        "Japan, Italy and Britain hold trilateral defence ministers' meeting",
        "Japan's defence minister, Italy's defence minister and the British Deputy Defence Secretary met in London.",
    )
    assert {one.country: one.substitute for one in found.principals} == {"JP": False, "IT": False, "GB": True}


def test_the_minister_of_the_publishing_ministry_needs_no_country() -> None:
    text = "The Defence Secretary met the Norwegian Minister of Defence in Oslo on Monday."
    item = article("New frigates for the north", text, trust=Trust.OFFICIAL)
    official = understand(replace(item, source_country="GB"))
    assert official.mention is not None
    assert official.mention.facts.countries == ("GB", "NO")
    assert "GB" not in facts("New frigates for the north", text).countries


def test_an_office_left_out_behind_a_possessive_is_understood() -> None:
    found = facts("Japan's defense minister meets Italy's in Rome")
    assert (found.countries, found.kind, found.city) == (("IT", "JP"), Kind.BILATERAL, "Rome")


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("北欧5か国の国防相が会合", Kind.MULTILATERAL),
        ("NATO国防相、弾薬の増産で合意", Kind.MULTILATERAL),
        ("Moscow hosts Iranian, Syrian, Turkish defense chiefs for talks", Kind.MINILATERAL),
        ("小泉防衛相、豪印の国防相と個別に会談", Kind.BILATERAL),
        ("Trilateral defence ministers' talks held in Athens", Kind.TRILATERAL),
        ("EU foreign and defence ministers meet in Brussels", Kind.MULTILATERAL),
    ],
)
def test_kind_follows_from_who_meets(title: str, kind: Kind) -> None:
    assert facts(title).kind is kind


def test_where_two_met_is_a_conference_and_not_what_they_held() -> None:
    found = facts("Teodoro meets Japanese counterpart at ADMM-Plus")
    assert (found.kind, found.series, found.parent) == (Kind.BILATERAL, None, "admm-plus")


@pytest.mark.parametrize(
    ("title", "text", "edition"),
    [
        ("日仏2プラス2を開催", "日仏の外務・防衛閣僚会合は今回が最多となる。6回目となる。", 6),
        ("日印、初の外務・防衛閣僚協議(2プラス2)", "", 1),
        ("日米豪比防衛相が会談", "日米豪比防衛相会談は過去3年間で5回目の会合。", 5),
        ("日米防衛相、就任後初の会談", "", None),
        ("US, Japan and Australia ministers hold Trilateral Defense Ministers' Meeting (TDMM)",
         "The defense ministers met in Singapore during the 20th Shangri-La Dialogue, the twelfth meeting of all.",
         12),
    ],
)  # fmt: skip
def test_an_edition_is_the_meetings_own_number(title: str, text: str, edition: int | None) -> None:
    assert facts(title, text).edition == edition


def test_two_countries_hold_one_series_of_two_plus_two_meetings() -> None:
    assert facts("Foreign and defence ministers of India and Japan meet in Delhi").series == "jp-in-22"


def test_a_city_inside_another_name_is_no_place() -> None:
    assert facts("Defence ministers of 40 countries meet in Ramstein format in London").city == "London"


def test_a_name_that_ends_in_a_countrys_character_is_a_name() -> None:
    found = facts("小泉防衛大臣と韓国の安圭伯国防部長官が会談")
    assert (found.countries, found.kind) == (("JP", "KR"), Kind.BILATERAL)


@pytest.mark.parametrize(
    "title",
    [
        "US, Chinese defense chiefs speak briefly after Beijing rejected meeting request",
        "Pentagon snubbed, China's defense minister meets with Australian counterpart",
        "Defence ministers of Japan and Australia reject unilateral change at Tokyo meeting",
        "日米防衛相会談で共同訓練の中止を確認",
        "延期されていた日米2プラス2を開催",
    ],
)
def test_a_refusal_of_something_else_or_before_calls_nothing_off(title: str) -> None:
    assert read(title).verdict is Verdict.MEETING


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("New radar station opens", "It was promised when the Finnish and Swedish defence ministers met in 2023."),
        ("Shipyard delivers corvette", "It follows talks between the French and Greek defence ministers last year."),
        ("漁船の拿捕相次ぐ", "先月の日中防衛相会談では回線の運用を確認したばかりだった。"),
    ],
)  # fmt: skip
def test_a_text_that_recalls_an_old_meeting_is_not_about_it(title: str, text: str) -> None:
    assert read(title, text).verdict is not Verdict.MEETING


def test_vice_and_former_change_whose_office_it_is() -> None:
    found = facts("Japanese, Indian vice defense ministers hold talks in Tokyo")
    assert (found.level, found.countries) == (Level.VICE_MINISTER, ("IN", "JP"))
    assert read("Former defence ministers of Japan and Italy meet at a forum").verdict is not Verdict.MEETING


def test_the_day_of_a_newspaper_is_not_the_meetings() -> None:
    assert facts("小泉防衛相「ADMMプラス」に出席(防衛新聞令和7年11月13日)").starts_on is None
    assert facts("小泉防衛相「ADMMプラス」に出席(令和7年11月1日)").starts_on == date(2025, 11, 1)


def test_an_announced_video_call_has_its_day_and_no_place() -> None:
    found = facts("日米韓防衛相、10日にテレビ会談へ", on=datetime(2025, 11, 6, tzinfo=UTC))
    assert (found.format, found.phase, found.starts_on) == (Format.VIDEO, Phase.ANNOUNCED, date(2025, 11, 10))
    assert found.city is None


def test_topics_are_what_they_talked_about_and_not_who_met() -> None:
    text = (
        "小泉防衛大臣は11月4日、ローマでイタリアの国防相と会談し、台湾海峡の平和と海洋安全保障、次期戦闘機を協議した。"
    )
    found = facts("日伊防衛相会談を実施", text)
    assert {"taiwan-strait", "maritime-security"} <= set(found.topics)
    aukus = facts("AUKUS Defence Ministers' Meeting held at the Pentagon")
    assert "aukus" not in aukus.topics


def test_facts_that_were_stored_before_topics_existed_are_read() -> None:
    found = facts("日伊防衛相会談を実施", "台湾海峡の平和を確認した。")
    stored = facts_to_json(found)
    assert facts_from_json(stored) == found
    stored.pop("topics", None)
    assert facts_from_json(stored) == replace(found, topics=())


def test_whom_one_of_them_refused_to_see_did_not_meet() -> None:
    found = facts("Marles meets Chinese defence minister, as Beijing refuses talks with US counterpart")
    assert (found.countries, found.kind) == (("AU", "CN"), Kind.BILATERAL)
    assert {one.country for one in found.principals} <= {"AU", "CN"}


def test_a_principal_is_quoted_with_name_and_office() -> None:
    understanding = read(
        "小泉防衛大臣、イタリアのクロセット国防大臣と会談",
        "Defence Minister Guido Crosetto hosted Japanese Defense Minister Shinjiro Koizumi in Rome.",
    )
    assert understanding.mention is not None
    quotes = {one.quote for one in understanding.mention.evidence if one.fact == "principals"}
    assert quotes == {"小泉防衛大臣", "クロセット国防大臣"}
    english = read("Defence Minister Guido Crosetto of Italy meets Japanese Defense Minister Shinjiro Koizumi")
    assert english.mention is not None
    assert {one.quote for one in english.mention.evidence if one.fact == "principals"} == {
        "Defence Minister Guido Crosetto",
        "Defense Minister Shinjiro Koizumi",
    }


@pytest.mark.parametrize(
    "title", ["小泉防衛相、英国防相と夕食会", "Koizumi hosts UK Defence Secretary for working dinner"]
)
def test_a_dinner_of_two_ministers_is_a_meeting(title: str) -> None:
    assert facts(title).countries == ("GB", "JP")


def test_in_a_zone_that_nobody_knows_the_day_is_that_of_the_feed() -> None:
    told = article("日豪防衛相会談を本日実施", on=datetime(2025, 11, 6, 20, tzinfo=UTC))
    here, nowhere = (understand(replace(told, time_zone=zone)).mention for zone in ("Asia/Tokyo", "No/Where"))
    assert here is not None
    assert nowhere is not None
    assert (here.facts.starts_on, nowhere.facts.starts_on) == (date(2025, 11, 7), date(2025, 11, 6))
