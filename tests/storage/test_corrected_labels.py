"""What admins said becomes labels; copies of other news follow their story."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from feeds.observed import ParsedEntry
from feeds.publish.labels import label_line
from feeds.understand.evaluate import evaluate
from storage import export
from tests.support.build import entry, facts, understood
from tests.support.correcting import TOKYO, WASHINGTON, Room


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
