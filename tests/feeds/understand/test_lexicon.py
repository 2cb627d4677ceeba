"""The bundled lexicon is whole, a bad entry is refused by name, and an operator's files lie over the bundled ones."""

from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest
from babel import Locale

from feeds.understand.folding import fold
from feeds.understand.lexicon import (
    Lexicon,
    LexiconError,
    default_lexicon,
    load_lexicon,
    use_lexicon,
)
from feeds.understand.lexicon.check import Severity, check
from feeds.understand.lexicon.spellings import composed
from feeds.understand.scan import scanner_for
from storage.errors import KaigiError

BUNDLED = files("feeds.understand.lexicon")
TODAY = date(2026, 11, 26)

#: Sentences of our own: a series, and how newsrooms of both languages may name it.
SENTENCES = {
    "admm": ("国防相はASEAN国防相会議に臨んだ。", "She chaired the ASEAN Defence Ministers' Meeting on Friday."),
    "admm-plus": ("第13回ＡＤＭＭプラスが開かれた。", "Ministers gather for the ADMM-Plus in Manila."),
    "jp-asean": ("日ＡＳＥＡＮ防衛担当大臣会合に出席。", "the Japan–ASEAN Defense Ministers' Informal Meeting"),
    "us-asean": ("米・ASEAN国防相会議を終えた。", "He joined the ASEAN-U.S. Defense Ministers’ Informal Meeting."),
    "cn-asean": ("中国・ASEAN国防相会合で議論。", "an ASEAN-China Defence Ministers' Informal Meeting"),
    "in-asean": ("インド・ASEAN国防相会合を共催。", "the ASEAN-India Defence Ministers' Informal Meeting"),
    "au-asean": ("豪州・ASEAN国防相会合が開かれる。", "an ASEAN-Australia Defence Ministers' Informal Meeting"),
    "kr-asean": ("韓国・ASEAN国防相会議を開いた。", "the ASEAN-ROK Defense Ministers' Meeting"),
    "jpidd": ("日・太平洋島しょ国国防大臣会合を東京で開く。", "the Japan Pacific Islands Defense Dialogue opened"),
    "sld": ("今年のシャングリラ・ダイアローグには来ない。", "He will not be at the Shangri-La Dialogue."),
    "tdmm": ("日米豪3カ国防衛相会談をダーウィンで行った。", "They held a TDMM in Darwin."),
    "squad": ("日米豪比防衛相会談で連携を確認した。", "The Squad defence ministers met again."),
    "us-jp-kr": ("日米韓防衛相会談に合わせて。", "the U.S.-Japan-ROK Trilateral Ministerial Meeting"),
    "jp-us-dmm": ("日米防衛相会談を開いた。", "after the Japan-U.S. Defense Ministerial Meeting"),
    "jp-us-22": ("日米２プラス２は来月に。", "the Japan-U.S. Security Consultative Committee met"),
    "jp-au-22": ("日豪２プラス２を準備する。", "the 13th Japan-Australia 2+2"),
    "jp-au-fsdc": ("戦略的防衛調整枠組みの初会合。", "under the Framework for Strategic Defence Coordination"),
    "jp-gb-22": ("日英外務・防衛担当閣僚会合を開催。", "the Japan-UK 2+2 in London"),
    "jp-fr-22": ("日仏「2+2」が決まった。", "the Japan-France Foreign and Defense Ministers' Meeting"),
    "jp-de-22": ("日独外務・防衛閣僚協議に出席。", "a Germany-Japan 2+2 is planned"),
    "jp-in-22": ("日印外務・防衛閣僚会合の共同声明。", "the India-Japan 2+2 Foreign and Defence Ministerial Meeting"),
    "jp-id-22": ("日インドネシア外務・防衛閣僚会合を実施。", "the Indonesia-Japan 2+2 in Jakarta"),
    "jp-ph-22": ("日比２プラス２をマニラで。", "the Japan-Philippines 2+2"),
    "jp-it-22": ("日伊外務・防衛閣僚会合を開く。", "a Japan-Italy 2+2"),
    "jp-kr": ("日韓防衛相会談がソウルで開かれた。", "a Japan-ROK Defense Ministerial Meeting"),
    "jp-cn": ("日中防衛相会談は実現するか。", "a Japan-China Defense Ministerial Meeting"),
    "jp-in": ("日印防衛相会談を行った。", "the Japan-India Defence Ministerial Meeting"),
    "jp-vn": ("日ベトナム防衛相会談で一致。", "the Japan-Vietnam Defense Ministerial Meeting"),
    "jp-ph": ("日比防衛相会談を開く。", "the Japan-Philippines Defense Ministers' Meeting"),
    "jp-nz": ("日ニュージーランド防衛相会談を実施。", "a Japan-New Zealand Defence Ministers' Meeting"),
    "jp-ca": ("日加防衛相会談が行われた。", "the Japan-Canada Defence Ministers' Meeting"),
    "jp-it": ("日伊防衛相電話会談を実施。", "the Japan-Italy Defence Ministers' Meeting"),
    "jp-fi": ("日フィンランド防衛相会談について。", "a Japan-Finland Defence Ministers' Meeting"),
    "jp-se": ("日スウェーデン防衛相会談を行う。", "a Japan-Sweden Defence Ministers' Meeting"),
    "gcap": ("日英伊防衛相会合で開発を急ぐと確認。", "the GCAP Trilateral Defence Ministers' Meeting"),
    "scm": ("第58回米韓安保協議会議をワシントンで。", "the 58th ROK-U.S. Security Consultative Meeting"),
    "ausmin": ("米豪外務・防衛閣僚協議のため訪米。", "AUSMIN concluded in Washington"),
    "aukmin": ("英豪外務・防衛閣僚協議を開催。", "ministers met for AUKMIN"),
    "anzmin": ("豪ニュージーランド外務・防衛閣僚協議に臨む。", "ANZMIN took place in Auckland"),
    "kr-au-22": ("韓豪外務・国防閣僚会議が開かれた。", "the Australia-ROK 2+2"),
    "in-us-22": ("米印２プラス２を開く。", "the India-U.S. 2+2 Ministerial Dialogue"),
    "in-au-22": ("豪印外務・防衛閣僚会合に出席。", "the India-Australia 2+2"),
    "aukus": ("AUKUS国防相会合を国防総省で。", "the AUKUS Defence Ministers' Meeting"),
    "fpda": ("五か国防衛取極国防相会議が開かれた。", "the 13th FPDA Defence Ministers' Meeting"),
    "spdmm": ("南太平洋国防相会合に参加。", "the South Pacific Defence Ministers' Meeting"),
    "tmm-imp": ("インドネシア・マレーシア・フィリピン3か国国防相会合。", "an INDOMALPHI meeting of ministers"),
    "nato-dmm": ("ＮＡＴＯ国防相理事会に出席。", "the North Atlantic Council in Defence Ministers' session"),
    "udcg": ("ウクライナ防衛コンタクトグループの会合。", "the next Ramstein format meeting"),
    "e5": ("欧州5か国国防相会合を主催。", "the E5 Defence Ministers met in Krakow"),
    "jef": ("JEF国防相会合を開いた。", "Joint Expeditionary Force Defence Ministers met"),
    "nordefco": ("北欧国防相会合を開催。", "the NORDEFCO ministerial in Oslo"),
    "nb8": ("北欧・バルト8か国国防相会合。", "the Nordic-Baltic defence ministers agreed"),
    "northern-group": ("ノーザン・グループ国防相会合に出席。", "a Northern Group meeting"),
    "eu-fac-def": ("EU国防相理事会で議論した。", "the Foreign Affairs Council (Defence)"),
    "coalition": ("有志国連合の国防相会合を開く。", "the Coalition of the Willing defence ministers"),
    "g7-dmm": ("主要7カ国（G7）国防相会合が開幕。", "the G7 Defence Ministers' Meeting in Naples"),
    "cdma": ("米州国防相会議が開かれた。", "the XVII Conference of Defense Ministers of the Americas"),
    "sco": ("上海協力機構国防相会議が青島で開かれた。", "the SCO Defence Ministers' Meeting in Bishkek"),
    "cis-cdm": ("CIS国防相理事会に出席。", "the Council of Defence Ministers of the CIS"),
    "csto-cdm": ("CSTO国防相理事会が開かれた。", "the CSTO Council of Defence Ministers"),
    "xiangshan": ("香山フォーラムが北京で開幕。", "the Beijing Xiangshan Forum"),
    "msc": ("ミュンヘン安全保障会議に出席。", "at the Munich Security Conference"),
    "halifax": ("ハリファックス国際安全保障フォーラムに参加。", "the Halifax International Security Forum"),
    "manama": ("マナーマ対話で演説。", "at the IISS Manama Dialogue"),
    "raisina": ("ライシナ対話に招かれた。", "at the Raisina Dialogue"),
    "hdf": ("ホノルル・ディフェンス・フォーラムに参加。", "the Honolulu Defense Forum"),
    "sdd": ("ソウル安保対話を開催。", "the Seoul Defense Dialogue"),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the bundled files that a test may spoil."""
    for file in BUNDLED.iterdir():
        if file.name.endswith(".toml"):
            (tmp_path / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


def _spoil(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def _over(tmp_path: Path, **own: str) -> Lexicon:
    """The bundled lexicon with files of our own upon it: `series="…"` is series.toml."""
    for name, text in own.items():
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    return load_lexicon(BUNDLED, tmp_path)


def _series_in(text: str, lexicon: Lexicon | None = None) -> set[str]:
    hits = scanner_for(lexicon or default_lexicon()).scan(fold(text))
    return {hit.value.key for hit in hits.of("series", "series_weak")}


@pytest.mark.parametrize("key", SENTENCES)
def test_every_recurring_meeting_is_recognised_in_japanese_and_english(key: str) -> None:
    for sentence in SENTENCES[key]:
        assert _series_in(sentence) == {key}, sentence


def test_every_name_of_a_series_finds_that_series_alone() -> None:
    lexicon = default_lexicon()
    scanner = scanner_for(lexicon)
    for series in lexicon.series.values():
        for name in series.names:
            found = [hit.value.key for hit in scanner.scan(fold(f" {name} ")).of("series")]
            assert found == [series.key], name


def test_the_bundled_lexicon_holds_no_contradiction() -> None:
    report = check(default_lexicon(), TODAY)
    assert [f for f in report.findings if f.severity is Severity.ERROR] == []


def test_the_bundled_lexicon_leaves_no_series_bare_and_no_name_in_one_script() -> None:
    found = {finding.check for finding in check(default_lexicon(), TODAY).findings}
    assert found <= {"stale", "no successor", "no minister"}


def test_every_country_of_iso_3166_is_there_with_both_names() -> None:
    # CLDR adds to ISO 3166-1 a few groups and reserved codes.
    beyond = {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}
    listed = {code for code in map(str, Locale("en").territories) if len(code) == 2 and code.isalpha()} - beyond
    countries = default_lexicon().countries
    assert listed <= set(countries)
    assert all(country.shown("ja") and country.shown("en") for country in countries.values())


def test_names_that_are_given_names_or_words_are_not_read_as_countries() -> None:
    scanner = scanner_for(default_lexicon())
    for text in ("Michael Jordan and Chad Smith met in Jersey", "a guest of Georgia State", "on Réunion weekend"):
        assert scanner.scan(fold(text)).of("country") == [], text
    assert [hit.value for hit in scanner.scan(fold("Georgia's and Chad's ministers")).of("country")] == ["GE", "TD"]


def test_a_title_is_not_found_in_the_middle_of_another_word() -> None:
    scanner = scanner_for(default_lexicon())
    for text in (
        "米軍相模総合補給廠",
        "貿易相手国との協議",
        "支援方法相談窓口",
        "戦争相手国",
        "南アジア諸国",
        "メキシコ合衆国軍",
    ):
        hits = scanner.scan(fold(text))
        assert [hit.value for hit in hits.of("office")] == [], text
        assert not {"ZA", "US"} & {hit.value for hit in hits.of("country")}, text
    (minister,) = scanner.scan(fold("中谷元防衛相")).of("office")
    assert minister.value.rank == "minister"


def test_the_lexicon_knows_ministers_of_the_countries_whose_ministers_travel() -> None:
    lexicon = default_lexicon()
    known = {person.country for person in lexicon.people if person.rank == "minister"}
    nato = {"BE", "BG", "CA", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU", "IT", "LT", "LU", "LV",
            "ME", "MK", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK", "TR", "US"}  # fmt: skip
    asia = {"AU", "BN", "CN", "ID", "IN", "JP", "KH", "KR", "LA", "MM", "MN", "MY", "NZ", "PH", "PK", "SG", "TH", "TL",
            "TW", "VN"}  # fmt: skip
    assert nato | asia <= known


def test_an_edition_and_a_year_that_contradict_the_known_ones_do_not_fit() -> None:
    series = default_lexicon().series["admm-plus"]
    held = series.edition(12)
    assert held is not None
    assert (held.held_on, held.city) == (date(2025, 11, 1), "Kuala Lumpur")
    assert series.edition_fits(12, 2025) is True
    assert series.edition_fits(12, 2024) is False
    assert series.edition_fits(13, 2024) is False
    assert series.edition_fits(13, 2026) is None
    assert default_lexicon().series["hdf"].edition_fits(3, 2026) is None


def test_topics_are_found_in_both_languages() -> None:
    scanner = scanner_for(default_lexicon())
    text = fold("両大臣は台湾海峡と部隊間協力円滑化協定について協議し、maritime domain awareness にも触れた。")
    assert [hit.value.key for hit in scanner.scan(text).of("topic")] == ["taiwan-strait", "raa", "maritime-security"]


@pytest.mark.parametrize(
    ("file", "old", "new", "entry", "problem"),
    [
        ("series.toml", 'kind = "multilateral"', 'kind = "crowd"', "admm-plus", "crowd"),
        ("series.toml", 'key = "admm"\n', 'key = "admm-plus"\n', "admm-plus", "twice"),
        ("series.toml", 'parent = "admm-plus"', 'parent = "admm-minus"', "jp-asean", "admm-minus"),
        ("series.toml", 'city = "Hanoi" },', 'city = "Atlantis" },', "admm-plus", "Atlantis"),
        ("series.toml", "number = 1,", "number = 0,", "admm-plus", "from 1"),
        ("series.toml", 'on = "2010-10-12"', 'on = "12 October"', "admm-plus", "2025-10-21"),
        ("series.toml", 'compose = ["ministers"]', 'compose = ["kings"]', "jp-us-dmm", "kings"),
        ("series.toml", "aliases = [", "alias = [", "admm-plus", "did you mean aliases"),
        ("offices.toml", 'rank = "military"', 'rank = "sailor"', "military", "sailor"),
        ("people.toml", 'country = "JP"', 'country = "XX"', "Shinjiro Koizumi", "add it there"),
        ("people.toml", 'valid_until = "2025-10-21"', 'valid_until = "2020-10-21"', "Gen Nakatani", "before"),
        ("people.toml", 'confidence = "likely"', 'confidence = "perhaps"', "Atsushi Ando", "likely, sure"),
        ("people.toml", 'valid_from = "2025-10-21"', 'valid_from = ""', "Shinjiro Koizumi", "since when"),
        ("places.toml", 'country = "JP"', 'nation = "JP"', "Tokyo", "country is missing"),
        ("countries.toml", 'kanji = ["日"]', 'kanji = ["日本"]', "JP", "single"),
        ("topics.toml", 'en = "Cyber security"', "en = 7", "cyber", "en must be"),
        ("look_alikes.toml", '", scope = "title"', '", scope = "page"', "press_conference", "scope"),
        ("words.toml", "weak = [", "weak = [1, ", "meeting.weak", "list of words"),
    ],
)
def test_a_bad_entry_is_refused_with_its_file_and_name(
    folder: Path, file: str, old: str, new: str, entry: str, problem: str
) -> None:
    _spoil(folder, file, old, new)
    with pytest.raises(LexiconError, match=problem) as caught:
        load_lexicon(folder)
    assert isinstance(caught.value, KaigiError)
    assert (caught.value.file, caught.value.entry) == (file, entry)


def test_people_of_whom_nobody_says_when_they_were_looked_up_are_refused(folder: Path) -> None:
    people = (folder / "people.toml").read_text(encoding="utf-8")
    without = "".join(line for line in people.splitlines(keepends=True) if not line.startswith("checked_on"))
    (folder / "people.toml").write_text(without, encoding="utf-8")
    with pytest.raises(LexiconError, match="checked_on must be a date"):
        load_lexicon(folder)


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(LexiconError, match=r"elsewhere: the folder: cannot be read: No such file"):
        load_lexicon(BUNDLED, tmp_path / "elsewhere")


def test_the_names_of_a_meeting_of_three_are_written_in_each_order_and_a_meeting_of_four_has_none() -> None:
    countries = default_lexicon().countries
    names = set(composed("ministers", ["JP", "US", "AU"], countries))
    assert {"日米豪防衛相会談", "豪日米国防相会合", "Australia-Japan-US Defence Ministerial"} <= names
    with pytest.raises(ValueError, match="two or three participants"):
        list(composed("ministers", ["JP", "US", "AU", "PH"], countries))


def test_a_file_that_is_missing_or_not_toml_is_named(folder: Path) -> None:
    (folder / "words.toml").write_text("[meeting", encoding="utf-8")
    with pytest.raises(LexiconError, match="words.toml"):
        load_lexicon(folder)
    (folder / "series.toml").unlink()
    with pytest.raises(LexiconError, match="series.toml"):
        load_lexicon(folder)


def test_an_added_series_is_found_without_touching_code(tmp_path: Path) -> None:
    lexicon = _over(
        tmp_path,
        series='[[series]]\nkey = "tea-dmm"\nja = "茶会国防相会合"\nen = "Tea Ministers"\nkind = "multilateral"\n',
    )
    assert _series_in("茶会国防相会合に出席した", lexicon) == {"tea-dmm"}
    assert _series_in("第12回ADMMプラスに出席した", lexicon) == {"admm-plus"}
    assert scanner_for(lexicon) is scanner_for(lexicon)


def test_an_own_entry_overrides_the_fields_that_it_gives_and_keeps_the_others(tmp_path: Path) -> None:
    lexicon = _over(
        tmp_path,
        people='[[person]]\nname = "Wes Streeting"\ncountry = "GB"\n'
        'valid_from = "2026-07-20"\nvalid_until = "2026-12-01"\n',
        series='[[series]]\nkey = "tdmm"\ncadence = "monthly"\nadd = { aliases = ["三者茶会"] }\n',
    )
    streeting = next(person for person in lexicon.people if person.name == "Wes Streeting")
    assert (streeting.valid_until, streeting.ja) == (date(2026, 12, 1), "ウェス・ストリーティング")
    assert lexicon.series["tdmm"].cadence == "monthly"
    assert {"三者茶会", "TDMM"} <= set(lexicon.series["tdmm"].aliases)


def test_an_own_file_may_say_for_all_its_people_when_they_were_checked(tmp_path: Path) -> None:
    lexicon = _over(
        tmp_path,
        people="checked_on = 2026-12-02\n"
        '[[person]]\nname = "Dong Jun"\ncountry = "CN"\nvalid_from = "2023-12-29"\nchecked_on = 2026-12-01\n'
        '[[person]]\nname = "Wes Streeting"\ncountry = "GB"\nvalid_from = "2026-07-20"\nsource = "gov.uk"\n',
    )
    checked = {person.name: person.checked_on for person in lexicon.people if person.source == "gov.uk"}
    assert checked["Wes Streeting"] == date(2026, 7, 20)  # the bundled entry has a day of its own
    assert next(p for p in lexicon.people if p.name == "Dong Jun").checked_on == date(2026, 12, 1)


def test_an_own_entry_can_take_a_bundled_one_out(tmp_path: Path) -> None:
    lexicon = _over(tmp_path, look_alikes='look_alike = [ { key = "opinion", remove = true } ]\n')
    assert "opinion" not in {one.key for one in lexicon.look_alikes}
    with pytest.raises(LexiconError, match="no such entry to remove"):
        _over(tmp_path, look_alikes='look_alike = [ { key = "opinions", remove = true } ]\n')


def test_own_words_are_added_to_lists_that_exist(tmp_path: Path) -> None:
    lexicon = _over(tmp_path, words='[meeting]\nstrong = ["茶飲み話"]\n')
    assert "茶飲み話" in lexicon.words["meeting.strong"]
    assert "会談" in lexicon.words["meeting.strong"]
    with pytest.raises(LexiconError, match="no group"):
        _over(tmp_path, words='[meeting]\nstrnog = ["茶飲み話"]\n')


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("serie", "", "your serie.toml: the file: is none of"),
        ("series", "series = 1", "your series.toml: series: must be a list"),
        ("series", "[[serie]]", "your series.toml: serie: is not read here"),
        ("series", '[[series]]\nja = "x"', "your series.toml: a series without key: key is missing"),
        ("series", '[[series]]\nkey = "new"\nja = "x"', "your series.toml: new: en is missing"),
        (
            "series",
            '[[series]]\nkey = "tdmm"\nadd = { aliases = "x" }',
            "your series.toml: tdmm: add.aliases must be a list",
        ),
        ("series", '[[series]]\nkey = "tdmm"\nadd = "x"', "your series.toml: tdmm: add must be a table"),
        ("countries", '[[country]]\ncode = "JP"\norg = "no"', "your countries.toml: JP: org must be true or false"),
        ("places", '[[venue]]\nname = "X"\ncity = "Atlantis"', "your places.toml: X: the city Atlantis is not in"),
        ("words", 'meeting = "talks"', "your words.toml: meeting: must be a table of lists"),
        ("people", "person = [", "your people.toml: the file: is not TOML"),
    ],
)
def test_a_mistake_in_an_own_file_is_told_as_one_of_yours(tmp_path: Path, name: str, text: str, problem: str) -> None:
    with pytest.raises(LexiconError) as caught:
        _over(tmp_path, **{name: text})
    assert str(caught.value).startswith(problem)


def test_understanding_works_with_the_lexicon_that_the_shell_chose(tmp_path: Path) -> None:
    chosen = _over(tmp_path, series='[[series]]\nkey = "tdmm"\ncadence = "monthly"\n')
    use_lexicon(chosen)
    try:
        assert default_lexicon() is chosen
    finally:
        use_lexicon(None)
    assert default_lexicon() is not chosen
    assert default_lexicon() is default_lexicon()
