"""the rows of src.journal.monitored -> one version's part of them, and their numbers as the report writes them"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

EVERYONE = ""  # the form of what is of no version
NONE = "\N{EN DASH}"
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """The rows of src.journal.monitored."""

    run: Row
    checks: Sequence[Row]
    cohorts: Sequence[Row]
    views: Sequence[Row]
    alerts: Sequence[Row]
    versions: Sequence[Row]

    def forms(self) -> dict[str, str | None]:
        """Return form -> version of what was judged, the newest first."""
        silent = {view["form_sha256"] for view in self.views if view["kind"] == "version"} | {EVERYONE}
        rows = [*self.versions, *self.checks, *self.cohorts, *self.views]
        return {row["form_sha256"]: row["model_version"] for row in rows if row["form_sha256"] not in silent}

    def of(self, form: str) -> "Found":
        """Return one form's part."""
        mine: dict[str, Any] = {
            name: [row for row in getattr(self, name) if row["form_sha256"] == form]
            for name in ("checks", "cohorts", "views", "alerts", "versions")
        }
        return replace(self, **mine)

    def checked(self, kind: str) -> list[Row]:
        """Return the checks of a kind, the oldest first."""
        return sorted((each for each in self.checks if each["kind"] == kind), key=lambda each: each["window_end"])

    def view(self, kind: str) -> Row | None:
        """Return a view, None until the monitor has made one."""
        return next((each for each in self.views if each["kind"] == kind), None)


def number(value: float | None, digits: int = 3) -> str:
    """Return a number; a dash where there is none."""
    return NONE if value is None else f"{value:,.{digits}f}"


def share(part: float | None, digits: int = 1) -> str:
    """Return a share in percent; a dash where there is none."""
    return NONE if part is None else f"{part:.{digits}%}"


def shares(counts: Sequence[float]) -> list[float]:
    """Return each count's share of all; of nothing, none has any."""
    whole = sum(counts)
    return [count / whole if whole else 0.0 for count in counts]


def metric(found: Row | None) -> str:
    """Return a metric with its interval and, behind a slash, its value at development."""
    if not found:
        return NONE
    value, low, high, reference = (number(found.get(key)) for key in ("value", "low", "high", "reference"))
    return f"{value} ({low} to {high}) / {reference}"


def moment(time: datetime) -> str:
    """Return a moment in UTC."""
    return f"{time:%Y-%m-%d %H:%M}"


def window(check: Row) -> str:
    """Return a window's days, of which the last ends where the next begins."""
    start, end = check["window_start"], check["window_end"]
    if end - start <= timedelta(days=1):
        return f"{start:%Y-%m-%d}"
    return f"{start:%Y-%m-%d} to {end - timedelta(days=1):%Y-%m-%d}"
