"""The model card answers each point of Annex IV that a maker can, by what was measured, and marks the rest."""

import json
from typing import Any

import pandas as pd
import pytest

from src.contract.package import Package, read_package
from src.model.card import Card, Feature, read_card
from src.model.development import Development
from src.model.metrics import GREATER_IS_BETTER
from src.model.model_card import LENDER, MEANINGS, Measured, model_card, table, values
from src.params import read_params
from tests.conftest import ROOT

SECTIONS = {
    "Purpose": "1",
    "Data": "2 (d)",
    "Design": "2 (a) to (c)",
    "Metrics": "2 (g), 3 and 4",
    "Limits": "3",
    "Oversight": "2 (e) and 3",
    "Everything else": "2 (h) and 5 to 9",
}


@pytest.fixture
def card() -> Card:
    return read_card(ROOT / "models/model.json")


@pytest.fixture
def package() -> Package:
    return read_package(ROOT / read_params(ROOT / "params.yaml").dataset)


@pytest.fixture
def measured(card: Card) -> Measured:
    files = ("models/evaluation.json", "reports/candidates.json", "models/export.json", "reports/ingest.json")
    development = Development.model_validate_json((ROOT / "models/reference.json").read_bytes())
    said = (json.loads((ROOT / file).read_text()) for file in files)
    return Measured(*said, pd.DataFrame([card.reference] * 3), development)


def sections(text: str) -> dict[str, str]:
    """The title of each section and what stands in it."""
    parts = text.split("\n## ")[1:]
    return {title: body for title, _, body in (part.partition("\n") for part in parts)}


def test_sections_are_annex_ivs_and_each_is_measured_and_leaves_the_lenders_part_open(card, package, measured) -> None:
    found = sections(model_card(card, package, measured))
    assert list(found) == list(SECTIONS)
    for title, points in SECTIONS.items():
        body, mark, lender = found[title].partition(LENDER)
        assert body.startswith(f"\n*Annex IV, {points}*\n\n")
        assert "- **" in body, title
        assert mark, title
        assert len(lender.split()) > 15, title


