"""Another path, kernel, hash seed, time zone and thread count: the same bytes

What was cross-validated, drawn and permuted a thousand times is compared between two light runs; `make reproduce`
(ops/reproduce.py) compares all of it with what is committed, in a usual environment, and with every Python.
"""

import datetime
import hashlib
import json
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from src.compile.parity import rows_of
from src.contract.table import read_table
from src.lineage.gates import Measured, difference_gate, measured
from src.lineage.pairing import Paired
from src.lineage.policy import read_policy
from src.model.applicants import random_applicants
from src.model.artifact import load_model
from src.model.inputs import inputs
from src.model.paired import auc_difference
from src.model.points import decide, points
from src.model.rows import DIGITS, TEST_SCORES
from src.serving.export import TREES
from src.serving.nodes import NodeEngine
from src.serving.predictors import load
from src.serving.tables import TableEngine, build
from src.serving.trees import from_bytes
from tests.conftest import ELSEWHERE, ROOT, Project, fresh_copy, light
from tests.documents import blocks
from tests.pipeline.conftest import lock, outputs

STAGES = """
import contextlib, json, os, sys
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
import numpy
from src.model.selection import Choice
from src.pipeline import evaluate, export, ingest, prepare, train

run = SimpleNamespace(watching=lambda _: contextlib.nullcontext())
train.tracking.training_run, train.record = lambda *_: contextlib.nullcontext(run), lambda *_: None
compare, choose, read_params = train.compare, train.choose, evaluate.read_params
compared = Path("reports/candidates.json").read_bytes()
said = json.loads(compared)
chosen = Choice(said["chosen"], said["metric"], said["rule"], said["calibrated"], said["brier_gain_of_calibration"])

def few(path):
    params = read_params(path)
    fewer = params.evaluate.model_copy(update={"bootstrap": 9, "permutations": 1})
    return params.model_copy(update={"evaluate": fewer})

def scored(name, *_):
    return {said["metric"]: [said["candidates"][name][said["metric"]]["mean"]] * 2}

even = numpy.full(800, 0.1)
pds = defaultdict(lambda: [even])
found = SimpleNamespace(pd=pds, too_large=(), scores=scored, predicted=lambda _: (even, even))
train.compare, train.choose = lambda *_: found, lambda *_: chosen
train.beside, beside = lambda *_: {}, train.beside
evaluate.read_params = few
for stage in (ingest, prepare, train, export):
    stage.main()
Path("reports/candidates.json").write_bytes(compared)
evaluate.main()

train.compare, train.choose, train.beside, evaluate.read_params = compare, choose, beside, read_params
os.chdir(sys.argv[1])
for stage in (ingest, prepare, train, export, evaluate):
    stage.main()
"""  # the committed choice is fitted whole; then light parameters in the same process, for its imports take longer
RESAMPLED = {"MODEL_CARD.md", "models/evaluation.json", "models/reference.json", "reports/plots/importance.json"}
FOLDED = {"models/train_rows.parquet"}  # holds PDs out of fold


@dataclass(frozen=True)
class Elsewhere:
    """Two copies in which every stage ran in an odd environment: as committed, and with light parameters."""

    committed: Project
    light: Project


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    folder = tmp_path_factory.mktemp("a") / "some where"
    found = Elsewhere(fresh_copy(folder / "else", **ELSEWHERE), fresh_copy(folder / "light"))
    found.light.edit("params.yaml", light)
    found.committed.run("python", "-c", STAGES, str(found.light.root))
    return found


def test_committed_lock_is_of_the_committed_files(project: Project) -> None:
    said = json.loads(project.run("dvc", "status", "--json").stdout)
    states = [each for changes in said.values() for change in changes for each in change.values()]
    assert {state for files in states for state in files.values()} == {"deleted", "not in cache"}, said


def test_what_dvc_keeps_and_the_card_are_the_committed_ones(elsewhere: Elsewhere) -> None:
    made, committed = (outputs(elsewhere.committed), lock(elsewhere.committed))
    binary = {name for name in made if name.endswith((".parquet", ".pkl", ".npz"))} - FOLDED
    assert len(binary) >= 5
    assert {name: hashlib.md5(made[name]).hexdigest() for name in binary} == {name: committed[name] for name in binary}
    assert made["models/model.json"] == (ROOT / "models/model.json").read_bytes()


def test_everything_else_that_git_tracks_is_as_committed(elsewhere: Elsewhere) -> None:
    assert set(elsewhere.committed.run("git", "diff", "--name-only").stdout.split()) <= RESAMPLED
    assert elsewhere.committed.run("git", "ls-files", "--others", "--exclude-standard").stdout == ""


def test_what_is_compared_drawn_and_permuted_is_the_same_in_a_usual_environment(
    elsewhere: Elsewhere, light_run: Project
) -> None:
    found, usual = outputs(elsewhere.light), outputs(light_run)
    reports = {name for name in usual if name.startswith(("data/", "reports/"))} | FOLDED
    assert {"reports/candidates.json", "reports/metrics.json", "reports/plots/importance.json"} <= reports
    assert [name for name in reports if found[name] != usual[name]] == []
    for name in ("models/evaluation.json", "models/reference.json"):
        both = [json.loads(files[name]) | {"sha256": None} for files in (found, usual)]
        assert both[0] == both[1], name


