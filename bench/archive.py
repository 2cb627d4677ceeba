"""A large archive in Japanese and English, for measuring searches: `make archive-1m`.

Items are put together inside SQLite out of a few thousand made-up clauses, whose tokens are made once; so a million of
them, with their index, take minutes and not hours. Clauses end with a full stop or a comma, so no token reaches from
one into the next; the two words where clauses meet are joined for each item. So the index is the same as the service
would make (a sample is compared).
"""

import argparse
import json
import random
import sqlite3
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from storage import schema, search_index, sources
from storage.database import Connection, Database
from storage.filters import ensure_built_in
from storage.model import SourceDefinition, Trust
from storage.words import VERSION, comparable, neighbours, singles, tokens

FOLDER = Path(".cache/bench")
SOURCES = 200
CLAUSES = 1_500  #: of each language
NEWEST = datetime(2026, 11, 1, tzinfo=UTC)

_JA = {
    "who": ["防衛省", "小泉防衛相", "国防長官", "統合幕僚長", "外務省", "海上自衛隊", "陸軍", "内閣府", "市役所",
            "研究所"],
    "with": ["日米", "日豪", "日英", "日韓", "日比", "日印", "米韓", "中露", "仏独", "米豪", "越", "印", "伊", "加"],
    "what": ["会談", "共同訓練", "装備移転", "記者会見", "予算案", "調達計画", "演習", "防衛協力", "人事異動",
             "災害派遣", "研究開発", "宇宙利用", "無人機", "潜水艦", "護衛艦", "輸送機", "留学制度",
             "基地祭", "入札公告", "白書"],
    "did": ["を実施した", "を発表した", "を歓迎した", "について協議した", "を延期した", "を視察した", "に出席した",
            "を検討する"],
}  # fmt: skip
_EN = {
    "who": ["The defence minister", "The Secretary", "The navy", "Officials", "The parliament", "The contractor",
            "The air force", "A committee", "The prime minister", "The embassy"],
    "did": ["welcomed", "announced", "postponed", "discussed", "inspected", "approved", "signed", "criticised"],
    "what": ["a joint statement", "the procurement plan", "a bilateral meeting", "an exercise", "the budget",
             "cyber cooperation", "a submarine programme", "the defence ministers' meeting", "a training visit",
             "missile defence", "shipbuilding", "space policy", "a logistics agreement", "the annual report"],
    "where": ["in Tokyo", "in Canberra", "in Manila", "in Kuala Lumpur", "in Singapore", "in London", "in Seoul",
              "in Hanoi", "in Washington", "in Paris"],
}  # fmt: skip


def clauses() -> Iterator[tuple[str, str]]:
    """(language, clause); numbers make some words of them rare."""
    chance = random.Random(20261101)
    for number in range(CLAUSES):
        pick = {name: chance.choice(words) for name, words in _JA.items()}
        yield "ja", f"{pick['who']}は{pick['with']}{pick['what']}第{number % 97}号{pick['did']}。"
        words = {name: chance.choice(options) for name, options in _EN.items()}
        yield "en", f"{words['who']} {words['did']} {words['what']} no {number} {words['where']}. "


