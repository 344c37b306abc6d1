"""The command: exit codes, what it leaves, and that it goes on where it was, for the same run alone"""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as parquet
import pytest

from src.batch import command
from src.batch.command import Asked
from src.batch.models import fetched
from src.batch.resuming import alone
from src.batch.run import Origin
from src.errors import LastroError
from src.journal.batch_ids import ids_of
from src.lineage.folder import Folder
from src.model.artifact import ArtifactError
from tests.api.deliveries import again
from tests.batch.conftest import FILES, ROWS, Batch, contents, recorded
from tests.conftest import ROOT
from tests.lineage.test_validation import published
from tests.ports import wait_until

ALL = ROWS * FILES


def test_run_leaves_parts_a_manifest_and_one_row_in_the_log(batch: Batch, tmp_path: Path, state: Path) -> None:
    assert batch() == 0
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_bytes())
    assert (manifest["rows"], manifest["rejected"], len(manifest["parts"])) == (ALL, 0, FILES)
    (run,) = recorded(state)
    assert (run.run_id, run.rows, run.rejected) == (manifest["run_id"], ALL, 0)
    table = parquet.read_table(tmp_path / "out" / "day-1-00000.parquet")
    assert table.column_names == ["run_id", "prediction_id", "row", "probability_of_default", "score", "decision"]
    assert table["prediction_id"].to_pylist() == ids_of(run.run_id, ROWS, ROWS)
    assert table["row"].to_pylist() == list(range(ROWS))
    assert table.schema.metadata[b"lastro.form_sha256"].decode() == manifest["model"]["form_sha256"]
    before = contents(tmp_path / "out")
    assert batch() == 0  # again: nothing is written, nothing is recorded
    assert (contents(tmp_path / "out"), len(recorded(state))) == (before, 1)
    assert batch(output=tmp_path / "elsewhere") == 0  # the same files by the same model are the same run
    assert (contents(tmp_path / "elsewhere"), len(recorded(state))) == (before, 1)


def test_wrong_rows_are_rejected_by_field_value_and_rule(batch: Batch, inputs: Path, tmp_path: Path) -> None:
    path = inputs / "day-2.csv"
    lines = path.read_text().splitlines()
    lines[1] = lines[1].replace(lines[1].split(",")[1], "121", 1)
    lines[3] += ",one too many"
    path.write_text("\n".join(lines) + "\n")
    assert batch() == 1
    found = [json.loads(line) for line in (tmp_path / "out/rejected/day-2-00000.jsonl").read_text().splitlines()]
    assert found == [
        {"row": 0, "field": "duration_months", "value": "121", "rule": "Input should be less than or equal to 120"},
        {"row": 2, "field": None, "value": "21", "rule": "another number of columns than the header's"},
    ]
    scored = pd.read_parquet(tmp_path / "out/day-2-00000.parquet")
    assert scored["row"].tolist() == [1, *range(3, ROWS)]
    assert json.loads((tmp_path / "out/manifest.json").read_bytes())["rejected"] == 2
    with pytest.raises(LastroError, match=r"2 row\(s\) break the contract, and nothing is written; the first: day-2 "
                                          r"row 0: duration_months: '121': Input should be less"):  # fmt: skip
        batch(output=tmp_path / "strict", strict=True)
    assert not (tmp_path / "strict").exists()


@pytest.mark.parametrize(("change", "says"), [("input", "the input's bytes"), ("reasons", "--reasons"),
                                              ("model", "the served form"),
                                              ("code", "the code or its libraries")])  # fmt: skip
def test_output_of_another_run_is_refused_and_replaced_whole_if_asked(
    change: str, says: str, batch: Batch, inputs: Path, model: Path, tmp_path: Path
) -> None:
    batch()
    before, how = contents(tmp_path / "out"), {}
    if change == "input":
        (inputs / "day-4.csv").write_text((inputs / "day-3.csv").read_text())
    elif change == "reasons":
        how = {"reasons": True}
    elif change == "model":
        how = {"models": again(model, tmp_path / "models", threshold=0.5)}
    else:
        told = tmp_path / "out/_run.json"
        told.write_text(told.read_text().replace('"code": "', '"code": "0'))
        before = contents(tmp_path / "out")
    with pytest.raises(LastroError, match=f"out: holds a run that differs in {says}: another folder, or --over"):
        batch(**how)
    assert contents(tmp_path / "out") == before
    (tmp_path / "out/mine.txt").write_text("kept")
    assert batch(overwrite=True, **how) == 0
    runs = {str(run) for path in (tmp_path / "out").glob("*.parquet") for run in parquet.read_table(path)["run_id"]}
    assert len(runs) == 1
    assert (tmp_path / "out/mine.txt").read_text() == "kept"


