"""A thousand made newsrooms: the feeds that the benchmark polls. The same number and day always give the same bytes.

Even numbers write Japanese RSS 2.0, odd numbers English Atom; each entry carries HTML in CDATA, a guid, a link, a date
and categories, as real feeds do. One entry in thirty reports a meeting of defence ministers, taken from a list of
sixty, so that several newsrooms tell of the same one. `edition` 1 is the feed after its newsroom published one more.
"""

import hashlib
import random
from datetime import date, datetime, timedelta, timezone
from email.utils import format_datetime

_JST = timezone(timedelta(hours=9))

_SUBJECTS_JA = (
    "陸上自衛隊の総合訓練を公開", "令和9年度予算の概算要求について", "護衛艦の進水式を実施", "災害派遣の終了について",
    "次期装備品の研究開発に関する契約", "基地周辺の騒音調査の結果を公表", "統合演習の日程を公表",
    "音楽隊の定期演奏会のお知らせ",
    "中央調達の入札公告を掲載", "航空機の緊急発進の実施状況", "艦艇の長期航海から帰国", "防災協定を地元自治体と締結",
)  # fmt: skip
_SENTENCES_JA = (
    "部隊は早朝から展開し、通信と補給の手順を確認した。", "参加した隊員は約三百五十名で、前年よりも二割増えた。",
    "関係者によると、装備の更新は来年度までに終わる見通しだ。", "住民向けの説明会は市民会館で開かれ、質問が相次いだ。",
    "気象の影響で一部の日程が変更されたが、主な目的は達成された。", "調達の手続きは公告の後、審査を経て決定される。",
    "担当者は「安全の確保を最優先に取り組む」と述べた。", "詳細は添付の資料を参照されたい。",
)  # fmt: skip
_SUBJECTS_EN = (
    "Contract awarded for naval maintenance", "Airmen complete cold weather training", "Shipyard marks keel laying",
    "Army engineers rebuild a flood barrier", "Budget documents for the coming year released",
    "Cadets graduate at the academy",
    "Radar site resumes operation after repairs", "Reserve units take part in a readiness drill",
    "New housing for service families opened", "Museum shows the history of the signal corps",
)  # fmt: skip
_SENTENCES_EN = (
    "The unit deployed at dawn and tested its communications and supply lines.",
    "About three hundred and fifty people took part, a fifth more than last year.",
    "Officials expect the replacement of the older equipment to end by next spring.",
    "Residents asked questions at a public session held in the town hall.",
    "Weather forced changes to the schedule, but the main aims were met.",
    "Bids will be evaluated after the notice period, a spokesperson said.",
    "The commander thanked the crews for their patience and care.",
    "Further details are given in the attached document.",
)
#: country in Japanese, its minister, country in English, its minister
_PARTNERS = (
    ("豪州", "マールズ", "Australia", "Richard Marles"),
    ("フィリピン", "テオドロ", "the Philippines", "Gilberto Teodoro"),
    ("英国", "ヒーリー", "the United Kingdom", "John Healey"),
    ("フランス", "ヴォトラン", "France", "Catherine Vautrin"),
    ("ドイツ", "ピストリウス", "Germany", "Boris Pistorius"), ("インド", "シン", "India", "Rajnath Singh"),
)  # fmt: skip


def feed(number: int, items: int, day: date, edition: int = 0) -> bytes:
    """The bytes of one feed, as its newsroom serves them on `day`."""
    words = random.Random(number)
    start = datetime(day.year, day.month, day.day, 9, tzinfo=_JST) - timedelta(minutes=number)
    moments = [start - timedelta(hours=5 * index) for index in range(items)]
    write, frame = (_item_ja, _FRAME_JA) if number % 2 == 0 else (_entry_en, _FRAME_EN)
    entries = [write(number, items - index, moment, words) for index, moment in enumerate(moments)]
    if edition:
        entries.insert(0, write(number, items + edition, start + timedelta(minutes=7), random.Random(-number - 1)))
    return frame.format(number=number, stamp=start.isoformat(), entries="".join(entries)).encode()


