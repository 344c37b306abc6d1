"""a field's distinct cells -> values as the API takes them, or the rules that they break; each is looked at once

A cell is checked by the type of the API's body. Of a column of numbers that hardly two rows have in common, those that
the package reads as a number within the card's bounds are what that type lets through, and are told apart all at once.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from src.contract.fields import Column as Field
from src.contract.labelled import Reader
from src.contract.package import Package
from src.model.card import Feature, Time
from src.serving.applicants import LARGEST, time_type, whole_type

REMEMBERED = 200_000  # cells of a field
MANY = 2000  # different cells, from which on numbers are told apart together


class Told(NamedTuple):
    """What cells are: a value each, None where there is none; the rules that some break, by their places."""

    values: list[Any]
    rules: dict[int, str]


class FieldChecker:
    """Checks the cells of one field, a feature or the date of the application, and remembers what they are."""

    def __init__(self, field: Field, package: Package, asked: Feature | Time) -> None:
        self.feature = asked if isinstance(asked, Feature) else None
        self.required = self.feature is not None and self.feature.required
        self.readers = {typed: Reader(field, package, typed) for typed in (False, True)}
        self.adapter = TypeAdapter(time_type(asked) if isinstance(asked, Time) else whole_type(asked))
        self.known: dict[tuple[str | None, bool], tuple[Any, str | None]] = {}

    def told(self, cells: list[str | None], typed: bool) -> Told:
        """Return what each cell is."""
        feature = self.feature
        if len(cells) > MANY and feature and feature.type in ("integer", "number") and not feature.enum:
            return self.numbers(cells, typed)
        return self.one_by_one(cells, typed)

    def one_by_one(self, cells: list[str | None], typed: bool) -> Told:
        """Return what each cell is; one that was looked at before is remembered."""
        unknown = [cell for cell in dict.fromkeys(cells) if (cell, typed) not in self.known]
        if len(self.known) + len(unknown) > REMEMBERED:
            self.known, unknown = {}, list(dict.fromkeys(cells))
        for cell, (value, rule) in zip(unknown, self.readers[typed].read(unknown) if unknown else [], strict=True):
            self.known[cell, typed] = (None, rule) if rule else self.checked(value)
        found = [self.known[cell, typed] for cell in cells]
        return Told([value for value, _ in found], {place: rule for place, (_, rule) in enumerate(found) if rule})

    def numbers(self, cells: list[str | None], typed: bool) -> Told:
        """Return what each cell is, numbers within the bounds together, the others one by one."""
        numbers, plain = self.readers[typed].numbers(cells)
        plain &= self.within(numbers)
        whole = self.feature is not None and self.feature.type == "integer"
        kept = np.where(plain, numbers, 0)
        values: list[Any] = (kept.astype(np.int64) if whole else kept).tolist()
        rest = np.flatnonzero(~plain).tolist()
        others = self.one_by_one([cells[place] for place in rest], typed)
        for place, value in zip(rest, others.values, strict=True):
            values[place] = value
        return Told(values, {rest[place]: rule for place, rule in others.rules.items()})

    def within(self, numbers: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which numbers are within the card's bounds."""
        asked = self.feature
        found = np.abs(numbers) <= (LARGEST if asked and asked.type == "integer" else np.finfo(np.float64).max)
        if asked and asked.minimum is not None:
            found &= numbers >= asked.minimum
        if asked and asked.maximum is not None:
            found &= numbers <= asked.maximum
        if asked and asked.exclusive_minimum is not None:
            found &= numbers > asked.exclusive_minimum
        if asked and asked.exclusive_maximum is not None:
            found &= numbers < asked.exclusive_maximum
        return found

    def checked(self, value: Any) -> tuple[Any, str | None]:
        """Return what the API makes of a value."""
        if value is None and self.required:
            return None, "required"
        try:
            return self.adapter.validate_python(value), None
        except ValidationError as error:
            return None, error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
