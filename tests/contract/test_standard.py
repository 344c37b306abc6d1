"""Every property of the standard is honoured, refused by name, or known to have no effect on reading

The properties are those of Data Package 2.0: https://datapackage.org/standard/
"""

from pathlib import Path
from typing import Any

import pytest

from src.contract.fields import ContractError
from tests.contract.reading import AMOUNT, PAID, TEXT, package_of, read, values

PROPERTIES = {
    "package": "$schema name id title description homepage version created contributors keywords image licenses sources"
    " resources profile",
    "resource": "$schema name type path data title description format mediatype encoding bytes hash sources licenses"
    " homepage profile dialect schema compression innerpath",
    "dialect": "$schema title description header headerRows headerJoin commentRows commentChar delimiter lineTerminator"
    " quoteChar doubleQuote escapeChar nullSequence skipInitialSpace property itemType itemKeys sheetNumber sheetName"
    " table caseSensitiveHeader csvddfVersion",
    "schema": "$schema title description fields fieldsMatch missingValues primaryKey uniqueKeys foreignKeys",
    "field": "name type format title description example constraints categories categoriesOrdered missingValues rdfType"
    " decimalChar groupChar bareNumber trueValues falseValues delimiter itemType",
    "constraints": "required unique minimum maximum exclusiveMinimum exclusiveMaximum minLength maxLength pattern enum"
    " jsonSchema",
}
NO_EFFECT: dict[str, dict[str, Any]] = {
    "package": {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "id": "x",
        "title": "x",
        "description": "x",
        "homepage": "https://example.org",
        "version": "1",
        "created": "2020-01-01T00:00:00Z",
        "contributors": [{"title": "x"}],
        "keywords": ["x"],
        "image": "x.png",
        "licenses": [{"name": "x"}],
        "profile": "tabular-data-package",
        "sources": [{"title": "x"}],
    },
    "resource": {
        "$schema": "x",
        "title": "x",
        "description": "x",
        "sources": [{"title": "x"}],
        "licenses": [{"name": "x"}],
        "homepage": "https://example.org",
        "profile": "tabular-data-resource",
    },
    "dialect": {"$schema": "x", "title": "x", "description": "x", "csvddfVersion": 1.2},
    "schema": {"$schema": "x", "title": "x", "description": "x"},
    "field": {"title": "x", "description": "x", "rdfType": "x", "example": 2, "categoriesOrdered": True},
}
REFUSED: dict[str, dict[str, Any]] = {
    "resource": {"data": [[1]], "type": "image"},
    "dialect": {
        "property": "rows",
        "itemType": "array",
        "itemKeys": ["a"],
        "sheetNumber": 1,
        "sheetName": "a",
        "table": "a",
        "caseSensitiveHeader": True,
        "lineTerminator": ";",
    },
    "schema": {"foreignKeys": [{"fields": "amount", "reference": {"resource": "", "fields": "amount"}}]},
    "field": {"delimiter": ",", "itemType": "string", "format": "currency"},
    "constraints": {"jsonSchema": {"type": "string"}, "pattern": "[0-9]", "minLength": 1, "maxLength": 5},
}
TWICE = TEXT + "3,yes\n"
CELL = {"name": "amount", "type": "string"}
# room, property, its value, the field, the file, and what the column holds or the message says
HONOURED: list[tuple[str, str, Any, dict[str, Any], str, list[Any] | str]] = [
    ("resource", "type", "table", AMOUNT, TEXT, [1, 2, 3]),
    ("resource", "format", "tsv", AMOUNT, TEXT.replace(",", "\t"), [1, 2, 3]),
    ("resource", "format", "xlsx", AMOUNT, TEXT, "format: 'xlsx' is not read"),
    ("resource", "mediatype", "application/json", AMOUNT, TEXT, "mediatype: 'application/json' is not read"),
    ("resource", "encoding", "utf-16", CELL, "amount,paid\nß,no\n", "t.csv: not a table in utf-16"),
    ("resource", "path", "t.xlsx", AMOUNT, TEXT, "path: 't.xlsx': xlsx is not read"),
    ("resource", "compression", "gz", AMOUNT, TEXT, "t.csv: cannot be unpacked as gz"),
    ("resource", "innerpath", "a.csv", AMOUNT, TEXT, "innerpath: 't.csv' is no zip file"),
    ("dialect", "header", False, AMOUNT, "1,yes\n2,no\n", [1, 2]),
    ("dialect", "headerRows", [3], AMOUNT, f"Report\n\n{TEXT}", [1, 2, 3]),
    ("dialect", "headerRows", [1, 2], {**AMOUNT, "name": "the amount"}, "the,\namount,paid\n1,no\n", [1]),
    ("dialect", "headerJoin", "-", AMOUNT, TEXT, [1, 2, 3]),
    ("dialect", "commentRows", [1, 4], AMOUNT, f'A "note\n{TEXT}', [1, 3]),
    ("dialect", "commentChar", "#", AMOUNT, f'# a "note\n{TEXT}#4,no\n', [1, 2, 3]),
    ("dialect", "delimiter", ";", AMOUNT, TEXT.replace(",", ";"), [1, 2, 3]),
    ("dialect", "lineTerminator", "\r\n", AMOUNT, TEXT.replace("\n", "\r\n"), [1, 2, 3]),
    ("dialect", "quoteChar", "'", CELL, "amount,paid\n'1,5',no\n\"2,no\n", ["1,5", '"2']),
    ("dialect", "doubleQuote", False, CELL, 'amount,paid\n"a""b",no\n', "line 2: text after a closing quote"),
    ("dialect", "escapeChar", "\\", CELL, "amount,paid\n1\\,5,no\n", ["1,5"]),
    ("dialect", "nullSequence", "\\N", AMOUNT, TEXT.replace("2", "\\N"), [1, None, 3]),
    ("dialect", "skipInitialSpace", True, CELL, 'amount, paid\n  "a, b", no\nc,  yes\n', ["a, b", "c"]),
    ("schema", "fieldsMatch", "equal", AMOUNT, "paid,amount\nno,1\n", [1]),
    ("schema", "fieldsMatch", "subset", AMOUNT, "x,paid,amount,x\n9,no,1,9\n", [1]),
    ("schema", "fieldsMatch", ["superset"], AMOUNT, "paid\nno\nyes\n", [None, None]),
    ("schema", "fieldsMatch", "partial", AMOUNT, "x,paid\n9,no\n", [None]),
    ("schema", "fieldsMatch", "exact", AMOUNT, "x,amount,paid\n1,2,no\n", "header: extra column: 'x'"),
    ("schema", "missingValues", ["2"], AMOUNT, TEXT, [1, None, 3]),
    ("schema", "primaryKey", "amount", AMOUNT, TWICE, "amount: rule primaryKey: unique: 1 row(s), first 3"),
    ("schema", "uniqueKeys", [["amount", "paid"]], AMOUNT, TWICE, "amount, paid: rule uniqueKeys: unique: 1 row(s)"),
    ("schema", "uniqueKeys", [["amount"]], AMOUNT, TEXT + ",no\n,no\n", [1, 2, 3, None, None]),
    ("field", "name", "Amount", AMOUNT, TEXT, "missing column: 'Amount' (the nearest in the file: 'amount')"),
    ("field", "type", "number", AMOUNT, TEXT.replace("2", "2.5"), [1.0, 2.5, 3.0]),
    ("field", "format", "email", CELL, TEXT, "amount: rule format email: 3 row(s), first '1'"),
    ("field", "format", "%d/%m/%Y", {**CELL, "type": "date", "role": "time"}, TEXT, "amount: rule type date: 3 row(s)"),
    ("field", "categories", [1, 2], AMOUNT, TEXT, "amount: rule categories: 1 row(s), first '3' at t.csv line 4"),
    ("field", "missingValues", ["3"], AMOUNT, TEXT, [1, 2, None]),
    ("field", "decimalChar", ",", {**AMOUNT, "type": "number"}, 'amount,paid\n"1,5",no\n', [1.5]),
    ("field", "groupChar", ".", AMOUNT, "amount,paid\n1.000,no\n12,no\n", [1000, 12]),
    ("field", "bareNumber", False, AMOUNT, "amount,paid\n36 months,no\n", [36]),
    ("field", "trueValues", ["J"], {**AMOUNT, "type": "boolean"}, "amount,paid\nJ,no\nfalse,no\n", [True, False]),
    ("field", "falseValues", ["N"], {**AMOUNT, "type": "boolean"}, "amount,paid\nN,no\n1,no\n", [False, True]),
    ("constraints", "required", True, AMOUNT, TEXT + ",no\n", "amount: rule required: 1 row(s)"),
    ("constraints", "unique", True, AMOUNT, TWICE, "amount: rule unique: 2 row(s), first 3"),
    ("constraints", "minimum", 2, AMOUNT, TEXT, "amount: rule minimum 2: 1 row(s), first 1 at t.csv line 2"),
    ("constraints", "maximum", 2, AMOUNT, TEXT, "amount: rule maximum 2: 1 row(s), first 3"),
    ("constraints", "exclusiveMinimum", 1, AMOUNT, TEXT, "amount: rule exclusiveMinimum 1: 1 row(s)"),
    ("constraints", "exclusiveMaximum", 3, AMOUNT, TEXT, "amount: rule exclusiveMaximum 3: 1 row(s)"),
    ("constraints", "minLength", 2, CELL, TEXT, "amount: rule length 2 to any: 3 row(s)"),
    ("constraints", "maxLength", 1, CELL, TEXT.replace("2", "22"), "amount: rule length 0 to 1: 1 row(s)"),
    ("constraints", "pattern", "[12]", CELL, TEXT, "amount: rule pattern [12]: 1 row(s), first '3'"),
    ("constraints", "enum", [1, 2], AMOUNT, TEXT, "amount: rule enum [1, 2]: 1 row(s), first 3"),
]  # fmt: skip
ELSEWHERE = {  # held by other tests
    "package": {"name", "resources"},
    "resource": {"name", "bytes", "hash", "dialect", "schema"},
    "schema": {"fields"},
    "field": {"constraints"},
}


