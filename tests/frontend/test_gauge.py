import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as some

from src.frontend.gauge import Scale, drawing, scale_of
from src.frontend.language import Language
from src.model.points import decide, points
from src.params import Scale as ModelScale

RULES = {"points": 600.0, "odds": 20.0, "pdo": 40.0, "minimum": 300.0, "maximum": 850.0}
SCALE = Scale(300, 850, 553)


@given(pd=some.floats(0.001, 0.999), threshold=some.floats(0.01, 0.99))
def test_score_above_the_threshold_is_approved_and_below_it_declined(pd: float, threshold: float) -> None:
    mark = scale_of({"scale": RULES, "threshold": threshold}).threshold
    score = points(pd, ModelScale(**RULES))
    if 300 < score < 850 and abs(score - mark) > 1:
        assert (score > mark) == (decide(pd, threshold) == "approve")


def test_threshold_of_the_committed_card_is_within_its_scale() -> None:
    card = json.loads((Path(__file__).parents[2] / "models" / "model.json").read_text())
    scale = scale_of(card)
    assert scale.minimum < scale.threshold < scale.maximum


@pytest.mark.parametrize(("score", "share"), [(300, 0.0), (575, 0.5), (850, 1.0), (100, 0.0), (900, 1.0)])
def test_share_of_the_scale_stays_within_it(score: int, share: float) -> None:
    assert SCALE.share(score) == share


@pytest.mark.parametrize("score", [300, 301, 553, 850])
def test_drawing_is_well_formed_and_says_what_it_shows(score: int) -> None:
    picture = ElementTree.fromstring(drawing(score, SCALE, Language("en")))
    assert picture.attrib["role"] == "img"
    assert picture.attrib["aria-label"] == f"Score {score} on a scale from 300 to 850; the threshold is at 553."
    texts = [node.text for node in picture.iter("text")]
    assert {str(score), "300", "850", "553"} <= set(texts)


def test_drawing_has_no_width_of_its_own() -> None:
    picture = drawing(500, SCALE, Language("en"))
    assert "width:100%" in picture
    assert not re.search(r'<svg[^>]* width="', picture)
