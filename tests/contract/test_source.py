"""Packed files, Parquet and several files are read as the plain file of the same rows is"""

import datetime
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as arrow
import pytest
from pyarrow.parquet import write_table

from src.contract.drafting.source import read_source
from src.contract.fields import ContractError
from src.contract.origin import written
from tests.contract.reading import AMOUNT, PAID, TEXT, gz, package_of, read, values, zipped

FIELDS = [AMOUNT, PAID]


def locked(content: bytes) -> bytes:
    """The zip with the mark of a password on its one member, in both of its headers."""
    local, central = 6, content.index(b"PK\x01\x02") + 8
    return bytes(byte | (place in (local, central)) for place, byte in enumerate(content))


@pytest.mark.parametrize("resource", [{"path": "t.csv.gz"}, {"path": "t.csv", "compression": "gz"}])
def test_gzip_is_unpacked_by_its_name_or_by_the_package(tmp_path: Path, resource: dict[str, Any]) -> None:
    assert values(read(tmp_path, package_of(resource, FIELDS), gz(TEXT.encode()))[0]) == [1, 2, 3]


@pytest.mark.parametrize(
    ("members", "innerpath", "said"),
    [
        ({"a_csv": TEXT.encode()}, None, None),
        ({"a_csv": TEXT.encode(), "b_txt": b"note"}, "a.csv", None),
        (
            {"a_csv": TEXT.encode(), "b_txt": b"note"},
            None,
            "names the file in it by `innerpath`; it holds a.csv, b.txt",
        ),
        ({"a_csv": TEXT.encode()}, "c.csv", "innerpath 'c.csv' is not in it; it holds a.csv"),
    ],
)
def test_zip_holds_the_file_that_is_named_or_the_only_one(
    tmp_path: Path, members: dict[str, bytes], innerpath: str | None, said: str | None
) -> None:
    content = package_of({"path": "t.zip"} | ({"innerpath": innerpath} if innerpath else {}), FIELDS)
    if said is None:
        assert values(read(tmp_path, content, zipped(tmp_path, **members))[0]) == [1, 2, 3]
        return
    with pytest.raises(ContractError, match=said):
        read(tmp_path, content, zipped(tmp_path, **members))


