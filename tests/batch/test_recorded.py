"""What a run has counted is what the monitor would count of its rows, had the service answered them one by one"""

import json
from pathlib import Path

import pytest

from src.batch import planning
from src.batch.answers import manifest_of, stretches
from src.batch.rereading import rows_at, verified_plan
from src.batch.run import Input
from src.batch.sampling import sampled
from src.journal.batch_runs import runs
from src.model.development import read_development
from src.monitoring.counts import Columns, count_form
from src.monitoring.reading import NOBODY
from src.serving.predictors import load
from tests.batch.scored import Scored


def test_counts_of_a_run_are_those_of_its_rows_one_by_one(scored: Scored, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "ROOT", scored.project.root)
    models: Path = scored.project.root / "models"
    with scored.log() as log, log.engine.connect() as connection:
        (run,) = runs(connection)
    manifest = manifest_of(run.output, run.manifest_sha256)
    files = [Input(one["path"], one["bytes"], one["sha256"]) for one in manifest["input"]]
    rows = list(sampled([*stretches(run.output, manifest)], [file.path for file in files], run.rows, reasons=False))
    assert (len(rows), run.rows) == (run.scored, 400)
    package, inputs = planning.project_package(), dict[tuple[int, int], str]()
    for number, file in enumerate(files):
        its = {row.place for row in rows if row.input == number}
        for place, found in rows_at(file, verified_plan(file, package), package, load(models), its):
            inputs[number, place] = json.dumps(found)
    columns = Columns(
        tuple(inputs[row.input, row.place] for row in rows),
        *(tuple(row.answer[name] for row in rows) for name in ("probability_of_default", "score", "decision")),
        ("2026-03-02 12",) * len(rows),
        (None,) * len(rows),
    )  # type: ignore[call-arg]
    (hour,) = count_form(run.form_sha256, columns, {None: NOBODY}, read_development(models)).values()
    assert json.loads(run.counts) == hour.counts
    assert len(hour.counts) > 3
    assert run.approved == sum(row.answer["decision"] == "approve" for row in rows)
    assert sum(many for many, _ in json.loads(run.approved_pds)) == run.approved
