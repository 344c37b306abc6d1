"""The table of candidate kinds: what params.yaml may say of each, what is fitted, and how its formula is read

A further kind is one more entry of KINDS. An estimator is named by text and imported when it is built: `ingest` checks
params.yaml by this table and has no use for scikit-learn.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pkgutil import resolve_name
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import Field

from src.model.formulas import Formula, additive, boosted, linear, main_effects, mean_of_members, mean_of_trees
from src.model.r.candidate import RScript
from src.params import Candidate, Count, Positive

P = TypeVar("P", bound=Candidate)
EXACT, NEARLY, MANY_ROWS = 1e-4, 1e-2, 100_000


class Scorecard(Candidate):
    """Logistic regression on quantile bins (null: more of more rows); `C` is the inverse strength of its L2 penalty.

    Where it is `monotone`, bins are merged until evidence and points keep the expected directions. Features whose
    information value is below `least_iv` are left out.
    `tolerance` is the change of the weights, beside the largest, at which fitting ends (null: less exact of many rows).
    """

    bins: Annotated[int, Field(ge=2)] | None
    C: Positive
    monotone: bool = False
    least_iv: Annotated[float, Field(ge=0)] = 0
    tolerance: Positive | None = None


class Forest(Candidate):
    """Random forest; where `min_samples_leaf` is null, a leaf grows with the rows."""

    trees: Count
    min_samples_leaf: Count | None
    max_features: Literal["sqrt", "log2"] | Annotated[float, Field(gt=0, le=1)]


class Boosting(Candidate):
    """Histogram gradient boosting."""

    iterations: Count
    learning_rate: Positive
    max_leaf_nodes: Annotated[int, Field(ge=2)]
    min_samples_leaf: Count
    l2_regularization: Annotated[float, Field(ge=0)]
    max_features: Annotated[float, Field(gt=0, le=1)]


class Additive(Candidate):
    """Histogram gradient boosting as a table of points: steps of one field, and of `pairs` of fields at most.

    `bins` is how many a number has for itself (null: more of more rows).
    """

    bins: Annotated[int, Field(ge=2, le=255)] | None
    pairs: Annotated[int, Field(ge=0)]
    iterations: Count
    learning_rate: Positive
    max_leaf_nodes: Annotated[int, Field(ge=2)]
    min_samples_leaf: Count
    l2_regularization: Annotated[float, Field(ge=0)]


class Blend(Candidate):
    """The mean of the probabilities of those other candidates that take part."""

    members: Annotated[list[str], Field(min_length=2)]

    @property
    def parts(self) -> list[str]:
        """Return its members."""
        return self.members


@dataclass(frozen=True)
class Setting:
    """What an estimator is built for, beside its own parameters.

    `directions` holds a number for each column of the matrix: 1 where the risk is bound to rise with it, -1 where to
    fall, else 0; it is empty where the columns are bins. `members` are the unfitted pipelines of a candidate's parts.
    `fields` names the field of each column, `labels` the columns that hold labels' places, `levels` the labels of each
    category, `texts` the fields whose column is a risk.
    """

    seed: int
    directions: list[int]
    members: Mapping[str, Any]
    fields: list[str] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    levels: dict[str, list[str]] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)


def as_it_is(params: Any, rows: int) -> Any:  # noqa: ARG001  # other kinds look at the rows
    """Return what params.yaml says."""
    return params


def grown_scorecard(params: Scorecard, rows: int) -> Scorecard:
    """Return a scorecard with as many bins as so many training rows can fill, from 4 to 20, where none are given.

    Where no tolerance is, it is .0001, and .01 from 100 000 rows on: weights move by less than chance makes of a bin.
    """
    bins = params.bins or min(max(4, round(rows**0.5 / 10)), 20)
    return params.model_copy(
        update={"bins": bins, "tolerance": params.tolerance or (EXACT if rows < MANY_ROWS else NEARLY)}
    )


def grown_additive(params: Additive, rows: int) -> Additive:
    """Return an additive boosting with as many bins as so many training rows can fill, from 12 to 32, where none is."""
    return params.model_copy(update={"bins": params.bins or min(max(12, round(rows**0.5 / 6)), 32)})


def grown_forest(params: Forest, rows: int) -> Forest:
    """Return a forest whose leaves have at least one of 1 000 training rows, where nothing is given."""
    return params.model_copy(update={"min_samples_leaf": params.min_samples_leaf or max(1, rows // 1000)})


def no_options(_: Candidate) -> dict[str, Any]:
    """Return no arguments: numbers stay as they are."""
    return {}


def binned(params: Scorecard) -> dict[str, Any]:
    """Return what makes bins of numbers, and leaves features out where that is asked."""
    return {"bins": params.bins} | ({"least_iv": params.least_iv} if params.least_iv else {})


def never(_: Candidate) -> bool:
    """Say that no direction can bind it."""
    return False


@dataclass(frozen=True)
class Range:
    """The values of a parameter that a search tries: whole where both ends are, evenly by their logarithm or not."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True)
