"""The served scorecard in the forms in which it is filed"""

import csv
import json
import sys
import zipfile
from io import BytesIO, StringIO
from pathlib import Path

import pytest

from src.compile.compiler import member_of
from src.errors import LastroError
from src.model import scorecard as training
from src.model.card import CARD, read_card
from src.pipeline.export import member
from src.serving import scorecard
from src.serving.export import EXPORT, MOST_CUTS, read_export
from src.serving.scorecard import COLUMNS, NoScorecardError, filed
from src.serving.sql import sql_of
from tests.serving.kinds import compiled, features, fitted
from tests.serving.test_predictors import folder_of

ROW = {"feature": "income", "bin": "=1+1", "applicants": 3, "bads": 0, "share": 0.5, "bad_rate": None, "woe": 1.25,
       "iv": 0.1, "points": 33.123456789}  # fmt: skip


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """models/ of a scorecard, with an evaluation."""
    folder = tmp_path / "models"
    folder.mkdir()
    evaluated(folder_of("scorecard, calibrated", folder))
    return folder


def evaluated(folder: Path, **changes: object) -> None:
    sha256 = json.loads((folder / "model.json").read_text())["sha256"]
    (folder / "evaluation.json").write_text(json.dumps({"sha256": sha256, "scorecard": [ROW]} | changes))


def test_columns_are_those_of_training() -> None:
    assert COLUMNS == training.COLUMNS


def test_csv_is_the_evaluations_table(models: Path) -> None:
    header, row = csv.reader(StringIO(filed(models, "csv").decode()))
    assert tuple(header) == COLUMNS
    assert row == ["income", "=1+1", "3", "0", "0.5", "", "1.25", "0.1", "33.123456789"]


def test_workbook_holds_the_table_its_texts_are_no_formulas_and_its_bytes_stay(models: Path) -> None:
    content = filed(models, "xlsx")
    assert content == filed(models, "xlsx")
    with zipfile.ZipFile(BytesIO(content)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        texts = book.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in sheet
    assert "33.123456789" in sheet
    assert all(f"<t>{name}</t>" in texts for name in (*COLUMNS, "income", "=1+1"))


def test_no_scorecard_is_a_sentence(tmp_path: Path) -> None:
    evaluated(folder_of("forest", tmp_path))
    with pytest.raises(NoScorecardError, match="is no scorecard"):
        filed(tmp_path, "sql")


@pytest.mark.parametrize("name", ["blend", "blend, calibrated"])
def test_blend_has_the_sql_of_the_scorecard_inside_which_says_that_it_is_not_served(name: str, tmp_path: Path) -> None:
    assert member_of(fitted(name), features()) == compiled("scorecard")
    evaluated(folder_of(name, tmp_path))
    sql = filed(tmp_path, "sql").decode()
    assert sql.startswith("-- NOT WHAT IS SERVED: the scorecard among the members of the served model")
    known, export, alone = read_card(tmp_path / CARD), read_export(tmp_path / EXPORT), compiled("scorecard")
    changes = {"fields": alone.fields, "intercept": alone.intercept}
    assert sql.endswith(sql_of(known, export.model_copy(update=changes)))
    with pytest.raises(NoScorecardError, match="is no scorecard"):
        filed(tmp_path, "csv")
    written = json.loads((tmp_path / EXPORT).read_text())
    written["member"]["fields"][0]["weights"][0] += 1e-6
    (tmp_path / EXPORT).write_text(json.dumps(written))
    with pytest.raises(LastroError, match="refused"):
        filed(tmp_path, "sql")


@pytest.mark.parametrize("name", ["scorecard", "scorecard, calibrated", "forest", "boosting, calibrated", "additive"])
def test_only_a_blend_has_a_member(name: str) -> None:
    assert member_of(fitted(name), features()) is None


def test_member_too_large_for_git_is_left_out() -> None:
    found = compiled("scorecard")
    large = found.fields[0].model_copy(update={"cuts": [float(number) for number in range(MOST_CUTS + 1)]})
    assert member(found) is not None
    assert member(found._replace(fields=[large, *found.fields[1:]])) is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"sha256": "0" * 64}, f"is of the model {'0' * 64}"), ({"scorecard": None}, "has no table of points")],
)
def test_evaluation_of_another_model_or_without_a_table_is_refused(
    models: Path, changes: dict[str, object], said: str
) -> None:
    evaluated(models, **changes)
    with pytest.raises(LastroError, match=said):
        filed(models, "csv")
    (models / "evaluation.json").unlink()
    with pytest.raises(LastroError, match="no such file"):
        filed(models, "xlsx")
    assert b"FROM applicants" in filed(models, "sql"), "which needs no evaluation"


def test_changed_weights_and_another_models_export_are_refused(models: Path) -> None:
    export = json.loads((models / "export.json").read_text())
    export["calibration"]["y"][0] += 1e-6
    (models / "export.json").write_text(json.dumps(export))
    with pytest.raises(LastroError, match="refused"):
        filed(models, "sql")
    (models / "export.json").write_text(json.dumps(export | {"model": "0" * 64}))
    with pytest.raises(LastroError, match="the card names"):
        filed(models, "sql")


def test_additive_model_has_its_forms_and_changed_weights_of_a_pair_are_refused(tmp_path: Path) -> None:
    evaluated(folder_of("additive", tmp_path))
    assert filed(tmp_path, "csv").decode().splitlines()[1].startswith("income,=1+1,3,0")
    export = json.loads((tmp_path / "export.json").read_text())
    sql = filed(tmp_path, "sql").decode()
    assert [f'"lastro pair {number}"' in sql for number in range(1, 6)] == [True] * len(export["pairs"]) + [False]
    export["pairs"][0]["weights"][0][0] += 1e-6
    (tmp_path / "export.json").write_text(json.dumps(export))
    with pytest.raises(LastroError, match="refused"):
        filed(tmp_path, "sql")


def test_command_writes_a_file_or_to_standard_output(
    models: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(models.parent)
    monkeypatch.setattr(sys, "argv", ["scorecard", "--to", "sql", "--output", "out/card.sql"])
    scorecard.main()
    monkeypatch.setattr(sys, "argv", ["scorecard", "--to", "sql"])
    scorecard.main()
    sys.stdout.flush()
    written = (models.parent / "out/card.sql").read_bytes()
    assert written == filed(models, "sql")
    assert capfdbinary.readouterr().out == written
