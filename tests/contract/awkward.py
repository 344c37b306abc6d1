"""ten made-up tables, each awkward in a way in which published tables are"""

import csv
import gzip
import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 900
Rows = list[list[Any]]


class Table(NamedTuple):
    """A file, how it is drafted, and how its text is written, for those who guess that."""

    file: str
    target: str
    bad: str
    write: Callable[[Path], None]
    encoding: str | None = "utf-8"
    delimiter: str | None = ","
    names: int = 0
    good: tuple[str, ...] = ()


def drawn(seed: int) -> tuple[np.random.Generator, np.ndarray, np.ndarray]:
    """Return a generator, who is bad, and an amount that says a little about that."""
    rng = np.random.default_rng(seed)
    bad = rng.random(ROWS) < 0.25
    return rng, bad, np.round(rng.gamma(3, 900, ROWS) * (1 + 0.3 * bad), 2)


def text(header: Sequence[str], rows: Rows, delimiter: str = ",", **how: Any) -> str:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, lineterminator="\n", **how).writerows([header, *rows])
    return file.getvalue()


def preamble(path: Path) -> None:
    rng, bad, amount = drawn(1)
    rows: Rows = [
        [n, a, rng.integers(18, 75), "yes" if b else "no"] for n, (a, b) in enumerate(zip(amount, bad, strict=True))
    ]
    body = text(["row", "amount", "term", "defaulted"], rows)
    foot = f"\nTotal,{amount.sum():.2f},,\nSource: the bank's ledger, all branches\n"
    path.write_text(f'Loans granted\n"Notes, offered by prospectus"\n\n{body}{foot}', encoding="utf-8")


def latin(path: Path) -> None:
    rng, bad, amount = drawn(2)
    jobs = ["Angestellte", "Selbstständig", "Rentner", "Schüler", "Häusler"]
    rows: Rows = [
        [
            f"{a * 10:,.2f}".replace(",", " ").replace(".", ",").replace(" ", "."),
            f"{rng.random() * 9:.1f}".replace(".", ","),
            f"{rng.integers(1, 40) * 1000:,}".replace(",", "."),
            jobs[rng.integers(5)],
            f"{1 + n % 28:02}.{1 + n % 12:02}.{1950 + n % 40}",
            "J" if b else "N",
        ]
        for n, (a, b) in enumerate(zip(amount, bad, strict=True))
    ]
    header = ["Betrag", "Zins", "Vermögen", "Beruf", "Geburtsdatum", "Ausfall"]
    path.write_bytes(text(header, rows, ";").encode("latin-1"))


def many_texts(path: Path) -> None:
    rng, bad, amount = drawn(3)
    employers = [f"Employer {n}, Ltd." for n in range(500)]
    popular = rng.random(ROWS) < 0.3
    rows: Rows = [
        [employers[n % 3] if p else employers[3 + n % 497], f"{rng.integers(1, 30):05}", a, int(b)]
        for n, (p, a, b) in enumerate(zip(popular, amount, bad, strict=True))
    ]
    with gzip.GzipFile(path, "wb", mtime=0) as file:
        file.write(text(["employer", "branch", "income", "bad"], rows).encode())


def suspects(path: Path) -> None:
    rng, bad, amount = drawn(4)
    numbers = rng.permutation(ROWS) + 70_000
    rows: Rows = [
        [
            number,
            f"{number * 7919 % 1000003:08x}-{n}",
            "EUR",
            a,
            a,
            grade := "ABCDE"[rng.integers(5)],
            "ABCDE".index(grade) + 1,
            round(a * b * 0.8, 2),
            round(rng.normal(3 * b), 2),
            rng.choice(["f", "m"]),
            rng.integers(0, 9),
            "charged off" if b else "paid",
        ]
        for n, (number, a, b) in enumerate(zip(numbers, amount, bad, strict=True))
    ]
    header = ["contract_no", "reference", "currency", "amount", "amount_again", "grade", "grade_number"]
    header += ["amount_written_off", "calls", "gender", "children", "status"]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("__MACOSX/._loans", "nothing")
        archive.writestr("export/loans 2024.csv", text(header, rows, "|"))


