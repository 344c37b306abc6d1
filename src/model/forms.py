"""models/ -> the model as it is served: every file that is named is hashed first, then one of them is loaded"""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from src.errors import LastroError, sentences
from src.model.artifact import ArtifactError, load_model, read_verified
from src.model.card import CARD, MODEL, Card, read_card
from src.model.encoder import Encoder, Export, FieldCode
from src.model.scorer import Applicant, Form, Row, Scorer

EXPORT = "export.json"
ONNX = "model.onnx"


class OnnxForm:
    """The graph, run by onnxruntime on one thread; imports neither scikit-learn nor pandas."""

    def __init__(self, content: bytes, fields: list[FieldCode]) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        self.row = Encoder(fields).codes

    def probabilities(self, rows: Sequence[Row] | NDArray[np.float64]) -> list[float]:
        """The PD of each row of codes."""
        found: list[float] = self.session.run(None, {"codes": np.asarray(rows)})[0][:, 0].tolist()
        return found


class PickleForm:
    """The fitted model itself, for one that has no other form: slower, and it imports scikit-learn and pandas."""

    def __init__(self, model: Any, names: list[str]) -> None:
        self.model = model
        self.names = names

    def row(self, applicant: Applicant) -> Row:
        """The applicant's values."""
        return [applicant[name] for name in self.names]

    def probabilities(self, rows: Sequence[Row]) -> list[float]:
        """The PD of each row of values."""
        import pandas as pd

        found: list[float] = self.model.predict_proba(pd.DataFrame(list(rows), columns=self.names))[:, 1].tolist()
        return found


class Served:
    """The card, the export and the scorer of one folder."""

    def __init__(self, card: Card, export: Export, form: Form) -> None:
        self.card, self.export = card, export
        self.scorer = Scorer(form, card)


def read_export(path: Path) -> Export:
    """Read and check export.json; raises LastroError where it is missing or is none."""
    try:
        return Export.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise LastroError(f"{path}: no such file; `dvc repro` writes it") from None
    except ValidationError as error:
        raise LastroError(sentences(error, str(path))) from None


def load(folder: Path) -> Served:
    """The model of models/, verified; raises LastroError and loads nothing where a file or a library differs."""
    card, export = read_card(folder / CARD), read_export(folder / EXPORT)
    if export.model != card.sha256:
        raise ArtifactError(f"{folder / EXPORT}: is of the model {export.model}, the card names {card.sha256}")
    present = {MODEL: card.sha256, ONNX: export.sha256}
    contents = {name: read_verified(folder / name, named) for name, named in present.items()
                if named and (name == export.file or (folder / name).exists())}  # fmt: skip
    if export.file == MODEL:
        return Served(card, export, PickleForm(load_model(folder)[1], [feature.name for feature in card.features]))
    wanted, installed = export.libraries["onnxruntime"], version("onnxruntime")
    if wanted != installed:
        raise ArtifactError(f"{folder / ONNX}: made for onnxruntime {wanted}, but {installed} is installed")
    return Served(card, export, OnnxForm(contents[ONNX], export.fields))
