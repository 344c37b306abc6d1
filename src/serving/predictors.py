"""models/ -> the model as it is served: every file that is named is hashed first, then one of them is loaded"""

import contextlib
import ctypes
from collections.abc import Callable, Sequence
from importlib.metadata import version
from math import exp
from pathlib import Path
from typing import TYPE_CHECKING

from src.errors import LastroError
from src.model.artifact import ArtifactError, read_verified
from src.model.card import CARD, MODEL, Card, read_card
from src.serving.calibration import Calibration
from src.serving.codes import Encoder, FieldCode
from src.serving.export import EXPORT, ONNX, Export, read_export, verify_weights
from src.serving.pairs import PairCode, Sum
from src.serving.reasons import Replaced, Row, differing, swapped
from src.serving.scorer import Predictor, Scorer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class PointsPredictor:
    """A scorecard: a table of weights, summed here; imports nothing."""

    call_costs = False
    computed_by = "points"

    def __init__(self, fields: list[FieldCode], intercept: float, calibration: Calibration | None = None) -> None:
        self.row = Encoder(fields, [field.weigher() for field in fields]).row
        self.intercept = intercept
        self.probability = calibration.probability if calibration else sigmoid

    def probabilities(self, rows: Sequence[Row]) -> list[float]:
        """Return the PD of each row of weights."""
        return [self.probability(self.log_odds(row)) for row in rows]

    def replaced(self, rows: Sequence[Row], reference: Row) -> list[list[Replaced]]:
        """Return the PDs with each weight in turn as the reference has it: a sum less one weight, plus another."""
        found = []
        for row in rows:
            total = self.log_odds(row)
            found.append(
                [
                    (self.probability(total - weight + other), place)
                    for place, (weight, other) in enumerate(zip(row, reference, strict=True))
                    if weight != other
                ]
            )
        return found

    def with_replaced(self, row: Row, reference: Row) -> tuple[float, list[Replaced]]:
        """Return the PD of a row of weights, and those with each weight in turn as the reference has it."""
        return self.probability(self.log_odds(row)), self.replaced([row], reference)[0]

    def log_odds(self, row: Row) -> float:
        """Return the sum of a row's weights, one after another: from Python 3.12 on, `sum` rounds otherwise."""
        total = 0.0
        for weight in row:
            total += weight
        return self.intercept + total


class AdditivePredictor(PointsPredictor):
    """A sum of steps of one field and of two: tables of weights, looked up by codes; imports nothing."""

    def __init__(
        self,
        fields: list[FieldCode],
        intercept: float,
        pairs: Sequence[PairCode],
        calibration: Calibration | None = None,
    ) -> None:
        super().__init__(fields, intercept, calibration)
        self.row = Encoder(fields, [field.reader(range(field.count + 1)) for field in fields]).row
        self.sum = Sum([field.name for field in fields], [field.weights or [] for field in fields], intercept, pairs)
        self.log_odds = self.sum.log_odds  # type: ignore[method-assign]  # a call less

    def replaced(self, rows: Sequence[Row], reference: Row) -> list[list[Replaced]]:
        """Return the PDs with each code in turn as the reference has it."""
        return [self.sum.replaced(row, reference, self.probability) for row in rows]


class OnnxPredictor:
    """The graph, run by onnxruntime on one thread; raises LastroError where onnxruntime fails."""

    call_costs = True
    computed_by = "onnx"

    def __init__(self, content: bytes, fields: list[FieldCode]) -> None:
        import numpy
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # an error is raised; its log would only say it again
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.failures = failures()
        try:
            self.session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except self.failures as error:
            raise sentence("load", error) from None
        self.row = Encoder(fields, [field.coder() for field in fields]).row
        self.array = numpy.asarray

    def probabilities(self, rows: "Sequence[Row] | NDArray[np.float64]") -> list[float]:
        """Return the PD of each row of codes."""
        try:
            found: list[float] = self.session.run(None, {"codes": self.array(rows)})[0][:, 0].tolist()
        except self.failures as error:
            raise sentence("run", error) from None
        return found

    def replaced(self, rows: Sequence[Row], reference: Row) -> list[list[Replaced]]:
        """Return the PDs with each code in turn as the reference has it."""
        return by_table(self.probabilities, rows, reference)

    def with_replaced(self, row: Row, reference: Row) -> tuple[float, list[Replaced]]:
        """Return the PD of a row of codes, and those with each code in turn as the reference has it."""
        places = differing(row, reference)
        pd, *others = self.probabilities([row, *(swapped(row, reference, [place]) for place in places)])
        return pd, list(zip(others, places, strict=True))


