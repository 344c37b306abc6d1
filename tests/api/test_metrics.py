"""Numbers for Prometheus, of one worker and of several together"""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from src.api.metrics import MOST_WAITING, SCORES, Metrics
from tests.api.live import HEADERS, Server


def test_two_applications_in_one_process_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.request("/predict", "POST", 200, 0.01)
    assert b'route="/predict"' in one.text()
    assert b'route="/predict"' not in other.text()


def test_every_request_is_counted_while_others_ask_for_the_numbers() -> None:
    metrics = Metrics()
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(metrics.text) for _ in range(40)]
        for _ in range(3 * MOST_WAITING + 1):
            metrics.prediction("decline", 500, 0.2)
            metrics.request("/predict", "POST", 200, 0.01)
        for each in asked:
            each.result()
    assert len(metrics.waiting) < MOST_WAITING
    text = metrics.text().decode()
    assert f'lastro_predictions_total{{decision="decline"}} {3 * MOST_WAITING + 1}.0' in text
    assert f"lastro_score_count {3 * MOST_WAITING + 1}.0" in text
    assert (
        f'lastro_request_seconds_count{{method="POST",route="/predict",status="200"}} {3 * MOST_WAITING + 1}.0' in text
    )


FROM_THE_START = {
    *(f'lastro_failures_total{{status="{status}"}}' for status in (429, 500, 503)),
    *(f'lastro_outcomes_total{{status="{status}"}}' for status in ("recorded", "repeated", "corrected", "unknown")),
    *(f'lastro_predictions_total{{decision="{decision}"}}' for decision in ("approve", "decline")),
    *(f'lastro_refusals_total{{reason="{reason}"}}' for reason in ("missing", "key", "token", "scope", "password")),
    "lastro_expected_bads_total",
    "lastro_champion_switches_total",
}


def values(text: str) -> dict[str, float]:
    """Each series and its value."""
    return {name: float(value) for name, value in re.findall(r"^(lastro_\S+) (\S+)$", text, re.MULTILINE)}


def test_failures_are_counted_apart_but_for_those_of_probes() -> None:
    metrics = Metrics()
    statuses = (200, 404, 429, 500, 503, 503)
    for route, status in ((route, status) for route in ("/predict", "/ready") for status in statuses):
        metrics.request(route, "POST", status, 0.01)
    found = values(metrics.text().decode())
    failed = {name: value for name, value in found.items() if name.startswith("lastro_failures_total")}
    assert failed == {
        f'lastro_failures_total{{status="{status}"}}': count for status, count in ((429, 1), (500, 1), (503, 2))
    }
    assert found['lastro_request_seconds_count{method="POST",route="/ready",status="503"}'] == 2


def test_approved_applicants_bring_their_probability_of_default() -> None:
    metrics = Metrics()
    for decision, pd in (("approve", 0.25), ("decline", 0.5), ("approve", 0.125)):
        metrics.prediction(decision, 500, pd)  # type: ignore[arg-type]
    assert values(metrics.text().decode())["lastro_expected_bads_total"] == 0.375


def test_score_buckets_cover_the_scale_in_order() -> None:
    assert list(SCORES) == sorted(SCORES)
    assert SCORES[-1] == float("inf")


def test_two_workers_show_their_sum(
    server_with: Callable[..., Server], applicant: dict[str, Any], tmp_path: Path
) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    server = server_with(workers=2, PROMETHEUS_MULTIPROC_DIR=str(folder), LASTRO_METRICS_OPEN="true")
    at_first = values(httpx.get(f"{server.url}/metrics").text)
    assert {at_first.get(name) for name in FROM_THE_START} == {0.0}
    assert at_first["lastro_false_accept_cost"] == 5.0

    def ask(_: int) -> int:
        return httpx.post(f"{server.url}/predict", json=applicant, headers=HEADERS, timeout=20).status_code

    asked = 0
    while len(list(folder.glob("counter_*.db"))) < 2 and asked < 2000:  # one may be quick enough for all of them
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(ask, range(40))) == {200}
        asked += 40
    answered = {path.name for path in folder.glob("counter_*.db")}
    text = httpx.get(f"{server.url}/metrics").text
    assert len(answered) == 2
    assert (
        sum(float(count) for count in re.findall(r"^lastro_predictions_total\{.*\} (\S+)$", text, re.MULTILINE))
        == asked
    )
    for once in (r"lastro_model_info\{", "lastro_alerts_undelivered "):
        assert len(re.findall(f"^{once}", text, re.MULTILINE)) == 1
    server.stop()
