"""training runs -> MLflow's experiment `credit-score`

The train stage uses it so; the fit inside the block is all that happens under autologging:

    with tracking.training_run(params, tags | tracking.git_tags()) as run:
        with run.watching(model):
            model.fit(X, y)
        run.candidate("forest", {"trees": 300}, {"roc_auc": [.79, .81, ...]})
        run.log({"roc_auc": .80})
        run.tag({"model.sha256": digest})
"""

import contextlib
import statistics
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType

from src import git
from src.lineage.mlflow_backend import NOTHING, TrackingError, experiment, opened, plainly
from src.lineage.settings import ROOT, Settings, read_settings

__all__ = ["Run", "TrackingError", "git_tags", "searches", "training_run"]

EXPERIMENT = "credit-score"
CODE = ("src", "dvc.yaml", "params.yaml", "data/external")
MARK = "_mlflow_run_id"  # the attribute that autologging leaves on an estimator
BATCH = 1000  # metrics that MLflow takes at once


class Run:
    """An open run of one training: the fit of its model, the result, and a child run for each candidate."""

    def __init__(self, mlflow: ModuleType, settings: Settings, experiment_id: str, run_id: str) -> None:
        self._mlflow, self._settings = mlflow, settings
        self._experiment_id, self._run_id = experiment_id, run_id
        self._client = mlflow.MlflowClient()

    @contextlib.contextmanager
    def watching(self, model: object) -> Iterator[None]:
        """Let autologging record the fit of `model` inside the block: its parameters, training metrics and plots.

        The model comes out as an unwatched fit would leave it: MLflow's mark on it, a run's id, is taken away.
        """
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "`y_pred` was renamed", FutureWarning)  # MLflow's call of scikit-learn
            self._mlflow.autolog(log_models=False, log_datasets=False, silent=True)
            try:
                yield
            finally:
                self._mlflow.autolog(disable=True)
                vars(model).pop(MARK, None)

    def candidate(
        self,
        name: str,
        params: Mapping[str, object],
        fold_scores: Mapping[str, Sequence[float]],
        tags: Mapping[str, str] = NOTHING,
    ) -> None:
        """Record one candidate, or one trial of its parameters, in a child run: its parameters and its folds' scores.

        Each score becomes the metric `cv/<metric>` at step = fold, with `cv/<metric>_mean` and `_std` beside it.
        """
        with plainly(self._settings):
            child = self._mlflow.start_run(
                run_name=name, nested=True, experiment_id=self._experiment_id, tags=dict(tags)
            )
            with child:
                self._client.log_batch(child.info.run_id, params=self._params(params, "candidate"))
                self._metrics(child.info.run_id, list(_fold_metrics(fold_scores)))

    def log(self, metrics: Mapping[str, float]) -> None:
        """Record metrics on the parent run."""
        with plainly(self._settings):
            self._metrics(self._run_id, [(name, value, 0) for name, value in metrics.items()])

    def tag(self, tags: Mapping[str, str]) -> None:
        """Put tags on the parent run."""
        with plainly(self._settings):
            for name, value in tags.items():
                self._client.set_tag(self._run_id, name, value)

    def _params(self, params: Mapping[str, object], prefix: str) -> list[object]:
        return [self._mlflow.entities.Param(*item) for item in _flat(params, prefix).items()]

    def _metrics(self, run_id: str, metrics: Sequence[tuple[str, float, int]]) -> None:
        now = int(time.time() * 1000)
        for start in range(0, len(metrics), BATCH):
            some = metrics[start : start + BATCH]
            batch = [self._mlflow.entities.Metric(name, value, now, step) for name, value, step in some]
            self._client.log_batch(run_id, metrics=batch)


@contextlib.contextmanager
def training_run(
    params: Mapping[str, object], tags: Mapping[str, str], settings: Settings | None = None
) -> Iterator[Run]:
    """Open the parent run of one training in the experiment `credit-score`; nested params get dotted names.

    Raises TrackingError where MLflow cannot be written. A failure inside the block marks the run as failed.
    """
    settings = settings or read_settings()
    with opened(settings) as mlflow, contextlib.ExitStack() as stack:
        with plainly(settings):
            where = str(settings.runs_folder) if settings.database else None
            experiment_id = experiment(mlflow.MlflowClient(), EXPERIMENT, where)
            parent = mlflow.start_run(experiment_id=experiment_id, run_name="train", tags=dict(tags))
            stack.enter_context(parent)
            mlflow.log_params(_flat(params))
        yield Run(mlflow, settings, experiment_id, parent.info.run_id)


def searches() -> Path:
    """Return the folder of the studies in which candidates' parameters are searched for; it need not be there yet."""
    return read_settings().state / "search"


def git_tags(root: Path = ROOT) -> dict[str, str]:
    """Return `git.commit` of the checkout and `git.dirty`: whether code, parameters or data package differ from it.

    Outside a checkout there is no commit, and everything counts as dirty.
    """
    commit = git.head(root)
    if commit is None:
        return {"git.dirty": "true"}
    return {"git.commit": commit, "git.dirty": str(bool(git.changes_since(root, commit, CODE))).lower()}


def _flat(values: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in values.items():
        name = f"{prefix}.{key}" if prefix else key
        flat |= _flat(value, name) if isinstance(value, Mapping) else {name: str(value)}
    return flat


def _fold_metrics(fold_scores: Mapping[str, Sequence[float]]) -> Iterator[tuple[str, float, int]]:
    for name, scores in fold_scores.items():
        yield from ((f"cv/{name}", float(score), fold) for fold, score in enumerate(scores))
        yield f"cv/{name}_mean", statistics.fmean(scores), 0
        yield f"cv/{name}_std", statistics.stdev(scores) if len(scores) > 1 else 0.0, 0
