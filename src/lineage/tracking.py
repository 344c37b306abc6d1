"""training runs -> MLflow's experiment `credit-score`; the only door to MLflow

The train stage uses it so (the estimator's fit is all that happens under autologging):

    with tracking.training_run(params, tags | tracking.git_tags()) as run:
        for name, estimator in candidates:
            with run.candidate(name, candidate_params, {"roc_auc": [.79, .81, ...]}):
                estimator.fit(X, y)
        run.log({"roc_auc": .80})
        run.tag({"model.sha256": digest})

Autologging marks the estimator that it watches: fit the model to be kept outside of the block, from a clone.
MLflow is imported when a run opens, not before: importing this module costs nothing.
"""

import contextlib
import os
import sqlite3
import statistics
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from src.errors import LastroError
from src.lineage import history
from src.lineage.settings import ROOT, Settings, quiet_tools

if TYPE_CHECKING:
    from mlflow import MlflowClient

EXPERIMENT = "credit-score"
CODE = ("src", "dvc.yaml", "params.yaml", "data/external")
BATCH = 1000  # metrics that MLflow takes at once


class TrackingError(LastroError):
    """MLflow cannot be written."""


class Run:
    """An open parent run: one child for each candidate, then the result."""

    def __init__(self, mlflow: ModuleType, uri: str, experiment_id: str, run_id: str) -> None:
        self._mlflow, self._uri, self._experiment_id, self._run_id = mlflow, uri, experiment_id, run_id
        self._client: MlflowClient = mlflow.MlflowClient()

    @contextlib.contextmanager
    def candidate(
        self, name: str, params: Mapping[str, object], fold_scores: Mapping[str, Sequence[float]]
    ) -> Iterator[None]:
        """Record one candidate in a child run: its folds' scores, and by autologging the fit inside the block.

        Each score becomes the metric `cv/<metric>` at step = fold, with `cv/<metric>_mean` and `_std` beside it.
        """
        with _plainly(self._uri):
            child = self._mlflow.start_run(run_name=name, nested=True, experiment_id=self._experiment_id)
        with child, self._autologging(child.info.run_id, params, fold_scores):
            yield

    def log(self, metrics: Mapping[str, float]) -> None:
        """Record metrics on the parent run."""
        with _plainly(self._uri):
            self._log(self._run_id, {}, [(name, value, 0) for name, value in metrics.items()])

    def tag(self, tags: Mapping[str, str]) -> None:
        """Put tags on the parent run."""
        with _plainly(self._uri):
            for name, value in tags.items():
                self._client.set_tag(self._run_id, name, value)

    @contextlib.contextmanager
    def _autologging(
        self, run_id: str, params: Mapping[str, object], fold_scores: Mapping[str, Sequence[float]]
    ) -> Iterator[None]:
        with _plainly(self._uri):
            self._log(run_id, _flat(params, "candidate"), list(_fold_metrics(fold_scores)))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "`y_pred` was renamed", FutureWarning)  # MLflow's call, for scikit-learn
            self._mlflow.autolog(log_models=False, log_datasets=False)
            try:
                yield
            finally:
                self._mlflow.autolog(disable=True)

    def _log(self, run_id: str, params: Mapping[str, str], metrics: Sequence[tuple[str, float, int]]) -> None:
        from mlflow.entities import Metric, Param

        now = int(time.time() * 1000)
        self._client.log_batch(run_id, params=[Param(*item) for item in params.items()])
        for start in range(0, len(metrics), BATCH):
            batch = [Metric(name, value, now, step) for name, value, step in metrics[start : start + BATCH]]
            self._client.log_batch(run_id, metrics=batch)


@contextlib.contextmanager
def training_run(
    params: Mapping[str, object], tags: Mapping[str, str], settings: Settings | None = None
) -> Iterator[Run]:
    """Open the parent run of one training in the experiment `credit-score`; nested params get dotted names.

    Raises TrackingError where MLflow cannot be written. A failure inside the block marks the run as failed.
    """
    settings = settings or Settings()
    with opened(settings) as mlflow, contextlib.ExitStack() as stack:
        with _plainly(settings.tracking_uri):
            where = str(settings.runs_folder) if settings.database else None
            experiment_id = experiment(mlflow.MlflowClient(), EXPERIMENT, where)
            parent = mlflow.start_run(experiment_id=experiment_id, run_name="train", tags=dict(tags))
            stack.enter_context(parent)
            run = Run(mlflow, settings.tracking_uri, experiment_id, parent.info.run_id)
            mlflow.log_params(_flat(params))
        yield run


def git_tags(root: Path = ROOT) -> dict[str, str]:
    """Return `git.commit` of the checkout and `git.dirty`: whether code, parameters or data package differ from it.

    Outside a checkout there is no commit, and everything counts as dirty.
    """
    commit = history.head(root)
    if commit is None:
        return {"git.dirty": "true"}
    return {"git.commit": commit, "git.dirty": str(history.changed_since(root, commit, CODE)).lower()}


@contextlib.contextmanager
def opened(settings: Settings) -> Iterator[ModuleType]:
    """Give MLflow, pointed at the settings' runs; before and after, the process points where it pointed.

    Raises TrackingError where the place cannot be written.
    """
    mlflow = _mlflow()
    before = os.environ.get("MLFLOW_TRACKING_URI")
    with _plainly(settings.tracking_uri):
        if settings.database:
            make_database(settings.database, settings.runs_folder)
        mlflow.set_tracking_uri(settings.tracking_uri)
    try:
        yield mlflow
    finally:
        mlflow.set_tracking_uri(None)
        os.environ.pop("MLFLOW_TRACKING_URI", None)
        if before is not None:
            os.environ["MLFLOW_TRACKING_URI"] = before


def experiment(client: "MlflowClient", name: str, artifacts: str | None) -> str:
    """Return the id of an experiment; makes it, or brings it back where somebody deleted it."""
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return client.create_experiment(name, artifact_location=artifacts)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
            return experiment(client, name, artifacts)  # another process was first
    if found.lifecycle_stage != "active":
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


def make_database(database: Path, artifacts: Path) -> None:
    """Make MLflow's SQLite file where there is none: whole at once, so that two runs may start together.

    MLflow's migrations write to the disk after each step; here they write to a temporary file without waiting.
    """
    if database.exists():
        return
    database.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=database.parent, prefix=".new-") as folder:
        made = Path(folder) / database.name
        _migrate(made, artifacts)
        with contextlib.suppress(OSError):  # there by now, or no hard links here: then MLflow makes its own, slowly
            os.link(made, database)


def _migrate(database: Path, artifacts: Path) -> None:
    _mlflow()
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def hurry(connection: sqlite3.Connection, _: Any) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    event.listen(Engine, "connect", hurry)
    try:
        store = SqlAlchemyStore(f"sqlite:///{database}", str(artifacts))  # type: ignore[no-untyped-call]
        store.engine.dispose()
    finally:
        event.remove(Engine, "connect", hurry)
    with database.open("rb+") as file:
        os.fsync(file.fileno())


def _mlflow() -> ModuleType:
    quiet_tools()
    import mlflow

    return mlflow


@contextlib.contextmanager
def _plainly(uri: str) -> Iterator[None]:
    """Say what MLflow cannot do in one sentence; the deprecations between its own parts are not ours to hear."""
    from alembic.util import CommandError
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    except (MlflowException, SQLAlchemyError, CommandError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        reason = "no server answers there" if "Max retries exceeded" in reason else reason
        raise TrackingError(f"MLflow cannot use {uri} (MLFLOW_TRACKING_URI): {reason}") from error


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
