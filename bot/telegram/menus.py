"""The menus: messages with buttons, from how things stand with a chat. Pure.

Data of a button is `v1:<act>:<arguments>`, or `v1:<act>@<chat's number>:…` when it is about a channel that is managed
from a private chat. It can be forged, so nothing here is believed when it comes back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.telegram.choices import Choice, choices, page_of, short, tag_label
from bot.telegram.markup import Button, Message, Piece, block, bold, words
from bot.telegram.saying import LANGUAGE_NAMES, Saying, filter_title, zone_label
from storage.model import Filter, Mute

ZONES = (
    "Asia/Tokyo", "Asia/Seoul", "Asia/Singapore", "Asia/Manila", "Australia/Sydney", "Asia/Kolkata", "Europe/Berlin",
    "Europe/London", "America/New_York", "America/Los_Angeles", "Pacific/Honolulu", "UTC",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Menu(Saying):
    """Makes the menus for one reader about one chat."""

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
