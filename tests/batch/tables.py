"""A seed -> a contract, a served model of it, and applicants of whom some break a rule; the same rows as files"""

import gzip
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import TypeAdapter, ValidationError

from src.batch.parts import Task, source_of, work
from src.batch.planning import columns_of, run_of
from src.batch.run import Input, Origin
from src.compile.compiler import compile_model
from src.contract.package import Package
from src.contract.parts import parts_of, plan_of
from src.contract.written import missing_cell, writer_of
from src.errors import LastroError
from src.files import write_bytes, write_json
from src.model.applicants import random_applicants
from src.model.candidates import build
from src.model.card import CARD, Card, Time, features_of, read_card, write_card
from src.model.metrics import cost_threshold
from src.model.reference import reference
from src.params import Text
from src.pipeline.export import export_of, trees_of
from src.pipeline.train import final, suggested
from src.serving.applicants import applicant_type
from src.serving.export import EXPORT, TREES, Parity
from src.serving.predictors import load
from src.serving.scorer import Scored
from tests.compile.random_tables import random_table
from tests.conftest import ROOT
from tests.serving.kinds import applicants, committed

KEPT = Text(least=5, most=4)
MADE = date(2024, 5, 5)
TIME = Time(name="applied on", title="Applied on", description="", latest=MADE.isoformat())
UNCOMPARED = Parity(dataset_rows=0, random_rows=0, largest_difference=0, flipped_decisions=0)
WRONG = ("?", "1.5e400", -(10**7), 10**7, 0.25, "label", "2024-02-30", None)
Row = dict[str, Any]


@dataclass(frozen=True)
class Made:
    """A model's folder, its contract, and rows as the API would be asked."""

    folder: Path
    package: Package
    card: Card
    rows: list[Row]

    def expected(self) -> list[Scored | None]:
        """What the row form says of each row; None where the API refuses it, or would have to take today's date."""
        adapter, scorer = TypeAdapter(applicant_type(self.card)), load(self.folder).scorer
        dates = [feature.name for feature in self.card.features if feature.type == "date"]
        found: list[Scored | None] = []
        for row in self.rows:
            try:
                valid = adapter.validate_python(row)
            except ValidationError:
                found.append(None)
                continue
            undated = valid.get(TIME.name) is None and any(valid.get(name) is not None for name in dates)
            found.append(None if undated else scorer.score(valid))
        return found

    def scored(self, path: Path, most: int, reasons: bool = False) -> tuple[dict[int, Row], dict[int, list[Row]]]:
        """What comes of a file in parts of so many rows: scores and rejected fields by the rows' places."""
        output = path.with_name(f"{path.name}.out")
        for task in self.tasks(path, output, most, reasons):
            work(task)
        return answers(output), rejected(output)

    def tasks(self, path: Path, output: Path, most: int, reasons: bool = False) -> list[Task]:
        """A file's parts."""
        source, wanted = source_of(str(path)), columns_of(self.card, self.package)
        needed = [feature.name for feature in self.card.features if feature.required]
        plan = plan_of(source, self.package, needed, most)
        inputs = (Input(str(path), plan.bytes, plan.sha256),)
        run = run_of(load(self.folder), Origin(None, None), inputs, self.package, reasons)
        return [
            Task(str(self.folder), run, self.package, str(path), plan.layout, part, 0, "t", str(output))
            for part in parts_of(source, plan, wanted)
        ]


def answers(output: Path) -> dict[int, Row]:
    """The scored rows by their places."""
    rows = [row for path in sorted(output.glob("*.parquet")) for row in pd.read_parquet(path).to_dict("records")]
    assert len({row["prediction_id"] for row in rows}) == len(rows)
    return {row["row"]: row for row in rows}


def rejected(output: Path) -> dict[int, list[Row]]:
    """The rejected fields by the rows' places."""
    found: dict[int, list[Row]] = {}
    for path in sorted((output / "rejected").glob("*.jsonl")):
        for line in pd.read_json(path, lines=True, dtype=False).to_dict("records"):
            found.setdefault(line["row"], []).append(line)
    return found


