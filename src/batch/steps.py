"""what the command line asks for -> one step of a run, so that a scheduler runs, repeats and shows each by itself

`parts` begins the run and names its parts; each is then scored by a command of its own, several at a time, wherever
input and output are in reach; `manifest` ends the run. They leave the same bytes, and the same row of the log, as one
command does that takes the whole; each may be killed and repeated.
"""

import json
import logging
import sys

from src.batch import places
from src.batch.command import Asked, finish
from src.batch.models import model_of
from src.batch.parts import Done, work
from src.batch.planning import Job, job_of, tasks_of
from src.batch.recording import open_log
from src.batch.resuming import alone, begin, begun, done_of, unchanged
from src.batch.settings import Settings
from src.errors import LastroError

log = logging.getLogger(__name__)


def take(asked: Asked) -> int:
    """Take a step; returns 0 when it is done, whatever was rejected; raises LastroError where it cannot be taken."""
    with model_of(asked.model, asked.models) as (folder, origin):
        job = job_of(asked.input, asked.output, folder, origin, asked.reasons)
        if asked.only:
            score_part(job, asked.only)
        elif asked.step == "parts":
            name_parts(job, origin.version or asked.model, overwrite=asked.overwrite)
        else:
            end(job)
    return 0


def name_parts(job: Job, model: str, *, overwrite: bool) -> None:
    """Begin a run; print its parts and the version that scores them, which the other steps then ask for."""
    with alone(job.output):
        begin(job.output, job.run, job.stems, overwrite)
    told = [{"part": name, "model": model} for name, _ in tasks_of(job)]
    sys.stdout.write(f"{json.dumps(told)}\n")


def score_part(job: Job, part: str) -> None:
    """Score a part, unless it is there."""
    begun(job.output, job.run, job.stems)
    with alone(job.output, beside=True):
        task = next((task for name, task in tasks_of(job) if name == part), None)
        if task is None:
            raise LastroError(f"--only {part}: the run has no such part; --parts names them")
        done = there(job, part)
        if done is None:
            done = work(task)
        unchanged(job.output, job.run)
    log.info("%s: %d rows scored, %d rejected", part, done.rows - done.rejected, done.rejected)


def end(job: Job) -> None:
    """Write the manifest and record the run; raises LastroError where a part is missing."""
    settings = Settings()
    open_log(settings)
    begun(job.output, job.run, job.stems)
    with alone(job.output):
        places.tidy(job.output)
        found = {name: there(job, name) for name, _ in tasks_of(job)}
        if missing := [name for name, done in found.items() if done is None]:
            raise LastroError(f"{job.output}: part {missing[0]} is not there: --only {missing[0]} scores it")
        done = [one for one in found.values() if one]
        finish(job, done, settings)
    rejected = sum(one.rejected for one in done)
    log.info("%d rows scored, %d rejected, by run %s", job.rows - rejected, rejected, job.run.run_id)


def there(job: Job, part: str) -> Done | None:
    """Return a part that is done and whole."""
    return done_of(job.output, {file.path for file in places.below(job.output)}, part)
