"""Other data sets need a data package and no code: one as its draft has it, one that somebody has edited"""

import json
import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from pydantic import TypeAdapter

from src.contract.fields import state_column
from src.model import selection
from src.model.artifact import load_model, to_bytes
from src.model.candidates import build
from src.model.card import Card
from src.model.development import read_development
from src.model.inputs import inputs
from src.model.kinds import KINDS
from src.params import read_params
from src.serving.applicants import applicant_type
from src.serving.predictors import load
from tests.collection import SHARED
from tests.conftest import Project
from tests.everything import HEADER, LAST, OUTCOMES, rows
from tests.pipeline.conftest import field_named, outputs
from tests.pipeline.stages import run_stages

BANK = SHARED / "data/bank-full.csv"
BALANCE, INCOME, EMPLOYER = "Balance/BUREAU", "Monthly Income (€)", "Employer"
STATES = {"-9": "code -9", "-8": "code -8"}


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    """The file's rows as text, without those whose outcome is not known yet."""
    table = pd.DataFrame(rows(), columns=HEADER)
    return table[table["Outcome"] != OUTCOMES[2]].reset_index(drop=True)


@pytest.fixture(scope="module")
def card(everything: Project) -> Card:
    found, _ = load_model(everything.root / "models")
    return found


def test_awkward_table_is_typed_as_it_was_drafted(everything: Project, published: pd.DataFrame) -> None:
    table = pd.read_parquet(everything.root / "data/raw/applications.parquet")
    assert len(table) == len(published)
    written = table[INCOME].map("{:,.2f}".format).str.translate(str.maketrans(",.", ".,"))
    assert written.where(table[INCOME].notna(), "").tolist() == published[INCOME].tolist()
    stated = [STATES.get(cell, "") for cell in published[BALANCE]]
    assert table[state_column(BALANCE)].fillna("").tolist() == stated
    numbers = [None if cell in STATES else int(cell) for cell in published[BALANCE]]
    assert table[BALANCE].astype(object).where(table[BALANCE].notna(), None).tolist() == numbers
    for name in ("Applied.On", "First credit"):
        assert table[name].dt.strftime("%b-%Y").tolist() == published[name].tolist()
    assert table["Owns home?"].tolist() == (published["Owns home?"] == "Y").tolist()
    assert table[EMPLOYER].fillna("").tolist() == published[EMPLOYER].tolist()
    assert json.loads(everything.read("reports/ingest.json"))["left_out"] == len(rows()) - len(published)


def test_awkward_tables_card_names_what_the_model_knows(card: Card, published: pd.DataFrame) -> None:
    features = {feature.name: feature for feature in card.features}
    assert list(features) == HEADER[2:-1]
    assert (features[BALANCE].states, features[BALANCE].codes) == (list(STATES.values()), STATES)
    assert features["Owns home?"].codes == {"Y": True, "N": False}
    assert features["First credit"].type == "date"
    assert (card.time.name if card.time else None) == "Applied.On"
    counts = Counter(published[EMPLOYER])
    assert features[EMPLOYER].suggestions
    assert all(counts[employer] >= 30 for employer in features[EMPLOYER].suggestions)
    assert card.reference[EMPLOYER] in (None, *features[EMPLOYER].suggestions)
    assert card.target.bad == OUTCOMES[1]


def test_awkward_table_is_scored_with_reasons_that_name_a_state(everything: Project, card: Card) -> None:
    served = load(everything.root / "models")
    adapter = TypeAdapter(applicant_type(card))
    schema = adapter.json_schema()
    example: dict[str, Any] = adapter.validate_python(schema["example"])
    today = datetime.now(UTC).date().isoformat()
    strange = example | {EMPLOYER: "Nobody has heard of them", "Applied.On": today}
    assert [0 < served.scorer.score(one).probability_of_default < 1 for one in (example, strange)] == [True, True]
    states = [served.scorer.score(example | {BALANCE: value}, reasons=True) for value in (*STATES.values(), 900, None)]
    assert len({round(found.probability_of_default, 9) for found in states}) > 2
    risky = example | {BALANCE: "code -9", INCOME: 500.0}
    named = {reason.feature: reason.value for reason in served.scorer.score(risky, reasons=True).reasons}
    assert named[BALANCE] == "code -9"


def test_awkward_tables_reference_finds_each_value_as_the_log_holds_it(everything: Project, card: Card) -> None:
    found = read_development(everything.root / "models")
    table = pd.read_parquet(everything.root / "data/raw/applications.parquet")
    assert found is not None
    assert card.time is not None
    made = [day.date().isoformat() for day in table[card.time.name]]
    for feature in card.features:
        values = table[feature.name].astype(object).where(table[feature.name].notna(), None)
        if feature.type == "date":
            values = values.map(lambda day: day.date().isoformat(), na_action="ignore")
        if feature.mixed:
            values = values.where(table[state_column(feature.name)].isna(), table[state_column(feature.name)])
        distribution = found.features[feature.name]
        places = distribution.places(values.tolist(), made if distribution.before else None)
        assert np.bincount(places, minlength=len(distribution.rows)).tolist() == distribution.rows, feature.name
    assert found.features["First credit"].before == "Applied.On"
    assert found.features[BALANCE].labels[-4:-2] == list(STATES.values())
    assert found.features[EMPLOYER].rows[-1] > 0
    assert found.rows == len(table)


