"""A model's bill of materials holds against CycloneDX's schema, and says what card, dvc.lock and locks say."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from src import git
from src.files import read_yaml, sha256_of
from src.lineage import bom
from src.lineage.chain import Chain, append
from src.lineage.events import StoredFile
from src.lineage.folder import Folder
from src.lineage.lock import LineageError
from src.lineage.registry import main
from src.lineage.settings import Settings
from tests.bill import faults
from tests.conftest import ROOT
from tests.lineage.conftest import point_to_folder

CARD = json.loads(str(git.output(ROOT, "show", "HEAD:./models/model.json")))
COMMIT = str(git.head(ROOT))


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    return bom.of_commit(ROOT, COMMIT, "7")


def by_ref(bill: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["bom-ref"]: each for each in bill["components"]}


def hashes(component: dict[str, Any]) -> dict[str, str]:
    return {each["alg"]: each["content"] for each in component["hashes"]}


def test_bill_holds_against_the_schema_and_its_refs_lead_somewhere(bill: dict[str, Any]) -> None:
    assert faults("\n".join(bom.lines(bill))) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda bill: bill["metadata"]["component"].update(kind="x"), "kind"),
        (lambda bill: bill["components"][0].update({"bom-ref": "dvc.lock"}), "dvc.lock is there twice"),
        (lambda bill: bill["dependencies"][0]["dependsOn"].append("no/file"), "no/file is nowhere"),
    ],
    ids=["schema", "twice", "nowhere"],
)
def test_bill_that_does_not_hold_is_told(
    bill: dict[str, Any], change: Callable[[dict[str, Any]], object], said: str
) -> None:
    wrong = json.loads(json.dumps(bill))
    change(wrong)
    assert said in "\n".join(faults(json.dumps(wrong)))


def test_bill_names_the_model_its_card_and_what_the_test_split_showed(bill: dict[str, Any]) -> None:
    model = bill["metadata"]["component"]
    assert (model["type"], model["name"], model["version"]) == ("machine-learning-model", CARD["name"], "7")
    assert hashes(model)["SHA-256"] == CARD["sha256"]
    assert len(model["modelCard"]["modelParameters"]["inputs"]) == len(CARD["features"])
    metrics = model["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]
    evaluation = json.loads(str(git.output(ROOT, "show", "HEAD:./models/evaluation.json")))
    auc = next(each for each in metrics if each["type"] == "roc_auc" and each["slice"] == "test split")
    assert auc["value"] == str(evaluation["metrics"]["roc_auc"]["value"])
    assert {field for field in CARD["protected"] if any(f" {field} = " in each["slice"] for each in metrics)} == {
        *CARD["protected"]
    }
    assert {"name": "lastro:git.commit", "value": COMMIT} in model["properties"]


def test_bill_has_the_data_the_code_and_the_libraries_that_made_the_model(bill: dict[str, Any]) -> None:
    components = by_ref(bill)
    raw = components["data/raw/applications.parquet"]
    assert (raw["type"], hashes(raw)["MD5"]) == ("data", CARD["data"]["applications"])
    assert raw["licenses"][0]["license"]["name"] == "CC-BY-4.0"
    needed = next(each["dependsOn"] for each in bill["dependencies"] if each["ref"] == "models/model.pkl")
    assert {"data/processed/train.parquet", "src/pipeline/train.py"} <= {*needed}
    assert {f"pkg:pypi/{name}@{version}" for name, version in CARD["libraries"].items()} <= {*needed}
    used = {name: each["properties"][0]["value"] for name, each in components.items() if each["type"] == "library"}
    assert used[f"pkg:pypi/numpy@{CARD['libraries']['numpy']}"] == "fit, pipeline, serving"
    assert {name.partition("@")[0] for name, where in used.items() if where == "serving"} >= {"pkg:pypi/slowapi"}


def test_bill_tells_how_the_model_was_made(bill: dict[str, Any]) -> None:
    stages = read_yaml(ROOT / "dvc.yaml")["stages"]
    tasks = bill["formulation"][0]["workflows"][0]["tasks"]
    commands = {task["name"]: task["steps"][0]["commands"][0]["executed"] for task in tasks}
    assert commands == {name: stage["cmd"] for name, stage in stages.items()}
    train = next(task for task in tasks if task["name"] == "train")["inputs"][-1]["parameters"]
    assert {"name": "train.metric", "value": "roc_auc"} in train


def test_bill_is_the_same_every_time_and_another_of_another_version(bill: dict[str, Any]) -> None:
    assert bom.of_commit(ROOT, COMMIT, "7") == bill
    assert "timestamp" not in bill["metadata"]
    assert bom.of_commit(ROOT, COMMIT)["serialNumber"] != bill["serialNumber"]


@pytest.fixture
def published(tmp_path: Path) -> tuple[Path, Folder]:
    """A clone of the project whose place of objects is a folder with an empty chain."""
    subprocess.run(["git", "clone", "-q", "--shared", ROOT, tmp_path / "clone"], check=True)
    point_to_folder(tmp_path / "clone", tmp_path / "objects")
    (tmp_path / "objects").mkdir()
    return tmp_path / "clone", Folder(tmp_path / "objects")


def publish(place: Folder, chain: Chain, commit: str | None, card: bytes) -> Chain:
    """Append a publish event of the committed model."""
    stored = StoredFile(sha256=sha256_of(card), md5="0" * 32, size=len(card), at="registry")
    number = len(chain.events) + 1
    facts = {"git_commit": commit, "files": {"model.json": stored}}
    return append(place, chain, kind="publish", version=number, by="t", why="w", **facts)


def test_command_shows_the_bill_of_a_version(
    published: tuple[Path, Folder], bill: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    root, place = published
    card = (root / "models/model.json").read_bytes()
    chain = publish(place, Chain(), COMMIT, card)
    for dirty in (None, COMMIT):
        chain = publish(place, chain, dirty, card if dirty is None else b"another")
    settings = Settings(state=root / "state")
    assert main(["show", "1", "--bom"], root, settings) == 0
    assert json.loads(capsys.readouterr().out)["components"] == bill["components"]
    for number, said in ((2, "version 2 is of no commit"), (3, "is not version 3's"), (4, "there is no version 4")):
        assert main(["show", str(number), "--bom"], root, settings) == 2
        assert said in capsys.readouterr().err


def test_commit_that_is_not_here_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(LineageError, match=r"Git has no dvc\.lock of commit 0000"):
        bom.of_commit(ROOT, "0" * 40)
    shutil.copy(ROOT / "dvc.lock", tmp_path)
    with pytest.raises(LineageError, match="fetch its history"):
        bom.of_commit(tmp_path, COMMIT)
