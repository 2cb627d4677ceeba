"""An admin's word is applied at once, survives later polls, can be taken back, and never raises a second alert."""

import json
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

import pytest
from sqlalchemy import Table, select, update

from feeds.correcting import Desk
from feeds.decide.corrections import CannotCorrect
from feeds.decide.decide import decide
from feeds.decide.pins import WrongFact
from feeds.decide.routing import AlertPolicy
from feeds.ingest import _lookup
from feeds.observed import ParsedEntry, Understood, Verdict
from feeds.publish.labels import label_line
from feeds.understand.evaluate import evaluate
from storage import corrections, export, ingest, news, snapshot, sources, subscriptions
from storage.database import Connection, Database
from storage.errors import NotFound
from storage.model import Channel, DeliveryState, Format, MeetingFacts, MeetingStory, Phase, Principal, Trust
from storage.tables import deliveries, items, meetings
from tests.support.build import NOW, after, definition, entry, facts, polled, understood

WASHINGTON = facts(countries=("JP", "US"), city="Washington", country="US")
TOKYO = facts(city="Tokyo", country="JP", starts_on=date(2025, 11, 5))


class Room:
    """A service with two newsrooms and one subscriber, driven by hand."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.source_ids = {key: database.write(partial(_polled_source, key=key)) for key in ("mod", "wire")}
        database.write(_subscriber)
        self.now = after(minutes=1)

    def poll(self, *pieces: Understood, source: str = "mod") -> None:
        """What one poll of a source brings."""

        def land(connection: Connection) -> None:
            about = sources.get(connection, self.source_ids[source])
            seen = snapshot.load_snapshot(connection, about, _lookup([p.entry for p in pieces], pieces), self.now)
            changes = decide(seen, pieces, polled(about.id), AlertPolicy(), self.now)
            ingest.apply(connection, changes, self.now)

        self.now += timedelta(minutes=1)
        self.database.write(land)

    def report(self, title: str, told: MeetingFacts | None, *, source: str = "mod", **fields: object) -> int:
        """One article; returns its story."""
        piece = entry(title, url=f"https://{source}.example/{title}", **fields)
        self.poll(understood(piece, told), source=source)
        return self.story_of(title)

    def story_of(self, title: str) -> int:
        query = select(items.c.story_id).where(items.c.title == title).order_by(items.c.id.desc()).limit(1)
        return int(self.database.read(lambda c: c.execute(query).scalar_one()))

    def item(self, title: str) -> str:
        query = select(items.c.id).where(items.c.title == title)
        return f"item/{self.database.read(lambda c: c.execute(query).scalar_one())}"

    @property
    def desk(self) -> Desk:
        self.now += timedelta(minutes=1)
        return Desk(database=self.database, policy=AlertPolicy(), by="tester", now=self.now)

    def meetings(self) -> dict[int, MeetingFacts]:
        return {one.meeting.story_id: one.meeting.facts for one in self.database.read(news.latest_meetings)}

    def meeting(self, story_id: int) -> MeetingStory:
        return self.database.read(lambda c: news.meeting(c, story_id))

    def owed(self) -> list[tuple[int, str]]:
        """Story and state of every first message, in the order in which they were decided."""
        query = (
            select(deliveries.c.story_id, deliveries.c.state)
            .where(deliveries.c.kind == "alert")
            .order_by(deliveries.c.id)
        )
        return [(row.story_id, row.state) for row in self.database.read(lambda c: c.execute(query).all())]

    def send_all(self) -> None:
        self.database.write(lambda c: c.execute(update(deliveries).values(state=DeliveryState.SENT, message_id="7")))

    def rows(self) -> tuple[list[tuple[object, ...]], ...]:
        """Records, messages (without the moment of their last change) and the story of each item."""
        records, owed = (self.database.read(partial(_rows, table=table)) for table in (meetings, deliveries))
        places = self.database.read(lambda c: c.execute(select(items.c.id, items.c.story_id)).all())
        return records, [row[:-1] for row in owed], [tuple(row) for row in places]


def _polled_source(connection: Connection, key: str) -> int:
    """A source that has been polled: the first poll is silent."""
    source_id = sources.add(connection, definition(key), NOW)
    ingest.update_source(connection, polled(source_id))
    return source_id


def _rows(connection: Connection, table: Table) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(select(table))]


def _subscriber(connection: Connection) -> None:
    chat = subscriptions.open_chat(connection, Channel.TELEGRAM, "1", language="ja", time_zone="Asia/Tokyo", now=NOW)
    subscriptions.subscribe(connection, chat.id, "ministerial-meetings", NOW)


@pytest.fixture
def room(database: Database) -> Room:
    return Room(database)


class TestNotAMeeting:
    def test_the_record_goes_and_its_waiting_alert_is_not_sent(self, room: Room) -> None:
        story = room.report("A", facts())
        room.desk.not_a_meeting(str(story))
        assert (room.meetings(), room.owed()) == ({}, [(story, "expired")])

    def test_later_reports_join_it_and_neither_found_a_meeting_nor_alert(self, room: Room) -> None:
        story = room.report("A", facts())
        room.desk.not_a_meeting(str(story))
        assert room.report("B", facts(), source="wire") == story
        room.report("A", facts(outcomes=("joint statement",)), content_hash="edited")
        assert (room.meetings(), room.owed()) == ({}, [(story, "expired")])

    def test_another_meeting_of_the_same_ministers_is_still_one(self, room: Room) -> None:
        room.desk.not_a_meeting(str(room.report("A", facts())))
        later = room.report("B", TOKYO, source="wire")
        assert room.meetings() == {later: TOKYO}
        assert room.owed()[-1] == (later, "queued")

    def test_undone_everything_is_as_it_was(self, room: Room) -> None:
        story = room.report("A", facts())
        before = room.rows()
        said = room.desk.not_a_meeting(str(story))
        room.desk.undo(said.id)
        assert room.rows() == before

    def test_undone_it_knows_what_was_reported_meanwhile(self, room: Room) -> None:
        story = room.report("A", facts(city=None, country=None))
        said = room.desk.not_a_meeting(str(story))
        room.report("B", facts(), source="wire")
        room.desk.undo(said.id)
        assert room.meetings() == {story: facts()}

    def test_of_an_uncertain_article_it_is_remembered_as_well(self, room: Room) -> None:
        room.poll(understood(entry("A"), facts(), Verdict.UNCERTAIN))
        room.desk.not_a_meeting(room.item("A"))
        room.report("B", facts(), source="wire")
        assert (room.meetings(), room.owed()) == ({}, [])


class TestMeeting:
    def test_an_uncertain_article_becomes_a_meeting_and_is_alerted(self, room: Room) -> None:
        room.poll(understood(entry("A"), facts(), Verdict.UNCERTAIN))
        said = room.desk.meeting("https://mod.example/a")
        assert room.meetings() == {said.story_id: facts()}
        assert room.owed() == [(said.story_id, "queued")]

    def test_an_article_without_any_fact_becomes_one_that_can_be_completed(self, room: Room) -> None:
        story = room.report("A", None)
        room.desk.meeting(str(story))
        room.desk.fact(str(story), "sides", "JP,AU")
        assert room.meetings()[story].countries == ("AU", "JP")

    def test_old_news_is_recorded_without_an_alert(self, room: Room) -> None:
        old = entry("A", published_at=after(days=-3))
        room.poll(understood(old, facts(), Verdict.UNCERTAIN))
        room.desk.meeting(room.item("A"))
        assert (len(room.meetings()), room.owed()) == (1, [])

    def test_undone_it_is_none_and_its_waiting_alert_is_forgotten(self, room: Room) -> None:
        room.poll(understood(entry("A"), facts(), Verdict.UNCERTAIN))
        before = room.rows()
        room.desk.undo(room.desk.meeting(room.item("A")).id)
        assert room.rows() == before

    def test_the_opposite_must_be_undone_first(self, room: Room) -> None:
        story = room.report("A", facts())
        said = room.desk.not_a_meeting(str(story))
        with pytest.raises(CannotCorrect, match=f"kaigi correct undo {said.id}"):
            room.desk.meeting(str(story))


class TestSameAs:
    def test_one_story_goes_on_with_all_reports_and_the_other_address_leads_to_it(self, room: Room) -> None:
        first, second = room.report("A", facts()), room.report("B", WASHINGTON, source="wire")
        room.desk.same_as(str(second), str(first))
        assert set(room.meetings()) == {first}
        assert room.meetings()[first].countries == ("AU", "JP")
        assert [one.title for one in room.meeting(second).reports] == ["A", "B"]
        assert room.meeting(second).meeting.story_id == first
        assert room.meeting(first).meeting.revision >= 1

    def test_later_reports_and_edits_of_either_stay_in_it(self, room: Room) -> None:
        first, second = room.report("A", facts()), room.report("B", WASHINGTON, source="wire")
        room.desk.same_as(str(second), str(first))
        room.send_all()
        assert room.report("C", WASHINGTON) == first
        assert room.report("D", facts(), source="wire") == first
        assert room.report("B", WASHINGTON, source="wire", content_hash="edited") == first
        assert (set(room.meetings()), len(room.owed())) == ({first}, 2)

    def test_two_alerted_stories_owe_a_chat_nothing_more(self, room: Room) -> None:
        first = room.report("A", facts())
        room.send_all()
        second = room.report("B", WASHINGTON, source="wire")
        room.desk.same_as(str(second), str(first))
        assert sorted(room.owed()) == [(first, "sent"), (second, "expired")]

    def test_the_message_that_arrived_belongs_to_the_story_that_goes_on(self, room: Room) -> None:
        first, second = room.report("A", facts()), room.report("B", WASHINGTON, source="wire")
        room.database.write(
            lambda c: c.execute(update(deliveries).where(deliveries.c.story_id == second).values(state="sent"))
        )
        said = room.desk.same_as(str(second), str(first))
        assert sorted(room.owed()) == [(first, "sent"), (second, "expired")]
        room.desk.undo(said.id)
        assert room.owed() == [(first, "queued"), (second, "sent")]

    def test_undone_they_are_two_as_before_and_each_keeps_what_came_for_it(self, room: Room) -> None:
        first, second = room.report("A", facts()), room.report("B", WASHINGTON, source="wire")
        before = room.meetings()
        said = room.desk.same_as(str(second), str(first))
        room.report("C", WASHINGTON)
        room.desk.undo(said.id)
        assert room.meetings() == before
        assert (room.story_of("A"), room.story_of("B"), room.story_of("C")) == (first, second, second)
        assert sorted(room.owed()) == [(first, "queued"), (second, "queued")]

    def test_undone_the_next_report_of_each_finds_its_own(self, room: Room) -> None:
        first, second = room.report("A", facts()), room.report("B", WASHINGTON, source="wire")
        room.desk.undo(room.desk.same_as(str(second), str(first)).id)
        assert room.report("C", WASHINGTON) == second
        assert room.report("D", facts()) == first

    def test_a_meeting_goes_on_whichever_is_named_first(self, room: Room) -> None:
        meeting, other = room.report("A", facts()), room.report("B", None)
        room.desk.same_as(str(meeting), str(other))
        assert set(room.meetings()) == {meeting}
        assert room.story_of("B") == meeting

    def test_three_become_one_and_are_parted_in_the_reverse_order_only(self, room: Room) -> None:
        first, second, third = room.report("A", facts()), room.report("B", WASHINGTON), room.report("C", TOKYO)
        one = room.desk.same_as(str(third), str(second))
        two = room.desk.same_as(str(second), str(first))
        assert room.meeting(third).meeting.story_id == first
        with pytest.raises(CannotCorrect, match=f"kaigi correct undo {two.id}"):
            room.desk.undo(one.id)
        room.desk.undo(two.id)
        assert room.meeting(third).meeting.story_id == second
        room.desk.undo(one.id)
        assert room.meetings() == {first: facts(), second: WASHINGTON, third: TOKYO}


class TestSplit:
    def test_an_article_gets_a_story_of_its_own_without_a_second_alert(self, room: Room) -> None:
        story = room.report("A", facts(city=None, country=None))
        room.report("B", facts(outcomes=("joint statement",)), source="wire")
        said = room.desk.split(room.item("B"))
        assert room.meetings()[story] == facts(city=None, country=None)
        assert room.meetings()[said.other_id or 0] == facts(outcomes=("joint statement",))
        assert room.owed() == [(story, "queued")]

    def test_it_stays_out_though_its_facts_would_join_again(self, room: Room) -> None:
        story = room.report("A", facts())
        room.report("B", facts(), source="wire")
        said = room.desk.split(room.item("B"))
        assert room.report("B", facts(city=None), source="wire", content_hash="edited") == said.other_id
        assert room.story_of("A") == story
        assert len(room.owed()) == 1

    def test_undone_it_is_back_and_its_short_lived_address_leads_home(self, room: Room) -> None:
        story = room.report("A", facts(city=None, country=None))
        room.report("B", facts(), source="wire")
        before = room.meetings()
        said = room.desk.split(room.item("B"))
        room.desk.undo(said.id)
        assert (room.meetings(), room.story_of("B")) == (before, story)
        assert room.meeting(said.other_id or 0).meeting.story_id == story
        assert len(room.owed()) == 1

    def test_the_only_article_of_a_story_cannot_be_split_from_it(self, room: Room) -> None:
        room.report("A", facts())
        with pytest.raises(CannotCorrect, match="nothing to split"):
            room.desk.split(room.item("A"))

    def test_which_article_is_meant_must_be_said(self, room: Room) -> None:
        story = room.report("A", facts())
        room.report("B", facts(), source="wire")
        with pytest.raises(CannotCorrect, match="item/"):
            room.desk.split(str(story))


class TestFacts:
    @pytest.mark.parametrize(
        ("field", "value", "shown"),
        [
            ("city", "東京", {"city": "Tokyo"}),
            ("country", "japan", {"country": "JP"}),
            ("date", "2025-11-02/2025-11-03", {"starts_on": date(2025, 11, 2), "ends_on": date(2025, 11, 3)}),
            ("edition", "12", {"edition": 12}),
            ("kind", "2+2", {"kind": "two_plus_two"}),
            ("format", "video", {"format": Format.VIDEO}),
            ("phase", "postponed", {"phase": Phase.POSTPONED}),
            ("level", "vice-minister", {"level": "vice_minister"}),
            ("city", None, {"city": None}),
            (
                "person",
                "JP:Taro Example/例太郎",
                {"principals": (Principal(country="JP", name="Taro Example", name_ja="例太郎"),)},
            ),
        ],
    )
    def test_a_fact_is_set_and_shown(self, room: Room, field: str, value: str | None, shown: dict[str, object]) -> None:
        story = room.report("A", facts())
        room.desk.fact(str(story), field, value)
        assert room.meetings()[story] == replace(facts(), **shown)  # type: ignore[arg-type]
        assert room.meeting(story).meeting.revision == 2
        assert len(room.owed()) == 1

    def test_a_series_brings_its_names(self, room: Room) -> None:
        story = room.report("A", facts())
        room.desk.fact(str(story), "series", "admm-plus")
        assert room.meetings()[story].name_ja == "拡大ASEAN国防相会議"

    def test_later_reports_do_not_overwrite_it_but_fill_other_gaps(self, room: Room) -> None:
        story = room.report("A", facts())
        room.desk.fact(str(story), "city", "Penang")
        assert room.report("B", facts(outcomes=("joint statement",)), source="wire") == story
        assert room.meetings()[story] == facts(city="Penang", outcomes=("joint statement",))

    def test_reports_with_the_right_and_with_the_wrong_fact_both_join(self, room: Room) -> None:
        story = room.report("A", facts())
        room.desk.fact(str(story), "date", "2025-11-08")
        assert room.report("B", facts(), source="wire") == story
        assert room.report("C", facts(starts_on=date(2025, 11, 8)), source="wire") == story
        assert room.meetings()[story].starts_on == date(2025, 11, 8)

    def test_undone_the_fact_is_what_reports_say_by_now(self, room: Room) -> None:
        story = room.report("A", facts(city=None, country=None))
        said = room.desk.fact(str(story), "city", "Penang")
        room.report("B", facts(), source="wire")
        assert room.meetings()[story].city == "Penang"
        room.desk.undo(said.id)
        assert room.meetings()[story] == facts()

    def test_two_words_about_one_story_are_undone_in_any_order(self, room: Room) -> None:
        story = room.report("A", facts())
        city = room.desk.fact(str(story), "city", "Penang")
        day = room.desk.fact(str(story), "date", "2025-11-08")
        room.desk.undo(city.id)
        assert room.meetings()[story] == facts(starts_on=date(2025, 11, 8))
        room.desk.undo(day.id)
        assert room.meetings()[story] == facts()

    def test_a_pinned_fact_survives_a_merge_and_its_undoing(self, room: Room) -> None:
        first, second = room.report("A", facts()), room.report("B", WASHINGTON, source="wire")
        room.desk.fact(str(first), "edition", "7")
        said = room.desk.same_as(str(second), str(first))
        assert room.meetings()[first].edition == 7
        room.desk.undo(said.id)
        assert (room.meetings()[first].edition, room.meetings()[second].edition) == (7, None)

    def test_the_only_report_that_is_edited_leaves_it_alone(self, room: Room) -> None:
        story = room.report("A", facts())
        room.desk.fact(str(story), "city", "Penang")
        room.report("A", facts(starts_on=date(2025, 11, 2)), content_hash="edited")
        assert room.meetings()[story] == facts(city="Penang", starts_on=date(2025, 11, 2))

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ("colour", "red", "Write one of: person"),
            ("date", "yesterday", "2025-11-01"),
            ("kind", "big", "bilateral"),
            ("country", "Atlantis", "ISO 3166-1"),
            ("series", "admm-pluss", "Did you mean admm-plus"),
            ("level", None, "set another one"),
            ("person", "Taro", "person=JP:"),
            ("city", " ", "needs a value"),
        ],
    )
    def test_a_wrong_field_or_value_is_told(self, room: Room, field: str, value: str | None, words: str) -> None:
        story = room.report("A", facts())
        with pytest.raises(WrongFact, match=words):
            room.desk.fact(str(story), field, value)
        assert room.database.read(corrections.every) == []

    def test_a_story_that_is_no_meeting_has_no_facts(self, room: Room) -> None:
        with pytest.raises(CannotCorrect, match="kaigi correct .* meeting"):
            room.desk.fact(str(room.report("A", None)), "city", "Tokyo")


class TestWhatIsNamed:
    def test_a_story_or_article_is_found_by_id_page_and_address(self, room: Room) -> None:
        story = room.report("A", facts())
        for number, what in enumerate((str(story), f"/meetings/{story}", f"https://kaigi.example/meetings/{story}",
                                       room.item("A"), "https://mod.example/A"), 1):  # fmt: skip
            assert room.desk.fact(what, "edition", str(number)).story_id == story

    @pytest.mark.parametrize("what", ["99", "item/99", "https://mod.example/none", "the meeting"])
    def test_what_is_not_there_is_told(self, room: Room, what: str) -> None:
        with pytest.raises(NotFound):
            room.desk.not_a_meeting(what)

    def test_a_correction_is_undone_once(self, room: Room) -> None:
        said = room.desk.not_a_meeting(str(room.report("A", facts())))
        room.desk.undo(said.id)
        with pytest.raises(CannotCorrect, match="already"):
            room.desk.undo(said.id)
        assert [one.undone_at is None for one in room.database.read(corrections.every)] == [False]

    def test_when_its_articles_are_gone_the_label_stays_and_polls_go_on(self, room: Room) -> None:
        story = room.report("A", facts())
        room.desk.not_a_meeting(str(story))
        room.database.write(lambda c: sources.remove(c, room.source_ids["mod"]))
        assert len(room.database.read(corrections.every)) == 1
        room.report("B", TOKYO, source="wire")


class TestLabels:
    def labels(self, room: Room) -> list[dict[str, object]]:
        return room.database.read(lambda c: [label_line(one) for one in export.labelled_items(c)])

    def test_corrected_articles_are_labels_that_evaluate_reads(self, room: Room) -> None:
        wrong = room.report("Ministers tour a shipyard", facts())
        room.desk.not_a_meeting(str(wrong))
        right = room.report("Japan and Australia hold talks", TOKYO, text="They met in Tokyo.")
        room.desk.fact(str(right), "person", "JP:Taro Example")
        room.report("Not corrected", WASHINGTON)
        first, second = (json.loads(json.dumps(line)) for line in self.labels(room))
        assert (first["is_meeting"], second["is_meeting"]) == (False, True)
        assert (second["meeting_date"], second["city"], second["kind"]) == ("2025-11-05", "Tokyo", "bilateral")
        assert second["principals"][0]["name"] == "Taro Example"
        assert second["fields_in_text"] == {"date": "full", "city": True, "edition": False, "principals": [False]}
        assert evaluate([first, second]).detection["all"]["recall"] in {0.0, 1.0}

    def test_merged_articles_share_an_event_and_split_ones_do_not(self, room: Room) -> None:
        first, second = room.report("A", facts()), room.report("B", WASHINGTON, source="wire")
        said = room.desk.same_as(str(second), str(first))
        assert len({line["event"] for line in self.labels(room)}) == 1
        room.desk.split(room.item("B"))
        assert len({line["event"] for line in self.labels(room)}) == 2
        assert said.id == 1

    def test_what_was_undone_is_no_label(self, room: Room) -> None:
        room.desk.undo(room.desk.not_a_meeting(str(room.report("A", facts()))).id)
        assert self.labels(room) == []


class TestCopies:
    """News without a meeting, from two newsrooms."""

    def pair(self, room: Room, first: ParsedEntry, second: ParsedEntry) -> bool:
        room.poll(understood(first))
        room.poll(understood(second), source="wire")
        return room.story_of(first.title) == room.story_of(second.title)

    @pytest.mark.parametrize(
        ("ours", "theirs"),
        [
            ("防衛省、無人機の調達を開始", "防衛省が無人機の調達開始へ：時事ドットコム"),
            ("Defence ministry orders new patrol ships", "Defense ministry orders new patrol ships - Example Wire"),
            ("次期戦闘機の開発費を増額　防衛省", "【速報】次期戦闘機の開発費を増額 防衛省 [防衛 予算]"),
        ],
    )
    def test_a_copy_joins(self, room: Room, ours: str, theirs: str) -> None:
        assert self.pair(room, entry(ours, url="https://mod.example/1"), entry(theirs, url="https://wire.example/1"))

    @pytest.mark.parametrize(
        ("ours", "theirs"),
        [
            ("市ヶ谷レポート③：装備の今を見る", "市ヶ谷レポート④：装備の今を見る"),
            ("第12回防衛力変革推進本部を開催", "第13回防衛力変革推進本部を開催"),
            ("日米共同訓練の実施について公表", "日豪共同訓練の実施について公表"),
            ("小泉防衛相、三沢基地を視察し隊員を激励", "小泉防衛相、横田基地を視察し隊員を激励"),
            ("Navy tests new missile off Norway coast", "Navy tests new missile off Sweden coast"),
            ("統合幕僚長の電話会談について公表", "統合幕僚長の会談について公表しました"),
        ],
    )
    def test_template_twins_stay_apart(self, room: Room, ours: str, theirs: str) -> None:
        assert not self.pair(
            room, entry(ours, url="https://mod.example/1"), entry(theirs, url="https://wire.example/1")
        )

    def test_the_same_opening_words_under_another_headline_are_a_copy(self, room: Room) -> None:
        text = "The ministry said on Monday that the first of the new patrol ships will be handed over next spring. "
        text += "It will be based at a port in the north, and its crew has begun to train."
        ours = entry("Handover of the first ship", url="https://mod.example/1", text=text)
        theirs = entry(
            "First new vessel comes next spring", url="https://wire.example/1", text=text + " More will follow."
        )
        assert self.pair(room, ours, theirs)

    def test_the_same_headline_a_week_later_is_news_of_its_own(self, room: Room) -> None:
        room.poll(understood(entry("Weekly statement of the ministry on ships")))
        room.now += timedelta(days=8)
        later = entry("Weekly statement of the ministry on ships", url="https://wire.example/1")
        before = room.story_of(later.title)
        room.poll(understood(later), source="wire")
        assert room.story_of(later.title) != before

    def test_one_newsroom_does_not_copy_itself(self, room: Room) -> None:
        first = entry("Statement of the ministry on ships", url="https://mod.example/1")
        second = replace(first, identity="g:2", url="https://mod.example/2")
        room.poll(understood(first))
        before = room.story_of(first.title)
        room.poll(understood(second))
        assert room.story_of(first.title) != before


def test_the_trust_of_a_merged_story_is_the_better_one(room: Room) -> None:
    first, second = room.report("A", facts()), room.report("B", WASHINGTON, source="wire")
    trust = update(meetings).where(meetings.c.story_id == second).values(trust=Trust.OFFICIAL)
    room.database.write(lambda c: c.execute(trust))
    room.desk.same_as(str(second), str(first))
    record = room.database.read(lambda c: corrections.load(c, first).meeting)
    assert record is not None
    assert record.trust is Trust.OFFICIAL
