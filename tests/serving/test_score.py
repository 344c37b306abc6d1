"""The entry that replay calls, for ever: JSON lines of inputs -> JSON lines of answers"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from src.model.card import read_card
from src.serving.predictors import load
from tests.conftest import ROOT, Project


@pytest.fixture(scope="module")
def models(light_run: Project) -> Path:
    return light_run.root / "models"


def score(models: Path, *lines: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "src.serving.score", str(models)]
    text = "".join(f"{line}\n" for line in lines)
    return subprocess.run(command, cwd=ROOT, input=text, capture_output=True, text=True, check=False)


def test_each_line_is_what_the_api_answers_with_reasons_for_everybody(models: Path) -> None:
    features = read_card(models / "model.json").features
    example = {feature.name: feature.example for feature in features}
    rows = [example | {each.name: label} for each in features for label in each.categories or ()]
    done = score(models, *map(json.dumps, rows))
    assert (done.returncode, done.stderr) == (0, "")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    expected = load(models).scorer.score_all(rows, reasons=True)
    assert answers == [one._asdict() | {"reasons": [each._asdict() for each in one.reasons]} for one in expected]
    assert {answer["decision"] for answer in answers} == {"approve", "decline"}


@pytest.mark.parametrize("line", ["", "[]", '{"duration_months": "long"}'])
def test_line_that_is_no_applicant_ends_it_by_a_sentence(models: Path, line: str) -> None:
    done = score(models, "{}", line, "{}")
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr.startswith("error: line 2: no inputs of this model: ")
    assert len(done.stderr.splitlines()) == 1


def test_folder_without_a_model_is_a_sentence(tmp_path: Path) -> None:
    done = score(tmp_path, "{}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: {tmp_path / 'model.json'}: no such file; `dvc repro` writes it\n"
