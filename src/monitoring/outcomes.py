"""a CSV of outcomes and groups -> the log, each line once; what is refused -> FILE.rejected.csv, with the reason"""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

import sqlalchemy as sa

from src.errors import LastroError
from src.journal import outcomes as journal
from src.journal.outcomes import Predicted, Told, wrong_time
from src.monitoring.log import log_of
from src.monitoring.outcome_file import ID, KNOWN, OBSERVED, OUTCOME, Cells, Line, OutcomeFile
from src.monitoring.settings import Settings
from src.monitoring.versions import read_versions
from src.serving.outcomes import OutcomeContract

BATCH = 1000  # lines that are stored together: nobody who scores waits for more
UNKNOWN = "no application has this id"
MOMENT = "must be a day, such as 2026-01-31, or a time with its zone, such as 2026-01-31T12:00:00Z"


class Contracts:
    """The contracts of the versions that are delivered, by served form; the champion's is the first."""

    def __init__(self, known: Mapping[str, OutcomeContract]) -> None:
        self.known = known
        self.first = next((one for one in known.values() if one.complete), None)
        self.fields = {name for one in known.values() for name in one.groups}

    def of(self, known: Predicted) -> OutcomeContract:
        """Return the contract that answered; where it is not here or its card names no labels, the first that does."""
        own = self.known.get(known.form_sha256 or "")
        found = own if own and own.complete else self.first
        if found is None:
            raise LastroError("has no labels: the cards of the delivered versions are of an earlier release")
        return found


def record_outcomes(path: Path, settings: Settings, now: datetime) -> tuple[Counter[str], Path]:
    """Record a file; return how many lines have which status, and where those stand that were refused.

    Raises LastroError, before anything is stored, where the file or the log cannot be read.
    """
    versions = read_versions(settings.deliveries, settings.models)
    contracts = Contracts({one.form_sha256: OutcomeContract(one.card) for one in versions if one.card})
    file = OutcomeFile(path, contracts.fields)
    with log_of(settings) as engine:
        return record_file(engine, contracts, file, now), file.rejected


def record_file(engine: sa.Engine, contracts: Contracts, file: OutcomeFile, now: datetime) -> Counter[str]:
    """Record the lines of a file and write down those that are refused; return how many have which status."""
    found: Counter[str] = Counter()
    with file.rejections() as refuse:
        for part in file.parts(BATCH):
            statuses = recorded(engine, contracts, part, f"file:{file.path.name}", now)
            for line, status in zip(part, statuses, strict=True):
                if status in journal.STORED:
                    found[status] += 1
                else:
                    found["refused"] += 1
                    refuse(line, status)
    if not found["refused"]:
        file.rejected.unlink()
    return +found


def recorded(engine: sa.Engine, contracts: Contracts, part: Sequence[Line], key_id: str, now: datetime) -> list[str]:
    """Store lines in one transaction; return the status of each, or the sentence why it is refused.

    `key_id` says who told them; no key and no user has a name that begins with `file:`.
    """
    with engine.connect() as connection:
        known = journal.predicted(connection, [line.cells[ID] for line in part if not line.wrong])
    found = [line.wrong or told(line.cells, known, contracts, now) for line in part]
    with engine.begin() as connection:
        right = [one for one in found if isinstance(one, Told)]
        statuses = iter(journal.record(connection, right, known, key_id, now))
    return [next(statuses) if isinstance(one, Told) else one for one in found]


def told(cells: Cells, known: Mapping[str, Predicted], contracts: Contracts, now: datetime) -> Told | str:
    """Return what a line tells as the log keeps it, or the sentence why it is refused."""
    predicted = known.get(cells[ID])
    if predicted is None:
        return UNKNOWN
    texts: dict[str, str] = {}
    for name, text in cells.items():
        if text and (name == OUTCOME or name not in KNOWN):
            try:
                contract = contracts.of(predicted)
                texts[name] = contract.written_outcome(text) if name == OUTCOME else contract.written_group(name, text)
            except LastroError as error:
                return f"{name} {error}"
    if not texts:
        return "tells nothing: it has neither an outcome nor a group"
    observed = moment(cells[OBSERVED], predicted.time) if cells.get(OBSERVED) else None
    if isinstance(observed, str):
        return f"{OBSERVED} {observed}"
    late = wrong_time(observed, predicted, now) if observed else None
    if late:
        return f"{OBSERVED} {late}"
    return Told(cells[ID], texts.pop(OUTCOME, None), observed, texts)


def moment(text: str, predicted: datetime) -> datetime | str:
    """Return a time of observation, or the sentence what it must be.

    A day alone is its beginning in UTC; on the prediction's own day, the prediction's moment.
    """
    with suppress(ValueError):
        begins = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
        return predicted if begins.date() == predicted.date() else begins
    with suppress(ValueError):
        found = datetime.fromisoformat(text)
        return found if found.tzinfo else MOMENT
    return MOMENT
