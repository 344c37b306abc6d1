"""INPUT, a model, the project's data package -> a job: the run, how each file is cut, what each part needs"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from src.batch import places
from src.batch.parts import Task, name_of, source_of
from src.batch.run import Input, Origin, Run, contract_sha256, identified, stems_of
from src.contract.package import Package, read_package
from src.contract.parts import Plan, parts_of, plan_of
from src.errors import LastroError
from src.lineage.settings import ROOT
from src.model.card import Card
from src.model.kinds import KINDS
from src.params import read_params
from src.serving.predictors import Served, load


class Job(NamedTuple):
    """A run, all that its parts are made of, and where they go; `stems` are the names of the files' parts."""

    run: Run
    card: Card
    package: Package
    plans: list[Plan]
    stems: list[str]
    models: Path
    output: str
    wanted: list[str]

    @property
    def rows(self) -> int:
        """Return how many rows the files have."""
        return sum(plan.rows for plan in self.plans)

    def offsets(self) -> dict[str, int]:
        """Return, by the names of the files' parts, how many rows the files before have."""
        found, rows = {}, 0
        for stem, plan in zip(self.stems, self.plans, strict=True):
            found[stem], rows = rows, rows + plan.rows
        return found


def job_of(address: str, output: str, models: Path, origin: Origin, reasons: bool) -> Job:
    """Return what is to be done; reads each file once, with a progress bar; raises LastroError."""
    files, folder = places.expand(address), places.whole(output)
    if inside := [file.path for file in files if file.path.startswith(f"{folder}/")]:
        raise LastroError(f"{folder}: holds {inside[0]}, which is to be scored; another folder")
    served, package = load(models), project_package()
    needed = [feature.name for feature in served.card.features if feature.required]
    plans, inputs = [], []
    with tqdm(total=sum(file.bytes for file in files), unit="B", unit_scale=True, desc="read") as bar:
        for file in files:
            plan = plan_of(source_of(file.path), package, needed, tell=bar.update)
            plans.append(plan)
            inputs.append(Input(file.path, plan.bytes, plan.sha256))
    if not any(plan.rows for plan in plans):
        raise LastroError(f"{address}: no rows; a table needs at least one")
    run = run_of(served, origin, tuple(inputs), package, reasons)
    stems = stems_of([file.path for file in files])
    wanted = columns_of(served.card, package)
    return Job(run, served.card, package, plans, stems, models, folder, wanted)


def project_package() -> Package:
    """Return the data package that params.yaml names: how files of applicants are written."""
    return read_package(ROOT / read_params(ROOT / "params.yaml", KINDS).dataset)


def columns_of(card: Card, package: Package) -> list[str]:
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
    return identified(run)


def tasks_of(job: Job, check: bool = False) -> Iterator[tuple[str, Task]]:
    """Yield each part's name and its task, in order; `check` asks for the first wrong row alone."""
    offsets = job.offsets()
    for plan, one, stem in zip(job.plans, job.run.inputs, job.stems, strict=True):
        for part in parts_of(source_of(one.path), plan, job.wanted):
            yield (
                name_of(stem, part.number),
                Task(
                    models=str(job.models),
                    run=job.run,
                    package=job.package,
                    input=one.path,
                    layout=plan.layout,
                    part=part,
                    offset=offsets[stem],
                    stem=stem,
                    output=job.output,
                    check=check,
                ),
            )


def order(stems: Sequence[str], path: str) -> tuple[int, int]:
    """Return where a part stands among all: its file's place, its number."""
    stem, _, number = path.removesuffix(".parquet").rpartition("-")
    return stems.index(stem), int(number)
