"""What still holds something of who was forgotten is named with the command for it: training data by commit, batches"""

import hashlib
import json
import re
from pathlib import Path

import pytest

from src import git
from src.forgetting.untouched import IDS, untouched
from src.forgetting.whom import Whom
from src.journal.batch_runs import record_run
from src.lineage import removal
from src.lineage.folder import Folder
from tests.conftest import Project
from tests.forgetting.conftest import Log
from tests.forgetting.test_forget import SQLITE
from tests.journal.batches import batch_run

NOBODYS = "01a1feee-f0f8-7f39-8c3b-d01b1fe5202f"
FOLDER = "data/external/loans"


def keep(folder: Folder, content: str, end: str = "") -> str:
    """Push an output to DVC's remote; return its md5, which `.dir` ends where it is a folder's list."""
    found = hashlib.md5(content.encode()).hexdigest() + end
    folder.create(f"files/md5/{found[:2]}/{found[2:]}", content.encode())
    return found


def commit(log: Log, ids: list[str]) -> list[str]:
    """Commit a version of the training data that these predictions have joined; return the md5s of its rows."""
    project, place = Project(log.root), log.root / FOLDER
    place.mkdir(parents=True, exist_ok=True)
    named = {IDS: keep(log.folder, "\n".join(["prediction_id", *ids])), "outcomes.csv": keep(log.folder, f"rows {ids}")}
    for name, found in named.items():
        (place / f"{name}.dvc").write_text(f"outs:\n- md5: {found}\n  path: {name}\n")
    made = keep(log.folder, f"typed {ids}")
    outs = [{"path": "data/raw/applications.parquet", "md5": made, "size": 1}]
    saved = keep(log.folder, f"rds {ids}")
    listed = keep(log.folder, json.dumps([{"md5": saved, "relpath": "glm.rds"}]), ".dir")
    others = [{"path": "models/model.pkl", "md5": "f" * 32, "size": 1}, {"path": "models/r", "md5": listed, "size": 1}]
    (log.root / "dvc.lock").write_text(json.dumps({"stages": {"ingest": {"outs": outs}, "train": {"outs": others}}}))
    project.run("git", "add", "-A")
    project.run("git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-qm", "data")
    return sorted([*named.values(), made, saved])


@SQLITE
def test_training_data_is_named_by_its_commit_and_its_objects(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    Project(log.root).run("git", "init", "-q", "-b", "main")
    first = commit(log, [NOBODYS])
    then = git.head(log.root)
    commit(log, ["of-another"])
    with log.desk() as desk:
        said = untouched(desk, Whom(applicant="7"), [NOBODYS, "of-nobody"])
        assert untouched(desk, Whom(applicant="7"), ["of-nobody"]) == said[2:]
    assert said[0].startswith(f"training data of commit {str(then)[:12]}: 1 rows, in ")
    assert "python -m src.pipeline.refresh" in said[1]
    assert any("backups of the log" in line for line in said)
    (command,) = re.findall(r"`python -m src.lineage.removal ([0-9a-f ]+)`", said[0])
    assert sorted(command.split()) == first
    monkeypatch.setattr(removal, "remote", lambda: log.folder)
    monkeypatch.setattr(removal, "ROOT", log.root)
    assert removal.main(command.split()) == 0
    assert [log.folder.get_output(one) for one in first] == [None] * 4


@SQLITE
def test_batch_outputs_are_named(log: Log) -> None:
    with log.journal.engine.begin() as connection:
        record_run(connection, batch_run(output="s3://bucket/out", rejected=0), ())
    with log.desk() as desk:
        said = untouched(desk, Whom(prediction=NOBODYS), [NOBODYS])
    assert any(
        line.startswith("batch output s3://bucket/out: `python -m src.batch INPUT s3://bucket/out") for line in said
    )
    assert any("--applicant ID" in line for line in said)


def test_folder_of_objects_is_the_projects(log: Log) -> None:
    with log.desk() as desk:
        assert desk.place == Folder(Path(log.root / "objects"))
