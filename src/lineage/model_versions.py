"""a verified models/ -> a version of the registered model `credit-score` in MLflow, its tags, its aliases"""

import contextlib
import json
import platform
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path
from types import ModuleType
from typing import Any

from src.lineage.chain import Place
from src.lineage.dossier import TEXT, Dossier
from src.lineage.mlflow_backend import experiment, opened, plainly
from src.lineage.pictures import draw, names
from src.lineage.refused_user import named
from src.lineage.settings import Settings
from src.lineage.signature import example, signature
from src.model.card import CARD, MODEL, Card

NAME = "credit-score"
EXPERIMENT = "credit-score-models"
CODE = ("src/*.py", "src/contract/*.py", "src/model/*.py")
SHA256, COMMIT, DIRTY, DATA_MD5 = "model.sha256", "git.commit", "git.dirty", "data.md5"
VERSION, FORM_SHA256 = "lastro.version", "form.sha256"  # the version's number in the chain; MLflow's may be another
DRAWN = "lastro.event"  # a tag of the registered model
PICTURES = "plots"  # the folder of a run's artifacts
EXAMPLE, REQUEST = "input_example.json", "serving_input_example.json"


@dataclass(frozen=True)
class Flavor:
    """What MLflow calls a flavor, a writer of model folders: this one takes DVC's own bytes."""

    mlflow: ModuleType
    root: Path
    card: Card

    def save_model(self, path: str, mlflow_model: Any, **_: object) -> None:
        """Copy model.pkl, the card and the code that the pickle names, and say how they are loaded and asked."""
        folder = Path(path)
        folder.mkdir()
        for name in (MODEL, CARD):
            shutil.copyfile(self.root / "models" / name, folder / name)
        self._copy_code(folder / "code")
        self._write_requirements(folder)
        self._write_example(folder)
        mlflow_model.signature = signature(self.mlflow, self.card)
        mlflow_model.saved_input_example_info = {
            "artifact_path": EXAMPLE,
            "serving_input_path": REQUEST,
            "type": "dataframe",
            "pandas_orient": "split",
        }
        self.mlflow.pyfunc.add_to_model(
            mlflow_model, loader_module="src.model.loader", code="code", python_env="python_env.yaml"
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

    def _write_example(self, folder: Path) -> None:
        """Write an applicant as a table, and as what is sent to `mlflow models serve`."""
        applicant = example(self.card)
        split = {"columns": list(applicant), "data": [list(applicant.values())]}
        (folder / EXAMPLE).write_text(json.dumps(split), encoding="utf-8")
        (folder / REQUEST).write_text(json.dumps({"dataframe_split": split}, indent=2), encoding="utf-8")

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
    place: Place
    runs: Path

    @property
    def _client(self) -> Any:
        return self.mlflow.MlflowClient()

    def versions(self) -> list[Any]:
        """Return all versions as MLflow has them, the newest first."""
        found = self._client.search_model_versions(f"name = '{NAME}'")
        return sorted(found, key=lambda each: int(each.version), reverse=True)

    def model(self) -> Any:
        """Return the registered model as MLflow has it; None where it has none of that name."""
        try:
            return self._client.get_registered_model(NAME)
        except self.mlflow.exceptions.MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise

    def find(self, number: int, dossier: Dossier) -> str | None:
        """Return MLflow's newest version of that number in the chain that says all that is known, its file there."""
        for version in (each for each in self.versions() if each.tags.get(VERSION) == str(number)):
            folder = self._client.get_model_version_download_uri(NAME, version.version)
            if self.place.holds(f"{folder.rstrip('/')}/{MODEL}") and self._says_all(version, dossier):
                return str(version.version)
        return None

    def _says_all(self, version: Any, dossier: Dossier) -> bool:
        """Say whether a version has the signature, an example, the metrics, a data set and the pictures."""
        runs = self._client.search_runs([self._experiment()], f"attributes.run_id = '{version.run_id}'")
        if not runs:
            return False
        [run] = runs
        model = self.mlflow.models.get_model_info(f"models:/{NAME}/{version.version}")
        pictures = {file.path for file in self._client.list_artifacts(run.info.run_id, PICTURES)}
        return bool(
            model.signature == signature(self.mlflow, dossier.card)
            and model.saved_input_example_info
            and dossier.metrics.items() <= run.data.metrics.items()
            and run.inputs.dataset_inputs
            and pictures >= {f"{PICTURES}/{name}" for name in names(dossier.plots)}
        )

    def _experiment(self) -> str:
        return experiment(self._client, EXPERIMENT, self.place.published or str(self.runs))

    def add(self, root: Path, dossier: Dossier, tags: dict[str, str]) -> str:
        """Make a version of the model in `root`; its bytes were verified before.

        What the run says comes first: MLflow gives its metrics to the model, and a version never lacks them.
        """
        card, name = dossier.card, f"publish {dossier.card.sha256[:12]}"
        with self.mlflow.start_run(experiment_id=self._experiment(), run_name=name, tags=tags):
            self.mlflow.log_input(self._data(card, tags[DATA_MD5]), context="training and test")
            self.mlflow.log_metrics(dossier.metrics)
            with tempfile.TemporaryDirectory() as folder:
                draw(dossier.plots, Path(folder))
                self.mlflow.log_artifacts(folder, PICTURES)
            self.mlflow.log_text(dossier.text, TEXT.name)
            logged = self.mlflow.models.Model.log(
                artifact_path=None,
                name=NAME,
                flavor=Flavor(self.mlflow, root, card),
                registered_model_name=NAME,
                tags=tags,
                validate_serving_input=False,  # nothing is unpickled here
            )
        return str(logged.registered_model_version)

    def _data(self, card: Card, md5: str) -> Any:
        """Return the data set as MLflow has it: DVC's object, its hash, the columns that training read."""
        data, types, url = self.mlflow.data, self.mlflow.types, self.place.url_of(md5)
        kind = "s3" if url.startswith("s3://") else "local"
        source = data.get_dataset_source_from_json(json.dumps({"uri": url}), kind)
        target = types.ColSpec("string", card.target.name)
        schema = types.Schema([*signature(self.mlflow, card).inputs.inputs, target])
        return data.meta_dataset.MetaDataset(source, card.dataset.name, md5, schema)

    def describe(self, version: str, dossier: Dossier, tags: dict[str, str]) -> None:
        """Let the version's tags and its description say what is known of it now."""
        found = self._client.get_model_version(NAME, version)
        known = found.tags
        if found.description not in (dossier.text, dossier.short):
            try:
                self._client.update_model_version(NAME, version, dossier.text)
            except self.mlflow.exceptions.MlflowException:  # a database that counts the characters
                self._client.update_model_version(NAME, version, dossier.short)
        if COMMIT in known and COMMIT not in tags:
            self._client.delete_model_version_tag(NAME, version, COMMIT)
        for key in (key for key in tags if known.get(key) != tags[key]):
            self._client.set_model_version_tag(NAME, version, key, tags[key])

    def tag(self, version: str, key: str, value: str) -> None:
        """Set a version's tag."""
        self._client.set_model_version_tag(NAME, version, key, value)

    def point(self, alias: str, version: str | None) -> None:
        """Give an alias to a version, or to none."""
        if version is None:
            self._client.delete_registered_model_alias(NAME, alias)
        else:
            self._client.set_registered_model_alias(NAME, alias, version)

    def mark(self, value: str) -> None:
        """Write down which event was drawn last."""
        self._client.set_registered_model_tag(NAME, DRAWN, value)


@contextlib.contextmanager
def opened_registry(settings: Settings, place: Place) -> Iterator[Registry]:
    """Yield MLflow's registry; raises TrackingError or StorageError, a sentence, where MLflow or the place fails."""
    with place.plainly(), named(settings), opened(settings, place.environment()) as mlflow, plainly(settings):
        yield Registry(mlflow, place, settings.runs_folder)
