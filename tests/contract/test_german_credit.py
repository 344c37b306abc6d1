"""data/external/german_credit/ -> accepted by the standard's own tool, and complete for people in both languages"""

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from frictionless import Package, Schema

FOLDER = Path(__file__).parents[2] / "data/external/german_credit"
PUBLISHED_SHA256 = "b21f3d81db8071257d5ff1deaeba1fd4303b62712e6fcc9715c7a86202cb5871"
DESCRIPTOR = yaml.safe_load((FOLDER / "datapackage.yaml").read_text(encoding="utf-8"))
RESOURCE = DESCRIPTOR["resources"][0]
FIELDS = {field["name"]: field for field in RESOURCE["schema"]["fields"]}
each_field = pytest.mark.parametrize("field", FIELDS.values(), ids=FIELDS.keys())
each_category_field = pytest.mark.parametrize(
    "field", [f for f in FIELDS.values() if "categories" in f], ids=[n for n, f in FIELDS.items() if "categories" in f]
)


def labels(field: dict[str, Any]) -> list[str]:
    return [category["label"] for category in field["categories"]]


def columns() -> dict[str, list[str]]:
    rows = [line.split() for line in (FOLDER / "german.data").read_text(encoding="utf-8").splitlines()]
    return dict(zip(FIELDS, map(list, zip(*rows, strict=True)), strict=True))


def test_frictionless_accepts_the_package_with_1000_rows() -> None:
    report = Package(str(FOLDER / "datapackage.yaml")).validate()
    assert report.valid, report.flatten(["type", "note"])
    assert report.tasks[0].stats["rows"] == 1000
    assert report.tasks[0].stats["fields"] == 21


def test_file_is_the_published_one() -> None:
    content = (FOLDER / "german.data").read_bytes()
    assert hashlib.sha256(content).hexdigest() == PUBLISHED_SHA256
    assert RESOURCE["hash"] == f"sha256:{PUBLISHED_SHA256}"
    assert RESOURCE["bytes"] == len(content)


def test_readme_names_source_licence_and_hash() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for fact in ("10.24432/C5NC77", "CC BY 4.0", PUBLISHED_SHA256, "1973-75", "30 %"):
        assert fact in readme, fact


def test_costs_target_and_protected_are_those_of_the_data_set() -> None:
    assert RESOURCE["costs"] == {"false_accept": 5, "false_reject": 1}
    roles = {name: field["role"] for name, field in FIELDS.items() if "role" in field}
    assert roles == {"personal_status_sex": "protected", "foreign_worker": "protected", "credit_risk": "target"}
    assert FIELDS["credit_risk"]["bad"] == 2
    assert columns()["credit_risk"].count("2") == 300


@each_field
def test_field_is_described_in_both_languages(field: dict[str, Any]) -> None:
    portuguese = field["translations"]["pt-BR"]
    assert field["title"]
    assert field["description"].endswith(".")
    assert field["constraints"]["required"] is True
    assert portuguese["title"]
    assert portuguese["description"].endswith(".")


def test_every_field_but_the_target_has_a_group_of_one_name_in_both_languages() -> None:
    pairs = {
        (field["group"], field["translations"]["pt-BR"]["group"])
        for field in FIELDS.values()
        if field.get("role") != "target"
    }
    assert [len(set(words)) for words in zip(*pairs, strict=True)] == [4, 4]


def test_nobody_is_told_to_change_age_the_past_or_what_is_protected() -> None:
    changeable = {name for name, field in FIELDS.items() if field.get("changeable")}
    assert {"credit_amount", "duration_months", "savings"} <= changeable
    assert not changeable & {"age_years", "credit_history", "personal_status_sex", "foreign_worker", "existing_credits"}


@each_category_field
def test_every_category_has_one_label_of_its_own_in_both_languages(field: dict[str, Any]) -> None:
    portuguese = field["translations"]["pt-BR"]["categories"]
    assert all(isinstance(label, str) and label for label in [*labels(field), *portuguese.values()])
    assert len(set(labels(field))) == len(field["categories"])
    assert list(portuguese) == [str(category["value"]) for category in field["categories"]]
    assert len(set(portuguese.values())) == len(portuguese)


@each_category_field
def test_every_value_of_the_file_is_a_category(field: dict[str, Any]) -> None:
    known = {str(category["value"]) for category in field["categories"]}
    assert set(columns()[field["name"]]) <= known


@each_field
def test_example_satisfies_its_own_field(field: dict[str, Any]) -> None:
    _, notes = Schema.from_descriptor({"fields": [field]}).fields[0].read_cell(str(field["example"]))
    assert notes is None, notes
    if "categories" in field:
        assert field["example"] in [category["value"] for category in field["categories"]]


@pytest.mark.parametrize("name", [name for name, field in FIELDS.items() if "categories" not in field])
def test_bounds_leave_room_around_the_training_data(name: str) -> None:
    seen, bounds = [int(value) for value in columns()[name]], FIELDS[name]["constraints"]
    assert bounds["minimum"] < min(seen)
    assert bounds["maximum"] > 1.3 * max(seen)
