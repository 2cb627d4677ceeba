"""Groups, topics of forums and channels: who may set them up, and where the answers go."""

import dataclasses

import pytest

from storage import filters
from storage.model import ChatState
from tests.support.bot_rooms import data_of
from tests.support.build import facts
from tests.support.talking import Talk

GROUP, FORUM, CHANNEL = -1001000000001, -1001000000002, -1001000000003


ADMIN, MEMBER = 70, 71


class TestGroups:
    async def test_only_admins_change_settings_and_everybody_reads(self, talk: Talk) -> None:
        talk.api.make_group(GROUP, {ADMIN: "administrator"})
        refused = await talk.says("/start", GROUP, user_id=MEMBER)
        assert "防衛" not in refused.text
        assert "管理者だけ" in refused.text
        assert talk.chat(str(GROUP)) is None
        asked = await talk.says("/start", GROUP, user_id=ADMIN)
        assert talk.filters(str(GROUP)) == [filters.MEETINGS]
        assert "管理者だけ" in await talk.clicks(asked, "v1:sl:en", user_id=MEMBER)
        assert talk.known(str(GROUP)).language == "ja"
        await talk.turns(asked, "v1:sl:en", user_id=ADMIN)
        assert talk.known(str(GROUP)).language == "en"
        assert "No meeting has been reported" in (await talk.says("/last", GROUP, user_id=MEMBER)).text
        assert talk.known(str(GROUP)).title == "Readers <b>"

    async def test_an_anonymous_admin_may_set_up_the_group(self, talk: Talk) -> None:
        talk.api.make_group(GROUP, {})
        await talk.says("/start", GROUP, anonymous=True)
        assert talk.filters(str(GROUP)) == [filters.MEETINGS]

    async def test_who_was_an_admin_is_believed_for_a_minute_and_no_longer(self, talk: Talk) -> None:
        talk.api.make_group(GROUP, {ADMIN: "creator"})
        await talk.says("/start", GROUP, user_id=ADMIN)
        talk.api.members[GROUP, ADMIN] = "member"
        talk.clock.pass_by(seconds=61)
        await talk.says("/stop", GROUP, user_id=ADMIN)
        assert talk.known(str(GROUP)).state is ChatState.ACTIVE
        assert len(talk.api.called("getChatMember")) == 2

    async def test_each_topic_of_a_forum_is_set_up_for_itself(self, talk: Talk) -> None:
        talk.api.make_group(FORUM, {ADMIN: "administrator"})
        answer = await talk.says("/start", FORUM, user_id=ADMIN, topic=5)
        assert answer.parameters["message_thread_id"] == "5"
        await talk.says("/follow JP", FORUM, user_id=ADMIN, topic=5)
        await talk.says("/start", FORUM, user_id=ADMIN, topic=6)
        assert talk.tags(f"{FORUM}/5") == ["country:JP"]
        assert talk.tags(f"{FORUM}/6") == []
        assert talk.chat(str(FORUM)) is None

    async def test_a_forum_that_throws_the_bot_out_gets_nothing_in_any_topic(self, talk: Talk) -> None:
        talk.api.make_group(FORUM, {ADMIN: "administrator"})
        for topic in (5, 6):
            await talk.says("/start", FORUM, user_id=ADMIN, topic=topic)
        await talk.api.user_blocks(FORUM)
        await talk.says("/help")
        assert {talk.known(f"{FORUM}/{topic}").state for topic in (5, 6)} == {ChatState.GONE}

    async def test_words_that_are_no_command_are_left_alone(self, talk: Talk) -> None:
        talk.api.make_group(GROUP, {})
        assert await talk.is_silent_at("good morning", GROUP, user_id=MEMBER)
        assert await talk.is_silent_at("/weather", GROUP, user_id=MEMBER)


