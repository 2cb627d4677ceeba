"""The world of the campaign about delivery: what happens to each call at random, and what must be true after it."""

import random
from collections import Counter
from collections.abc import Mapping

from bench.delivery_side import key_of
from bench.figures import Goal, print_table
from tests.support.bot_api import BotApi
from tests.support.bot_limits import Fault

Key = tuple[int, int]
#: How long the bot waits for an answer: longer than a machine that is busy makes it wait, or answers would be lost that
#: this world does not know of.
PATIENCE_S = 4.0
SUPER = 10**12  #: what a group's number loses when it becomes a supergroup


class World:
    """Random faults, and what must be true after them."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.api: BotApi | None = None
        self.lost_answers: Counter[Key] = Counter()
        self.refused: set[Key] = set()
        self.happened: Counter[str] = Counter()

    def fate(self, method: str, parameters: Mapping[str, str]) -> Fault | None:
        """What happens to a call: one in five meets something."""
        key = key_of(parameters)
        if method != "sendMessage" or key is None:
            return None
        kinds = ("429", "403", "400", "500", "502", "before", "after", "slow", "migrate", "")
        kind = self.dice.choices(kinds, (0.2, 0.5, 1, 0.2, 0.2, 2, 2, 0.7, 0.5, 92.7))[0]
        self.happened[kind] += bool(kind)
        return self._fault(kind, key)

    def _fault(self, kind: str, key: Key) -> Fault | None:
        match kind:
            case "429":
                body = {"error_code": 429, "description": "Too Many Requests: retry after 1"}
                return _error({**body, "parameters": {"retry_after": 1}})
            case "403" | "400":
                self.refused.add(key)
                words = {"403": "Forbidden: bot was blocked by the user", "400": "Bad Request: can't parse entities"}
                return _error({"error_code": int(kind), "description": words[kind]})
            case "500" | "502":
                return _error({"error_code": int(kind), "description": "Internal Server Error"})
            case "before":
                return Fault(drop_before=True)
            case "after" | "slow":
                self.lost_answers[key] += 1
                return Fault(drop_after=True) if kind == "after" else Fault(delay_s=PATIENCE_S + 1)
            case "migrate" if -SUPER < key[1] < 0 and self.api is not None:  # a supergroup never moves again
                new = key[1] - SUPER
                self.api.moved[key[1]] = new
                self.api.add_chat(new)
        return None

    def goals(self, got: Counter[Key], states: dict[Key, str]) -> list[Goal]:
        """Compare what the server saw with what the outbox says."""
        arrived: Counter[Key] = Counter()
        for (story, chat), count in got.items():
            arrived[story, _before(chat)] += count
        told = {(story, _before(chat)): state for (story, chat), state in states.items()}
        refused = {(story, _before(chat)) for story, chat in self.refused}
        lost = [key for key, state in told.items() if not arrived[key] and key not in refused]
        unexpected = [
            key for key, state in told.items()
            if (state == "sent") != bool(arrived[key]) and not (state == "uncertain" or key in refused)
        ]  # fmt: skip
        answers = Counter[Key]()
        for (story, chat), count in self.lost_answers.items():
            answers[story, _before(chat)] += count
        needless = [key for key, count in arrived.items() if count - 1 > answers[key]]
        twice = sum(count - 1 for count in arrived.values())
        print_table(("what happened", "times"), [(name, str(count)) for name, count in self.happened.most_common()])
        print(f"{sum(arrived.values())} messages arrived, {twice} of them a second time; {Counter(told.values())}")
        return [
            Goal(name=f"{len(told):,} sends under faults: lost", goal=0, value=len(lost), unit="", at_least=False),
            Goal(name="rows that say what is not so", goal=0, value=len(unexpected), unit="", at_least=False),
            Goal(name="duplicates without a lost answer", goal=0, value=len(needless), unit="", at_least=False),
        ]


def _error(body: dict[str, object]) -> Fault:
    return Fault(error={"ok": False, **body})


def _before(chat: int) -> int:
    """A chat's number before it became a supergroup."""
    return chat + SUPER if chat < -SUPER else chat
