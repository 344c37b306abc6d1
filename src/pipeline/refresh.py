"""the log's mature applications with outcomes -> a further file of the data package, which DVC tracks and Git ignores

`python -m src.pipeline.refresh [--until T] [--mixed-base-rates]`. The same log and moment give the same bytes, and rows
that were there keep their side of the split. What follows is `dvc repro`, a commit and `dvc push`.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from src.batch.matured import matured_rows
from src.command_line import MOMENT, moment
from src.contract.grown import Grown, read_grown, rows_of, write_grown
from src.contract.joining import Joining, joining
from src.contract.package import Package
from src.contract.rows import with_outcome, within_bounds
from src.contract.table import type_table
from src.contract.text import read_text
from src.contract.written import value_of
from src.errors import LastroError, code_of, run
from src.journal.matured import Matured, matured, told_until
from src.journal.reader import read_log
from src.lineage.policy import read_policy
from src.lineage.storage import get_object
from src.model.base_rates import Answered, bads_of, by_band, mixed
from src.model.development import REFERENCE, Development, read_development
from src.model.kinds import KINDS
from src.model.split import days_of, first_test_day
from src.params import Split, read_params

PARAMS, MODELS = Path("params.yaml"), Path("models")
JOINED, REFUSED, NOTHING_NEW = 0, 1, 3


class MixedRatesError(LastroError):
    """The new rows' base rate is another one than the reference's."""


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """Return what the command line says."""
    ends = (
        "Exit code: 0 the rows have joined | 1 refused, their base rate is another one | 2 could not"
        " | 3 nothing new, nothing written."
    )
    parser = argparse.ArgumentParser(prog="python -m src.pipeline.refresh", description=__doc__, epilog=ends)
    parser.add_argument("--until", type=moment, metavar="T", help=f"what was known then (default: now): {MOMENT}")
    parser.add_argument(
        "--mixed-base-rates", action="store_true", help="join rows though observed over expected bads differ by 1.5"
    )
    return parser.parse_args(given)


def record_of(one: Matured, package: Package) -> dict[str, Any]:
    """Return an application's value of each field that the log knows."""
    columns = {column.name: column for column in package.columns}
    told = {package.target.name: one.outcome, **one.groups}
    known = {name: value_of(columns[name], text) for name, text in told.items() if name in columns}
    made = {package.time.name: one.time.date().isoformat()} if package.time else {}
    ids = {column.name: one.id for column in package.with_role("id")}
    return {**ids, **made, **known, **{name: value for name, value in one.inputs.items() if value is not None}}


def answered(applications: dict[str, Matured], new: Joining, package: Package) -> list[Answered]:
    """Return what each of the new rows was answered, and whether it was bad."""
    bads = package.is_bad(new.table[package.target.name])
    rows = zip((applications[one] for one in new.ids), bads, strict=True)
    return [Answered(one.probability_of_default, one.score, one.decision == "approve", bool(bad)) for one, bad in rows]


def test_from(grown: Grown, new: Joining, split: Split) -> str | None:
    """Return the day from which on rows test, where the split is by time: none before that of the data as it was."""
    joined, package = grown.package.resource.outcomes, grown.package
    least = joined.test_from if joined else None
    if split.by != "time":
        return least
    names = [column.name for column in package.columns]
    own = days_of(counted(read_text(grown.own, package.resource, names), package), package)
    former = [] if grown.former is None else [days_of(counted(grown.former, package), package)]
    for parts in ([own, *former], [own, days_of(new.table, package)]):
        days = pd.concat(parts, ignore_index=True)
        least = first_test_day(days, split.test_share, least).date().isoformat()
    return least


def counted(text: pd.DataFrame, package: Package) -> pd.DataFrame:
    """Return the rows and values of a table of text that count, as `ingest` does."""
    return within_bounds(with_outcome(type_table(text, package)[0], package)[0], package)[0]


