"""Sessions and links of the admin area, on both engines."""

from datetime import timedelta

from storage import sessions
from storage.database import Database
from tests.support.build import NOW


def test_a_link_is_used_once(database: Database) -> None:
    word = database.write(lambda c: sessions.offer(c, 77, NOW))
    assert database.read(lambda c: sessions.link_of(c, word, NOW)) == 77
    assert database.write(lambda c: sessions.use(c, word, NOW)) == 77
    assert database.write(lambda c: sessions.use(c, word, NOW)) is None
    assert database.read(lambda c: sessions.link_of(c, word, NOW)) is None


def test_a_session_opens_with_its_token_and_what_it_is_bound_to(database: Database) -> None:
    number, token = database.write(lambda c: sessions.begin(c, "web:password", NOW, "secret"))
    assert database.read(lambda c: sessions.find(c, token, NOW)) is None
    found = database.read(lambda c: sessions.find(c, token, NOW, ("", "secret")))
    assert found is not None
    assert (found.id, found.who, found.expires_at) == (number, "web:password", NOW + sessions.LIFETIME)


def test_sessions_end_by_themselves_and_leave_no_rows(database: Database) -> None:
    _, token = database.write(lambda c: sessions.begin(c, "tg:77", NOW))
    late = NOW + sessions.IDLE
    assert database.read(lambda c: sessions.find(c, token, late - timedelta(seconds=1))) is not None
    assert database.read(lambda c: sessions.find(c, token, late)) is None
    database.write(lambda c: sessions.begin(c, "tg:88", late))
    assert len(database.read(lambda c: c.exec_driver_sql("SELECT id FROM web_sessions").all())) == 1


def test_ending_all_ends_one_s_own_and_no_other_s(database: Database) -> None:
    for _ in range(3):
        database.write(lambda c: sessions.begin(c, "tg:77", NOW))
    database.write(lambda c: sessions.begin(c, "tg:88", NOW))
    assert database.write(lambda c: sessions.end_all(c, "tg:77")) == 3
    assert len(database.read(lambda c: sessions.of(c, "tg:88", NOW))) == 1


def test_nobody_has_more_than_twenty(database: Database) -> None:
    for _ in range(sessions.MOST + 2):
        database.write(lambda c: sessions.begin(c, "tg:77", NOW))
    found = database.read(lambda c: sessions.of(c, "tg:77", NOW))
    assert len(found) == sessions.MOST
