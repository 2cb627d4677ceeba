"""The rules of a subscription's life that need no socket."""

import hashlib
import hmac
from dataclasses import replace
from datetime import timedelta

import pytest

from feeds.collect import lease
from feeds.observed import Advert, Failure, FailureKind
from storage import websub
from storage.model import HubState, HubSubscription
from tests.support.build import NOW, after

BODY = "会談".encode()
SECRET = "a secret"
ABOUT = HubSubscription(
    id=1, source_id=1, hub="https://one.example/", topic="https://t.example/", callback="c", token="t", secret=SECRET
)
ACTIVE = replace(ABOUT, state=HubState.ACTIVE, asked_at=NOW, verified_at=after(seconds=1), next_at=after(days=8))


def signed(method: str = "sha256", secret: str = SECRET, body: bytes = BODY) -> str:
    return f"{method}={hmac.new(secret.encode(), body, getattr(hashlib, method.lower())).hexdigest()}"


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512", "SHA256"])
def test_a_signature_that_fits_is_right_in_every_method(method: str) -> None:
    assert lease.is_signed(SECRET, signed(method), BODY)
    assert lease.is_signed(SECRET, f" {method}={signed(method).partition('=')[2].upper()} ", BODY)


@pytest.mark.parametrize(
    "header",
    [
        None, "", "sha256", "sha256=", "=", "sha256=zz", "sha256=é", signed()[:-1], signed() + "0",
        signed("md5"), signed("sha3_256"), signed("sha1").replace("sha1", "sha256"), signed(secret="another"),
        signed(body=b"another"),
    ],
)  # fmt: skip
def test_a_signature_that_does_not_fit_is_wrong(header: str | None) -> None:
    assert not lease.is_signed(SECRET, header, BODY)


def test_what_hubs_say_is_read_with_care() -> None:
    heard = lease.intent({"hub.mode": "denied", "hub.lease_seconds": "-5", "hub.reason": "a\n\n \0b" + "x" * 500})
    assert (heard.mode, heard.lease_s, heard.topic) == ("denied", None, "")
    assert heard.reason.startswith("a bx")
    assert len(heard.reason) == lease.LONGEST_REASON
    assert lease.intent({"hub.lease_seconds": "9" * 40}).lease_s is None
    assert lease.intent({"hub.lease_seconds": "３６００"}).lease_s is None


def test_a_renewal_comes_at_four_fifths_of_the_lease_and_not_for_all_at_once() -> None:
    span = timedelta(days=10)
    moments = [lease.renewal(replace(ABOUT, token=str(n)), span, NOW) - NOW for n in range(50)]
    assert timedelta(days=7.6) <= min(moments) < max(moments) <= timedelta(days=8.4)
    assert len(set(moments)) > 40


def test_a_hub_whose_leases_last_no_time_is_asked_four_times_an_hour_at_most() -> None:
    for seconds in (0, 1, 300):
        assert lease.renewal(ABOUT, timedelta(seconds=seconds), NOW) - NOW == timedelta(minutes=15)


def test_moments_from_when_the_clock_was_years_ahead_count_for_nothing() -> None:
    assert lease.FURTHEST == websub.FURTHEST
    years_ahead = replace(ACTIVE, next_at=after(days=3000), lease_until=after(days=3002))
    step = lease.step(years_ahead, wanted=True, now=NOW)
    assert (step.mode, step.after and step.after.lease_until) == (lease.SUBSCRIBE, None)
    usual = replace(ACTIVE, lease_until=after(days=10))
    assert lease.step(usual, wanted=True, now=NOW) == lease.Step(after=usual)


def test_a_lease_that_the_hub_did_not_tell_is_taken_for_what_was_asked() -> None:
    pending = replace(ABOUT, state=HubState.PENDING)
    step = lease.confirm(pending, lease.Intent(mode="subscribe", topic=ABOUT.topic, challenge="c"), NOW)
    assert step is not None
    assert step.after is not None
    assert step.after.lease_until == NOW + lease.LEASE


