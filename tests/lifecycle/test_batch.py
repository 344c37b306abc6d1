"""A million rows have the row form's answers; a command that is killed again and again leaves what a quiet one does"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pyarrow.parquet as parquet
import pytest

from benchmarks.batch import groups
from src.batch.parts import work
from src.batch.planning import job_of, project_package, tasks_of
from src.batch.run import Origin
from src.contract.labelled import Reader
from src.serving.predictors import load
from tests.batch.conftest import codes, contents, inputs, recorded, state
from tests.conftest import ROOT

__all__ = ["codes", "inputs", "state"]
pytestmark = pytest.mark.lifecycle
ROWS = int(os.environ.get("TEST_ROWS", "1000000"))
KILLS = 12


def test_every_row_of_a_million_is_answered_as_one_by_one(tmp_path: Path) -> None:
    folder = Path(os.environ.get("TEST_MODELS", ROOT / "models"))
    path, package = tmp_path / "rows.parquet", project_package()
    with parquet.ParquetWriter(path, next(groups(1)).schema) as file:
        for group in groups(ROWS):
            file.write_table(group)
    for _, task in tasks_of(job_of(str(path), str(tmp_path / "out"), folder, Origin(None, None), reasons=True)):
        work(task)
    served, differing, rows = load(folder), Counter[str](), 0
    readers = {column.name: Reader(column, package, typed=False) for column in package.features}
    for number, group in enumerate(groups(ROWS)):
        columns = {}
        for name in group.column_names:
            cells = group.column(name).to_pylist()
            known = list(dict.fromkeys(cells))
            values = dict(zip(known, [one.value for one in readers[name].read(known)], strict=True))
            columns[name] = [values[cell] for cell in cells]
        table = parquet.read_table(tmp_path / f"out/rows-{number:05}.parquet").to_pylist()
        for values, found in zip(zip(*columns.values(), strict=True), table, strict=True):
            rows += 1
            one = served.scorer.score(dict(zip(columns, values, strict=True)))
            told = [{"feature": reason.feature, "points": reason.points} for reason in one.reasons]
            differing["PD"] += one.probability_of_default != found["probability_of_default"]
            differing["score"] += one.score != found["score"]
            differing["decision"] += one.decision != found["decision"]
            differing["reasons"] += told != found["reasons"]
    assert rows == ROWS
    assert +differing == Counter()


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
