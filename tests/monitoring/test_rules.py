"""Rules, routes and dashboards in deploy/monitoring: whole, tried by promtool, told in the runbook, nobody's twice"""

import json
import re
import subprocess
from itertools import combinations
from typing import Any

import pytest
import yaml

from tests.documents import anchors
from tests.monitoring.prometheus import DASHBOARDS, FOLDER, PANELS, RULES

ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
EIGHT = [
    "LastroDown",
    "LastroErrors",
    "LastroSlow",
    "LastroLogUnwritable",
    "LastroMonitorOverdue",
    "LastroAlertsUndelivered",
    "LastroReloadFailed",
    "LastroNoPredictions",
]
OF_THE_MONITOR = re.compile(r"lastro_(drift|live|alerts_firing)")  # it alerts on these itself


def read(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text())


def run(*command: str) -> str:
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_there_are_eight_alerts_and_none_is_the_monitors() -> None:
    assert list(ALERTS) == EIGHT
    assert [name for name, rule in ALERTS.items() if OF_THE_MONITOR.search(rule["expr"])] == []


@pytest.mark.parametrize("name", EIGHT)
def test_alert_says_what_happened_and_its_runbook_says_what_to_do(name: str) -> None:
    said = ALERTS[name]["annotations"]
    assert set(said) == {"summary", "description", "runbook_url"}
    page, _, anchor = said["runbook_url"].partition("#")
    assert (page, anchor) == ("docs/operations.md", name.lower())
    assert anchor in anchors(page)
    assert ALERTS[name]["labels"]["severity"] in {"critical", "warning"}


def test_promtool_sees_each_alert_fire_and_stay_silent(promtool: str) -> None:
    tried = [one for test in read("rules_test.yml")["tests"] for one in test.get("alert_rule_test", [])]
    assert {one["alertname"] for one in tried if one["exp_alerts"]} == set(EIGHT)
    assert {one["alertname"] for one in tried if not one["exp_alerts"]} == set(EIGHT)
    assert "SUCCESS" in run(promtool, "test", "rules", "rules_test.yml")


def test_prometheus_shows_a_key_from_a_file(promtool: str) -> None:
    (job,) = read("prometheus.yml")["scrape_configs"]
    assert job["authorization"] == {"credentials_file": "/run/secrets/LASTRO_API_KEY"}  # the type is Bearer by default
    run(promtool, "check", "config", "--syntax-only", "prometheus.yml")


def test_alertmanager_has_a_webhook_and_an_example_of_mail(prometheus: tuple[str, str]) -> None:
    assert prometheus[1]
    run("amtool", "check-config", "alertmanager.yml")
    kinds = {one["name"]: set(one) - {"name"} for one in read("alertmanager.yml")["receivers"]}
    assert kinds == {"slack": {"slack_configs"}, "email": {"email_configs"}}
    for severity in ("critical", "warning"):
        route = ("config", "routes", "test", "--config.file=alertmanager.yml", f"severity={severity}")
        assert run("amtool", *route).split() == ["slack"]


def test_dashboards_have_ten_panels_each_with_a_sentence() -> None:
    assert set(DASHBOARDS) == {"service", "business"}
    assert len(PANELS) >= 10
    assert [panel["title"] for _, panel in PANELS if not panel["description"].endswith(".")] == []


@pytest.mark.parametrize("name", DASHBOARDS)
def test_dashboard_fits_what_is_provisioned(name: str) -> None:
    (source,) = read("grafana/provisioning/datasources/prometheus.yml")["datasources"]
    used = {json.dumps(one["datasource"]) for panel in DASHBOARDS[name]["panels"] for one in (panel, *panel["targets"])}
    assert used == {json.dumps({"type": source["type"], "uid": source["uid"]})}
    panels = DASHBOARDS[name]["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [panel["gridPos"] for panel in panels]
    assert [pair for pair in combinations(places, 2) if overlap(*pair)] == []


def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    """Say whether two places on a dashboard cover each other."""
    return all(
        one[start] < other[start] + other[size] and other[start] < one[start] + one[size]
        for start, size in (("x", "w"), ("y", "h"))
    )
