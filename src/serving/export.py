"""models/export.json: which file of the model is served, by which hashes, and how far it is from the fitted one"""

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from src.errors import LastroError, sentences
from src.model.artifact import ArtifactError
from src.serving.calibration import Calibration
from src.serving.codes import FieldCode
from src.serving.pairs import PairCode

EXPORT = "export.json"
ONNX = "model.onnx"


class Parity(BaseModel):
    """How far the served model is from the fitted one: rows compared, largest |ΔPD|, decisions that differ."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset_rows: int
    random_rows: int
    largest_difference: float
    flipped_decisions: int


class Export(BaseModel):
    """models/export.json: which file is served, model.onnx's hash, encoder, libraries, parity with `model`'s file.

    What is looked up, a scorecard or an additive model, is served from this file itself: its fields hold all weights,
    and `pairs` what two of them add together; `intercept` is added to them, and `calibration` makes a PD of the sum
    where there is one. `weights_sha256` is their `digest`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    file: Literal["model.onnx", "export.json"]
    sha256: str
    fields: list[FieldCode]
    intercept: float | None = None
    pairs: list[PairCode] = []
    calibration: Calibration | None = None
    weights_sha256: str | None = None
    libraries: dict[str, str]
    parity: Parity


def digest(
    fields: list[FieldCode],
    intercept: float,
    calibration: Calibration | None = None,
    pairs: Sequence[PairCode] = (),
) -> str:
    """Return the SHA-256 of all that a table of points computes with."""
    parts = [*fields, *pairs, *([calibration] if calibration else [])]
    content = [intercept, *(part.model_dump() for part in parts)]
    return sha256(json.dumps(content).encode()).hexdigest()


def verify_weights(path: Path, export: Export) -> None:
    """Raise ArtifactError where the weights are not those that `weights_sha256` names."""
    if export.intercept is None:
        return
    if digest(export.fields, export.intercept, export.calibration, export.pairs) != export.weights_sha256:
        raise ArtifactError(f"{path}: refused, its weights are not those of weights_sha256")


def read_export(path: Path) -> Export:
    """Read and check export.json; raises LastroError where it is missing or is none."""
    try:
        return Export.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise LastroError(f"{path}: no such file; `dvc repro` writes it") from None
    except ValidationError as error:
        raise LastroError(sentences(error, str(path))) from None
