"""The state of the service in the text format of Prometheus. Pure: figures in, bytes out, and no counter of our own.

Everything is a gauge read from the database at the moment of the scrape, so a restart loses nothing and several
processes tell the same.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from feeds.collect.schedule import has_moved
from storage.model import Figures, HubState, HubSubscription, Role, Source, SourceState, Worker

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How the service itself stands."""

    deliveries_due: int = 0  #: messages that only their channel keeps from leaving
    notices_waiting: int = 0
    troubles: Collection[str] = ()  #: of which admins were told, and not that they are over
    workers: Sequence[Worker] = ()  #: the processes that live, where it runs on PostgreSQL


def render(
    figures: Figures,
    sources: Sequence[Source],
    now: datetime,
    *,
    hubs: Sequence[HubSubscription] = (),
    flooded: Collection[int] = (),
    standing: Standing = Standing(),
) -> bytes:
    """All metrics; disabled sources are left out. `flooded`: ids of sources with a flood in the last day."""
    registry = CollectorRegistry()
    totals = {
        "kaigi_items": ("Articles in the archive", figures.items),
        "kaigi_meetings": ("Meetings in the archive", figures.meetings),
        "kaigi_chats": ("Chats that may be sent to", figures.chats),
        "kaigi_deliveries_waiting": ("Messages that are owed and not yet delivered", figures.deliveries_waiting),
        "kaigi_deliveries_due": ("Of these, what only the channel keeps from leaving", standing.deliveries_due),
        "kaigi_notices_waiting": ("Messages to admins that are not yet delivered", standing.notices_waiting),
    }
    for name, (about, value) in totals.items():
        Gauge(name, about, registry=registry).set(value)
    enabled = [source for source in sources if source.definition.enabled]
    _sources(registry, enabled)
    _hubs(registry, hubs)
    _changes(registry, enabled, now, flooded)
    _troubles(registry, standing.troubles)
    _processes(registry, standing.workers)
    return generate_latest(registry)


def _hubs(registry: CollectorRegistry, hubs: Sequence[HubSubscription]) -> None:
    """Per state and in all, not per hub: whoever names a hub must not choose the labels."""
    states = Gauge("kaigi_hub_subscriptions", "Subscriptions at WebSub hubs", ["state"], registry=registry)
    for each in HubState:
        states.labels(each.value).set(sum(hub.state is each for hub in hubs))
    totals = {
        "kaigi_hub_pushes": ("Pushes with a right signature", sum(hub.pushes for hub in hubs)),
        "kaigi_hub_pushes_refused": ("Pushes whose signature was wrong", sum(hub.refused for hub in hubs)),
        "kaigi_hub_lapses": ("Hubs that were relied on and stopped pushing", sum(hub.lapses for hub in hubs)),
    }
    for name, (about, value) in totals.items():
        Gauge(name, about, registry=registry).set(value)


def _troubles(registry: CollectorRegistry, troubles: Collection[str]) -> None:
    """What is well shows 0, so that an alarm ends; parts that are missing are named as they go missing."""
    gauge = Gauge("kaigi_trouble", "1 while admins know the service itself in trouble", ["about"], registry=registry)
    for about in sorted({"backups", "database", "disk", *troubles}):
        gauge.labels(about).set(about in troubles)


def _processes(registry: CollectorRegistry, workers: Sequence[Worker]) -> None:
    """Told for each role as soon as one process lives, so that an alarm can be set on a part that is missing."""
    if workers:
        living = Gauge("kaigi_processes", "Processes that gave a sign of life lately", ["role"], registry=registry)
        for role in Role:
            living.labels(role.value).set(sum(worker.role is role for worker in workers))


def _changes(registry: CollectorRegistry, enabled: Sequence[Source], now: datetime, flooded: Collection[int]) -> None:
    moved = Gauge("kaigi_source_moved", "1 when a source is read from a new address", ["source"], registry=registry)
    flood = Gauge(
        "kaigi_source_flooded",
        "1 when a poll of the last day brought far more than usual",
        ["source"],
        registry=registry,
    )
    for source in enabled:
        moved.labels(source.definition.key).set(has_moved(source, now))
        flood.labels(source.definition.key).set(source.id in flooded)


def _sources(registry: CollectorRegistry, enabled: Sequence[Source]) -> None:
    state = Gauge("kaigi_source_state", "1 for the state in which a source is", ["source", "state"], registry=registry)
    failures = Gauge("kaigi_source_failures", "Failed polls in a row", ["source"], registry=registry)
    success = Gauge(
        "kaigi_source_last_success_timestamp_seconds", "When a source was last read", ["source"], registry=registry
    )
    pushed = Gauge("kaigi_source_pushed", "1 while a hub is relied on to push", ["source"], registry=registry)
    for source in enabled:
        key = source.definition.key
        pushed.labels(key).set(source.pushed_until is not None)
        for each in SourceState:
            state.labels(key, each.value).set(source.state is each)
        failures.labels(key).set(source.failures)
        if source.last_success_at is not None:
            success.labels(key).set(source.last_success_at.timestamp())
