"""models/, data/processed/ -> models/{evaluation,reference}.json, test_scores.parquet, reports/, MODEL_CARD.md"""

import json
from pathlib import Path

import pandas as pd
from threadpoolctl import threadpool_limits

from src.contract.joined import JOINED
from src.contract.package import read_package
from src.contract.table import read_table, write_table
from src.errors import run
from src.files import rounded, write_bytes, write_json
from src.model import report, rows, scorecard
from src.model.artifact import load_model
from src.model.developed import developed, out_of_fold
from src.model.development import REFERENCE, Development
from src.model.inputs import inputs
from src.model.kinds import KINDS
from src.model.model_card import Measured, model_card
from src.model.segments import segments_of
from src.model.validation import Reports, Split, Trained, validation_of
from src.params import read_params

PARAMS = Path("params.yaml")
TRAIN = Path("data/processed/train.parquet")
TEST = Path("data/processed/test.parquet")
MODELS = Path("models")
CANDIDATES = Path("reports/candidates.json")
SCORECARD = Path("reports/scorecard.csv")
EXPORT = Path("models/export.json")
INGESTED = Path("reports/ingest.json")
METRICS = Path("reports/metrics.json")
PLOTS = Path("reports/plots")
MODEL_CARD = Path("MODEL_CARD.md")


def main() -> None:
    """Predict the test split once, describe it in every way."""
    params = read_params(PARAMS)
    package = read_package(Path(params.dataset))
    card, model = load_model(MODELS)
    table = read_table(TEST)
    training = read_table(TRAIN)
    X, X_seen = (inputs(part, card.features, card.time) for part in (table, training))
    bad = package.is_bad(table[card.target.name]).to_numpy().astype("int64")

    own = len(table) - table.attrs.get(JOINED, 0)  # the rows behind these were approved before: no group's rate

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
                "by_month": report.by_month(table[card.time.name], bad, pd_of) if card.time else None,
                "segments": segments_of(X_seen, X, bad, pd_of, card.features),
                "fairness": report.fairness_of(training, table[:own], bad[:own], pd_of[:own], card),
                **report.by_origin(bad, pd_of, own, card, params.evaluate, params.seed),
            }
        )
        trained_rows = read_table(MODELS / rows.TRAIN_ROWS)
        trained = Trained(card, model, trained_rows, out_of_fold(trained_rows, model, card))
        names = [record["feature"] for record in found["importance"]]
        known = pd.concat([X_seen, X], ignore_index=True)
        reference = developed(known, trained.seen, card, trained.predict, names, params.evaluate, params.seed)
        development = Development.model_validate_json(reference)
        compared, export, ingested = (
            json.loads(path.read_text(encoding="utf-8")) for path in (CANDIDATES, EXPORT, INGESTED)
        )
        told = Reports(compared, ingested, names)
        sides = Split(training, X_seen), Split(table, X)
        validation = rounded(validation_of(*sides, bad, pd_of, trained, development, told, params.seed))

    for name, records in (found["curves"] | {"importance": found["importance"]}).items():
        write_json(PLOTS / f"{name}.json", records)
    write_json(METRICS, {name: metric["value"] for name, metric in found["metrics"].items()})
    filed = KINDS[compared["candidates"][card.candidate]["kind"]].readable
    text = model_card(card, package, Measured(found, compared, export, ingested, training, development))
    write_bytes(MODEL_CARD, text.encode())
    write_table(MODELS / rows.TEST_SCORES, rows.scores_of(table, bad, pd_of, card.sha256))
    write_bytes(MODELS / REFERENCE, reference)
    filing = scorecard.read(SCORECARD) if filed else None
    write_json(MODELS / "evaluation.json", found | {"scorecard": filing, "validation": validation})


if __name__ == "__main__":
    run(main)
