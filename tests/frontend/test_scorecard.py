"""The model's tab of its table of points: in both languages, of fields and of pairs, with its files"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from threadpoolctl import threadpool_limits

from src.frontend import scorecard
from src.frontend.client import Client
from src.frontend.errors import NotFoundError
from src.frontend.language import MINUS, Language
from src.frontend.scorecard import TIMES
from src.frontend.texts import Texts
from src.model.scorecard import filed
from src.params import Scale
from src.serving import scorecard as served
from tests.frontend.conftest import ClientOf, Open
from tests.frontend.pages import words
from tests.frontend.service import Service
from tests.serving import kinds
from tests.serving.test_predictors import folder_of

SCALE = Scale(points=600, odds=20, pdo=40, minimum=300, maximum=850)
PAIR = {"feature": f"income{TIMES}job", "bin": f"< 20.5{TIMES}none", "applicants": 1234, "bads": 30, "share": 0.5,
        "bad_rate": 0.3, "woe": -1.25, "iv": 0.1, "points": 33.16}  # fmt: skip


@pytest.fixture
def folder(models: Path, tmp_path: Path) -> Path:
    """models/ of a scorecard without the field `member`, and with a pair as readable models have them."""
    made = tmp_path / "scorecard"
    made.mkdir()
    folder_of("scorecard", made)
    with threadpool_limits(1):
        rows = filed(kinds.fitted("scorecard"), *kinds.table(), kinds.features(), SCALE)
    found = json.loads((models / "evaluation.json").read_text())
    found |= {"importance": [{"feature": "income", "loss": 0.1, "std": 0.01}], "segments": [], "fairness": []}
    found["sha256"] = json.loads((made / "model.json").read_text())["sha256"]
    found["scorecard"] = [*(row for row in rows if row["feature"] != "member"), PAIR]
    (made / "evaluation.json").write_text(json.dumps(found))
    return made


def test_tab_has_a_table_a_field_in_both_languages_and_files_in_three_forms(
    open_page: Open, server_with: Callable[..., Service], folder: Path, client_of: ClientOf, client: Client
) -> None:
    url = server_with(models=folder).url
    rows: list[dict[str, Any]] = json.loads((folder / "evaluation.json").read_text())["scorecard"]
    page = open_page("model_page", endpoint=url)
    assert not page.exception
    assert [tab.label for tab in page.tabs] == ["Quality", "Calibration", "Scorecard", "Lineage"]
    tables = [table.value for table in page.table[2:]]
    names = list(dict.fromkeys(row["feature"] for row in rows))
    assert len(tables) == len(names) == 8
    region = [row for row in rows if row["feature"] == "region"]
    shown = tables[names.index("region")]
    assert list(shown["Bin"]) == ["North", "South", "not known"]
    assert list(shown["Bad"]) == [f"{row['bads']} of {row['applicants']}" for row in region]
    assert list(shown["Points"]) == [f"{row['points']:.1f}" for row in region]
    assert list(tables[names.index("owner")]["Bin"]) == ["no", "yes"]
    assert tables[-1].to_dict("list") == {
        "Bin": [f"\\< 20\\.5{TIMES}none"],
        "Bad": ["30 of 1,234"],
        "WOE": [f"{MINUS}1.25"],
        "IV": ["0.100"],
        "Points": ["33.2"],
    }
    said = words(page)
    assert f"Information value {sum(row['iv'] for row in region):.3f}" in said
    assert f"income{TIMES}job" in said
    assert "Left out, so without weight: member." in said
    assert [each.label for each in page.get("download_button")] == [
        f"Download as {form}" for form in ("CSV", "Excel", "SQL")
    ]
    for form in ("csv", "xlsx", "sql"):
        assert client_of(url).scorecard(form) == served.filed(folder, form)  # type: ignore[arg-type]  # one of the three
    with pytest.raises(NotFoundError, match="is no scorecard"):
        client.scorecard("csv")
    page = open_page("model_page", endpoint=url, locale="pt-BR")
    assert page.table[-1].value.to_dict("list") == {
        "Faixa": [f"\\< 20,5{TIMES}none"],
        "Maus": ["30 de 1.234"],
        "WOE": [f"{MINUS}1,25"],
        "IV": ["0,100"],
        "Pontos": ["33,2"],
    }


def test_pair_is_told_from_a_field_whose_name_has_the_sign_and_numbers_say_what_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known: dict[str, Any] = {name: {} for name in ("a", f"b{TIMES}c", f"a{TIMES}b", "d")}
    assert scorecard.parts(f"a{TIMES}b", known) == [f"a{TIMES}b"]
    assert scorecard.parts(f"a{TIMES}b{TIMES}d", known) == [f"a{TIMES}b", "d"]
    assert scorecard.parts(f"a{TIMES}b{TIMES}c", known) == ["a", f"b{TIMES}c"]
    assert scorecard.parts(f"a{TIMES}x", known) == [f"a{TIMES}x"]
    texts = Texts(Language("en"))
    monkeypatch.setattr("src.frontend.language.current", lambda: texts.language)
    dated: dict[str, Any] = {"since": {"type": "date", "unit": None}, "age": {"type": "integer", "unit": "years"}}
    assert scorecard.heading("since", dated, texts) == "Since (days before the application)"
    assert scorecard.heading("age", dated, texts) == "Age (years)"
    assert scorecard.name_of(f">= 1000{TIMES}missing", ["a", "d"], texts) == f"≥ 1,000{TIMES}not known"
    assert scorecard.name_of(f"x{TIMES}y{TIMES}z", ["a", "d"], texts) == f"x{TIMES}y{TIMES}z"
