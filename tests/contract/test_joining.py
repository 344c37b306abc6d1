"""Applications as the log has them are written in the file's codes, and read as what they were"""

from datetime import date, datetime
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from src.contract.joined import marked
from src.contract.joining import joining, said
from src.contract.package import Package
from src.contract.table import type_table
from src.contract.table_file import file_of, name_like
from src.contract.text import read_text

STATES = [{"value": "", "label": ""}, {"value": "-9", "label": "never asked"}, {"value": "-8", "sameAs": "-9"}]
FIELDS: list[dict[str, Any]] = [
    {"name": "row", "role": "id"},
    {"name": "branch", "role": "ignored", "constraints": {"required": True}},
    {"name": "sex", "role": "protected", "categories": ["f", "m"], "constraints": {"required": True}},
    {"name": "job", "categories": [{"value": 1, "label": "none"}, {"value": 2.5, "label": "own, and more"},
                                   {"value": 9, "sameAs": 1}], "type": "number", "decimalChar": ","},
    {"name": "owner", "type": "boolean", "trueValues": ["J", "ja"], "falseValues": ["N"]},
    {"name": "pays", "type": "boolean", "trueValues": ["Y"], "falseValues": ["N"],
     "categories": [{"value": True, "label": "does"}, {"value": False, "label": "no"}]},
    {"name": "employer", "missingValues": ["", {"value": "?", "label": "not said"}]},
    {"name": "loans", "type": "integer", "missingValues": STATES},
    {"name": "income", "type": "number", "decimalChar": ",", "groupChar": ".", "missingValues": STATES},
    {"name": "since", "type": "date", "format": "%d/%m/%Y"},
    {"name": "made", "type": "date", "role": "time", "constraints": {"required": True}},
    {"name": "paid", "role": "target", "bad": "n",
     "categories": [{"value": "y", "label": "yes"}, {"value": "n", "label": "no"}]},
]  # fmt: skip
FIRST = {"job": "none", "owner": True, "pays": "no", "employer": "A", "loans": 1, "income": 1.5, "since": "2019-01-02",
         "made": "2020-01-31", "paid": "yes", "sex": "f"}  # fmt: skip
PUBLISHED = {"row": "1", "branch": "b", "sex": "f", "job": "1", "owner": "J", "pays": "Y", "employer": "A",
             "loans": "1", "income": "1,5", "since": "01/02/2019", "made": "2020-01-31", "paid": "y"}  # fmt: skip
FILES: dict[str, dict[str, Any]] = {
    "header": {"path": "t.csv"},
    "german": {"path": "t.data", "dialect": {"header": False, "delimiter": " "}},
    "blanks": {"path": "t.txt", "dialect": {"delimiter": " ", "skipInitialSpace": True}},
    "tabs": {"path": "t.tsv", "dialect": {"lineTerminator": "\r\n"}},
    "gzip": {"path": "t.csv.gz", "encoding": "utf-16"},
    "zip": {"path": "t.zip"},
    "member": {"path": "t.zip", "innerpath": "in/t.csv"},
    "packed": {"path": "t.bin", "format": "csv", "compression": "gz"},
    "rows": {"path": "t.csv", "dialect": {"headerRows": [2, 4], "commentRows": [5, 7]}, "footerRows": 2},
    "comments": {"path": "t.csv", "dialect": {"commentChar": "A", "commentRows": [1, 3]}},
    "signs": {"path": "t.csv",
              "dialect": {"delimiter": ";", "quoteChar": "'", "escapeChar": "\\", "doubleQuote": False}},
    "null": {"path": "t.csv", "dialect": {"nullSequence": "\\N"}},
    "subset": {"path": "t.csv", "schema": {"fieldsMatch": "subset"}},
}  # fmt: skip
TYPED = {"row": ["1"], "branch": ["b"], "sex": ["f"], "job": [2.5], "owner": [True], "pays": [True], "employer": ["A"],
         "loans": [1], "income": [1.5], "since": [date(2019, 2, 1)],
         "made": pa.array([datetime(2020, 1, 31)], pa.timestamp("us")), "paid": ["y"]}  # fmt: skip
LETTERS = st.characters(codec="utf-8", exclude_characters="\x00\ufeff")
WORDS = st.text(LETTERS, max_size=6) | st.sampled_from(
    [' a"b', "A", "it's", "a\nb", "a\r\nb", ";,\t \\", "é", "e\u0301"]
)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53) + 1, 2**53 - 1)
STATE = st.none() | st.just("never asked")
DAYS = st.dates(date(1900, 1, 1), date(2200, 1, 1)).map(date.isoformat)
RECORD = st.fixed_dictionaries({
    "sex": st.sampled_from(["f", "m", None]),
    "job": st.sampled_from(["none", "own, and more", None]),
    "owner": st.sampled_from([True, False, None]),
    "pays": st.sampled_from(["does", "no", None]),
    "employer": WORDS.filter(lambda text: text not in ("?", "\\N")) | st.sampled_from([None, "not said"]),
    "loans": st.integers(-(2**53) + 1, 2**53 - 1).filter(lambda number: number not in (-8, -9)) | STATE,
    "income": NUMBERS.filter(lambda number: number not in (-8, -9)) | STATE,
    "since": DAYS | st.none(),
    "made": DAYS,
    "paid": st.sampled_from(["yes", "no"]),
})  # fmt: skip

