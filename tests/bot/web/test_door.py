"""Who gets into the admin area, how they get out, and what happens to whoever tries."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from bot import config, logs
from bot.web import Area
from bot.web.visit import COOKIE
from storage import audit, people, sessions
from storage.database import Connection, Database
from storage.errors import StorageError
from storage.model import AuditLine
from tests.support.admin_page import BOSS, COLLEAGUE, PASSWORD, Clock, Visitor, application, settings, token_in
from tests.support.build import NOW

PAGES = (
    "/admin", "/admin/filters", "/admin/filters/everything", "/admin/sources", "/admin/sources/1", "/admin/review",
    "/admin/stories", "/admin/stories/1", "/admin/audit",
)  # fmt: skip


def newest(database: Database) -> AuditLine:
    return database.read(lambda c: audit.page(c, limit=1))[0]


def invited(connection: Connection) -> None:
    _, word = people.invite(connection, BOSS, NOW)
    opened = people.find_invite(connection, word)
    assert opened is not None
    assert people.accept(connection, opened, COLLEAGUE, "Ann", NOW)


@pytest.mark.parametrize("path", PAGES)
async def test_a_stranger_sees_nothing_and_changes_nothing(visitor: Visitor, database: Database, path: str) -> None:
    answer = await visitor.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/admin/login?")
    before = database.read(audit.count)
    sent = await visitor.client.post(path, data={"act": "remove"})
    assert sent.headers["location"].startswith("/admin/login?")
    assert database.read(audit.count) == before


async def test_the_password_lets_in_and_the_session_s_cookie_is_new_and_hidden(visitor: Visitor) -> None:
    await visitor.get("/admin/login")
    before = visitor.client.cookies[COOKIE]
    page = await visitor.sign_in()
    assert page.status_code == 200
    assert "web password" in page.text
    assert visitor.client.cookies[COOKIE] != before
    again = await visitor.get("/admin/login")
    assert again.headers["location"].startswith("/admin?")


async def test_a_page_that_was_asked_for_first_follows_the_door_and_no_other_site_does(visitor: Visitor) -> None:
    led = (await visitor.get("/admin/review")).headers["location"]
    page = await visitor.get(led)
    sent = await visitor.client.post(led, data={"token": token_in(page.text), "password": PASSWORD})
    assert sent.headers["location"].startswith("/admin/review?")
    for evil in ("//evil.example", "https://evil.example", "/admin/../x", "/admin//evil.example", "javascript:x"):
        answer = await visitor.client.get("/admin/login", params={"next": evil})
        assert answer.headers["location"].startswith("/admin?")


async def test_what_was_asked_of_that_page_comes_back_behind_the_door(visitor: Visitor) -> None:
    led = (await visitor.get("/admin/stories?q=Seoul+%26+%E9%9F%93%E5%9B%BD&path=%2F%2Fevil.example&lang=ja")).headers[
        "location"
    ]
    page = await visitor.get(led)
    assert 'lang="ja"' in page.text
    token = token_in(page.text)
    form = unescape(re.search(r'<form class="form" method="post" action="([^"]+)"', page.text)[1])  # type: ignore[index]
    sent = await visitor.client.post(form, data={"token": token, "password": PASSWORD})
    place = urlsplit(sent.headers["location"])
    assert (place.netloc, place.path) == ("", "/admin/stories")
    assert parse_qs(place.query) == {"q": ["Seoul & 韓国"], "path": ["//evil.example"], "lang": ["ja"]}
    assert "Seoul &amp; 韓国" in (await visitor.get(sent.headers["location"])).text


@pytest.mark.parametrize(
    "evil", ["//evil.example?x=/admin", "/admin/x//y?q=1", "/admin\\evil?q=1", "/admin@evil.example?q"]
)
async def test_a_query_opens_no_way_to_another_site(admin: Visitor, evil: str) -> None:
    answer = await admin.client.get("/admin/login", params={"next": evil})
    assert answer.headers["location"] == "/admin?lang=en"
    split = await admin.client.get("/admin/login", params={"next": "/admin/audit?before=7\r\nset-cookie: x\n#/../"})
    assert split.headers["location"].startswith("/admin/audit?before=7%0D%0Aset-cookie")


async def test_the_cookie_goes_to_the_area_alone_and_over_https_only_where_there_is_https(database: Database) -> None:
    for address, secure in (("https://kaigi.example", True), ("http://kaigi.example", False)):
        chosen = settings().model_copy(update={"public_url": address})
        visitor = Visitor(application(Area(database=database, settings=chosen)), base=address)
        words = (await visitor.get("/admin/login")).headers["set-cookie"]
        assert "HttpOnly" in words
        assert "SameSite=strict" in words
        assert "Path=/admin" in words
        assert ("Secure" in words) is secure
        await visitor.client.aclose()


@pytest.mark.parametrize("path", [*PAGES, "/admin/nothing"])
async def test_nobody_keeps_frames_or_finds_a_page_of_the_area(admin: Visitor, path: str) -> None:
    answer = await admin.get(path)
    assert answer.headers["cache-control"] == "no-store"
    assert "noindex" in answer.headers["x-robots-tag"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_form_without_its_token_or_with_another_s_is_refused_in_the_visitor_s_language(
    admin: Visitor, area: Area, database: Database
) -> None:
    other = Visitor(application(area))
    await other.sign_in()
    theirs = token_in((await other.get("/admin")).text)
    await other.client.aclose()
    before = database.read(audit.count)
    for fields in ({}, {"token": ""}, {"token": "0" * 64}, {"token": "é"}, {"token": theirs}):
        answer = await admin.client.post("/admin/filters/everything", data={"act": "pause", **fields})
        assert answer.status_code == 403
        assert "This is not allowed" in answer.text
        told = await admin.client.post("/admin/filters/everything?lang=ja", data={"act": "pause", **fields})
        assert "この操作は許されていません" in told.text
    assert database.read(audit.count) == before


async def test_a_form_from_another_site_is_refused_although_its_token_is_right(admin: Visitor) -> None:
    token = token_in((await admin.get("/admin/filters")).text)
    sent = await admin.client.post(
        "/admin/filters/everything", data={"act": "pause", "token": token}, headers={"sec-fetch-site": "cross-site"}
    )
    assert sent.status_code == 403


async def test_what_is_no_form_of_ours_is_refused(admin: Visitor) -> None:
    token = token_in((await admin.get("/admin")).text)
    as_json = await admin.client.post("/admin/filters", json={"act": "test", "token": token})
    assert as_json.status_code == 403
    large = await admin.client.post("/admin/filters", data={"act": "test", "token": token, "query": "x" * 70_000})
    assert large.status_code == 413
    many = await admin.client.post("/admin/filters", data={"token": token, **{f"f{n}": "x" for n in range(99)}})
    assert many.status_code == 400
    unknown = await admin.client.post("/admin/filters", data={"token": token, "act": "fly"})
    assert unknown.status_code == 400


async def test_wrong_methods_are_refused_with_the_right_ones_named(admin: Visitor) -> None:
    answer = await admin.client.put("/admin/filters")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    assert (await admin.get("/admin/logout")).status_code == 405


async def test_whoever_guesses_waits_ever_longer_and_others_do_not(
    visitor: Visitor, area: Area, clock: Clock, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(4):
        assert (await visitor.sign_in("guess")).status_code == 403
    refused = await visitor.sign_in()
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "2"
    assert "Please try again in 2 seconds" in refused.text
    colleague = Visitor(application(area), address="192.0.2.7")
    assert "web password" in (await colleague.sign_in()).text
    await colleague.client.aclose()
    clock.now += timedelta(seconds=2)
    assert (await visitor.sign_in("guess")).status_code == 403
    assert (await visitor.sign_in()).headers["retry-after"] == "4"
    clock.now += timedelta(seconds=4)
    assert (await visitor.sign_in()).status_code == 200
    printed = capfd.readouterr()
    said = printed.out + printed.err + caplog.text  # wherever an earlier test has led the log
    assert "refused" in said
    assert PASSWORD not in said


async def test_behind_a_proxy_on_this_machine_one_guesser_makes_nobody_else_wait(visitor: Visitor) -> None:
    token = token_in((await visitor.get("/admin/login")).text)

    async def guess(reader: str, password: str = "guess") -> int:
        headers = {"x-forwarded-for": f"203.0.113.1, {reader}"}
        sent = await visitor.client.post("/admin/login", data={"token": token, "password": password}, headers=headers)
        return sent.status_code

    assert [await guess(f"2001:db8:1:2::{number}") for number in range(5)] == [403] * 4 + [429]
    assert await guess("2001:db8:1:2:ffff::9", PASSWORD) == 429  # a whole network is one guesser
    assert await guess("198.51.100.1", PASSWORD) == 303


async def test_the_word_of_a_link_is_in_no_line_of_the_log(
    visitor: Visitor,
    database: Database,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    word = database.write(lambda c: sessions.offer(c, BOSS, clock()))

    def broken(_work: object) -> None:
        raise StorageError("The disk is full.")

    monkeypatch.setattr(database, "read", broken)
    logs.set_up("console")
    answer = await visitor.get(f"/admin/login/{word}")
    said = capfd.readouterr().err
    assert answer.status_code == 503
    assert "/admin/login/***" in said
    assert word not in said


async def test_a_link_from_the_bot_signs_in_once_and_only_when_its_button_is_pressed(
    visitor: Visitor, area: Area, database: Database, clock: Clock
) -> None:
    database.write(invited)
    word = database.write(lambda c: sessions.offer(c, COLLEAGUE, clock()))
    for _ in range(2):  # what previews links opens them and presses nothing
        assert "Sign in as Ann" in (await visitor.get(f"/admin/login/{word}")).text
    page = await visitor.send(f"/admin/login/{word}")
    assert "Ann" in page.text
    assert newest(database).who == f"tg:{COLLEAGUE}"
    late = Visitor(application(area))
    over = await late.get(f"/admin/login/{word}")
    assert over.status_code == 403
    assert "This link was used" in over.text
    await late.client.aclose()


async def test_a_link_ends_soon_and_a_newer_one_ends_the_older(
    visitor: Visitor, database: Database, clock: Clock
) -> None:
    first = database.write(lambda c: sessions.offer(c, BOSS, clock()))
    second = database.write(lambda c: sessions.offer(c, BOSS, clock()))
    assert (await visitor.get(f"/admin/login/{first}")).status_code == 403
    clock.now += sessions.LINK
    assert (await visitor.get(f"/admin/login/{second}")).status_code == 403
    assert (await visitor.get("/admin/login/nonsense")).status_code == 403


async def test_a_former_admin_is_out_with_the_next_request(visitor: Visitor, database: Database, clock: Clock) -> None:
    database.write(invited)
    await visitor.open_link(database, COLLEAGUE, clock())
    assert (await visitor.get("/admin")).status_code == 200
    kept = database.write(lambda c: sessions.offer(c, COLLEAGUE, clock()))
    database.write(lambda c: people.remove(c, COLLEAGUE, clock()))
    assert (await visitor.get("/admin")).status_code == 303
    assert (await visitor.get(f"/admin/login/{kept}")).status_code == 403


async def test_another_password_ends_the_sessions_of_the_old_one(admin: Visitor, area: Area) -> None:
    cookie = admin.client.cookies[COOKIE]
    for web in ({"admin_password": SecretStr("another long password")}, {"admin_password": None}):
        later = Visitor(application(replace(area, settings=settings(**web))))
        later.client.cookies.set(COOKIE, cookie, domain="kaigi.example", path="/admin")
        assert (await later.get("/admin")).status_code == 303
        await later.client.aclose()
    assert (await admin.get("/admin")).status_code == 200


async def test_a_session_ends_when_it_is_left_alone_and_in_any_case_after_half_a_day(
    admin: Visitor, clock: Clock
) -> None:
    began = clock.now
    while clock.now - began < sessions.LIFETIME - timedelta(hours=1):
        clock.now += timedelta(hours=1)
        assert (await admin.get("/admin")).status_code == 200
    clock.now += timedelta(hours=1)
    assert (await admin.get("/admin")).status_code == 303
    await admin.sign_in()
    clock.now += sessions.IDLE
    assert (await admin.get("/admin")).status_code == 303


async def test_signing_out_ends_this_session_and_everywhere_ends_all(admin: Visitor, area: Area) -> None:
    elsewhere = Visitor(application(area))
    await elsewhere.sign_in()
    cookie = admin.client.cookies[COOKIE]
    await admin.send("/admin/logout", seen_on="/admin")
    admin.client.cookies.set(COOKIE, cookie, domain="kaigi.example", path="/admin")
    assert (await admin.get("/admin")).status_code == 303
    assert (await elsewhere.get("/admin")).status_code == 200
    await admin.sign_in()
    await admin.send("/admin/logout", seen_on="/admin", act="everywhere")
    assert (await elsewhere.get("/admin")).status_code == 303
    await elsewhere.client.aclose()


async def test_neither_token_nor_link_nor_password_is_kept(visitor: Visitor, database: Database, clock: Clock) -> None:
    word = database.write(lambda c: sessions.offer(c, BOSS, clock()))
    await visitor.sign_in()

    def dump(connection: Connection) -> str:
        tables = ("web_links", "web_sessions", "audit")
        return "".join(str(connection.exec_driver_sql(f"SELECT * FROM {table}").all()) for table in tables)

    kept = database.read(dump)
    assert word not in kept
    assert visitor.client.cookies[COOKIE] not in kept
    assert PASSWORD not in kept


async def test_without_password_and_bot_the_door_says_how_to_open_it(database: Database) -> None:
    visitor = Visitor(application(Area(database=database, settings=config.Settings())))
    page = await visitor.get("/admin/login")
    assert "web.admin_password" in page.text
    assert "<input id=" not in page.text.split("<main")[1].split("</main")[0]
    for password in ("", "x"):
        assert (await visitor.post("/admin/login", token="x", password=password)).status_code == 403
    await visitor.client.aclose()


def test_a_short_password_is_refused_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAIGI_WEB__ADMIN_PASSWORD", "short")
    with pytest.raises(config.ConfigError, match=r"web\.admin_password .*at least 12 characters"):
        config.load()
