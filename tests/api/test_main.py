"""The whole service, live: durability under kill -9, two workers, start-up checks, documents, graceful stop"""

import json
import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from src.api.main import create_app
from src.errors import LastroError
from tests.api.conftest import HEADERS, KEYS, PLENTY, Server, wait_until


class Load:
    """Clients that score one after another and remember every id that they were given."""

    def __init__(self, url: str, applicant: dict[str, Any], clients: int) -> None:
        self.url, self.applicant = url, applicant
        self.acknowledged: list[str] = []
        self.ending = False
        self.threads = [threading.Thread(target=self.run) for _ in range(clients)]

    def run(self) -> None:
        with httpx.Client(base_url=self.url, headers=HEADERS, timeout=10) as client:
            while not self.ending:
                try:
                    answer = client.post("/predict", json=self.applicant)
                except httpx.TransportError:
                    return
                assert answer.status_code == 200, answer.text
                self.acknowledged.append(answer.json()["prediction_id"])

    def __enter__(self) -> "Load":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ending = True
        for thread in self.threads:
            thread.join()


def logged(folder: Path) -> set[str]:
    with sqlite3.connect(folder / "api/journal.db") as connection:
        return {row[0] for row in connection.execute("SELECT id FROM predictions")}


def test_kill_9_twenty_times_loses_nothing_acknowledged(
    server_with: Callable[..., Server], applicant: dict[str, Any]
) -> None:
    server = server_with()
    acknowledged: set[str] = set()
    for _ in range(20):
        least = random.randint(1, 40)
        with Load(server.url, applicant, clients=4) as load:
            wait_until(lambda load=load, least=least: len(load.acknowledged) >= least)
            server.signal(signal.SIGKILL)
        acknowledged |= set(load.acknowledged)
        server.start()
    assert acknowledged <= logged(server.folder)


def test_graceful_stop_finishes_requests_in_flight(
    server_with: Callable[..., Server], applicant: dict[str, Any]
) -> None:
    server = server_with(LASTRO_DATABASE_TIMEOUT="20")
    held = sqlite3.connect(server.folder / "api/journal.db", isolation_level=None, check_same_thread=False)
    held.execute("BEGIN IMMEDIATE")  # no answer can leave before this ends
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(httpx.post, f"{server.url}/predict", json=applicant, headers=HEADERS, timeout=30)
                   for _ in range(4)]  # fmt: skip
        time.sleep(1)
        release = threading.Timer(1, held.execute, ["ROLLBACK"])
        release.start()
        server.stop()
        answers = [future.result() for future in waiting]
    release.join()
    held.close()
    assert [answer.status_code for answer in answers] == [200] * 4
    assert len(logged(server.folder)) == 4


def test_two_workers_write_one_log(server_with: Callable[..., Server], applicant: dict[str, Any]) -> None:
    server = server_with(workers=2)
    with Load(server.url, applicant, clients=6) as load:
        time.sleep(3)
    assert len(load.acknowledged) > 100
    assert set(load.acknowledged) == logged(server.folder)
    with httpx.Client(base_url=server.url, headers=HEADERS) as client:
        for prediction_id in load.acknowledged[-5:]:
            assert client.get(f"/predictions/{prediction_id}").status_code == 200


def test_full_disk_is_503_and_recovers_by_itself(server_with: Callable[..., Server], applicant: dict[str, Any]) -> None:
    server = server_with()
    assert server.process is not None
    with httpx.Client(base_url=server.url, headers=HEADERS) as client:
        first = client.post("/predict", json=applicant).json()["prediction_id"]
        soft, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (4096, hard))  # the kernel refuses to grow a file
        assert [client.post("/predict", json=applicant).status_code for _ in range(3)] == [503] * 3
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (soft, hard))
        last = client.post("/predict", json=applicant).json()["prediction_id"]
    assert {first, last} <= logged(server.folder)
    assert len(logged(server.folder)) == 2


