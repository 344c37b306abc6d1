from pathlib import Path

import pandas as pd
import pytest
import yaml

from src.contract.fields import ContractError
from src.contract.package import Package, read_package
from tests.conftest import ROOT

TARGET = {"name": "paid", "role": "target", "bad": "no", "categories": ["yes", "no"]}
AMOUNT = {"name": "amount", "type": "number"}
NUMBERED = {"name": "end", "role": "target", "type": "integer"}
DAY = {"name": "day", "type": "date", "role": "time"}
GRADE = {"name": "grade", "categories": ["a", "b"]}
CODED = AMOUNT | {"missingValues": [{"value": "-9", "label": "not asked"}]}


def same(value: str, other: str) -> list[dict]:
    return [{"value": value, "sameAs": other}]


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
        (package_with({"name": "", "type": "number"}, TARGET), "name: String should have at least 1 character"),
        (package_with({"name": "amount", "type": "money"}, TARGET), "fields.0.type: Input should be 'string'"),
        (package_with({"name": "day", "type": "date"}, AMOUNT, TARGET), "needs a field with `role: time`"),
        (package_with(DAY, DAY | {"name": "other"}, AMOUNT, TARGET), "one field needs `role: time`; found ['day', 'ot"),
        (package_with(DAY | {"type": "string"}, AMOUNT, TARGET), "`role: time` is for a date; this one is a string"),
        (package_with(AMOUNT, TARGET | {"protected": True}), "`protected: true` is for a feature"),
        (
            package_with(AMOUNT, TARGET | {"bad": "never"}),
            "bad and good: 'never' is none of its categories:",
        ),
        (package_with(AMOUNT, TARGET | {"good": ["yes", "no"]}), "'no' is bad and good"),
        (package_with(AMOUNT, NUMBERED | {"bad": "late"}), "field 'end': bad and good: 'late' is no integer"),
        (package_with(AMOUNT, NUMBERED | {"type": "boolean", "bad": 2}), "bad and good: 2 is no boolean"),
        (package_with(AMOUNT | {"outOfBounds": "missing"}, TARGET), "`outOfBounds: missing` wants bounds"),
        (package_with(AMOUNT | {"trueValues": ["1"]}, TARGET), "trueValues is for type boolean, not number"),
        (package_with(AMOUNT | {"constraints": {"enum": [1, "2"]}}, TARGET), "the enum of type number holds numbers"),
        (package_with(AMOUNT | {"constraints": {"enum": [1, True]}}, TARGET), "the enum of type number holds numbers"),
        (package_with(AMOUNT | {"groupChar": "."}, TARGET), "decimalChar is one sign, and another one than groupChar"),
        (package_with(AMOUNT | {"groupChar": "0"}, TARGET), "groupChar is no digit and no sign"),
        (package_with({"name": "a", "type": "boolean", "trueValues": ["0"]}, TARGET), "'0' is true and false"),
        (package_with(DAY | {"format": "%d/%m"}, AMOUNT, TARGET), "format '%d/%m': a date has a year, %Y or %y"),
        (package_with(DAY | {"constraints": {"minimum": "soon"}}, AMOUNT, TARGET), "the bounds of a date are dates"),
        (
            package_with(DAY | {"constraints": {"enum": ["2020-01-01"]}}, AMOUNT, TARGET),
            "the enum of a date is not read",
        ),
        (package_with(AMOUNT, TARGET, uniqueKeys=[["id"]]), "uniqueKeys names 'id', which is no field"),
        (package_with(AMOUNT | {"constraints": {"pattern": "1."}}, TARGET), "pattern, minLength and maxLength are for"),
        (package_with(AMOUNT, TARGET | {"constraints": {"minimum": 1}}), "a string has no bounds"),
        (
            package_with(CODED, {"name": "amount: state"}, TARGET),
            "'amount: state': that name is kept for the states of 'amount'",
        ),
        (
            package_with(AMOUNT, GRADE | {"missingValues": [{"value": "-", "label": "b"}]}, TARGET),
            "field 'grade': 'b' is the label of a category and of a missing value",
        ),
        (package_with(AMOUNT, GRADE | {"missingValues": ["a"]}, TARGET), "'a' is a category and a missing value"),
        (package_with(AMOUNT, TARGET, missingValues=same("x", "y")), "sameAs 'y' is no value of the list"),
        (package_with(AMOUNT, TARGET, missingValues=["x", *same("y", "x"), *same("z", "y")]), "sameAs 'y' is no value"),
        (package_with(AMOUNT, TARGET, missingValues=["x", "x"]), "a value is listed twice"),
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
            "categories: two values share a label",
        ),
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
        {"name": "Employer (last)", "type": "string"},
        {"name": "opened", "type": "date"},
        {"name": "asked on", "type": "datetime", "role": "time"},
        TARGET,
    ]
    package = read(tmp_path, package_with(*fields))
    kinds = ["number", "integer", "boolean", "category", "category", "text", "date"]
    assert [c.kind for c in package.features] == kinds
    assert package.time is not None
    assert (package.time.name, package.time.kind) == ("asked on", "date")
    assert package.columns[3].choices == {"1": "low", "2": "high"}
    assert package.columns[4].labels == ["a", "b"]
    assert package.target.bad_label == "no"


