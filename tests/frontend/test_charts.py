import json
from pathlib import Path
from typing import Any

import pytest

from src.frontend import charts
from src.frontend.language import Language

EVALUATION: dict[str, Any] = json.loads((Path(__file__).parents[2] / "models" / "evaluation.json").read_text())
CURVES = EVALUATION["curves"]
TITLES = {row["feature"]: row["feature"] for row in EVALUATION["importance"]}


def every_chart(language: Language) -> dict[str, dict[str, Any]]:
    made = {
        "roc": charts.roc(CURVES["roc"], language),
        "calibration": charts.calibration(CURVES["calibration"], language),
        "outcomes": charts.outcomes(CURVES["scores"], 553, language),
        "scores": charts.scores([500, 510, 700], (300, 850), 553, language),
        "importance": charts.importance(EVALUATION["importance"], TITLES, language),
    }
    return {name: chart.to_dict() for name, chart in made.items()}


@pytest.mark.parametrize(("code", "decimal"), [("en", "."), ("pt-BR", ",")])
def test_numbers_of_every_chart_follow_the_language(code: str, decimal: str) -> None:
    for chart in every_chart(Language(code)).values():
        assert chart["config"]["locale"]["number"]["decimal"] == decimal


def test_no_chart_has_a_width_of_its_own() -> None:
    assert not [name for name, chart in every_chart(Language("en")).items() if "width" in chart]


def test_goods_and_bads_differ_in_more_than_colour() -> None:
    lines = every_chart(Language("en"))["outcomes"]["layer"][0]
    assert lines["encoding"]["strokeDash"]["scale"]["range"] == [[1, 0], [6, 4]]


@pytest.mark.parametrize("name", ["outcomes", "scores"])
def test_threshold_is_a_line_with_its_name(name: str) -> None:
    assert "threshold 553" in json.dumps(every_chart(Language("en"))[name])
