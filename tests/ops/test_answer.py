import json
import shutil
import time
import uuid
from pathlib import Path

import pandas as pd
import pytest

from ops import answer
from src.contract.table import read_table
from src.model.artifact import load_model
from src.model.points import decide
from tests.conftest import Project

KEYS = ["prediction_id", "probability_of_default", "score", "decision", "reasons", "model"]


@pytest.fixture
def registered(light_run: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """models/ of a light run, published as version 7."""
    root = tmp_path / "root"
    shutil.copytree(light_run.root / "models", root / "models")
    card, _ = load_model(root / "models")
    published = {"name": card.name, "version": "7", "sha256": card.sha256, "git_commit": "abc", "data_md5": "def"}
    (root / "models" / "registry.json").write_text(json.dumps(published))
    monkeypatch.setattr(answer, "ROOT", root)
    return root


def test_every_applicant_of_the_test_split_gets_the_models_own_number(light_run: Project, registered: Path) -> None:
    card, model = load_model(registered / "models")
    table = read_table(light_run.root / "data" / "processed" / "test.parquet").head(20)
    expected = model.predict_proba(table[[feature.name for feature in card.features]])[:, 1]
    answers = [answer.answer(card, model, table.iloc[[place]]) for place in range(len(table))]
    assert [found["probability_of_default"] for found in answers] == expected.tolist()
    assert [found["decision"] for found in answers] == [decide(pd_of, card.threshold) for pd_of in expected]
    assert {found["decision"] for found in answers} == {"approve", "decline"}
    for found in answers:
        assert list(found) == KEYS
        assert (found["reasons"] != []) == (found["decision"] == "decline")
        gains = [reason["points"] for reason in found["reasons"]]
        assert gains == sorted(gains, reverse=True)
        assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_reasons_name_what_differs_from_the_reference_applicant(registered: Path) -> None:
    card, model = load_model(registered / "models")
    reference = pd.DataFrame([card.reference])
    assert answer.answer(card, model, reference)["reasons"] == []


def test_version_of_another_model_is_not_claimed(registered: Path) -> None:
    card, _ = load_model(registered / "models")
    assert answer.registration(card)["version"] == "7"
    other = card.model_copy(update={"sha256": "0" * 64})
    assert answer.registration(other)["version"] is None
    assert answer.registration(other)["sha256"] == "0" * 64


def test_identifiers_are_uuids_that_sort_by_time() -> None:
    first = answer.time_ordered_id()
    time.sleep(0.002)
    second = answer.time_ordered_id()
    assert first < second
    assert (first.version, first.variant) == (7, uuid.RFC_4122)