def test_awkward_tables_documents_live_with_its_names(everything: Project) -> None:
    told = everything.read("MODEL_CARD.md")
    assert [name for name in HEADER[2:-1] if name not in told] == []
    assert "whose `Outcome` is neither bad nor good" in told
    records = json.loads(everything.read("models/evaluation.json"))["importance"]
    assert {record["feature"] for record in records} == set(HEADER[2:-1])
    parts = [pd.read_parquet(everything.root / f"data/processed/{part}.parquet") for part in ("train", "test")]
    assert [list(part.columns) for part in parts] == [list(parts[0].columns)] * 2


def test_awkward_tables_newest_days_are_tested_on_and_each_month_is_measured(everything: Project) -> None:
    train, test = (pd.read_parquet(everything.root / f"data/processed/{part}.parquet") for part in ("train", "test"))
    day = "Applied.On"
    assert train[day].max() < test[day].min(), "a day is on one side"
    assert test[day].nunique() < len(test) / 5, "though many applications share one"
    beside = max((train[day] == train[day].max()).sum(), (test[day] == test[day].min()).sum())
    assert abs(len(test) - 0.2 * (len(train) + len(test))) <= beside / 2, "no other day is nearer to the share"
    evaluation = json.loads(everything.read("models/evaluation.json"))
    months = evaluation["by_month"]
    bads = (test["Outcome"] == OUTCOMES[1]).groupby(test[day].dt.strftime("%Y-%m"))
    counted = [(month, bad.size, bad.sum()) for month, bad in bads]
    assert [(each["month"], each["rows"], each["bads"]) for each in months] == counted
    assert evaluation["rows"] == len(test) == sum(each["rows"] for each in months)
    assert (months[-1]["month"], months[-1]["bads"], months[-1]["roc_auc"]) == (LAST.strftime("%Y-%m"), 0, None)
    assert all(0 <= each["roc_auc"] <= 1 for each in months if 0 < each["bads"] < each["rows"])
    assert all(0 < each["brier"] < 1 for each in months)


def test_awkward_table_gives_the_same_bytes_twice(everything: Project, card: Card) -> None:
    table = pd.read_parquet(everything.root / "data/processed/train.parquet")
    X = inputs(table, card.features, card.time)
    bad = (table["Outcome"] == card.target.bad).astype("int64").to_numpy()
    params = read_params(everything.root / "params.yaml", KINDS)

    def fitted() -> bytes:
        return to_bytes(build(params.train.candidates, list(card.features), 1)["blend"].fit(X, bad))

    assert fitted() == fitted()


@pytest.fixture(scope="module")
def bank(light_run: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Bank Marketing from its published file: drafted, then edited as its lender would."""
    project = light_run.copy(tmp_path_factory.mktemp("bank") / "project")
    project.run("python", "-m", "src.contract.draft", str(BANK), "--target", "y", "--bad", "yes", "--name", "bank")

    def edit(package: dict) -> None:
        for name in ("age", "marital"):
            field_named(package, name).update(role="feature", protected=True)
        (code,) = [value for value in field_named(package, "pdays")["missingValues"] if value["value"] == "-1"]
        code["label"] = "not contacted before"

    def choose(given: dict) -> None:
        given["dataset"] = "data/external/bank/datapackage.yaml"
        given["train"] |= {"folds": 2, "candidates": {"boosting": given["train"]["candidates"]["boosting"]}}
        given["train"]["candidates"]["boosting"] |= {"iterations": 60}

    project.edit("data/external/bank/datapackage.yaml", edit)
    project.edit("params.yaml", choose)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selection, "MANY_ROWS", 10**6)  # two processes would import longer than they fit
        run_stages(project)
    return project


@pytest.mark.shared
def test_bank_marketing_tells_not_contacted_before_from_a_number(bank: Project) -> None:
    card, _ = load_model(bank.root / "models")
    assert card.protected == ["age", "marital"]
    assert {"age", "marital"} < {feature.name for feature in card.features}
    assert "duration" not in {feature.name for feature in card.features}
    table = pd.read_parquet(bank.root / "data/processed/test.parquet").iloc[::20]
    X = inputs(table, card.features, card.time).astype(object)
    applicants = X.where(X.notna(), None).to_dict("records")
    served = load(bank.root / "models").scorer
    scored = served.score_all(applicants, reasons=True)
    told = {reason.value for one in scored for reason in one.reasons if reason.feature == "pdays"}
    assert told
    assert {type(value) for value in told} == {int}  # a number counts against whoever has one ...
    assert card.reference["pdays"] == "not contacted before"  # ... beside the typical approved applicant, who has none
    (never,) = served.score_all([applicants[0] | {"pdays": "not contacted before"}], reasons=True)
    (lately,) = served.score_all([applicants[0] | {"pdays": 90}], reasons=True)
    assert lately.probability_of_default > never.probability_of_default
    assert "not contacted before" not in [reason.value for reason in never.reasons]
    assert json.loads(bank.read("reports/metrics.json"))["roc_auc"] > 0.75


@pytest.mark.shared
def test_bank_marketings_card_says_that_a_protected_field_is_used(bank: Project) -> None:
    text = bank.read("MODEL_CARD.md")
    assert re.search(r"Protected, and used as a feature:\*\* marital", text)
    assert "| marital | divorced |" in text
    assert sum(len(part) for name, part in outputs(bank).items() if name.endswith((".json", ".md"))) < 500_000
    fields = yaml.safe_load(bank.read("data/external/bank/datapackage.yaml"))["resources"][0]["schema"]["fields"]
    assert len(fields) == 17
