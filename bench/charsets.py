"""Titles in every encoding that newsrooms use, under every label that they give it: exact, flagged, or silently wrong.

    SCRIPTS × encodings × labels ─► read_document ─► the titles as they were written │ a problem told │ neither

A reader may fail to find out what a document is written in; what it must not do is to show rubbish without a word. The
sentences are the project's own.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from bench.figures import Goal, number, print_table
from feeds.collect.document import read_document
from feeds.observed import Fetched, ParsedFeed
from storage.model import SourceDefinition

FEED, SINGLE = "feed of five headlines", "one headline alone"
SHOWN = 20  #: documents that are named
EXACT_SHARE = 95.0  #: per cent of all titles; R21 of the goals

_NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
_DEFINITION = SourceDefinition(key="charsets", url="http://127.0.0.1:8097/feed.xml", name="charsets")
_TYPE = "application/rss+xml"


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """Headlines of one language, and the encodings in which its newsrooms write: Python's name, and the usual label."""

    name: str
    titles: tuple[str, ...]
    encodings: tuple[tuple[str, str], ...]


SCRIPTS = (
    Script(
        name="Japanese",
        titles=(
            "防衛大臣がオーストラリアの国防大臣と会談しました",
            "日米韓の三か国防衛相会合について",
            "護衛艦の進水式を行いました（横浜）",
            "防衛省・自衛隊の人事発令",
            "サイバー防衛に関する協力の覚書に署名",
        ),
        encodings=(
            ("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("cp932", "Shift_JIS"), ("euc_jp", "EUC-JP"),
            ("iso2022_jp", "ISO-2022-JP"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16"), ("utf-16-be", "utf-16"),
        ),
    ),
    Script(
        name="Korean",
        titles=(
            "국방부 장관이 서울에서 일본 방위대신과 회담했다",
            "한미일 국방장관 회의가 다음 달에 열린다",
            "해군 호위함 진수식이 부산에서 열렸다",
            "국방 협력에 관한 양해각서에 서명",
            "육군 부대가 합동 훈련을 마쳤다",
        ),
        encodings=(("utf-8", "utf-8"), ("cp949", "euc-kr"), ("utf-16", "utf-16")),
    ),
    Script(
        name="Chinese, simplified",
        titles=(
            "国防部长在北京会见来访的新加坡国防部长",
            "中国和俄罗斯的国防部门举行视频通话",
            "海军舰艇编队结束远航训练返回青岛",
            "两国签署防务合作谅解备忘录",
            "联合演习将于下个月在南部海域举行",
        ),
        encodings=(("utf-8", "utf-8"), ("gbk", "gb2312"), ("gb18030", "gb18030"), ("utf-16", "utf-16")),
    ),
    Script(
        name="Chinese, traditional",
        titles=(
            "國防部長在臺北接見來訪的議員代表團",
            "海軍新型巡防艦在高雄舉行下水典禮",
            "兩國簽署防衛合作備忘錄並討論區域情勢",
            "國防部公布下年度預算與軍事採購計畫",
            "聯合演習將於下個月在東部海域舉行",
        ),
        encodings=(("utf-8", "utf-8"), ("big5", "big5"), ("utf-16", "utf-16")),
    ),
    Script(
        name="Russian",
        titles=(
            "Министр обороны провёл переговоры со своим коллегой в Минске",
            "Военные корабли вернулись в порт после учений",
            "Подписан меморандум о сотрудничестве двух стран",
            "Встреча министров обороны состоится в следующем месяце",
            "Новый фрегат спущен на воду в Калининграде",
        ),
        encodings=(
            ("utf-8", "utf-8"), ("cp1251", "windows-1251"), ("koi8-r", "koi8-r"), ("iso8859-5", "iso-8859-5"),
            ("utf-16", "utf-16"),
        ),
    ),
    Script(
        name="French",
        titles=(
            "La ministre des Armées a reçu son homologue à Paris",
            "Accord de défense signé après un entretien très attendu",
            "La frégate a été mise à l'eau à Lorient",
            "Réunion des ministres de la Défense prévue à Genève",
            "L'armée de l'Air achève un exercice à Évreux",
        ),
        encodings=(
            ("utf-8", "utf-8"), ("cp1252", "windows-1252"), ("latin-1", "iso-8859-1"), ("iso8859-15", "iso-8859-15"),
            ("utf-16", "utf-16"),
        ),
    ),
    Script(
        name="German",
        titles=(
            "Verteidigungsminister trifft seinen Amtskollegen in München",
            "Fregatte läuft nach langer Übung in Kiel ein",
            "Vertrag über gemeinsame Rüstung unterzeichnet",
            "Gespräche über die Lage in der Ostsee",
            "Große Übung der Streitkräfte beginnt im März",
        ),
        encodings=(("utf-8", "utf-8"), ("cp1252", "windows-1252"), ("latin-1", "iso-8859-1")),
    ),
    Script(
        name="Polish",
        titles=(
            "Minister obrony spotkał się w Warszawie z ministrem Łotwy",
            "Żołnierze zakończyli wspólne ćwiczenia na Mazurach",
            "Podpisano umowę o współpracy w dziedzinie obronności",
            "Okręt wrócił do Gdyni po długim rejsie",
            "Spotkanie ministrów odbędzie się w następnym miesiącu",
        ),
        encodings=(("utf-8", "utf-8"), ("iso8859-2", "iso-8859-2"), ("cp1250", "windows-1250")),
    ),
)  # fmt: skip

#: Labels that are tried in the wrong place; those that mean the same as the right one are left out.
WRONG = (
    "utf-8", "iso-8859-1", "us-ascii", "Shift_JIS", "EUC-JP", "gb2312", "big5", "euc-kr", "windows-1251", "koi8-r",
    "windows-1250", "utf-16", "no-such-encoding",
)  # fmt: skip
_ALIKE = (
    {"iso-8859-1", "windows-1252", "us-ascii", "iso-8859-15"}, {"gb2312", "gb18030"}, {"iso-8859-2", "windows-1250"},
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One document under one pair of labels."""

    script: Script
    codec: str
    manner: str  #: how it is labelled, in general
    http: str | None
    declared: str | None
    titles: tuple[str, ...]
    with_text: bool = False

    @property
    def name(self) -> str:
        """What stands in the list of what went wrong."""
        http, declared = self.http or "none", self.declared or "none"
        bare = "" if self.with_text else f", {len(self.titles)} bare titles"
        return f"{self.script.name} in {self.codec}, HTTP {http}, XML {declared}{bare}"

    def fetched(self) -> Fetched:
        """The document as it is served."""
        label = f' encoding="{self.declared}"' if self.declared else ""
        body = "".join(map(self._item, range(len(self.titles))))
        text = f'<?xml version="1.0"{label}?>\n<rss version="2.0"><channel><title>News</title>{body}</channel></rss>'
        content_type = f"{_TYPE}; charset={self.http}" if self.http else _TYPE
        return Fetched(url=_DEFINITION.url, body=text.encode(self.codec), content_type=content_type)

    def _item(self, place: int) -> str:
        text = f"<description>{' '.join(self.titles)}</description>" if self.with_text else ""
        return f"<item><title>{self.titles[place]}</title><guid>n{place}</guid>{text}</item>\n"


def cases() -> Iterator[Case]:
    """The whole matrix: each document with texts, as bare titles, and each title in a document by itself."""
    for script in SCRIPTS:
        for codec, right in script.encodings:
            for manner, http, declared in _labels(right):
                labelled = partial(Case, script=script, codec=codec, manner=manner, http=http, declared=declared)
                yield labelled(titles=script.titles, with_text=True)
                yield labelled(titles=script.titles)
                for title in script.titles:
                    yield labelled(titles=(title,))


def _labels(right: str) -> Iterator[tuple[str, str | None, str | None]]:
    """How it is labelled, by the HTTP header, by the XML declaration."""
    yield "right in both", right, right
    yield "right in HTTP alone", right, None
    yield "right in XML alone", None, right
    yield "no label", None, None
    for wrong in WRONG:
        if not _means(wrong, right):
            yield "right in HTTP, wrong in XML", right, wrong
            yield "wrong in HTTP, right in XML", wrong, right
            yield "wrong in HTTP alone", wrong, None
            yield "wrong in XML alone", None, wrong
            yield "wrong in both", wrong, wrong


def _means(one: str, other: str) -> bool:
    return one.lower() == other.lower() or any({one.lower(), other.lower()} <= alike for alike in _ALIKE)


@dataclass(kw_only=True, slots=True)
class Found:
    """How titles were read, by script, by manner of labelling, and by what there is of them."""

    exact: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    flagged: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    silent: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    named: list[str] = field(default_factory=list)  #: documents with a title that is silently wrong


def read_all() -> Found:
    """Read every document of the matrix with the real reader."""
    found = Found()
    for case in cases():
        wrong = _wrong(case, found)
        if wrong:
            found.named.append(f"{case.name}: {wrong[:60]}")
    return found


def _wrong(case: Case, found: Found) -> str:
    """Count the titles of a document. Returns one that is silently wrong, or nothing."""
    key = case.script.name, case.manner, SINGLE if len(case.titles) == 1 else FEED
    read = read_document(case.fetched(), _DEFINITION, _NOW)
    titles = [entry.title for entry in read.entries] if isinstance(read, ParsedFeed) else []
    told = not isinstance(read, ParsedFeed) or bool(read.problems)
    wrong = ""
    for place, wanted in enumerate(case.titles):
        got = titles[place] if place < len(titles) else ""
        if got == wanted:
            found.exact[key] += 1
        elif told:
            found.flagged[key] += 1
        else:
            found.silent[key] += 1
            wrong = got or "nothing"
    return wrong


def show(found: Found) -> None:
    """Rows for each manner of labelling, script and form, then some of what is silently wrong by name."""
    for place, what in ((1, "label"), (0, "script"), (2, "document")):
        names = dict.fromkeys(key[place] for key in (found.exact | found.flagged | found.silent))
        rows = [
            (name, *(number(_counted(counted, place, name), 0)
                     for counted in (found.exact, found.flagged, found.silent)))
            for name in names
        ]  # fmt: skip
        print_table((what, "exact", "flagged", "silently wrong"), rows)
    for line in found.named[:SHOWN]:
        print(line)
    print(f"and {len(found.named) - SHOWN} documents more\n" if len(found.named) > SHOWN else "")


def _counted(counted: Counter[tuple[str, str, str]], place: int, name: str) -> int:
    return sum(count for key, count in counted.items() if key[place] == name)


def goals(found: Found) -> Iterator[Goal]:
    """Nearly all exact, and nothing wrong without a word, in feeds of several headlines.

    One headline alone under a wrong label is in the tables only: its few letters may be right in several encodings.
    """
    exact, flagged, silent = (_counted(one, 2, FEED) for one in (found.exact, found.flagged, found.silent))
    every = exact + flagged + silent
    share = 100 * exact / every if every else None
    yield Goal(name="charsets: titles exact", goal=EXACT_SHARE, value=share, unit="%")
    yield Goal(name="charsets: titles silently wrong", goal=0, value=silent, unit="titles", at_least=False)
