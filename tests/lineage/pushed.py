"""A small project whose objects are in a bucket or folder, and what MLflow knows of it"""

from pathlib import Path
from typing import Any

from src.files import digest
from src.lineage.mlflow_backend import opened
from src.lineage.settings import Settings
from src.lineage.storage import Bucket, remote
from tests.conftest import Project
from tests.lineage.conftest import Minio, point, point_to_folder, remake


def pushed_to(project: Project, minio: Minio, bucket: str) -> Project:
    """Point the project to a bucket of its own and push."""
    point(project.root, minio.remote(bucket))
    remote(project.root).set_up()
    put(project)
    return project


def pushed_to_folder(project: Project, folder: Path) -> Project:
    """Point the project to a folder and push."""
    point_to_folder(project.root, folder)
    remote(project.root).set_up()
    put(project)
    return project


def put(project: Project) -> None:
    """Bring the model's object to the bucket as `dvc push` does, without its seconds."""
    place, md5 = remote(project.root), md5_of(project)
    prefix = "dvc/" if isinstance(place, Bucket) else ""
    place.replace(f"{prefix}files/md5/{md5[:2]}/{md5[2:]}", (project.root / "models" / "model.pkl").read_bytes())


def md5_of(project: Project) -> str:
    """Return the model's md5."""
    return digest(project.root / "models" / "model.pkl", "md5")


def another_model(project: Project, seed: int) -> None:
    """Make and push another model."""
    remake(project, seed)
    put(project)


def aliases(settings: Settings) -> dict[str, str]:
    """Return MLflow's version of each alias."""
    with opened(settings) as mlflow:
        found = mlflow.MlflowClient().get_registered_model("credit-score").aliases
    return {alias: str(version) for alias, version in found.items()}


def version(settings: Settings, number: str | None) -> Any:
    """Return a version as MLflow has it."""
    with opened(settings) as mlflow:
        return mlflow.MlflowClient().get_model_version("credit-score", number)


def versions(settings: Settings) -> int:
    """Return how many versions MLflow has."""
    with opened(settings) as mlflow:
        return len(mlflow.MlflowClient().search_model_versions("name = 'credit-score'"))