def test_no_output_holds_a_path_a_host_or_a_time(elsewhere: Elsewhere, light_run: Project) -> None:
    folders = [project.root for project in (elsewhere.committed, elsewhere.light, light_run)]
    told = [*map(str, folders), str(ROOT), str(Path.home()), tempfile.gettempdir()]
    told += [socket.gethostname()] if len(socket.gethostname()) > 7 else []  # a short one may stand in any bytes
    today = datetime.datetime.now(tz=datetime.UTC).date()
    told += [str(today + datetime.timedelta(days)) for days in (-1, 0, 1)]
    for name, content in (outputs(elsewhere.committed) | outputs(light_run)).items():
        assert [word for word in told if word.encode() in content] == [], name


def test_lock_names_every_output(light_run: Project) -> None:
    written = {name for name in outputs(light_run) if not name.endswith(".gitignore")} - {"dvc.lock"}
    files = {name for name in written if not name.startswith("reports/plots/")}
    assert files | {"reports/plots", "models/r"} == set(lock(light_run))  # the last is empty without a model from R


def test_answer_of_the_readme_is_this_models(elsewhere: Elsewhere) -> None:
    (block,) = blocks("README.md", "json")
    shown = json.loads(block.text)
    served = load(elsewhere.committed.root / "models")
    found = served.scorer.score({feature.name: feature.example for feature in served.card.features})
    assert {name: shown[name] for name in found._fields} == found._replace(
        reasons=[reason._asdict() for reason in found.reasons]
    )._asdict()
    model = {"name": served.card.name, "sha256": served.card.sha256, "data_md5": served.card.data["applications"]}
    assert shown["model"] | model == shown["model"]


def test_committed_model_is_served_with_the_fitted_models_sums(elsewhere: Elsewhere) -> None:
    folder = elsewhere.committed.root
    card, model = load_model(folder / "models")
    data = inputs(read_table(folder / "data/raw/applications.parquet"), card.features, card.time)
    given = pd.concat([data.astype(object), random_applicants(card.features, 10_000, seed=1)], ignore_index=True)
    with threadpool_limits(1):
        fitted = model.predict_proba(given)[:, 1].tolist()
    served = load(folder / "models")
    rows = rows_of(given, served.predictor.row)
    found = served.predictor.probabilities(rows)
    assert np.abs(np.subtract(found, fitted)).max() <= 2e-15
    assert [points(pd, card.scale) for pd in found] == [points(pd, card.scale) for pd in fitted]
    assert [decide(pd, card.threshold) for pd in found] == [decide(pd, card.threshold) for pd in fitted]
    trees = from_bytes((folder / "models" / TREES).read_bytes(), folder)
    counts = [field.count for field in served.export.fields]
    by_table, by_node = TableEngine(build(trees, counts)), NodeEngine(trees)
    assert served.predictor.computed_by in ("kernel", "numpy")
    assert [served.predictor.own(row) for row in rows[::20]] == found[::20]
    assert by_table.many(rows) == by_node.many(rows)
    reference = served.predictor.row(card.reference)
    assert [by_table.replaced(row, reference) for row in rows[:100]] == [
        by_node.replaced(row, reference) for row in rows[:100]
    ]


def test_blend_is_shown_to_be_no_worse_than_the_scorecard_within_it_as_the_documents_say(elsewhere: Elsewhere) -> None:
    """On 200 rows the difference of the AUCs is as large as its standard error, which resamples confirm."""
    folder = elsewhere.committed.root
    card, model = load_model(folder / "models")
    scores = read_table(folder / "models" / TEST_SCORES)
    bad, blend = scores["bad"].to_numpy(), scores["probability_of_default"].to_numpy()
    X = inputs(read_table(folder / "data/processed/test.parquet"), card.features, card.time)
    with threadpool_limits(1):
        scorecard = model[-1].named_estimators_["scorecard"].predict_proba(X)[:, 1].round(DIGITS)
    found = measured(Paired(bad, scorecard, blend, "the same 200 test rows"), card.threshold, card)
    auc = found["roc_auc"]
    assert isinstance(auc, Measured)
    random = np.random.default_rng(1)
    groups = [np.flatnonzero(bad == outcome) for outcome in (0, 1)]
    draws = [np.concatenate([random.choice(group, len(group)) for group in groups]) for _ in range(300)]
    spread = np.std([auc_difference(bad[rows], scorecard[rows], blend[rows]).value for rows in draws])
    assert auc.difference.value == pytest.approx(0.0115, abs=5e-5)
    assert auc.difference.error == pytest.approx(0.0115, abs=5e-4) == pytest.approx(spread, abs=2e-3)
    policy = read_policy(ROOT / "policy.yaml")
    gates = [difference_gate(name, policy, each) for name, each in found.items()]
    assert [gate.passed for gate in gates] == [True, True]
    (block,) = (block for block in blocks("docs/lifecycle.md", "text") if "the champion's" in block.text)
    told = " ".join(block.text.split())
    assert [gate.says for gate in gates if gate.says not in told] == []
