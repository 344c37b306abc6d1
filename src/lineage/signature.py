"""the card -> what MLflow's version says of its input: the columns' types, which of them are required, an example"""

from types import ModuleType
from typing import Any

from src.model.card import Card, Feature, Value

TYPES = {"category": "string", "integer": "long", "number": "double", "boolean": "boolean"}


def signature(mlflow: ModuleType, card: Card) -> Any:
    """Return MLflow's signature: the features in the card's order, and a row's two probabilities."""
    columns = [mlflow.types.ColSpec(type_of(each), each.name, required=each.required) for each in card.features]
    pair = mlflow.types.TensorSpec(mlflow.types.DataType.double.to_numpy(), (-1, 2))
    return mlflow.models.ModelSignature(mlflow.types.Schema(columns), mlflow.types.Schema([pair]))


def type_of(feature: Feature) -> str:
    """Return MLflow's type: whole numbers and booleans that may be missing are `double`, which alone has a NaN.

    (MLflow refuses a missing one of type `long`, and takes a missing `boolean` for false.)
    """
    return "string" if feature.type == "category" else TYPES[feature.type] if feature.required else "double"


def example(card: Card) -> dict[str, Value]:
    """Return an applicant: the contract's example values, where it has none the reference applicant's."""
    return {
        feature.name: card.reference[feature.name] if feature.example is None else feature.example
        for feature in card.features
    }
