"""What nobody should say to a bot: a short answer in the chat's language, or silence, and nothing is lost."""

import asyncio

from storage.model import ChatState
from tests.support.bot_limits import Fault
from tests.support.bot_rooms import data_of
from tests.support.talking import Talk

COMMAND = [{"type": "bot_command", "offset": 0, "length": 7}]


class TestBadInput:
    async def test_a_wrong_digest_gets_an_example(self, talk: Talk) -> None:
        await talk.says("/start")
        for words in (
            "daily",
            "daily 25:00",
            "weekly xyz 08:00",
            "08:00",
            "daily 8",
            "💣",
            "daily 08:00; x",
            "x" * 400,
        ):
            assert "/digest daily 08:00" in (await talk.says(f"/digest {words}")).text
            assert talk.known().digest == "off"

    async def test_wrong_quiet_hours_get_an_example(self, talk: Talk) -> None:
        await talk.says("/start")
        for words in ["22:00", "25:00-07:00", "22:00-22:00", "always", "-", "22-7", "<b>"]:  # fmt: skip
            assert "/quiet 22:00-07:00" in (await talk.says(f"/quiet {words}")).text
            assert talk.known().quiet == ""

    async def test_a_wrong_zone_gets_choices(self, talk: Talk) -> None:
        await talk.says("/start")
        for words in ["Mars/Olympus", "../../etc/passwd", "utc+99", "Zürich\x00", "a" * 300, "<b>x</b>"]:  # fmt: skip
            assert "v1:zo:Asia/Tokyo" in data_of(await talk.says(f"/zone {words}"))
            assert talk.known().time_zone == "Asia/Tokyo"

    async def test_a_wrong_pause_gets_an_example(self, talk: Talk) -> None:
        await talk.says("/start")
        for words in ["forever", "0d", "-1d", "1y", "999999999999d", "3d 4d"]:  # fmt: skip
            assert "/pause 8h" in (await talk.says(f"/pause {words}")).text
            assert talk.mutes() == []

    async def test_four_thousand_characters_get_a_short_answer(self, talk: Talk) -> None:
        for command in ["follow", "mute", "zone", "digest", "last", "start", "lang", "channel"]:  # fmt: skip
            answer = await talk.says(f"/{command} " + "<b>長い" * 800)
            assert len(answer.text) < 200

    async def test_a_very_long_search_is_refused_in_words(self, talk: Talk) -> None:
        answer = await talk.says("/search " + "a OR " * 700 + "b")
        assert "cannot be read" in answer.text
        assert len(answer.text) < 600

    async def test_forged_buttons_change_nothing(self, talk: Talk) -> None:
        message = await talk.says("/start")
        for data in [
            "", "v1", "v1:", "v1:zz:1", "v1:sl:xx", "v1:sl", "v1:sw:most", "v1:sh:z", "v1:ft:c:0:country:<b>",
            "v1:ft:q:0:x", "v1:fl:c:x", "v1:fl:c:99999999999", "v1:mm:abc", "v1:mm:999999", "v1:mm:" + "9" * 22,
            "v1:rm:0:f99999999", "v1:rm:0:f" + "9" * 22, "v1:rm:x:y", "v1:zo:Mars/Olympus", "v1:zo:../../etc/passwd",
            "v1:di:hourly",
            "v1:pa:1y", "v1:fs:0:1' OR 1=1", "v1:fs:0:999", "v1:ch@999999", "v1:ch@1", "v1:cs@x", "v1:si:1",
            "v1:un:#0000", "v1:mw:story:1", "v1:fw:filter:99", "v2:sl:ja", "v1:det:-1", "v1:fm:0", "v1:py@1", "💥" * 16,
            "v1:ft:c:0:#ffffffffffffffff", "v1:mp:-5",
        ]:  # fmt: skip
            before = talk.known(), talk.filters(), talk.tags(), talk.mutes()
            await talk.clicks(message, data)
            assert (talk.known(), talk.filters(), talk.tags(), talk.mutes()) == before
            assert "Something went wrong" not in "".join(sent.text for sent in talk.api.sent)

    async def test_an_old_button_wakes_no_chat_that_rests(self, talk: Talk) -> None:
        message = await talk.says("/start")
        await talk.says("/stop")
        for data in ["v1:fw:country:ZZ", "v1:fs:0:999", "v1:ft:c:0:country:ZZ", "v1:fa", "v1:sl:en"]:
            await talk.clicks(message, data)
            chat = talk.chat()
            assert chat is not None
            assert chat.state is ChatState.STOPPED, data

    async def test_an_edited_command_does_not_run_again(self, talk: Talk) -> None:
        assert await talk.is_silent_at("/start", kind="edited_message")
        assert talk.chat() is None

    async def test_html_in_names_and_words_is_only_words(self, talk: Talk) -> None:
        answer = await talk.says("/search <b>bold</b>", first_name="<b>&amp;</b>")
        assert "<b>bold</b>" in answer.text

    async def test_somebody_whose_app_tells_no_language_gets_the_installation_s(self, talk: Talk) -> None:
        assert "コマンド" in (await talk.says("/help", language_code="")).text

    async def test_a_command_that_does_not_exist_is_said_so_and_other_words_get_help(self, talk: Talk) -> None:
        assert "no such command" in (await talk.says("/frobnicate")).text
        assert "/follow" in (await talk.says("hello")).text

    async def test_a_stranger_who_mutes_before_starting_is_not_subscribed_by_that(self, talk: Talk) -> None:
        await talk.says("/mute Australia")
        assert talk.filters() == []

    async def test_an_account_that_was_deleted_meanwhile_or_is_not_named_breaks_nothing(self, talk: Talk) -> None:
        await talk.says("/start")
        assert "No meeting" in (await talk.says("/last", first_name="", language_code="")).text
        before = len(talk.api.sent)
        nobody = talk.api._message(7, {}, {"text": "/follow Japan", "entities": COMMAND})
        del nobody["from"]
        await talk.api._update("message", nobody)
        await talk.api.wait_sent(before + 1, timeout_s=20)
        talk.api.make_group(-50, {7: "creator"})
        in_group = talk.api._message(-50, {}, {"text": "/follow Japan", "entities": COMMAND})
        del in_group["from"]
        await talk.api._update("message", in_group)
        refusal = (await talk.api.wait_sent(before + 2, timeout_s=20))[-1]
        assert "管理者" in refusal.text or "Only admins" in refusal.text
        assert talk.chat("-50") is None

    async def test_a_command_that_is_malformed_or_another_bots_does_nothing(self, talk: Talk) -> None:
        talk.api.make_group(-50, {7: "creator"})
        for words in ["/", "//start", "/start@another_bot", "/ start", "/開始"]:
            assert await talk.is_silent_at(words, -50, user_id=7), words
        assert talk.chat("-50") is None
        assert "no such command" in (await talk.says("//start")).text

    async def test_a_link_to_a_filter_that_is_not_there_is_an_ordinary_start(self, talk: Talk) -> None:
        assert "one message about every new meeting" in (await talk.says("/start f_nosuch")).text
        assert "no country, minister, series" in (await talk.says("/follow nosuch-filter")).text

    async def test_a_server_that_answers_garbage_loses_no_later_command(self, talk: Talk) -> None:
        for garbage in ({"ok": True, "result": {}}, {"ok": True, "result": "words"}, {"ok": True}, {"strange": 1}):
            talk.api._faults["sendMessage"].extend([Fault(error=garbage)] * 2)  # the answer, and the word about it
            asked = talk.api.called("sendMessage")
            await talk.api.someone_says(7, "/start")
            async with asyncio.timeout(20):
                while len(talk.api.called("sendMessage")) == len(asked):
                    await asyncio.sleep(0.005)
        talk.api._faults["sendMessage"].clear()
        assert "subscribed already" in (await talk.says("/start")).text