def made(seed: int, kind: str, calibrated: bool, folder: Path) -> Made:
    """Fit a kind of model on the table of a seed and write its serving form."""
    table = random_table(seed)
    features, threshold = suggested(features_of(table.package), table.X, KEPT), cost_threshold(table.costs)
    model = final(build(committed(), features, seed, KEPT)[kind], calibrated, 2, seed).fit(table.X, table.bad)
    typical = reference(table.X, lambda rows: model.predict_proba(rows)[:, 1], threshold, features)
    changes = {"features": features, "reference": typical, "threshold": threshold, "time": TIME}
    card = read_card(ROOT / "models" / CARD).model_copy(update=changes)
    compiled = compile_model(model, features, TIME.name)
    content = trees_of(compiled)
    write_bytes(folder / TREES, content)
    write_card(folder / CARD, card)
    write_json(folder / EXPORT, export_of(card, compiled, content, UNCOMPARED).model_dump(mode="json"))
    given = pd.concat([table.X.astype(object), random_applicants(features, 60, seed)], ignore_index=True)
    return Made(folder, table.package, card, [asked(row, card, seed + at) for at, row in enumerate(applicants(given))])


def asked(row: Row, card: Card, seed: int) -> Row:
    """A row as the API is asked: a date as text, and now and then a value that breaks a rule."""
    random = np.random.default_rng(seed)
    day = MADE - timedelta(days=int(random.integers(300)))
    dates = [feature.name for feature in card.features if feature.type == "date"]
    found = {name: plain(value) for name, value in row.items()}
    found |= {name: (day - timedelta(days=found[name])).isoformat() for name in dates if found[name] is not None}
    found[TIME.name] = None if random.random() < 0.1 else day.isoformat()
    if random.random() < 0.2:
        name, value = str(random.choice(list(found))), WRONG[random.integers(len(WRONG))]
        texts = {feature.name for feature in card.features if feature.type == "text"}
        found[name] = str(value) if name in texts and value is not None else value  # in a file, anything is a text
    return found


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    value = value.item() if isinstance(value, np.generic) else value
    return int(value) if isinstance(value, float) and value.is_integer() else value


def table_of(rows: list[Row], package: Package, codes: bool) -> pd.DataFrame:
    """The rows as cells: by the package's codes, or as labels."""
    fields = [column for column in package.columns if column.name != package.target.name]
    columns: dict[str, list[str]] = {}
    for column in fields:
        write, missing = writer_of(column, package), missing_cell(column, package) or ""

        def cell(value: Any, write: Any = write, missing: str = missing) -> str:
            if value is None:
                return missing if codes else ""
            try:
                return str(write(value)) if codes else labelled(value)
            except LastroError:  # what breaks a rule has no code
                return labelled(value)

        columns[column.name] = [cell(row[column.name]) for row in rows]
    return pd.DataFrame(columns)


def labelled(value: Any) -> str:
    """A value as a file of labels has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def files(rows: list[Row], package: Package, folder: Path) -> Mapping[str, Path]:
    """The rows in files of all kinds."""
    codes, labels = (table_of(rows, package, one) for one in (True, False))
    texts = {"codes.csv": codes.to_csv(index=False), "labels.csv": labels.to_csv(index=False, sep=";")}
    found = {name: text.encode() for name, text in texts.items()}
    found["codes.csv.gz"] = gzip.compress(found["codes.csv"], mtime=0)
    found["quoted.csv"] = codes.to_csv(index=False, quoting=1).encode()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("labels.csv", found["labels.csv"])
    found["labels.zip"] = archive.getvalue()
    for name, content in found.items():
        write_bytes(folder / name, content)
    labels.to_parquet(folder / "labels.parquet", row_group_size=17)
    codes.astype("category").to_parquet(folder / "codes.parquet", row_group_size=1000)
    return {name: folder / name for name in (*found, "labels.parquet", "codes.parquet")}
