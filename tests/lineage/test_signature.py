"""What a version says of its input is true of the model: MLflow takes what the contract takes, and refuses the rest."""

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from starlette.testclient import TestClient

from src.files import sha256_of, write_bytes
from src.lineage.mlflow_backend import plainly
from src.lineage.model_versions import Flavor
from src.lineage.settings import Settings
from src.lineage.signature import example, signature
from src.model.artifact import ArtifactError, to_bytes
from src.model.card import CARD, MODEL, Card, Feature, read_card, write_card
from src.model.features import StatefulEncoder
from tests.conftest import ROOT

FEATURES = {  # name -> type, whether it is required, its example
    "amount": ("integer", True, 3),
    "late": ("integer", False, None),
    "rate": ("number", True, 0.5),
    "owner": ("boolean", True, True),
    "married": ("boolean", False, None),
    "region": ("category", True, "North"),
    "job": ("category", False, "clerk"),
    "balance (EUR)": ("number", False, 10.5),
    "employer": ("text", False, "mill"),
    "since": ("date", False, "2020-02-29"),
}
STATES = {"balance (EUR)": ["no account"]}
LABELS = {"region": ["North", "South"], "job": ["clerk", "cook"]}
TYPES = {
    "amount": ("long", True),
    "late": ("double", False),
    "rate": ("double", True),
    "owner": ("boolean", True),
    "married": ("double", False),
    "region": ("string", True),
    "job": ("string", False),
    "employer": ("string", False),
    "since": ("double", False),
}
REFERENCE = {"amount": 2, "late": None, "rate": 0.1, "owner": False, "married": True, "region": "South", "job": None,
             "balance (EUR)": "no account", "employer": None, "since": 400}  # fmt: skip


@pytest.fixture(scope="module")
def mlflow() -> Iterator[ModuleType]:
    """MLflow with its scoring server; it needs no store."""
    with plainly(Settings()):
        importlib.import_module("mlflow.pyfunc.scoring_server")
        yield importlib.import_module("mlflow")


@pytest.fixture(scope="module")
def card() -> Card:
    """A card of features of every type, some of which may be missing."""
    committed = read_card(ROOT / "models" / CARD)
    bare = committed.features[0].model_dump()
    features = [
        Feature.model_validate(
            bare
            | {"name": name, "type": kind, "required": required, "example": shown, "codes": {}}
            | {"categories": LABELS.get(name), "states": STATES.get(name, [])}
        )
        for name, (kind, required, shown) in FEATURES.items()
    ]
    return committed.model_copy(update={"features": features, "reference": REFERENCE})


@pytest.fixture(scope="module")
def model(card: Card) -> Any:
    """A model of that card, in which every feature weighs."""
    random, n = np.random.default_rng(3), 200
    numeric = [feature.name for feature in card.features if feature.numeric]
    numbers = {name: random.integers(0, 2, n).astype(float) for name in numeric}
    texts = {name: random.choice(labels, n) for name, labels in (LABELS | {"employer": ["mill", "bank"]}).items()}
    X = pd.DataFrame(numbers | texts)
    X = X.mask(random.random(X.shape) < 0.2).astype({"balance (EUR)": object})
    X.loc[:40, "balance (EUR)"] = "no account"
    optional = [feature.name for feature in card.features if not feature.required and feature.name in numbers]
    known = {"states": STATES, "texts": ["employer"], "least": 10, "most": 9, "seed": 1}
    encoder = StatefulEncoder(numeric, optional, LABELS, bins=2, **known)
    return make_pipeline(encoder, LogisticRegression()).fit(X, random.integers(0, 2, n))


@pytest.fixture
def folder(mlflow: ModuleType, card: Card, model: Any, tmp_path: Path) -> Path:
    """The model as it is published."""
    content = to_bytes(model)
    write_bytes(tmp_path / "models" / MODEL, content)
    write_card(tmp_path / "models" / CARD, card.model_copy(update={"sha256": sha256_of(content)}))
    (tmp_path / "src").symlink_to(ROOT / "src")
    Flavor(mlflow, tmp_path, card).save_model(str(tmp_path / "published"), mlflow.models.Model())
    return tmp_path / "published"


@pytest.fixture
def client(mlflow: ModuleType, folder: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """MLflow's scoring server, in this process."""
    monkeypatch.setenv("_MLFLOW_IS_IN_SERVING_ENVIRONMENT", "true")  # the server sets it, and leaves it
    return TestClient(mlflow.pyfunc.scoring_server.init(mlflow.pyfunc.load_model(str(folder))))


def asked(client: TestClient, applicant: dict[str, object]) -> Any:
    return client.post("/invocations", json={"dataframe_records": [applicant]})


def test_types_are_the_contracts_and_what_may_be_missing_is_double(mlflow: ModuleType, card: Card) -> None:
    columns = signature(mlflow, card).inputs.inputs
    assert {column.name: (column.type.name, column.required) for column in columns if column.name in TYPES} == TYPES
    (mixed,) = (column for column in columns if column.name not in TYPES)
    assert (mixed.name, str(mixed.type), mixed.required) == ("balance (EUR)", "Any", False)


def test_example_is_the_contracts_where_it_has_one_and_else_the_reference_applicant(card: Card) -> None:
    assert example(card) == {
        "amount": 3, "late": None, "rate": 0.5, "owner": True, "married": True, "region": "North", "job": "clerk",
        "balance (EUR)": 10.5, "employer": "mill", "since": 400
    }  # fmt: skip


def test_input_example_is_readable_and_served(
    mlflow: ModuleType, folder: Path, client: TestClient, card: Card, model: Any
) -> None:
    found = mlflow.models.Model.load(str(folder)).load_input_example(str(folder))
    assert found.astype(object).where(found.notna(), None).to_dict("records") == [example(card)]
    answer = client.post("/invocations", json=json.loads((folder / "serving_input_example.json").read_text()))
    assert answer.json()["predictions"] == model.predict_proba(pd.DataFrame([example(card)])).tolist()


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"late": 4, "married": False, "job": "cook"},
        {"late": None, "married": None, "job": None},
        {"late": 1, "married": None, "region": "South", "owner": False},
        {"balance (EUR)": "no account", "employer": "a new one", "since": None},
        {"balance (EUR)": None, "employer": None, "since": 3},
    ],
)
def test_served_applicant_is_scored_as_the_model_scores_it(
    client: TestClient, card: Card, model: Any, change: dict[str, object]
) -> None:
    applicant = example(card) | change
    expected = model.predict_proba(pd.DataFrame([applicant])).tolist()
    assert asked(client, applicant).json()["predictions"] == expected
    given = {name: value for name, value in applicant.items() if value is not None}
    assert asked(client, given).json()["predictions"] == expected, "a column that may be missing may be left out"


@pytest.mark.parametrize("name", [name for name, (_, required, _) in FEATURES.items() if required])
def test_applicant_without_a_required_column_is_refused_by_its_name(client: TestClient, card: Card, name: str) -> None:
    answer = asked(client, {key: value for key, value in example(card).items() if key != name})
    assert (answer.status_code, name in answer.text) == (400, True)


def test_model_of_other_bytes_than_the_cards_is_not_loaded(mlflow: ModuleType, folder: Path) -> None:
    (folder / MODEL).write_bytes(b"another")
    with pytest.raises(ArtifactError, match="refused, its sha256 is"):
        mlflow.pyfunc.load_model(str(folder))
