"""Model quality: each candidate by 10-fold cross-validation, repeated 5 times, beside published results.

The folds are drawn anew here (another seed than training's), over the whole table that params.yaml names, without its
protected fields. One row a candidate: ROC AUC, Brier score, KS and the expected cost at the card's threshold, as mean
over all folds and repeats. Takes some minutes; `--repeats 1` gives a first look.
"""

import argparse
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from src.contract.package import read_package
from src.contract.table import read_table
from src.model import candidates, selection
from src.model.card import features_of
from src.model.entrants import entrants
from src.model.inputs import inputs, time_of
from src.model.kinds import KINDS
from src.model.metrics import cost_threshold
from src.params import read_params

SEED = 2026
FOLDS = 10
COLUMNS = ("roc_auc", "brier", "ks", "expected_cost")
PUBLISHED = {
    "german-credit": (
        "To beat on German Credit: AUC .800, Brier .160, cost .53. Published with all twenty attributes, protected\n"
        "ones included: AutoML Benchmark's best AUC .8025 after 4 h,\n"
        "default random forest .7995; StatLog's best cost .535."
    )
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    params = read_params(Path("params.yaml"), KINDS)
    package = read_package(Path(params.dataset))
    table = read_table(Path("data/raw/applications.parquet"))
    features = features_of(package)
    X = inputs(table, features, time_of(package, table))
    bad = package.is_bad(table[package.target.name]).to_numpy().astype("int64")
    costs = params.costs or package.resource.costs
    if costs is None:
        raise SystemExit("costs: neither params.yaml nor the data package names them")
    entered = entrants(params.train.candidates, len(X)).present
    pipelines = candidates.build(entered, features, params.seed, params.train.text)
    fits = sum(not candidate.parts for candidate in entered.values()) * FOLDS * repeats
    with threadpool_limits(1), tqdm(total=fits, unit="fit") as bar:
        found = selection.cross_validate(pipelines, entered, X, bad, FOLDS, repeats, SEED, lambda _: bar.update())
    print(f"{package.title}: {len(bad)} rows, {FOLDS} folds x {repeats}, {len(X.columns)} features")
    print(f"{'candidate':12}" + "".join(f"{name:>15}" for name in COLUMNS))
    for name in pipelines:
        scores = found.scores(name, cost_threshold(costs), costs)
        print(f"{name:12}" + "".join(f"{np.mean(scores[column]):15.4f}" for column in COLUMNS))
    print(PUBLISHED.get(package.name, ""))


if __name__ == "__main__":
    main()
