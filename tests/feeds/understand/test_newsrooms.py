"""What fresh batches of newsroom items showed: ways of telling of a meeting, and of naming one by the way."""

from datetime import date

import pytest

from feeds.observed import Verdict
from feeds.understand.meetings import understand
from storage.model import Format, Kind, Level
from tests.feeds.understand.articles import article, facts


@pytest.mark.parametrize(
    ("title", "text"),
    [
        # Names in full, in pairs and in lists
        ("Shinjiro Koizumi meets Pete Hegseth in Tokyo", ""),
        ("Marles, Koizumi, Hegseth hold three-way talks", ""),
        ("Hegseth set to meet Koizumi next week", ""),
        ("Koizumi heads to Canberra for talks with Marles", ""),
        ("Hegseth, Koizumi review missile plans in video call", ""),
        ("First call between Marles and Koizumi sets tone", ""),
        ("Australia's Marles, Japan's Koizumi meet in Darwin", ""),
        ("小泉・ヘグセス両氏が会談 ミサイルで一致", ""),
        ("小泉氏がキャンベラで国防相と合意 共同訓練を拡大", ""),
        # Who stands for whom
        ("Norwegian defence minister hosts Nordic colleagues", ""),
        ("Tokyo, Canberra hold 2+2 talks", ""),
        ("日豪の4閣僚が会合", ""),
        ("小泉防衛相が英・独・伊の国防相と会談", ""),
        ("英独仏スペインの国防相、パリで会合", ""),
        ("韓国の新国防相、小泉氏と会談へ", ""),
        ("小泉防衛相、シンガポールで8カ国と会談", ""),
        ("US, Philippine defense chiefs seek more patrols", ""),
        (
            "Indonesia plans patrols in Sulu Sea",
            "Indonesia and Malaysia are considering joint patrols, their defence ministers said on Tuesday.",
        ),
        # The month is that of the news, not of an earlier meeting
        ("防衛相が会談", "小泉防衛相は11月の日豪防衛相会談で、訓練の拡大に合意した。"),
        # Two by name: what only two together do, one who does it to the other, and the talk as the subject
        ("Koizumi, Hegseth vow to deepen alliance", ""),
        ("Koizumi and Hegseth take stock of missile plans", ""),
        ("Pistorius, Vautrin put heads together on fighter", ""),
        ("Koizumi-Hegseth meeting set for Friday", ""),
        ("First Hegseth-Katz call focuses on Gaza", ""),
        ("Hegseth's meeting with Koizumi yields missile deal", ""),
        ("Pistorius lands in Helsinki, meets Häkkänen", ""),
        ("Hegseth is briefed on tanks as he meets Pistorius at Pentagon", ""),
        ("Marles in Tokyo: frigates top agenda for talks with Koizumi", ""),
        ("Koizumi to see Hegseth at Pentagon", ""),
        ("Koizumi phones Hegseth over missile launch", ""),
        ("Hegseth presses Koizumi on spending at Pentagon talks", ""),
        ("US war secretary calls Israeli counterpart", ""),
        ("小泉氏、ロンドンで12日にヘグセス氏と初の対面", ""),
        ("小泉・クロセット会談、次期戦闘機が焦点", ""),
        ("小泉・マールズ両氏、フリゲート艦で合意", ""),
        ("ヘグセス長官、小泉大臣と5日電話", ""),
        ("Hundreds of drones for Ukraine pledged at meeting of Nordic defence ministers", ""),
        # Idioms of ministers by office
        ("Japan, Philippines defense chiefs come face to face", ""),
        ("Defence ministers of Greece and Turkey break the ice in Athens", ""),
        ("Thai, Cambodian defence ministers to sit down for border committee", ""),
        ("Introductory Visit by Minister of Defence of New Zealand", ""),
        ("カンボジアとタイ、国防相が会談へ", ""),
        ("バルト三国の国防相、国境の防衛線で合意", ""),
        ("小泉防衛大臣、ノルウェー国防大臣の表敬を受ける", ""),
        ("外務・防衛の閣僚、豪側と協議 「2プラス2」シドニーで", ""),
        (
            "日英伊が開発の日程で申し合わせ",
            "3カ国の国防相は5日、ロンドンで会談した。",
        ),
        (
            "Crosetto: Koizumi and I agreed on the calendar",
            "Italian Defence Minister Guido Crosetto spoke after meeting his Japanese counterpart on Wednesday.",
        ),
        # Names of the meeting
        ("20th ADMM opens in Manila", ""),
        ("Gulf defence ministers hold emergency session", ""),
    ],
)
def test_a_meeting_is_recognised_however_a_newsroom_puts_it(title: str, text: str) -> None:
    assert understand(article(title, text)).verdict is Verdict.MEETING


