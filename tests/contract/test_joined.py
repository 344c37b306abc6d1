"""Rows that outcomes have added: which predictions they are, what they may lack, and what others may not"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from src.contract.fields import ContractError
from src.contract.joined import excused, files_of, require, with_predictions, without_joined, written_ids
from src.contract.origin import ids_of, without
from src.contract.package import Package
from src.contract.table import check_table, type_table
from src.contract.text import read_text
from src.files import sha256_of

FIELDS: list[dict[str, Any]] = [
    {"name": "amount", "type": "integer", "constraints": {"required": True}},
    {"name": "age", "type": "integer", "role": "protected", "missingValues": [], "constraints": {"required": True}},
    {"name": "note", "role": "ignored", "constraints": {"required": True, "pattern": "[a-z]+"}},
    {"name": "paid", "role": "target", "bad": "n", "good": "y", "categories": ["y", "n", "open"]},
]
IDS = written_ids(["id-1", "id-2"])
JOINED = {"predictions": "ids.csv", "hash": f"sha256:{sha256_of(IDS)}", "without": "sha256:ab"}


def package_of(**resource: Any) -> Package:
    base = {"name": "t", "path": ["t.csv", "o.csv"], "hash": "sha256:cd", "bytes": 9, "schema": {"fields": FIELDS}}
    return Package.model_validate({"name": "t", "resources": [{**base, "outcomes": JOINED, **resource}]})


def read(folder: Path, own: str = "1,30,a,y", joined: str = "2,,,n\n3,41,,y", ids: bytes = IDS) -> pd.DataFrame:
    package = package_of()
    for name, rows in (("t.csv", own), ("o.csv", joined)):
        (folder / name).write_text(f"amount,age,note,paid\n{rows}\n")
    (folder / "ids.csv").write_bytes(ids)
    text = read_text([folder / "t.csv", folder / "o.csv"], package.resource, [c["name"] for c in FIELDS])
    return with_predictions(text, package, folder)


def broken(text: pd.DataFrame) -> list[tuple[str, tuple[int, ...]]]:
    package = package_of()
    table, untyped = type_table(text, package)
    assert untyped == []
    return [(one.field, one.rows) for one in excused(check_table(table, package), table, package)]


def test_rows_of_outcomes_may_lack_what_the_log_does_not_know(tmp_path: Path) -> None:
    text = read(tmp_path)
    assert ids_of(text) == ["id-1", "id-2"]
    assert broken(text) == []


@pytest.mark.parametrize(
    ("own", "joined", "found"),
    [
        ("1,30,,y", "2,,,n\n3,41,,y", [("note", (0,))]),  # an own row may lack nothing
        ("1,30,a,y", "2,,,n\n,41,,y", [("amount", (2,))]),  # nor may others lack a feature
        ("1,30,a,y", "2,,,n\n3,41,B,y", [("note", (2,))]),  # or hold what breaks a rule
    ],
)
def test_other_rules_hold_for_all_rows(tmp_path: Path, own: str, joined: str, found: list[Any]) -> None:
    assert broken(read(tmp_path, own, joined)) == found


def test_rows_that_are_left_out_take_their_predictions_along(tmp_path: Path) -> None:
    table, _ = type_table(read(tmp_path), package_of())
    assert ids_of(without(table, np.array([True, True, False]))) == ["id-2"]
    assert ids_of(without(table, np.array([False, False, False]))) == ["id-1", "id-2"]


def test_other_identifiers_or_another_number_of_them_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"ids\.csv: hash is sha256:\w+, the data package names "):
        read(tmp_path, ids=written_ids(["id-1", "id-3"]))
    with pytest.raises(ContractError, match=r"ids\.csv: names 2 predictions, and o\.csv has 1 rows"):
        read(tmp_path, joined="2,,,n")


def test_package_is_what_it_was_without_them(tmp_path: Path) -> None:
    package = package_of()
    resource = without_joined(package).resource
    assert (resource.path, resource.hash, resource.bytes, resource.outcomes) == (["t.csv"], "sha256:ab", None, None)
    assert without_joined(without_joined(package)) == without_joined(package)
    assert files_of(without_joined(package), tmp_path) == []
    with pytest.raises(ContractError, match="`dvc pull` first"):
        require(package, tmp_path)


@pytest.mark.parametrize(
    ("resource", "says"),
    [
        ({"path": "t.csv"}, "outcomes: the last file at `path` holds them, and there is one file"),
        ({"outcomes": JOINED | {"test_from": "soon"}}, "outcomes.test_from: Invalid isoformat string"),
        (
            {"outcomes": JOINED | {"predictions": "../ids.csv"}},
            "outcomes.predictions: a path is an address",
        ),
        ({"outcomes": JOINED | {"hash": "sha256:12"}}, "outcomes.hash"),
    ],
)
def test_property_that_says_nothing_of_use_is_refused(resource: dict[str, Any], says: str) -> None:
    place, _, why = says.partition(": ")
    with pytest.raises(ValueError, match=place) as error:
        package_of(**resource)
    assert why in str(error.value)
