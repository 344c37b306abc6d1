"""Prometheus and Alertmanager watch a real API by a real key: two alerts ring and resolve, and every number is there"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from src.journal.monitoring_tables import MONITOR_PROGRESS
from tests.api.live import DIGESTS, HEADERS, Server
from tests.conftest import Project
from tests.journal.monitored_rows import START, seed
from tests.monitoring.prometheus import PANELS, RULES, SELECTOR, Prometheus, watching
from tests.monitoring.seeded import opened
from tests.ports import wait_until

KEY = "key-of-prometheus"
KEYS = f"{DIGESTS},prometheus:{sha256(KEY.encode()).hexdigest()}:read"
RING = {"LastroNoPredictions", "LastroMonitorOverdue"}
BUSY = {"LastroDown", "LastroSlow"}  # may ring on a machine that is, for intervals are short
LIVE = 20.0  # seconds at most until a message has come


@dataclass(frozen=True)
class Watched:
    """A client of an API, its log, and who watches it."""

    client: httpx.Client
    log: sa.Engine
    prometheus: Prometheus
    applicant: dict[str, Any]
    outcome: str  # a label of the contract's

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self.client.post(path, json=body).raise_for_status().json()

    def applies(self) -> str:
        """Score somebody."""
        return str(self.post("/predict", self.applicant)["prediction_id"])

    def monitor_succeeded(self, at: datetime) -> None:
        """Note what the monitor notes, of a policy without silence_hours."""
        value = {"last_success": at.isoformat(), "receiver": "ok", "silence_hours": None, "minutes": 15.0}
        with self.log.begin() as connection:
            connection.execute(MONITOR_PROGRESS.update().values(value=json.dumps(value)))


@pytest.fixture(scope="module")
def watched(
    prometheus: tuple[str, str], light_run: Project, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Watched]:
    """A log in which a monitor was at work long ago, and nobody applies."""
    folder, models = tmp_path_factory.mktemp("watched"), light_run.root / "models"
    log = opened(f"sqlite:///{folder}/api/journal.db")
    with log.begin() as connection:
        seed(connection)
    server = Server(folder, models, env={"LASTRO_API_KEYS": KEYS}).start()
    schemas = httpx.get(f"{server.url}/openapi.json").json()["components"]["schemas"]
    applicant, outcome = approved(server, schemas["Applicant"]), schemas["Outcome"]["example"]["outcome"]
    with (
        watching(tmp_path_factory.mktemp("prometheus"), server.port, KEY, prometheus) as programs,
        httpx.Client(base_url=server.url, headers=HEADERS) as client,
    ):
        found = Watched(client, log, programs, applicant, outcome)
        found.monitor_succeeded(START)
        yield found
    server.stop()
    log.dispose()


def approved(api: Server, schema: dict[str, Any]) -> dict[str, Any]:
    """Somebody who is approved, found by what-ifs, which are no applicants: one label of the example is another."""
    fields = {name: field["enum"] for name, field in schema["properties"].items() if "enum" in field}
    tried = [schema["example"] | {name: label} for name, labels in fields.items() for label in labels]
    ask = f"{api.url}/predict/batch?purpose=what-if"
    answers = httpx.post(ask, json={"applicants": tried}, headers=HEADERS).raise_for_status().json()["predictions"]
    return next(one for one, found in zip(tried, answers, strict=True) if found["decision"] == "approve")


def test_alerts_ring_reach_a_receiver_and_resolve(watched: Watched) -> None:
    told = watched.prometheus.told
    wait_until(lambda: told("FIRING") >= RING, LIVE)
    watched.monitor_succeeded(datetime.now(UTC))
    wait_until(lambda: bool(watched.applies()) and told("RESOLVED") >= RING, LIVE)
    assert told("FIRING") - RING <= BUSY
    texts = [one["text"] for message in watched.prometheus.receiver.received for one in message["attachments"]]
    assert all(re.search(r"What to do: docs/operations\.md#lastro\w+$", text.strip()) for text in texts)


def test_every_panel_shows_something(watched: Watched) -> None:
    left: list[tuple[str, str, str]] = []

    def whole() -> bool:
        known = {"prediction_id": watched.applies(), "outcome": watched.outcome}
        watched.post("/outcomes", {"outcomes": [known]})
        left[:] = [
            (name, panel["title"], target["expr"])
            for name, panel in PANELS
            for target in panel["targets"]
            if not watched.prometheus.series(target["expr"].replace("$__rate_interval", "1m"))
        ]
        return not left

    with suppress(AssertionError):
        wait_until(whole, LIVE)
    assert left == []


def test_every_metric_and_label_of_a_rule_names_a_live_series(watched: Watched) -> None:
    watched.applies()
    wait_until(lambda: bool(watched.prometheus.series("lastro:predict_seconds:p99_5m")), LIVE)
    for rule in RULES:
        found = {one: watched.prometheus.ask("series", **{"match[]": one}) for one in SELECTOR.findall(rule["expr"])}
        assert [one for one, series in found.items() if not series] == []
        for one, series in found.items():
            asked = set(re.findall(r"(\w+)(?:=|!)", one.partition("{")[2]))
            assert asked <= set(series[0]), one
        known = {label for series in found.values() for each in series for label in each}
        by = ",".join(re.findall(r"\b(?:by|on) \((.*?)\)", rule["expr"])).replace(" ", "").split(",")
        shown = re.findall(r"\$labels\.(\w+)", json.dumps(rule.get("annotations", {})))
        assert {label for label in (*by, *shown) if label} <= known, rule


def test_every_rule_is_evaluated_and_the_key_is_taken(watched: Watched) -> None:
    rules = [rule for group in watched.prometheus.ask("rules")["groups"] for rule in group["rules"]]
    assert {rule["health"] for rule in rules} == {"ok"}
    assert len(rules) == len(RULES)
    (target,) = watched.prometheus.ask("targets")["activeTargets"]
    assert (target["health"], target["labels"]["job"]) == ("up", "lastro")