def failures() -> tuple[type[Exception], ...]:
    """Return what onnxruntime raises: its exceptions have no class in common, and some are Python's own."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = [kind for kind in vars(state).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    return (*own, RuntimeError, ValueError)


def sentence(action: str, error: Exception) -> LastroError:
    """Return the error as one line that says which file it is about."""
    return LastroError(f"{ONNX}: onnxruntime cannot {action} it: {' '.join(str(error).split())}")


def sigmoid(log_odds: float) -> float:
    """Return the probability of these log-odds; never overflows."""
    if log_odds >= 0:
        return 1 / (1 + exp(-log_odds))
    odds = exp(log_odds)
    return odds / (1 + odds)


def by_table(
    probabilities: Callable[[Sequence[Row]], list[float]], rows: Sequence[Row], reference: Row
) -> list[list[Replaced]]:
    """Return the PDs of one table of every row's replacements, in which a value differs from the reference's."""
    places = [differing(row, reference) for row in rows]
    table = [swapped(row, reference, [place]) for row, found in zip(rows, places, strict=True) for place in found]
    pds = iter(probabilities(table) if table else [])
    return [[(next(pds), place) for place in found] for found in places]


class Served:
    """The card, the export and the scorer of one folder."""

    def __init__(self, card: Card, export: Export, predictor: Predictor) -> None:
        self.card, self.export = card, export
        self.scorer = Scorer(predictor, card)


def load(folder: Path) -> Served:
    """Return the model of models/, verified; raises LastroError and loads nothing where a file or a library differs."""
    card, export = read_card(folder / CARD), read_export(folder / EXPORT)
    if export.model != card.sha256:
        raise ArtifactError(f"{folder / EXPORT}: is of the model {export.model}, the card names {card.sha256}")
    present = {MODEL: card.sha256, ONNX: export.sha256}
    contents = {name: read_verified(folder / name, named) for name, named in present.items()
                if named and (name == export.file or (folder / name).exists())}  # fmt: skip
    if export.file == ONNX:
        wanted, installed = export.libraries["onnxruntime"], version("onnxruntime")
        if wanted != installed:
            raise ArtifactError(f"{folder / ONNX}: made for onnxruntime {wanted}, but {installed} is installed")
    verify_weights(folder / EXPORT, export)
    graph = contents.pop(ONNX, b"")
    predictor = predictor_of(export.fields, export.intercept, graph, export.calibration, export.pairs)
    del graph
    give_back()
    return Served(card, export, predictor)


def give_back() -> None:
    """Let the C library return what reading a file has left behind: of a large graph, half of what it takes."""
    with contextlib.suppress(OSError, AttributeError):  # glibc's own; others return it by themselves, or never
        ctypes.CDLL(None).malloc_trim(0)


def predictor_of(
    fields: list[FieldCode],
    intercept: float | None,
    graph: bytes,
    calibration: Calibration | None = None,
    pairs: Sequence[PairCode] = (),
) -> Predictor:
    """Return a table of points' predictor where there is an intercept, else a graph's."""
    if intercept is None:
        return OnnxPredictor(graph, fields)
    if pairs:
        return AdditivePredictor(fields, intercept, pairs, calibration)
    return PointsPredictor(fields, intercept, calibration)
