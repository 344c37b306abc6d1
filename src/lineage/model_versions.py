"""a verified models/ -> a version of the registered model `credit-score`, its tags and its alias"""

import platform
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as installed
from pathlib import Path
from types import ModuleType
from typing import Any

from src.lineage.folder import Folder
from src.lineage.mlflow_backend import experiment
from src.lineage.storage import Bucket
from src.model.card import CARD, MODEL, Card

NAME = "credit-score"
EXPERIMENT = "credit-score-models"
CHAMPION, CHALLENGER = "champion", "challenger"
CODE = ("src/*.py", "src/contract/*.py", "src/model/*.py")
SHA256, COMMIT, DIRTY = "model.sha256", "git.commit", "git.dirty"


@dataclass(frozen=True)
class Flavor:
    """What MLflow calls a flavor, a writer of model folders: this one takes DVC's own bytes."""

    mlflow: ModuleType
    root: Path
    card: Card

    def save_model(self, path: str, mlflow_model: Any) -> None:
        """Copy model.pkl, the card and the code that the pickle names, and say how they are loaded."""
        folder = Path(path)
        folder.mkdir()
        for name in (MODEL, CARD):
            shutil.copyfile(self.root / "models" / name, folder / name)
        self._copy_code(folder / "code")
        self._write_requirements(folder)
        self.mlflow.pyfunc.add_to_model(
            mlflow_model,
            loader_module="mlflow.sklearn",
            model_path=MODEL,
            predict_fn="predict_proba",
            code="code",
            python_env="python_env.yaml",
        )
        mlflow_model.add_flavor(
            "sklearn",
            pickled_model=MODEL,
            serialization_format="pickle",
            sklearn_version=self.card.libraries["scikit-learn"],
            code="code",
        )
        mlflow_model.save(str(folder / "MLmodel"))

    def _copy_code(self, folder: Path) -> None:
        """Copy modules without their __init__.py: so a process that has the project's own package keeps to that."""
        for file in (file for pattern in CODE for file in self.root.glob(pattern) if file.name != "__init__.py"):
            copy = folder / file.relative_to(self.root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)

    def _write_requirements(self, folder: Path) -> None:
        """Write what `mlflow models serve` installs where it is not told to use the environment around it."""
        pins = {**self.card.libraries, "mlflow": installed("mlflow")}
        (folder / "requirements.txt").write_text("".join(f"{name}=={number}\n" for name, number in pins.items()))
        python = f"python: {platform.python_version()}\ndependencies:\n- -r requirements.txt\n"
        (folder / "python_env.yaml").write_text(python)


@dataclass(frozen=True)
class Registry:
    """MLflow's registered model, its files at `place`."""

    mlflow: ModuleType
    place: Bucket | Folder
    runs: Path

    @property
    def _client(self) -> Any:
        return self.mlflow.MlflowClient()

    def find(self, sha256: str) -> str | None:
        """Return the newest version of this model whose file is still there."""
        found = self._client.search_model_versions(f"name = '{NAME}' and tags.`{SHA256}` = '{sha256}'")
        for version in sorted(found, key=lambda each: int(each.version), reverse=True):
            folder = self._client.get_model_version_download_uri(NAME, version.version)
            if self.place.holds(f"{folder.rstrip('/')}/{MODEL}"):
                return str(version.version)
        return None

    def add(self, root: Path, card: Card, tags: dict[str, str]) -> str:
        """Make a version of the model in `root`; its bytes were verified before."""
        where = self.place.published or str(self.runs)
        number = experiment(self._client, EXPERIMENT, where)
        flavor = Flavor(self.mlflow, root, card)
        with self.mlflow.start_run(experiment_id=number, run_name=f"publish {card.sha256[:12]}", tags=tags):
            logged = self.mlflow.models.Model.log(
                artifact_path=None, name=NAME, flavor=flavor, registered_model_name=NAME, tags=tags
            )
        return str(logged.registered_model_version)

    def published(self, version: str) -> str:
        """Return when the version was made, to the second."""
        made = self._client.get_model_version(NAME, version).creation_timestamp // 1000
        return datetime.fromtimestamp(made, UTC).isoformat()

    def describe(self, version: str, tags: dict[str, str]) -> None:
        """Let the version's tags say what is known of it now."""
        known = self._client.get_model_version(NAME, version).tags
        if COMMIT in known and COMMIT not in tags:
            self._client.delete_model_version_tag(NAME, version, COMMIT)
        for key in (key for key in tags if known.get(key) != tags[key]):
            self._client.set_model_version_tag(NAME, version, key, tags[key])

    def rank(self, version: str, *, dirty: bool) -> str:
        """Give the version its alias and return it: a dirty model is no champion unless there is none."""
        aliases = self._client.get_registered_model(NAME).aliases
        champion = str(aliases.get(CHAMPION, version))
        alias = CHALLENGER if dirty and champion != version else CHAMPION
        if str(aliases.get(alias)) != version:
            self._client.set_registered_model_alias(NAME, alias, version)
        if alias == CHAMPION and str(aliases.get(CHALLENGER)) == version:
            self._client.delete_registered_model_alias(NAME, CHALLENGER)
        return alias
