"""Decoding: right whatever the label says, and safe for parsers whatever the bytes are."""

import io

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.collect.decode import clean, decode, is_ordinary

JAPANESE = "中谷防衛大臣は、豪州のマールズ副首相兼国防大臣と電話会談を行いました。①共同訓練㈱の髙橋氏が同席。"
PLAIN_JAPANESE = "防衛相会談について、両大臣は地域情勢に関する意見を交わし、協力を進めることで一致しました。"
CHINESE = "国防部长在北京同来访的国防大臣举行会谈，双方就共同关心的问题交换了意见。"
KOREAN = "국방부 장관은 서울에서 일본 방위대신과 회담을 열고 협력을 논의했다."
FRENCH = "Le ministre de la Défense a reçu son homologue à Paris ; l'entretien a été jugé très « élevé »."
TRADITIONAL = "國防部長在臺北接見來訪的議員代表團，雙方並討論下一年度的合作計畫。"
POLISH = "Minister obrony spotkał się w Warszawie z ministrem Łotwy; żołnierze zakończyli ćwiczenia."
RUSSIAN = "Министр обороны провёл переговоры со своим коллегой в Москве, обсудив вопросы сотрудничества."


def _xml(text: str, label: str) -> str:
    return f'<?xml version="1.0" encoding="{label}"?><rss><channel><title>{text}</title></channel></rss>'


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        (JAPANESE, "utf-8", "utf-8"),
        (JAPANESE, "cp932", "Shift_JIS"),
        (JAPANESE, "cp932", "x-sjis"),
        (JAPANESE.replace("髙", "高"), "euc_jis_2004", "EUC-JP"),
        (PLAIN_JAPANESE, "iso2022_jp", "ISO-2022-JP"),
        (CHINESE, "gb18030", "gb2312"),
        (KOREAN, "cp949", "euc-kr"),
        (FRENCH, "cp1252", "iso-8859-1"),
        (RUSSIAN, "cp1251", "windows-1251"),
        (JAPANESE, "utf-16", "utf-16"),
        (JAPANESE, "utf-8-sig", "utf-8"),
        (JAPANESE, "utf-32", "utf-32"),
    ],
)
def test_a_labelled_document_is_read_as_labelled(text: str, codec: str, label: str) -> None:
    decoded = decode(_xml(text, label).encode(codec), "application/xml")
    assert text in decoded.text
    assert not decoded.suspicious


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        (PLAIN_JAPANESE, "cp932", "utf-8"),
        (JAPANESE, "cp932", "utf-8"),
        (PLAIN_JAPANESE, "euc_jp", "Shift_JIS"),
        (PLAIN_JAPANESE, "euc_jp", "utf-8"),
        (JAPANESE, "utf-8", "Shift_JIS"),
        (JAPANESE, "utf-8", "iso-8859-1"),
        (JAPANESE, "utf-8", "EUC-JP"),
        (JAPANESE, "utf-8", "utf-16"),
        (CHINESE, "gb18030", "utf-8"),
        (FRENCH, "utf-8", "iso-8859-1"),
        (FRENCH, "cp1252", "utf-8"),
        (RUSSIAN, "cp1251", "utf-8"),
        (PLAIN_JAPANESE, "iso2022_jp", "utf-8"),
        (PLAIN_JAPANESE, "cp932", "no-such-encoding"),
    ],
)
def test_a_wrong_label_is_found_out(text: str, codec: str, label: str) -> None:
    assert text in decode(_xml(text, label).encode(codec), f"text/xml; charset={label}").text


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        (PLAIN_JAPANESE, "euc_jp", "iso-8859-1"),
        (PLAIN_JAPANESE, "euc_jp", "windows-1251"),
        (PLAIN_JAPANESE, "cp932", "gb2312"),
        (PLAIN_JAPANESE, "euc_jp", "gb2312"),
        (PLAIN_JAPANESE, "cp932", "koi8-r"),
        (CHINESE, "gb18030", "iso-8859-1"),
        (CHINESE, "gb18030", "euc-kr"),
        (CHINESE, "utf-8", "gb2312"),
        (TRADITIONAL, "big5", "gb2312"),
        (TRADITIONAL, "big5", "windows-1252"),
        (KOREAN, "cp949", "gb2312"),
        (KOREAN, "cp949", "EUC-JP"),
        (RUSSIAN, "koi8-r", "windows-1251"),
        (RUSSIAN, "cp1251", "iso-8859-1"),
        (RUSSIAN, "iso8859-5", "koi8-r"),
        (POLISH * 2, "cp1250", "iso-8859-1"),
        (POLISH * 2, "iso8859-2", "windows-1252"),
        (FRENCH, "cp1252", "windows-1251"),
        (FRENCH * 2, "cp1252", "windows-1250"),
    ],
)
def test_a_label_under_which_the_bytes_are_readable_but_no_writing_is_found_out(
    text: str, codec: str, label: str
) -> None:
    decoded = decode(_xml(text, label).encode(codec), f"text/xml; charset={label}")
    assert text in decoded.text
    assert decoded.suspicious


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        ("防衛大臣臨時記者会見概要　令和八年三月二日（十九時二十七分）", "euc_jp", "EUC-JP"),
        ("渡邊　齋藤　澤田　櫻井　廣瀬　眞鍋　國分", "cp932", "Shift_JIS"),
        ("韓·美 국방장관 회담 개최, 北 미사일 대응 논의", "cp949", "euc-kr"),
        ("The minister’s talks, ‘frank’ and “useful”, ended – at last", "gb18030", "gb2312"),
        ("國防部發言人喺香港話，佢哋下個月會喺南海進行演習", "big5hkscs", "big5"),
        ("МІНІСТР ОБОРОНИ УКРАЇНИ ЗУСТРІВСЯ З КОЛЕГОЮ У КИЄВІ", "cp1251", "windows-1251"),
        ("ÉTÉ À L´ÉCOLE DE L´ARMÉE : 1 000 m², n° 5, 20 °C, 50 €", "cp1252", "iso-8859-1"),
        ("Ο υπουργός Άμυνας συναντήθηκε με τον ομόλογό του", "iso8859-7", "iso-8859-7"),
    ],
)
def test_what_is_written_unusually_is_still_read_as_it_is_labelled(text: str, codec: str, label: str) -> None:
    assert text in decode(_xml(text, label).encode(codec), f"text/xml; charset={label}").text


