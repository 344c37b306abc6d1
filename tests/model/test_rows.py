"""A row's SHA-256 is that of what stands in it, wherever the row stands"""

import json
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.contract.table import read_table, write_table
from src.model import rows
from src.model.rows import COLUMNS, MODEL, columns_of, hashed


def table() -> pd.DataFrame:
    """Two rows with every kind of value, the second without any."""
    return pd.DataFrame(
        {
            "years": pd.array([41, None], dtype="Int64"),
            "income": pd.array([-0.0, None], dtype="Float64"),
            "owns": pd.array([True, None], dtype="boolean"),
            "since": pd.array(["2020-02-29", None], dtype="datetime64[us]"),
            "job": pd.array(["\u00e9tudiant", None], dtype="str"),
        }
    )


def test_hash_is_that_of_the_columns_and_then_of_each_value_in_the_order_of_the_names() -> None:
    kinds = {"income": "number", "job": "text", "owns": "boolean", "since": "date", "years": "integer"}
    text = sha256("\u00e9tudiant".encode()).digest()
    microseconds = 18321 * 86400 * 10**6  # 2020-02-29 is that many days after 1970
    eight = [number.to_bytes(8) for number in (0, 1, microseconds, 41)]
    full = b"\1" + eight[0] + b"\1" + text + b"\1" + eight[1] + b"\1" + eight[2] + b"\1" + eight[3]
    empty = bytes(9 + 33 + 9 + 9 + 9)
    begun = json.dumps(kinds).encode()
    found = hashed(table())
    assert found["row"].tolist() == [sha256(begun + row).hexdigest() for row in (full, empty)]
    assert found.attrs == {COLUMNS: kinds}


def test_order_of_rows_and_columns_does_not_count_and_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    found = hashed(table())["row"]
    assert hashed(table()[["job", "owns", "years", "since", "income"]])["row"].equals(found)
    assert hashed(table().iloc[::-1])["row"].tolist() == found.tolist()[::-1]
    monkeypatch.setattr(rows, "CHUNK", 1)
    assert hashed(table())["row"].equals(found)


def test_other_names_and_kinds_are_other_rows() -> None:
    whole = pd.DataFrame({"years": pd.array([41], dtype="Int64")})
    others = [
        whole.rename(columns={"years": "age"}),
        whole.astype("Float64"),
        whole.astype("str"),
        whole.assign(more=1),
    ]
    hashes = {hashed(other)["row"][0] for other in (whole, *others)}
    assert len(hashes) == 5
    assert [columns_of(other) for other in others[:2]] == [{"age": "integer"}, {"years": "number"}]


@given(st.lists(st.tuples(st.none() | st.integers(-3, 3), st.none() | st.text(max_size=2)), max_size=8))
def test_rows_are_equal_where_their_hashes_are(values: list[tuple[int | None, str | None]]) -> None:
    numbers = pd.array([number for number, _ in values], dtype="Int64")
    texts = pd.array([text for _, text in values], dtype="str")
    found = hashed(pd.DataFrame({"number": numbers, "text": texts}))["row"]
    assert [a == b for a in found for b in found] == [a == b for a in values for b in values]


def test_nearly_equal_numbers_and_great_whole_ones_are_told_apart() -> None:
    numbers = pd.DataFrame({"n": pd.array([0.1 + 0.2, 0.3], dtype="Float64")})
    whole = pd.DataFrame({"n": pd.array([2**60, 2**60 + 1], dtype="Int64")})
    assert hashed(numbers)["row"].nunique() == hashed(whole)["row"].nunique() == 2


def test_file_keeps_rows_columns_outcomes_and_pds_to_nine_digits(tmp_path: Path) -> None:
    found = rows.scores_of(table(), np.array([0, 1]), np.array([0.12345678949, 1.0]), "abc")
    write_table(tmp_path / "scores.parquet", found)
    read = read_table(tmp_path / "scores.parquet")
    assert read.equals(found)
    assert read.attrs == {COLUMNS: columns_of(table()), MODEL: "abc"}
    assert list(read) == ["row", "bad", "probability_of_default"]
    assert read["probability_of_default"].tolist() == [0.123456789, 1.0]
    write_table(
        tmp_path / "again.parquet", rows.scores_of(table(), np.array([0, 1]), np.array([0.12345678949, 1.0]), "abc")
    )
    assert (tmp_path / "scores.parquet").read_bytes() == (tmp_path / "again.parquet").read_bytes()
