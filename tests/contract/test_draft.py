"""python -m src.contract.draft: a table as it was published -> a package that holds, and what is to be decided"""

import csv
import gzip
import sys
from pathlib import Path
from typing import Any

import frictionless
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from src.contract import draft as command
from src.contract.drafting import profile, rows, source, writing
from src.contract.fields import ContractError
from src.contract.package import Package, read_package
from src.contract.table import check_table, type_table
from src.contract.text import read_text
from src.errors import run
from tests.collection import SHARED
from tests.contract.awkward import TABLES, Table

LINES = {  # FIELD and KIND of what is to be decided, beside the costs
    "preamble.csv": "row identifier",
    "latin.csv": "Vermögen unit, Geburtsdatum date, Geburtsdatum protected",
    "many texts.csv.gz": "employer text, branch text",
    "suspects.zip": "contract_no identifier, reference identifier, currency constant, amount_again copy, "
    "grade_number copy, amount_written_off leakage, calls leakage, gender protected",
    "typed.parquet": "applied on date",
    "codes.csv": "late_payments code, months_since code, savings code",
    "months.csv": "issue_d date, maturity leakage",
    "units.csv": "int_rate unit, revenue unit, term unit, signed date",
    "header.csv": "field1 identifier, AGE protected",
    "outcomes.tsv": "zip text",
}
FIELDS: dict[str, dict[str, dict[str, Any]]] = {  # properties of the drafted fields
    "preamble.csv": {"amount": {"type": "number"}, "term": {"type": "integer"}},
    "latin.csv": {
        "Betrag": {"type": "number", "decimalChar": ",", "groupChar": "."},
        "Zins": {"type": "number", "decimalChar": ","},
        "Vermögen": {"type": "number", "groupChar": "."},
        "Geburtsdatum": {"type": "date", "format": "%d.%m.%Y", "role": "ignored"},
    },
    "many texts.csv.gz": {"employer": {"type": "string"}, "branch": {"type": "string"}},
    "suspects.zip": {"contract_no": {"role": "id"}, "amount": {}, "grade": {}, "calls": {"role": "ignored"}},
    "typed.parquet": {
        "applied on": {"type": "date", "role": "time"},
        "customer since": {"type": "date"},
        "owner": {"type": "boolean"},
        "instalments": {"type": "integer"},
    },
    "codes.csv": {
        "owns_home": {"type": "boolean", "trueValues": ["Y"], "falseValues": ["N"]},
        "late_payments": {"missingValues": [{"value": "", "label": ""}, {"value": "-9", "label": "code -9"}]},
        "months_since": {"missingValues": [{"value": "", "label": ""}, {"value": "999", "label": "code 999"}]},
        "income": {"type": "number", "missingValues": ["", "NA"]},
        "savings": {"missingValues": [{"value": "", "label": ""}, {"value": "refused", "label": "code refused"}]},
    },
    "months.csv": {
        "issue_d": {"type": "date", "format": "%b-%Y", "role": "time"},
        "earliest_line": {"type": "date", "format": "%b-%Y"},
        "maturity": {"role": "ignored"},
    },
    "units.csv": {
        "int_rate": {"type": "number", "bareNumber": False, "unit": "%"},
        "revenue": {"type": "number", "bareNumber": False, "groupChar": ",", "unit": "$"},
        "term": {"type": "integer", "bareNumber": False, "unit": "months"},
        "signed": {"type": "date", "format": "%m/%d/%Y"},
    },
    "header.csv": {
        "field1": {"role": "id"},
        "Monthly Rent": {"type": "integer"},
        "loan.amnt": {},
        "AGE": {"role": "protected"},
        "Profissão": {"missingValues": ["", "null"]},
        "no. of: children?": {},
        "yes": {},
        "Bad?": {"role": "target", "bad": "TRUE", "good": "FALSE"},
    },
    "outcomes.tsv": {"zip": {"type": "string"}, "state": {"role": "target", "bad": "default", "good": "paid"}},
}
DIALECTS = {
    "preamble.csv": {"delimiter": ",", "headerRows": [4], "commentRows": [1, 2, 3, 905, 906, 907]},
    "latin.csv": {"delimiter": ";"},
    "suspects.zip": {"delimiter": "|"},
    "header.csv": {"delimiter": ",", "header": False, "commentRows": [1]},
}


