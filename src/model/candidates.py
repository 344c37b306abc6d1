"""params.yaml's candidates -> unfitted scikit-learn pipelines from the contract's columns to a probability"""

from collections.abc import Mapping

from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from src.contract.fields import Column
from src.model.features import ApplicantEncoder
from src.params import Base, Blend, Boosting, Candidate, Forest, Scorecard

SIGN = {"increasing": 1, "decreasing": -1, None: 0}


def build(candidates: Mapping[str, Candidate], columns: list[Column], seed: int) -> dict[str, Pipeline]:
    """Return one unfitted pipeline a candidate, in the order of params.yaml.

    `columns` are the contract's features; `seed` makes every fit repeatable. A blend holds its members' pipelines.
    """
    bases = {name: _base(c, columns, seed) for name, c in candidates.items() if not isinstance(c, Blend)}
    return {
        name: Pipeline([("blend", VotingClassifier([(member, bases[member]) for member in c.members], voting="soft"))])
        if isinstance(c, Blend)
        else bases[name]
        for name, c in candidates.items()
    }


def _base(candidate: Base, columns: list[Column], seed: int) -> Pipeline:
    numeric = [column for column in columns if column.kind != "category"]
    encoder = ApplicantEncoder(
        numeric=[column.name for column in numeric],
        optional=[column.name for column in numeric if not column.constraints.required],
        categories={column.name: column.labels for column in columns if column.kind == "category"},
        bins=candidate.bins if isinstance(candidate, Scorecard) else None,
    )
    match candidate:
        case Scorecard():
            classifier = scorecard(candidate, seed)
        case Forest():
            classifier = forest(candidate, seed)
        case Boosting():
            directions = {column.name: SIGN[column.direction] for column in numeric}
            classifier = boosting(
                candidate, [directions.get(name, 0) for name in encoder.get_feature_names_out()], seed
            )
    return Pipeline([("encode", encoder), ("classify", classifier)])


def scorecard(params: Scorecard, seed: int) -> LogisticRegression:
    """Return a ridge logistic regression; saga, because the other solvers round by the processor's BLAS kernel."""
    return LogisticRegression(C=params.C, solver="saga", tol=1e-4, max_iter=5000, random_state=seed)


def forest(params: Forest, seed: int) -> RandomForestClassifier:
    """Return a random forest of one thread: several would add the trees' votes in any order."""
    return RandomForestClassifier(
        n_estimators=params.trees,
        min_samples_leaf=params.min_samples_leaf,
        max_features=params.max_features,
        random_state=seed,
    )


def boosting(params: Boosting, directions: list[int], seed: int) -> HistGradientBoostingClassifier:
    """Return histogram gradient boosting that keeps the expected direction of risk: -1, 0 or 1 a matrix column."""
    return HistGradientBoostingClassifier(
        max_iter=params.iterations,
        learning_rate=params.learning_rate,
        max_leaf_nodes=params.max_leaf_nodes,
        min_samples_leaf=params.min_samples_leaf,
        l2_regularization=params.l2_regularization,
        max_features=params.max_features,
        monotonic_cst=directions,
        early_stopping=False,
        random_state=seed,
    )
