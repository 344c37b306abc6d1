"""the folds of cross-validation -> what everybody's bad rate and a plain logistic regression reach on them"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from src.model.candidates import KEPT, encoder
from src.model.card import Feature
from src.model.features import StatefulEncoder
from src.model.selection import Fit, OutOfFold, each
from src.params import Text

BAD_RATE, REGRESSION = "bad_rate", "logistic_regression"


def logistic_regression(features: list[Feature], seed: int, text: Text = KEPT) -> Pipeline:
    """Return the unfitted regression: numbers standardized, a column a label; saga as the scorecard's."""
    encode = encoder(features, seed, text, {})
    last = len(encode.get_feature_names_out()) - len(encode.texts if isinstance(encode, StatefulEncoder) else [])
    labels = list(range(last - len(encode.categories), last))
    columns = ColumnTransformer(
        [("labels", OneHotEncoder(handle_unknown="ignore"), labels)], remainder=StandardScaler()
    )
    classify = LogisticRegression(solver="saga", tol=1e-3, max_iter=5000, random_state=seed)
    return Pipeline([("encode", encode), ("columns", columns), ("classify", classify)])


def baseline(found: OutOfFold, X: pd.DataFrame, regression: Pipeline, progress: Callable[[], object]) -> OutOfFold:
    """Return both baselines' predictions out of the folds that the candidates had; `progress` is called a fold."""
    pd_of = {name: np.zeros(found.fold.shape) for name in (BAD_RATE, REGRESSION)}
    fit = Fit({REGRESSION: regression}, X, found.bad)
    for (_, part), predicted in each(fit, [(REGRESSION, part) for part in found.partitioned()]):
        pd_of[BAD_RATE][part.repeat, part.unseen] = found.bad[part.seen].mean()
        pd_of[REGRESSION][part.repeat, part.unseen] = predicted
        progress()
    return OutOfFold(found.bad, found.fold, pd_of)
