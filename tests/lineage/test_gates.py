"""Each gate as a table: passed, not passed, cannot tell; what stops a promotion; errors as often as their rate says"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from src.errors import LastroError
from src.lineage.gates import (
    Gate,
    Measured,
    approvals,
    calibration,
    clean_commit,
    difference_gate,
    judge,
    measured,
    parity,
    scores_applicants,
    stops,
)
from src.lineage.pairing import Paired
from src.lineage.policy import Policy, read_policy
from src.model.card import read_card
from src.model.paired import Difference
from src.serving.export import Parity
from tests.conftest import ROOT
from tests.lineage.simulation import promoted
from tests.lineage.versions import Facts, version
from tests.serving.kinds import applicants, card, table

POLICY = read_policy(ROOT / "policy.yaml")
Z = 1.6449  # of a one-sided bound at 95 %


def policy(**changes: Any) -> Policy:
    return Policy.model_validate(POLICY.model_dump() | changes)


@pytest.mark.parametrize("name", ["roc_auc", "expected_cost"])
@pytest.mark.parametrize(
    ("rule", "value", "half", "rows", "passed"),
    [
        ("not_worse", 0.0, 0.019, 800, True),  # the bound lies above -.02
        ("not_worse", 0.0, 0.019, 10, True),  # shown by few rows is shown
        ("not_worse", 0.05, 0.06, 800, True),
        ("not_worse", -0.01, 0.011, 800, False),  # precise enough, and not shown
        ("not_worse", -0.05, 0.02, 800, False),
        ("not_worse", -0.01, 0.019, 199, None),  # too few rows
        ("not_worse", -0.5, 0.01, 199, None),
        ("not_worse", -0.5, 0.01, 200, False),
        ("not_worse", 0.0, 0.03, 800, None),  # too wide: chance alone moves it by more than the margin
        ("not_worse", -0.04, 0.03, 800, None),
        ("not_worse", -0.06, 0.03, 800, False),  # as wide, but all of it is worse than the margin
        ("better", 0.01, 0.009, 800, True),
        ("better", 0.01, 0.011, 800, False),
        ("better", 0.0, 0.0, 800, False),  # the same model is no better one
        ("better", 0.01, 0.03, 800, None),
        ("better", -0.06, 0.03, 800, False),
        ("better", 0.01, 0.011, 199, None),
    ],
)
def test_difference_passes_by_its_lower_bound_and_tells_what_it_cannot_tell(
    name: str, rule: str, value: float, half: float, rows: int, passed: bool | None
) -> None:
    found = Measured(Difference(0.8, 0.8 + value, value, half / Z), rows, "the same test rows")
    gate = difference_gate(name, policy(**{name: {"rule": rule, "margin": 0.02}}), found)
    assert (gate.name, gate.passed) == (name, passed)
    assert gate.value == pytest.approx(value - half, abs=1e-4)
    assert gate.limit == (-0.02 if rule == "not_worse" else 0)
    assert gate.says.startswith(("fewer than 200 rows: ", "chance alone moves it")) == (passed is None)
    assert f"{value:+.4f} in its favour" in gate.says


@pytest.mark.parametrize(("ece", "passed"), [(0.0, True), (0.1, True), (0.1001, False)])
def test_calibration_is_at_most_what_the_policy_says(ece: float, passed: bool) -> None:
    gate = calibration(POLICY, ece)
    assert gate[:4] == ("ece", passed, ece, 0.1)


def group(field: str, count: int, ratio: float | None) -> dict[str, Any]:
    return {"field": field, "group": f"{count}", "count": count, "approval_ratio": ratio}


@pytest.mark.parametrize(
    ("groups", "passed", "value"),
    [
        ([group("sex", 30, 1.0), group("sex", 30, 0.8)], True, 0.8),
        ([group("sex", 30, 1.0), group("sex", 31, 0.79)], False, 0.79),
        ([group("sex", 30, 1.0), group("sex", 29, 0.1)], None, None),  # 29 say nothing, and one group is none
        ([group("sex", 30, 1.0), group("age", 30, 0.1)], None, None),  # of two fields
        ([group("sex", 99, 1.0), group("sex", 99, 0.9), group("sex", 29, 0.1), group("age", 99, 0.1)], True, 0.9),
        ([group("sex", 99, 1.0), group("sex", 99, 0.9), group("age", 99, 1.0), group("age", 99, 0.7)], False, 0.7),
        ([group("sex", 99, None), group("sex", 99, None)], None, None),  # nobody is approved
        ([], None, None),
    ],
)
def test_approvals_are_those_of_large_groups(
    groups: list[dict[str, Any]], passed: bool | None, value: float | None
) -> None:
    gate = approvals(POLICY, groups)
    assert gate[:4] == ("approval_ratio", passed, value, 0.8)
    assert ("no protected field has two groups of 30" in gate.says) == (passed is None)


@pytest.mark.parametrize(
    ("facts", "passed"), [(Facts(), True), (Facts(git_dirty=True), False), (Facts(None), False)]
)  # fmt: skip
def test_commit_is_clean(facts: Facts, passed: bool) -> None:
    gate = clean_commit(facts)
    assert gate[:2] == ("clean_commit", passed)
    assert ("commit cccccccccccc makes it" in gate.says) == passed


@pytest.mark.parametrize(("far", "flips", "passed"), [(1e-9, 0, True), (1.1e-9, 0, False), (0.0, 1, False)])
def test_served_form_decides_as_the_fitted_model(far: float, flips: int, passed: bool) -> None:
    found = Parity(dataset_rows=1, random_rows=1, largest_difference=far, flipped_decisions=flips)
    assert parity(found)[:3] == ("parity", passed, far)


def logged(count: int = 100) -> list[dict[str, Any]]:
    """Applicants as the log holds them."""
    return applicants(table()[0].head(count))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return version(tmp_path_factory.mktemp("versions") / "one", "boosting", range(200), range(200, 400))


def test_challenger_scores_the_applicants_that_its_contract_takes(folder: Path) -> None:
    gate = scores_applicants(folder, card(), logged())
    assert gate == Gate("applicants", True, 0, 0, "100 of the champion's last 100 applicants are scored")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"income": None}, "income: Input should be a valid number"),
        ({"job": "a secret of somebody"}, "job: Input should be 'none', 'some' or 'good'"),
        ({"years": 61}, "years: Input should be less than or equal to 60"),
        ({"owner": "yes"}, "owner: Input should be a valid boolean"),
    ],
)
def test_applicant_that_breaks_the_challengers_contract_is_named_by_field_without_its_value(
    wrong: dict[str, Any], sentence: str, folder: Path
) -> None:
    gate = scores_applicants(folder, card(), [*logged(5), logged(1)[0] | wrong])
    assert (gate.passed, gate.value, gate.limit) == (False, 1, 0)
    assert gate.says == f"5 of the champion's last 6 applicants are scored; the first that is not: {sentence}"


def test_field_that_only_the_challenger_requires_is_missing_and_one_that_it_dropped_is_said(folder: Path) -> None:
    less = [{name: value for name, value in applicant.items() if name != "rate"} for applicant in logged(3)]
    assert scores_applicants(folder, card(), less).says.endswith("is not: rate: Field required")
    gate = scores_applicants(folder, card(), [applicant | {"telephone": "yes"} for applicant in logged(3)])
    assert (gate.passed, gate.says.partition("; ")[2]) == (True, "not asked for any more: telephone")


def test_without_a_log_or_an_applicant_nothing_is_said_of_scoring(folder: Path) -> None:
    assert scores_applicants(folder, card(), None)[:2] == ("applicants", None)
    assert scores_applicants(folder, card(), None).says == "no log is in reach"
    assert scores_applicants(folder, card(), []).says == "the log holds no applicants of the champion"


def test_challenger_that_cannot_be_loaded_does_not_pass(tmp_path: Path) -> None:
    broken = version(tmp_path / "broken", "boosting", range(200), range(200, 400))
    (broken / "trees.npz").write_bytes(b"another")
    gate = scores_applicants(broken, card(), logged(2))
    assert gate.passed is False
    assert "trees.npz: refused" in gate.says


NAMES = ["roc_auc", "expected_cost", "ece", "approval_ratio", "clean_commit", "parity", "applicants"]


def test_judge_asks_every_gate_of_two_real_versions(folder: Path, tmp_path: Path) -> None:
    champion = version(tmp_path / "champion", "scorecard", range(200), range(200, 400))
    gates = judge(POLICY, champion, folder, Facts(), logged(10))
    assert [gate.name for gate in gates] == NAMES
    assert [gate.passed for gate in gates[2:]] == [True, None, True, True, True]
    assert all("the same 200 test rows" in gate.says for gate in gates[:2])
    assert json.loads(json.dumps([gate._asdict() for gate in gates], allow_nan=False))[0]["name"] == "roc_auc"
    same = judge(POLICY, folder, folder, Facts(), None)
    assert [gate.passed for gate in same] == [True, True, True, None, True, True, None]
    assert not stops(same)


def test_judge_leaves_out_what_the_policy_does_not_ask(folder: Path) -> None:
    gates = judge(policy(clean_commit=False, parity=False), folder, folder, Facts(None, True), None)
    assert [gate.name for gate in gates] == [name for name in NAMES if name not in ("clean_commit", "parity")]


def test_without_a_champion_or_without_pairs_the_two_differences_cannot_be_told(folder: Path, tmp_path: Path) -> None:
    other = version(tmp_path / "other", "scorecard", range(200), range(190, 400))
    (other / "train_rows.parquet").unlink()
    for champion, why in ((None, "there is no champion"), (other, "there is no train_rows.parquet of the champion")):
        gates = judge(POLICY, champion, folder, Facts(), None)
        assert [gate.passed for gate in gates[:2]] == [None, None]
        assert all(gate.says.startswith(why) for gate in gates[:2])
        assert stops(gates)


def test_evaluation_of_another_model_is_refused(folder: Path, tmp_path: Path) -> None:
    stale = version(tmp_path / "stale", "scorecard", range(200), range(200, 400))
    (stale / "evaluation.json").write_bytes((folder / "evaluation.json").read_bytes())
    with pytest.raises(LastroError, match=r"evaluation.json is of the model .*, the card names"):
        judge(POLICY, folder, stale, Facts(), None)


@pytest.mark.parametrize(
    ("answers", "stopped"),
    [
        ({}, False),
        ({"roc_auc": None}, True),
        ({"expected_cost": None}, True),
        ({"ece": None, "approval_ratio": None, "parity": None, "applicants": None, "clean_commit": None}, False),
        *(({name: False}, True) for name in NAMES),
    ],
)
def test_false_stops_and_so_does_what_cannot_be_told_of_auc_and_cost(
    answers: Mapping[str, bool | None], stopped: bool
) -> None:
    assert stops([Gate(name, answers.get(name, True), None, None, "") for name in NAMES]) == stopped


@pytest.mark.parametrize(("bads", "goods", "told"), [(9, 300, False), (300, 9, False), (10, 10, True)])
def test_too_few_of_an_outcome_have_no_interval(bads: int, goods: int, told: bool) -> None:
    pds = np.linspace(0, 1, bads + goods)
    found = measured(Paired(np.repeat([1, 0], [bads, goods]), pds, pds**2, "so many rows"), 0.5, card())
    for name, each in found.items():
        gate = difference_gate(name, policy(least_rows=1), each)
        assert ("an interval needs 10 each" in gate.says and gate.passed is None) == (not told)


def test_each_version_declines_from_its_own_threshold_and_costs_are_the_challengers(folder: Path) -> None:
    """Of ten bads and ten goods all PDs are .25: who declines from .2 declines all, who declines from .3 nobody."""
    bad, pds = np.repeat([1, 0], 10), np.full(20, 0.25)
    known = read_card(folder / "model.json")
    costs = known.costs.model_copy(update={"false_accept": 3.0, "false_reject": 1.0})
    found = measured(Paired(bad, pds, pds, "rows"), 0.2, known.model_copy(update={"threshold": 0.3, "costs": costs}))
    cost = found["expected_cost"]
    assert isinstance(cost, Measured)
    assert (cost.difference.first, cost.difference.second, cost.difference.value) == (1, 3, -2)


def test_equal_challenger_is_promoted_and_a_worse_one_is_not() -> None:
    """The lifecycle tests draw 200 times; so few draws can only be far off by much."""
    equal, worse = promoted(60, "not_worse", 0.80, seed=1), promoted(60, "not_worse", 0.75, seed=2)
    assert min(equal.values()) >= 0.85
    assert worse["roc_auc"] == worse["both"] == 0
    assert promoted(60, "better", 0.80, seed=3)["both"] <= 0.15
