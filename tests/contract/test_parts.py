"""A file of any size in parts: the rows that the package's own reading finds, each once, in their places"""

import csv
import gzip
import io
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest
from pyarrow.fs import LocalFileSystem

from src.contract import parts
from src.contract.cutting import Lines
from src.contract.fields import ContractError
from src.contract.layout import Source
from src.contract.package import Package
from src.contract.parts import parts_of, plan_of, read_part

Rows = list[tuple[int, str | None, str | None]]
FIELDS = [{"name": "amount", "type": "number"}, {"name": "name"}, {"name": "paid", "role": "target", "bad": "no"}]


def package(**resource: object) -> Package:
    content = {"name": "t", "path": "t.csv", "schema": {"fields": FIELDS}} | resource
    return Package.model_validate({"name": "p", "resources": [content]})


def source(path: Path) -> Source:
    return Source(path.name, partial(LocalFileSystem().open_input_file, str(path)))


def read(path: Path, contract: Package, most: int = 3) -> tuple[Rows, list[int]]:
    """The rows of a file by their places, read a part at a time; the places of ragged ones."""
    plan = plan_of(source(path), contract, ["amount"], most)
    found: Rows = []
    ragged = []
    for number, part in enumerate(parts_of(source(path), plan, ["amount", "name"])):
        assert (part.number, part.rows <= most) == (number, True)
        cells = read_part(source(path), plan.layout, part, ["amount", "name"])
        amount, name = (cells.columns.get(one) for one in ("amount", "name"))
        for at, place in enumerate(cells.rows.tolist()):
            texts = [None if one is None else one.cells[one.places[at]] for one in (amount, name)]
            found.append((part.first + place, texts[0], texts[1]))
        ragged += [part.first + place for place, _ in cells.ragged]
        assert len(cells.rows) + len(cells.ragged) == part.rows
    assert plan.rows == len(found) + len(ragged)
    assert plan.bytes == path.stat().st_size
    return found, ragged


NAMES = ["Ana", "Zo\u00eb", "7", "", "a b", "Ana"]
PLAIN: Rows = [(row, str(row), NAMES[row % len(NAMES)]) for row in range(10)]


def text(delimiter: str = ",", end: str = "\n", quoting: int = csv.QUOTE_MINIMAL, header: bool = True) -> str:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]
    if header:
        writer.writerow(["amount", "name", "paid"])
    writer.writerows([amount, name, "yes"] for _, amount, name in PLAIN)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "resource"),
    [
        (text(), {}),
        (text(end="\r\n"), {}),
        (text().rstrip("\n"), {}),
        ("\ufeff" + text(), {}),
        (text(delimiter=";"), {}),  # plainly, though the package says commas
        (text(quoting=csv.QUOTE_ALL), {}),
        (text(end="\r"), {}),
        (text().replace("\n", "\n\n", 3), {}),
        (text().replace("Zo\u00eb", "Zoe\u0308"), {}),
        (text(header=False), {"dialect": {"header": False}}),
        ("Report\n" + text(), {"dialect": {"headerRows": [2]}}),
        (text() + "Total,10\n", {"footerRows": 1}),
        (text().replace("\n3,", "\n# a note\n3,"), {"dialect": {"commentChar": "#"}}),
    ],
)
def test_text_of_any_signs_is_read_in_parts(content: str, resource: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content.encode())
    assert read(path, package(**resource)) == (PLAIN, [])
    path.write_bytes(gzip.compress(content.encode()))
    assert read(path, package(**resource)) == (PLAIN, [])


def test_line_end_within_a_value_and_another_encoding_are_read(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes('amount,name,paid\n1,"a\nb",no\n2,"say ""é""",no\n'.encode("latin-1"))
    assert read(path, package(encoding="latin-1")) == ([(0, "1", "a\nb"), (1, "2", 'say "é"')], [])


@pytest.mark.parametrize("quoted", [False, True])
def test_row_of_another_width_is_told_by_its_place(quoted: bool, tmp_path: Path) -> None:
    lines = text(quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL).splitlines()
    lines[1], lines[6] = "1,2", f"{lines[6]},9"
    path = tmp_path / "t.csv"
    path.write_text("\n".join(lines))
    assert read(path, package()) == ([row for row in PLAIN if row[0] not in (0, 5)], [0, 5])


def test_broken_quote_and_absent_column_are_sentences(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('amount,name,paid\n1,"a,no\n2,b,no\n')
    with pytest.raises(ContractError, match=r"t\.csv: line 2: a quote begins a value and is never closed"):
        read(path, package())
    path.write_text("amounts,name,paid\n1,a,no\n")
    with pytest.raises(ContractError, match=r"missing column: 'amount' \(the nearest in the file: 'amounts'\)"):
        read(path, package())
    path.write_text("")
    with pytest.raises(ContractError, match="the file is empty"):
        read(path, package())
    path.write_text("1,a\n")
    assert read(path, package(dialect={"header": False}))[0] == [(0, "1", "a")]  # all but the outcome
    path.write_text("1\n")
    with pytest.raises(ContractError, match=r"its first row has 1 columns; .* data package's 3, or those but 'paid'"):
        read(path, package(dialect={"header": False}))


@pytest.mark.parametrize(("groups", "giant"), [(1, 2000), (4, 2000), (1000, 2000), (1000, 5)])
def test_columns_are_read_whatever_the_row_groups(
    groups: int, giant: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "GIANT", giant)
    values = {"name": ["x", None, "Zoe\u0308"] * 5, "amount": [0.0, 1.5, float("nan")] * 5, "paid": ["no"] * 15}
    expected = [(row, ["0", "1.5", None][row % 3], ["x", None, "Zo\u00eb"][row % 3]) for row in range(15)]
    table = arrow.table(values)
    for one in (table, table.set_column(0, "name", table["name"].dictionary_encode().cast(
            arrow.dictionary(arrow.int8(), arrow.large_string())))):  # fmt: skip
        parquet.write_table(one, tmp_path / "t.parquet", row_group_size=groups)
        assert read(tmp_path / "t.parquet", package(), most=4) == (expected, [])


@pytest.mark.parametrize("seed", range(20))
def test_cuts_follow_from_the_bytes_whatever_the_blocks(seed: int) -> None:
    random = np.random.default_rng(seed)
    lines = ["h\n", *("x" * int(random.integers(1, 9)) + "\n" for _ in range(random.integers(1, 40)))]
    content = "".join(lines).encode()[: -1 if seed % 2 else None]
    most = int(random.integers(8, 30))

    def cut(size: int) -> list[bytes]:
        one = Lines('"', 5, header=True, most=most)
        blocks = (content[start : start + size] for start in range(0, len(content), size))
        pieces = list(one.pieces(blocks))
        assert one.simple
        assert [piece.lines for piece in pieces] == [
            len(content[piece.start : piece.stop].splitlines()) for piece in pieces
        ]
        return [content[piece.start : piece.stop] for piece in pieces]

    found = cut(10_000)
    assert b"".join(found) == content[2:]
    assert all(len(piece.splitlines()) <= 5 and len(piece) < most + 10 for piece in found)
    assert cut(1) == cut(7) == found
