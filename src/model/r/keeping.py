"""a fitted pipeline of an R script -> its .rds and what the card says of it, once R's own PDs are the table's"""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from src.errors import LastroError
from src.files import rounded, sha256_of, write_bytes
from src.model.applicants import random_applicants
from src.model.card import Feature, FromR, RParity
from src.model.inputs import thinned
from src.model.metrics import Bad
from src.model.r.classifier import RClassifier
from src.model.r.session import REFERENCE, Answer

SUFFIX = ".rds"
RANDOM_ROWS = 10_000
MOST_ROWS = 100_000  # of the data set that are compared
TOLERANCE = 1e-9

log = logging.getLogger(__name__)


class Kept(NamedTuple):
    """What is kept of a model from R."""

    facts: FromR
    rds: bytes


def kept(
    base: Any, X: pd.DataFrame, bad: Bad, whole: Callable[[], pd.DataFrame], features: list[Feature], seed: int
) -> Kept | None:
    """Return what is kept of a fitted pipeline; None where it is none of an R script.

    R fits the same rows `X` once more, saves that, and gives its own PDs of the whole data set and of random
    applicants, whom the table must give the same to 1e-9; raises LastroError where it does not.
    """
    encoder, fitted = base[0], base[-1]
    if not isinstance(fitted, RClassifier):
        return None
    data = thinned(whole(), MOST_ROWS)
    both = pd.concat([data.astype(object), random_applicants(features, RANDOM_ROWS, seed)], ignore_index=True)
    asked = encoder.transform(both)
    answer = fitted.ask(encoder.transform(X), bad, asked)
    same(fitted, answer)
    if not answer.blas.startswith(REFERENCE):
        log.warning(
            "%s: R computes with %s; with its reference BLAS, coefficients may differ in their last digits",
            fitted.path,
            answer.blas,
        )
    parity = parity_of(fitted.path, fitted.predict_proba(asked)[:, 1], answer, len(data))
    return Kept(facts_of(base, answer, parity), answer.rds)


def same(fitted: RClassifier, answer: Answer) -> None:
    """Raise LastroError where R has fitted the same rows to another model."""
    if (fitted.intercept_, fitted.slopes_, fitted.weights_) != (answer.intercept, answer.slopes, answer.levels):
        raise LastroError(f"{fitted.path}: fitted to the same rows twice, it gives two models")


def parity_of(path: str, table: np.ndarray[Any, Any], answer: Answer, dataset_rows: int) -> RParity:
    """Return how far the table's PDs are from R's; raises LastroError beyond the tolerance."""
    scored = ~np.isnan(answer.pd)
    difference = float(np.abs(table - answer.pd)[scored].max(initial=0.0))
    if difference > TOLERANCE:
        raise LastroError(
            f"{path}: the table differs from R's own predictions by {difference:g} (at most {TOLERANCE:g}): what"
            " `predict` computes is not the sum of the model's coefficients"
        )
    rows, others = len(table), int((~scored).sum())
    return RParity(
        dataset_rows=dataset_rows,
        random_rows=rows - dataset_rows,
        not_scored=others,
        largest_difference=rounded(difference),
    )


def facts_of(base: Any, answer: Answer, parity: RParity) -> FromR:
    """Return what the card says."""
    encoder, fitted = base[0], base[-1]
    unseen = {
        name: [label for label in fitted.levels[name] if label not in answer.levels[name]] for name in answer.levels
    }
    return FromR(
        script=fitted.path,
        sha256=sha256_of(fitted.script.encode()),
        version=answer.version,
        blas=answer.blas,
        warnings=answer.warnings,
        base={name: next(iter(levels)) for name, levels in answer.levels.items()},
        unseen={name: labels for name, labels in unseen.items() if labels},
        medians={name: encoder.medians_[name] for name in answer.slopes},
        parity=parity,
    )


def write(folder: Path, name: str, rds: bytes | None) -> None:
    """Write the .rds of the candidate of this name into the folder, which then holds nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = folder / f"{name}{SUFFIX}"
    if rds is not None:
        write_bytes(wanted, rds)
    for path in folder.iterdir():
        if rds is None or path != wanted:
            path.unlink()
