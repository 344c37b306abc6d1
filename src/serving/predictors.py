"""models/ -> the model as it is served: every file that is named is hashed first, then one of them is loaded"""

import contextlib
import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from src.files import sha256_of
from src.model.artifact import ArtifactError, read_verified
from src.model.card import CARD, MODEL, Card, read_card
from src.serving.calibration import Calibration
from src.serving.codes import Encoder, FieldCode
from src.serving.export import EXPORT, TREES, Export, completed, read_form, verify_weights
from src.serving.formula import Formula, Number, function_of, sigmoid
from src.serving.pairs import PairCode, Sum
from src.serving.reasons import Replaced, Row
from src.serving.scorer import Predictor, Scorer

if TYPE_CHECKING:
    from src.serving.trees import Trees


class PointsPredictor:
    """A scorecard: a table of weights, summed here; imports nothing."""

    computed_by = "points"

    def __init__(self, fields: list[FieldCode], intercept: float, calibration: Calibration | None = None) -> None:
        self.row = Encoder(fields, [field.weigher() for field in fields]).row
        self.intercept = intercept
        self.probability = calibration.probability if calibration else sigmoid

    def own(self, row: Row) -> float:
        """Return the PD of a row of weights."""
        return self.probability(self.log_odds(row))

    def probabilities(self, rows: Sequence[Row]) -> list[float]:
        """Return the PD of each row of weights."""
        return [self.own(row) for row in rows]

    def replaced(self, row: Row, reference: Row) -> list[Replaced]:
        """Return the PDs with each weight in turn as the reference has it: a sum less one weight, plus another."""
        total, probability = self.log_odds(row), self.probability
        return [
            (probability(total - weight + other), place)
            for place, (weight, other) in enumerate(zip(row, reference, strict=True))
            if weight != other
        ]

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
        self.row = Encoder(fields, [field.placer() for field in fields]).row
        self.sum = Sum([field.name for field in fields], [field.weights or [] for field in fields], intercept, pairs)
        self.log_odds = self.sum.log_odds  # type: ignore[method-assign]  # a call less

    def replaced(self, row: Row, reference: Row) -> list[Replaced]:
        """Return the PDs with each place in turn as the reference has it."""
        return self.sum.replaced(row, reference, self.probability)


class TreesPredictor:
    """Trees whose sums an engine finds, and the formula that makes a PD of them."""

    def __init__(self, fields: list[FieldCode], engine: "Engine", probability: Number) -> None:
        self.row = Encoder(fields, [field.placer() for field in fields]).row
        self.engine, self.probability = engine, probability
        self.computed_by = engine.computed_by

    def own(self, row: Row) -> float:
        """Return the PD of a row of places."""
        return self.probability(self.engine.own(row))

    def probabilities(self, rows: Sequence[Row]) -> list[float]:
        """Return the PD of each row of places."""
        return [self.probability(sums) for sums in self.engine.many(rows)]

    def replaced(self, row: Row, reference: Row) -> list[Replaced]:
        """Return the PDs with each place in turn as the reference has it."""
        return [(self.probability(sums), place) for sums, place in self.engine.replaced(row, reference)]


class Engine(Protocol):
    """A way to find the parts' sums of rows of places."""

    computed_by: str

    def own(self, row: Row) -> Sequence[int]:
        """Return the sums of a row."""

    def replaced(self, row: Row, reference: Row) -> Sequence[tuple[Sequence[int], int]]:
        """Return the sums with each place in turn as the reference has it, where it differs, and which place it is."""

    def many(self, rows: Sequence[Row]) -> Sequence[Sequence[int]]:
        """Return the sums of several rows."""


class Form(Protocol):
    """What a model computes, as `export` writes it down."""

    @property
    def fields(self) -> list[FieldCode]: ...
    @property
    def intercept(self) -> float | None: ...
    @property
    def calibration(self) -> Calibration | None: ...
    @property
    def pairs(self) -> list[PairCode]: ...
    @property
    def formula(self) -> Formula | None: ...