class Kind(Generic[P]):
    """One kind of candidate: all that params.yaml, training, export and the card know of it.

    `params` is what params.yaml may say; `estimator` the class that is fitted, as `package.module:Class`, and
    `arguments` what it is called with; `encoding` adds arguments of the ApplicantEncoder before it. `formula` reads
    what was fitted; without one there is no serving form, and `export` refuses it. `library` is the distribution whose
    version must be the same where the model is loaded. `grown` fills in what params.yaml leaves to the number of rows.
    What is `readable` is a table of points, which lenders file. `space` is what `train.search` tries: by parameter, the
    range of its values. `binds` says whether an expected direction of risk can bind a candidate of these parameters.
    """

    params: type[P]
    estimator: str
    arguments: Callable[[P, Setting], dict[str, Any]]
    library: str
    formula: Callable[[Any], Formula] | None = None
    encoding: Callable[[P], dict[str, Any]] = no_options
    grown: Callable[[P, int], P] = as_it_is
    readable: bool = False
    space: Mapping[str, Range] = field(default_factory=dict)
    binds: Callable[[P], bool] = never

    def build(self, params: P, setting: Setting) -> Any:
        """Return the unfitted estimator."""
        return resolve_name(self.estimator)(**self.arguments(params, setting))

    def fits(self, estimator: Any) -> bool:
        """Say whether the estimator is of the class that this kind fits; a class of another name is not imported."""
        found = type(estimator)
        return found.__name__ == self.estimator.rpartition(":")[2] and found is resolve_name(self.estimator)


def scorecard(params: Scorecard, setting: Setting) -> dict[str, Any]:
    """Return a ridge regression's arguments; saga, because the other solvers round by the processor's BLAS kernel."""
    return {
        "C": params.C,
        "solver": "saga",
        "tol": params.tolerance or EXACT,
        "max_iter": 5000,
        "random_state": setting.seed,
    }


def forest(params: Forest, setting: Setting) -> dict[str, Any]:
    """Return a random forest's arguments, of one thread: several would add the trees' votes in any order."""
    return {
        "n_estimators": params.trees,
        "min_samples_leaf": params.min_samples_leaf,
        "max_features": params.max_features,
        "random_state": setting.seed,
    }


def boosting(params: Boosting, setting: Setting) -> dict[str, Any]:
    """Return the arguments of a histogram gradient boosting that keeps the directions it is bound to."""
    return {
        "max_iter": params.iterations,
        "learning_rate": params.learning_rate,
        "max_leaf_nodes": params.max_leaf_nodes,
        "min_samples_leaf": params.min_samples_leaf,
        "l2_regularization": params.l2_regularization,
        "max_features": params.max_features,
        "monotonic_cst": setting.directions,
        "early_stopping": False,
        "random_state": setting.seed,
    }


def additive_boosting(params: Additive, setting: Setting) -> dict[str, Any]:
    """Return the arguments of an additive boosting that keeps the expected direction of risk."""
    return {
        "fields": setting.fields,
        "labels": setting.labels,
        "directions": setting.directions,
        "bins": params.bins,
        "pairs": params.pairs,
        "max_iter": params.iterations,
        "learning_rate": params.learning_rate,
        "max_leaf_nodes": params.max_leaf_nodes,
        "min_samples_leaf": params.min_samples_leaf,
        "l2_regularization": params.l2_regularization,
        "random_state": setting.seed,
    }


def r_script(params: RScript, setting: Setting) -> dict[str, Any]:
    """Return what fits by an R script: its text, so that a model can be fitted anew wherever R is."""
    return {
        "script": params.text,
        "path": params.script,
        "fields": setting.fields,
        "levels": setting.levels,
        "texts": setting.texts,
        "random_state": setting.seed,
    }


def blend(params: Blend, setting: Setting) -> dict[str, Any]:
    """Return the arguments of a vote of the members' probabilities, each of the same weight."""
    return {"estimators": [(name, setting.members[name]) for name in params.members], "voting": "soft"}


KINDS: dict[str, Kind[Any]] = {
    "scorecard": Kind(
        params=Scorecard,
        encoding=binned,
        binds=lambda params: params.monotone,
        grown=grown_scorecard,
        estimator="sklearn.linear_model:LogisticRegression",
        arguments=scorecard,
        formula=linear,
        library="scikit-learn",
        readable=True,
        space={"bins": Range(2, 20), "C": Range(0.001, 10.0, log=True)},
    ),
    "additive": Kind(
        params=Additive,
        estimator="src.model.additive:AdditiveClassifier",
        arguments=additive_boosting,
        grown=grown_additive,
        binds=lambda _: True,
        formula=additive,
        library="scikit-learn",
        readable=True,
        space={
            "pairs": Range(0, 20),
            "learning_rate": Range(0.02, 0.2, log=True),
            "max_leaf_nodes": Range(2, 8),
            "min_samples_leaf": Range(5, 200, log=True),
            "l2_regularization": Range(0.01, 100.0, log=True),
        },
    ),
    "forest": Kind(
        params=Forest,
        estimator="sklearn.ensemble:RandomForestClassifier",
        arguments=forest,
        grown=grown_forest,
        formula=lambda fitted: mean_of_trees(fitted.estimators_),
        library="scikit-learn",
        space={"min_samples_leaf": Range(1, 200, log=True), "max_features": Range(0.05, 0.8)},
    ),
    "boosting": Kind(
        params=Boosting,
        estimator="sklearn.ensemble:HistGradientBoostingClassifier",
        arguments=boosting,
        binds=lambda _: True,
        formula=boosted,
        library="scikit-learn",
        space={
            "learning_rate": Range(0.01, 0.2, log=True),
            "max_leaf_nodes": Range(4, 63, log=True),
            "min_samples_leaf": Range(5, 200, log=True),
            "l2_regularization": Range(0.01, 100.0, log=True),
            "max_features": Range(0.1, 1.0),
        },
    ),
    "r": Kind(
        params=RScript,
        estimator="src.model.r.classifier:RClassifier",
        arguments=r_script,
        formula=main_effects,
        library="scikit-learn",
        readable=True,
    ),
    "blend": Kind(
        params=Blend,
        estimator="sklearn.ensemble:VotingClassifier",
        arguments=blend,
        formula=mean_of_members,
        library="scikit-learn",
    ),
}
