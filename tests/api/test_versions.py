"""Several versions, each with its own contract, in one process: who answers, what is refused, and how a switch goes"""

import json
import os
import re
import signal
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from src.api.main import create_app
from src.errors import LastroError
from src.serving.predictors import load
from tests.api.deliveries import FEW, Deliveries, again, narrow, strict, wide
from tests.api.live import HEADERS, KEYS, LOGIN, USERS, Server
from tests.ports import wait_until
from tests.serving.kinds import applicants, table, typical

FIELDS = list(typical())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Four versions: 7 and 10 are one model with two thresholds, 8 and 9 want other applicants."""
    folder = tmp_path_factory.mktemp("versions")
    found = {"7": wide(folder / "7"), "8": narrow(folder / "8"), "9": strict(folder / "9")}
    return found | {"10": again(found["7"], folder / "10", threshold=0.05)}


@pytest.fixture(scope="module")
def models(made: dict[str, Path]) -> Path:
    """LASTRO_MODELS, which serves only where nothing was delivered."""
    return made["9"]


@pytest.fixture
def deliveries(tmp_path: Path, made: dict[str, Path]) -> Deliveries:
    return Deliveries(tmp_path / "serving", made)


@pytest.fixture
def client(client_with: Callable[..., TestClient], deliveries: Deliveries) -> TestClient:
    """Champion 7, challenger 8, and 9 beside them."""
    deliveries.name(17, "7", "8", "9")
    found = client_with(**LOGIN)
    found.headers.update(HEADERS)
    return found


def reload(client: TestClient) -> dict[str, Any]:
    """Call for all to look again."""
    token = client.post("/login", json={"username": "root", "password": USERS["root"]}).json()["access_token"]
    with_key = client.headers.pop("x-api-key")
    answer = client.post("/admin/reload-model", headers={"authorization": f"Bearer {token}"})
    client.headers["x-api-key"] = with_key
    return dict(answer.raise_for_status().json())


def ask(client: TestClient, model: str = "", **changes: Any) -> Any:
    return client.post(f"/predict{model and f'?model={model}'}", json=typical() | changes)


def versions(client: TestClient) -> dict[str, Any]:
    return dict(client.get("/models").json())


def state(client: TestClient, number: str) -> tuple[str, str | None]:
    (found,) = (one for one in versions(client)["versions"] if one["version"] == number)
    return found["state"], found["why"]


def test_each_version_answers_by_its_own_contract_and_is_named(client: TestClient, made: dict[str, Path]) -> None:
    few = {name: typical()[name] for name in FIELDS[:FEW]}
    bodies = {"7": typical(), "8": few, "9": typical()}
    words = {"": "7", "champion": "7", "challenger": "8", "7": "7", "8": "8", "9": "9"}
    for word, number in words.items():
        asked = word and f"?model={word}"
        answer = client.post(f"/predict{asked}", json=bodies[number]).raise_for_status().json()
        many = client.post(f"/predict/batch{asked}", json={"applicants": [bodies[number]]}).raise_for_status().json()
        scored = load(made[number]).scorer.score(bodies[number])
        assert answer["model"]["version"] == number
        for one in (answer, many["predictions"][0]):
            assert (one["probability_of_default"], one["score"], one["decision"]) == scored[:3]
            assert one["model"] == answer["model"]
    assert client.post("/predict?model=8", json=typical()).json()["errors"][0]["pointer"] == f"#/{FIELDS[FEW]}"
    assert ask(client, years=50).status_code == ask(client, "7", years=50).status_code == 200
    assert ask(client, "9", years=50).json()["errors"][0]["pointer"] == "#/years"
    rows = client.get("/predictions?version=9").json()["predictions"]
    assert [(row["model"]["version"], row["model_asked"]) for row in rows] == [("9", "9")] * 2
    assert {row["model"]["form_sha256"] for row in rows} == {load(made["9"]).form_sha256}
    asked = [row["model_asked"] for row in client.get("/predictions?version=7").json()["predictions"]]
    assert asked == ["7", None, "7", "7", "champion", "champion", None, None]


@pytest.mark.parametrize("word", ["latest", "", "07", "0", "-1", "7.0", "7&model=8", "Champion"])
def test_other_words_are_422(client: TestClient, word: str) -> None:
    answer = client.post(f"/predict?model={word}", json=typical())
    assert (answer.status_code, answer.json()["detail"]) == (422, "model is champion, challenger or a version's number")


def test_unknown_and_undelivered_are_404_with_what_there_is(client: TestClient, deliveries: Deliveries) -> None:
    there = "there is 9, 8 (challenger), 7 (champion)."
    for path, answer in {"/predict": ask(client, "12"), "/models": client.get("/models/12")}.items():
        assert (path, answer.status_code, answer.json()["detail"]) == (
            path, 404, f"There is no version 12 here; {there}"
        )  # fmt: skip
    deliveries.name(18, "7", "8", v8={"folder": None, "why": "trees.npz: files/md5/ab is missing"})
    reload(client)
    for word in ("8", "challenger"):
        answer = ask(client, word)
        assert (answer.status_code, answer.json()["detail"]) == (
            404, "Version 8 is not delivered; there is 7 (champion)."
        )  # fmt: skip
    assert state(client, "8") == ("not delivered", "trees.npz: files/md5/ab is missing")
    deliveries.name(19, "7")
    reload(client)
    assert ask(client, "challenger").json()["detail"] == "There is no challenger; there is 7 (champion)."


@pytest.mark.parametrize("name", ["export.json", "model.json", "trees.npz", "evaluation.json"])
def test_tampered_version_never_answers(client: TestClient, deliveries: Deliveries, name: str) -> None:
    deliveries.name(18, "7", "9")
    deliveries.spoil("9", name)
    reload(client)
    for word in ("9", "challenger"):
        answer = ask(client, word)
        assert answer.status_code == 503
        assert "Version 9 is refused" in answer.json()["detail"]
    assert client.get("/models/9").status_code == 503
    found, why = state(client, "9")
    assert (found, f"{name}: refused, its sha256 is" in str(why)) == ("refused", True)
    assert ask(client).json()["model"]["version"] == "7"
    assert "lastro_versions_refused 1.0" in client.get("/metrics").text


@pytest.mark.parametrize("name", ["export.json", "model.json", "trees.npz"])
def test_tampered_champion_leaves_the_old_one_and_says_why(
    client: TestClient, deliveries: Deliveries, name: str
) -> None:
    deliveries.name(18, "9", None, "8")
    deliveries.spoil("9", name)
    reload(client)
    found = versions(client)
    assert (found["event"], found["champion"]) == (17, "7")
    assert found["why"].startswith("event 18: the champion 9 is refused:")
    assert [ask(client, word).json()["model"]["version"] for word in ("", "champion", "7")] == ["7"] * 3
    assert ask(client, "9").status_code == 503
    assert "lastro_versions_refused 1.0" in client.get("/metrics").text
    deliveries.name(18, "9", None, "8")
    reload(client)
    assert (versions(client)["event"], versions(client)["why"]) == (18, None)
    assert ask(client).json()["model"]["version"] == "9"
    numbers = client.get("/metrics").text
    assert "lastro_versions_refused 0.0" in numbers
    assert "lastro_serving_event 18.0" in numbers
    assert re.findall(r'lastro_model_info\{.*version="(\d)"\} 1.0', numbers) == ["9"]


def test_version_that_holds_together_but_is_another_one_is_refused(
    client: TestClient, deliveries: Deliveries, made: dict[str, Path]
) -> None:
    for changed in ({"form_sha256": "0" * 64}, {"sha256": "0" * 64}):
        deliveries.name(18, "9", v9=changed)
        reload(client)
        assert ask(client).json()["model"]["version"] == "7"
        assert ask(client, "9").status_code == 503
    assert load(made["9"]).card.sha256 in str(state(client, "9")[1])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "serving.json: the whole"),
        (b"{", "serving.json: the whole"),
        (b"[]", "serving.json: the whole"),
        (b'{"event": 18}', "serving.json: champion"),
        (b'{"event": 18, "champion": "3", "challenger": null, "versions": {}}', "the champion 3 is not among"),
        (None, "serving.json is gone"),
    ],
)
def test_broken_serving_json_leaves_everything_as_it_was(
    client: TestClient, deliveries: Deliveries, content: bytes | None, said: str
) -> None:
    path = deliveries.folder / "serving.json"
    path.write_bytes(content) if content is not None else path.unlink()
    reload(client)
    assert said in versions(client)["why"]
    for word, number in {"": "7", "8": "8"}.items():
        body = {name: value for name, value in typical().items() if number == "7" or FIELDS.index(name) < FEW}
        asked = client.post(f"/predict{word and f'?model={word}'}", json=body)
        assert asked.json()["model"]["version"] == number
    assert "lastro_versions_refused 1.0" in client.get("/metrics").text


def test_start_with_a_champion_that_cannot_be_served_is_refused(
    settings_with: Callable[..., Any], deliveries: Deliveries
) -> None:
    deliveries.name(17, "7")
    deliveries.spoil("7")
    with pytest.raises(LastroError, match="event 17: the champion 7 is refused"):
        create_app(settings_with())


def test_switch_is_seen_without_a_call(client: TestClient, deliveries: Deliveries) -> None:
    assert client.get("/openapi.json").json()["info"]["version"] == "7"
    deliveries.name(18, "8", "7")
    wait_until(lambda: versions(client)["event"] == 18, 5)
    assert versions(client)["champion"] == "8"
    document = client.get("/openapi.json").json()
    assert document["info"]["version"] == "8"
    assert list(document["components"]["schemas"]["Applicant"]["properties"]) == FIELDS[:FEW]
    assert client.get("/model/info").json()["model"]["version"] == "8"
    assert ask(client).status_code == 422


def test_first_delivery_is_taken_up_by_a_service_that_began_without(
    client_with: Callable[..., TestClient], deliveries: Deliveries, models: Path
) -> None:
    client = client_with(**LOGIN)
    client.headers.update(HEADERS)
    (found,) = versions(client)["versions"]
    assert versions(client) | {"versions": []} == {
        "event": None, "champion": None, "challenger": None, "why": None, "versions": [], "history": [],
        "shadow": None,
    }  # fmt: skip
    assert (found["version"], found["state"], found["form_sha256"]) == (None, "serving", load(models).form_sha256)
    unknown = ask(client, "7")
    assert (unknown.status_code, unknown.json()["detail"]) == (
        404, "There is no version 7 here; there is one model, which has no number."
    )  # fmt: skip
    assert ask(client, "champion").json()["model"]["version"] is None
    deliveries.name(1, "7")
    assert reload(client)["event"] == 1
    assert ask(client).json()["model"]["version"] == "7"


def test_models_tell_each_version_with_its_contract(client: TestClient, made: dict[str, Path]) -> None:
    found = versions(client)
    assert (found["event"], found["champion"], found["challenger"]) == (17, "7", "8")
    assert [(one["version"], one["alias"], one["state"]) for one in found["versions"]] == [
        ("9", None, "serving"), ("8", "challenger", "serving"), ("7", "champion", "serving")
    ]  # fmt: skip
    assert {one["git_commit"] for one in found["versions"]} == {"c" * 40}
    whole = {word: client.get(f"/models/{word}").json() for word in ("7", "8", "9", "champion", "challenger")}
    assert (whole["champion"], whole["challenger"]) == (whole["7"], whole["8"])
    for number, folder in made.items():
        if number in whole:
            assert set(whole[number]) == {"model", "form_sha256", "card", "export", "schema", "evaluation"}
            assert whole[number]["card"] == json.loads((folder / "model.json").read_text())
            assert whole[number]["evaluation"] == json.loads((folder / "evaluation.json").read_text())
    assert list(whole["8"]["schema"]["properties"]) == FIELDS[:FEW]
    assert whole["9"]["schema"]["properties"]["years"] != whole["7"]["schema"]["properties"]["years"]
    for word in ("seven", "null", "07", "8/swaps?against=12"):
        assert client.get(f"/models/{word}").status_code == 404


def test_another_form_of_the_same_model_is_another_version(client: TestClient, deliveries: Deliveries) -> None:
    deliveries.name(18, "7", "10")
    reload(client)
    rows = applicants(table()[0].head(100))
    found = {
        word: client.post(f"/predict/batch?model={word}", json={"applicants": rows}).json()["predictions"]
        for word in ("champion", "challenger")
    }
    assert len({answer["model"]["sha256"] for answers in found.values() for answer in answers}) == 1
    decisions = {word: [answer["decision"] for answer in answers] for word, answers in found.items()}
    assert decisions["champion"] != decisions["challenger"]


def test_facts_of_a_version_follow_without_loading_it_again(client: TestClient, deliveries: Deliveries) -> None:
    deliveries.name(18, "7", v7={"git_commit": "d" * 40})
    deliveries.spoil("7")  # what is in memory was verified when it was read
    wait_until(lambda: versions(client)["event"] == 18, 5)
    assert ask(client).json()["model"]["git_commit"] == "d" * 40
    reload(client)
    assert "the champion 7 is refused" in versions(client)["why"]
    assert ask(client).json()["model"]["version"] == "7"


def test_only_an_admin_may_call_for_it(client: TestClient) -> None:
    answer = client.post("/admin/reload-model")
    assert (answer.status_code, "admin" in answer.text) == (403, True)
    (worker,) = reload(client)["workers"]
    assert (worker["event"], worker["champion"]) == (17, "7")


@dataclass
class Load:
    """Connections that ask on, and what each was answered."""

    url: str
    answers: list[list[tuple[int, str]]]
    over: Event = field(default_factory=Event)

    def ask(self, place: int) -> None:
        while not self.over.wait(0.01):
            answer = httpx.post(f"{self.url}/predict", json=typical(), headers=HEADERS, timeout=20)
            self.answers[place].append((answer.status_code, answer.json()["model"]["version"]))

    def newest(self) -> set[str]:
        return {answer[1] for answers in self.answers for answer in answers[-5:]}


def test_all_workers_switch_under_load_and_a_crashed_one_is_not_waited_for(
    server_with: Callable[..., Server], deliveries: Deliveries
) -> None:
    deliveries.name(17, "7", "9")
    env = {f"LASTRO_{name}".upper(): value for name, value in LOGIN.items()}
    server = server_with(workers=2, models=deliveries.folder / "none", **env)
    load = Load(server.url, [[] for _ in range(4)])
    with httpx.Client(base_url=server.url, timeout=30) as client, ThreadPoolExecutor(4) as pool:
        token = client.post("/login", json={"username": "root", "password": USERS["root"]}).json()["access_token"]

        def reloaded() -> list[dict[str, Any]]:
            shown = {"authorization": f"Bearer {token}", "connection": "close"}  # the next one may reach another worker
            answer = client.post("/admin/reload-model", headers=shown)
            return list(answer.raise_for_status().json()["workers"])

        wait_until(lambda: len(reloaded()) == 2)
        asking = [pool.submit(load.ask, place) for place in range(4)]
        for event, champion, other in ((18, "9", "7"), (19, "7", "9"), (20, "9", "7")):
            deliveries.name(event, champion, other)
            wait_until(lambda champion=champion: load.newest() == {champion}, 5)  # type: ignore[misc]
        load.over.set()
        for each in asking:
            each.result()
        assert {status for answers in load.answers for status, _ in answers} == {200}
        found = reloaded()
        assert [(worker["event"], worker["champion"]) for worker in found] == [(20, "9")] * 2
        crashed = found[0]["pid"]
        os.kill(crashed, signal.SIGKILL)
        wait_until(lambda: not Path(f"/proc/{crashed}").exists())  # uvicorn starts another
        wait_until(lambda: len({worker["pid"] for worker in reloaded()} - {crashed}) == 2)
        assert crashed not in {worker["pid"] for worker in reloaded()}
    server.stop()
    assert [path.name for path in (server.folder / "api" / "workers").iterdir()] == ["asked"]
    with sqlite3.connect(server.folder / "api" / "journal.db") as log:  # two workers, and one that came later
        assert sorted(log.execute("SELECT model_version FROM training_data")) == [("7",), ("9",)]
    log.close()


def test_swap_set_is_of_the_callers_applicants_whom_both_contracts_take(client: TestClient) -> None:
    body = {"applicants": applicants(table()[0])[:60]}
    assert client.post("/predict/batch", json=body).status_code == 200
    assert client.post("/predict?purpose=what-if", json=body["applicants"][0]).status_code == 200
    narrow = client.get("/models/8/swaps").raise_for_status().json()
    assert (narrow["rows"], narrow["left_out"]) == (60, 0)  # asked for the fields that it knows
    strict = client.get("/models/9/swaps?against=7").raise_for_status().json()
    older = sum((one["years"] or 0) > 40 for one in body["applicants"])
    assert (strict["rows"], strict["left_out"]) == (60 - older, older)
    cells = strict["both_approve"] + strict["both_decline"] + sum(group["applicants"] for group in strict["groups"])
    assert cells == strict["rows"] > 0
    assert client.get("/models/7/swaps").json()["rows"] == 0  # against itself
    assert client.get("/models/8/swaps?against=77").status_code == 404
    other = {"x-api-key": KEYS["batch"]}
    assert client.get("/models/8/swaps", headers=other).json()["rows"] == 0


def test_service_whose_state_cannot_be_written_serves_and_reloads_all_the_same(
    client_with: Callable[..., TestClient], deliveries: Deliveries, tmp_path: Path
) -> None:
    deliveries.name(17, "7")
    (tmp_path / "state").touch()
    settings = {"state": tmp_path / "state", "database_url": f"sqlite:///{tmp_path}/log.db"}
    client = client_with(serving=deliveries.folder, **settings, **LOGIN)
    client.headers.update(HEADERS)
    deliveries.name(18, "9")
    assert [worker["champion"] for worker in reload(client)["workers"]] == ["9"]
    assert ask(client).json()["model"]["version"] == "9"
