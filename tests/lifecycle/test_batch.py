"""A million rows have the row form's answers; a command that is killed again and again leaves what a quiet one does"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest

from benchmarks.batch import groups
from src.batch.parts import work
from src.batch.planning import job_of, project_package, tasks_of
from src.batch.run import Origin
from src.contract.labelled import Reader
from src.model.points import points
from src.serving.predictors import load
from tests.batch.conftest import Batch, batch, codes, contents, inputs, recorded, state
from tests.conftest import ROOT
from tests.ports import wait_until

__all__ = ["batch", "codes", "inputs", "state"]
pytestmark = pytest.mark.lifecycle
ROWS = int(os.environ.get("TEST_ROWS", "1000000"))
KILLS = 12


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("rows", "reasons"), [(ROWS, False), (ROWS // 20, True)])
def test_every_row_of_a_million_is_answered_as_one_by_one(rows: int, reasons: bool, tmp_path: Path) -> None:
    folder = Path(os.environ.get("TEST_MODELS", ROOT / "models"))
    path = tmp_path / "rows.parquet"
    with parquet.ParquetWriter(path, next(groups(1)).schema) as file:
        for group in groups(rows):
            file.write_table(group)
    for _, task in tasks_of(job_of(str(path), str(tmp_path / "out"), folder, Origin(None, None), reasons)):
        work(task)
    scorer, differing, compared = load(folder).scorer, Counter[str](), 0
    for number, group in enumerate(groups(rows)):
        table = parquet.read_table(tmp_path / f"out/rows-{number:05}.parquet").to_pylist()
        for applicant, found in zip(applicants(group), table, strict=True):
            compared += 1
            row = scorer.predictor.row(applicant)
            pd = scorer.predictor.own(row)
            differing["PD"] += pd != found["probability_of_default"]
            differing["score"] += points(pd, scorer.scale) != found["score"]
            differing["decision"] += scorer.decision(pd) != found["decision"]
            if reasons:
                told = [{"feature": one.feature, "points": one.points} for one in scorer.score(applicant).reasons]
                differing["reasons"] += told != found["reasons"]
    assert compared == rows
    assert +differing == Counter()


def applicants(group: arrow.Table) -> Iterator[dict[str, Any]]:
    """The rows as the API would be asked."""
    package = project_package()
    columns = {}
    for column in package.features:
        cells = group.column(column.name).to_pylist()
        known = list(dict.fromkeys(cells))
        values = {cell: one.value for cell, one in zip(known, Reader(column, package, False).read(known), strict=True)}
        columns[column.name] = [values[cell] for cell in cells]
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))


def test_command_killed_again_and_again_leaves_what_a_quiet_one_does(inputs: Path, state: Path, tmp_path: Path) -> None:
    def start(output: Path, workers: int) -> subprocess.Popen[bytes]:
        words = [str(inputs), str(output), "--models", "models", "--reasons", "--workers", str(workers)]
        return subprocess.Popen([sys.executable, "-m", "src.batch", *words], cwd=ROOT, stderr=subprocess.DEVNULL)

    wrong = inputs / "day-3.csv"
    wrong.write_text(wrong.read_text().replace(",A14", ",A15", 1) if ",A14" in wrong.read_text() else "")
    assert start(tmp_path / "quiet", 1).wait() in (0, 1)
    quiet, before = contents(tmp_path / "quiet"), recorded(state)
    (state / "api/journal.db").rename(tmp_path / "quiet.db")
    draw, codes_seen = random.Random(7), []
    for _ in range(KILLS):
        asked = start(tmp_path / "out", draw.choice([1, 2]))
        time.sleep(draw.uniform(0.5, 6))
        asked.send_signal(signal.SIGKILL)
        codes_seen.append(asked.wait())
        assert len(recorded(state)) <= 1 if (state / "api/journal.db").exists() else True
    assert -signal.SIGKILL in codes_seen
    assert start(tmp_path / "out", 1).wait() in (0, 1)
    assert contents(tmp_path / "out") == quiet
    assert [run.run_id for run in recorded(state)] == [run.run_id for run in before]
    assert json.loads(quiet["manifest.json"])["run_id"] == before[0].run_id


def test_interrupted_command_leaves_what_it_goes_on_with(
    inputs: Path, tmp_path: Path, state: Path, batch: Batch
) -> None:
    words = [sys.executable, "-m", "src.batch", str(inputs), str(tmp_path / "out"), "--models", "models"]
    asked = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: any((tmp_path / "out").glob("_parts/*.json")))
    asked.send_signal(signal.SIGINT)
    _, said = asked.communicate()
    assert asked.returncode in (0, 130)  # it may have been done
    assert asked.returncode == 0 or said.endswith("interrupted: the same command goes on where it was\n")
    assert batch() == 0
    assert len(recorded(state)) == 1
