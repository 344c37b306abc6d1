"""the card -> what MLflow's version says of its input: the columns' types, which of them are required, an example"""

from types import ModuleType
from typing import Any

from src.model.card import Card, Feature, Value

TYPES = {"integer": "long", "date": "long", "number": "double", "boolean": "boolean"}


def signature(mlflow: ModuleType, card: Card) -> Any:
    """Return MLflow's signature: the features in the card's order, and a row's two probabilities."""
    columns = [mlflow.types.ColSpec(type_of(mlflow, each), each.name, required=each.required) for each in card.features]
    pair = mlflow.types.TensorSpec(mlflow.types.DataType.double.to_numpy(), (-1, 2))
    return mlflow.models.ModelSignature(mlflow.types.Schema(columns), mlflow.types.Schema([pair]))


def type_of(mlflow: ModuleType, feature: Feature) -> Any:
    """Return MLflow's type: whole numbers and booleans that may be missing are `double`, which alone has a NaN.

    (MLflow refuses a missing one of type `long`, and takes a missing `boolean` for false.) A date is its days before
    the application. Numbers with states are of any type: a column holds numbers and labels.
    """
    if feature.mixed:
        return mlflow.types.schema.AnyType()
    return "string" if not feature.numeric else TYPES[feature.type] if feature.required else "double"


def example(card: Card) -> dict[str, Value]:
    """Return an applicant: the contract's example values, where it has none the reference applicant's, as of dates."""
    known = {feature.name: feature.example for feature in card.features if feature.type != "date"}
    return {name: value if known.get(name) is None else known[name] for name, value in card.reference.items()}