def test_ids_sort_by_time_and_history_pages_through_them(client: TestClient, applicant: dict[str, Any]) -> None:
    made = [client.post("/predict", json=applicant, headers=HEADERS).json()["prediction_id"] for _ in range(7)]
    assert made == sorted(made)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = f"limit=3&cursor={cursor}" if cursor else "limit=3"
        page = client.get(f"/predictions?{query}", headers=HEADERS).json()
        seen += [found["prediction_id"] for found in page["predictions"]]
        cursor = page["next"]
    assert seen == made[::-1]


def test_prediction_of_another_key_is_404(client: TestClient, applicant: dict[str, Any]) -> None:
    path = f"/predictions/{client.post('/predict', json=applicant, headers=HEADERS).json()['prediction_id']}"
    assert client.get(path, headers=HEADERS).json()["inputs"] == applicant
    assert client.get(path, headers={"x-api-key": KEYS["batch"]}).status_code == 404


def test_logs_hold_no_applicant_key_or_token(server_with: Callable[..., Server], applicant: dict[str, Any]) -> None:
    server = server_with(LASTRO_LOG_LEVEL="DEBUG")
    secret = applicant | {"shoe_size": "a-value-of-the-applicant"}
    with httpx.Client(base_url=server.url) as client:
        client.post("/predict", json=secret, headers=HEADERS)
        client.post("/predict", json=applicant, headers=HEADERS)
        client.post("/predict", json=applicant, headers={"x-api-key": "a-wrong-key", "x-request-id": "asked-by-me"})
        shutil.move(server.folder / "api", server.folder / "away")
        assert client.post("/predict", json=applicant, headers=HEADERS).status_code == 503
    server.stop()
    lines = [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]
    assert any(line.get("request_id") == "asked-by-me" for line in lines)
    assert any(line.get("status") == 503 for line in lines)
    texts = [value for value in applicant.values() if isinstance(value, str) and len(value) > 4]
    for forbidden in [*KEYS.values(), "a-wrong-key", "a-value-of-the-applicant", *texts]:
        assert forbidden not in server.log


@pytest.fixture
def changed(models: Path, tmp_path: Path) -> Path:
    """A copy of the model folder to spoil."""
    return Path(shutil.copytree(models, tmp_path / "changed"))


