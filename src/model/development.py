"""models/reference.json -> how the development sample is distributed, and the bin of every value that is logged"""

from collections.abc import Sequence
from datetime import date
from functools import cached_property
from itertools import pairwise, repeat
from pathlib import Path
from types import NoneType
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    BaseModel,
    ConfigDict,
    JsonValue,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from src.errors import LastroError, sentences

REFERENCE = "reference.json"
MISSING, OTHER = "missing", "other"
ANSWERS = ("probability_of_default", "score", "decision")
TRUTHS = {False: "false", True: "true"}
NUMBERS = {int, float}
EXACT = 2**53  # below it every whole number is one float64
Places = NDArray[np.intp]


class Bin(NamedTuple):
    """A bin of a distribution: its rows in the development sample.

    `points` is what the score of the typical applicant changes by where this bin's typical value takes the place of
    its own, by the model; None where no applicant can have one, and of PD, score and decision.
    """

    label: str
    rows: int
    points: float | None


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")  # a later release may say more


class Distribution(_Part):
    """How many rows have which values: bins of numbers, then one of each value, then "missing" and "other".

    A number belongs to the first bin whose upper edge it does not exceed, the last bin has none. `values` are
    categories, or the reasons for not having a number, and the truths `false` and `true`. Of texts `trim` and
    `ignore_case` say how they are compared. A date counts as its days before the date that the field `before` holds.
    """

    kind: Literal["number", "category"]
    whole: bool = False
    before: str | None = None
    trim: bool = False
    ignore_case: bool = False
    edges: list[float] = []
    values: list[str] = []
    rows: list[int]
    points: list[float | None] = []

    @model_serializer(mode="wrap")
    def _short(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        said = {name: value for name, value in written(self).items() if value}
        if "edges" in said:
            said["edges"] = [int(edge) if edge % 1 == 0 and abs(edge) < EXACT else edge for edge in self.edges]
        return said

    @model_validator(mode="after")
    def _whole(self) -> "Distribution":
        wanted = len(self.labels)
        if len(self.rows) != wanted or len(self.points) not in (0, wanted):
            raise ValueError(f"`rows` and `points` want {wanted} values, one a bin")
        return self

    @cached_property
    def labels(self) -> list[str]:
        """Return what each bin is called; two of different meaning may be called the same."""
        return [*(ranges(self.edges, self.whole) if self.kind == "number" else []), *self.values, MISSING, OTHER]

    @cached_property
    def bins(self) -> list[Bin]:
        """Return the bins in their order."""
        points = self.points or [None] * len(self.rows)
        return [Bin(*one) for one in zip(self.labels, self.rows, points, strict=True)]

    @property
    def missing(self) -> int:
        """Return the place of the bin of those who have no value."""
        return len(self.labels) - 2

    @property
    def other(self) -> int:
        """Return the place of the bin of values that are none of the others."""
        return len(self.labels) - 1

    def places(self, values: Sequence[JsonValue], made: Sequence[JsonValue] | None = None) -> Places:
        """Return the place of the bin of each value, as the log's `inputs` hold it: null is missing, unknown is other.

        `made` is the column of the field `before`, wanted for dates that are written as dates.
        """
        if self.before is not None and made is not None:
            values = days_before(made, values)
        kinds = set(map(type, values))
        if self.kind == "category":
            return self._named(values, kinds)
        if kinds <= {*NUMBERS, NoneType}:
            return self._numbered(values)
        found = self._numbered([value if type(value) in NUMBERS else None for value in values])
        rest = [row for row, value in enumerate(values) if value is not None and type(value) not in NUMBERS]
        found[rest] = self._named([values[row] for row in rest], kinds)
        return found

    def _numbered(self, values: Sequence[JsonValue]) -> Places:
        numbers = np.array(values, dtype=np.float64)  # None becomes NaN
        return np.where(np.isnan(numbers), self.missing, np.searchsorted(self._edges, numbers)).astype(np.intp)

    def _named(self, values: Sequence[JsonValue], kinds: set[type]) -> Places:
        if kinds & {list, dict}:  # which no contract lets through
            values = [OTHER + repr(value) if isinstance(value, list | dict) else value for value in values]
        if self.trim or self.ignore_case:
            values = [self.folded(value) if isinstance(value, str) else value for value in values]
        return np.fromiter(map(self._by_value.get, values, repeat(self.other)), np.intp, len(values))

    def folded(self, text: str) -> str:
        """Return a text as it is compared."""
        text = text.strip() if self.trim else text
        return text.casefold() if self.ignore_case else text

    @cached_property
    def _edges(self) -> NDArray[np.float64]:
        return np.array(self.edges, dtype=np.float64)

    @cached_property
    def _by_value(self) -> dict[JsonValue, int]:
        first = len(self.labels) - 2 - len(self.values)
        found: dict[JsonValue, int] = {None: self.missing, "": self.missing}
        found |= {self.folded(value): place for place, value in enumerate(self.values, first)}
        truths: dict[JsonValue, int] = {truth: found[text] for truth, text in TRUTHS.items() if text in found}
        return found | truths


class Interval(_Part):
    """A metric's value and its 95 % interval."""

    value: float
    low: float
    high: float


class Band(_Part):
    """The approved whose scores are from `low` to `high` (null: open): rows, bads by their PDs, bads that were."""

    low: int | None
    high: int | None
    rows: int
    expected: float
    observed: int


class Approved(_Part):
    """The training rows that the threshold approves, out of fold; a metric that cannot be told is null."""

    rows: int
    expected: float
    observed: int
    bands: list[Band]
    metrics: dict[str, Interval | None]


class Development(_Part):
    """The sample that a model, named by its sha256, was developed on.

    `rows` are all of the data, by which features are counted; PD, score and decision are counted on the training rows
    that cross-validation predicted, `out_of_fold` of them. `left_out` features have no place in the file.
    """

    sha256: str
    rows: int
    out_of_fold: int
    left_out: int = 0
    features: dict[str, Distribution]
    probability_of_default: Distribution
    score: Distribution
    decision: Distribution
    approved: Approved

    @cached_property
    def subjects(self) -> dict[str, Distribution]:
        """Return every distribution by the name of what it is of: the features, then PD, score and decision."""
        found = {subject_of(name): distribution for name, distribution in self.features.items()}
        return {**found, **{name: getattr(self, name) for name in ANSWERS}}


def subject_of(feature: str) -> str:
    """Return the name by which a feature is watched: its own, unless that is one of the answer's.

    >>> subject_of("income"), subject_of("score")
    ('income', 'score (feature)')
    """
    return f"{feature} (feature)" if feature in ANSWERS else feature


def ranges(edges: Sequence[float], whole: bool) -> list[str]:
    """Return the bins that upper edges make, as text.

    >>> ranges([1, 5], whole=True), ranges([0.5, 2.5], whole=False)
    (['up to 1', '2 to 5', 'over 5'], ['up to 0.5', 'over 0.5 to 2.5', 'over 2.5'])
    """
    if not edges:
        return ["any"]
    between = [_between(low, high, whole) for low, high in pairwise(edges)]
    return [f"up to {_text(edges[0])}", *between, f"over {_text(edges[-1])}"]


def _between(low: float, high: float, whole: bool) -> str:
    if not whole:
        return f"over {_text(low)} to {_text(high)}"
    return _text(high) if high == low + 1 else f"{_text(low + 1)} to {_text(high)}"


def _text(number: float) -> str:
    return repr(float(number)).removesuffix(".0")


def days_before(made: Sequence[JsonValue], dates: Sequence[JsonValue]) -> list[JsonValue]:
    """Return how many days before the application each date lies; what is no date, or lies before none, stays."""
    day = {text: _ordinal(text) for text in {*made, *dates} if isinstance(text, str)}
    found: list[JsonValue] = []
    for first, then in zip(dates, made, strict=True):
        start = day[first] if isinstance(first, str) else None
        end = day[then] if isinstance(then, str) else None
        found.append(first if start is None or end is None else end - start)
    return found


def _ordinal(text: str) -> int | None:
    try:
        return date.fromisoformat(text).toordinal()
    except ValueError:
        return None


def read_development(folder: Path) -> Development | None:
    """Read and check a version's reference; None where the folder has none, as those of older releases.

    Raises LastroError where it is not one.
    """
    path = folder / REFERENCE
    try:
        return Development.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise LastroError(sentences(error, str(path))) from None