def typed(path: Path) -> None:
    rng, bad, amount = drawn(5)
    first = date(2015, 1, 1)
    table = pa.table(
        {
            "applied on": pa.array([first + timedelta(days=int(n)) for n in rng.integers(0, 900, ROWS)]),
            "customer since": pa.array([first - timedelta(days=int(n)) for n in rng.integers(1, 3000, ROWS)]),
            "amount": pa.array([None if n % 9 == 0 else float(a) for n, a in enumerate(amount)]),
            "instalments": pa.array(rng.integers(6, 60, ROWS), pa.int32()),
            "owner": pa.array([bool(x) for x in rng.random(ROWS) < 0.4]),
            "purpose": pa.array(rng.choice(["car", "home", "study"], ROWS).tolist()).dictionary_encode(),
            "default": pa.array(bad.astype(int)),
        }
    )
    pq.write_table(table, path)


def codes(path: Path) -> None:
    rng, bad, amount = drawn(6)
    rows: Rows = [
        [
            "Y" if rng.random() < 0.3 else "N",
            -9 if rng.random() < 0.1 else rng.integers(0, 30),
            999 if rng.random() < 0.08 else rng.integers(1, 80),
            "NA" if rng.random() < 0.1 else a,
            "refused" if rng.random() < 0.1 else rng.integers(0, 4000),
            1 if b else 0,
        ]
        for a, b in zip(amount, bad, strict=True)
    ]
    path.write_text(text(["owns_home", "late_payments", "months_since", "income", "savings", "bad"], rows), "utf-8")


def months(path: Path) -> None:
    rng, bad, amount = drawn(7)

    def month(number: int) -> str:
        return date(1995 + number // 12, 1 + number % 12, 1).strftime("%b-%Y")

    rows: Rows = [
        [month(200 + n % 24), month(rng.integers(0, 190)), month(230 + n % 60), a, "Default" if b else "Fully Paid"]
        for n, (a, b) in enumerate(zip(amount, bad, strict=True))
    ]
    header = ["issue_d", "earliest_line", "maturity", "loan_amnt", "loan_status"]
    path.write_text(text(header, rows, quoting=csv.QUOTE_ALL), "utf-8")


def units(path: Path) -> None:
    rng, bad, amount = drawn(8)
    rows: Rows = [
        [
            f"{rng.random() * 20 + 5:.1f}%",
            f"${a:,.2f}",
            f"{rng.choice([36, 48, 60, 72, 84, 96])} months",
            f"{rng.integers(1, 13)}/{rng.integers(1, 13)}/2019",
            "bad" if b else "good",
        ]
        for a, b in zip(amount, bad, strict=True)
    ]
    path.write_text(text(["int_rate", "revenue", "term", "signed", "result"], rows), "utf-8-sig")


def header(path: Path) -> None:
    rng, bad, amount = drawn(9)
    names = ["", "Monthly Rent", "loan.amnt", "AGE", "Profissão", "no. of: children?", "yes", "Bad?"]
    rows: Rows = [
        [
            n + 1,
            rng.integers(200, 2000),
            a,
            rng.integers(18, 80),
            rng.choice(["médico", "pedreiro", "null", "no"]),
            rng.integers(0, 6),
            rng.choice(["1e5", "007", "2011-12-01", "0x1F", "~", "yes: no"]),
            "TRUE" if b else "FALSE",
        ]
        for n, (a, b) in enumerate(zip(amount, bad, strict=True))
    ]
    path.write_text(text(names, rows), "utf-8")


def outcomes(path: Path) -> None:
    rng, bad, amount = drawn(10)
    kinds = ["current", "paid", "default"]
    rows: Rows = [
        [a, 9_000_000 + rng.integers(0, 40), rng.choice(["a", "b"]), "default" if b else kinds[n % 2]]
        for n, (a, b) in enumerate(zip(amount, bad, strict=True))
    ]
    path.write_text(text(["amount", "zip", "channel", "state"], rows, "\t"), "utf-8")


TABLES = [
    Table("preamble.csv", "defaulted", "yes", preamble, names=4),
    Table("latin.csv", "Ausfall", "J", latin, "latin-1", ";", 6),
    Table("many texts.csv.gz", "bad", "1", many_texts, names=4),
    Table("suspects.zip", "status", "charged off", suspects, delimiter="|", names=12),
    Table("typed.parquet", "default", "1", typed, None, None),
    Table("codes.csv", "bad", "1", codes, names=6),
    Table("months.csv", "loan_status", "Default", months, names=5),
    Table("units.csv", "result", "bad", units, names=5),
    Table("header.csv", "Bad?", "TRUE", header, names=8),
    Table("outcomes.tsv", "state", "default", outcomes, delimiter="\t", names=4, good=("paid",)),
]
