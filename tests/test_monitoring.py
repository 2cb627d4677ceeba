"""What is given for monitoring fits the program: every metric that a panel or an alert names is told by /metrics."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from feeds.publish import metrics
from storage.model import Figures, Role, SourceState, Worker
from tests.support.build import NOW, source

MONITORING = Path(__file__).parents[1] / "docs" / "monitoring"
_NAME = re.compile(r"\bkaigi_[a-z_]+")
_STATES = re.compile(r'state=~?"([a-z|]+)"')


def page() -> str:
    figures = Figures(items=1, meetings=1, sources=1, sources_failing=0, chats=1, deliveries_waiting=0)
    one = replace(source(), last_success_at=NOW - timedelta(hours=1))
    alive = Worker(name="w1", role=Role.WEB, leads=(), started_at=NOW, seen_at=NOW)
    return metrics.render(figures, [one], NOW, standing=metrics.Standing(workers=[alive])).decode()


def told() -> set[str]:
    return set(re.findall(r"^(kaigi_[a-z_]+)", page(), re.MULTILINE))


def expressions() -> Iterator[str]:
    dashboard: dict[str, Any] = json.loads((MONITORING / "grafana-dashboard.json").read_text(encoding="utf-8"))
    yield from (target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
    yield from (rule["expr"] for rule in alerts())


def alerts() -> list[dict[str, str]]:
    """The rules: each begins with `- alert:` and has one line a field."""
    _, *rules = (MONITORING / "alerts.yml").read_text(encoding="utf-8").split("      - alert: ")
    return [{"alert": rule.split()[0], **dict(re.findall(r"^ +([a-z]+): (.+)$", rule, re.MULTILINE))} for rule in rules]


def test_every_metric_that_a_panel_or_an_alert_names_is_told() -> None:
    named = {name for words in expressions() for name in _NAME.findall(words)}
    assert named
    assert named <= told()


def test_every_metric_has_a_panel() -> None:
    dashboard = (MONITORING / "grafana-dashboard.json").read_text(encoding="utf-8")
    assert {name for name in told() if name not in dashboard} == set()


def test_the_states_that_alerts_wait_for_exist() -> None:
    states = {state for words in expressions() for found in _STATES.findall(words) for state in found.split("|")}
    assert states <= {str(state) for state in SourceState}


def labels_of(metric: str) -> set[str]:
    (first, *_) = re.findall(rf"^{metric}(?:{{(.*)}})? ", page(), re.MULTILINE)
    return set(re.findall(r'([a-z_]+)="', first))


def test_the_labels_that_are_asked_for_exist() -> None:
    asked = {(name, label) for words in expressions() for name, labels in re.findall(r"(kaigi_\w+){(.*?)}", words)
             for label in re.findall(r"([a-z_]+)[=!]", labels)}  # fmt: skip
    for rule in alerts():
        (name, *_) = [*_NAME.findall(rule["expr"]), "up"]
        asked |= {(name, label) for label in re.findall(r"\$labels\.([a-z_]+)", str(rule))}
    dashboard: dict[str, Any] = json.loads((MONITORING / "grafana-dashboard.json").read_text(encoding="utf-8"))
    for target in (target for panel in dashboard["panels"] for target in panel["targets"]):
        labels = re.findall(r"{{([a-z_]+)}}", target.get("legendFormat", ""))
        asked |= {(_NAME.findall(target["expr"])[0], label) for label in labels}
    assert ("kaigi_source_state", "state") in asked
    assert {(name, label) for name, label in asked if label not in labels_of(name)} == set()


def test_where_several_processes_tell_the_same_nothing_counts_twice() -> None:
    single = re.compile(r"max (without \(instance\)|by \(job\)) \(|^time\(\) - max\(|/ sum\(")
    assert [words for words in expressions() if "kaigi_" in words and not single.search(words)] == []


def test_alerts_say_what_to_do() -> None:
    for rule in alerts():
        assert rule["summary"], rule["alert"]
        assert rule["description"], rule["alert"]
        assert re.fullmatch(r"\{ severity: (critical|warning|info) \}", rule["labels"]), rule["alert"]