def test_folder_with_files_of_no_run_is_refused(batch: Batch, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/day-0-00000.parquet").write_bytes(b"of somebody else")
    with pytest.raises(LastroError, match="out: holds files that are of no run"):
        batch()


def test_part_that_is_not_as_its_note_says_is_done_again(batch: Batch, tmp_path: Path) -> None:
    batch()
    before = contents(tmp_path / "out")
    (tmp_path / "out/day-1-00000.parquet").write_bytes(b"half of it")
    (tmp_path / "out/day-2-00000.parquet").unlink()
    (tmp_path / "out/_parts/day-3-00000.json").write_text("{")
    (tmp_path / "out/manifest.json").unlink()
    assert batch() == 0
    assert contents(tmp_path / "out") == before


def test_killed_run_goes_on_by_the_same_command(
    batch: Batch, inputs: Path, model: Path, tmp_path: Path, state: Path
) -> None:
    batch(output=tmp_path / "quiet", reasons=True)
    recorded_before = recorded(state)
    shutil.rmtree(state)
    words = [sys.executable, "-m", "src.batch", str(inputs), str(tmp_path / "out"), "--models", str(model), "--reasons"]
    asked = subprocess.Popen(words, cwd=ROOT, stderr=subprocess.DEVNULL)
    wait_until(lambda: any((tmp_path / "out").glob("_parts/*.json")))
    asked.send_signal(signal.SIGKILL)
    asked.wait()
    assert recorded(state) == []
    assert batch(reasons=True) == 0
    assert contents(tmp_path / "out") == contents(tmp_path / "quiet")
    assert [run._replace(time=None, service_id=None, output="") for run in recorded(state)] == [
        run._replace(time=None, service_id=None, output="") for run in recorded_before
    ]


def test_refusals_are_a_sentence_and_exit_code_2(inputs: Path, model: Path, tmp_path: Path) -> None:
    def said(*words: str, **env: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "src.batch", *words], cwd=ROOT, capture_output=True, text=True, check=False,
            env=os.environ | {"LASTRO_STATE": str(tmp_path / "state")} | env)  # fmt: skip
        assert done.returncode == 2
        return done.stderr

    out = str(tmp_path / "out")
    assert "is neither champion nor a version's number" in said(str(inputs), out, "--model", "best")
    nowhere = {"LASTRO_DATABASE_URL": "postgresql://u:secret@127.0.0.1:1/log"}
    text = said(str(inputs), out, "--models", str(model), **nowhere)
    assert "the prediction log" in text
    assert "secret" not in text
    assert not Path(out).exists()


def test_model_whose_file_is_another_is_refused(batch: Batch, model: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "models"))
    content = (folder / "trees.npz").read_bytes()
    (folder / "trees.npz").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ArtifactError, match=r"trees\.npz: refused"):
        batch(models=folder)
    assert not (tmp_path / "out").exists()


def test_champion_is_fetched_and_verified(model: Path, tmp_path: Path) -> None:
    place = Folder(tmp_path / "objects")
    files = {path.name: path for path in model.glob("*.*") if not path.name.startswith(".")}
    published(files, place, git_commit="c" * 40)
    assert fetched(place, "champion", tmp_path / "champion") == Origin("1", "c" * 40)
    assert fetched(place, "1", tmp_path / "one") == Origin("1", "c" * 40)
    with pytest.raises(LastroError, match="there is no version 7"):
        fetched(place, "7", tmp_path / "seven")


def test_command_line_is_what_the_command_takes() -> None:
    assert Asked._fields == ("input", "output", "model", "models", "reasons", "strict", "overwrite", "workers",
                             "scheduler", "step", "only")  # fmt: skip
    assert (command.ALL_SCORED, command.SOME_REJECTED) == (0, 1)


def test_folder_of_the_input_and_one_that_another_command_writes_to_are_refused(
    batch: Batch, inputs: Path, tmp_path: Path
) -> None:
    with pytest.raises(LastroError, match=r"in: holds .*day-0\.csv, which is to be scored"):
        batch(output=inputs, overwrite=True)
    with alone(str(tmp_path / "out")), pytest.raises(LastroError, match="out: another command writes to it"):
        batch()


def test_file_without_a_header_is_read_as_the_package_says_and_a_part_may_have_no_good_row(
    batch: Batch, tmp_path: Path
) -> None:
    lines = (ROOT / "data/external/german_credit/german.data").read_text().splitlines()[:5]
    (tmp_path / "own").mkdir()
    (tmp_path / "own/german.data").write_text("\n".join(lines))
    (tmp_path / "own/wrong.data").write_text("\n".join(line.replace("A1", "B1") for line in lines))
    assert batch(tmp_path / "own") == 1
    manifest = json.loads((tmp_path / "out/manifest.json").read_bytes())
    assert [(part["rows"], part["rejected"]) for part in manifest["parts"]] == [(5, 0), (5, 5)]
    assert len(pd.read_parquet(tmp_path / "out/wrong-00000.parquet")) == 0
    assert pd.read_parquet(tmp_path / "out/german-00000.parquet")["decision"].isin(["approve", "decline"]).all()
