from pathlib import Path

import pytest
import yaml

from src.contract.fields import ContractError
from src.contract.package import Package, read_package
from tests.conftest import ROOT

TARGET = {"name": "paid", "role": "target", "bad": "no", "categories": ["yes", "no"]}
AMOUNT = {"name": "amount", "type": "number"}


def package_with(*fields: dict, **schema: object) -> dict:
    resource = {"name": "t", "path": "t.csv", "schema": {"fields": list(fields), **schema}}
    return {"name": "p", "resources": [resource]}


def read(folder: Path, content: object) -> Package:
    path = folder / "datapackage.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return read_package(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([], "a data package is a mapping"),
        ({"name": "p"}, "resources: Field required"),
        (package_with(AMOUNT), "one field needs `role: target`; found []"),
        (package_with(TARGET), "one field needs `role: feature`; found []"),
        (package_with(AMOUNT, AMOUNT, TARGET), "two fields are named 'amount'"),
        (package_with(AMOUNT, TARGET | {"bad": None}), "the target needs `bad`"),
        (package_with({"name": "Amount", "type": "number"}, TARGET), "String should match pattern"),
        (package_with({"name": "amount", "type": "money"}, TARGET), "fields.0.type: Input should be 'string'"),
        (package_with({"name": "note", "type": "string"}, AMOUNT, TARGET), "give it categories, or another role"),
        (package_with({"name": "day", "type": "date"}, AMOUNT, TARGET), "this one is a free date"),
        (package_with(AMOUNT | {"constrains": {}}, TARGET), "did you mean 'constraints'?"),
        (package_with(AMOUNT | {"constraints": {"minimum": "low"}}, TARGET), "the bounds of a number are numbers"),
        (package_with(AMOUNT | {"direction": "up"}, TARGET), "'increasing' or 'decreasing'"),
        (
            package_with(AMOUNT, TARGET | {"changeable": True}),
            "only a feature is changeable",
        ),
        (package_with(AMOUNT, TARGET, primaryKey="id"), "primaryKey names 'id', which is no field"),
        (
            package_with({"name": "a", "categories": [{"value": 1, "label": "x"}, {"value": 2, "label": "x"}]}, TARGET),
            "two categories share a label",
        ),
        (package_with(AMOUNT | {"bareNumber": False}, TARGET), "bareNumber"),
    ],
)
def test_package_that_breaks_the_standard_is_one_line_naming_the_place(tmp_path: Path, content, said: str) -> None:
    with pytest.raises(ContractError) as caught:
        read(tmp_path, content)
    lines = str(caught.value).splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(str(tmp_path / "datapackage.yaml"))
    assert said in lines[0]


@pytest.mark.parametrize("path", ["/etc/passwd", "../t.csv", "a/../../t.csv"])
def test_path_outside_the_package_is_refused(tmp_path: Path, path: str) -> None:
    content = package_with(AMOUNT, TARGET)
    content["resources"][0]["path"] = path
    with pytest.raises(ContractError, match="relative to the package"):
        read(tmp_path, content)


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    content = package_with({"name": "amount", "type": "money"}, TARGET | {"role": "goal"})
    with pytest.raises(ContractError) as caught:
        read(tmp_path, content)
    assert len(str(caught.value).splitlines()) == 2


def test_missing_file_and_broken_yaml_are_named(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="no such file"):
        read_package(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_text("a: [1")
    with pytest.raises(Exception, match=r"bad.yaml: not YAML.*line"):
        read_package(tmp_path / "bad.yaml")


def test_properties_of_ones_own_are_allowed_as_the_standard_says(tmp_path: Path) -> None:
    content = package_with(AMOUNT | {"rdfType": "http://example.org/x", "steward": "risk"}, TARGET)
    assert [column.name for column in read(tmp_path, content).columns] == ["amount", "paid"]


def test_kinds_follow_type_and_categories(tmp_path: Path) -> None:
    fields = [
        AMOUNT,
        {"name": "months", "type": "integer"},
        {"name": "owner", "type": "boolean"},
        {
            "name": "grade",
            "type": "integer",
            "categories": [{"value": 1, "label": "low"}, {"value": 2, "label": "high"}],
        },
        {"name": "plan", "type": "string", "constraints": {"enum": ["a", "b"]}},
        {"name": "opened", "type": "date", "role": "ignored"},
        TARGET,
    ]
    package = read(tmp_path, package_with(*fields))
    assert [c.kind for c in package.features] == ["number", "integer", "boolean", "category", "category"]
    assert package.columns[3].choices == {"1": "low", "2": "high"}
    assert package.columns[4].labels == ["a", "b"]
    assert package.target.bad_label == "no"


def test_missing_values_of_a_field_take_the_place_of_the_schemas(tmp_path: Path) -> None:
    own = AMOUNT | {"missingValues": [{"value": "-99", "label": "not asked"}]}
    package = read(tmp_path, package_with(own, {"name": "rate", "type": "number"}, TARGET, missingValues=["", "NA"]))
    assert [[m.value for m in package.missing_values(c)] for c in package.features] == [["-99"], ["", "NA"]]


def test_bad_value_becomes_the_label_of_the_typed_table() -> None:
    package = read_package(ROOT / "data/external/german_credit/datapackage.yaml")
    assert package.target.bad_label == package.target.choices[str(package.target.bad)]
    assert len(package.features) == 18
    assert len(package.with_role("protected")) == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"encoding": "utf-9"}, "encoding: unknown encoding: utf-9"),
        ({"encoding": "hex"}, "encoding: 'hex' is not a text encoding"),
        ({"dialect": {"delimiter": "||"}}, "dialect.delimiter: one ASCII character"),
        ({"dialect": {"quoteChar": ""}}, "dialect.quoteChar: one ASCII character"),
        ({"dialect": {"escapeChar": "§"}}, "dialect.escapeChar: one ASCII character"),
    ],
)
def test_unreadable_way_of_writing_is_refused_before_the_file_is_read(tmp_path: Path, change: dict, said: str) -> None:
    content = package_with(AMOUNT, TARGET)
    content["resources"][0] |= change
    with pytest.raises(ContractError, match=said):
        read(tmp_path, content)


def test_every_type_of_the_standard_may_be_kept_as_text(tmp_path: Path) -> None:
    types = ["string", "any", "object", "array", "list", "geopoint", "geojson"]
    types += ["date", "datetime", "time", "year", "yearmonth", "duration"]
    kept = [{"name": f"f{number}", "type": kind, "role": "ignored"} for number, kind in enumerate(types)]
    package = read(tmp_path, package_with(*kept, AMOUNT, TARGET))
    assert {column.kind for column in package.with_role("ignored")} == {"category"}
