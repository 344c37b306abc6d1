"""models/model.pkl + data/raw/applications.parquet -> models/{trees.npz,codes.json,export.json}: as it is served"""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from src.compile.compiler import Compiled, compile_model, member_of
from src.compile.parity import compare, rows_of
from src.contract.table import read_table
from src.errors import LastroError, run
from src.files import rounded, sha256_of, write_bytes, write_json
from src.model.applicants import random_applicants
from src.model.artifact import load_model
from src.model.card import CARD, Card
from src.model.inputs import inputs, thinned
from src.params import read_params
from src.serving.export import CODES, EXPORT, MOST_CUTS, TREES, Export, Member, Parity, digest, parted
from src.serving.predictors import predictor_of
from src.serving.trees import to_bytes

PARAMS = Path("params.yaml")
APPLICATIONS = Path("data/raw/applications.parquet")
MODELS = Path("models")
RANDOM_ROWS = 10_000
MOST_ROWS = 100_000  # of the data set that are compared
TOLERANCE = 1e-9  # steep steps of an isotonic regression enlarge how the fitted model's sums are rounded


def served(compiled: Compiled, table: pd.DataFrame) -> NDArray[np.float64]:
    """Return the PDs of the model as it will be served."""
    predictor = predictor_of(compiled, compiled.trees)
    return np.array(predictor.probabilities(rows_of(table, predictor.row)))


def trees_of(compiled: Compiled) -> bytes:
    """Return the bytes of trees.npz; empty for a table of points, which needs none."""
    return to_bytes(compiled.trees) if compiled.trees else b""


def checked(
    card: Card, model: Any, compiled: Compiled, data: pd.DataFrame, seed: int, rows: int = RANDOM_ROWS
) -> Parity:
    """Return the parity on the data set and on random applicants; raises LastroError beyond the tolerance.

    Of more than 100 000 rows every second, third or later one is compared.
    """
    data = thinned(data, MOST_ROWS)
    both = pd.concat([data.astype(object), random_applicants(card.features, rows, seed)], ignore_index=True)
    with threadpool_limits(1):
        fitted = model.predict_proba(both)[:, 1]
    found = compare(fitted, served(compiled, both), card, len(data))
    if found.largest_difference > TOLERANCE or found.flipped_decisions:
        raise LastroError(
            f"{MODELS / TREES}: differs from the fitted model by {found.largest_difference:g} (at most {TOLERANCE:g})"
            f" and flips {found.flipped_decisions} decisions of {len(both)}"
        )
    return found


def member(compiled: Compiled | None) -> Member | None:
    """Return a blend's table of points as it is kept; None where there is none, or one too large for Git."""
    if compiled is None or compiled.intercept is None or sum(len(each.cuts) for each in compiled.fields) > MOST_CUTS:
        return None
    found = {"fields": compiled.fields, "intercept": compiled.intercept, "pairs": compiled.pairs}
    return Member(**found, weights_sha256=digest(compiled.fields, compiled.intercept, None, compiled.pairs))


def export_of(
    card: Card,
    compiled: Compiled,
    content: bytes,
    parity: Parity,
    card_sha256: str | None = None,
    inside: Compiled | None = None,
) -> Export:
    """Return what models/export.json says, codes.json's part included; `card_sha256` is model.json's."""
    weights = None
    if compiled.intercept is not None:
        weights = digest(compiled.fields, compiled.intercept, compiled.calibration, compiled.pairs)
    return Export(
        model=card.sha256,
        card_sha256=card_sha256,
        file=TREES if compiled.trees else EXPORT,
        sha256=hashlib.sha256(content).hexdigest(),
        fields=compiled.fields,
        intercept=compiled.intercept,
        pairs=compiled.pairs,
        calibration=compiled.calibration,
        formula=compiled.formula,
        weights_sha256=weights,
        member=member(inside),
        parity=parity,
    )


def main() -> None:
    """Compile, compare and write the served model; raises NotExportableError for a model that has no serving form."""
    params = read_params(PARAMS)
    card, model = load_model(MODELS)
    data = inputs(read_table(APPLICATIONS), card.features, card.time)
    time = card.time.name if card.time else None
    compiled = compile_model(model, card.features, time)
    content = trees_of(compiled)
    parity = checked(card, model, compiled, data, params.seed)
    card_sha256 = sha256_of((MODELS / CARD).read_bytes())
    export = export_of(card, compiled, content, parity, card_sha256, member_of(model, card.features, time))
    stated, codes = parted(export)
    write_bytes(MODELS / TREES, content)
    write_bytes(MODELS / CODES, codes)
    exact = stated.model_dump(mode="json")
    write_json(MODELS / EXPORT, exact | {"parity": rounded(exact["parity"])})


if __name__ == "__main__":
    run(main)