def build(file: Path, items: int) -> None:
    """Make the archive anew."""
    for name in (file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
        name.unlink(missing_ok=True)
    database = Database(f"sqlite:///{file}")
    schema.upgrade(database)
    database.write(_sources)
    database.close()
    raw = sqlite3.connect(file, isolation_level=None)
    raw.execute("PRAGMA synchronous=OFF")
    raw.execute("PRAGMA cache_size=-200000")
    _clause_table(raw)
    for start in range(1, items + 1, 50_000):
        count = min(50_000, items + 1 - start)
        raw.execute("BEGIN")
        for statement in (_STORIES, _ITEMS, _WORDS):
            raw.execute(statement, {"start": start, "count": count, "total": items, "newest": NEWEST.timestamp()})
        raw.execute("COMMIT")
        print(f"\r{start + count - 1:,} items", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    raw.execute("BEGIN")
    raw.execute(_MEETINGS, {"facts": _FACTS})
    raw.execute("DELETE FROM search_state")
    raw.execute("INSERT INTO search_state (id, version, indexed_to) VALUES (1, ?, ?)", (VERSION, items))
    raw.execute("DROP TABLE clause")
    raw.execute("COMMIT")
    raw.execute("INSERT INTO item_words (item_words) VALUES ('optimize')")
    raw.execute("ANALYZE")
    raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    raw.close()


def _sources(connection: Connection) -> None:
    ensure_built_in(connection)
    for number in range(SOURCES):
        trust = list(Trust)[number % len(Trust)]
        definition = SourceDefinition(
            key=f"s{number}", url=f"https://s{number}.example/f", name=f"S{number}", trust=trust
        )
        sources.add(connection, definition, NEWEST)


def _clause_table(raw: sqlite3.Connection) -> None:
    raw.execute(
        "CREATE TABLE clause (n INTEGER PRIMARY KEY, words TEXT, tokens TEXT, singles TEXT, first TEXT, last TEXT)"
    )
    for number, (_, words) in enumerate(clauses()):
        # Japanese clauses have even numbers, English ones odd numbers.
        folded = comparable(words)
        cut = tokens(folded)
        beside = " ".join(singles(folded) | neighbours(folded))
        made = (number, words, " ".join(cut), beside, cut[0], cut[-1])
        raw.execute("INSERT INTO clause VALUES (?, ?, ?, ?, ?, ?)", made)


# A clause of item i, chosen by a mix of its bits (Knuth's multiplicative hash); the parity gives its language.
_PICK = (
    f"(SELECT {{column}} FROM clause WHERE n = 2 * (((i * 2654435761 + {{salt}} * 40503) >> 7) % {CLAUSES}) + i % 2)"
)


def _row(column: str, salts: range) -> str:
    return " || ' ' || ".join(_PICK.format(column=column, salt=salt) for salt in salts)


_COUNT = "WITH RECURSIVE n(i) AS (SELECT :start UNION ALL SELECT i + 1 FROM n WHERE i < :start + :count - 1) "
_MOMENT = "strftime('%Y-%m-%d %H:%M:%S.000000', :newest - (:total - i) * 60, 'unixepoch')"
_STORIES = _COUNT + f"INSERT INTO stories (id, created_at) SELECT i, {_MOMENT} FROM n"
_ITEMS = (
    _COUNT
    + f"""INSERT INTO items (
    id, source_id, story_id, identity, guid, url, title, text, language, categories, published_at, first_seen_at,
    updated_at, content_hash, verdict, score, evidence, flags
) SELECT
    i, 1 + i % {SOURCES}, i, 'g:' || i, i, 'https://s.example/' || i, {_row("words", range(2))},
    {_row("words", range(2, 12))}, CASE i % 2 WHEN 0 THEN 'ja' ELSE 'en' END, '[]', {_MOMENT}, {_MOMENT}, {_MOMENT},
    'h' || i, CASE i % 20 WHEN 0 THEN 'meeting' ELSE 'other' END, 0.0, '[]', '[]'
FROM n"""
)
# Japanese clauses begin and end with characters that run on: where they meet, there is no pair of words.
_MEET = " || ' ' || ".join(
    f"'·' || {_PICK.format(column='last', salt=salt)} || '·' || {_PICK.format(column='first', salt=salt + 1)}"
    for salt in range(11)
)
_WORDS = (
    _COUNT
    + f"""INSERT INTO item_words (rowid, words, singles)
SELECT i, {_row("tokens", range(12))}, {_row("singles", range(12))} || CASE i % 2 WHEN 0 THEN '' ELSE ' ' || {_MEET} END
FROM n"""
)

_FACTS = json.dumps(
    {"level": "minister", "kind": "bilateral", "format": "in_person", "phase": "held", "countries": ["AU", "JP"],
     "starts_on": "2026-10-01", "city": "Tokyo", "country": "JP"}
)  # fmt: skip
_MEETINGS = """INSERT INTO meetings (
    story_id, level, kind, format, phase, starts_on, facts, trust, revision, first_seen_at, updated_at, active_at
) SELECT story_id, 'minister', 'bilateral', 'in_person', 'held', '2026-10-01', :facts, 'press', 1,
    first_seen_at, first_seen_at, first_seen_at
FROM items WHERE verdict = 'meeting'"""


def check(file: Path, sample: int = 50) -> None:
    """Whether a sample of items has exactly the tokens that the service would have indexed."""
    database = Database(f"sqlite:///{file}")

    def look(connection: Connection) -> None:
        rows = connection.execute(text("SELECT id, title, text FROM items ORDER BY id DESC LIMIT :n"), {"n": sample})
        for row in rows:
            for words in (row.title, row.text):
                for question in _questions(comparable(words)):
                    found = connection.execute(_HAS, {"question": question, "id": row.id}).first()
                    assert found is not None, (row.id, words, question)

    database.read(look)
    assert database.read(search_index.indexed_to) > 0
    database.close()


def _questions(folded: str) -> Iterator[str]:
    yield f'words : "{" ".join(tokens(folded))}"'
    yield " AND ".join(f'singles : "{one}"' for one in sorted(singles(folded) | neighbours(folded)))


_HAS = text("SELECT rowid FROM item_words WHERE item_words MATCH :question AND rowid = :id")


def archive_file(items: int) -> Path:
    """Where an archive of this size is kept."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    return FOLDER / f"archive-{items}.db"


def main() -> int:
    """Make the archive."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--items", type=int, default=1_000_000)
    options.add_argument("--file", type=Path)
    chosen = options.parse_args()
    file = chosen.file or archive_file(chosen.items)
    started = time.monotonic()
    build(file, chosen.items)
    check(file)
    print(f"{file}: {chosen.items:,} items, {file.stat().st_size / 2**20:,.0f} MB, {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