def test_a_page_that_begins_with_much_markup_is_judged_by_its_words() -> None:
    page = f"<html><head><style>{'a { color: red } ' * 2_000}</style></head><body>{PLAIN_JAPANESE}</body></html>"
    assert PLAIN_JAPANESE in decode(page.encode("euc_jp"), "text/html; charset=iso-8859-1").text


def test_a_label_that_too_little_speaks_for_is_believed_and_doubted() -> None:
    short = "中国人民解放军国防部新闻发言人答记者问"
    decoded = decode(_xml(short, "gb2312").encode("gb18030"))
    assert short in decoded.text
    assert (decoded.encoding, decoded.suspicious) == ("gb18030", True)


def test_a_document_that_may_be_either_of_two_encodings_is_said_to_be_in_doubt() -> None:
    lone = "<rss><title>Spotkanie w Łodzi</title></rss>".encode("cp1250")
    assert decode(lone).suspicious


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (PLAIN_JAPANESE, "cp932"),
        (PLAIN_JAPANESE, "euc_jp"),
        (PLAIN_JAPANESE, "iso2022_jp"),
        (PLAIN_JAPANESE, "utf-8"),
        (CHINESE, "gb18030"),
        (FRENCH, "cp1252"),
        (RUSSIAN, "cp1251"),
        (PLAIN_JAPANESE, "utf-16-le"),
    ],
)
def test_bytes_without_a_label_are_recognised(text: str, codec: str) -> None:
    assert text in decode(f"<rss><title>{text}</title></rss>".encode(codec)).text


@pytest.mark.parametrize("header", [None, "text/xml; charset=Shift_JIS", "text/xml; charset=gb2312"])
def test_an_accented_letter_and_its_neighbour_are_not_read_as_one_kanji(header: str | None) -> None:
    text = "Le général préside la réunion"  # every é with the letter behind it is a kanji in cp932 and in GB 18030
    assert "駭駻" in text.encode("cp1252").decode("cp932")
    assert decode(text.encode("cp1252"), header).text == text


def test_the_http_header_outranks_the_document_and_a_meta_element_counts() -> None:
    assert PLAIN_JAPANESE in decode(_xml(PLAIN_JAPANESE, "utf-8").encode("cp932"), "text/xml; charset=windows-31j").text
    page = f'<html><head><meta http-equiv="Content-Type" content="text/html; charset=EUC-JP"></head>{PLAIN_JAPANESE}'
    assert PLAIN_JAPANESE in decode(page.encode("euc_jp"), "text/html").text


def test_one_broken_character_does_not_change_the_guess() -> None:
    body = _xml(PLAIN_JAPANESE * 5, "utf-8").encode()
    decoded = decode(body.replace("意見".encode(), b"\xe6\x84", 1))
    assert decoded.text.count(PLAIN_JAPANESE) == 4
    assert decoded.encoding == "utf-8"
    assert decoded.suspicious


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("&#xD800;", "\ufffd"),
        ("&#xdfff;x", "\ufffdx"),
        ("&#99999999999;", "\ufffd"),
        ("&#x110000;", "\ufffd"),
        ("&#" + "9" * 10_000 + ";", "\ufffd"),
        ("&#0;", ""),
        ("&#x0000;", ""),
        ("&#8;", ""),
        ("&#xFFFE;", ""),
        ("&#150;", "–"),
        ("&#38;", "&#38;"),
        ("&#x4f1a;", "&#x4f1a;"),
        ("a\x00b\x0cc\ud800d\uffff", "abcd"),
        ("会\t談\r\n", "会\t談\r\n"),
    ],
)
def test_references_and_characters_that_no_parser_takes_are_mended(written: str, meant: str) -> None:
    assert clean(written) == meant


def test_a_tower_of_accents_is_lowered() -> None:
    assert len(clean("a" + "\u0301\u0323" * 50_000)) == 9


@given(st.binary(max_size=300), st.none() | st.text(max_size=40))
def test_decoding_never_raises_and_the_text_can_be_encoded(body: bytes, header: str | None) -> None:
    decode(body, header).text.encode()


@given(st.text(max_size=200), st.sampled_from(["&#x{:x};", "&#{};"]), st.integers(min_value=0, max_value=2**40))
def test_feedparser_does_not_raise_on_cleaned_text(text: str, form: str, number: int) -> None:
    document = clean(
        f"<rss version='2.0'><channel><item><title>{text}{form.format(number)}</title></item></channel></rss>"
    )
    feedparser.parse(
        io.BytesIO(document.encode()),
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )


def test_each_character_of_ascii_is_as_ordinary_alone_as_beside_japanese() -> None:
    for code in range(128):
        expected = code in (9, 10, 13) or 32 <= code < 127
        assert (is_ordinary(f"a{chr(code)}b"), is_ordinary(f"大{chr(code)}臣")) == (expected, expected), code
