"""what the command line asks for -> scored files, a manifest, a row of the log; exit code

A kill at any point leaves a folder that the same command goes on with: parts, then the manifest, then the log's row,
which is written once.
"""

import json
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from src.batch import cluster, engine, places
from src.batch.counting import total
from src.batch.manifest import manifest_of
from src.batch.models import model_of
from src.batch.parts import REJECTED, Done, Task, work
from src.batch.planning import Job, job_of, order, tasks_of
from src.batch.recording import batch_run, open_log, record
from src.batch.resuming import MANIFEST, alone, begin, done_of, unchanged
from src.batch.settings import Settings
from src.errors import LastroError

ALL_SCORED, SOME_REJECTED = 0, 1
log = logging.getLogger(__name__)


class Asked(NamedTuple):
    """The command line; `step` (`parts`, `manifest`) and `only` ask for a step of a run."""

    input: str
    output: str
    model: str
    models: Path | None
    reasons: bool
    strict: bool
    overwrite: bool
    workers: int
    scheduler: str | None
    step: str | None = None
    only: str | None = None


def score_files(asked: Asked) -> int:
    """Score files; returns the exit code; raises LastroError where nothing can be scored."""
    settings = Settings()
    open_log(settings)
    with model_of(asked.model, asked.models) as (folder, origin):
        job = job_of(asked.input, asked.output, folder, origin, asked.reasons)
        if asked.strict:
            refuse_wrong(job, asked)
        with alone(job.output):
            begin(job.output, job.run, job.stems, asked.overwrite)
            done = scored(job, asked)
            finish(job, done, settings)
    rejected = sum(one.rejected for one in done)
    log.info("%d rows scored, %d rejected, by run %s", job.rows - rejected, rejected, job.run.run_id)
    return SOME_REJECTED if rejected else ALL_SCORED


def scored(job: Job, asked: Asked) -> list[Done]:
    """Return all parts, those that are there already and those that are scored now, in order."""
    places.tidy(job.output)
    there = {file.path for file in places.below(job.output)}
    found: list[Done] = []
    with tqdm(total=job.rows, unit="row", unit_scale=True, desc="score") as bar:

        def missing() -> Iterator[Task]:
            for name, task in tasks_of(job):
                known = done_of(job.output, there, name)
                if known is None:
                    yield task
                else:
                    found.append(known)
                    bar.initial += known.rows  # they are not of this rate
                    bar.update(known.rows)

        for done in worked(missing(), job, asked):
            found.append(done)
            bar.update(done.rows)
    return sorted(found, key=lambda one: order(job.stems, one.path))


def worked(tasks: Iterable[Task], job: Job, asked: Asked) -> Iterator[Done]:
    """Yield each part as it is done, by processes of this machine or by a cluster."""
    if asked.scheduler:
        return cluster.run(work, tasks, asked.scheduler, job.models)
    return engine.run(work, tasks, asked.workers)


def finish(job: Job, done: list[Done], settings: Settings) -> None:
    """Write the manifest and record the run; both as they are where they are there already."""
    unchanged(job.output, job.run)
    manifest, path = manifest_of(job.run, done), places.inside(job.output, MANIFEST)
    if not places.exists(path) or places.read(path) != manifest:
        places.write(path, manifest)
    counted = total(one.counted for one in done if one.counted)
    rejected = sum(one.rejected for one in done)
    run = batch_run(manifest, job.card, counted, rejected, job.output, reasons=job.run.reasons)
    record(run, rejected_rows(job, done), settings=settings, commit=settings.git_commit)


def rejected_rows(job: Job, done: Iterable[Done]) -> Iterator[int]:
    """Yield the numbers, among the rows of all files, of those that were rejected."""
    offsets = job.offsets()
    for one in done:
        if one.rejected:
            name = one.path.removesuffix(".parquet")
            lines = places.read(places.inside(job.output, REJECTED, f"{name}.jsonl")).splitlines()
            yield from (offsets[name.rpartition("-")[0]] + row for row in {json.loads(line)["row"] for line in lines})


def refuse_wrong(job: Job, asked: Asked) -> None:
    """Raise LastroError, which names the first one, where any row breaks the contract."""
    tasks = (task for _, task in tasks_of(job, check=True))
    wrong = [done for done in worked(tasks, job, asked) if done.first]
    if wrong:
        first = min(wrong, key=lambda done: order(job.stems, done.path))
        many = sum(done.rejected for done in wrong)
        raise LastroError(f"{many} row(s) break the contract, and nothing is written; the first: {told(first)}")


def told(done: Done) -> str:
    """Return the first wrong row of a part in a sentence."""
    row, field, value, rule = done.first or (0, None, None, "")
    return f"{done.path.rpartition('-')[0]} row {row}: {field or 'the row'}: {value!r}: {rule}"