def test_missing_values_of_a_field_take_the_place_of_the_schemas(tmp_path: Path) -> None:
    own = AMOUNT | {"missingValues": [{"value": "-99", "label": "not asked"}]}
    package = read(tmp_path, package_with(own, {"name": "rate", "type": "number"}, TARGET, missingValues=["", "NA"]))
    assert [[m.value for m in package.missing_values(c)] for c in package.features] == [["-99"], ["", "NA"]]


def test_states_are_the_labels_of_missing_values_each_once(tmp_path: Path) -> None:
    coded = [{"value": "-9", "label": "not asked"}, {"value": "-8", "label": "-8"}, "", *same("-7", "-9")]
    own = {"name": "rate", "type": "number", "missingValues": coded}
    asked = {"name": "asked", "type": "number", "constraints": {"required": True}}
    labelled = [{"value": "NA", "label": "no answer"}]
    package = read(tmp_path, package_with(own, AMOUNT, asked, TARGET, missingValues=labelled))
    assert [package.states(column) for column in package.columns] == [["not asked"], ["no answer"], [], []]
    assert package.state_of(package.columns[0]) == {"-9": "not asked", "-7": "not asked"}


def test_categories_of_one_meaning_share_a_label_by_the_value_of_the_other(tmp_path: Path) -> None:
    grades = [{"value": 1, "label": "low"}, {"value": 2, "label": "high"}, {"value": 3, "sameAs": 1}]
    package = read(tmp_path, package_with({"name": "grade", "type": "integer", "categories": grades}, TARGET))
    assert package.columns[0].choices == {"1": "low", "2": "high", "3": "low"}
    assert package.columns[0].labels == ["low", "high"]


def test_closed_list_holds_what_the_constraints_permit(tmp_path: Path) -> None:
    few = {"categories": [1, 2, 3, 4], "type": "integer", "constraints": {"minimum": 2, "exclusiveMaximum": 4}}
    words = {"categories": ["a", "bb", "c1"], "constraints": {"pattern": "[a-z]+", "minLength": 2}}
    package = read(tmp_path, package_with({"name": "few"} | few, {"name": "words"} | words, TARGET))
    assert [column.labels for column in package.features] == [["2", "3"], ["bb"]]


def test_protected_fields_are_those_of_the_role_and_features_that_say_so(tmp_path: Path) -> None:
    fields = [GRADE | {"protected": True}, {"name": "sex", "role": "protected"}, AMOUNT, TARGET]
    package = read(tmp_path, package_with(*fields))
    assert [column.name for column in package.protected] == ["grade", "sex"]
    assert [column.name for column in package.features] == ["grade", "amount"]


def test_bad_and_good_are_values_or_lists_and_compared_with_the_typed_table(tmp_path: Path) -> None:
    values = [{"value": 1, "label": "late"}, {"value": 2, "label": "lost"}, {"value": 3, "label": "paid"}, 4]
    target = {"name": "end", "type": "integer", "role": "target", "categories": values, "bad": [1, 2], "good": 3}
    package = read(tmp_path, package_with(AMOUNT, target))
    assert (package.target.bad_labels, package.target.good_labels) == (["late", "lost"], ["paid"])
    assert package.is_bad(pd.Series(["paid", "late", "4", "lost", None])).tolist() == [False, True, False, True, False]


@pytest.mark.parametrize(("type_", "bad"), [("integer", "1"), ("number", 1), ("boolean", "1"), ("boolean", True)])
def test_bad_value_is_read_as_the_file_writes_it(type_: str, bad: object) -> None:
    package = Package.model_validate(package_with(AMOUNT, NUMBERED | {"type": type_, "bad": bad}))
    assert package.is_bad(pd.Series([1, 0], dtype="boolean" if type_ == "boolean" else "Int64")).tolist() == [
        True,
        False,
    ]


def test_bad_value_becomes_the_label_of_the_typed_table() -> None:
    package = read_package(ROOT / "data/external/german_credit/datapackage.yaml")
    assert package.target.bad_label == package.target.choices["2"]
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
        ({"dialect": {"escapeChar": '"'}}, "delimiter, quoteChar and escapeChar are different signs"),
        ({"dialect": {"headerRows": [2, 1]}}, "headerRows: each row once, in the order of the file"),
        ({"dialect": {"headerRows": [2], "header": False}}, "headerRows: the dialect says `header: false`"),
        ({"dialect": {"headerRows": [2], "commentRows": [2]}}, "commentRows: row 2 is a row of the header too"),
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
    assert {column.kind for column in package.with_role("ignored")} == {"text", "date"}
    assert {column.type for column in package.columns if column.kind == "date"} == {"date", "datetime"}
