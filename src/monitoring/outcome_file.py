"""a CSV of outcomes -> its lines by their columns; lines that are refused -> another CSV, with the reason"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TextIO
from uuid import UUID

from src.errors import LastroError
from src.files import replacing

ID, OUTCOME, OBSERVED, REASON = "prediction_id", "outcome", "observed_at", "reason"
KNOWN = (ID, OUTCOME, OBSERVED, REASON)  # the last one of a file that came back from a run before
SEPARATORS = (",", ";", "\t")
Cells = Mapping[str, str]


class Line(NamedTuple):
    """A line by its columns; `wrong` is what keeps it from being read."""

    cells: Cells
    wrong: str | None = None


class OutcomeFile:
    """A CSV in UTF-8 with a header, its columns separated by commas, semicolons or tabs.

    Raises LastroError for a column that is missing, there twice, or none of `fields`, and where a line is no CSV.
    """

    def __init__(self, path: Path, fields: set[str]) -> None:
        self.path = path
        with self.opened() as file:
            first = file.readline()
        self.separator = max(SEPARATORS, key=first.count)
        self.columns = [name.strip() for name in next(csv.reader([first], delimiter=self.separator), [])]
        self.check_columns(fields)
        for _ in self.lines():  # all of it can be read
            pass

    def check_columns(self, fields: set[str]) -> None:
        """Raise LastroError for columns that no file of outcomes has."""
        path, columns = self.path, self.columns
        if ID not in columns or set(columns) <= {ID, OBSERVED, REASON}:
            raise LastroError(f"{path}: its first line names {ID}, and {OUTCOME} or protected fields")
        if twice := {name for name in columns if columns.count(name) > 1}:
            raise LastroError(f"{path}: two columns are called {min(twice)}")
        for name in columns:
            if name not in (*KNOWN, *fields):
                known = ", ".join(sorted(fields)) or "none"
                raise LastroError(f"{path}: column {name} is no protected field that is not a feature: {known}")

    def parts(self, size: int) -> Iterator[list[Line]]:
        """Yield the lines below the header, so many together."""
        found = self.lines()
        while part := list(islice(found, size)):
            yield part

    def lines(self) -> Iterator[Line]:
        """Yield the lines below the header, empty ones left out."""
        with self.opened() as file:
            reader = csv.reader(file, delimiter=self.separator, strict=True)
            next(reader)
            try:
                yield from (self.line(row) for row in reader if row)
            except csv.Error as error:
                raise LastroError(f"{self.path}: line {reader.line_num}: {error}") from None

    def line(self, row: Sequence[str]) -> Line:
        """Return a row by its columns, with what is wrong with its form."""
        cells = dict(zip(self.columns, (cell.strip() for cell in row), strict=False))
        if len(row) != len(self.columns):
            return Line(cells, f"has {len(row)} cells, the header has {len(self.columns)}")
        try:
            return Line(cells | {ID: str(UUID(cells[ID]))})
        except ValueError:
            return Line(cells, f"{ID} must be a UUID")

    @contextmanager
    def opened(self) -> Iterator[TextIO]:
        """Yield the text, without a mark at its beginning; raises LastroError where it is no UTF-8."""
        try:
            with self.path.open(encoding="utf-8-sig", newline="") as file:
                yield file
        except UnicodeDecodeError as error:
            raise LastroError(f"{self.path}: not UTF-8: {error.reason}") from None

    @property
    def rejected(self) -> Path:
        """Return where the lines stand that are refused."""
        return self.path.with_name(f"{self.path.name}.rejected.csv")

    @contextmanager
    def rejections(self) -> Iterator[Callable[[Line, str], object]]:
        """Yield what writes a refused line and the reason into that file, which is there when all are written."""
        columns = [name for name in self.columns if name != REASON]
        with replacing(self.rejected) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=self.separator)
            writer.writerow([*columns, REASON])
            yield lambda line, why: writer.writerow([*(line.cells.get(name, "") for name in columns), why])
