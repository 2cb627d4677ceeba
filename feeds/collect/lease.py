"""The life of a subscription at a hub, as rules (WebSub, https://www.w3.org/TR/websub/). Pure: `now` comes in.

    found ──ask──► pending ──verified──► active ──at 80 % of the lease──► asked again, still active
                      │                    │ lease over, or two pushes missed ──► found
                      └──denied──► denied  └ source paused ──► leaving ──► resting;  source removed ──► forgotten

A hub is believed slowly and doubted quickly. Polls are made rarer only after it has pushed a few times; when two polls
find news of which it did not tell, they are as frequent as before, and it must prove itself for longer.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from feeds.collect.normalise import one_line
from feeds.collect.schedule import PUSH_SETTLES
from feeds.observed import Advert, Failure, FailureKind
from storage.model import HubState, HubSubscription, Source

SUBSCRIBE = "subscribe"
UNSUBSCRIBE = "unsubscribe"
DENIED = "denied"

LEASE = timedelta(days=10)  #: asked for; the hub decides
LONGEST_LEASE = timedelta(days=15)  #: of a longer one we take no notice, and so notice sooner that a hub forgot us
SHORTEST_REST = timedelta(minutes=1)  #: between two requests about one subscription
SOONEST_RENEWAL = timedelta(minutes=15)  #: however short a lease is; one that ends before is of no use to us
LONGEST_REST = timedelta(days=1)
AFTER_REFUSAL = timedelta(hours=1)  #: the least rest when a hub rejects the request itself
AFTER_DENIAL = timedelta(days=7)
FURTHEST = LONGEST_LEASE + timedelta(days=1)  #: nothing here is written for a later moment
RENEW_AT = 0.8  #: share of the lease
REPEATS = timedelta(minutes=10)  #: for so long a hub may verify again, because our answer may have been lost
FAREWELLS = 5  #: requests to unsubscribe; then the lease simply ends
MISSES = 2
FORGIVEN = timedelta(minutes=15)  #: a push that comes so long after the poll that found its news was only slow
UNSEEN = 3  #: documents in a row without the hub after which it is believed that the publisher left it
ANOTHER_HUB = 5  #: tries after which the next hub of the document is tried
SETTLED = timedelta(hours=1)  #: the least time between two subscriptions of one source
LONGEST_REASON = 200
NO_CALL = "The hub took the request, but has not called back. Can public_url be reached from outside?"

_METHODS = frozenset({"sha1", "sha256", "sha384", "sha512"})
_REJECTIONS = frozenset(
    {
        FailureKind.CLIENT_ERROR,
        FailureKind.FORBIDDEN,
        FailureKind.NOT_FOUND,
        FailureKind.GONE,
        FailureKind.BAD_URL,
        FailureKind.BLOCKED_ADDRESS,
        FailureKind.REDIRECT,
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What becomes of a subscription, and what the hub must be asked for then."""

    after: HubSubscription | None  #: None: forget it
    mode: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Intent:
    """What a hub asks our callback (section 5.3)."""

    mode: str = ""
    topic: str = ""
    challenge: str = ""
    lease_s: int | None = None
    reason: str = ""


def intent(query: Mapping[str, str]) -> Intent:
    """Read the query of a hub's request; a lease that is no number counts as not given."""
    lease = query.get("hub.lease_seconds", "")
    return Intent(
        mode=query.get("hub.mode", ""),
        topic=query.get("hub.topic", ""),
        challenge=query.get("hub.challenge", ""),
        lease_s=int(lease) if lease.isascii() and lease.isdigit() and len(lease) < 12 else None,
        reason=one_line(query.get("hub.reason"), LONGEST_REASON),
    )


def request(about: HubSubscription, mode: str) -> dict[str, str]:
    """The form that asks a hub to begin or to end (section 5.1)."""
    form = {"hub.mode": mode, "hub.topic": about.topic, "hub.callback": about.callback}
    if mode == SUBSCRIBE:
        form |= {"hub.secret": about.secret, "hub.lease_seconds": str(int(LEASE.total_seconds()))}
    return form