def predictor_of(form: Form, trees: "Trees | None") -> Predictor:
    """Return the predictor of a form: of its formula where it has one, else of its table of points."""
    if form.formula and trees:
        engine = engine_of(trees, counts_of(form.fields, trees))
        return TreesPredictor(form.fields, engine, probability_of(form.formula, trees))
    intercept = form.intercept or 0.0
    if form.pairs:
        return AdditivePredictor(form.fields, intercept, form.pairs, form.calibration)
    return PointsPredictor(form.fields, intercept, form.calibration)


def counts_of(fields: list[FieldCode], trees: "Trees") -> list[int]:
    """Return how many codes each field has; raises ArtifactError where the trees are of other fields."""
    counts = [field.count for field in fields]
    asked = zip(trees.feature.tolist(), (trees.starts[1:] - trees.starts[:-1]).tolist(), strict=True)
    if any(feature >= len(counts) or places != counts[feature] + 1 for feature, places in asked):
        raise ArtifactError(f"{EXPORT}: its fields are not those of {TREES}")
    return counts


def probability_of(formula: Formula, trees: "Trees") -> Number:
    """Return the function from the trees' sums to a PD; raises ArtifactError where the formula is of other trees."""
    try:
        return function_of(formula, trees.exponents.tolist())
    except IndexError:
        raise ArtifactError(f"{EXPORT}: its formula is not of {TREES}, which has {trees.parts} parts") from None


def engine_of(trees: "Trees", counts: Sequence[int]) -> Engine:
    """Return the fastest way to these trees' sums: a bit a leaf where that has room, else a pass over the nodes.

    Both by the kernel where it was compiled.
    """
    from src.serving import kernel, nodes, tables

    compiled = kernel.load()
    if tables.size(trees, counts) > tables.BOUND:
        return compiled.nodes(trees, len(counts)) if compiled else nodes.NodeEngine(trees)
    made = tables.build(trees, counts)
    return compiled.tables(made) if compiled else tables.TableEngine(made)


class Served:
    """The card, the export and the scorer of one folder; `form_sha256` is export.json's and says what is served."""

    def __init__(self, card: Card, export: Export, predictor: Predictor, form_sha256: str) -> None:
        self.card, self.export, self.predictor, self.form_sha256 = card, export, predictor, form_sha256
        self.scorer = Scorer(predictor, card)


def load(folder: Path) -> Served:
    """Return the model of models/, verified; raises LastroError and loads nothing where a file differs."""
    card, (stated, form_sha256) = read_card(folder / CARD), read_form(folder / EXPORT)
    export = completed(stated, folder)
    verify_card(folder, card, export)
    present = {MODEL: card.sha256, TREES: export.sha256}
    contents = {name: read_verified(folder / name, named) for name, named in present.items()
                if name == export.file or (folder / name).exists()}  # fmt: skip
    verify_weights(folder / EXPORT, export)
    predictor = predictor_of(export, read_trees(contents.pop(TREES), folder) if export.file == TREES else None)
    del contents
    give_back()
    return Served(card, export, predictor, form_sha256)


def verify_card(folder: Path, card: Card, export: Export) -> None:
    """Raise ArtifactError where the form is of another model or card: thresholds and scales are the card's."""
    if export.model != card.sha256:
        raise ArtifactError(f"{folder / EXPORT}: is of the model {export.model}, the card names {card.sha256}")
    if export.card_sha256 and (found := sha256_of((folder / CARD).read_bytes())) != export.card_sha256:
        raise ArtifactError(f"{folder / CARD}: refused, its sha256 is {found}, {EXPORT} names {export.card_sha256}")


def read_trees(content: bytes, folder: Path) -> "Trees":
    """Return the trees of a verified file; numpy is imported only where there are some."""
    from src.serving.trees import from_bytes

    return from_bytes(content, folder / TREES)


def give_back() -> None:
    """Let the C library return what reading a file has left behind."""
    with contextlib.suppress(OSError, AttributeError):  # glibc's own; others return it by themselves, or never
        ctypes.CDLL(None).malloc_trim(0)
