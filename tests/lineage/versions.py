"""Folders of versions as `chain.fetch` writes them: a real form each, of made-up applicants"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from src.contract.table import write_table
from src.lineage.pairing import TEST
from src.model.card import read_card
from src.model.rows import TEST_SCORES, TRAIN_ROWS, hashed, scores_of
from tests.serving.kinds import applicants, served, served_pds, table
from tests.serving.test_predictors import folder_of


class Facts(NamedTuple):
    """What `publish` found of a version."""

    git_commit: str | None = "c" * 40
    git_dirty: bool = False
    form_sha256: str | None = "f" * 64
    sha256: str | None = "d" * 64
    data_md5: str | None = "e" * 32
    params: dict[str, Any] = {}  # noqa: RUF012  # nobody writes into it


def typed() -> pd.DataFrame:
    """The table as `prepare` leaves it: features and who paid."""
    X, bad = table()
    return X.assign(paid=pd.Series(np.where(bad == 1, "no", "yes")).astype("str"))


def version(
    folder: Path, kind: str, train: Sequence[int], test: Sequence[int], data: pd.DataFrame | None = None
) -> Path:
    """Write a version of this kind of model, trained and tested on these rows of the table; returns the folder."""
    folder.mkdir()
    folder_of(kind, folder)
    found = typed() if data is None else data
    held, X, bad = found.iloc[list(test)].reset_index(drop=True), table()[0].iloc[list(test)], table()[1][list(test)]
    pds, sha256 = served_pds(served(kind), applicants(X)), read_card(folder / "model.json").sha256
    write_table(folder / TEST, held)
    write_table(folder / TEST_SCORES, scores_of(held, bad, pds, sha256))
    write_table(folder / TRAIN_ROWS, hashed(found.iloc[list(train)]))
    metrics = {"ece": {"value": 0.04, "low": 0.03, "high": 0.06}, "roc_auc": {"value": 0.8, "low": 0.7, "high": 0.9}}
    said = {"sha256": sha256, "rows": len(held), "bad_rate": float(bad.mean()), "metrics": metrics, "fairness": []}
    (folder / "evaluation.json").write_text(json.dumps(said))
    return folder