STRANGE = [' a"b', "A", "it's", "a\nb", "a\r\nb", ";,\t \\", "e\u0301", "", None, "not said", "#1", "0", "-"]
AWKWARD = {
    f"id-{place}": {**FIRST, "row": f"id-{place}", "employer": word, "sex": (None, "m")[place % 2],
                    "job": (None, "own, and more")[place % 2], "owner": (None, False, True)[place % 3],
                    "pays": ("does", None)[place % 2], "loans": (-7, "never asked", None, 2**53 - 1)[place % 4],
                    "income": ("never asked", -0.1, 1e-7, 1234567.25, None, 3)[place % 6],
                    "since": (None, "1999-12-31")[place % 2], "paid": ("yes", "no")[place % 2]}
    for place, word in enumerate(STRANGE)
}  # fmt: skip


def package_of(file: dict[str, Any]) -> Package:
    """The package of a file."""
    schema = {"fields": FIELDS, **file.get("schema", {})}
    return Package.model_validate({"name": "t", "resources": [{"name": "t", **file, "schema": schema}]})


def first_file(folder: Path, package: Package) -> Path:
    """A file of one row as somebody has published it; a Parquet file with types."""
    path = folder / package.resource.path[0]
    cells = pd.DataFrame([PUBLISHED])
    path.write_bytes(file_of(cells, path.name, package, {}))
    return path


def read_both(first: Path, name: str, content: bytes, ids: list[str], package: Package) -> pd.DataFrame:
    """The table of both files, as `ingest` reads them."""
    (first.parent / name).write_bytes(content)
    text = read_text([first, first.parent / name], package.resource, [column.name for column in package.columns])
    table, untyped = type_table(marked(text, package, ids), package)
    assert untyped == []
    return table


def meant(value: Any, name: str) -> Any:
    """A value as the table has it: a text composed, and an empty one missing."""
    return (normalize("NFC", value) or None) if name == "employer" and value is not None else value


def check(first: Path, package: Package, records: dict[str, Any]) -> None:
    """What is written and read with the first file is what was meant."""
    name = name_like(first.name, "outcomes")
    found = joining(records, package, first, name)
    assert (found.ids, +found.left_out) == (list(records), {})
    table = read_both(first, name, found.content, found.ids, package)
    assert len(table) == 1 + len(records)
    for column in package.columns:
        if column.role not in ("id", "ignored"):
            wanted = [meant(record.get(column.name), column.name) for record in records.values()]
            assert said(table, column)[1:] == wanted, column.name
    assert table["branch"][1:].isna().all()


def named(records: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Records by identifiers, which are what the package's `id` holds."""
    return {f"id-{place}": {"row": f"id-{place}", **record} for place, record in enumerate(records)}


@pytest.mark.parametrize("file", FILES)
def test_every_kind_of_value_is_written_and_ingested_in_every_kind_of_file(tmp_path: Path, file: str) -> None:
    package = package_of(FILES[file])
    check(first_file(tmp_path, package), package, AWKWARD)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(file=st.sampled_from(sorted(FILES)), records=st.lists(RECORD, min_size=3, max_size=12))
def test_inputs_written_and_ingested_are_the_same_inputs(
    tmp_path: Path, file: str, records: list[dict[str, Any]]
) -> None:
    package = package_of(FILES[file])
    check(first_file(tmp_path, package), package, named(records))


def test_parquet_file_is_written_with_the_types_of_the_first(tmp_path: Path) -> None:
    package, path = package_of({"path": "t.parquet"}), tmp_path / "t.parquet"
    table = pa.table(TYPED).set_column(3, "job", pa.array([2.5]).dictionary_encode())
    parquet.write_table(table, path)
    check(path, package, AWKWARD)
    assert parquet.read_schema(tmp_path / "outcomes.parquet").field("loans").type == pa.int64()
    assert parquet.read_schema(tmp_path / "outcomes.parquet").field("made").type == pa.timestamp("us")


def test_same_applications_are_the_same_bytes(tmp_path: Path) -> None:
    for file, name in (("gzip", "outcomes.csv.gz"), ("zip", "outcomes.zip")):
        package = package_of(FILES[file])
        first = first_file(tmp_path, package)
        one, other = (joining(AWKWARD, package, first, name).content for _ in range(2))
        assert one == other


UNFIT: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {  # a field -> a value that it has no row for, in which file
    "job": ({"job": "a label of an earlier contract"}, {"path": "t.csv"}),
    "owner": ({"owner": "J"}, {"path": "t.csv"}),
    "loans": ({"loans": 1.5}, {"path": "t.csv"}),
    "employer": ({"employer": "\u20ac"}, {"path": "t.csv", "encoding": "latin-1"}),
    "income": ({"income": -9}, {"path": "t.csv"}),  # which in the file means that nobody asked
    "since": ({"since": "31/12/2020"}, {"path": "t.csv"}),
    "made": ({"made": None}, {"path": "t.csv"}),
    "paid": ({"paid": "perhaps"}, {"path": "t.csv"}),
}


@pytest.mark.parametrize("field", UNFIT)
def test_application_that_the_contract_has_no_row_for_is_left_out_and_counted(tmp_path: Path, field: str) -> None:
    other, file = UNFIT[field]
    package = package_of(file)
    found = joining(named([FIRST, {**FIRST, **other}, FIRST]), package, first_file(tmp_path, package), "outcomes.csv")
    assert (found.ids, dict(found.left_out)) == (["id-0", "id-2"], {field: 1})


def test_group_that_the_contract_does_not_have_is_missing_and_leaves_nobody_out(tmp_path: Path) -> None:
    package = package_of({"path": "t.csv"})
    found = joining(named([{**FIRST, "sex": "x"}]), package, first_file(tmp_path, package), "outcomes.csv")
    assert (found.table["sex"].isna().tolist(), dict(found.left_out)) == ([True], {})