def drafted(table: Table, folder: Path, seen: list[Any]) -> Path:
    """Write a table, draft its package and return the folder of that; `seen` gets the decisions."""
    file = folder / table.file
    table.write(file)
    source, text, decisions = command.draft(file, table.target, [table.bad], table.good, writing.name_of(file))
    seen.extend(decisions)
    writing.publish(folder / "data" / writing.name_of(file), text, source)
    return folder / "data" / writing.name_of(file)


def read(folder: Path, file: str) -> tuple[Package, Any, list[Any]]:
    """Return the package of a folder, its typed table, and every rule that is broken."""
    package = read_package(folder / "datapackage.yaml")
    text = read_text([folder / file], package.resource, [column.name for column in package.columns])
    frame, untyped = type_table(text, package)
    return package, frame, [*untyped, *check_table(frame, package)]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.file)
def test_draft_of_an_awkward_table_holds_for_all_its_rows(table: Table, tmp_path: Path) -> None:
    decisions: list[Any] = []
    folder = drafted(table, tmp_path, decisions)
    content = yaml.safe_load((folder / "datapackage.yaml").read_text("utf-8"))["resources"][0]
    said = ", ".join(f"{decision.field} {decision.kind}" for decision in decisions)
    assert said == f"{LINES[table.file]}, {table.target} costs"
    fields = {field["name"]: field for field in content["schema"]["fields"]}
    for name, properties in FIELDS[table.file].items():
        assert properties.items() <= fields[name].items()
    assert content.get("dialect") == DIALECTS.get(table.file, content.get("dialect"))
    _, frame, broken = read(folder, table.file)
    assert broken == []
    assert len(frame) == 900


@pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")  # it closes no file
@pytest.mark.parametrize("table", [table for table in TABLES if table.encoding], ids=lambda table: table.file)
def test_draft_of_a_text_table_is_valid_in_the_standards_eyes(table: Table, tmp_path: Path) -> None:
    report = frictionless.validate(str(drafted(table, tmp_path, []) / "datapackage.yaml"))
    assert report.flatten(["type", "message"]) == []
    assert report.valid


def test_same_file_gives_the_same_bytes_and_each_decision_stands_in_them(tmp_path: Path) -> None:
    table = TABLES[3]
    table.write(tmp_path / table.file)
    drafts = [command.draft(tmp_path / table.file, table.target, [table.bad], [], "loans") for _ in range(2)]
    assert drafts[0] == drafts[1]
    for decision in drafts[0][2]:
        assert f"# decide: {decision.sentence}\n" in drafts[0][1]


def body(pattern: str, rows: int = 60) -> str:
    """Return rows in which {n} and {m} are numbers, and {y} is the outcome."""
    return "".join(pattern.format(n=n * 7 % 11, m=n * 5 % 8, y="ny"[n % 5 < 2]) for n in range(rows))


LAYOUTS = {  # text, the dialect beside its delimiter, the names
    "plain": ("a,b,y\n" + body("u{m},{n},{y}\n"), {}, "a b y"),
    "a separator line": ("sep=;\na;b;y\n" + body("u{m};{n};{y}\n"), {"headerRows": [2], "commentRows": [1]}, "a b y"),
    "comments": ("# of us\n# 2\na,y\n" + body("{n},{y}\n"), {"headerRows": [3], "commentRows": [1, 2]}, "a y"),
    "two headers": ("X1,X2\na,y\n" + body("{n},{y}\n"), {"headerRows": [2], "commentRows": [1]}, "a y"),
    "R's row names": ("a,y\n" + body("u{m},{n},{y}\n"), {"header": False, "commentRows": [1]}, "field1 a y"),
    "a delimiter behind": ("a;y\n" + body("{n};{y};\n"), {"header": False, "commentRows": [1]}, "a y field3"),
    "a name twice": ("a,a,y\n" + body("{n},u{m},{y}\n"), {"header": False, "commentRows": [1]}, "a|a 2|y"),
    "blanks around names": ("a , b,y\n" + body("{n},u{m},{y}\n"), {"header": False, "commentRows": [1]}, "a | b|y"),
    "no header": (body("u{m} {n} {y}\n"), {"header": False}, "field1 field2 field3"),
    "columns of blanks": ("a   b  y\n" + body("{n:>3}  u{m}  {y}\n"), {"skipInitialSpace": True}, "a b y"),
    "blanks behind delimiters": ('"a", "y"\n' + body('"u, {n}", "{y}"\n'), {"skipInitialSpace": True}, "a y"),
    "single quotes": ("'a','y'\n" + body("'u, {n}','{y}'\n"), {"quoteChar": "'"}, "a y"),
    "escapes": (
        "a,y\n" + body('"u \\"{n}\\", v",{y}\n'),
        {"escapeChar": "\\", "doubleQuote": False},
        "a y",
    ),
    "line breaks in values": ("a,b,y\r\n" + body('"u\r\n{m}",{n},{y}\r\n'), {}, "a b y"),
    "old Mac": ("a,b,y\r" + body("u{m},{n},{y}\r"), {}, "a b y"),
    "an inch": ("a,b,y\n" + body('{m}" u,{n},{y}\n'), {}, "a b y"),
    "two exports": (("a,y\n" + body("{n},{y}\n", 40)) * 2, {"commentRows": [42]}, "a y"),
    "blank lines": ("a,y\n\n" + body("{n},{y}\n") + "\n\n", {"commentRows": [2, 63, 64]}, "a y"),
    "a total": ("a,b,y\n" + body("{m},{n},{y}\n") + "Total,360,60\n", {"commentRows": [62]}, "a b y"),
}


@pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("text", "dialect", "names"), LAYOUTS.values(), ids=LAYOUTS)
def test_layout_is_found_and_read_by_the_contract_and_the_standards_tool(
    text: str, dialect: dict[str, Any], names: str, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_bytes(text.encode())
    given = names.split("|") if "|" in names else names.split()
    target = "y" if "y" in given else given[-1]
    source, package, _ = command.draft(tmp_path / "t.csv", target, ["y"], [], "t")
    writing.publish(tmp_path / "data", package, source)
    found = yaml.safe_load(package)["resources"][0]
    assert {key: value for key, value in found["dialect"].items() if key != "delimiter"} == dialect
    assert [field["name"] for field in found["schema"]["fields"]] == given
    _, frame, broken = read(tmp_path / "data", "t.csv")
    assert broken == []
    assert len(frame) in (60, 80)
    assert frictionless.validate(str(tmp_path / "data/datapackage.yaml")).valid


def lines(header: str, *rows: str, times: int = 30) -> str:
    return "\n".join([header, *rows * times]) + "\n"


def run_command(monkeypatch: pytest.MonkeyPatch, folder: Path, *words: str) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["draft", *words])
    run(command.main)


@pytest.fixture
def loans(tmp_path: Path) -> Path:
    file = tmp_path / "My Loans_2024.csv"
    file.write_text(
        lines("amount,job,bad", "10,a,no", "20,b,yes", "35,a,no", "20,a,yes", "20,b,no", "10,b,yes", "35,a,yes"),
        "utf-8",
    )
    return file


ASKED = ("--target", "bad", "--bad", "yes")


