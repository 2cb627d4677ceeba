"""Articles written for the tests, and one way to read them."""

from datetime import UTC, datetime

from feeds.observed import Article, Understanding
from feeds.understand.meetings import understand
from storage.model import MeetingFacts, Trust

NOVEMBER = datetime(2025, 11, 6, 1, 31, tzinfo=UTC)


def article(title: str, text: str = "", *, on: datetime = NOVEMBER, trust: Trust = Trust.PRESS) -> Article:
    """An item of a Japanese newsroom, published on a morning of November 2025 unless said otherwise."""
    return Article(title=title, text=text, published_at=on, time_zone="Asia/Tokyo", trust=trust)


def read(title: str, text: str = "", *, on: datetime = NOVEMBER, trust: Trust = Trust.PRESS) -> Understanding:
    """What is understood of a title and text."""
    return understand(article(title, text, on=on, trust=trust))


def facts(title: str, text: str = "", *, on: datetime = NOVEMBER) -> MeetingFacts:
    """The facts of an item that tells of a meeting."""
    understanding = read(title, text, on=on)
    assert understanding.mention is not None, understanding
    return understanding.mention.facts


#: In the shape of a specialised newsroom's page: stamp, lead with the announcement's time, numbered points, ranking.
ADMM_PLUS_TITLE = "小泉防衛大臣が「第12回拡大ASEAN国防相会議」に参加（11月1日）"
ADMM_PLUS_TEXT = """- 日本の防衛
2025-11-6 10:31
防衛省は令和7（2025）年11月2日（日）9時05分、マレーシアで開かれた「第12回拡大ASEAN国防相会議（ADMMプラス）」に小泉進次郎（こいずみ・しんじろう）防衛大臣が参加したと公表した。
令和7年11月1日（土）、マレーシア（クアラルンプール）で「第12回拡大ASEAN国防相会議（ADMMプラス）」が開催され、日本から小泉防衛大臣が出席した。大臣の発言の要点は次のとおり。
海の秩序
（1）東シナ海と南シナ海で力による一方的な試みが続いている。北朝鮮の開発も懸念される。
（2）令和6年12月にはインドネシアと会議を共催した。日米韓防衛相会談でも同じ点を述べた。
（3）昨年の第11回会議で示した考えを、防衛協力の土台としたい。
参加国の意見交換の後、「ADMMプラス創設15周年にあたる共同声明」が採択された。
（以上）
◎下の［次の記事］［前の記事］ボタンで続きを読めます。
Ranking読まれている記事
- 24時間
- 日仏防衛相会談をパリで開催、覚書に署名（11月20日）
- 人事発令　11月30日付け、1佐人事（海自9名）
- 第3回日豪「2+2」をシドニーで開催、共同発表（11月19日）
"""