@pytest.mark.parametrize("name", ["model.pkl", "model.onnx"])
def test_flipped_byte_stops_the_start(settings_with: Callable[..., Any], changed: Path, name: str) -> None:
    content = bytearray((changed / name).read_bytes())
    content[len(content) // 2] ^= 1
    (changed / name).write_bytes(content)
    with pytest.raises(LastroError, match=f"{name}: refused"):
        create_app(settings_with(models=changed))


def test_pickle_that_would_run_code_is_not_loaded(settings_with: Callable[..., Any], changed: Path) -> None:
    (changed / "model.pkl").write_bytes(b"cos\nsystem\n(S'touch " + str(changed / "ran").encode() + b"'\ntR.")
    with pytest.raises(LastroError, match="refused"):
        create_app(settings_with(models=changed))
    assert not (changed / "ran").exists()


def test_served_file_must_be_there_and_the_pickle_need_not(settings_with: Callable[..., Any], changed: Path) -> None:
    (changed / "model.pkl").unlink()
    create_app(settings_with(models=changed))
    (changed / "model.onnx").unlink()
    with pytest.raises(LastroError, match="no such file"):
        create_app(settings_with(models=changed))


def test_another_library_version_stops_the_start(settings_with: Callable[..., Any], changed: Path) -> None:
    export = json.loads((changed / "export.json").read_text())
    export["libraries"]["onnxruntime"] = "1.0.0"
    (changed / "export.json").write_text(json.dumps(export))
    with pytest.raises(LastroError, match=r"onnxruntime 1\.0\.0, but 1\.\d+\.\d+ is installed"):
        create_app(settings_with(models=changed))


def test_model_without_serving_form_is_served_from_its_pickle(
    client_with: Callable[..., TestClient], client: TestClient, changed: Path, applicant: dict[str, Any]
) -> None:
    export = json.loads((changed / "export.json").read_text())
    export |= {"file": "model.pkl", "why": "no serving form for Strange", "sha256": None, "fields": [], "parity": None}
    (changed / "export.json").write_text(json.dumps(export))
    slow = client_with(models=changed)
    assert slow.get("/model/info", headers=HEADERS).json()["export"]["why"] == "no serving form for Strange"
    a, b = (c.post("/predict", json=applicant, headers=HEADERS).json() for c in (client, slow))
    assert a["probability_of_default"] == pytest.approx(b["probability_of_default"], abs=1e-9)
    assert a["reasons"] == b["reasons"]


def test_registry_of_another_model_gives_no_version(client_with: Callable[..., TestClient], changed: Path) -> None:
    card = json.loads((changed / "model.json").read_text())
    entry = {"name": "credit-score", "version": "3", "git_commit": "c" * 40, "data_md5": "d" * 32}
    for sha256, version in ((card["sha256"], "3"), ("0" * 64, None)):
        (changed / "registry.json").write_text(json.dumps(entry | {"sha256": sha256}))
        info = client_with(models=changed).get("/model/info", headers=HEADERS).json()
        assert info["model"]["version"] == version


def test_serving_imports_neither_sklearn_nor_pandas(server_with: Callable[..., Server]) -> None:
    server = server_with()
    assert server.process is not None
    mapped = Path(f"/proc/{server.process.pid}/maps").read_text()
    assert "onnxruntime" in mapped
    assert "sklearn" not in mapped
    assert "pandas" not in mapped


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("DELETE", "/predict", 405), ("GET", "/predictions?limit=x", 422),
     ("GET", "/predictions/none", 422), ("GET", "/predictions?since=2026-01-01", 422)],
)  # fmt: skip
def test_every_refusal_is_a_problem_document(client: TestClient, method: str, path: str, status: int) -> None:
    answer = client.request(method, path, headers=HEADERS)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["status"] == status
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_too_large_body_is_413_with_and_without_its_length(client_with: Callable[..., TestClient]) -> None:
    client = client_with(max_body_bytes=1000)
    headers = {**HEADERS, "content-type": "application/json"}
    for content in (b"x" * 1001, iter([b"x" * 600, b"x" * 600])):
        answer = client.post("/predict", content=content, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")


def test_document_holds_the_contract(client: TestClient, models: Path) -> None:
    schema = client.get("/openapi.json").json()["components"]["schemas"]["Applicant"]
    features = json.loads((models / "model.json").read_text())["features"]
    assert list(schema["properties"]) == [feature["name"] for feature in features]
    assert schema["additionalProperties"] is False
    for feature in features:
        shown = schema["properties"][feature["name"]]
        assert (shown["title"], shown.get("enum")) == (feature["title"], feature["categories"])
        if feature["type"] == "integer":
            assert (shown["minimum"], shown["maximum"]) == (feature["minimum"], feature["maximum"])


def test_schemathesis_finds_nothing(server_with: Callable[..., Server]) -> None:
    server = server_with(LASTRO_OPEN_LIMIT=PLENTY, LASTRO_FAILED_KEY_LIMIT=PLENTY, LASTRO_METRICS_OPEN="true")
    command = f"run {server.url}/openapi.json --max-examples 100 --seed 1 --generation-database none --no-color"
    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", *command.split(), "-H", f"x-api-key: {HEADERS['x-api-key']}"],
        cwd=server.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    counted = re.findall(
        r'lastro_request_seconds_count\{.*status="(\d)\d\d"\} (\d+)', httpx.get(f"{server.url}/metrics").text
    )
    total = sum(int(count) for _, count in counted)
    assert total > 2000
    assert sum(int(count) for first, count in counted if first == "2") / total > 0.2
    assert not [count for first, count in counted if first == "5"]