@pytest.mark.parametrize(
    ("title", "text"),
    [
        # A clause behind another main clause, and what only dates or follows
        (
            "Spain buys Patriots",
            "Madrid announced the purchase as defence ministers gathered in Brussels for a NATO meeting.",
        ),
        ("Shares of arms makers rise in Paris", "The index gained 2% after NATO defence ministers met on Thursday."),
        ("Baltic ferry runs aground", "Officials also watched a gathering of Nordic defence ministers in Oslo."),
        ("Latvia halts transit", "Allied defence ministers are due to discuss the matter in Brussels."),
        ("Gold climbs", "The defence ministers of Turkey and Greece met in Athens."),
        ("防衛省、連絡室を新設", "8月の日豪防衛相会談での決定を踏まえた。"),
        ("両国の国防相会談での合意に基づき、共同巡視を開始", ""),
        ("茂木外相とルビオ国務長官が電話 日米2プラス2の早期開催で一致", ""),
        # Who was not there to meet, or did not want to
        ("Hegseth snubs Koizumi as Shangri-La Dialogue opens", ""),
        ("Marles meets defence chiefs in Canberra", ""),
        ("Qatar's emir receives Egyptian president; defence ministers also present", ""),
        ("Greek defence minister cancels Ankara trip", "Dendias had been due to meet Yaşar Güler on Friday."),
        ("小泉防衛相、豪国防相と早期に会談したい考え", ""),
        ("ヘグセス長官の訪韓は白紙 韓国国防相との会談は宙に浮く", ""),
        ("Talks must go on, defence chiefs say", ""),
        ("Jets pledged at air base", "Dutch Defence Minister Ann Example and her Danish colleague praised the crews."),
        ("President of Turkey meets premier of Sweden; defence ministers absent", ""),
        ("Defence Minister thanks cabinet colleagues after meeting", ""),
        # Two by name who do not meet
        ("Koizumi and Hegseth share taste for social media", ""),
        ("Koizumi calls Hegseth a trusted partner", ""),
        ("Koizumi aide in Washington for talks with Hegseth", ""),
        ("Hegseth, Koizumi pledge support in separate statements", ""),
        ("Planned Hegseth-Belousov call shelved, sources say", ""),
        ("Will Hegseth meet Koizumi?", ""),
        ("Protesters rally against arms deal as Marles meets Koizumi", ""),
        ("Polish and German presidents open plant; defence ministers in the audience", ""),
        # Colleagues at home, people and not their meeting, roads
        (
            "Interior, defence chiefs meet on floods in Valencia",
            "Spain's interior and defence ministers met governors.",
        ),
        ("EU defence ministers' agenda leaked", ""),
        ("Airport closed for defence ministers' meeting", ""),
        ("Teodoro: meeting with Chinese counterpart not on the cards", ""),
        # What came of an earlier talk
        ("米韓、合同演習を縮小 国防相会談で協議した経緯も", ""),
        ("陸自とフィリピン軍が訓練 1日の防衛相会談で合意", ""),
        ("先の日米防衛相会談で示された増額要求に財務省は反発", ""),
        ("5日の日英防衛相会談でも議題 次期戦闘機、遅れに懸念", ""),
        ("日英伊の3社、GCAPで合弁 国防相会談から1年", ""),
        ("日中防衛相会談、年内は困難か", ""),
        ("防衛相会談の日程、なお決まらず 日中", ""),
        # Furniture, rankings, pictures
        ("観閲式を公開", "式典は5日に行われた。\nランキング\n1 日豪防衛相会談を実施（11月1日）"),
        ("今月読まれたニュース 1位は日米防衛相会談", ""),
        ("【写真】日英防衛相会談の様子（2/5枚）", ""),
        (
            "Pacific military pact",
            "(L to R) Defence Minister Richard Marles of Australia and Japan's Shinjiro Koizumi met in Tokyo in May.",
        ),
    ],
)
def test_a_meeting_by_the_way_is_not_alerted(title: str, text: str) -> None:
    assert understand(article(title, text)).verdict is not Verdict.MEETING


