"""Which story an admin means, and how it is shown: shared by `/why`, `/correct`, `/resend` and `/review`."""

from bot.telegram.admin.answers import Ask, bold, esc, lines, link
from feeds import correcting
from feeds.publish.card import card
from storage import news, tracing
from storage.database import Connection
from storage.errors import NotFound
from storage.model import Channel, ListedItem, MeetingStory

FOUND = 6  #: articles that are offered when words fit several


def pointed_at(connection: Connection, ask: Ask) -> str | None:
    """What an admin's reply points at: the story of our message, else the first address in it that we know."""
    quote = ask.quote
    if quote is None:
        return None
    told = tracing.told_in(connection, Channel.TELEGRAM, str(ask.user_id), str(quote.message_id))
    if told is not None:
        return str(told)
    return next((address for address in quote.links if _is_known(connection, address)), None)


def _is_known(connection: Connection, address: str) -> bool:
    try:
        correcting.find(connection, address)
    except NotFound:
        return False
    return True


def search(connection: Connection, ask: Ask, words: str) -> tuple[ListedItem, ...]:
    """The newest articles that have these words."""
    return correcting.look_up(connection, words, ask.now, FOUND)


def headline(connection: Connection, ask: Ask, story_id: int) -> str:
    """The story as one line: the meeting's name, else its first article's headline."""
    try:
        told: MeetingStory | None = news.meeting(connection, story_id)
    except NotFound:
        told = None
    if told is not None:
        shown = card(told, ask.language)
        about = " · ".join(row.value for row in shown.rows if row.key in ("when", "where"))
        return lines(f"{shown.flags} {bold(shown.headline)}", esc(about))
    first = next(iter(tracing.items_of(connection, story_id)), None)
    return link(first.url, first.title) if first else ask.say("Story {story}", story=story_id)