class TestChannels:
    async def test_an_admin_of_the_channel_sets_it_up_from_the_private_chat(self, talk: Talk) -> None:
        talk.api.make_channel(CHANNEL, "defence_news", {7: "administrator"})
        shown = await talk.says("/channel @defence_news")
        assert "📢 News & <views>" in shown.text
        chat = talk.known(str(CHANNEL))
        assert (chat.kind, chat.managed_by, chat.state) == ("channel", 7, ChatState.ACTIVE)
        assert talk.filters(str(CHANNEL)) == [filters.MEETINGS]
        await talk.says("/channel @defence_news digest daily 18:00")
        await talk.says("/channel @defence_news follow Australia")
        assert (talk.known(str(CHANNEL)).digest, talk.tags(str(CHANNEL))) == ("daily 18:00", ["country:AU"])
        assert talk.chat() is None  # nothing changed for the private chat
        await talk.turns(shown, f"v1:cs@{chat.id}")
        assert talk.known(str(CHANNEL)).state is ChatState.STOPPED
        listed = await talk.says("/channel")
        assert data_of(listed) == [f"v1:ch@{chat.id}"]

    async def test_a_forwarded_post_does_the_same(self, talk: Talk) -> None:
        talk.api.make_channel(CHANNEL, "defence_news", {7: "creator"})
        await talk.says("a post", forwarded_from=CHANNEL)
        assert talk.filters(str(CHANNEL)) == [filters.MEETINGS]

    @pytest.mark.parametrize(
        ("status", "may_post", "words"),
        [("member", True, "Only admins"), ("administrator", False, "may not post"), ("left", True, "Only admins")],
    )
    async def test_nobody_else_sets_it_up_and_not_without_the_right_to_post(
        self, talk: Talk, status: str, may_post: bool, words: str
    ) -> None:
        talk.api.make_channel(CHANNEL, "defence_news", {7: status}, bot_may_post=may_post)
        for say in ({"text": "/channel @defence_news"}, {"text": "x", "forwarded_from": CHANNEL}):
            assert words in (await talk.says(**say)).text
        assert talk.chat(str(CHANNEL)) is None

    async def test_a_name_that_is_no_channel_is_said(self, talk: Talk) -> None:
        for name in ["@nobody_here", "nobody here", "@", "-100", "https://t.me/+secret", "@" + "x" * 400]:  # fmt: skip
            assert "channel" in (await talk.says(f"/channel {name}")).text

    async def test_a_former_admin_s_buttons_do_nothing(self, talk: Talk) -> None:
        talk.api.make_channel(CHANNEL, "defence_news", {7: "administrator"})
        shown = await talk.says("/channel @defence_news")
        chat = talk.known(str(CHANNEL))
        talk.api.members[CHANNEL, 7] = "left"
        talk.clock.pass_by(minutes=2)
        assert "Only admins" in await talk.clicks(shown, f"v1:cs@{chat.id}")
        stranger = await talk.says("/help", 8)
        assert "Only admins" in await talk.clicks(stranger, f"v1:cs@{chat.id}")
        assert talk.known(str(CHANNEL)).state is ChatState.ACTIVE

    async def test_a_forged_click_in_a_channel_writes_nothing_there(self, talk: Talk) -> None:
        talk.api.make_channel(CHANNEL, "defence_news", {7: "administrator"})
        number = talk.meeting(facts())
        post = await talk.says("/help")
        forged = dataclasses.replace(post, chat_id=CHANNEL)
        talk.api._messages[CHANNEL, post.message_id] = {
            **talk.api._messages[7, post.message_id], "chat": talk.api._chats[CHANNEL],
        }  # fmt: skip
        before = len(talk.api.sent)
        assert "使えなくなりました" in await talk.clicks(forged, f"v1:det:{number}", user_id=8)
        assert "管理者だけ" in await talk.clicks(forged, f"v1:mm:{number}", user_id=8)
        assert len(talk.api.sent) == before

    async def test_commands_in_a_channel_are_not_read(self, talk: Talk) -> None:
        talk.api.make_channel(CHANNEL, "defence_news", {7: "administrator"})
        for kind in ("channel_post", "edited_channel_post"):
            assert await talk.is_silent_at("/start", CHANNEL, kind=kind)
        assert talk.chat(str(CHANNEL)) is None
