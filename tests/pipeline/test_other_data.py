"""Other data sets need a data package and no code"""

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from src.model.artifact import load_model
from tests.collection import SHARED
from tests.conftest import Project
from tests.pipeline.conftest import outputs, run_stages

TYPES = {"int64": "integer", "float64": "number"}
BANK = SHARED / "data/bank-full.csv"


def with_data(
    project: Project, name: str, files: dict[str, bytes], resource: dict, candidates: set[str], **params: object
) -> Project:
    """Give `project`, a copy of a light run, a new data set and some of its candidates."""
    folder = project.root / "data/external" / name
    folder.mkdir()
    for file, content in files.items():
        (folder / file).write_bytes(content)
    whole = b"".join(files.values())
    resource |= {"name": "applications", "path": list(files), "bytes": len(whole)}
    resource |= {"hash": f"sha256:{hashlib.sha256(whole).hexdigest()}"}
    package = {"name": name, "title": f"The {name} table", "description": "Made for a test.", "resources": [resource]}
    (folder / "datapackage.yaml").write_text(yaml.safe_dump(package, allow_unicode=True), encoding="utf-8")

    def change(given: dict) -> None:
        given |= {"dataset": f"data/external/{name}/datapackage.yaml", **params}
        given["train"]["candidates"] = {c: p for c, p in given["train"]["candidates"].items() if c in candidates}

    project.edit("params.yaml", change)
    return project


def made_rows(count: int) -> pd.DataFrame:
    """Applicants as text, in a file's words: German numbers, Portuguese booleans, coded and missing values."""
    random = np.random.default_rng(7)
    income = random.lognormal(7.5, 0.5, count).round(2)
    late, owner = random.integers(0, 6, count), random.random(count) < 0.6
    risk = 1 / (1 + np.exp(income / 900 - 0.8 * late + owner))
    table = {
        "id": [f"C-{number:05d}" for number in range(count)],
        "monthly_income": [f"{value:,.2f}".translate(str.maketrans(",.", ".,")) for value in income],
        "late_payments": np.where(random.random(count) < 0.1, "-9", late.astype(str)),
        "home_owner": np.where(owner, "sim", "não"),
        "region": np.where(random.random(count) < 0.05, "?", random.choice(["N", "S", "W"], count)),
        "grade": random.choice(["a", "b", "c"], count),
        "applied_on": [f"2024-{1 + number % 12:02d}-01" for number in range(count)],
        "remarks": ["'semi; colon'"] * count,
        "sex": random.choice(["f", "m"], count),
        "defaulted": (random.random(count) < risk).astype(int).astype(str),
    }
    return pd.DataFrame(table)


MADE = {
    "encoding": "iso-8859-1",
    "dialect": {"delimiter": ";", "quoteChar": "'"},
    "schema": {
        "primaryKey": "id",
        "missingValues": [{"value": "", "label": "not given"}],
        "fields": [
            {"name": "id", "type": "string", "role": "id", "constraints": {"pattern": r"C-\d{5}"}},
            {
                "name": "monthly_income",
                "type": "number",
                "decimalChar": ",",
                "groupChar": ".",
                "unit": "EUR",
                "direction": "decreasing",
                "constraints": {"required": True, "exclusiveMinimum": 0},
            },
            {
                "name": "late_payments",
                "type": "integer",
                "missingValues": [{"value": "-9", "label": "no file at the bureau"}],
                "constraints": {"minimum": 0, "enum": [0, 1, 2, 3, 4, 5]},
            },
            {"name": "home_owner", "type": "boolean", "trueValues": ["sim"], "falseValues": ["não"], "example": "sim"},
            {
                "name": "region",
                "type": "string",
                "missingValues": ["?"],
                "categories": [{"value": "N", "label": "North"}, {"value": "S", "label": "Süd"}, {"value": "W"}],
            },
            {"name": "grade", "type": "string", "constraints": {"enum": ["a", "b", "c"], "required": True}},
            {"name": "applied_on", "type": "date", "role": "ignored"},
            {"name": "remarks", "type": "string", "role": "ignored"},
            {"name": "sex", "type": "string", "role": "protected"},
            {"name": "defaulted", "type": "integer", "role": "target", "bad": 1},
        ],
    },
}


