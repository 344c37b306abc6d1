"""The evaluation: complete, of the card's model, small enough for Git, and told to people"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from src.model.artifact import ArtifactError, load_model
from src.model.card import Card, read_card
from src.model.developed import out_of_fold
from src.model.development import REFERENCE, read_development
from src.model.metrics import GREATER_IS_BETTER
from src.model.rows import READABLE, TRAIN_ROWS
from src.pipeline import evaluate
from tests.conftest import ROOT, Project
from tests.pipeline.conftest import outputs

IN_GIT = ("MODEL_CARD.md", "models/evaluation.json", "models/model.json", "models/reference.json")


@pytest.fixture(scope="module")
def found(light_run: Project) -> dict:
    return json.loads(light_run.read("models/evaluation.json"))


@pytest.fixture(scope="module")
def card(light_run: Project) -> Card:
    return read_card(light_run.root / "models/model.json")


@pytest.fixture(scope="module")
def test_rows(light_run: Project) -> pd.DataFrame:
    return pd.read_parquet(light_run.root / "data/processed/test.parquet")


def test_every_metric_has_an_interval_and_a_baseline(found: dict, light_run: Project) -> None:
    assert list(found["metrics"]) == list(GREATER_IS_BETTER)
    for name, metric in found["metrics"].items():
        assert list(metric) == ["value", "low", "high", "baseline"], name
        assert metric["low"] <= metric["high"]
    values = {name: metric["value"] for name, metric in found["metrics"].items()}
    assert json.loads(light_run.read("reports/metrics.json")) == values


def test_committed_model_beats_the_baseline() -> None:
    metrics = json.loads((ROOT / "models/evaluation.json").read_text(encoding="utf-8"))["metrics"]
    for name in set(metrics) - {"ece"}:  # the base rate is perfectly calibrated, and says nothing
        better = metrics[name]["value"] > metrics[name]["baseline"]
        assert better is GREATER_IS_BETTER[name], name


def test_evaluation_is_of_the_cards_model_on_the_whole_test_split(
    found: dict, card: Card, test_rows: pd.DataFrame
) -> None:
    assert found["sha256"] == card.sha256
    assert found["rows"] == len(test_rows) == 200
    assert found["bad_rate"] == 0.3
    assert found["by_month"] is None, "no field says when the applications were made"
    assert sum(cell["count"] for cell in found["curves"]["confusion"]) == 200
    assert sum(group["count"] for group in found["curves"]["calibration"]) == 200
    assert sum(bar["good"] + bar["bad"] for bar in found["curves"]["scores"]) == 200


def test_expected_cost_is_that_of_the_confusion_counts(found: dict, card: Card) -> None:
    counts = {(cell["outcome"], cell["decision"]): cell["count"] for cell in found["curves"]["confusion"]}
    cost = card.costs.false_accept * counts["bad", "approve"] + card.costs.false_reject * counts["good", "decline"]
    assert found["metrics"]["expected_cost"]["value"] == pytest.approx(cost / 200, abs=1e-6)


def test_every_group_of_each_protected_field_is_audited(found: dict, card: Card, test_rows: pd.DataFrame) -> None:
    for name in card.protected:
        groups = [record for record in found["fairness"] if record["field"] == name]
        assert {g["group"]: g["count"] for g in groups} == test_rows[name].value_counts().to_dict()
        assert max(g["approval_ratio"] for g in groups if not g["too_few"]) == 1
        assert all(0 <= g["approval_rate"] <= 1 and 0 <= g["mean_pd"] <= 1 for g in groups)
    assert {g["field"] for g in found["fairness"]} == set(card.protected)


def test_segments_are_the_cards_features_in_the_bins_of_the_training_rows(
    found: dict, card: Card, test_rows: pd.DataFrame
) -> None:
    assert 0 < len(found["segments"]) <= 10
    for each in found["segments"]:
        assert list(each) == ["fields", "bins", "rows", "observed", "expected", "low", "high"]
        assert set(each["fields"]) <= {feature.name for feature in card.features}
        assert 50 <= each["rows"] <= len(test_rows)
        assert each["low"] <= each["observed"] <= each["high"]


def test_reference_counts_features_in_all_rows_and_answers_out_of_fold(
    light_run: Project, card: Card, test_rows: pd.DataFrame
) -> None:
    models = light_run.root / "models"
    found, rows = read_development(models), pd.read_parquet(models / TRAIN_ROWS)
    assert found is not None
    assert (found.sha256, found.rows, found.out_of_fold) == (card.sha256, len(rows) + len(test_rows), len(rows))
    assert list(found.features) == [feature.name for feature in card.features]
    assert {sum(one.rows) for one in found.features.values()} == {found.rows}
    approved = rows[rows["probability_of_default"] < card.threshold]
    answered = out_of_fold(rows, load_model(models)[1], card).answered
    assert found.decision.rows == [sum(answered < card.threshold), sum(answered >= card.threshold), 0, 0]
    assert (found.approved.rows, found.approved.observed) == (len(approved), approved["bad"].sum())
    assert (models / REFERENCE).stat().st_size < 100_000
    table = pd.concat([pd.read_parquet(light_run.root / "data/processed/train.parquet"), test_rows])
    for name in ("duration_months", "purpose"):
        counts = np.bincount(
            found.features[name].places(table[name].tolist()), minlength=len(found.features[name].rows)
        )
        assert counts.tolist() == found.features[name].rows


def test_what_a_validator_asks_for_is_of_the_rows_that_it_names(
    found: dict, card: Card, test_rows: pd.DataFrame
) -> None:
    told, features = found["validation"], {feature.name for feature in card.features}
    assert told["sample"]["training"] == {"rows": 800, "bads": 240}
    assert told["sample"]["test"] == {"rows": 200, "bads": 60}
    assert {one["field"] for one in told["sample"]["fields"]} == features | {*card.protected}
    assert told["candidates"]["chosen"] == card.candidate
    assert told["discrimination"]["test"]["roc_auc"]["value"] == found["metrics"]["roc_auc"]["value"]
    assert {one["feature"] for one in told["sensitivity"]["fields"]} == features
    assert {one["subject"] for one in told["stability"]} == features | {"probability_of_default", "score", "decision"}
    for sample, rows in (("out_of_fold", 800), ("test", 200)):
        assert sum(band["rows"] for band in told["calibration"][sample]["bands"]) == rows
    segment = next(one for one in told["discrimination"]["segments"] if one["field"] == "purpose")
    assert segment["rows"] == (test_rows["purpose"] == segment["bin"]).sum()


def test_table_of_points_is_compared_with_the_model_that_holds_it(found: dict, light_run: Project, card: Card) -> None:
    told = found["validation"]["instead"]
    rows = pd.read_parquet(light_run.root / "models" / TRAIN_ROWS)
    assert told["candidate"] == found["validation"]["candidates"]["readability"]["readable"]
    for sample, count in (("out_of_fold", 800), ("test", 200)):
        if told[sample]:
            assert sum(one["rows"] for one in told[sample]["decisions"]) == count
            assert (
                told[sample]["metrics"]["roc_auc"][1]
                == found["validation"]["discrimination"][sample]["roc_auc"]["value"]
            )
    if told["out_of_fold"]:
        declined = (rows[READABLE] >= card.threshold).sum()
        assert sum(one["rows"] for one in told["out_of_fold"]["decisions"] if one["table"] == "decline") == declined
    assert bool(told["test"]) or told["says"]


def test_importance_ranks_every_feature_and_no_protected_one(found: dict, card: Card) -> None:
    assert {record["feature"] for record in found["importance"]} == {feature.name for feature in card.features}
    losses = [record["loss"] for record in found["importance"]]
    assert losses == sorted(losses, reverse=True)


def test_plots_are_the_curves_of_the_evaluation(found: dict, light_run: Project) -> None:
    plots = {path.stem: json.loads(path.read_text()) for path in (light_run.root / "reports/plots").iterdir()}
    assert plots == found["curves"] | {"importance": found["importance"]}


def test_numbers_have_six_digits(light_run: Project) -> None:
    def floats(value: object) -> list[float]:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
        return [value] if isinstance(value, float) else [number for item in inner for number in floats(item)]

    for name in outputs(light_run):
        if name.endswith(".json") and name != "models/codes.json":  # DVC's, and exact
            said = json.loads(light_run.read(name))
            for exact in (
                ("formula", "intercept", "calibration", "pairs", "member") if name == "models/export.json" else ()
            ):
                said.pop(exact, None)
            assert all(number == round(number, 6) for number in floats(said)), name


def test_what_git_keeps_is_under_300_kb_together(light_run: Project, found: dict) -> None:
    kept = {name: text for name, text in outputs(light_run).items() if name in IN_GIT or name.startswith("reports/")}
    assert len(kept) == len(IN_GIT) + 4 + len(found["curves"]) + 1
    assert sum(map(len, kept.values())) < 300_000
    committed = [ROOT / name for name in IN_GIT] + [path for path in (ROOT / "reports").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in committed) < 300_000


def test_model_card_says_which_model_on_which_data_for_whom(
    light_run: Project, found: dict, card: Card, test_rows: pd.DataFrame
) -> None:
    text = light_run.read("MODEL_CARD.md")
    training = pd.read_parquet(light_run.root / "data/processed/train.parquet")
    ages = training["age_years"]
    told = [card.sha256, card.candidate, card.data["applications"], "1973-75", "a false accept costs 5", "600 points"]
    told += [f"**Rows:** {len(training)} to train with", f"; {len(test_rows)} to test with"]
    told += [f"| age_years | integer | years | 0.0% | {ages.min()} to {ages.max()}, median {ages.median():g} |"]
    told += [f"| {name} | {metric['value']:.3f} |" for name, metric in found["metrics"].items()]
    told += [f"| {group['field']} | {group['group']} | {group['count']} |" for group in found["fairness"]]
    told += [f"| {feature.name} | {feature.type} |" for feature in card.features]
    assert [part for part in told if part not in text] == []


def test_another_model_file_than_the_cards_is_refused(
    light_run: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = light_run.copy(tmp_path / "project")
    monkeypatch.chdir(project.root)
    Path("models/model.pkl").unlink()
    Path("models/model.pkl").write_bytes(b"another")
    before = outputs(project)
    with pytest.raises(ArtifactError, match="refused, its sha256 is"):
        evaluate.main()
    assert outputs(project) == before