def test_command_writes_the_package_and_links_the_file(
    loans: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_command(monkeypatch, loans.parent, loans.name, *ASKED)
    folder = loans.parent / "data/external/my-loans-2024"
    assert sorted(path.name for path in folder.iterdir()) == [loans.name, "datapackage.yaml"]
    assert (folder / loans.name).samefile(loans)
    said = capsys.readouterr()
    *decisions, params = said.out.splitlines()
    assert params == "params.yaml: dataset: data/external/my-loans-2024/datapackage.yaml"
    assert [line.split("\t")[:3] for line in decisions] == [["decide", "bad", "costs"]]
    assert said.err == ""


def test_large_file_is_left_to_dvc_and_another_file_system_gets_a_copy(
    loans: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(writing, "LARGE", 100)
    monkeypatch.setattr(command, "LARGE", 100)
    monkeypatch.setattr(writing.os, "link", refuse)
    run_command(monkeypatch, loans.parent, str(loans), *ASKED, "--name", "loans")
    folder = loans.parent / "data/external/loans"
    assert (folder / ".gitignore").read_text() == f"/{loans.name}\n"
    assert (folder / loans.name).read_bytes() == loans.read_bytes()
    assert not (folder / loans.name).samefile(loans)
    assert "dvc add 'data/external/loans/My Loans_2024.csv'" in capsys.readouterr().out.splitlines()


def test_existing_package_is_written_anew_by_force_alone(loans: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_command(monkeypatch, loans.parent, loans.name, *ASKED)
    folder = loans.parent / "data/external/my-loans-2024"
    (folder / "README.md").write_text("ours")
    (folder / "datapackage.yaml").write_text("edited")
    with pytest.raises(SystemExit, match="exists; --force writes it anew"):
        run_command(monkeypatch, loans.parent, loans.name, *ASKED)
    assert (folder / "datapackage.yaml").read_text() == "edited"
    run_command(monkeypatch, loans.parent, str(folder / loans.name), *ASKED, "--force")
    assert read_package(folder / "datapackage.yaml").target.name == "bad"
    assert (folder / "README.md").read_text() == "ours"
    assert sorted(path.name for path in folder.parent.iterdir()) == [folder.name]


REFUSED = {
    "no such target": (b"amount,bad\n1,no\n2,yes\n", ["--target", "badd", "--bad", "yes"], "did you mean 'bad'"),
    "no such value": (b"amount,bad\n1,no\n2,yes\n", ["--target", "bad", "--bad", "1"], r"has no value '1' \(--bad\)"),
    "no such good": (b"amount,bad\n1,no\n2,yes\n", [*ASKED, "--good", "ok"], r"no value 'ok' \(--good\)"),
    "both": (b"amount,bad\n1,no\n2,yes\n", [*ASKED, "--good", "yes"], "as bad and as good"),
    "three values": (b"amount,bad\n1,no\n2,yes\n3,open\n", list(ASKED), "3 values: .* say with --good"),
    "three, two of them bad": (
        b"amount,bad\n1,no\n2,yes\n3,open\n",
        [*ASKED, "--bad", "open"],
        "3 values: .* say with --good",
    ),
    "one value": (b"amount,bad\n1,yes\n2,yes\n", list(ASKED), "nobody is good"),
    "empty": (b"", list(ASKED), "no column 'bad'"),
    "no row": (b"amount,bad\n", list(ASKED), "no rows"),
    "torn": (b"a,bad\n1,no\n2,yes\n3,no,4\n" + b"1,no\n" * 60, list(ASKED), "row 4 has 3 columns, the header 2"),
    "open quote": (b'a,bad\n1,no\n"2,yes\n3,no\n', list(ASKED), "unexpected end of data"),
    "two tables": (b"a,b,bad\n1,2,no\n3,4,yes\na,bad\n1,no\n" + b"1,2,no\n" * 60, list(ASKED), "row 4 has 2"),
    "workbook": (b"\xd0\xcf\x11\xe0\0\0\0", list(ASKED), "save it as CSV"),
    "cut gzip": (gzip.compress(b"a,bad\n1,no\n2,yes\n" * 99)[:-9], list(ASKED), "cannot be unpacked"),
    "no zip": (b"PK\x03\x04nothing", list(ASKED), "no zip archive"),
    "no Parquet": (b"PAR1nothing", list(ASKED), "no Parquet"),
    "nothing left": (b"a,bad\n" + b"1,no\n1,yes\n" * 30, list(ASKED), "no column is left"),
    "a name that leads out": (b"a,bad\n1,no\n2,yes\n", [*ASKED, "--name", "../x"], "--name"),
}


@pytest.mark.parametrize(("content", "words", "message"), REFUSED.values(), ids=REFUSED)
def test_refused_in_a_sentence_and_nothing_is_left(
    content: bytes, words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(SystemExit, match=message) as stopped:
        run_command(monkeypatch, tmp_path, "t.csv", *words)
    assert str(stopped.value.code).startswith("error: ")
    assert "\n" not in str(stopped.value.code)
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


def test_file_that_is_not_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match=r"none\.csv: No such file"):
        run_command(monkeypatch, tmp_path, "none.csv", *ASKED)


def test_names_words_and_values_that_yaml_would_read_as_something_else_survive(tmp_path: Path) -> None:
    words = [
        "yes",
        "no",
        "null",
        "~",
        "1e5",
        "007",
        "2011-12-01",
        "0x1F",
        "a: b",
        "#",
        "-",
        "é",
        "\u2028",
        "'",
        '"',
        "y",
    ]
    rows = [[word, word, 3 + n, "no" if n % 2 else "on"] for n, word in enumerate(words * 30)]
    names = ["on", "1e5", "a: #b", "true"]
    with (tmp_path / "t.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([names, *rows])
    _, text, _ = command.draft(tmp_path / "t.csv", "true", ["no"], [], "t")
    fields = yaml.safe_load(text)["resources"][0]["schema"]["fields"]
    assert [field["name"] for field in fields] == names
    kept = {value for value in words if value not in ("null", "-")}
    assert {category["value"] for category in fields[0].get("categories", [])} <= kept
    assert (fields[3]["bad"], fields[3]["good"]) == ("no", "on")
    assert all(isinstance(category["value"], str) for category in fields[3]["categories"])


@pytest.mark.parametrize(
    ("values", "bad", "good", "target"),
    [
        (["none", "default"], "default", [], {"bad": "default", "good": "none"}),
        (["?", "yes", "no"], "yes", [], {"bad": "yes", "good": "no", "missingValues": ["", "?"]}),
        (["?", "yes", "no"], "?", ["no", "yes"], {"bad": "?", "good": ["no", "yes"]}),
        ([str(n % 70) for n in range(70)], "1", ["0", "2"], {"bad": "1", "good": ["0", "2"]}),
    ],
)
def test_target_is_what_was_named(
    values: list[str], bad: str, good: list[str], target: dict[str, Any], tmp_path: Path
) -> None:
    table = "".join(f"{n * 7 % 11},{values[n // 2 % len(values)]}\n" for n in range(1400))
    (tmp_path / "t.csv").write_text(f"x,y\n{table}", "utf-8")
    source, text, _ = command.draft(tmp_path / "t.csv", "y", [bad], good, "t")
    field = yaml.safe_load(text)["resources"][0]["schema"]["fields"][1]
    kept = ("bad", "good", "missingValues")
    assert {key: value for key, value in field.items() if key in kept} == target
    assert ("categories" in field) == (len(values) < 70)
    writing.publish(tmp_path / "data", text, source)
    assert [violation for violation in read(tmp_path / "data", "t.csv")[2] if violation.rule != "not_nullable"] == []


def test_parquet_with_a_list_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [[1], [2]], "bad": ["yes", "no"]}), tmp_path / "t.parquet")
    with pytest.raises(ContractError, match="a column has no text"):
        command.draft(tmp_path / "t.parquet", "bad", ["yes"], [], "t")


@pytest.mark.shared
def test_bank_marketing_is_drafted_from_the_published_file() -> None:
    _, text, decisions = command.draft(SHARED / "data/bank-full.csv", "y", ["yes"], [], "bank")
    assert {(decision.field, decision.kind) for decision in decisions} == {
        ("age", "protected"),
        ("marital", "protected"),
        ("duration", "leakage"),
        ("pdays", "code"),
        ("y", "costs"),
    }
    fields = {field["name"]: field for field in yaml.safe_load(text)["resources"][0]["schema"]["fields"]}
    assert {name for name, field in fields.items() if "role" in field} == {"age", "marital", "duration", "y"}


def test_long_columns_are_sampled_by_value_and_the_draft_still_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profile, "MOST", 100)
    monkeypatch.setattr(profile, "LEAST", 100)
    monkeypatch.setattr(rows, "CELLS", 4000)
    rng = np.random.default_rng(0)
    bad = rng.random(5000) < 0.3
    amounts = np.where(
        rng.random(5000) < 0.1, "-9", np.round(rng.gamma(2, 500, 5000) + 200 * bad).astype(int).astype(str)
    )
    known = np.round(rng.normal(2 * bad), 4)
    table = [f"{a},{k},K{n},{'yn'[int(b)]}\n" for n, (a, k, b) in enumerate(zip(amounts, known, bad, strict=True))]
    (tmp_path / "t.csv").write_text("amount,known,key,y\n" + "".join(table), "utf-8")
    source, text, decisions = command.draft(tmp_path / "t.csv", "y", ["n"], [], "t")
    writing.publish(tmp_path / "data", text, source)
    assert [(decision.field, decision.kind) for decision in decisions] == [
        ("amount", "code"),
        ("known", "leakage"),
        ("key", "identifier"),
        ("y", "costs"),
    ]
    assert read(tmp_path / "data", "t.csv")[2] == []


