"""params.yaml, the training split -> a folder for each candidate: models/, MLflow's, and applicants"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import Model
from threadpoolctl import threadpool_limits

from src.compile.compiler import compile_model
from src.contract.package import read_package
from src.contract.table import read_table
from src.files import sha256_of, write_bytes, write_json
from src.lineage.model_versions import Flavor
from src.model import candidates
from src.model.artifact import to_bytes
from src.model.card import CARD, MODEL, Card, read_card, write_card
from src.model.entrants import entrants
from src.model.inputs import inputs
from src.model.kinds import KINDS
from src.params import read_params
from src.pipeline.export import export_of, trees_of
from src.serving.export import EXPORT, TREES, Parity

ROOT = Path(__file__).resolve().parents[1]
APPLICATIONS = ROOT / "data/raw/applications.parquet"
TRAIN = ROOT / "data/processed/train.parquet"
UNCOMPARED = Parity(dataset_rows=0, random_rows=0, largest_difference=0, flipped_decisions=0)
CHANGED = 0.15  # share of an applicant's values that are another's


@dataclass(frozen=True)
class Candidate:
    """One candidate's folders: `served` is models/, `mlflow` is as it is published."""

    name: str
    served: Path
    mlflow: Path


def fitted(folder: Path, names: list[str]) -> Iterator[Candidate]:
    """Fit each candidate of params.yaml on the training split and write it in both forms."""
    params = read_params(ROOT / "params.yaml", KINDS)
    package = read_package(ROOT / params.dataset)
    card = read_card(ROOT / "models" / CARD)
    table = read_table(TRAIN)
    X = inputs(table, card.features, card.time)
    bad = package.is_bad(table[card.target.name]).to_numpy().astype("int64")
    entered = entrants(params.train.candidates, len(X)).present
    pipelines = candidates.build(entered, card.features, params.seed, params.train.text)
    for name in names or list(pipelines):
        with threadpool_limits(1):
            model = pipelines[name].fit(X, bad)
        content = to_bytes(model)
        changes = {"candidate": name, "calibrated": False, "sha256": sha256_of(content)}
        yield written(folder / name, card.model_copy(update=changes), model, content)


def written(folder: Path, card: Card, model: Any, content: bytes) -> Candidate:
    """Write one fitted model in both forms."""
    made = Candidate(card.candidate, folder / "models", folder / "mlflow")
    compiled = compile_model(model, card.features)
    content_of_trees = trees_of(compiled)
    write_bytes(made.served / MODEL, content)
    write_bytes(made.served / TREES, content_of_trees)
    write_card(made.served / CARD, card)
    write_json(made.served / EXPORT, export_of(card, compiled, content_of_trees, UNCOMPARED).model_dump(mode="json"))
    (folder / "src").symlink_to(ROOT / "src")
    Flavor(mlflow, folder, card).save_model(str(made.mlflow), Model())
    return made


def tested() -> pd.DataFrame:
    """The applicants of the test split."""
    card = read_card(ROOT / "models" / CARD)
    return inputs(read_table(TRAIN.with_name("test.parquet")), card.features, card.time)


def applicants(count: int, seed: int) -> pd.DataFrame:
    """Distinct applicants: rows of the data set, some of whose values are other rows'."""
    random = np.random.default_rng(seed)
    card = read_card(ROOT / "models" / CARD)
    known = read_table(APPLICATIONS)[[feature.name for feature in card.features]].astype(object)
    table = known.sample(2 * count, replace=True, random_state=seed, ignore_index=True)
    for name in table:
        others = known[name].sample(len(table), replace=True, random_state=random, ignore_index=True)
        table[name] = table[name].mask(random.random(len(table)) < CHANGED, others)
    return table.drop_duplicates(ignore_index=True).head(count)