def with_property(room: str, name: str, value: Any, field: dict[str, Any]) -> dict[str, Any]:
    """A package in which a part has a property."""
    given = {name: value}
    field = field | given if room == "field" else field | {"constraints": given} if room == "constraints" else field
    resource = {"dialect": given} if room == "dialect" else {"schema": given} if room == "schema" else {}
    fields = [field, PAID]
    if "role" in field:
        fields, resource = [*fields, {"name": "more"}], {"schema": {"fieldsMatch": "superset"}}
    content = package_of(given if room == "resource" else resource, fields)
    return content | given if room == "package" else content


def each(table: dict[str, dict[str, Any]]) -> list[tuple[str, str, Any]]:
    return [(room, name, value) for room, part in table.items() for name, value in part.items()]


def test_every_property_of_the_standard_is_in_a_table() -> None:
    held = {(room, name) for room, name, *_ in [*each(NO_EFFECT), *each(REFUSED), *HONOURED]}
    held |= {(room, name) for room, names in ELSEWHERE.items() for name in names}
    assert held == {(room, name) for room, names in PROPERTIES.items() for name in names.split()}


@pytest.mark.parametrize(("room", "name", "value"), each(NO_EFFECT))
def test_property_without_effect_changes_nothing(tmp_path: Path, room: str, name: str, value: Any) -> None:
    table, _ = read(tmp_path, with_property(room, name, value, AMOUNT), TEXT.encode())
    assert (values(table), values(table, "paid")) == ([1, 2, 3], ["yes", "no", "yes"])


@pytest.mark.parametrize(("room", "name", "value"), each(REFUSED))
def test_property_that_is_not_honoured_is_refused_by_its_name(tmp_path: Path, room: str, name: str, value: Any) -> None:
    with pytest.raises(ContractError, match=name):
        read(tmp_path, with_property(room, name, value, AMOUNT), TEXT.encode())


@pytest.mark.parametrize(("room", "name", "value", "field", "file", "expected"), HONOURED)
def test_property_is_honoured(
    tmp_path: Path, room: str, name: str, value: Any, field: dict[str, Any], file: str, expected: list[Any] | str
) -> None:
    content = with_property(room, name, value, field)
    if isinstance(expected, str):
        with pytest.raises(ContractError) as caught:
            read(tmp_path, content, file.encode())
        assert expected in str(caught.value)
    else:
        assert values(read(tmp_path, content, file.encode())[0], field["name"]) == expected


def test_properties_of_ones_own_change_nothing(tmp_path: Path) -> None:
    for room in PROPERTIES:
        table, _ = read(tmp_path, with_property(room, "steward", "risk", AMOUNT), TEXT.encode())
        assert values(table) == [1, 2, 3], room