def step(about: HubSubscription, wanted: bool, now: datetime) -> Step:
    """What time, and an operator who paused or removed the source, make of a subscription."""
    alive = about.lease_until is not None and _is_ahead(about.lease_until, now)
    if not wanted:
        return _leave(about, alive, now)
    if about.lease_until is not None and not alive:
        # Its next request stands where it stood: a hub whose leases last a second is not asked every second.
        about = replace(about, lease_until=None, state=_without_lease(about))
    if about.state in (HubState.RESTING, HubState.LEAVING):
        about = _anew(about, now)
    if about.next_at is None or _is_ahead(about.next_at, now):
        return Step(after=about)
    if about.state is HubState.PENDING and about.last_error is None:
        about = replace(about, last_error=NO_CALL)
    state = HubState.ACTIVE if about.state is HubState.ACTIVE else HubState.PENDING
    return Step(after=_asked(about, state, now), mode=SUBSCRIBE)


def _is_ahead(moment: datetime, now: datetime) -> bool:
    """Whether a moment is still to come; one further off than any lease was written when the clock was wrong."""
    return now < moment <= now + FURTHEST


def _without_lease(about: HubSubscription) -> HubState:
    if about.state is not HubState.ACTIVE:
        return about.state
    return HubState.PENDING if _is_renewing(about) else HubState.FOUND


def _leave(about: HubSubscription, alive: bool, now: datetime) -> Step:
    if about.state is not HubState.LEAVING:
        about = replace(about, tries=0)
    elif alive and about.next_at is not None and about.next_at > now:
        return Step(after=about)
    if alive and about.tries < FAREWELLS:
        return Step(after=_asked(about, HubState.LEAVING, now), mode=UNSUBSCRIBE)
    return Step(after=_left(about))


def _left(about: HubSubscription) -> HubSubscription | None:
    if about.source_id is None:
        return None
    return replace(about, state=HubState.RESTING, lease_until=None, next_at=None, tries=0)


def _anew(about: HubSubscription, now: datetime) -> HubSubscription:
    return replace(about, state=HubState.FOUND, next_at=now, tries=0)


def _asked(about: HubSubscription, state: HubState, now: datetime) -> HubSubscription:
    """Noted before the request leaves: a process that dies in between asks once more, which a hub takes as renewal."""
    tries = about.tries + 1
    rest = min(SHORTEST_REST * 2 ** min(tries - 1, 20), LONGEST_REST)
    return replace(about, state=state, asked_at=now, tries=tries, next_at=now + rest * _jitter(about, now))


def refused(about: HubSubscription, asked_at: datetime | None, failure: Failure, now: datetime) -> HubSubscription:
    """The request that left at `asked_at` failed. One that the hub has verified all the same did not."""
    verified = about.verified_at is not None and asked_at is not None and about.verified_at >= asked_at
    if about.asked_at != asked_at or verified or about.next_at is None:
        return about
    asked_rest = timedelta(seconds=min(failure.retry_after_s or 0, LONGEST_REST.total_seconds()))
    rest = max(asked_rest, AFTER_REFUSAL if failure.kind in _REJECTIONS else timedelta(0))
    return replace(about, last_error=failure.message, next_at=max(about.next_at, now + rest))


def confirm(about: HubSubscription, heard: Intent, now: datetime) -> Step | None:
    """A hub verifies that we meant it (section 5.3); None: we did not, and the answer is 404."""
    if heard.topic != about.topic or not heard.challenge:
        return None
    if heard.mode == SUBSCRIBE and _is_awaited(about, now):
        return Step(after=_verified(about, heard.lease_s, now))
    if heard.mode == UNSUBSCRIBE and about.state is HubState.LEAVING:
        return Step(after=_left(about))
    return None


def _is_awaited(about: HubSubscription, now: datetime) -> bool:
    if about.state is HubState.PENDING:
        return True
    if about.state is not HubState.ACTIVE or about.verified_at is None:
        return False
    return _is_renewing(about) or now - about.verified_at <= REPEATS


def _is_renewing(about: HubSubscription) -> bool:
    return about.asked_at is not None and about.verified_at is not None and about.asked_at > about.verified_at


def _verified(about: HubSubscription, lease_s: int | None, now: datetime) -> HubSubscription:
    lease = LEASE if lease_s is None else min(timedelta(seconds=lease_s), LONGEST_LEASE)
    return replace(
        about,
        state=HubState.ACTIVE,
        verified_at=now,
        lease_until=now + lease,
        next_at=renewal(about, lease, now),
        tries=0,
        missed=0,
        missed_at=None,
        last_error=None,
    )