def test_profile_counts_few_values_exactly_and_many_by_an_even_sample() -> None:
    few, many = profile.Profile("few", 100), profile.Profile("many", 100)
    for first in range(0, 20_000, 500):
        numbers = range(first, first + 500)
        groups = np.zeros(500, dtype=np.int64)
        few.add(pa.array([str(number % 50) for number in numbers]), groups)
        many.add(pa.array(["often" if number % 4 == 0 else str(number) for number in numbers]), groups)
    assert (few.exact, few.distinct, few.rows_of("7")) == (True, 50, 400)
    assert (many.exact, many.rows, many.rows_of("often")) == (False, 20_000, 5000)
    assert len(many.places) <= 100
    assert many.distinct == pytest.approx(15_001, rel=0.4)
    assert {shape: (each.least, each.greatest) for shape, each in many.shapes.items()} == {
        "0": ("1", "9"),
        "00": ("10", "99"),
        "000": ("101", "999"),
        "0000": ("1001", "9999"),
        "00000": ("10001", "19999"),
        "often": ("often", "often"),
    }


def test_progress_is_shown_where_reading_takes_its_time(
    loans: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(source, "DELAY", 0)
    run_command(monkeypatch, loans.parent, loans.name, *ASKED)
    said = capsys.readouterr()
    assert f"rows of {loans.name}" in said.err
    assert said.out.splitlines()[-1].startswith("params.yaml: ")


NUMBERS = {  # values of a column, its type, and how it is read
    "plain": (["1", "2.5", "-3"], {"type": "number"}),
    "thousands": (["1,200", "3,400,000"], {"type": "number", "groupChar": ","}),
    "decimal comma": (["1,5", "2,75"], {"type": "number", "decimalChar": ","}),
    "both": (["1.200,5", "3,4"], {"type": "number", "decimalChar": ",", "groupChar": "."}),
    "Swiss": (["1'200.50", "3"], {"type": "number", "groupChar": "'"}),
    "exponents": (["1e-05", "2.5E+3"], {"type": "number"}),
    "percent": (["13.5%", "7 %"], {"type": "number", "bareNumber": False, "unit": "%"}),
    "currency": (["$1,200", "$7.50"], {"type": "number", "bareNumber": False, "unit": "$", "groupChar": ","}),
    "months": (["36 months", "60 months"], {"type": "integer", "bareNumber": False, "unit": "months"}),
    "leading zeros": (["01234", "00321"], {"type": "string"}),
    "open ends": (["1", "2", "3+"], {"type": "string"}),
    "codes with a letter": (["A11", "A12"], {"type": "string"}),
    "parentheses": (["(5)", "7"], {"type": "string"}),
    "flags": (["1", "0"], {"type": "boolean"}),
    "words of two": (["Y", "N", "n"], {"type": "boolean", "trueValues": ["Y"], "falseValues": ["N", "n"]}),
    "more than a float holds": (["123456789012345678", "123456789012345679"], {"type": "string"}),
    "days": (["2019-01-31", "2019-02-28"], {"type": "date"}),
    "day first": (["31/01/2019", "1/2/2019"], {"type": "date", "format": "%d/%m/%Y"}),
    "month first": (["1/31/2019", "1/2/2019"], {"type": "date", "format": "%m/%d/%Y"}),
    "months by name": (["Dec-2011", "Jan-2012"], {"type": "date", "format": "%b-%Y"}),
    "moments": (["2019-01-31 10:00:00", "2019-02-28 11:30:00"], {"type": "datetime", "format": "%Y-%m-%d %H:%M:%S"}),
    "never": (["31.01.2019", "28.02.2019", "never"], {"type": "date", "format": "%d.%m.%Y"}),
    "two spellings": (["2019-01-31", "31/01/2019"], {"type": "string"}),
}


@pytest.mark.parametrize(("values", "properties"), NUMBERS.values(), ids=NUMBERS)
def test_type_of_a_column(values: list[str], properties: dict[str, Any], tmp_path: Path) -> None:
    table = [[values[n // 2 % len(values)], n * 7 % 11, "ny"[n % 3 == 0]] for n in range(120)]
    with (tmp_path / "t.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["x", "other", "y"], *table])
    source, text, _ = command.draft(tmp_path / "t.csv", "y", ["y"], [], "t")
    writing.publish(tmp_path / "data", text, source)
    field = yaml.safe_load(text)["resources"][0]["schema"]["fields"][0]
    words = ("type", "format", "decimalChar", "groupChar", "bareNumber", "unit", "trueValues", "falseValues")
    assert {word: field[word] for word in words if word in field} == properties
    assert read(tmp_path / "data", "t.csv")[2] == []
