"""a fitted pipeline -> its serving form: the fields' cut points, and a table of points or trees with their formula"""

from typing import Any, NamedTuple

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.isotonic import IsotonicRegression
from sklearn.pipeline import Pipeline

from src.compile.additive import tables_of
from src.compile.effects import sloped
from src.compile.fitted import (
    NotExportableError,
    all_states_of,
    bases,
    cut_points,
    fillings,
    formula_of,
    labels_of,
    states_of,
    texts_of,
)
from src.compile.trees import TreeWriter
from src.model import formulas
from src.model.card import Feature
from src.model.features import ApplicantEncoder
from src.model.formulas import Additive, Linear, MainEffects
from src.serving.calibration import Calibration
from src.serving.codes import FieldCode
from src.serving.formula import Formula, Isotonic, Mean, Sigmoid, Total
from src.serving.pairs import PairCode
from src.serving.trees import Trees

WHOLE = ("integer", "boolean", "date")  # a date is days


class Compiled(NamedTuple):
    """The fields' codes, and what is computed from them: points, summed and calibrated, or the formula of trees."""

    fields: list[FieldCode]
    trees: Trees | None = None
    formula: Formula | None = None
    intercept: float | None = None
    calibration: Calibration | None = None
    pairs: list[PairCode] = []  # noqa: RUF012  # of a NamedTuple


def compile_model(estimator: Any, features: list[Feature], time: str | None = None) -> Compiled:
    """Return the serving form of a fitted model of these features; raises NotExportableError.

    `time` names the field before which a date's days are counted.
    """
    compiler = Compiler(fields_of(estimator, features, time))
    base, calibration = uncalibrated(estimator)
    if isinstance(base, Pipeline) and isinstance(effects := formula_of(base[-1]), MainEffects):
        fields = [sloped(field, base[0], effects) for field in compiler.fields]
        return Compiled(fields, intercept=effects.intercept, calibration=calibration)
    if isinstance(base, Pipeline) and isinstance(formula := formula_of(base[-1]), Linear | Additive):
        intercept, weights, pairs = compiler.tables(base, formula)
        fields = [
            field.model_copy(update={"weights": given}) for field, given in zip(compiler.fields, weights, strict=True)
        ]
        return Compiled(fields, intercept=intercept, calibration=calibration, pairs=pairs)
    found = compiler.probability(estimator)
    return Compiled(compiler.fields, compiler.writer.trees(), found)


def member_of(estimator: Any, features: list[Feature], time: str | None = None) -> Compiled | None:
    """Return the table of points that stands first among a blend's members; None where none does."""
    parts = list(bases(estimator))
    found = (base for base in parts if isinstance(formula_of(base[-1]), Linear | Additive | MainEffects))
    base = next(found, None) if len(parts) > 1 else None
    return compile_model(base, features, time) if base is not None else None


def uncalibrated(estimator: Any) -> tuple[Any, Calibration | None]:
    """Return what one isotonic regression calibrates, and that; an estimator without one as it is."""
    if not isinstance(estimator, CalibratedClassifierCV) or len(estimator.calibrated_classifiers_) != 1:
        return estimator, None
    (part,) = estimator.calibrated_classifiers_
    (isotonic,) = part.calibrators
    inner = part.estimator.estimator if isinstance(part.estimator, FrozenEstimator) else part.estimator
    return inner, steps_of(isotonic)


def fields_of(estimator: Any, features: list[Feature], time: str | None) -> list[FieldCode]:
    """Return how each feature is coded: by its labels, its texts' risk, or by all cut points of all parts."""
    cuts: dict[str, set[float]] = {feature.name: set() for feature in features}
    whole = {feature.name for feature in features if feature.type in WHOLE}
    halves = {(name, median) for base in bases(estimator) for name, median in fillings(base)}
    for base in bases(estimator):
        for name, cut in cut_points(base):
            cuts[name].add(least_whole(cut, [m for n, m in halves if n == name]) if name in whole else cut)
    encoders = [base[0] for base in bases(estimator)]
    return [field_of(f, encoders, sorted(cuts[f.name]), time if f.type == "date" else None) for f in features]


def field_of(feature: Feature, encoders: list[ApplicantEncoder], cuts: list[float], before: str | None) -> FieldCode:
    """Return how one feature is coded; raises NotExportableError where the parts of a model disagree."""
    encoder, *others = encoders
    name = feature.name
    if name in texts_of(encoder):
        if any(other.kept_ != encoder.kept_ or (other.risks(name) != encoder.risks(name)).any() for other in others):
            raise NotExportableError(f"{name}: the parts of the model have learnt different risks of its texts")
        _, ranks = np.unique(encoder.risks(name), return_inverse=True)
        *codes, other, missing = ranks.tolist()
        compared = {"trim": feature.trim, "ignore_case": feature.ignore_case}
        places = {"codes": codes, "other": other, "missing": missing}
        return FieldCode(name=name, labels=encoder.kept_[name], **places, **compared)
    if any(states_of(other, name) != states_of(encoder, name) for other in others):
        raise NotExportableError(f"{name}: the parts of the model have seen different states of it")
    if name in encoder.categories:
        return FieldCode(name=name, labels=labels_of(encoder, name))
    seen = states_of(encoder, name)
    states = {s: len(cuts) + 1 + seen.index(s) if s in seen else -1 for s in all_states_of(encoder, name)}
    return FieldCode(name=name, cuts=cuts, states=states, before=before)


