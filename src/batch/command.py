"""what the command line asks for -> scored files, a manifest; exit code"""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from src.batch import engine, places
from src.batch.manifest import manifest_of
from src.batch.models import model_of
from src.batch.parts import Done, Task, name_of, source_of, work
from src.batch.resuming import MANIFEST, begin, done_of
from src.batch.run import Input, Origin, Run, contract_sha256, facts_of, run_id, stems_of
from src.contract.package import Package, read_package
from src.contract.parts import Plan, parts_of, plan_of
from src.errors import LastroError
from src.lineage.settings import ROOT
from src.model.card import Card
from src.model.kinds import KINDS
from src.params import read_params
from src.serving.predictors import Served, load

ALL_SCORED, SOME_REJECTED = 0, 1
log = logging.getLogger(__name__)


class Asked(NamedTuple):
    """The command line."""

    input: str
    output: str
    model: str
    models: Path | None
    reasons: bool
    strict: bool
    overwrite: bool
    workers: int
    scheduler: str | None


class Job(NamedTuple):
    """A run, all that its parts are made of, and where they go."""

    run: Run
    package: Package
    plans: list[Plan]
    stems: list[str]
    models: Path
    output: str
    wanted: list[str]


def score_files(asked: Asked) -> int:
    """Score files; returns the exit code; raises LastroError where nothing can be scored."""
    with model_of(asked.model, asked.models) as (folder, origin):
        job = planned(asked, folder, origin)
        if asked.strict:
            refuse_wrong(job, asked)
        begin(job.output, job.run, job.stems, asked.overwrite)
        done = scored(job, asked)
    manifest = manifest_of(job.run, done)
    path = places.inside(job.output, MANIFEST)
    if not places.exists(path) or places.read(path) != manifest:
        places.write(path, manifest)
    rows, rejected = sum(one.rows for one in done), sum(one.rejected for one in done)
    log.info("%d rows scored, %d rejected: %s", rows - rejected, rejected, path)
    return SOME_REJECTED if rejected else ALL_SCORED


def planned(asked: Asked, folder: Path, origin: Origin) -> Job:
    """Return what is to be done; reads each file once."""
    files = places.expand(asked.input)
    served, package = load(folder), package_of_project()
    needed = [feature.name for feature in served.card.features if feature.required]
    plans = [plan_of(source_of(file.path), package, needed) for file in files]
    inputs = tuple(Input(file.path, plan.bytes, plan.sha256) for file, plan in zip(files, plans, strict=True))
    run = run_of(served, origin, inputs, package, asked.reasons)
    stems = stems_of([file.path for file in files])
    return Job(run, package, plans, stems, folder, places.whole(asked.output), wanted(served.card, package))


def package_of_project() -> Package:
    """Return the data package that params.yaml names: how files of applicants are written."""
    return read_package(ROOT / read_params(ROOT / "params.yaml", KINDS).dataset)


def wanted(card: Card, package: Package) -> list[str]:
    """Return the columns that are read: the model's, the date of the application, and those that identify a row."""
    names = [feature.name for feature in card.features] + ([card.time.name] if card.time else [])
    return list(dict.fromkeys([*names, *(column.name for column in package.with_role("id"))]))


def run_of(served: Served, origin: Origin, inputs: tuple[Input, ...], package: Package, reasons: bool) -> Run:
    """Return the run of these."""
    run = Run(
        run_id="",
        form_sha256=served.form_sha256,
        model_sha256=served.card.sha256,
        model_version=origin.version,
        git_commit=origin.git_commit,
        name=served.card.name,
        reasons=reasons,
        contract_sha256=contract_sha256(package),
        inputs=inputs,
    )
    return run._replace(run_id=run_id(facts_of(run)))


def tasks_of(job: Job, check: bool = False) -> Iterator[tuple[str, Task]]:
    """Yield each part's name and its task, in order."""
    offset = 0
    for plan, one, stem in zip(job.plans, job.run.inputs, job.stems, strict=True):
        for part in parts_of(source_of(one.path), plan, job.wanted):
            task = Task(
                str(job.models), job.run, job.package, one.path, plan.layout, part, offset, stem, job.output, check
            )
            yield name_of(stem, part.number), task
        offset += plan.rows


def scored(job: Job, asked: Asked) -> list[Done]:
    """Return all parts, those that are there already and those that are scored now, in order."""
    there = {file.path for file in places.below(job.output)}
    found: dict[str, Done] = {}
    with tqdm(total=sum(plan.rows for plan in job.plans), unit="row", unit_scale=True, desc="score") as bar:

        def missing() -> Iterator[Task]:
            for name, task in tasks_of(job):
                known = done_of(job.output, there, name)
                if known is None:
                    yield task
                else:
                    found[known.path] = known
                    bar.initial += known.rows
                    bar.update(known.rows)

        for done in engine.run(work, missing(), asked.workers):
            found[done.path] = done
            bar.update(done.rows)
    return [found[name] for name in sorted(found, key=lambda name: order(job.stems, name))]


def order(stems: Sequence[str], path: str) -> tuple[int, int]:
    """Return where a part stands among all: its file's place, its number."""
    stem, _, number = path.removesuffix(".parquet").rpartition("-")
    return stems.index(stem), int(number)


def refuse_wrong(job: Job, asked: Asked) -> None:
    """Raise LastroError, which names the first one, where any row breaks the contract."""
    tasks = (task for _, task in tasks_of(job, check=True))
    wrong = [done for done in engine.run(work, tasks, asked.workers) if done.first]
    if wrong:
        first = min(wrong, key=lambda done: order(job.stems, done.path))
        many = sum(done.rejected for done in wrong)
        raise LastroError(f"{many} row(s) break the contract, and nothing is written; the first: {told(first)}")


def told(done: Done) -> str:
    """Return the first wrong row of a part in a sentence."""
    row, field, value, rule = done.first or (0, None, None, "")
    return f"{done.path.rpartition('-')[0]} row {row}: {field or 'the row'}: {value!r}: {rule}"
