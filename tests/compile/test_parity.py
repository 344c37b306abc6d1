import numpy as np
import pytest

from src.compile.parity import compare
from src.model.applicants import random_applicants
from tests.serving.kinds import card, features

ROWS = 500


def test_random_applicants_keep_to_the_contract_and_use_all_of_it() -> None:
    found = random_applicants(features(), ROWS, seed=1)
    for feature in features():
        known = [value for value in found[feature.name] if value is not None]
        assert (len(known) == ROWS) is feature.required
        if feature.categories is not None:
            assert set(known) == set(feature.categories)
        elif feature.enum is not None:
            assert set(known) == set(feature.enum)
        elif feature.type == "boolean":
            assert set(known) == {True, False}
        else:
            assert all(feature.minimum is None or value >= feature.minimum for value in known)
            assert all(feature.maximum is None or value <= feature.maximum for value in known)
            assert len(set(known)) > 50


def test_exclusive_bounds_are_left_out() -> None:
    years = next(feature for feature in features() if feature.name == "years")
    years = years.model_copy(update={"minimum": None, "maximum": None, "exclusive_minimum": 0, "exclusive_maximum": 3})
    assert set(random_applicants([years], ROWS, seed=1)["years"]) == {1, 2, None}


def test_same_seed_gives_the_same_applicants() -> None:
    once, twice, other = (random_applicants(features(), 50, seed) for seed in (1, 1, 2))
    assert once.equals(twice)
    assert not once.equals(other)


def test_comparison_counts_rows_differences_and_flipped_decisions() -> None:
    fitted = np.array([0.1, 0.2999, 0.5, 0.9])
    served = np.array([0.1, 0.3001, 0.5, 0.8])
    found = compare(fitted, served, card(threshold=0.3), dataset_rows=3)
    assert (found.dataset_rows, found.random_rows, found.flipped_decisions) == (3, 1, 1)
    assert found.largest_difference == pytest.approx(0.1)
