"""settings -> MLflow, pointed at the place of its runs; the only importer of MLflow

MLflow is imported when it is opened, not before: importing this module costs nothing.
"""

import contextlib
import os
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any

from src.errors import LastroError
from src.lineage.settings import Settings, environment, quiet_tools

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Experiment

NOTHING: Mapping[str, str] = MappingProxyType({})
# By these MLflow goes on with somebody else's run, experiment or model: a run of ours is always one of its own.
OTHERS = dict.fromkeys(
    (
        "MLFLOW_RUN_ID",
        "MLFLOW_EXPERIMENT_ID",
        "MLFLOW_EXPERIMENT_NAME",
        "MLFLOW_ACTIVE_MODEL_ID",
        "_MLFLOW_ACTIVE_MODEL_ID",
    )
)


class TrackingError(LastroError):
    """MLflow cannot be used where the settings say."""


@contextlib.contextmanager
def opened(settings: Settings, variables: Mapping[str, str] = NOTHING) -> Iterator[ModuleType]:
    """Yield MLflow, pointed at the settings' runs, with `variables` in the environment; all is put back afterwards.

    Raises TrackingError where the place cannot be written.
    """
    quiet_tools()
    import mlflow

    with environment({**OTHERS, "MLFLOW_TRACKING_URI": settings.tracking_uri, **variables}):
        with plainly(settings):
            if settings.database:
                make_database(settings.database, settings.runs_folder)
            mlflow.set_tracking_uri(settings.tracking_uri)
            mlflow.MlflowClient()  # looks whether the place can be used
        try:
            yield mlflow
        finally:
            mlflow.set_tracking_uri("")


@contextlib.contextmanager
def plainly(settings: Settings) -> Iterator[None]:
    """Say in one sentence what MLflow cannot do; warnings about its own parts are not ours to hear."""
    from alembic.util import CommandError
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.filterwarnings("ignore", ".*type hint is inferred as AnyType", UserWarning)
            yield
    except (MlflowException, SQLAlchemyError, CommandError, OSError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        reason = "no server answers there" if "Max retries exceeded" in reason else reason
        raise TrackingError(f"MLflow cannot use {settings.tracking_uri} (MLFLOW_TRACKING_URI): {reason}") from error


def experiment(client: "MlflowClient", name: str, artifacts: str | None) -> str:
    """Return the id of the experiment whose runs keep their artifacts there; None: wherever the server puts them.

    It is made where it is missing and brought back where it was deleted. MLflow fixes the place for ever, so that an
    experiment of another place (a moved project, another bucket) is kept under a name that says so, and gets its name
    back with its place.
    """
    found = client.get_experiment_by_name(name)
    if found and artifacts and not _same(found.artifact_location, artifacts):
        _rename(client, found, f"{name} in {found.artifact_location}")
        found = client.get_experiment_by_name(f"{name} in {artifacts}")
        if found:
            _rename(client, found, name)
    if found is None:
        return _create(client, name, artifacts)
    if found.lifecycle_stage != "active":
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


def _same(place: str, other: str) -> bool:
    """Say whether two places are one: the same address, or the same folder by another path."""
    return place == other or ("://" not in place + other and Path(place).resolve() == Path(other).resolve())


def _rename(client: "MlflowClient", found: "Experiment", name: str) -> None:
    """Give an experiment another name, with its number where that name is taken; MLflow does it with no deleted one."""
    deleted, number = found.lifecycle_stage != "active", found.experiment_id
    if deleted:
        client.restore_experiment(number)
    client.rename_experiment(number, f"{name} ({number})" if client.get_experiment_by_name(name) else name)
    if deleted:
        client.delete_experiment(number)


def make_database(database: Path, artifacts: Path) -> None:
    """Make MLflow's SQLite file where there is none.

    MLflow's migrations wait for the disk after each step; here they fill a temporary file, and the disk is waited for
    once. Several processes may start together: one file wins, and none is seen half made.
    """
    if database.exists():
        return
    database.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=database.parent, prefix=".new-") as folder:
        made = Path(folder) / database.name
        _migrate(made, artifacts)
        with contextlib.suppress(OSError):  # there by now; or no hard links here, then MLflow fills its own, slowly
            os.link(made, database)


def _migrate(database: Path, artifacts: Path) -> None:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def hurry(connection: sqlite3.Connection, _: Any) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    event.listen(Engine, "connect", hurry)
    try:
        store = SqlAlchemyStore(f"sqlite:///{database}", str(artifacts))
        store.engine.dispose()
    finally:
        event.remove(Engine, "connect", hurry)
    with database.open("rb+") as file:
        os.fsync(file.fileno())


def _create(client: "MlflowClient", name: str, artifacts: str | None) -> str:
    from mlflow.exceptions import MlflowException

    try:
        made: str = client.create_experiment(name, artifact_location=artifacts)
    except MlflowException as error:
        if error.error_code == "RESOURCE_ALREADY_EXISTS":  # another process was first
            return experiment(client, name, artifacts)
        raise
    return made