def refresh(until: datetime, mixed_rates: bool) -> int:
    """Join what is new to the data set that params.yaml names; return the exit code. Raises LastroError."""
    params = read_params(PARAMS, KINDS)
    age = timedelta(days=read_policy().monitoring.maturity_days)
    with read_log(get_object) as log:
        told = told_until(log, until)
        judged = list(matured(log, until - age, told))
        batches = matured_rows(log, until - age, told, MODELS, Path(params.dataset))
    applications = {one.id: one for one in judged if one.inputs} | batches.rows
    say(*batches.says)
    grown = read_grown(Path(params.dataset))
    records = {one: record_of(found, grown.package) for one, found in applications.items()}
    new = joining(records, grown.package, grown.own[0], grown.name)
    gone = forgotten(judged, grown)
    fresh = rows_of(new.text) - rows_of(grown.former)
    if not fresh and not (gone.joined and new.ids):
        many = f"{len(new.ids)} applications of {age.days} days and more with an outcome"
        say(f"nothing new: {many}", *left_out(new), *gone.told)
        return NOTHING_NEW
    rows, reference = answered(applications, new, grown.package), read_reference()
    if (differ := mixed(bads_of(rows), reference.approved)) and not mixed_rates:
        raise MixedRatesError(f"{differ}; with --mixed-base-rates they join the data all the same")
    write_grown(grown, new, test_from(grown, new, params.split))
    say(
        f"{grown.places[0]}: {len(new.ids)} applications with outcomes, {len(fresh)} of them new",
        *left_out(new),
        *gone.told,
        *selection(rows, reference, differ),
        *lacking(new, grown.package),
        "Git ignores the file, DVC has it. Next: dvc repro, git commit, dvc push."
        " From now on a bare `dvc repro` in a clone wants `dvc pull` first.",
    )
    return JOINED


class Gone(NamedTuple):
    """Applicants who were forgotten: how many, and how many of them had joined the data."""

    rows: int
    joined: int

    @property
    def told(self) -> Iterable[str]:
        """Yield how many they are, where there are any."""
        if self.rows:
            yield f"{self.rows} left out, for they were forgotten; {self.joined} of them had joined the data before"


def forgotten(judged: Sequence[Matured], grown: Grown) -> Gone:
    """Return who of the applications was forgotten: their rows leave the file when it is written again."""
    ids = {one.id for one in judged if not one.inputs}
    return Gone(len(ids), 0 if grown.former is None else len(ids & set(grown.former.index)))


def read_reference() -> Development:
    """Return how the development sample's approved turned out; raises LastroError where no evaluation has said it."""
    found = read_development(MODELS)
    if found is None:
        raise LastroError(f"{MODELS / REFERENCE}: no such file; `dvc repro` writes it")
    return found


def selection(rows: Sequence[Answered], reference: Development, differ: str | None) -> Iterable[str]:
    """Yield whose outcomes are known: those of the approved, by their scores."""
    declined = sum(not row.approved for row in rows)
    yield f"only approved applicants have outcomes: {bads_of(rows)}" + (
        f"; {declined} more were declined, and have one all the same" if declined else ""
    )
    yield from (f"  {line}" for line in by_band(rows, reference.approved.bands))
    if differ:
        yield f"mixed base rates: {differ}"


def left_out(new: Joining) -> Iterable[str]:
    """Yield how many applications the file has no row for, by the field that is in the way."""
    if new.left_out:
        fields = ", ".join(f"{name} {count}" for name, count in sorted(new.left_out.items()))
        yield f"{new.left_out.total()} left out, for a value that the file of this contract cannot hold: {fields}"


def lacking(new: Joining, package: Package) -> Iterable[str]:
    """Yield what the log does not know of these rows."""
    total = len(new.ids)
    for column in package.with_role("protected"):
        missing = int(new.table[column.name].isna().sum())
        yield f"protected field {column.name}: not told of {missing} of {total}"
    if ignored := [column.name for column in package.with_role("ignored")]:
        yield f"ignored, so empty in all of them: {', '.join(ignored)}"


def say(*lines: str) -> None:
    """Write lines."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def main(given: Sequence[str] | None = None) -> int:
    """Return the exit code of the command; what stands in the way is one sentence on stderr."""
    asked = arguments(given)
    until = asked.until or datetime.now(UTC)
    return code_of(lambda: refresh(until, asked.mixed_base_rates), {MixedRatesError: REFUSED})


if __name__ == "__main__":
    run(lambda: sys.exit(main()))
