"""The challenger beside the champion: a share of applicants drawn by the prediction's id, or all in the shadow"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from src.api.metrics import Metrics
from src.api.trial import CAPACITY, Shadows, drawn
from src.api.versions import alone
from src.journal.identifiers import new_id
from src.journal.journal import Journal
from src.journal.tables import SHADOWS
from src.serving.predictors import load
from tests.api.deliveries import FEW, Deliveries, again, narrow, strict, wide
from tests.api.live import HEADERS
from tests.ports import wait_until
from tests.serving.kinds import applicants, table, typical

MANY = 200


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Champion 1 (all features); 2 wants fewer, 3 takes fewer years, 4 decides otherwise."""
    folder = tmp_path_factory.mktemp("versions")
    found = {"1": wide(folder / "1"), "2": narrow(folder / "2"), "3": strict(folder / "3")}
    return found | {"4": again(found["1"], folder / "4", threshold=0.05)}


@pytest.fixture(scope="module")
def models(made: dict[str, Path]) -> Path:
    """LASTRO_MODELS, which serves only where nothing was delivered."""
    return made["1"]


@pytest.fixture
def trial(client_with: Callable[..., TestClient], tmp_path: Path, made: dict[str, Path]) -> Callable[..., TestClient]:
    """A service of champion 1 and this challenger."""

    def start(challenger: str, **settings: Any) -> TestClient:
        Deliveries(tmp_path / "serving", made).name(5, "1", challenger)
        client = client_with(**settings)
        client.headers.update(HEADERS)
        return client

    return start


def people(count: int = MANY) -> list[dict[str, Any]]:
    return applicants(table()[0].head(count))


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "api" / "journal.db")) as log:
        return log.execute(query).fetchall()


def shadows(folder: Path) -> list[tuple[Any, ...]]:
    return rows(
        folder, "SELECT prediction_id, version, probability_of_default, score, decision FROM shadows ORDER BY 1"
    )


def counted(client: TestClient, outcome: str) -> float:
    lines = client.get("/metrics").text.splitlines()
    return sum(
        float(line.split()[1]) for line in lines if line.startswith(f'lastro_shadows_total{{outcome="{outcome}"')
    )


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_share_of_ids_is_drawn(share: float) -> None:
    found = sum(drawn(new_id(), share) for _ in range(20_000)) / 20_000
    assert found == pytest.approx(share, abs=4 * 0.5 / 20_000**0.5)  # four standard errors


def test_share_is_answered_by_the_challenger_and_the_rest_by_the_champion(
    trial: Callable[..., TestClient], made: dict[str, Path], tmp_path: Path
) -> None:
    client = trial("2", challenger_share=0.5)
    given = people()
    answers = [client.post("/predict", json=one).raise_for_status().json() for one in given[:60]]
    answers += client.post("/predict/batch", json={"applicants": given[60:]}).raise_for_status().json()["predictions"]
    scorers = {number: load(made[number]).scorer for number in ("1", "2")}
    names = list(typical())
    for body, answer in zip(given, answers, strict=True):
        number = "2" if drawn(answer["prediction_id"], 0.5) else "1"
        own = body if number == "1" else {name: body[name] for name in names[:FEW]}
        assert answer["model"]["version"] == number
        assert answer["probability_of_default"] == scorers[number].score(own).probability_of_default
    assert {answer["model"]["version"] for answer in answers[:60]} == {"1", "2"}
    assert {answer["model"]["version"] for answer in answers[60:]} == {"1", "2"}
    recorded = rows(tmp_path, "SELECT id, model_version, model_asked FROM predictions ORDER BY id")
    assert sorted((answer["prediction_id"], answer["model"]["version"], None) for answer in answers) == recorded


def test_what_ifs_and_who_asks_for_a_version_are_not_drawn(trial: Callable[..., TestClient], tmp_path: Path) -> None:
    client = trial("4", challenger_share=1.0, shadow=True)
    asked = {"": "4", "?reasons=true": "4", "?purpose=application": "4", "?purpose=what-if": "1", "?model=1": "1",
             "?model=champion": "1", "?model=4&purpose=what-if": "4"}  # fmt: skip
    for query, number in asked.items():
        assert client.post(f"/predict{query}", json=typical()).json()["model"]["version"] == number
        many = client.post(f"/predict/batch{query}", json={"applicants": people(20)}).json()["predictions"]
        assert {answer["model"]["version"] for answer in many} == {number}
    client.__exit__()
    assert shadows(tmp_path) == []


