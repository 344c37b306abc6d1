"""Whatever the model and the file: every row has the row form's answer, or is rejected where the API would refuse it"""

import os
from pathlib import Path

import pytest

from src.batch import fields, lookup
from tests.batch.tables import files, made

TABLES = int(os.environ.get("TEST_TABLES", "5"))  # more of them: `TEST_TABLES=60 pytest tests/batch/test_scoring.py`
KINDS = ("scorecard", "additive", "forest", "boosting", "blend")


@pytest.mark.parametrize("seed", range(TABLES))
def test_files_of_all_kinds_have_the_row_forms_answers(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (fields, lookup):
        monkeypatch.setattr(module, "MANY", 3 if seed % 2 else 1000)  # numbers together, or one by one
    model = made(seed, KINDS[seed % len(KINDS)], seed % 2 == 1, tmp_path / "models")
    expected = model.expected()
    for name, path in files(model.rows, model.package, tmp_path).items():
        scored, wrong = model.scored(path, most=97, reasons=name == "codes.csv")
        assert sorted([*scored, *wrong]) == list(range(len(expected))), name
        for place, one in enumerate(expected):
            if one is None:
                assert place in wrong, (name, model.rows[place])
                continue
            assert place in scored, (name, model.rows[place], wrong.get(place))
            found = scored[place]
            assert found["probability_of_default"] == one.probability_of_default, (name, place)
            assert (found["score"], found["decision"]) == (one.score, one.decision), (name, place)
            if "reasons" in found:
                told = [(reason["feature"], reason["points"]) for reason in found["reasons"]]
                assert told == [(reason.feature, reason.points) for reason in one.reasons]
