"""who was forgotten -> what still holds something of them and is not changed here, each with the command for it"""

import json
import re
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from src import git
from src.forgetting.desk import Desk
from src.forgetting.whom import Whom
from src.journal.batch_tables import BATCH_RUNS
from src.lineage.lock import FOLDER, LOCK, read_lock
from src.lineage.removal import cached

IDS = "outcomes.predictions.csv"  # the file that names the predictions whose rows have joined the training data
STAGES = ("ingest", "prepare")  # whose outputs are rows
MOST_RUNS = 20
BACKUPS = (
    "backups of the log that were made before now, and copies of its file: delete them, or give the same command again"
    " after one was restored"
)
FEATURES = "the applicant's rows in feature tables, if there are any: `python -m src.journal forget --applicant ID`"


class Version(NamedTuple):
    """A commit whose training data holds rows of predictions, and those of its objects that are rows, by md5."""

    commit: str
    rows: int
    objects: dict[str, str]


def untouched(desk: Desk, whom: Whom, ids: Collection[str]) -> list[str]:
    """Return sentences."""
    found = [told(version) for version in versions(desk, set(ids))]
    if found:
        found.append(
            "the next version of the training data is without them:"
            " `python -m src.pipeline.refresh`, then `dvc repro`, `git commit`, `dvc push`"
        )
    return [*found, *batches(desk), *([FEATURES] if whom.prediction else []), BACKUPS]


def told(version: Version) -> str:
    """Return the sentence of a version of the training data."""
    names, md5s = ", ".join(version.objects.values()), " ".join(version.objects)
    return (
        f"training data of commit {version.commit[:12]}: {version.rows} rows, in {names}:"
        f" `python -m src.lineage.removal {md5s}` (that commit can then not be reproduced)"
    )


def versions(desk: Desk, ids: set[str]) -> Iterator[Version]:
    """Yield the commits of any branch whose training data holds rows of these predictions, the newest first."""
    said = git.output(desk.root, "log", "--all", "--format=:%H", "--name-only", "--", f"*{IDS}.dvc") or ""
    commit, seen = "", set()
    for line in filter(None, said.splitlines()):
        if line.startswith(":"):
            commit = line[1:]
        elif rows := len(ids & set(joined(desk, commit, line))):
            objects = objects_of(desk, commit, line)
            if tuple(objects) not in seen:
                seen.add(tuple(objects))
                yield Version(commit, rows, objects)


def joined(desk: Desk, commit: str, path: str) -> list[str]:
    """Return the predictions that a commit's training data names; none where DVC has the file nowhere."""
    found = md5_of(desk.root, commit, path)
    return [] if found is None else (content_of(desk, found) or b"").decode().split()


def content_of(desk: Desk, found: str) -> bytes | None:
    """Return an output's bytes by its md5; None where DVC has it nowhere."""
    here = cached(desk.root, found)
    return here.read_bytes() if here.is_file() else desk.place.get_output(found)


def objects_of(desk: Desk, commit: str, path: str) -> dict[str, str]:
    """Return the objects of a commit that are rows of the training data, or name or hold them, by md5."""
    root, folder = desk.root, path.rpartition("/")[0]
    said = git.output(root, "ls-tree", "--name-only", commit, f"{folder}/") or ""
    tracked = [name for name in said.splitlines() if name.startswith(f"{folder}/outcomes") and name.endswith(".dvc")]
    found = {md5: name.removesuffix(".dvc") for name in tracked if (md5 := md5_of(root, commit, name))}
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / LOCK).write_text(git.output(root, "show", f"{commit}:{LOCK}") or "stages: {}", encoding="utf-8")
        stages = read_lock(Path(place)).stages
    outs = [out for name in STAGES for out in stages.get(name, {}).get("outs", ())]
    rows = {str(out["md5"]): str(out["path"]) for out in outs if str(out["path"]).endswith(".parquet")}
    return found | rows | saved(desk, stages.get("train", {}).get("outs", ()))


def saved(desk: Desk, outs: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return what a model from R was saved as, which holds its training rows, by md5."""
    folders = {str(out["md5"]): str(out["path"]) for out in outs if str(out["md5"]).endswith(FOLDER)}
    listed = {path: json.loads(content_of(desk, found) or b"[]") for found, path in folders.items()}
    return {str(file["md5"]): f"{path}/{file['relpath']}" for path, files in listed.items() for file in files}


def md5_of(root: Path, commit: str, path: str) -> str | None:
    """Return the md5 of what a `.dvc` file of a commit tracks."""
    found = re.search(r"md5: ([0-9a-f]{32})", git.output(root, "show", f"{commit}:{path}") or "")
    return found[1] if found else None


def batches(desk: Desk) -> Iterator[str]:
    """Yield the outputs of files that were scored: no identifier of theirs is kept here, so each may hold somebody."""
    run = BATCH_RUNS.c
    with desk.engine.connect() as connection:
        many = connection.execute(sa.select(sa.func.count()).select_from(BATCH_RUNS)).scalar_one()
        newest = sa.select(run.output).order_by(run.time.desc()).limit(MOST_RUNS)
        outputs = list(connection.execute(newest).scalars())
    for output in outputs:
        yield f"batch output {output}: `python -m src.batch INPUT {output} --overwrite`, without the row in INPUT"
    if many > len(outputs):
        yield f"{many - len(outputs)} older batch outputs, which the table {BATCH_RUNS.name} names"