def test_applicant_whom_the_challengers_contract_does_not_take_is_answered_by_the_champion(
    trial: Callable[..., TestClient], tmp_path: Path
) -> None:
    client = trial("3", challenger_share=1.0, shadow=True)
    for years, number in ((10, "3"), (50, "1"), (None, "3")):
        answer = client.post("/predict", json=typical() | {"years": years})
        assert answer.json()["model"]["version"] == number
    many = client.post("/predict/batch", json={"applicants": [typical() | {"years": n} for n in (50, 3)]})
    assert [one["model"]["version"] for one in many.json()["predictions"]] == ["1", "3"]
    wait_until(lambda: counted(client, "refused") == 2)  # those of the champion, whom the challenger cannot score
    assert shadows(tmp_path) == []


def test_shadow_scores_the_champions_applicants_and_the_agreement_is_counted(
    trial: Callable[..., TestClient], made: dict[str, Path], tmp_path: Path
) -> None:
    client = trial("4", shadow=True)
    assert client.get("/models").json()["shadow"] is None
    given = people()
    answers = client.post("/predict/batch", json={"applicants": given[1:]}).raise_for_status().json()["predictions"]
    answers.append(client.post("/predict", json=given[0]).json())
    client.post("/predict?purpose=what-if", json=typical())
    client.post("/predict?model=4", json=typical())
    assert {answer["model"]["version"] for answer in answers} == {"1"}
    wait_until(lambda: counted(client, "scored") == MANY)
    scorer = load(made["4"]).scorer
    expected = [
        (answer["prediction_id"], "4", *scorer.score(body)[:3])
        for answer, body in zip(answers, [*given[1:], given[0]], strict=True)
    ]
    assert shadows(tmp_path) == sorted(expected)
    champion = {answer["prediction_id"]: answer for answer in answers}
    pairs = [(row[4], champion[row[0]]["decision"]) for row in expected]
    found = client.get("/models").json()["shadow"]
    assert found == {
        "rows": MANY,
        "same_decision": sum(one == other for one, other in pairs),
        "mean_difference": 0.0,
        "approved_by_challenger_only": pairs.count(("approve", "decline")),
        "approved_by_champion_only": pairs.count(("decline", "approve")),
    }
    assert 0 < found["same_decision"] < MANY


def test_stop_scores_what_waits(trial: Callable[..., TestClient], tmp_path: Path) -> None:
    client = trial("2", shadow=True)
    client.post("/predict/batch", json={"applicants": people()}).raise_for_status()
    client.__exit__()
    assert len(shadows(tmp_path)) == MANY


def test_queue_has_an_end_and_what_is_beyond_is_dropped_and_counted(tmp_path: Path, made: dict[str, Path]) -> None:
    journal, metrics = Journal(f"sqlite:///{tmp_path}/log.db", 2.0), Metrics()
    journal.start()
    waiting = Shadows(journal, metrics)
    champion, challenger = alone(made["1"]).champion, alone(made["4"]).champion
    waiting.offer(champion, challenger, [(new_id(), typical()) for _ in range(CAPACITY - 1)])
    waiting.offer(champion, challenger, [(new_id(), typical()) for _ in range(3)])
    assert 'lastro_shadows_total{outcome="dropped"} 2.0' in metrics.text().decode()
    waiting.start()
    waiting.close()
    with journal.engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(SHADOWS)).scalar() == CAPACITY
    journal.close()


def test_shadows_that_the_log_does_not_take_are_dropped_and_the_next_are_written(
    tmp_path: Path, made: dict[str, Path]
) -> None:
    path = tmp_path / "log.db"
    journal, metrics = Journal(f"sqlite:///{path}", 2.0), Metrics()
    journal.start()
    waiting = Shadows(journal, metrics)
    waiting.start()
    champion, challenger = alone(made["1"]).champion, alone(made["4"]).champion
    path.rename(tmp_path / "away.db")
    waiting.offer(champion, challenger, [(new_id(), typical())])
    wait_until(lambda: 'lastro_shadows_total{outcome="dropped"} 1.0' in metrics.text().decode())
    (tmp_path / "away.db").rename(path)
    waiting.offer(champion, challenger, [(new_id(), typical())])
    waiting.close()
    assert 'lastro_shadows_total{outcome="scored"} 1.0' in metrics.text().decode()
    journal.close()
