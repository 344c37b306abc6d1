"""a part of a file, a model -> the part's scores and its rejected rows, written; what there is to say of them

A part is done when its note (OUTPUT/_parts/<stem>-00000.json) is there: it names the bytes of the other two. Whoever
does a part again writes the same bytes.
"""

import functools
import json
from pathlib import Path
from typing import Any, NamedTuple

from src.batch import places
from src.batch.checking import Checked, Checker, Rejected
from src.batch.counting import Coded, Counted, count
from src.batch.output import jsonl, parquet
from src.batch.run import Run
from src.batch.scoring import Model, Scores, read_model, score
from src.contract.layout import Layout, Source
from src.contract.package import Package
from src.contract.parts import Part, read_part
from src.errors import LastroError
from src.files import sha256_of

NOTES = "_parts"
REJECTED = "rejected"


class Task(NamedTuple):
    """A part and all that is needed to score it; `offset` are the rows of the files before its own.

    `models` is the model's folder; `check` asks for the first wrong row alone, and nothing is written.
    """

    models: str
    run: Run
    package: Package
    input: str
    layout: Layout
    part: Part
    offset: int
    stem: str
    output: str
    check: bool = False


class Done(NamedTuple):
    """A part that was scored: its file's name, its rows, those of them that were rejected, its bytes' hashes.

    `counted` is how monitoring counts it; `first` is the first wrong row where nothing but that was asked for.
    """

    path: str
    rows: int
    rejected: int
    sha256: str
    rejected_sha256: str | None
    counted: Counted | None
    first: Rejected | None = None


def work(task: Task) -> Done:
    """Score a part and write what comes of it."""
    model, checker = read_model_once(task.models), checker_of(task.models, task.run.contract_sha256, task.package)
    if model.served.form_sha256 != task.run.form_sha256:
        raise LastroError(f"{task.models}: refused, it is another model than the run's {task.run.form_sha256}")
    ids = [column.name for column in task.package.with_role("id")]
    wanted = [*checker.checkers, *(name for name in ids if name not in checker.checkers)]
    source, name = source_of(task.input), name_of(task.stem, task.part.number)
    try:
        cells = read_part(source, task.layout, task.part, wanted)
    except LastroError as error:
        raise LastroError(f"{task.input}: {error}") from None
    checked = checker.check(cells, task.part.first)
    rows, wrong = task.part.rows, len({one.row for one in checked.rejected})
    if task.check:
        return Done(f"{name}.parquet", rows, wrong, "", None, None, next(iter(checked.rejected), None))
    scores = score(model, checked.columns, task.run.reasons)
    known = {name: cells.columns[name] for name in ids if name in cells.columns}
    content, lines = parquet(task.run, model, checked, scores, task.offset, known), jsonl(checked.rejected)
    counted = counts_of(model, checked, scores)
    done = Done(f"{name}.parquet", rows, wrong, sha256_of(content), sha256_of(lines) if lines else None, counted)
    if lines:
        places.write(places.inside(task.output, REJECTED, f"{name}.jsonl"), lines)
    places.write(places.inside(task.output, done.path), content)
    places.write(note_of(task.output, name), f"{json.dumps(noted(done))}\n".encode())
    return done


def counts_of(model: Model, checked: Checked, scores: Scores) -> Counted:
    """Return how many rows lie in each bin of the reference."""
    columns = {name: Coded(*column) for name, column in checked.columns.items()}
    return count(columns, scores.pd, scores.score, ~scores.declined, model.reference)


def name_of(stem: str, number: int) -> str:
    """Return a part's name."""
    return f"{stem}-{number:05}"


def note_of(output: str, name: str) -> str:
    """Return the address of a part's note."""
    return places.inside(output, NOTES, f"{name}.json")


def noted(done: Done) -> dict[str, Any]:
    """Return what the note of a part says."""
    counted = done.counted._asdict() if done.counted else None
    return {name: value for name, value in done._asdict().items() if name != "first"} | {"counted": counted}


def read_note(content: bytes) -> Done:
    """Return the part that a note is of; raises ValueError or TypeError where it is none."""
    said = json.loads(content)
    counted = said["counted"]
    groups = [(number, many, total) for number, many, total in counted["approved_pds"]]
    return Done(**said | {"counted": Counted(**counted | {"approved_pds": groups})})


def source_of(path: str) -> Source:
    """Return a file as it is read."""
    return Source(path.rpartition("/")[2], functools.partial(places.seekable, path))


@functools.lru_cache(maxsize=2)
def read_model_once(folder: str) -> Model:
    """Return the model of a folder, read once in a process."""
    return read_model(Path(folder))


@functools.cache
def checkers() -> dict[tuple[str, str], Checker]:
    """Return what this process has made to check rows, by model and contract."""
    return {}


def checker_of(folder: str, contract_sha256: str, package: Package) -> Checker:
    """Return what checks rows for a model and a package, made once in a process."""
    key, known = (folder, contract_sha256), checkers()
    if key not in known:
        served = read_model_once(folder).served
        known[key] = Checker(served.card, served.export.fields, package)
    return known[key]
