"""What the stages write for the comparison of two versions is of the rows and of the model that they have"""

import numpy as np

from src.contract.table import read_table
from src.files import digest
from src.lineage.pairing import paired, scored
from src.model.rows import COLUMNS, MODEL, TEST_SCORES, TRAIN_ROWS, columns_of, hashed
from src.serving.predictors import load
from tests.conftest import Project


def test_train_and_evaluate_write_the_rows_hashes_outcomes_and_pds(light_run: Project) -> None:
    root = light_run.root
    train, test = (read_table(root / f"data/processed/{name}.parquet") for name in ("train", "test"))
    rows, scores = read_table(root / "models" / TRAIN_ROWS), read_table(root / "models" / TEST_SCORES)
    assert rows["row"].equals(hashed(train)["row"])
    assert rows["bad"].tolist() == (train["credit_risk"] == "bad").astype(int).tolist()
    assert rows["probability_of_default"].between(0, 1).all()
    assert scores["row"].equals(hashed(test)["row"])
    assert rows.attrs == {COLUMNS: columns_of(test)}
    assert scores.attrs == rows.attrs | {MODEL: digest(root / "models/model.pkl")}
    assert not scores["row"].isin(rows["row"]).any()
    assert scores["bad"].tolist() == (test["credit_risk"] == "bad").astype(int).tolist()
    again = scored(load(root / "models"), test)
    assert np.abs(again - scores["probability_of_default"]).max() <= 1e-9
    assert paired(root / "models", root / "models").says == f"the same {len(test)} test rows"
