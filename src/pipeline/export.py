"""models/model.pkl + data/raw/applications.parquet -> models/model.onnx, models/export.json: the form that is served"""

import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from src.contract.table import read_table
from src.errors import LastroError, run
from src.files import rounded, write_bytes, write_json
from src.model.artifact import load_model
from src.model.card import MODEL, Card
from src.model.compiled import Compiled, compile_model
from src.model.encoder import Encoder, Export, Parity
from src.model.forms import EXPORT, ONNX, OnnxForm
from src.model.parity import codes_of, compare, random_applicants
from src.model.parts import NotExportableError
from src.params import read_params

PARAMS = Path("params.yaml")
APPLICATIONS = Path("data/raw/applications.parquet")
MODELS = Path("models")
RANDOM_ROWS = 10_000
TOLERANCE = 1e-6
LIBRARIES = ("onnxruntime",)


def served(content: bytes, compiled: Compiled, table: pd.DataFrame) -> NDArray[np.float64]:
    """The PDs of the serving form."""
    codes = codes_of(table, Encoder(compiled.fields))
    return np.array(OnnxForm(content, compiled.fields).probabilities(codes))


def checked(card: Card, model: Any, compiled: Compiled, content: bytes, data: pd.DataFrame, seed: int) -> Parity:
    """The parity on the whole data set and on random applicants; raises LastroError beyond the tolerance."""
    both = pd.concat([data.astype(object), random_applicants(card.features, RANDOM_ROWS, seed)], ignore_index=True)
    with threadpool_limits(1):
        fitted = model.predict_proba(both)[:, 1]
    found = compare(fitted, served(content, compiled, both), card, len(data))
    if found.largest_difference > TOLERANCE or found.flipped_decisions:
        raise LastroError(
            f"{MODELS / ONNX}: differs from the fitted model by {found.largest_difference:g} (at most {TOLERANCE:g})"
            f" and flips {found.flipped_decisions} decisions of {len(both)}"
        )
    return found


def export_of(card: Card, compiled: Compiled | None, content: bytes, parity: Parity | None, why: str | None) -> Export:
    """What models/export.json says."""
    return Export(
        model=card.sha256,
        file=ONNX if compiled else MODEL,
        sha256=hashlib.sha256(content).hexdigest(),
        why=why,
        fields=compiled.fields if compiled else [],
        libraries={name: version(name) for name in LIBRARIES},
        parity=parity,
    )


def main() -> None:
    """Compile, compare, write; a model without a serving form leaves an empty file and is served from its pickle."""
    params = read_params(PARAMS)
    card, model = load_model(MODELS)
    data = read_table(APPLICATIONS)[[feature.name for feature in card.features]]
    try:
        compiled = compile_model(model, card.features)
    except NotExportableError as error:
        export, content = export_of(card, None, b"", None, str(error)), b""
    else:
        content = compiled.model.SerializeToString(deterministic=True)
        export = export_of(card, compiled, content, checked(card, model, compiled, content, data, params.seed), None)
    write_bytes(MODELS / ONNX, content)
    exact = export.model_dump(mode="json")
    write_json(MODELS / EXPORT, exact | {"parity": rounded(exact["parity"])})


if __name__ == "__main__":
    run(main)