def test_committed_card_is_of_the_committed_model(card: Card) -> None:
    text = (ROOT / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert list(sections(text)) == list(SECTIONS)
    assert f"sha256 `{card.sha256}`" in text


def test_oversight_says_what_live_applicants_are_compared_with(card, package, measured) -> None:
    approved = measured.development.approved
    text = sections(model_card(card, package, measured))["Oversight"]
    assert f"{approved.rows} rows approved so, {approved.observed} were bad, {approved.expected:.1f} expected" in text


def test_every_metric_has_its_interval_its_base_rate_and_a_meaning(card, package, measured) -> None:
    text = sections(model_card(card, package, measured))["Metrics"]
    assert list(MEANINGS) == list(GREATER_IS_BETTER)
    for name, metric in measured.found["metrics"].items():
        numbers = f"{metric['value']:.3f} | {metric['low']:.3f} to {metric['high']:.3f} | {metric['baseline']:.3f}"
        assert f"| {name} | {numbers} | {MEANINGS[name]} |" in text


def changed(measured: Measured, **found: Any) -> Measured:
    return Measured(
        measured.found | found,
        measured.compared,
        measured.export,
        measured.ingested,
        measured.training,
        measured.development,
    )


def test_limits_name_small_groups_disadvantaged_ones_and_idle_features(card, package, measured) -> None:
    groups = [dict.fromkeys(("roc_auc", "bad_rate", "mean_pd"), 0.5) | group for group in (
        {"field": "f", "group": "a", "count": 50, "too_few": False, "approval_rate": 0.5, "approval_ratio": 1.0},
        {"field": "f", "group": "b", "count": 40, "too_few": False, "approval_rate": 0.3, "approval_ratio": 0.6},
        {"field": "f", "group": "c", "count": 9, "too_few": True, "approval_rate": 0.5, "approval_ratio": None},
    )]  # fmt: skip
    importance = [{"feature": card.features[0].name, "loss": 0.1}, {"feature": card.features[1].name, "loss": 0.0}]
    text = model_card(card, package, changed(measured, fairness=groups, importance=importance))
    limits = sections(text)["Limits"]
    assert "**Groups of too few to say anything:** f = c (9)." in limits
    assert "another of their field:** f = b (0.600)." in limits
    assert f"**Features without which nothing is lost:** {card.features[1].name}." in limits
    assert "| f | c | 9 | 0.500 |  | 0.500 |" in text


def test_package_without_protected_fields_description_or_sources_is_told_as_that(card, package, measured) -> None:
    content = package.model_dump(by_alias=True, exclude_unset=True) | {"description": "", "title": "", "sources": []}
    resource = content["resources"][0]
    resource["sources"] = []
    for field in resource["schema"]["fields"]:
        field["role"] = "ignored" if field.get("role") == "protected" else field.get("role", "feature")
    bare = Package.model_validate(content)
    one = [{"feature": card.features[0].name, "loss": 0.1}]
    found = changed(measured, fairness=[], importance=one)
    text = model_card(card.model_copy(update={"protected": []}), bare, found)
    told = [
        f"**Data set:** {package.name};",
        "**Sources:** the data package names none.",
        "**Protected:** the data package names no protected field.",
    ]
    assert [part for part in told if part not in text] == []
    for empty in ("| field | group |", "**Groups", "**Features without", "**Protected, so", "**Segments", ": none.\n"):
        assert empty not in text, empty


def test_data_section_says_what_ingest_counted_and_which_features_are_protected(card, package, measured) -> None:
    ingested = {"rows": 90, "left_out": 10, "duplicates": 3, "out_of_bounds": {"age": 2, "income": 0}}
    content = package.model_dump(by_alias=True, exclude_unset=True)
    feature = package.features[0].name
    next(field for field in content["resources"][0]["schema"]["fields"] if field["name"] == feature)["protected"] = True
    told = Measured(
        measured.found, measured.compared, measured.export, ingested, measured.training, measured.development
    )
    text = sections(model_card(card, Package.model_validate(content), told))["Data"]
    assert f"**Rows left out:** 10, whose `{package.target.name}` is neither bad nor good." in text
    assert "**Rows that repeat an earlier one in every field:** 3 of 90, which are kept." in text
    assert "**Values out of bounds that count as missing:** age 2." in text
    assert f"**Protected, and used as a feature:** {feature}." in text


def test_sentences_follow_the_counts(card, package, measured) -> None:
    cells = {("good", "approve"): 1, ("good", "decline"): 0, ("bad", "approve"): 1, ("bad", "decline"): 0}
    counts = [{"outcome": o, "decision": d, "count": count} for (o, d), count in cells.items()]
    found = changed(measured, rows=2, curves=measured.found["curves"] | {"confusion": counts})
    parity = {"dataset_rows": 2, "random_rows": 10000, "largest_difference": 3e-06, "flipped_decisions": 1}
    compared = measured.compared | {"repeats": 1}
    one = Measured(
        found.found,
        compared,
        measured.export | {"parity": parity},
        measured.ingested,
        measured.training,
        measured.development,
    )
    text = model_card(card, package, one)
    told = [
        "of 1 good applicant 0 are declined, of 1 bad one 1 is approved.",
        "of 2 test applicants 0 are declined.",
        "folds, drawn once:",
        "differ by up to 3e-06 from those of the fitted model on 2 rows of data and 10000 random applicants, with 1",
    ]
    assert [part for part in told if part not in text] == []
    assert "are to six digits those of the fitted model on 1000 rows" in model_card(card, package, measured)


def test_segment_beyond_chance_is_a_limit_and_the_baselines_stand_beside_the_candidates(
    card, package, measured
) -> None:
    segment = {"fields": ["a", "b"], "bins": ["1 to 2", "x"], "rows": 90, "observed": 40, "expected": 20.04}
    segments = [
        segment | {"low": 25.0, "high": 60.0},
        segment | {"fields": ["c"], "bins": ["y"], "low": 9.0, "high": 60.0},
    ]
    text = sections(model_card(card, package, changed(measured, segments=segments)))
    assert "expected, beyond chance:** a = 1 to 2 and b = x (40 of 90, expected 20.0)." in text["Limits"]
    assert "c = y" not in text["Limits"]
    auc = measured.compared["baseline"]["logistic_regression"]["roc_auc"]
    assert f"| (a plain logistic regression) | {auc['mean']:.3f} ± {auc['std']:.3f} |" in text["Design"]


def test_search_is_told_with_its_rows_and_only_where_there_was_one(card, package, measured) -> None:
    given = measured.compared["candidates"]
    forest = given["forest"] | {"searched": {"rows": 400, "trials": 30, "best": 7, "given": 0.78, "found": 0.79}}
    compared = measured.compared | {"candidates": given | {"forest": forest}}
    one = Measured(
        measured.found, compared, measured.export, measured.ingested, measured.training, measured.development
    )
    told = "searched for on 400 of the 800 training rows (`forest` 30 times); the folds above are of the others"
    assert [told in sections(model_card(card, package, each))["Design"] for each in (one, measured)] == [True, False]


@pytest.mark.parametrize(
    ("calibrated", "gain", "said"),
    [
        (True, 0.002, "isotonic, and kept: out of fold it changes the Brier score by -0.0020"),
        (False, -0.002, "isotonic, and left out: out of fold it changes the Brier score by +0.0020"),
        (False, 0.002, "isotonic, which `params.yaml` leaves out: out of fold it changes the Brier score by -0.0020"),
    ],
)
def test_calibration_is_told_with_what_it_would_change(card, package, measured, calibrated, gain, said) -> None:
    compared = measured.compared | {"brier_gain_of_calibration": gain}
    text = model_card(
        card.model_copy(update={"calibrated": calibrated}),
        package,
        Measured(measured.found, compared, measured.export, measured.ingested, measured.training, measured.development),
    )
    assert said in text


@pytest.mark.parametrize(
    ("type_", "categories", "column", "said"),
    [
        ("category", ["a", "b", "c"], pd.Series(["a", "b", "b", None], dtype="str"), "2 of 3 labels"),
        ("integer", None, pd.Series([4, 72, 18, None], dtype="Int64"), "4 to 72, median 18"),
        ("number", None, pd.Series([0.5, 1.25]), "0.5 to 1.25, median 0.875"),
        ("boolean", None, pd.Series([True, False, True, None], dtype="boolean"), "67% true"),
        ("number", None, pd.Series([None], dtype="float64"), "none"),
    ],
)
def test_values_of_a_feature_are_told_in_a_few_words(card, type_, categories, column, said) -> None:
    feature = Feature.model_validate(
        card.features[0].model_dump() | {"type": type_, "categories": categories, "example": None}
    )
    assert values(feature, column.dropna()) == said


def test_bar_in_a_label_ends_no_cell() -> None:
    assert table(["a", "b"], [["x|y", None], [0.5, 1]]) == "| a | b |\n| --- | --- |\n| x\\|y |  |\n| 0.500 | 1 |"


def test_card_says_who_keeps_expected_directions_and_what_a_scorecard_leaves_out(card, package, measured) -> None:
    tried = {"boosting": {"directions": "free", "directions_gain": -0.00312}, "scorecard": {"directions": "bound"}}
    for name, facts in (tried | {"forest": {"directions": None, "weak_fields": []}}).items():
        measured.compared["candidates"][name] |= {"directions_gain": None} | facts
    measured.compared["candidates"]["scorecard"]["weak_fields"] = ["job", "a*b"]
    design = sections(model_card(card, package, measured))["Design"]
    assert "`boosting` is free of them (being bound changes its ROC AUC by -0.0031)" in design
    assert "`scorecard` is bound to them;" in design
    assert "- **Left out of `scorecard`, for their information value:** job, a\\*b." in design
    for found in measured.compared["candidates"].values():
        found |= {"directions": None, "weak_fields": []}
    design = sections(model_card(card, package, measured))["Design"]
    assert "directions" not in design
    assert "information value" not in design


def test_rows_that_outcomes_have_added_are_told_and_measured_apart(card, package, measured) -> None:
    assert "outcomes have added" not in model_card(card, package, measured)
    metrics = measured.found["metrics"]
    parts = [{"origin": "package", "rows": 200, "bads": 60, "expected": 58.0, "metrics": metrics},
             {"origin": "outcomes", "rows": 41, "bads": 0, "expected": 2.5, "metrics": None}]  # fmt: skip
    found = changed(measured, by_origin=parts)
    told = Measured(
        found.found, found.compared, found.export, found.ingested | {"joined": 200}, found.training, found.development
    )
    text = sections(model_card(card, package, told))
    assert "**Rows that outcomes have added:** 200, 159 to train with and 41 to test with" in text["Data"]
    assert "| rows | 200 | 41 |" in text["Metrics"]
    assert f"| roc_auc | {metrics['roc_auc']['value']:.3f} (" in text["Metrics"]
