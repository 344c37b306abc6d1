"""a version's folder, applications of the log -> the band of its metrics, whatever became of the declined"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import TypeAdapter, ValidationError

from src.errors import LastroError
from src.files import rounded
from src.journal.decided import Decided, decided
from src.journal.settings import Settings
from src.lineage.storage import get_object
from src.model.card import Card
from src.model.declined import declined_band
from src.model.metrics import Vector
from src.serving.applicants import applicant_type
from src.serving.outcomes import bads_of
from src.serving.predictors import Served, load

NO_OUTCOME = "no approved applicant of the log who is old enough to be judged has an outcome"
Band = dict[str, Any]


class Applied(NamedTuple):
    """The log's applications that are old enough to be judged, or why there are none, in words."""

    rows: Sequence[Decided]
    why: str = ""


def applied(maturity_days: int, settings: Settings | None = None, now: datetime | None = None) -> Applied:
    """Return the applications that are older than `maturity_days`."""
    until = (now or datetime.now(UTC)) - timedelta(days=maturity_days)
    try:
        rows = decided(until, settings, get=get_object)
    except LastroError as error:
        return Applied([], str(error))
    return Applied(rows, "" if rows else f"the log holds no application that is {maturity_days} days old")


def band_of(folder: Path, found: Applied) -> Band:
    """Return the band of the version in `folder`, as `chain.fetch` writes it; `says` tells why there is none.

    All applications are scored by this version, whichever version decided: approved and declined are those of then.
    """
    none: Band = {"says": found.why, "band": []}
    if found.why:
        return none
    try:
        served = load(folder)
    except LastroError as error:
        return none | {"says": f"the version cannot be loaded: {error}"}
    pds = scored(served, found.rows)
    return banded(served.card, found.rows, pds)


def banded(card: Card, rows: Sequence[Decided], pds: Vector) -> Band:
    """Return the counts, and the band where an outcome is known; PDs that are NaN belong to nobody who is scored."""
    there, bads = ~np.isnan(pds), bads_of(card)
    approved = np.array([row.approved for row in rows], dtype=bool) & there
    known = approved & np.array([row.outcome is not None for row in rows], dtype=bool)
    bad = np.array([row.outcome in bads for row in rows], dtype=np.int64)
    declined = there & ~approved
    counts = {
        "applications": len(rows),
        "unscored": int((~there).sum()),
        "approved": int(approved.sum()),
        "known": int(known.sum()),
        "observed_bads": int(bad[known].sum()),
        "declined": int(declined.sum()),
        "threshold": card.threshold,
    }
    if not known.any():
        return counts | {"says": NO_OUTCOME, "band": []}
    share = approved.sum() / known.sum()
    band = declined_band(pds[known], bad[known], pds[declined], card.threshold, card.costs.pair, float(share))
    return counts | {"says": "", "band": rounded(band)}


def scored(served: Served, rows: Sequence[Decided]) -> Vector:
    """Return the PD of each application by this version; NaN where its contract takes the inputs for none."""
    card, predictor = served.card, served.predictor
    contract = TypeAdapter(applicant_type(card))
    names = {feature.name for feature in card.features} | ({card.time.name} if card.time else set())
    places, found = [], []
    for place, row in enumerate(rows):
        inputs = {name: value for name, value in json.loads(row.inputs).items() if name in names}
        try:
            found.append(predictor.row(contract.validate_json(json.dumps(inputs))))
        except (ArithmeticError, LookupError, TypeError, ValidationError):
            continue
        places.append(place)
    pds = np.full(len(rows), np.nan)
    pds[places] = predictor.probabilities(found)
    return pds
