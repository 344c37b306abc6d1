"""a fitted pipeline -> its serving form: the encoder's cut points and an ONNX graph from codes to a probability"""

from bisect import bisect_left, bisect_right
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.isotonic import IsotonicRegression
from sklearn.pipeline import Pipeline

from src.compile.additive import tables_of
from src.compile.fitted import (
    NotExportableError,
    Seen,
    all_states_of,
    bases,
    cut_points,
    fillings,
    formula_of,
    labels_of,
    matrix_columns,
    states_of,
    texts_of,
    trees_of,
)
from src.compile.onnx_graph import Ensemble, Graph
from src.model.card import Feature
from src.model.features import ApplicantEncoder
from src.model.formulas import Additive, Linear, Mean, Tree, Trees
from src.serving.calibration import Calibration
from src.serving.codes import FieldCode
from src.serving.pairs import PairCode

WHOLE = ("integer", "boolean", "date")  # a date is days
COPIES = 8  # float64 numbers in the widest register, of AVX-512


class Compiled(NamedTuple):
    """The encoder's fields and the graph over their codes; of what is looked up also what the API sums."""

    fields: list[FieldCode]
    model: ModelProto
    intercept: float | None = None
    calibration: Calibration | None = None
    pairs: list[PairCode] = []  # noqa: RUF012  # of a NamedTuple


def compile_model(estimator: Any, features: list[Feature], time: str | None = None) -> Compiled:
    """Return the serving form of a fitted model of these features; raises NotExportableError.

    `time` names the field before which a date's days are counted.
    """
    compiler = Compiler(estimator, features, time)
    model = compiler.graph.model(len(features), compiler.probability(estimator))
    base, calibration = uncalibrated(estimator)
    if isinstance(base, Pipeline) and isinstance(formula := formula_of(base[-1]), Linear | Additive):
        intercept, weights, pairs = compiler.tables(base, formula)
        fields = [
            field.model_copy(update={"weights": given}) for field, given in zip(compiler.fields, weights, strict=True)
        ]
        return Compiled(fields, model, intercept, calibration, pairs)
    return Compiled(compiler.fields, model)


