"""A model from R alone, from params.yaml to a prediction that is served, logged and computed again"""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from src.lineage.chain import read_chain
from src.lineage.follow import FILES, Follower
from src.lineage.lock import read_lock
from src.lineage.publishing import publish
from src.lineage.settings import Settings
from src.lineage.storage import remote
from src.model.artifact import load_model
from src.model.r.classifier import RClassifier
from tests.conftest import Project
from tests.lineage.conftest import commit, point_to_folder

pytestmark = pytest.mark.r

SCRIPT = "tests/r/main_effects.R"
ANSWER = """
import json
from starlette.testclient import TestClient
from src.api.main import create_app
from src.api.settings import Settings
from tests.api.live import DIGESTS, HEADERS

settings = Settings(_env_file=None, api_keys=DIGESTS, log_level="ERROR")
with TestClient(create_app(settings)) as client:
    applicant = client.get("/openapi.json").json()["components"]["schemas"]["Applicant"]["example"]
    def ask(**changed):
        answer = client.post("/predict?reasons=true", json=applicant | changed, headers=HEADERS)
        return answer.raise_for_status().json()
    answers = [ask(), ask(duration_months=60), ask(purpose="education")]
    rows = client.get("/model/scorecard?format=csv", headers=HEADERS).raise_for_status().text
    info = client.get("/model/info", headers=HEADERS).raise_for_status().json()
print(json.dumps({"answers": answers, "rows": rows, "by": info["computed_by"], "card": info["card"]}))
"""


def test_r_alone_from_params_yaml_to_a_served_and_replayed_prediction(light_run: Project, tmp_path: Path) -> None:
    project = light_run.copy(tmp_path / "project", LASTRO_SERVING=str(tmp_path / "serving"))
    shutil.rmtree(project.root / "var" / "mlflow")  # it is light_run's
    project.edit(
        "params.yaml", lambda params: params["train"].update(candidates={"glm": {"kind": "r", "script": SCRIPT}})
    )
    project.run("dvc", "repro")

    compared, metrics = (json.loads(project.read(f"reports/{name}.json")) for name in ("candidates", "metrics"))
    card, model = load_model(project.root / "models")
    (saved,) = (project.root / "models" / "r").iterdir()
    assert (compared["chosen"], card.candidate, saved.name) == ("glm", "glm", "glm.rds")
    assert metrics["roc_auc"] > 0.75
    assert compared["candidates"]["glm"]["params"] == {"script": SCRIPT}
    assert card.r is not None
    assert card.r.sha256 == hashlib.sha256((project.root / SCRIPT).read_bytes()).hexdigest()
    base = model.calibrated_classifiers_[0].estimator if card.calibrated else model
    assert isinstance(base[-1], RClassifier)
    assert f"in R {card.r.version} with {card.r.blas}" in project.read("MODEL_CARD.md")
    assert len(project.read("reports/scorecard.csv").splitlines()) > 60

    objects = Path(shutil.copytree(project.root / ".dvc" / "cache", tmp_path / "objects"))  # as `dvc push` brings them
    assert saved.read_bytes() in {path.read_bytes() for path in objects.rglob("*") if path.is_file()}  # DVC keeps it,
    point_to_folder(project.root, objects)
    made_of = commit(project)
    publish(project.root, Settings(state=project.root / "var", tracking_uri=""))
    chain = read_chain(remote(project.root))
    assert (chain.state.champion, chain.version(1).git_commit) == (1, made_of)
    assert not any("rds" in name or name == "r" for name in chain.version(1).files)  # no version has it,
    Follower(remote(project.root), tmp_path / "serving", 1).look()
    delivered = {path.name for path in (tmp_path / "serving").rglob("*") if path.is_file()}
    assert delivered - {"serving.json"} <= set(FILES)  # and nobody who serves

    said = json.loads(project.run("python", "-c", ANSWER).stdout.splitlines()[-1])
    first, longer, unseen = said["answers"]
    assert (said["by"], first["model"]["version"], first["model"]["git_commit"]) == ("points", "1", made_of)
    assert longer["score"] < first["score"]
    assert 0 < unseen["probability_of_default"] < 1
    assert "duration_months" in {reason["feature"] for reason in longer["reasons"]}
    assert said["rows"].count("\n") > 60
    replayed = project.run("python", "-m", "src.lineage.replay", "--since", "1970-01-01T00:00:00Z", "--json").stdout
    verdicts = [json.loads(line)["verdict"] for line in replayed.splitlines() if line.startswith("{")]
    assert verdicts == ["equal"] * 3
    assert read_lock(project.root).files("models").keys() >= {"models/model.pkl", "models/export.json"}
