"""models/ + data/processed/test.parquet -> models/evaluation.json, reports/{metrics.json,plots/}, MODEL_CARD.md"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from src.contract.package import Package, read_package
from src.contract.table import read_table
from src.errors import run
from src.files import rounded, write_bytes, write_json
from src.model import report
from src.model.artifact import load_model
from src.model.card import Card
from src.params import read_params

PARAMS = Path("params.yaml")
TEST = Path("data/processed/test.parquet")
MODELS = Path("models")
CANDIDATES = Path("reports/candidates.json")
EXPORT = Path("models/export.json")
METRICS = Path("reports/metrics.json")
PLOTS = Path("reports/plots")
MODEL_CARD = Path("MODEL_CARD.md")


def _table(head: list[str], rows: list[list[object]]) -> str:
    lines: list[Sequence[object]] = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join('' if cell is None else str(cell) for cell in line)} |" for line in lines)


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _served(export: dict[str, Any]) -> str:
    parity = export["parity"]
    if parity is None:
        return f"`models/{export['file']}` itself: {export['why']}"
    return (
        f"`models/{export['file']}`, within {max(parity['largest_difference'], 1e-6):g} of its probabilities and with"
        f" {parity['flipped_decisions']} flipped decisions on {parity['dataset_rows']} rows of data and"
        f" {parity['random_rows']} random applicants"
    )


def model_card(
    card: Card, package: Package, found: dict[str, Any], compared: dict[str, Any], export: dict[str, Any]
) -> str:
    """Return MODEL_CARD.md (Mitchell et al. 2019): what the model is, how good it is and for whom."""
    metrics = _table(
        ["metric", "test", "95 % interval", "base rate"],
        [
            [name, _short(m["value"]), f"{_short(m['low'])} to {_short(m['high'])}", _short(m["baseline"])]
            for name, m in found["metrics"].items()
        ],
    )
    columns = ["roc_auc", "brier", "ks", "expected_cost"]
    candidates = _table(
        ["candidate", *columns],
        [
            [name, *(f"{_short(scores[c]['mean'])} ± {_short(scores[c]['std'])}" for c in columns)]
            for name, scores in compared["candidates"].items()
        ],
    )
    keys = ["field", "group", "count", "approval_rate", "approval_ratio", "roc_auc", "bad_rate", "mean_pd"]
    fairness = _table(
        keys, [[_short(g[k]) if isinstance(g[k], float) else g[k] for k in keys] for g in found["fairness"]]
    )
    features = _table(
        ["feature", "type", "loss of ROC AUC when shuffled"],
        [
            [r["feature"], next(f.type for f in card.features if f.name == r["feature"]), _short(r["loss"])]
            for r in found["importance"]
        ],
    )
    calibrated = "isotonically calibrated" if card.calibrated else "not calibrated: it would not help out of fold"
    return f"""# Model card: {card.name}

Written by the pipeline's `evaluate` stage; every number is from `models/evaluation.json` or `reports/candidates.json`.

- **Model:** candidate `{card.candidate}`, chosen by {compared["metric"]} ({compared["rule"]}), {calibrated}.
- **File:** `models/model.pkl`, sha256 `{card.sha256}`.
- **Served from:** {_served(export)}.
- **Data:** {package.title or package.name}; `data/raw/applications.parquet` md5 `{card.data["applications"]}`.
  {" ".join(package.description.split())}
- **Decision:** decline where the probability of default reaches {card.threshold:g}; a false accept costs
  {card.costs.false_accept:g}, a false reject {card.costs.false_reject:g} (from the {card.costs.source}).
- **Score:** {card.scale.points:g} points at odds of {card.scale.odds:g} : 1, {card.scale.pdo:g} points double the odds,
  from {card.scale.minimum:g} to {card.scale.maximum:g}.

## Test split

{found["rows"]} applicants that training never saw, {found["bad_rate"]:.1%} of them bad.

{metrics}

## Candidates

Mean ± standard deviation over the folds of cross-validation on the training split.

{candidates}

## Fairness

Protected fields are not features; the groups of the test split are small, so read the counts first.

{fairness}

## Features

{features}
"""


def main() -> None:
    """Predict the test split once, describe it in every way."""
    params = read_params(PARAMS)
    package = read_package(Path(params.dataset))
    card, model = load_model(MODELS)
    table = read_table(TEST)
    X = table[[feature.name for feature in card.features]]
    bad = (table[card.target.name] == card.target.bad).to_numpy().astype("int64")

    with threadpool_limits(1):
        pd_of = model.predict_proba(X)[:, 1]
        found = rounded(
            {
                "sha256": card.sha256,
                "rows": len(bad),
                "bad_rate": float(bad.mean()),
                "metrics": report.metrics_of(bad, pd_of, card, params.evaluate, params.seed),
                "curves": report.curves_of(bad, pd_of, card, params.evaluate.bins),
                "importance": report.importance_of(model, X, bad, params.evaluate.permutations, params.seed),
                "fairness": report.fairness_of(table, bad, pd_of, card),
            }
        )

    for name, records in (found["curves"] | {"importance": found["importance"]}).items():
        write_json(PLOTS / f"{name}.json", records)
    write_json(METRICS, {name: metric["value"] for name, metric in found["metrics"].items()})
    compared, export = (json.loads(path.read_text(encoding="utf-8")) for path in (CANDIDATES, EXPORT))
    write_bytes(MODEL_CARD, model_card(card, package, found, compared, export).encode())
    write_json(MODELS / "evaluation.json", found)


if __name__ == "__main__":
    run(main)
