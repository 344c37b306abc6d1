"""Airflow's own environment, a home of its own for each deployment, and a project whose data is in a real MinIO"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from src.journal.database import connect_engine, migrate
from src.lineage.storage import remote
from tests.airflow.deployment import Airflow
from tests.conftest import Project, put_database
from tests.lineage.conftest import Minio, commit, minio_program, own_minio, point

__all__ = ["minio_program", "own_minio"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder; a busy machine may take its time."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.airflow)
            item.add_marker(pytest.mark.timeout(3600))


@pytest.fixture(scope="session")
def airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with Airflow's database in it, to be copied: making it takes seconds."""
    home = tmp_path_factory.mktemp("airflow") / "home"
    made = Airflow(home, home).run("db", "migrate")
    assert made.returncode == 0, made.stdout
    return home


def deployed(airflow_home: Path, folder: Path, project: Project) -> Airflow:
    """A deployment of Airflow beside a project that has a log, to which the API has brought its schema."""
    log = project.root / "var" / "api" / "journal.db"
    log.parent.mkdir(parents=True, exist_ok=True)
    engine = connect_engine(f"sqlite:///{log}", 10.0)
    migrate(engine, log)
    engine.dispose()
    shutil.copytree(airflow_home, folder, ignore=shutil.ignore_patterns("airflow.cfg"))  # which names its own folder
    return Airflow(folder, project.root)


def stored(project: Project, minio: Minio, bucket: str) -> Project:
    """The project, committed, with its bucket made."""
    point(project.root, minio.remote(bucket))
    remote(project.root).set_up()
    commit(project)
    return project


@pytest.fixture
def pipeline(airflow_home: Path, light_run: Project, own_minio: Minio, tmp_path: Path) -> Airflow:
    """A project that was computed and never pushed, its own MinIO, and Airflow beside it."""
    project = stored(light_run.copy(tmp_path / "project"), own_minio, "airflow")
    return deployed(airflow_home, tmp_path / "home", project)


@pytest.fixture(scope="session")
def store(minio_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Minio]:
    """The MinIO of `trained`."""
    server = Minio(tmp_path_factory.mktemp("store") / "data", minio_program)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def trained(
    airflow_home: Path,
    light_run: Project,
    empty_database: Path,
    store: Minio,
    tmp_path_factory: pytest.TempPathFactory,
) -> Airflow:
    """A clone of the light project in which nothing had run, after a run of `lastro_training`."""
    folder = tmp_path_factory.mktemp("trained")
    committed = stored(light_run.copy(folder / "committed"), store, "airflow")
    committed.run("git", "clone", "--quiet", str(committed.root), str(folder / "project"))
    project = Project(folder / "project")
    point(project.root, store.remote("airflow"))
    put_database(empty_database, project.root / "var")
    airflow = deployed(airflow_home, folder / "home", project)
    done = airflow.test("lastro_training")
    assert done.returncode == 0, done.stdout
    return airflow
