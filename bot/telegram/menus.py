"""The menus: messages with buttons, from how things stand with a chat. Pure.

Data of a button is `v1:<act>:<arguments>`, or `v1:<act>@<chat's number>:…` when it is about a channel that is managed
from a private chat. It can be forged, so nothing here is believed when it comes back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from bot.telegram.choices import Choice, choices, page_of, short, tag_label
from bot.telegram.markup import Button, Message, Piece, Rows, block, bold, within, words
from bot.telegram.texts import text
from feeds.publish.words import FEED_TITLES, Language
from storage.filters import MEETINGS
from storage.follows import ALL
from storage.model import Chat, Filter, Mute

ZONES = (
    "Asia/Tokyo", "Asia/Seoul", "Asia/Singapore", "Asia/Manila", "Australia/Sydney", "Asia/Kolkata", "Europe/Berlin",
    "Europe/London", "America/New_York", "America/Los_Angeles", "Pacific/Honolulu", "UTC",
)  # fmt: skip
LANGUAGE_NAMES = {"ja": "日本語", "en": "English"}


@dataclass(frozen=True, slots=True)
class Menu:
    """Makes the menus for one reader about one chat."""

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

    # The three taps after /start

    def languages(self, head: str, act: str = "sl") -> Message:
        """Which language?"""
        row = tuple(self.button(name, act, code) for code, name in LANGUAGE_NAMES.items())
        return self.message([block(head)], (row,))

    def what(self) -> Message:
        """What to follow?"""
        return self.message(
            [block(self.say("What do you want to hear of?"))],
            (
                (self.button("🌐 " + self.say("All meetings of defence ministers"), "sw", "all"),),
                (self.button("☑️ " + self.say("Only what I choose"), "sw", "some"),),
            ),
        )

    def how(self) -> Message:
        """At once or as a digest?"""
        return self.message(
            [block(self.say("When do you want to hear of it?"))],
            (
                (self.button("⚡ " + self.say("At once"), "sh", "off"),),
                (self.button("📬 " + self.say("Every day at {time}", time="08:00"), "sh", "d"),),
                (self.button("🗓 " + self.say("Every Monday at {time}", time="08:00"), "sh", "w"),),
            ),
        )

    def done(self, told: Sequence[str], followed: str) -> Message:
        """What was chosen."""
        lines = [bold(words("✅ " + self.say("All set."))), block(followed), *(words(one) for one in told)]
        return self.message(lines, ((self.button(self.say("My settings"), "mi"),),))

    # Following

    def follow(self, subscribed: bool, tags: Sequence[str], *, starting: bool = False) -> Message:
        """The first page of following."""
        mark = "✅" if subscribed else "☐"
        rows = [
            (self.button(f"{mark} {self.say('All meetings of defence ministers')}", "fa"),),
            (
                self.button("🏳 " + self.say("Countries"), "fl", "c", 0),
                self.button("👤 " + self.say("Ministers"), "fl", "p", 0),
            ),
            (
                self.button("🏛 " + self.say("Series"), "fl", "s", 0),
                self.button("🤝 " + self.say("Kinds"), "fl", "k", 0),
            ),
            (self.button("🔎 " + self.say("Filters"), "ff", 0),),
            (self.button("✔️ " + self.say("Done"), "sq" if starting else "mi"),),
        ]
        lines = [block(self.say("Choose what this chat follows. Or write, for example, /follow Australia."))]
        if subscribed and tags:
            note = self.say("It gets all meetings of ministers. Switch that off to get only what you choose.")
            lines.append(block(note))
        return self.message(lines, tuple(rows))

    def page(self, view: str, page: int, tags: Sequence[str], now: datetime) -> Message:
        """A page of countries, ministers, series or kinds, each a button that switches it on or off."""
        today = now.astimezone(ZoneInfo(self.chat.time_zone)).date()
        shown, page, pages = page_of(choices(view, self.language, today), page)
        buttons = [self._toggle(one, "ft", view, page, on=one.tag in tags) for one in shown]
        wide = 2 if view == "c" else 1
        rows = [tuple(buttons[at : at + wide]) for at in range(0, len(buttons), wide)]
        rows += self._turning("fl", view, page, pages)
        head = {
            "c": self.say("Countries"), "p": self.say("Ministers"), "s": self.say("Series"), "k": self.say("Kinds"),
        }[view]  # fmt: skip
        return self.message([bold(words(head))], (*rows, (self.button("↩️ " + self.say("Back"), "fh"),)))

    def _toggle(self, one: Choice, act: str, *arguments: object, on: bool) -> Button:
        return self.button(f"{'✅' if on else '☐'} {one.label}", act, *arguments, short(one.tag))

    def _turning(self, act: str, view: str, page: int, pages: int) -> list[tuple[Button, ...]]:
        if pages < 2:
            return []
        before = self.button("‹", act, view, (page - 1) % pages)
        after = self.button("›", act, view, (page + 1) % pages)
        return [(before, self.button(f"{page + 1}/{pages}", act, view, page), after)]

    def filters(self, offered: Sequence[Filter], subscribed: Sequence[Filter], page: int) -> Message:
        """The filters that admins made."""
        on = {one.id for one in subscribed}
        shown = [Choice(str(one.id), filter_title(one, self.language)) for one in offered]
        part, page, pages = page_of(shown, page)
        rows: list[tuple[Button, ...]] = [(self._toggle(one, "fs", page, on=int(one.tag) in on),) for one in part]
        if pages > 1:
            rows.append((self.button("‹", "ff", (page - 1) % pages), self.button("›", "ff", (page + 1) % pages)))
        lines = [bold(words(self.say("Filters"))), block(self.say("Each is also a feed on the web page."))]
        return self.message(lines, (*rows, (self.button("↩️ " + self.say("Back"), "fh"),)))

    def choose(self, head: str, found: Sequence[Choice], act: str, on: Iterable[str] = ()) -> Message:
        """Several things are meant by some words: which?"""
        chosen = set(on)
        rows = [(self._toggle(one, act, on=one.tag in chosen),) for one in found]
        return self.message([block(head)], tuple(rows))

    # What a chat follows, mutes, and how it is set

    def mine(self, subscribed: Sequence[Filter], tags: Sequence[str], mutes: Sequence[Mute], page: int = 0) -> Message:
        """What the chat follows, with buttons that end it, and the way to its settings."""
        lines = [bold(words("⭐ " + self.say("What this chat follows")))]
        lines += [words("• " + filter_title(one, self.language), 200) for one in subscribed]
        lines += [words("• " + tag_label(tag, self.language), 200) for tag in tags]
        if not subscribed and not tags:
            lines.append(words(self.say("Nothing yet. /follow begins.")))
        lines += [Piece(), *(words(one, 300) for one in self.settings_lines(mutes))]
        removable = [Choice(f"f{one.id}", filter_title(one, self.language)) for one in subscribed]
        removable += [Choice(short(tag), tag_label(tag, self.language)) for tag in tags]
        shown, page, pages = page_of(removable, page)
        rows: list[tuple[Button, ...]] = [(self.button(f"➖ {one.label}", "rm", page, one.tag),) for one in shown]
        if pages > 1:
            rows.append((self.button("‹", "mp", (page - 1) % pages), self.button("›", "mp", (page + 1) % pages)))
        rows.append((self.button("➕ " + self.say("Follow"), "fh"), self.button("🔕 " + self.say("Muted"), "mu")))
        rows.append((self.button("⚙️ " + self.say("Settings"), "se"),))
        return self.message(lines, tuple(rows))

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

    def settings(self) -> Message:
        """All settings as buttons."""
        chat = self.chat
        quiet = self.say("Quiet hours: {hours}", hours=chat.quiet) if chat.quiet else self.say("No quiet hours")
        return self.message(
            [bold(words("⚙️ " + self.say("Settings")))],
            (
                (self.button("🗣 " + LANGUAGE_NAMES.get(chat.language, chat.language), "la"),),
                (self.button(f"🕰 {chat.time_zone}", "zl"),),
                (self.button("📬 " + self.digest_words(chat.digest), "dl"),),
                (self.button("🌙 " + quiet, "ql"),),
                (self.button("🏛 " + self.sides_words(), "si"),),
                (self.button("🔁 " + self.follow_up_words(), "fu"),),
                (self.button("↩️ " + self.say("Back"), "mi"),),
            ),
        )

    def digests(self) -> Message:
        """When digests come."""
        head = self.digest_words(self.chat.digest)
        also = self.say("Or write /digest daily 18:30, /digest weekly fri 18:30 or /digest off.")
        rows = (
            (self.button("⚡ " + self.say("At once"), "di", "off"),),
            (self.button("📬 " + self.say("Every day at {time}", time="08:00"), "di", "d"),),
            (self.button("🗓 " + self.say("Every Monday at {time}", time="08:00"), "di", "w"),),
            (self.button("↩️ " + self.say("Back"), "se"),),
        )
        return self.message([bold(words(head)), block(also)], rows)

    def quiet_hours(self) -> Message:
        """When no message comes."""
        hours = self.chat.quiet
        head = self.say("Quiet hours: {hours}", hours=hours) if hours else self.say("No quiet hours")
        also = self.say(
            "Or write /quiet 22:00-07:00 or /quiet off. The hours are those of {zone}.", zone=self.chat.time_zone
        )
        rows = (
            (self.button("22:00-07:00", "qu", "22"), self.button("23:00-06:00", "qu", "23")),
            (self.button(self.say("Off"), "qu", "off"),),
            (self.button("↩️ " + self.say("Back"), "se"),),
        )
        return self.message([bold(words(head)), block(also)], rows)

    def zones(self, offered: Sequence[str] = ZONES, head: str = "") -> Message:
        """Which time zone?"""
        told = head or self.say(
            "The time zone is {zone}. Choose another, or write /zone Paris.", zone=self.chat.time_zone
        )
        buttons = [self.button(zone_label(zone), "zo", zone) for zone in offered[:12]]
        rows = [tuple(buttons[at : at + 2]) for at in range(0, len(buttons), 2)]
        return self.message([block(told)], (*rows, (self.button("↩️ " + self.say("Back"), "se"),)))

    def muted(self, mutes: Sequence[Mute], stories: dict[str, str]) -> Message:
        """What the chat mutes, with buttons that end it. `stories` names the meetings among it."""
        lines = [bold(words("🔕 " + self.say("What this chat mutes")))]
        if not mutes:
            lines.append(words(self.say("Nothing.")))
        named = [(one, self.mute_label(one.tag, stories)) for one in mutes]
        lines += [words("• " + self.until(one.until, name), 300) for one, name in named]
        lines.append(
            block(self.say("The buttons below an alert mute its meeting or its series; /mute Australia a country."))
        )
        rows = [(self.button(f"🔔 {name}", "un", short(one.tag)),) for one, name in named[:20]]
        return self.message(lines, tuple(rows))

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

    def pauses(self, pause: Mute | None) -> Message:
        """How long to pause?"""
        head = (
            self.until(pause.until, self.say("Paused")) if pause else self.say("For how long should it be silent here?")
        )
        also = self.say("What is missed is not sent later; /last shows it. /pause 3d is a pause of three days.")
        rows: list[tuple[Button, ...]] = [
            (self.button(self.say("An hour"), "pa", "1h"), self.button(self.say("A day"), "pa", "1d")),
            (self.button(self.say("A week"), "pa", "1w"), self.button(self.say("Until I say so"), "pa", "ever")),
        ]
        if pause:
            rows.append((self.button("▶️ " + self.say("Go on now"), "pa", "off"),))
        return self.message([bold(words(head)), block(also)], tuple(rows))

    def about_meeting(self, number: int, name: str, found: Sequence[Choice], tags: Sequence[str]) -> Message:
        """What of the meeting with this number can be followed: its countries, ministers and series."""
        rows = [(self._toggle(one, "fx", number, on=one.tag in tags),) for one in found[:20]]
        return self.message([block(self.say("Follow what {meeting} is about:", meeting=name))], tuple(rows))


def filter_title(one: Filter, language: Language) -> str:
    """A filter as readers know it: built-in ones are translated."""
    if one.key == MEETINGS:
        return text(language, "All meetings of defence ministers")
    return FEED_TITLES[language].get(one.key, one.title)


def zone_label(zone: str) -> str:
    """A zone's city."""
    return zone.rsplit("/", 1)[-1].replace("_", " ")