def renewal(about: HubSubscription, lease: timedelta, now: datetime) -> datetime:
    """When to ask for the next lease: at four fifths of this one, give or take a twentieth."""
    return now + max(lease * RENEW_AT * _jitter(about, now), SOONEST_RENEWAL)


def deny(about: HubSubscription, heard: Intent, now: datetime) -> Step | None:
    """A hub refuses, now or after months (section 5.2). It is asked again much later, in case it was a mistake."""
    if heard.topic != about.topic or about.state is HubState.RESTING:
        return None
    if about.state is HubState.LEAVING:
        return Step(after=_left(about))
    reason = f"The hub denied it: {heard.reason}" if heard.reason else "The hub denied it without a reason."
    return Step(
        after=replace(about, state=HubState.DENIED, lease_until=None, next_at=now + AFTER_DENIAL, last_error=reason)
    )


def is_signed(secret: str, header: str | None, body: bytes) -> bool:
    """Tell whether `X-Hub-Signature: method=hex` fits (section 8); compared in constant time."""
    method, _, written = (header or "").strip().partition("=")
    if method.lower() not in _METHODS or not written.isascii():
        return False
    return hmac.compare_digest(hmac.new(secret.encode(), body, method.lower()).hexdigest(), written.strip().lower())


def pushed(about: HubSubscription, now: datetime) -> HubSubscription:
    """A push with the right signature came."""
    was_slow = about.missed_at is not None and now - about.missed_at <= FORGIVEN
    return replace(
        about,
        pushes=about.pushes + 1,
        last_push_at=now,
        to_prove=max(about.to_prove - 1, 0),
        missed=max(about.missed - 1, 0) if was_slow else about.missed,
        missed_at=None if was_slow else about.missed_at,
    )


def has_missed(about: HubSubscription, source: Source, new_items: int, now: datetime) -> bool:
    """Tell whether a poll found news of which a hub that we rely on should have told.

    Told is what came since the last news, and not longer ago than a slow cache needs.
    """
    relied = about.relied_until is not None and about.relied_until > now
    if not relied or not new_items:
        return False
    told = about.last_push_at
    since_the_last = told is not None and (source.last_new_at is None or told > source.last_new_at)
    return not (since_the_last and told is not None and now - told <= PUSH_SETTLES)


def missed(about: HubSubscription, now: datetime) -> HubSubscription:
    """One more miss; the last that is borne ends our trust, and the hub is asked anew."""
    count = about.missed + 1
    if count < MISSES:
        return replace(about, missed=count, missed_at=now)
    return replace(
        _anew(about, now),
        missed=0,
        missed_at=now,
        lapses=about.lapses + 1,
        to_prove=2 ** min(about.lapses + 2, 7),
        last_error="The hub stopped pushing; the source is polled as before, and the hub asked anew.",
    )


def choose(about: HubSubscription | None, advert: Advert) -> str:
    """Of several hubs the one that we have, as long as it works; else the next one."""
    if about is None or about.hub not in advert.hubs:
        return advert.hubs[0]
    if about.state is not HubState.DENIED and about.tries < ANOTHER_HUB:
        return about.hub
    return advert.hubs[(advert.hubs.index(about.hub) + 1) % len(advert.hubs)]


def is_another(about: HubSubscription, hub: str, advert: Advert, now: datetime) -> bool:
    """Tell whether a document calls for another subscription than this one.

    A document whose addresses change with every poll must not make us subscribe with every poll, so what was asked
    for within the last hour stays, unless its hub failed.
    """
    if (about.hub, about.topic) == (hub, advert.topic):
        return False
    failed = about.hub != hub and about.hub in advert.hubs
    return failed or about.asked_at is None or now - about.asked_at >= SETTLED


def _jitter(about: HubSubscription, now: datetime) -> float:
    """Between 0.95 and 1.05, the same for the same inputs, so that leases taken together are not renewed together."""
    seed = hashlib.blake2b(f"{about.token} {now.isoformat()}".encode(), digest_size=4).digest()
    return 0.95 + 0.1 * int.from_bytes(seed) / 2**32
