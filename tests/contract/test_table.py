from pathlib import Path

import pandas as pd
import pytest

from src.contract.fields import ContractError
from src.contract.origin import written
from src.contract.package import Package
from src.contract.table import check_table, merge, read_table, refuse, type_table, write_table
from src.contract.text import read_text

FIELDS = [
    {"name": "id", "type": "integer"},
    {"name": "amount", "type": "number", "decimalChar": ",", "groupChar": ".", "constraints": {"minimum": 10}},
    {"name": "months", "type": "integer", "constraints": {"required": True, "exclusiveMaximum": 100}},
    {"name": "owner", "type": "boolean", "trueValues": ["ja"], "falseValues": ["nein"]},
    {"name": "plan", "categories": [{"value": "a", "label": "basic"}, {"value": "b", "label": "plus"}]},
    {"name": "code", "role": "ignored", "constraints": {"pattern": "[A-Z]{2}", "maxLength": 2}},
    {"name": "paid", "role": "target", "bad": "no", "categories": ["yes", "no"]},
]
NAMES = [field["name"] for field in FIELDS]
GOOD = ["1;1.200,5;12;ja;a;AB;yes", "2;;24;nein;b;CD;no", "3;10;36;ja;a;EF;yes"]


@pytest.fixture
def package() -> Package:
    schema = {"fields": FIELDS, "primaryKey": "id"}
    resource = {"name": "t", "path": "t.csv", "dialect": {"delimiter": ";"}, "schema": schema}
    return Package.model_validate({"name": "p", "resources": [resource]})


def write(folder: Path, *rows: str, name: str = "t.csv", header: str = ";".join(NAMES)) -> Path:
    path = folder / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def typed(package: Package, *files: Path) -> tuple[pd.DataFrame, list]:
    return type_table(read_text(list(files), package.resource, NAMES), package)


def test_cells_become_typed_and_labelled(tmp_path: Path, package: Package) -> None:
    table, untyped = typed(package, write(tmp_path, *GOOD))
    assert untyped == []
    assert check_table(table, package) == []
    assert table["amount"].tolist() == [1200.5, pd.NA, 10.0]
    assert table["owner"].tolist() == [True, False, True]
    assert table["plan"].tolist() == ["basic", "plus", "basic"]
    assert [str(kind) for kind in table.dtypes] == ["Int64", "Float64", "Int64", "boolean", "str", "str", "str"]


def test_column_order_of_the_header_is_free(tmp_path: Path, package: Package) -> None:
    turned = [";".join(reversed(row.split(";"))) for row in GOOD]
    table, _ = typed(package, write(tmp_path, *turned, header=";".join(reversed(NAMES))))
    assert list(table.columns) == NAMES
    assert table["months"].tolist() == [12, 24, 36]


def test_cells_without_type_are_listed_and_not_reported_as_missing_too(tmp_path: Path, package: Package) -> None:
    bad = ["4;x;12,5;vielleicht;a;AB;yes", "5;inf;;ja;plus;AB;yes"]
    table, untyped = typed(package, write(tmp_path, *GOOD, *bad))
    assert {(v.field, v.rows) for v in untyped} == {
        ("amount", (3, 4)),
        ("months", (3,)),
        ("owner", (3,)),
        ("plan", (4,)),  # the label where the file should hold the code
    }
    merged = merge(untyped, check_table(table, package))
    assert [(v.field, v.rows) for v in merged if "null" in v.rule] == [("months", (4,))]


def test_every_violation_is_found_with_its_rule_and_line(tmp_path: Path, package: Package) -> None:
    bad = ["4;9,99;100;ja;z;ab;yes", "4;20;99;ja;z;ABC;maybe", "7;20;50;ja;;AB;"]
    table, _ = typed(package, write(tmp_path, *GOOD, *bad))
    with pytest.raises(ContractError) as caught:
        refuse(check_table(table, package), table)
    lines = str(caught.value).splitlines()[1:]
    expected = [
        "amount: rule minimum 10: 1 row(s), first 9.99 at t.csv line 5",
        "months: rule exclusiveMaximum 100: 1 row(s), first 100 at t.csv line 5",
        "plan: rule categories: 2 row(s), first 'z' at t.csv line 5, 6",
        "code: rule pattern [A-Z]{2}: 2 row(s), first 'ab' at t.csv line 5, 6",
        "code: rule length 0 to 2: 1 row(s), first 'ABC' at t.csv line 6",
        "paid: rule categories: 1 row(s), first 'maybe' at t.csv line 6",
        "paid: rule required: 1 row(s), first a missing value at t.csv line 7",
        "id: rule primaryKey: unique: 1 row(s), first 4 at t.csv line 6",
    ]
    assert sorted(line.strip() for line in lines) == sorted(expected)


def test_lines_count_from_each_file(tmp_path: Path, package: Package) -> None:
    second = write(tmp_path, "8;20;200;ja;a;AB;yes", name="u.csv")
    table, _ = typed(package, write(tmp_path, *GOOD), second)
    with pytest.raises(ContractError, match=r"months.* at u.csv line 2"):
        refuse(check_table(table, package), table)


