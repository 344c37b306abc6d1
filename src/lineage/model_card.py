"""a card, its evaluation and its data package -> the model card of a bill of materials (CycloneDX 1.7); pure"""

from typing import Any

from src.lineage.lock import DATA
from src.model.card import Card, Feature

Part = dict[str, Any]
SPLITS = ("data/processed/train.parquet", "data/processed/test.parquet")
ANSWERS = ("probability_of_default: number", "score: integer", "decision: approve or decline", "reasons: list")
BY_GROUP = ("roc_auc", "approval_rate", "approval_ratio", "bad_rate", "mean_pd")


def of(card: Card, evaluation: Part, package: Part) -> Part:
    """Return what training decided and what the test split showed, by protected group too."""
    return {
        "modelParameters": {
            "approach": {"type": "supervised"},
            "task": "binary classification: probability of default",
            "modelArchitecture": card.candidate,
            "datasets": [{"ref": path} for path in (DATA, *SPLITS)],
            "inputs": [{"format": _input(feature)} for feature in card.features],
            "outputs": [{"format": answer} for answer in ANSWERS],
        },
        "quantitativeAnalysis": {"performanceMetrics": [*_overall(evaluation), *_by_group(evaluation)]},
        **_limits(package),
    }


def _input(feature: Feature) -> str:
    unit = f" in {feature.unit}" if feature.unit else ""
    return f"{feature.name}: {feature.type}{unit}{'' if feature.required else ', may be missing'}"


def _overall(evaluation: Part) -> list[Part]:
    return [
        {
            "type": name,
            "value": str(found["value"]),
            "slice": "test split",
            "confidenceInterval": {"lowerBound": str(found["low"]), "upperBound": str(found["high"])},
        }
        for name, found in evaluation["metrics"].items()
    ]


def _by_group(evaluation: Part) -> list[Part]:
    return [
        {"type": name, "value": str(group[name]), "slice": f"test split, {group['field']} = {group['group']}"}
        for group in evaluation["fairness"]
        for name in BY_GROUP
        if group.get(name) is not None
    ]


def _limits(package: Part) -> Part:
    """Return what the data package says of the data's reach, as a limitation of what was learnt from them."""
    text = str(package.get("description", "")).strip()
    return {"considerations": {"technicalLimitations": [text]}} if text else {}