def test_a_hub_that_renews_a_moment_after_the_lease_is_over_is_believed() -> None:
    renewing = replace(ACTIVE, asked_at=after(days=8), lease_until=after(days=10), next_at=after(days=10.1))
    over = lease.step(renewing, wanted=True, now=after(days=10)).after
    assert over is not None
    assert over.lease_until is None
    words = lease.Intent(mode="subscribe", topic=ABOUT.topic, challenge="c")
    assert lease.confirm(over, words, after(days=10, seconds=5)) is not None
    silent = lease.step(replace(renewing, asked_at=NOW), wanted=True, now=after(days=10)).after
    assert silent is not None
    assert lease.confirm(silent, words, after(days=10, seconds=5)) is None


def test_a_failure_that_comes_after_the_verification_changes_nothing() -> None:
    down = Failure(kind=FailureKind.TIMEOUT, message="slow")
    assert lease.refused(ACTIVE, NOW, down, after(seconds=30)) == ACTIVE
    asked_again = replace(ACTIVE, asked_at=after(hours=1))
    assert lease.refused(asked_again, NOW, down, after(seconds=30)) == asked_again
    assert lease.refused(asked_again, after(hours=1), down, after(hours=1)).last_error == "slow"


def test_a_denial_ends_an_active_subscription_and_one_being_left() -> None:
    words = lease.Intent(mode="denied", topic=ABOUT.topic)
    denied = lease.deny(replace(ACTIVE, lease_until=after(days=9), to_prove=0), words, NOW)
    assert denied is not None
    assert denied.after is not None
    assert (denied.after.state, denied.after.relied_until) == (HubState.DENIED, None)
    assert denied.after.last_error == "The hub denied it without a reason."
    left = lease.deny(replace(ACTIVE, state=HubState.LEAVING, source_id=None), words, NOW)
    assert left == lease.Step(after=None)
    assert lease.deny(replace(ABOUT, state=HubState.RESTING), words, NOW) is None


def test_of_several_hubs_the_one_that_works_is_kept() -> None:
    advert = Advert(hubs=("https://zero.example/", ABOUT.hub), topic=ABOUT.topic)
    assert lease.choose(None, advert) == "https://zero.example/"
    assert lease.choose(ABOUT, advert) == ABOUT.hub
    assert lease.choose(replace(ABOUT, tries=lease.ANOTHER_HUB), advert) == "https://zero.example/"
    assert lease.choose(replace(ABOUT, state=HubState.DENIED), advert) == "https://zero.example/"
    assert lease.choose(ABOUT, Advert(hubs=("https://two.example/",), topic="")) == "https://two.example/"


def test_a_source_that_is_resumed_before_its_hub_let_go_is_subscribed_again() -> None:
    leaving = replace(ACTIVE, state=HubState.LEAVING, lease_until=after(days=9), next_at=after(minutes=1))
    assert lease.step(leaving, wanted=False, now=NOW) == lease.Step(after=leaving)
    step = lease.step(leaving, wanted=True, now=NOW)
    assert step.after is not None
    assert (step.after.state, step.mode) == (HubState.PENDING, "subscribe")


def test_a_hub_that_never_verified_need_not_be_left() -> None:
    pending = replace(ABOUT, state=HubState.PENDING, next_at=after(minutes=1))
    step = lease.step(pending, wanted=False, now=NOW)
    assert step.after is not None
    assert (step.after.state, step.mode) == (HubState.RESTING, None)
    assert lease.step(replace(pending, source_id=None), wanted=False, now=NOW).after is None


def test_a_lease_that_ran_out_while_the_hub_was_asked_changes_only_the_lease() -> None:
    asked = replace(ABOUT, state=HubState.PENDING, asked_at=NOW, lease_until=after(hours=-1), next_at=after(hours=1))
    made = lease.step(asked, True, NOW)
    assert made.after == replace(asked, lease_until=None)
