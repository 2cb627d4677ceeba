"""More of Telegram for tests of commands: groups with admins, topics of forums, channels, forwarded posts, files.

async with BotRooms() as api:
    api.make_group(-1001, {7: "administrator"})
    await api.someone_says(-1001, "/follow", user_id=7)
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.bot_api import BOT, BotApi, Sent
from tests.support.bot_texts import ApiError, Json, text_with_entities

ANONYMOUS = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}


@dataclass(kw_only=True)
class BotRooms(BotApi):
    """The server with rooms where people have roles."""

    members: dict[tuple[int, int], str] = field(default_factory=dict)  #: (chat, user) → status
    bot_may_post: set[int] = field(default_factory=set)  #: channels
    names: dict[str, int] = field(default_factory=dict)  #: @name → chat
    files: list[tuple[int, str, bytes]] = field(default_factory=list)  #: chat, file name, content

    def make_group(self, chat_id: int, members: Mapping[int, str]) -> None:
        """A group, with the status of some of its members; others are members."""
        self._chats[chat_id] = {"id": chat_id, "type": "supergroup", "title": "Readers <b>"}
        self.members |= {(chat_id, user): status for user, status in members.items()}

    def make_channel(self, chat_id: int, name: str, members: Mapping[int, str], *, bot_may_post: bool = True) -> None:
        """A channel with a public name."""
        self._chats[chat_id] = {"id": chat_id, "type": "channel", "title": "News & <views>", "username": name}
        self.names[f"@{name}"] = chat_id
        self.members |= {(chat_id, user): status for user, status in members.items()}
        if bot_may_post:
            self.bot_may_post.add(chat_id)

    async def someone_says(
        self, chat_id: int, text: str, *, user_id: int | None = None, language_code: str = "en",
        topic: int | None = None, kind: str = "message", anonymous: bool = False, forwarded_from: int | None = None,
        first_name: str = "Reader",
    ) -> int:  # fmt: skip
        """Put a message before the bot, in a room that exists or in a private chat."""
        if chat_id not in self._chats:
            self.add_chat(chat_id)
        who: Json = {"id": user_id or abs(chat_id), "is_bot": False, "first_name": first_name}
        who |= {"language_code": language_code} if language_code else {}
        message = self._message(chat_id, ANONYMOUS if anonymous else who, text_with_entities(text, None))
        if anonymous:
            message["sender_chat"] = self._chats[chat_id]
        if topic is not None:
            message |= {"message_thread_id": topic, "is_topic_message": True}
        if kind == "channel_post":
            del message["from"]
        if forwarded_from is not None:
            message["forward_origin"] = {
                "type": "channel", "date": int(time.time()), "chat": self._chats[forwarded_from], "message_id": 5,
            }  # fmt: skip
        if kind.startswith("edited"):
            message["edit_date"] = int(time.time())
        return await self._update(kind, message)

    async def someone_clicks(self, message: Sent, data: str, *, user_id: int | None = None) -> str:
        """Send any data as if a button of this message had it. Returns the query's id."""
        self._number += 1
        query = str(self._number)
        self._queries.add(query)
        who = {"id": user_id or abs(message.chat_id), "is_bot": False, "first_name": "Reader", "language_code": "en"}
        shown = self._messages[message.chat_id, message.message_id]
        body = {"id": query, "from": who, "message": shown, "chat_instance": "1", "data": data}
        await self._update("callback_query", body)
        return query

    def _methods(self) -> Any:
        more = {
            "getChat": self._get_chat,
            "getChatMember": self._get_chat_member,
            "sendDocument": self._send_document,
        }
        return {**super()._methods(), **{name.lower(): (name, work) for name, work in more.items()}}

    async def _get_chat(self, parameters: dict[str, str]) -> Json:
        written = parameters.get("chat_id", "")
        chat_id = self.names.get(written) or (int(written) if written.lstrip("-").isdigit() else 0)
        if chat_id not in self._chats:
            raise ApiError(400, "Bad Request: chat not found")
        full = {"accent_color_id": 1, "max_reaction_count": 11, "accepted_gift_types": _GIFTS}
        return {**self._chats[chat_id], **full}

    async def _get_chat_member(self, parameters: dict[str, str]) -> Json:
        chat_id, user_id = int(parameters["chat_id"]), int(parameters["user_id"])
        if chat_id not in self._chats:
            raise ApiError(400, "Bad Request: chat not found")
        if user_id == BOT["id"]:
            status = "administrator" if chat_id in self.bot_may_post else "left"
        else:
            status = self.members.get((chat_id, user_id), "member")
        user = BOT if user_id == BOT["id"] else {"id": user_id, "is_bot": False, "first_name": "Reader"}
        member: Json = {"user": user, "status": status}
        if status == "administrator":
            member |= dict.fromkeys(_RIGHTS, False) | {"can_post_messages": chat_id in self.bot_may_post}
        if status == "creator":
            member["is_anonymous"] = False
        return member

    async def _send_document(self, parameters: dict[str, str]) -> Json:
        chat_id = self._writable(parameters)
        name, _, content = parameters["document"].partition("\n")
        self.files.append((chat_id, name, content.encode()))
        document = {"file_id": "1", "file_unique_id": "1", "file_name": name}
        async with self._changed:
            self._changed.notify_all()
        return self._message(chat_id, BOT, {"document": document, "caption": parameters.get("caption", "")})

    async def _send_message(self, parameters: dict[str, str]) -> Json:
        message = await super()._send_message(parameters)
        if parameters.get("message_thread_id"):
            message |= {"message_thread_id": int(parameters["message_thread_id"]), "is_topic_message": True}
        return message


_RIGHTS = (
    "can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats",
    "can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories",
    "can_edit_stories", "can_delete_stories",
)  # fmt: skip
_GIFTS = dict.fromkeys(
    ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), False
)


def data_of(sent: Sent) -> list[str]:
    """The data of a message's buttons."""
    return [button["callback_data"] for row in sent.buttons for button in row if "callback_data" in button]


def as_json(content: bytes) -> Json:
    """A file's content."""
    found: Json = json.loads(content)
    return found
