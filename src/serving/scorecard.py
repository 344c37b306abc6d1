"""models/ -> the scorecard as lenders file it: a table of points as CSV or Excel, or SQL

`python -m src.serving.scorecard --to csv|xlsx|sql [--output FILE]`
"""

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, Literal, get_args

from src.errors import LastroError, run
from src.files import write_bytes
from src.model.card import CARD, Card, read_card
from src.serving.export import EXPORT, Export, read_export, verify_weights
from src.serving.sql import sql_of

EVALUATION = "evaluation.json"
MODELS = Path("models")
INSIDE = """\
-- NOT WHAT IS SERVED: the scorecard among the members of the served model, the candidate {name}, by itself and
-- uncalibrated. Its scores and decisions are not the API's; to serve a scorecard, train with it as the only candidate.
"""
COLUMNS = ("feature", "bin", "applicants", "bads", "share", "bad_rate", "woe", "iv", "points")
Format = Literal["csv", "xlsx", "sql"]
Records = list[dict[str, Any]]
MADE = datetime(1980, 1, 1, tzinfo=UTC)  # in every workbook: the same model gives the same file


class NoScorecardError(LastroError):
    """The model that is served is none."""


class NoTableError(LastroError):
    """The evaluation is missing, or has no table of the model's points."""


def filed(folder: Path, form: Format) -> bytes:
    """Return the scorecard of models/ in a form, as `filed_of`; raises LastroError where its files do not agree."""
    card, export = read_card(folder / CARD), read_export(folder / EXPORT)
    if export.model != card.sha256:
        raise LastroError(f"{folder / EXPORT}: is of the model {export.model}, the card names {card.sha256}")
    verify_weights(folder / EXPORT, export)
    return filed_of(card, export, folder / EVALUATION, form)


def filed_of(card: Card, export: Export, evaluation: Path, form: Format) -> bytes:
    """Return a scorecard in a form, its table as it stands in the evaluation; raises NoScorecardError, LastroError.

    Of a blend with a scorecard among its members the SQL is that member's, for a lender whose own systems read nothing
    else. Its answers are not the served model's: its first lines say so.
    """
    if form == "sql" and export.intercept is None and export.member:
        inside = {"fields": export.member.fields, "intercept": export.member.intercept, "pairs": export.member.pairs}
        return (INSIDE.format(name=card.candidate) + sql_of(card, export.model_copy(update=inside))).encode()
    if export.intercept is None:
        raise NoScorecardError(f"The served model, {card.candidate}, is no scorecard: there is no table of its points")
    if form == "sql":
        return sql_of(card, export).encode()
    records = records_of(evaluation, card)
    return csv_of(records) if form == "csv" else xlsx_of(records)


def records_of(path: Path, card: Card) -> Records:
    """Return the table's rows; raises LastroError where the evaluation is missing, another model's, or without them."""
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise NoTableError(f"{path}: no such file; `dvc repro` writes it") from None
    if found["sha256"] != card.sha256:
        raise LastroError(f"{path}: is of the model {found['sha256']}, the card names {card.sha256}")
    if not found.get("scorecard"):
        raise NoTableError(f"{path}: has no table of points; `dvc repro` writes it")
    records: Records = found["scorecard"]
    return records


def csv_of(records: Records) -> bytes:
    """Return the table as CSV; a header alone where there are no rows."""
    text = StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(records)
    return text.getvalue().encode()


def xlsx_of(records: Records) -> bytes:
    """Return the table as a workbook of one sheet; texts stay texts, whatever they begin with."""
    from xlsxwriter import Workbook

    content = BytesIO()
    with Workbook(content, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"created": MADE.replace(tzinfo=None)})
        sheet = book.add_worksheet("scorecard")
        sheet.write_row(0, 0, COLUMNS, book.add_format({"bold": True}))
        for place, record in enumerate(records, 1):
            sheet.write_row(place, 0, [record[name] for name in COLUMNS])
        sheet.freeze_panes(1, 0)
        sheet.autofit()
    return content.getvalue()


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m src.serving.scorecard", description=__doc__)
    parser.add_argument("--to", choices=get_args(Format), required=True, help="the form")
    parser.add_argument("--output", type=Path, metavar="FILE", help="else standard output")
    return parser.parse_args(words)


def main() -> None:
    """Write the served scorecard."""
    asked = arguments()
    content = filed(MODELS, asked.to)
    if asked.output:
        write_bytes(asked.output, content)
    else:
        sys.stdout.buffer.write(content)


if __name__ == "__main__":
    run(main)
