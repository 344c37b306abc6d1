"""What makes a PD of the parts' sums"""

from math import inf

import pytest

from src.serving.calibration import Calibration
from src.serving.formula import Isotonic, Mean, Sigmoid, Total, function_of, sigmoid

STEPS = Calibration(x=[-1.0, 1.0], y=[0.1, 0.9])


def test_probability_of_any_log_odds() -> None:
    assert [sigmoid(x) for x in (-inf, -1000.0, 0.0, 1000.0, inf)] == [0, 0, 0.5, 1, 1]
    assert sigmoid(1.5) + sigmoid(-1.5) == pytest.approx(1, abs=1e-15)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (Total(part=1), 2.0),
        (Total(part=0, trees=4), 0.75),
        (Sigmoid(of=Total(part=2)), sigmoid(0.25)),
        (Isotonic(of=Total(part=2), steps=STEPS), 0.6),
        (Mean(of=[Total(part=0, trees=4), Isotonic(of=Total(part=2), steps=STEPS), Sigmoid(of=Total(part=2))]),
         (0.75 + 0.6 + sigmoid(0.25)) / 3),
    ],
)  # fmt: skip
def test_each_step_is_computed_from_sums_in_units_of_their_part(formula: object, expected: float) -> None:
    assert function_of(formula, [0, 1, 2])([3, 4, 1]) == expected  # type: ignore[arg-type]