def test_lines_are_the_file_s_own_after_blank_lines_and_line_breaks_in_values(tmp_path: Path, package: Package) -> None:
    broken = [
        '1;20;20;ja;a;"A\nB";yes',
        "",
        "2;20;200;ja;a;AB;yes",
        "",
        "",
        "3;20;20;ja;a;AB;yes",
        "4;20;300;ja;a;AB;yes",
    ]
    table, _ = typed(package, write(tmp_path, *broken))
    with pytest.raises(ContractError) as caught:
        refuse(check_table(table, package), table)
    assert "months: rule exclusiveMaximum 100: 2 row(s), first 200 at t.csv line 5, 9" in str(caught.value)
    assert len(table) == 4


@pytest.mark.parametrize(
    ("header", "rows", "said"),
    [
        ("id;amount", ["1;2"], "missing column: 'months', 'owner', 'plan', 'code', 'paid'"),
        (";".join([*NAMES, "more"]), [f"{GOOD[0]};x"], "extra column: 'more'"),
        (";".join([*NAMES[:-1], "months", "paid"]), ["1;2;3;ja;a;AB;4;yes"], "column named twice: 'months'"),
        (";".join(NAMES), [GOOD[0], "2;3"], r"1 row\(s\) have another number of columns .* line 3"),
        (";".join(NAMES), [], "no rows"),
    ],
)
def test_table_of_another_shape_is_refused(tmp_path: Path, package: Package, header, rows, said: str) -> None:
    with pytest.raises(ContractError, match=said):
        typed(package, write(tmp_path, *rows, header=header))


def test_empty_and_misencoded_files_are_named(tmp_path: Path, package: Package) -> None:
    empty, latin = tmp_path / "empty.csv", tmp_path / "latin.csv"
    empty.touch()
    latin.write_bytes(";".join(NAMES).encode() + "\n1;10;12;ja;a;AB;ja é\n".encode("latin-1"))
    for path in (empty, latin):
        with pytest.raises(ContractError, match=path.name):
            typed(package, path)


def test_written_table_comes_back_equal_and_with_its_origin(tmp_path: Path, package: Package) -> None:
    table, _ = typed(package, write(tmp_path, *GOOD))
    for name in ("one", "two"):
        write_table(tmp_path / name, table)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    again = read_table(tmp_path / "one")
    pd.testing.assert_frame_equal(again, table)
    assert again.attrs == {"files": written([("t.csv", 3, 2)])}


def one_field(cells: list[str], **field: object) -> tuple[list, list[tuple[int, ...]]]:
    """The typed cells of one field, and the rows of those without type or outside of its categories."""
    fields = [{"name": "cell", "role": "id"} | field, {"name": "more", "type": "integer"}, FIELDS[-1]]
    resource = {"name": "t", "path": "t.csv", "schema": {"fields": fields}}
    package = Package.model_validate({"name": "p", "resources": [resource]})
    rows = len(cells)
    text = pd.DataFrame({"cell": cells, "more": ["1"] * rows, "paid": ["yes"] * rows}, dtype="str")
    table, untyped = type_table(text, package)
    return table["cell"].tolist(), [v.rows for v in merge(untyped, check_table(table, package))]


def test_large_integers_keep_every_digit_or_are_refused() -> None:
    exact = ["9007199254740993", "-9007199254740993", "999999999999999999"]
    assert one_field(exact, type="integer") == ([int(cell) for cell in exact], [])
    table, wrong = one_field(["9" * 19, "9" * 40, "1e17", "12.0"], type="integer")
    assert table == [pd.NA, pd.NA, pd.NA, 12]
    assert wrong == [(0, 1, 2)]


def test_decimal_point_is_not_read_where_the_contract_names_another_character() -> None:
    table, wrong = one_field(["1,5", "1.500", "1.5"], type="number", decimalChar=",")
    assert table == [1.5, pd.NA, pd.NA]
    assert wrong == [(1, 2)]


def test_numeric_categories_are_numbers_however_they_are_spelt() -> None:
    grades = [{"value": 1, "label": "good"}, {"value": 2, "label": "bad"}]
    table, wrong = one_field(["1", "2.0", "01", "3", ""], type="integer", categories=grades)
    assert table[:4] == ["good", "bad", "good", "3"]
    assert pd.isna(table[4])
    assert wrong == [(3,)]
    assert one_field(["0,5"], type="number", decimalChar=",", categories=[0.5])[0] == ["0.5"]


def test_boolean_categories_take_every_word_for_true() -> None:
    answers = [{"value": True, "label": "yes"}, {"value": False, "label": "no"}]
    assert one_field(["True", "1", "FALSE"], type="boolean", categories=answers) == (["yes", "yes", "no"], [])


def test_quoted_line_breaks_stay_in_their_cell_in_a_file_of_many_blocks(tmp_path: Path, package: Package) -> None:
    rows = [f'{number};10;12;ja;a;"A\nB";yes' for number in range(100_000)]
    text = read_text([write(tmp_path, *rows)], package.resource, NAMES)
    assert len(text) == 100_000
    assert text["code"].unique().tolist() == ["A\nB"]


def test_line_of_a_ragged_row_is_right_in_a_file_of_many_blocks(tmp_path: Path, package: Package) -> None:
    rows = [GOOD[0]] * 150_000
    rows[140_000] = "1;2"
    with pytest.raises(ContractError, match=r"line 140002$"):
        read_text([write(tmp_path, *rows)], package.resource, NAMES)