def least_whole(cut: float, medians: list[float]) -> float:
    """Return the least number at or above the cut that can occur: a whole one, or a median that fills gaps."""
    return min([float(np.ceil(cut)), *(median for median in medians if median >= cut)])


class Compiler:
    """A writer of each part of a model as trees over the codes, and of the formula of their sums."""

    def __init__(self, fields: list[FieldCode]) -> None:
        self.fields = fields
        self.place = {field.name: place for place, field in enumerate(fields)}
        self.writer = TreeWriter(fields)

    def probability(self, estimator: Any) -> Formula:
        """Return the formula of the model's PD."""
        match estimator:
            case FrozenEstimator():
                return self.probability(estimator.estimator)
            case CalibratedClassifierCV():
                return mean([self.calibrated(part) for part in estimator.calibrated_classifiers_])
        match formula_of(estimator[-1]):
            case formulas.Mean(members):
                return mean([self.probability(member) for member in members])
            case formulas.Trees(trees, None):
                part = self.writer.begin()
                self.writer.grow(estimator, trees)
                return Total(part=part, trees=len(trees))
        return Sigmoid(of=self.log_odds(estimator))

    def log_odds(self, base: Pipeline) -> Formula:
        """Return the formula of a part's log-odds."""
        part, writer = self.writer.begin(), self.writer
        match formula_of(base[-1]):
            case Linear() | Additive() as formula:
                intercept, tables, pairs = self.tables(base, formula)
                writer.constant(intercept)
                for place, weights in enumerate(tables):
                    writer.steps(place, weights)
                for pair in pairs:
                    writer.grid(pair)
            case formulas.Trees(trees, float(start)):
                writer.constant(start)
                writer.grow(base, trees)
            case _:
                raise NotExportableError(f"no serving form for log-odds of {type(base[-1]).__name__}")
        return Total(part=part)

    def calibrated(self, part: Any) -> Formula:
        """Return the PD by isotonic regression of what scikit-learn calibrates: log-odds if there are any, else PDs."""
        (isotonic,) = part.calibrators
        if not isinstance(isotonic, IsotonicRegression):
            raise NotExportableError(f"no serving form for {type(isotonic).__name__}")
        inner = part.estimator.estimator if isinstance(part.estimator, FrozenEstimator) else part.estimator
        of = self.log_odds(inner) if hasattr(inner, "decision_function") else self.probability(inner)
        return Isotonic(of=of, steps=steps_of(isotonic))

    def weights(self, base: Pipeline, formula: Linear) -> list[list[float]]:
        """Return the weight of each field's codes, that of -1 first."""
        encoder, coefficients = base[0], iter(formula.weights)
        found: dict[str, list[float]] = {}
        for name in encoder.numeric:
            edges, field = encoder.edges_[name], self.fields[self.place[name]]
            bins = [next(coefficients) for _ in range(len(edges) + 1)]
            by_state = {state: next(coefficients) for state in field.states}
            reached = np.searchsorted(edges, field.cuts, side="right")
            missing, known = next(coefficients), [bins[number] for number in [0, *reached]]
            found[name] = [missing, *known, *(by_state[s] for s, code in field.states.items() if code >= 0)]
        for name in encoder.categories:
            by_label = [next(coefficients) for _ in labels_of(encoder, name)]
            found[name] = [next(coefficients), *by_label]
        for name in texts_of(encoder):
            edges, risks = encoder.edges_[name], np.unique(encoder.risks(name))
            bins = [next(coefficients) for _ in range(len(edges) + 1)]
            by_risk = [bins[number] for number in np.searchsorted(edges, risks, side="right")]
            found[name] = [by_risk[self.fields[self.place[name]].missing], *by_risk]
        return [found[field.name] for field in self.fields]

    def tables(self, base: Pipeline, formula: Linear | Additive) -> tuple[float, list[list[float]], list[PairCode]]:
        """Return what log-odds start with, each field's weights of its codes, and what pairs of fields add."""
        if isinstance(formula, Additive):
            return tables_of(base, self.fields, formula)
        return formula.intercept, self.weights(base, formula), []


def mean(parts: list[Formula]) -> Formula:
    """Return the mean of formulas; one alone is it."""
    return parts[0] if len(parts) == 1 else Mean(of=parts)


def steps_of(isotonic: IsotonicRegression) -> Calibration:
    """Return the points of a fitted isotonic regression."""
    return Calibration(x=isotonic.X_thresholds_.tolist(), y=isotonic.y_thresholds_.tolist())