def uncalibrated(estimator: Any) -> tuple[Any, Calibration | None]:
    """Return what one isotonic regression calibrates, and that; an estimator without one as it is."""
    if not isinstance(estimator, CalibratedClassifierCV) or len(estimator.calibrated_classifiers_) != 1:
        return estimator, None
    (part,) = estimator.calibrated_classifiers_
    (isotonic,) = part.calibrators
    inner = part.estimator.estimator if isinstance(part.estimator, FrozenEstimator) else part.estimator
    return inner, Calibration(x=isotonic.X_thresholds_.tolist(), y=isotonic.y_thresholds_.tolist())


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
    """A writer of each part of a model into one graph over the codes."""

    def __init__(self, estimator: Any, features: list[Feature], time: str | None) -> None:
        self.graph = Graph()
        self.fields = fields_of(estimator, features, time)
        self.place = {field.name: place for place, field in enumerate(self.fields)}
        self.flags = [
            (field.name, state) for field in self.fields for state in field.states if field.states[state] >= 0
        ]
        self.may_miss = bool(self.flags) or any(feature.numeric and not feature.required for feature in features)

    def probability(self, estimator: Any) -> str:
        """Return the tensor of the model's PDs, shape (rows, 1)."""
        match estimator:
            case FrozenEstimator():
                return self.probability(estimator.estimator)
            case CalibratedClassifierCV():
                return self.mean([self.calibrated(part) for part in estimator.calibrated_classifiers_])
        match formula_of(estimator[-1]):
            case Mean(members):
                return self.mean([self.probability(member) for member in members])
            case Trees(trees, None):
                return self.graph.node("Div", self.trees(estimator), self.graph.number(float(len(trees))))
        return self.sigmoid(self.margin(estimator))

    def sigmoid(self, margin: str) -> str:
        """Return the PD of log-odds, the same to the last bit in any row of any table."""
        # A processor computes as many numbers at once as its register holds, and the rest of a table one by one, by
        # code that rounds otherwise: a row's PD would depend on its place and on the table's length. With a register's
        # worth of copies beside it each row fills whole registers, so that there is no rest; the first copy is kept.
        copies = self.graph.node("Concat", *[margin] * COPIES, axis=1)
        return self.graph.node("Gather", self.graph.node("Sigmoid", copies), self.graph.constant(np.array([0])), axis=1)

    def margin(self, base: Any) -> str:
        """Return the tensor of a part's log-odds."""
        match formula_of(base[-1]):
            case Linear() | Additive() as formula:
                return self.summed(*self.tables(base, formula))
            case Trees(start=float(start)):
                return self.trees(base, start)
        raise NotExportableError(f"no serving form for log-odds of {type(base[-1]).__name__}")

    def calibrated(self, part: Any) -> str:
        """Return the PD by isotonic regression of what scikit-learn calibrates: log-odds if there are any, else PDs."""
        (isotonic,) = part.calibrators
        if not isinstance(isotonic, IsotonicRegression):
            raise NotExportableError(f"no serving form for {type(isotonic).__name__}")
        inner = part.estimator.estimator if isinstance(part.estimator, FrozenEstimator) else part.estimator
        x = self.margin(inner) if hasattr(inner, "decision_function") else self.probability(inner)
        return self.interpolated(x, isotonic.X_thresholds_, isotonic.y_thresholds_)

    def interpolated(self, x: str, xs: NDArray[np.float64], ys: NDArray[np.float64]) -> str:
        """Return what is linear between (xs, ys) and constant outside; at each x exactly its y, as numpy has it."""
        graph = self.graph
        if len(xs) == 1:
            return graph.node("Add", graph.node("Mul", x, graph.number(0.0)), graph.number(float(ys[0])))
        x = graph.node("Clip", x, graph.constant(np.array(xs[0])), graph.constant(np.array(xs[-1])))
        reached = graph.node("GreaterOrEqual", x, graph.constant(xs[None, 1:]))
        counted = graph.node("Cast", reached, to=TensorProto.INT64)
        segment = graph.node("ReduceSum", counted, graph.constant(np.array([1])), keepdims=1)
        tables = (np.append(np.diff(ys) / np.diff(xs), 0.0), xs, ys)
        slope, start, value = (graph.node("Gather", graph.constant(table), segment) for table in tables)
        return graph.node("Add", graph.node("Mul", slope, graph.node("Sub", x, start)), value)

    def mean(self, parts: list[str]) -> str:
        """Return the parts' mean."""
        total = parts[0]
        for part in parts[1:]:
            total = self.graph.node("Add", total, part)
        return total if len(parts) == 1 else self.graph.node("Div", total, self.graph.number(float(len(parts))))

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

    def summed(self, intercept: float, tables: list[list[float]], pairs: list[PairCode]) -> str:
        """Return log-odds: each code's weight looked up, and that of each pair's codes; summed, the intercept added."""
        graph, grids = self.graph, [pair.grid() for pair in pairs]
        sizes = [*map(len, tables), *(len(grid) * len(grid[0]) for grid in grids)]
        starts = np.cumsum([0, *sizes[:-1]]) + 1
        places = graph.node("Add", "codes", graph.constant(starts[None, : len(tables)].astype(np.float64)))
        if pairs:
            asked = [self.asked(pair, len(grid[0])) for pair, grid in zip(pairs, grids, strict=True)]
            shifts = graph.constant(starts[None, len(tables) :].astype(np.float64) - 1)
            places = graph.node(
                "Concat", places, graph.node("Add", graph.node("Concat", *asked, axis=1), shifts), axis=1
            )
        rows = [*tables, *(row for grid in grids for row in grid)]
        flat = graph.constant(np.array([weight for row in rows for weight in row]))
        found = graph.node("Gather", flat, graph.node("Cast", places, to=TensorProto.INT64))
        return graph.node("Add", graph.total(found, len(sizes)), graph.number(intercept))

    def asked(self, pair: PairCode, width: int) -> str:
        """Return the place of each row's codes in a pair's grid, whose rows stand one after another."""
        first, second = (
            self.graph.node("Gather", "codes", self.graph.constant(np.array([self.place[name]])), axis=1)
            for name in (pair.first, pair.second)
        )
        row = self.graph.node("Mul", first, self.graph.number(float(width)))
        return self.graph.node("Add", self.graph.node("Add", row, second), self.graph.number(width + 1.0))

    def trees(self, base: Pipeline, start: float | None = None) -> str:
        """Return the sum of the leaves that each row reaches; a missing number takes the training median's way.

        What the sum starts with is a tree of one leaf: so the order of additions is the fitted model's.
        """
        ensemble = Ensemble()
        if start is not None:
            ensemble.roots.append(ensemble.single(start))
        columns = matrix_columns(base[0])
        risks = {name: np.unique(base[0].risks(name)).tolist() for name in texts_of(base[0])}
        for tree in trees_of(base[-1]):
            place, leaf = self.grow(ensemble, tree, 0, columns, risks)
            ensemble.roots.append(ensemble.single(float(tree.weight[0])) if leaf else place)
        return self.graph.trees(self.filled(base[0]) if self.may_miss else "codes", ensemble)

    def filled(self, encoder: Any) -> str:
        """Return the codes twice, as they are and with the medians' codes where there is no number; then the flags."""
        medians = {name: bisect_right(self.fields[self.place[name]].cuts, median)
                   for name, median in encoder.medians_.items()}  # fmt: skip
        row = np.array([[float(medians.get(field.name, -1)) for field in self.fields]])
        missing = self.graph.node("Less", "codes", self.graph.number(0.0))
        if self.flags:
            most = [[float(len(field.cuts)) if field.states else np.inf for field in self.fields]]
            beyond = self.graph.node("Greater", "codes", self.graph.constant(np.array(most)))
            missing = self.graph.node("Or", missing, beyond)
        filled = self.graph.node("Where", missing, self.graph.constant(row), "codes")
        return self.graph.node("Concat", "codes", filled, *self.flagged(), axis=1)

    def flagged(self) -> list[str]:
        """Return a column a state, 1 where the row's code is the state's; none where there is no state."""
        if not self.flags:
            return []
        places = np.array([self.place[name] for name, _ in self.flags])
        codes = [self.code(name, state) for name, state in self.flags]
        asked = self.graph.node("Gather", "codes", self.graph.constant(places), axis=1)
        equal = self.graph.node("Equal", asked, self.graph.constant(np.array([codes])))
        return [self.graph.node("Cast", equal, to=TensorProto.DOUBLE)]

    def code(self, name: str, state: str) -> float:
        """Return the code of a number's state."""
        return float(self.fields[self.place[name]].states[state])

    def split(self, seen: Seen, cut: float, risks: dict[str, list[float]]) -> tuple[int, float, bool]:
        """Return the graph's column, the code up to which a row goes left, and whether left is where it is more."""
        name, missing, state = seen
        field, place = self.fields[self.place[name]], self.place[name]
        if missing:  # the column is 1 where the number is missing, and then its code is -1
            return place, -1.0, True
        if state is not None:
            return 2 * len(self.fields) + self.flags.index((name, state)), 0.0, False
        if name in risks:
            return place, float(bisect_left(risks[name], cut) - 1), False
        if field.labels is not None:
            return place, float(np.ceil(cut) - 1), False
        filled = place + (len(self.fields) if self.may_miss else 0)
        return filled, float(bisect_left(field.cuts, cut)), False  # a whole number's cuts are rounded up

    def grow(
        self, ensemble: Ensemble, tree: Tree, node: int, columns: list[Seen], risks: dict[str, list[float]]
    ) -> tuple[int, bool]:
        """Add a node and all below it; `x < cut` becomes `code <= place of the cut`."""
        if tree.left[node] < 0:
            return ensemble.leaf(float(tree.weight[node]))
        place, split, turned = self.split(columns[tree.column[node]], tree.cut[node], risks)
        left, right = int(tree.left[node]), int(tree.right[node])
        index = ensemble.split(place, split)
        ensemble.left[index] = self.grow(ensemble, tree, right if turned else left, columns, risks)
        ensemble.right[index] = self.grow(ensemble, tree, left if turned else right, columns, risks)
        return index, False
