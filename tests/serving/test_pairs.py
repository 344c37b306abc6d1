"""What two features add together: looked up by their codes, and by exact differences with the reference's"""

import pytest

from src.serving.formula import sigmoid
from src.serving.pairs import PairCode, Sum
from src.serving.reasons import swapped

PAIRS = [
    PairCode(first="a", second="c", rows=[1, 0, 0], columns=[0, 1, 1, 0], weights=[[0.5, -0.25], [2.0, 1e-3]]),
    PairCode(first="c", second="b", rows=[0, 0, 1, 1], columns=[0, 1], weights=[[1.0, -1.0], [0.125, 0.0]]),
]
SUM = Sum(["a", "b", "c"], [[0.1, 0.2, 0.3], [-1.0, 1.0], [0.0, 0.5, 0.25, -0.5]], -0.75, PAIRS)


def test_log_odds_are_the_weights_of_the_codes_and_of_the_pairs() -> None:
    assert SUM.log_odds([0, 1, 2]) == pytest.approx(-0.75 + 0.1 + 1.0 + 0.25 + 1e-3 + 0.0)
    assert SUM.log_odds([2, 0, 3]) == pytest.approx(-0.75 + 0.3 - 1.0 - 0.5 + 0.5 + 0.125)


def test_replaced_is_what_the_row_with_the_references_code_has() -> None:
    rows = [[a, b, c] for a in range(3) for b in range(2) for c in range(4)]
    for row in rows:
        for reference in rows[::5]:
            found = SUM.replaced(row, reference, sigmoid)
            differing = [place for place in range(3) if row[place] != reference[place]]
            wanted = [sigmoid(SUM.log_odds(swapped(row, reference, [place]))) for place in differing]
            assert [pd for pd, _ in found] == pytest.approx(wanted, abs=1e-15)
            assert [place for _, place in found] == differing
