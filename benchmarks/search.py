"""What a search says of a model that knows nothing: tables of pure noise, where no AUC but .5 is true.

A boosting is searched for on one half of each table's 600 rows. Three means over the tables, with standard errors: what
the search itself scored, what other folds of the rows that it searched on say, and what folds of the other half say, as
training compares. Takes some minutes; `--tables 4` gives a first look.
"""

import argparse
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from src.contract.package import Costs, Package
from src.model.candidates import build
from src.model.card import Feature, features_of
from src.model.entrants import Entrants
from src.model.kinds import KINDS
from src.model.search import Search, search
from src.model.selection import cross_validate
from src.params import Params, read_params

ROWS, NUMBERS, BAD_RATE = 600, 6, 0.3
TRIALS, FOLDS, REPEATS, TREES = 20, 5, 3, 20
FOUND = ("the search's own folds", "other folds of its rows", "folds of the other rows")
COSTS = Costs(false_accept=5, false_reject=1)


def main() -> None:
    """Print the three means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=24)
    tables = parser.parse_args().tables
    params = read_params(Path("params.yaml"), KINDS)
    with threadpool_limits(1):
        found = np.array([aucs(params, seed) for seed in range(tables)])
    print(f"{tables} tables of {ROWS} rows of noise, {TRIALS} trials")
    for name, values in zip(FOUND, found.T, strict=True):
        print(f"{name:24}{values.mean():8.3f} ± {values.std(ddof=1) / len(values) ** 0.5:.3f}")


def aucs(params: Params, seed: int) -> tuple[float, float, float]:
    """Return the AUC that the search says, and those that other folds of its rows and of the other rows say."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame({f"x{n}": pd.array(random.normal(size=ROWS), dtype="Float64") for n in range(NUMBERS)})
    bad = (random.random(ROWS) < BAD_RATE).astype("int64")
    made = partial(build, features=features(), seed=seed)
    train = params.train.model_copy(update={"folds": FOLDS, "metric": "roc_auc"})
    given = params.train.candidates["boosting"].model_copy(update={"iterations": TREES})
    with tempfile.TemporaryDirectory() as folder:
        over = Search(made, X, bad, train, TRIALS, COSTS, seed, Path(folder), {})
        found = search(Entrants({"boosting": given}, {}), over)
    rows, present = found.rows, found.entered.present
    same, others = (
        cross_validate(made(present), present, X[kept], bad[kept], FOLDS, REPEATS, seed + 1, id, None, apart)
        for kept, apart in ((rows, None), (np.ones(ROWS, dtype=bool), rows))
    )
    told = [float(np.mean(each.scores("boosting", 1 / 6, COSTS)["roc_auc"])) for each in (same, others)]
    return found.best("roc_auc")["boosting"].mean("roc_auc"), told[0], told[1]


def features() -> list[Feature]:
    """Return the features of a table of numbers."""
    fields = [{"name": f"x{n}", "type": "number", "constraints": {"required": True}} for n in range(NUMBERS)]
    target = {"name": "paid", "role": "target", "bad": "no", "categories": ["yes", "no"]}
    resource = {"name": "noise", "path": "noise.csv", "schema": {"fields": [*fields, target]}}
    return features_of(Package.model_validate({"name": "noise", "resources": [resource]}))


if __name__ == "__main__":
    main()
