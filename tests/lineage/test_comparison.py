"""What `compare` prints: both versions' facts, what differs, and the paired difference with its interval"""

import json
from pathlib import Path
from typing import Any

import pytest

from src.journal.decided import Decided
from src.lineage.comparison import Side, compared, told
from src.lineage.declined import Applied
from src.lineage.pairing import paired
from src.lineage.policy import read_policy
from src.model.card import CARD, read_card
from src.model.paired import auc_difference
from tests.conftest import ROOT
from tests.lineage.versions import Facts, version
from tests.serving.kinds import applicants, table

POLICY = read_policy(ROOT / "policy.yaml")
PARAMS = {"seed": 20, "train": {"folds": 5, "candidates": {"forest": {"trees": 300}}}, "scale": {}}
NOBODY = Applied([], "no log is here")
OTHERS = {"seed": 20, "train": {"folds": 3, "candidates": {"forest": {"trees": 300}}}, "costs": None}


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> tuple[Side, Side]:
    folder = tmp_path_factory.mktemp("versions")
    first = version(folder / "1", "scorecard", range(200), range(200, 400))
    second = version(folder / "2", "boosting", range(200), range(200, 400))
    return Side("7", first, Facts(params=PARAMS)), Side("12", second, Facts(None, True, params=OTHERS))


@pytest.fixture(scope="module")
def found(sides: tuple[Side, Side]) -> dict[str, Any]:
    return compared(POLICY, *sides, NOBODY)


def test_facts_of_both_versions_and_only_parameters_that_differ_are_told(found: dict[str, Any]) -> None:
    first, second = found["versions"]
    assert (first["version"], first["git_commit"], first["git_dirty"]) == ("7", "c" * 40, False)
    assert (second["version"], second["git_commit"], second["git_dirty"]) == ("12", None, True)
    assert first["data_md5"] == "e" * 32
    assert (first["test_rows"], first["costs"]) == (200, {"false_accept": 5.0, "false_reject": 1.0})
    assert found["parameters"] == {"train.folds": [5, 3], "scale": [{}, None]}
    assert found["metrics"]["roc_auc"] == [{"value": 0.8, "low": 0.7, "high": 0.9}] * 2


def test_differences_are_paired_and_have_a_two_sided_interval(found: dict[str, Any], sides: tuple[Side, Side]) -> None:
    pair = paired(sides[0].folder, sides[1].folder)
    right = auc_difference(pair.bad, pair.first, pair.second)
    told_of = found["differences"]["roc_auc"]
    assert told_of["value"] == round(right.value, 6)
    assert (told_of["low"], told_of["high"]) == tuple(round(bound, 6) for bound in right.interval(0.95))
    assert (told_of["confidence"], told_of["rows"], told_of["says"]) == (0.95, 200, "the same 200 test rows")


def test_the_other_way_round_the_signs_turn(found: dict[str, Any], sides: tuple[Side, Side]) -> None:
    back = compared(POLICY, *reversed(sides), NOBODY)
    for name in ("roc_auc", "expected_cost"):
        one, other = found["differences"][name], back["differences"][name]
        assert (one["value"], one["low"], one["high"]) == (-other["value"], -other["high"], -other["low"])


def test_json_holds_all_and_text_says_it(found: dict[str, Any]) -> None:
    text = told(json.loads(json.dumps(found, allow_nan=False)))
    difference = found["differences"]["roc_auc"]
    assert f"AUC: {difference['value']:+.4f} [{difference['low']:+.4f}, " in " ".join(text.split())
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "version 7 12" in lines
    assert "train.folds 5 3" in lines
    assert "roc_auc 0.8000 [0.7000, 0.9000] 0.8000 [0.7000, 0.9000]" in lines
    assert f"form_sha256 {'f' * 12} {'f' * 12}" in lines
    assert max(map(len, text.splitlines())) <= 120
    assert "version 12: cannot be told: no log is here" in text


def test_versions_that_cannot_be_paired_are_named_by_their_numbers(sides: tuple[Side, Side], tmp_path: Path) -> None:
    bare = version(tmp_path / "3", "scorecard", range(200), range(200, 400))
    (bare / "test_scores.parquet").unlink()
    found = compared(POLICY, sides[0], Side("13", bare, Facts()), NOBODY)
    assert found["differences"]["roc_auc"]["value"] is None
    assert "cannot be told: there is no test_scores.parquet of version 13" in told(found)


def test_the_band_of_the_declined_is_each_versions_own_on_the_same_applications(sides: tuple[Side, Side]) -> None:
    X, bad = table()
    given = [json.dumps(each) for each in applicants(X.iloc[:150])]
    label = str(read_card(sides[0].folder / CARD).target.bad)
    rows = [Decided(inputs, place % 3 > 0, ("repaid", label)[bad[place]]) for place, inputs in enumerate(given)]
    rows += [Decided('{"income": "much"}', True, label), Decided(given[0], True, None)]
    found = compared(POLICY, *sides, Applied(rows))
    for side, band in zip(sides, found["declined"], strict=True):
        card = read_card(side.folder / CARD)
        assert (band["applications"], band["approved"], band["known"], band["declined"]) == (152, 101, 100, 50)
        assert (band["unscored"], band["threshold"]) == (1, card.threshold)
        assert band["observed_bads"] == sum(bad[place] for place in range(150) if place % 3) > 0
    assert found["declined"][0]["band"] != found["declined"][1]["band"]
    assert "times 4: AUC 0." in told(found)


def test_fields_that_only_one_version_asks_for_are_named(sides: tuple[Side, Side], tmp_path: Path) -> None:
    narrow = version(tmp_path / "narrow", "scorecard", range(200), range(200, 400))
    card = json.loads((narrow / "model.json").read_text())
    card["features"] = [feature for feature in card["features"] if feature["name"] not in ("rate", "years")]
    (narrow / "model.json").write_text(json.dumps(card))
    found = compared(POLICY, sides[0], Side("13", narrow, Facts()), NOBODY)
    assert found["features"] == [["rate", "years"], []]
    assert "only version 7 asks for rate, years" in told(found)
