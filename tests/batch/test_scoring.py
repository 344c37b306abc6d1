"""Whatever the model and the file: every row has the row form's answer, or is rejected where the API would refuse it"""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from src.batch import fields, lookup
from src.contract.package import Package
from tests.batch.tables import files, made, table_of

TABLES = int(os.environ.get("TEST_TABLES", "5"))  # more of them: `TEST_TABLES=60 pytest tests/batch/test_scoring.py`
CUSTOMER = {"name": "customer", "type": "integer", "role": "id"}
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


def test_fields_that_identify_a_row_go_along_as_the_file_has_them(tmp_path: Path) -> None:
    model = made(0, "scorecard", False, tmp_path / "models")
    content = model.package.model_dump(by_alias=True, exclude_unset=True)
    content["resources"][0]["schema"]["fields"].append(CUSTOMER)
    known = replace(model, package=Package.model_validate(content))
    table = table_of(model.rows, model.package, codes=True)
    table["customer"] = [f"{number:07}" for number in range(len(table))]
    table.to_csv(tmp_path / "rows.csv", index=False)
    scored, wrong = known.scored(tmp_path / "rows.csv", most=50)
    assert len(scored) + len(wrong) == len(table)
    assert {row["customer"] for row in scored.values()} == {f"{place:07}" for place in scored}
    assert all(row["customer"] == f"{place:07}" for place, row in scored.items())