@pytest.fixture(scope="module")
def made(light_run: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A small generated table in two files, with every property of a field that the contract knows."""
    rows = [";".join(row) for row in made_rows(900).itertuples(index=False)]
    header = ";".join(field["name"] for field in MADE["schema"]["fields"])
    halves = {"one.csv": [header, *rows[:500]], "two.csv": [header, *rows[500:]]}
    files = {name: "".join(f"{row}\r\n" for row in half).encode("iso-8859-1") for name, half in halves.items()}
    costs = {"false_accept": 4, "false_reject": 1}
    project = light_run.copy(tmp_path_factory.mktemp("made") / "project")
    run_stages(with_data(project, "made", files, MADE, {"scorecard", "boosting"}, costs=costs))
    return project


def test_generated_table_is_typed_as_its_package_says(made: Project) -> None:
    table = pd.read_parquet(made.root / "data/raw/applications.parquet")
    rows = made_rows(900)
    assert table["id"].tolist() == rows["id"].tolist()
    assert table["monthly_income"].map("{:,.2f}".format).tolist() == [
        cell.translate(str.maketrans(",.", ".,")) for cell in rows["monthly_income"]
    ]
    assert table["late_payments"].isna().tolist() == (rows["late_payments"] == "-9").tolist()
    assert table["home_owner"].tolist() == (rows["home_owner"] == "sim").tolist()
    assert set(table["region"].dropna()) == {"North", "Süd", "W"}
    assert table["region"].isna().tolist() == (rows["region"] == "?").tolist()
    assert table["remarks"].unique().tolist() == ["semi; colon"]
    assert table["defaulted"].astype(str).tolist() == rows["defaulted"].tolist()


def test_generated_tables_card_says_what_the_package_says(made: Project) -> None:
    card, _ = load_model(made.root / "models")
    features = {feature.name: feature for feature in card.features}
    assert {name: feature.type for name, feature in features.items()} == {
        "monthly_income": "number",
        "late_payments": "integer",
        "home_owner": "boolean",
        "region": "category",
        "grade": "category",
    }
    assert features["monthly_income"].exclusive_minimum == 0
    assert features["monthly_income"].missing_label == "not given"
    assert features["late_payments"].enum == [0, 1, 2, 3, 4, 5]
    assert features["late_payments"].missing_label == "no file at the bureau"
    assert features["region"].categories == ["North", "Süd", "W"]
    assert features["grade"].categories == ["a", "b", "c"]
    assert [features[name].required for name in ("monthly_income", "late_payments", "grade")] == [True, False, True]
    assert (card.protected, card.target.bad, card.dataset.name) == (["sex"], 1, "made")
    assert (card.costs.source, card.threshold) == ("params.yaml", 0.2)


def test_generated_tables_model_scores_applicants_with_missing_values(made: Project) -> None:
    card, model = load_model(made.root / "models")
    applicants = pd.DataFrame([card.reference, card.reference | {"late_payments": None, "region": None}])
    assert model.predict_proba(applicants).sum(axis=1).tolist() == pytest.approx([1, 1])
    assert json.loads(made.read("models/evaluation.json"))["metrics"]["roc_auc"]["low"] > 0.6
    text = made.read("MODEL_CARD.md")
    told = ["The made table", card.sha256, "| sex | f |", "| sex | m |", "(from the params.yaml)"]
    assert [part for part in told if part not in text] == []


def test_generated_tables_parts_leave_out_what_is_ignored(made: Project) -> None:
    for part in ("train", "test"):
        columns = pd.read_parquet(made.root / f"data/processed/{part}.parquet").columns
        assert "id" in columns
        assert not {"applied_on", "remarks"} & set(columns)


def bank_field(name: str, column: pd.Series) -> dict:
    """A field described from its values, as somebody would write it who looks at the file."""
    if column.dtype.name in TYPES:
        return {"name": name, "type": TYPES[column.dtype.name], "constraints": {"required": True}}
    values = sorted(set(column) - {"unknown"})
    unknown = {"missingValues": [{"value": "unknown", "label": "not known"}]} if "unknown" in set(column) else {}
    return {"name": name, "type": "string", "categories": values, **unknown}


@pytest.mark.shared
def test_bank_marketing_needs_no_code(light_run: Project, tmp_path: Path) -> None:
    head, *lines = BANK.read_bytes().splitlines(keepends=True)
    content = b"".join([head, *lines[::11]])
    table = pd.read_csv(BANK, sep=";")
    fields = [bank_field(name, table[name]) for name in table]
    roles = {"marital": {"role": "protected"}, "y": {"role": "target", "bad": "yes"}}
    fields = [field | roles.get(field["name"], {}) for field in fields]
    resource = {
        "dialect": {"delimiter": ";"},
        "schema": {"fields": fields},
        "costs": {"false_accept": 5, "false_reject": 1},
    }
    project = light_run.copy(tmp_path / "project")
    run_stages(with_data(project, "bank", {"bank.csv": content}, resource, {"boosting"}))
    card, _ = load_model(project.root / "models")
    assert len(card.features) == table.shape[1] - 2
    assert card.target.bad_rate == pytest.approx((table["y"] == "yes").mean(), abs=0.01)
    assert json.loads(project.read("reports/metrics.json"))["roc_auc"] > 0.85
    assert "| marital | divorced |" in project.read("MODEL_CARD.md")
    assert sum(len(text) for name, text in outputs(project).items() if name.endswith((".json", ".md"))) < 300_000