_FRAME_JA = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">'
    "<channel><title>第{number}広報室</title><link>https://n{number}.example.jp/</link>"
    "<description>報道発表</description><language>ja</language>\n{entries}</channel></rss>\n"
)
_FRAME_EN = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">'
    "<title>Newsroom {number}</title><id>tag:n{number}.example.com,2025:feed</id><updated>{stamp}</updated>"
    '<link href="https://n{number}.example.com/"/>\n{entries}</feed>\n'
)


def _item_ja(number: int, serial: int, moment: datetime, words: random.Random) -> str:
    title, lead = _news_ja(serial, moment, words) if serial % 30 else _meeting_ja(number, moment)
    link = f"https://n{number}.example.jp/news/{moment:%Y/%m}/{serial}.html"
    body = _html(link, lead, _SENTENCES_JA, words)
    return (
        f"<item><title>{title}({number}-{serial})</title><link>{link}?utm_source=rss</link>"
        f'<guid isPermaLink="false">n{number}-{serial}</guid><pubDate>{format_datetime(moment)}</pubDate>'
        f"<category>報道発表</category><category>{_tag(link)}</category><description>{lead}</description>"
        f"<content:encoded><![CDATA[{body}]]></content:encoded></item>\n"
    )


def _entry_en(number: int, serial: int, moment: datetime, words: random.Random) -> str:
    title, lead = _news_en(serial, words) if serial % 30 else _meeting_en(number, moment)
    link = f"https://n{number}.example.com/news/{moment:%Y/%m}/{serial}"
    body = _html(link, lead, _SENTENCES_EN, words)
    return (
        f'<entry><title>{title} ({number}-{serial})</title><link href="{link}?utm_source=rss"/>'
        f"<id>tag:n{number}.example.com,2025:{serial}</id><published>{moment.isoformat()}</published>"
        f"<updated>{moment.isoformat()}</updated><author><name>Public Affairs</name></author>"
        f'<category term="news"/><category term="{_tag(link)}"/><summary>{lead}</summary>'
        f'<content type="html"><![CDATA[{body}]]></content></entry>\n'
    )


def _news_ja(serial: int, moment: datetime, words: random.Random) -> tuple[str, str]:
    subject = words.choice(_SUBJECTS_JA)
    return subject, f"{moment.month}月{moment.day}日、第{serial}報として「{subject}」を発表しました。"


def _news_en(serial: int, words: random.Random) -> tuple[str, str]:
    subject = words.choice(_SUBJECTS_EN)
    return subject, f"Release {serial}: {subject.lower()}, the ministry said."


def _meeting_ja(number: int, moment: datetime) -> tuple[str, str]:
    country, minister, _, _ = _PARTNERS[number // 2 % len(_PARTNERS)]
    day = moment.date() - timedelta(days=number // 12 % 10)
    return f"日{country}防衛相会談について", (
        f"令和{day.year - 2018}年{day.month}月{day.day}日、小泉防衛大臣は、{minister}・{country}国防大臣と"
        "東京において会談を行いました。"
    )


def _meeting_en(number: int, moment: datetime) -> tuple[str, str]:
    _, _, country, minister = _PARTNERS[number // 2 % len(_PARTNERS)]
    day = moment.date() - timedelta(days=number // 12 % 10)
    return f"Japanese and partner defence ministers meet: {country}", (
        f"Minister of Defense Shinjiro Koizumi held a bilateral meeting with {minister}, "
        f"the defence minister of {country}, in Tokyo on {day.day} {day:%B %Y}."
    )


def _html(link: str, lead: str, sentences: tuple[str, ...], words: random.Random) -> str:
    paragraphs = ""
    for part in range(4):
        text = "".join(words.choices(sentences, k=4))
        paragraphs += f'<p class="text">{text} <a href="/more/{part}">{_tag(link + str(part))}</a></p>'
    picture = f'<figure><img src="{link}/photo.jpg" alt="" width="640"/><figcaption>{lead}</figcaption></figure>'
    end = "<ul><li>A&amp;B</li><li>C</li></ul></div>"
    return f'<div class="article"><p><strong>{lead}</strong></p>{picture}{paragraphs}{end}'


def _tag(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