def test_what_a_mac_adds_to_a_zip_is_no_file_of_it(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("data/t.csv", TEXT)
        archive.writestr("__MACOSX/data/._t.csv", b"x")
    table, _ = read(tmp_path, package_of({"path": "t.zip"}, FIELDS), (tmp_path / "t.zip").read_bytes())
    assert values(table) == [1, 2, 3]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.csv.gz", TEXT.encode(), "t.csv.gz: cannot be unpacked as gz"),
        ("t.csv.gz", gz(TEXT.encode())[:-9], "t.csv.gz: cannot be unpacked as gz"),
        ("t.zip", TEXT.encode(), "t.zip: cannot be unpacked as zip"),
        ("t.parquet", TEXT.encode(), "t.parquet: not a Parquet file"),
    ],
)
def test_file_that_is_not_what_its_name_says_is_named(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    with pytest.raises(ContractError, match=said):
        read(tmp_path, package_of({"path": name}, FIELDS), content)


def test_zip_with_a_password_is_refused_in_a_sentence_by_the_reader_and_by_the_draft(tmp_path: Path) -> None:
    content = locked(zipped(tmp_path, t_csv=TEXT.encode()))
    with pytest.raises(ContractError, match=r"t\.zip: cannot be unpacked as zip: .*password"):
        read(tmp_path, package_of({"path": "t.zip"}, FIELDS), content)
    with pytest.raises(ContractError, match=r"t\.zip: cannot be unpacked as zip: .*password"):
        read_source(tmp_path / "t.zip")


def parquet(folder: Path, **columns: Any) -> bytes:
    table = arrow.table({name.replace("_", " "): column for name, column in columns.items()})
    write_table(table, folder / "made.parquet")
    return (folder / "made.parquet").read_bytes()


CODED = [{"value": 1, "label": "low"}, 2]
WORDS = [{"value": "true", "label": "yes"}, "false"]
YES_NO = {"type": "boolean", "trueValues": ["Y"], "falseValues": ["N"]}
GERMAN = {"type": "number", "groupChar": ".", "decimalChar": ","}
TYPED: list[tuple[dict[str, Any], Any, list[Any]]] = [
    ({"type": "integer"}, arrow.array([1, None, -9]), [1, None, -9]),
    ({"type": "integer", "missingValues": ["-9"]}, arrow.array([1.0, np.nan, -9.0]), [1, None, None]),
    ({"type": "integer"}, arrow.array([2**53 - 1, -(2**53) + 1, 1]), [2**53 - 1, -(2**53) + 1, 1]),
    (GERMAN, arrow.array([1.5, None, 0.1 + 0.2]), [1.5, None, 0.1 + 0.2]),
    (GERMAN, arrow.array(["1.000,5", "2", None]), [1000.5, 2.0, None]),
    ({"type": "number"}, arrow.array([Decimal("1.50"), None, Decimal("2.25")]), [1.5, None, 2.25]),
    (YES_NO, arrow.array([True, None, False]), [True, None, False]),
    ({"type": "string"}, arrow.array([501, None, 2]), ["501", None, "2"]),
    ({"type": "string"}, arrow.array(["a", None, "b"]).dictionary_encode(), ["a", None, "b"]),
    ({"type": "integer", "categories": CODED}, arrow.array([1.0, None, 2.0]), ["low", None, "2"]),
    ({"categories": WORDS}, arrow.array([True, None, False]), ["yes", None, "false"]),
]


@pytest.mark.parametrize(("field", "column", "expected"), TYPED)
def test_parquet_columns_are_read_as_the_field_says_whatever_their_type(
    tmp_path: Path, field: dict[str, Any], column: Any, expected: list[Any]
) -> None:
    content = package_of({"path": "t.parquet"}, [{"name": "the amount"} | field, PAID])
    file = parquet(tmp_path, the_amount=column, paid=arrow.array(["yes", "no", "no"]))
    assert values(read(tmp_path, content, file)[0], "the amount") == expected


@pytest.mark.parametrize(
    "column",
    [
        arrow.array([datetime.date(2020, 1, 31), None]),
        arrow.array([datetime.datetime(2020, 1, 31, 23, 59), None]),
        arrow.array([datetime.datetime(2020, 1, 31, 9, 30), None], arrow.timestamp("us", "+14:00")),
        arrow.array(["Jan-31-2020", None]),
    ],
)
@pytest.mark.parametrize("type_", ["date", "datetime"])
def test_parquet_dates_are_days_as_their_own_clock_has_them(tmp_path: Path, column: Any, type_: str) -> None:
    fields = [{"name": "day", "type": type_, "format": "%b-%d-%Y", "role": "time"}, {"name": "a"}, PAID]
    file = parquet(tmp_path, day=column, a=arrow.array(["x", "y"]), paid=arrow.array(["yes", "no"]))
    table, _ = read(tmp_path, package_of({"path": "t.parquet"}, fields), file)
    assert str(table["day"].dtype) == "datetime64[us]"
    assert values(table, "day") == [pd.Timestamp("2020-01-31"), None]


def test_parquet_is_known_by_format_and_its_faults_are_named_by_row(tmp_path: Path) -> None:
    content = package_of({"path": "t.bin", "format": "parquet"}, [AMOUNT | {"constraints": {"maximum": 2}}, PAID])
    file = parquet(tmp_path, amount=arrow.array([1, 2, 3]), paid=arrow.array(["yes", "no", "no"]))
    with pytest.raises(ContractError, match=r"amount: rule maximum 2: 1 row\(s\), first 3 at t.bin line 3"):
        read(tmp_path, content, file)
    with pytest.raises(ContractError, match="header: missing column: 'amount'"):
        read(tmp_path, content, parquet(tmp_path, paid=arrow.array(["yes"])))
    with pytest.raises(ContractError, match=r"column 'amount' holds list<.*>, which is no value"):
        read(tmp_path, content, parquet(tmp_path, amount=arrow.array([[1]]), paid=arrow.array(["yes"])))
    with pytest.raises(ContractError, match="is Parquet, which has no dialect"):
        read(tmp_path, package_of({"path": "t.pq", "dialect": {"delimiter": ";"}}, FIELDS), file)


def test_each_of_several_files_has_its_preamble_header_and_footer(tmp_path: Path) -> None:
    resource = {"path": ["a.csv.gz", "b.csv.gz"], "dialect": {"headerRows": [2]}, "footerRows": 2}
    file = gz(f"May\n{TEXT}\nTotal: 6\nEnd\n\n".encode())
    table, counts = read(tmp_path, package_of(resource, FIELDS), file)
    assert values(table) == [1, 2, 3, 1, 2, 3]
    assert table.attrs["files"] == written([("a.csv.gz", 3, 3), ("b.csv.gz", 3, 3)])
    assert counts["duplicates"] == 3


def test_line_of_a_fault_counts_preamble_comments_and_blank_lines(tmp_path: Path) -> None:
    resource = {"dialect": {"headerRows": [3], "commentChar": "#", "commentRows": [6]}, "footerRows": 1}
    text = 'A "\n\namount,paid\n# one\n1,no\nsubtotal "\n\n2,yes\nx,no\n"total\n'
    with pytest.raises(ContractError, match=r"amount: rule type integer: 1 row\(s\), first 'x' at t.csv line 9"):
        read(tmp_path, package_of(resource, FIELDS), text.encode())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "windows-1252", "utf-32"])
def test_file_in_another_encoding_is_read_with_its_mark(tmp_path: Path, encoding: str) -> None:
    text = "amount,paid\n1,n\u00e9\n"
    table, _ = read(tmp_path, package_of({"encoding": encoding}, FIELDS), text.encode(encoding))
    assert (values(table), values(table, "paid")) == ([1], ["n\u00e9"])


def test_dialect_without_doubled_quotes_names_the_line_of_one(tmp_path: Path) -> None:
    text = 'amount,paid\n1,"n\no"\n2,"a""b"\n'
    with pytest.raises(ContractError, match=r"t.csv: line 4: text after a closing quote"):
        read(tmp_path, package_of({"dialect": {"doubleQuote": False}}, FIELDS), text.encode())