def test_a_document_that_one_of_them_refused_does_not_call_the_meeting_off() -> None:
    assert understand(article("SCO国防相会議が青島で開幕 印は共同文書を拒否")).verdict is Verdict.MEETING


def test_whoever_joins_by_video_leaves_the_meeting_in_its_room() -> None:
    text = "NATO defence ministers met in Brussels on Wednesday. The Ukrainian minister joined by video."
    assert facts("NATO defence ministers meet", text).format is Format.IN_PERSON


def test_the_newsroom_that_calls_itself_online_says_nothing_of_the_form() -> None:
    assert facts("日豪防衛相が会談 : 例日新聞オンライン").format is Format.IN_PERSON


def test_a_bare_call_is_one_by_video_where_the_text_says_so() -> None:
    text = "Secretary of War Pete Hegseth spoke by video with his Japanese counterpart."
    assert facts("Trade looms over first call between Hegseth and Koizumi", text).format is Format.VIDEO


@pytest.mark.parametrize(
    "title",
    ["US war secretary calls Israeli counterpart", "Koizumi phones Hegseth over launch", "Marles, Koizumi speak again"],
)
def test_who_calls_or_speaks_again_does_so_by_phone(title: str) -> None:
    assert facts(title).format is Format.PHONE


def test_an_outcome_told_the_day_after_is_the_meeting_s_own_news() -> None:
    assert understand(article("日豪、訓練を拡大へ 5日の防衛相会談で合意")).verdict is Verdict.MEETING


def test_the_two_defence_chiefs_of_a_text_are_those_whom_the_headline_names() -> None:
    told = facts("Teodoro, Koizumi vow to speed up transfer", "The two defense chiefs met in Manila on Wednesday.")
    assert (told.countries, told.kind) == (("JP", "PH"), Kind.BILATERAL)


def test_a_deputy_who_receives_a_counterpart_meets_a_deputy() -> None:
    assert facts("Deputy Defence Minister receives Malaysian counterpart").level is Level.VICE_MINISTER


def test_the_day_of_arrival_is_not_the_day_of_the_meeting() -> None:
    text = "クロセット国防相は12日に来日し、13日に小泉防衛相と会談する予定だ。"
    assert facts("イタリア国防相が来日へ", text).starts_on == date(2025, 11, 13)


def test_a_number_behind_the_name_is_the_edition() -> None:
    assert facts("ウクライナ防衛コンタクトグループ（UDCG）の第31回会合が開かれた").edition == 31


def test_the_place_may_stand_behind_a_japanese_headline() -> None:
    assert facts("日米韓防衛相会談 シンガポール").city == "Singapore"


def test_the_two_countries_of_a_text_are_those_of_its_headline() -> None:
    text = "Foreign and defense ministers of the two countries met on Wednesday."
    told = facts("Japan, France agree on shared bases", text)
    assert (told.countries, told.kind) == (("FR", "JP"), Kind.TWO_PLUS_TWO)


def test_one_office_named_twice_is_one_person() -> None:
    text = "The UK defence secretary held talks with generals, and the defence secretary praised them."
    assert understand(article("British troops could train abroad", text)).verdict is not Verdict.MEETING
    text = "The Norwegian defence minister flew to Nairobi to meet the country's defence minister on Tuesday."
    assert understand(article("Norway looks to Kenya", text)).verdict is Verdict.MEETING
