"""What menus say about a chat: its settings in words, and the parts that every menu is made of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from bot.telegram.choices import tag_label
from bot.telegram.markup import Button, Message, Piece, Rows, bold, within, words
from bot.telegram.texts import text
from feeds.publish.words import FEED_TITLES, Language
from storage.filters import MEETINGS
from storage.follows import ALL
from storage.model import Chat, Filter, Mute

LANGUAGE_NAMES = {"ja": "日本語", "en": "English"}


@dataclass(frozen=True, slots=True)
class Saying:
    """Speaks to one reader about one chat."""

    language: Language  #: of the reader
    chat: Chat  #: the chat whose settings are shown
    remote: bool = False  #: it is a channel, managed from here

    def say(self, message: str, **values: object) -> str:
        """A sentence in the reader's language."""
        return text(self.language, message, **values)

    def button(self, words_of: str, act: str, *arguments: object) -> Button:
        """A button that acts on the chat."""
        about = f"@{self.chat.id}" if self.remote else ""
        return Button(words_of[:60], data=":".join(["v1", f"{act}{about}", *map(str, arguments)]))

    def message(self, lines: Iterable[Piece], buttons: Rows) -> Message:
        """A menu; one about a channel says which."""
        about = [bold(words("📢 " + (self.chat.title or self.chat.address)))] if self.remote else []
        return Message(within([*about, *lines]), buttons)

    def settings_lines(self, mutes: Sequence[Mute]) -> list[str]:
        """The settings of the chat, a line each."""
        chat, lines = self.chat, []
        pause = next((one for one in mutes if one.tag == ALL), None)
        if pause is not None:
            lines.append("⏸ " + self.until(pause.until, self.say("Paused")))
        others = sum(one.tag != ALL for one in mutes)
        if others:
            lines.append("🔕 " + self.say("Muted: {count}", count=others))
        lines += [
            "🗣 " + LANGUAGE_NAMES.get(chat.language, chat.language),
            f"🕰 {chat.time_zone}",
            "📬 " + self.digest_words(chat.digest),
            "🌙 " + (self.say("Quiet hours: {hours}", hours=chat.quiet) if chat.quiet else self.say("No quiet hours")),
            "🏛 " + self.sides_words(),
            "🔁 " + self.follow_up_words(),
        ]
        return lines

    def digest_words(self, spec: str) -> str:
        """A digest's setting in words."""
        parts = spec.split()
        if len(parts) == 2:
            return self.say("A digest every day at {time}", time=parts[1])
        if len(parts) == 3:
            return self.say("A digest every week: {day} {time}", day=self.weekday(parts[1]), time=parts[2])
        return self.say("Alerts at once, no digest")

    def weekday(self, day: str) -> str:
        """A day of the week in words, for `mon`, `tue`, …"""
        names = {
            "mon": self.say("Monday"), "tue": self.say("Tuesday"), "wed": self.say("Wednesday"),
            "thu": self.say("Thursday"), "fri": self.say("Friday"), "sat": self.say("Saturday"),
            "sun": self.say("Sunday"),
        }  # fmt: skip
        return names.get(day, day)

    def sides_words(self) -> str:
        """How side meetings of a conference are told."""
        return {
            "parent": self.say("Side meetings within the conference's message"),
            "mine": self.say("Side meetings only of countries that I follow"),
        }.get(self.chat.sides, self.say("Side meetings each with a message"))

    def follow_up_words(self) -> str:
        """How changes are told."""
        return {
            "loud": self.say("Changes with a sound"),
            "off": self.say("Changes only in the first message"),
        }.get(self.chat.follow_ups, self.say("Changes without a sound"))

    def mute_label(self, tag: str, stories: dict[str, str]) -> str:
        """What is muted, in words."""
        return self.say("Everything (a pause)") if tag == ALL else stories.get(tag) or tag_label(tag, self.language)

    def until(self, moment: datetime | None, what: str) -> str:
        """Something, and until when."""
        if moment is None:
            return what
        form = "M月d日 HH:mm" if self.language == "ja" else "d MMM HH:mm"
        shown = format_datetime(moment.astimezone(ZoneInfo(self.chat.time_zone)), form, locale=self.language)
        return self.say("{what} (until {moment})", what=what, moment=shown)


def filter_title(one: Filter, language: Language) -> str:
    """A filter as readers know it: built-in ones are translated."""
    if one.key == MEETINGS:
        return text(language, "All meetings of defence ministers")
    return FEED_TITLES[language].get(one.key, one.title)


def zone_label(zone: str) -> str:
    """A zone's city."""
    return zone.rsplit("/", 1)[-1].replace("_", " ")
