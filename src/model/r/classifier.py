"""a matrix of applicants -> log-odds by a table of main effects that an R script has fitted

Every pickled model of this kind names this module and its class: neither may move or be renamed while one is in use.
"""

from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin

from src.model.formulas import MainEffects
from src.model.r.session import Answer, Script, fitted
from src.model.r.table import Columns, Matrix


class RClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """A binomial glm with logit link, fitted by the function `fit` of an R script, of which the coefficients are kept.

    Each fit starts R anew. To predict, no R is wanted: a number is weighed by its slope, a label by its own weight, and
    one that R has not seen, or none, as the base level. Numbers that are missing come as the training median.

    Parameters: `script`, the text; `path`, where it is said to be; `fields`, the field of each column; `levels`, the
    labels of categories; `texts`, fields that R is not given; `random_state`, R's seed.
    """

    def __init__(
        self,
        script: str,
        path: str,
        fields: list[str],
        levels: dict[str, list[str]],
        texts: list[str],
        random_state: int = 0,
    ) -> None:
        self.script = script
        self.path = path
        self.fields = fields
        self.levels = levels
        self.texts = texts
        self.random_state = random_state

    def fit(self, X: Matrix, y: NDArray[np.int64]) -> Self:
        """Fit by R; `y` is 0 or 1. Raises RRefusedError where the script's model cannot be read as a table."""
        self.classes_ = np.unique(y)
        answer = self.ask(X, y)
        self.intercept_, self.slopes_, self.weights_ = answer.intercept, answer.slopes, answer.levels
        return self

    def ask(self, X: Matrix, y: NDArray[np.int64], asked: Matrix | None = None) -> Answer:
        """Return what R answers for these training rows, with its .rds and its PDs where rows are `asked` for."""
        script = Script(self.path, self.script)
        return fitted(script, self.columns, X, np.asarray(y), self.random_state, asked)

    @property
    def columns(self) -> Columns:
        """Return what stands where in the matrix."""
        return Columns(self.fields, self.levels, self.texts)

    @property
    def effects(self) -> MainEffects:
        """Return the fitted table; a category's last weight is its base level's."""
        weights = {}
        for name, seen in self.weights_.items():
            base = next(iter(seen.values()))
            weights[name] = [*(seen.get(label, base) for label in self.levels[name]), base]
        return MainEffects(self.intercept_, dict(self.slopes_), weights)

    def decision_function(self, X: Matrix) -> NDArray[np.float64]:
        """Return the log-odds of each row."""
        effects, found = self.effects, np.zeros(len(X))
        for name in self.columns.names:
            column = X[:, self.fields.index(name)]
            if name in effects.slopes:
                found += effects.slopes[name] * column
            elif name in effects.weights:
                weights = np.array(effects.weights[name])
                known = (column >= 0) & (column < len(weights) - 1)
                found += weights[np.where(known, column, len(weights) - 1).astype(np.intp)]
        return effects.intercept + found

    def predict_proba(self, X: Matrix) -> Matrix:
        """Return the probabilities of 0 and 1, shape (rows, 2)."""
        bad = expit(self.decision_function(X))
        return np.column_stack([1 - bad, bad])

    def predict(self, X: Matrix) -> NDArray[np.int64]:
        """Return the likelier class of each row."""
        found: NDArray[np.int64] = self.classes_[(self.decision_function(X) > 0).astype(np.intp)]
        return found
