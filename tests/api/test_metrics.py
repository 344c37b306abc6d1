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
            metrics.prediction("decline", 500)
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


def test_score_buckets_cover_the_scale_in_order() -> None:
    assert list(SCORES) == sorted(SCORES)
    assert SCORES[-1] == float("inf")


def test_two_workers_show_their_sum(
    server_with: Callable[..., Server], applicant: dict[str, Any], tmp_path: Path
) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    server = server_with(workers=2, PROMETHEUS_MULTIPROC_DIR=str(folder), LASTRO_METRICS_OPEN="true")

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
