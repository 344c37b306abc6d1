"""models/ + data/processed/test.parquet -> the answer for its first applicant, one line of JSON"""

import json
import os
import time
import uuid
from typing import Any

import pandas as pd

from ops.deployment import ROOT
from src.contract.table import read_table
from src.errors import run
from src.model.artifact import load_model
from src.model.card import Card
from src.model.points import decide, points

MOST_REASONS = 4


def main() -> None:
    """Print the answer."""
    card, model = load_model(ROOT / "models")
    print(json.dumps(answer(card, model, read_table(ROOT / "data" / "processed" / "test.parquet").head(1))))


def answer(card: Card, model: Any, applicant: pd.DataFrame) -> dict[str, Any]:
    """Return PD, score and decision for a table of one applicant, with the reasons where they are declined."""
    row = applicant[[feature.name for feature in card.features]]
    asked = pd.concat([row, *(row.assign(**{name: value}) for name, value in card.reference.items())])
    asked = asked.astype(row.dtypes.to_dict())
    probability, *others = model.predict_proba(asked)[:, 1].tolist()
    decision = decide(probability, card.threshold)
    return {
        "prediction_id": str(time_ordered_id()),
        "probability_of_default": probability,
        "score": points(probability, card.scale),
        "decision": decision,
        "reasons": reasons(card, row, probability, others) if decision == "decline" else [],
        "model": registration(card),
    }


def reasons(card: Card, row: pd.DataFrame, probability: float, others: list[float]) -> list[dict[str, Any]]:
    """Return the features whose replacement by the reference applicant's value lowers the PD most.

    `others` are the PDs with each feature replaced, in the order of `card.reference`.
    """
    titles = {feature.name: feature.title for feature in card.features}
    values = json.loads(row.to_json(orient="records"))[0]
    lower = sorted((other, name) for other, name in zip(others, card.reference, strict=True) if other < probability)
    score = points(probability, card.scale)
    return [
        {"feature": name, "title": titles[name], "value": values[name], "points": points(other, card.scale) - score}
        for other, name in lower[:MOST_REASONS]
    ]


def registration(card: Card) -> dict[str, str | None]:
    """Return which model this is; its version is unknown where another one was published."""
    published = json.loads((ROOT / "models" / "registry.json").read_text())
    known = published if published["sha256"] == card.sha256 else {}
    return {
        "name": card.name,
        "version": known.get("version"),
        "sha256": card.sha256,
        "git_commit": known.get("git_commit"),
        "data_md5": card.data["applications"],
    }


def time_ordered_id() -> uuid.UUID:
    """Return an identifier that sorts by its time (UUID version 7, RFC 9562)."""
    bits = time.time_ns() // 1_000_000 << 80 | int.from_bytes(os.urandom(10))
    return uuid.UUID(int=bits & ~(0xF << 76 | 0x3 << 62) | 7 << 76 | 2 << 62)


if __name__ == "__main__":
    run(main)
