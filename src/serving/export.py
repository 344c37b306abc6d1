"""models/export.json: the served form: which file of the model, by which hashes, how far it is from the fitted one

The card decides threshold, score and reasons too, so that it is named by its hash: this file's own sha256 says what was
served.

Where a model tells numbers apart at many points, models/codes.json holds these, and export.json its sha256.
"""

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, ValidationError, model_serializer

from src.errors import LastroError, sentences
from src.files import sha256_of
from src.model.artifact import ArtifactError, read_verified
from src.serving.calibration import Calibration
from src.serving.codes import FieldCode
from src.serving.formula import Formula
from src.serving.pairs import PairCode

EXPORT = "export.json"
TREES = "trees.npz"
CODES = "codes.json"
MOST_CUTS = 1000  # in export.json, which is in Git
MOVED = ("cuts", "weights")  # of a field, to codes.json


class Parity(BaseModel):
    """How far the served model is from the fitted one: rows compared, largest |ΔPD|, decisions that differ."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset_rows: int
    random_rows: int
    largest_difference: float
    flipped_decisions: int


class Member(BaseModel):
    """A table of points inside of a model that is more than that: what it alone says, its log-odds uncalibrated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fields: list[FieldCode]
    intercept: float
    pairs: list[PairCode] = []
    weights_sha256: str


class Export(BaseModel):
    """models/export.json: which file is served, trees.npz's hash, encoder, formula, parity with `model`'s file.

    Trees are served from trees.npz, and `formula` makes a PD of their sums; where nothing is, that file is empty.

    What is looked up, a scorecard or an additive model, is served from this file itself: its fields hold all weights,
    and `pairs` what two of them add together; `intercept` is added to them, and `calibration` makes a PD of the sum
    where there is one. `weights_sha256` is their `digest`. Where `codes_sha256` is there, the file holds no cuts and
    no weights of fields: codes.json does. Of a blend with a table of points among its members, `member` is that table,
    from which nothing is served. `card_sha256` is model.json's; forms of earlier releases do not name it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    card_sha256: str | None = None
    file: Literal["trees.npz", "export.json"]
    sha256: str
    fields: list[FieldCode]
    intercept: float | None = None
    pairs: list[PairCode] = []
    calibration: Calibration | None = None
    formula: Formula | None = None
    weights_sha256: str | None = None
    member: Member | None = None
    codes_sha256: str | None = None
    parity: Parity

    @model_serializer(mode="wrap")
    def _short(self, written: SerializerFunctionWrapHandler) -> dict[str, Any]:
        found: dict[str, Any] = written(self)
        empty = {name for name in ("card_sha256", "codes_sha256", "pairs", "member") if not found.get(name, True)}
        return {name: value for name, value in found.items() if name not in empty}


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
    """Raise ArtifactError where the weights, or those of its member, are not those that `weights_sha256` names."""
    tables = [] if export.intercept is None else [(export.fields, export.intercept, export.calibration, export.pairs)]
    named = [export.weights_sha256] * len(tables)
    if export.member:
        tables.append((export.member.fields, export.member.intercept, None, export.member.pairs))
        named.append(export.member.weights_sha256)
    if [digest(*each) for each in tables] != named:
        raise ArtifactError(f"{path}: refused, its weights are not those of weights_sha256")


def parted(export: Export, most: int = MOST_CUTS) -> tuple[Export, bytes]:
    """Return what export.json and codes.json hold of an export; the second is empty where there are few cuts."""
    inside = export.member.fields if export.member else []
    if sum(len(field.cuts) for field in (*export.fields, *inside)) <= most:
        return export, b""
    lines = [json.dumps({"name": field.name, **field.model_dump(include=set(MOVED))}) for field in export.fields]
    content = ("[" + ",\n".join(lines) + "]\n").encode()
    nothing = {name: FieldCode.model_fields[name].default for name in MOVED}
    bare = [field.model_copy(update=nothing) for field in export.fields]
    return export.model_copy(update={"fields": bare, "codes_sha256": sha256_of(content)}), content


def completed(export: Export, folder: Path) -> Export:
    """Return the export with what codes.json of the folder holds of it; raises ArtifactError where that is another."""
    if export.codes_sha256 is None:
        return export
    path = folder / CODES
    moved = json.loads(read_verified(path, export.codes_sha256))
    if [part["name"] for part in moved] != [field.name for field in export.fields]:
        raise ArtifactError(f"{path}: refused, its fields are not those of {EXPORT}")
    fields = [
        field.model_copy(update={name: part[name] for name in MOVED})
        for field, part in zip(export.fields, moved, strict=True)
    ]
    return export.model_copy(update={"fields": fields})


def read_form(path: Path) -> tuple[Export, str]:
    """Read and check export.json by itself, once; return it with its sha256; raises LastroError."""
    try:
        content = path.read_bytes()
        return Export.model_validate_json(content), sha256_of(content)
    except FileNotFoundError:
        raise LastroError(f"{path}: no such file; `dvc repro` writes it") from None
    except ValidationError as error:
        raise LastroError(sentences(error, str(path))) from None


def read_stated(path: Path) -> Export:
    """Read and check export.json by itself; raises LastroError where it is missing or is none."""
    return read_form(path)[0]


def read_export(path: Path) -> Export:
    """Read and check export.json, and codes.json beside it where that is named; raises LastroError."""
    return completed(read_stated(path), path.parent)
