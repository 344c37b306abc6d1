"""Calibration by score band: the bands, and that the test rings where PDs are wrong and seldom where they are right"""

import numpy as np
import pytest
from scipy.stats import binom

from src.model.banded import calibration_of, edges
from src.model.card import read_card
from src.model.discrimination import ranked
from tests.conftest import ROOT

CARD = read_card(ROOT / "models" / "model.json")


def drawn(seed: int, rows: int = 600, odds: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    pds = random.beta(2, 5, rows)
    true = odds * pds / (1 - pds + odds * pds)
    return (random.uniform(size=rows) < true).astype(np.int64), pds


def test_bands_hold_every_row_once_and_are_those_of_the_first_sample() -> None:
    bad, pds = drawn(1)
    found = calibration_of(bad, pds, edges(pds, 200, CARD), CARD)
    assert len(found["bands"]) == 200 // 30
    assert sum(one["rows"] for one in found["bands"]) == found["rows"] == 600
    assert sum(one["observed"] for one in found["bands"]) == found["observed"] == bad.sum()
    assert sum(one["expected"] for one in found["bands"]) == pytest.approx(found["expected"])
    assert (found["bands"][0]["from"], found["bands"][-1]["to"]) == (None, None)


def test_p_value_is_the_exact_two_sided_one() -> None:
    bad, pds = np.array([1] * 9 + [0] * 21), np.full(30, 0.15)
    (only,) = calibration_of(bad, pds, edges(pds, 30, CARD), CARD)["bands"]
    masses = binom.pmf(range(31), 30, 0.15)
    assert only["p_value"] == pytest.approx(masses[masses <= masses[9] * (1 + 1e-7)].sum())


def test_it_rings_where_odds_are_doubled_and_seldom_where_they_are_right() -> None:
    def rings(seed: int, odds: float) -> bool:
        bad, pds = drawn(seed, odds=odds)
        bands = calibration_of(bad, pds, edges(pds, 200, CARD), CARD)["bands"]
        return any(one["p_value"] < 0.05 / len(bands) for one in bands)

    assert sum(rings(seed, 1.0) for seed in range(40)) <= 5
    assert sum(rings(seed, 2.5) for seed in range(40)) >= 35


def test_a_band_without_rows_and_a_sample_without_both_outcomes_tell_nothing() -> None:
    bad, pds = drawn(2)
    upper = edges(pds, 600, CARD)
    found = calibration_of(bad[:1], pds[:1], upper, CARD)
    assert [one["p_value"] for one in found["bands"] if not one["rows"]] == [None] * (len(upper))
    assert ranked(np.zeros(9, dtype=np.int64), pds[:9])["roc_auc"] is None
