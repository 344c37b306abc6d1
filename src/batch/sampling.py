"""the parts of an output, how many -> that many of its rows, spread evenly, and what was answered to each"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pyarrow as arrow
from pyarrow import parquet

from src.batch.answers import OutputError, Stretch, read
from src.batch.run import stems_of
from src.errors import LastroError
from src.files import sha256_of

COLUMNS = ("prediction_id", "row", "probability_of_default", "score", "decision")
ALTERED = "its file of the output is not the one that the manifest names"


class Sampled(NamedTuple):
    """A row of an output: which of the run's files it is of, its place there, what was answered.

    `wrong` is what is wrong with the part that holds it.
    """

    input: int
    place: int
    answer: dict[str, Any]
    wrong: str | None


def sampled(stretches: Sequence[Stretch], inputs: Sequence[str], rows: int, *, reasons: bool) -> Iterator[Sampled]:
    """Yield so many rows, or all if there are fewer, in order; raises OutputError where a part cannot be read."""
    stems = stems_of(inputs)
    total = sum(stretch.answered for stretch in stretches)
    many, before = min(rows, total), 0
    chosen = [(2 * number + 1) * total // (2 * many) for number in range(many)]
    for stretch in stretches:
        its = [one - before for one in chosen if before <= one < before + stretch.answered]
        before += stretch.answered
        if its:
            content = read(stretch.path)
            wrong = None if sha256_of(content) == stretch.sha256 else ALTERED
            name = stretch.path.rpartition("/")[2].removesuffix(".parquet").rpartition("-")[0]
            for answer in taken(stretch, content, its, reasons=reasons):
                yield Sampled(stems.index(name), answer.pop("row"), answer, wrong)


def one_row(stretches: Sequence[Stretch], inputs: Sequence[str], number: int, *, reasons: bool) -> list[Sampled]:
    """Return the row of a number; none where the output does not have it."""
    for stretch in stretches:
        if stretch.first <= number < stretch.stop:
            every = sampled([stretch], inputs, stretch.answered, reasons=reasons)
            return [one for one in every if int(one.answer["prediction_id"][-12:], 16) == number]
    return []


def taken(stretch: Stretch, content: bytes, rows: Sequence[int], *, reasons: bool) -> list[dict[str, Any]]:
    """Return rows of a part; raises OutputError where it is none, or has fewer."""
    names = [*COLUMNS, *(["reasons"] if reasons else [])]
    try:
        table = parquet.read_table(arrow.BufferReader(content), columns=names)
        found: list[dict[str, Any]] = table.take(list(rows)).to_pylist()
    except (arrow.ArrowException, IndexError, KeyError, LastroError) as error:
        raise OutputError(f"{stretch.path}: no part of an output: {' '.join(str(error).split())}") from None
    return found
