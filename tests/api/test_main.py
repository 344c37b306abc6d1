"""The whole service, live: durability under kill -9, two workers, a full disk, graceful stop, start-up checks"""

import random
import resource
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from src.api.main import create_app
from src.errors import LastroError
from tests.api.live import HEADERS, Server
from tests.ports import wait_until


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


def test_kill_9_twice_loses_nothing_acknowledged(server_with: Callable[..., Server], applicant: dict[str, Any]) -> None:
    server = server_with()
    acknowledged: set[str] = set()
    for _ in range(2):
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


@pytest.mark.parametrize("name", ["model.pkl", "trees.npz"])
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
    (changed / "trees.npz").unlink()
    with pytest.raises(LastroError, match="no such file"):
        create_app(settings_with(models=changed))


def test_serving_imports_neither_sklearn_nor_pandas(live: Server) -> None:
    assert live.process is not None
    mapped = Path(f"/proc/{live.process.pid}/maps").read_text()
    assert "numpy" in mapped
    assert [name for name in ("sklearn", "pandas", "onnx") if name in mapped] == []
