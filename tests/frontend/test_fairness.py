import pytest

from src.frontend.fairness import people, ratio
from src.frontend.texts import NONE


@pytest.mark.parametrize(
    ("group", "said"),
    [
        ({"count": 29, "too_few": True}, "⚠ 29, too few"),
        ({"count": 1030, "too_few": False}, "1,030"),
        ({"count": 30}, "30"),  # an evaluation that is older than the sign
    ],
)
def test_group_of_too_few_people_has_a_sign_and_a_word(group: dict[str, int], said: str) -> None:
    assert people(group) == said


@pytest.mark.parametrize(("value", "said"), [(0.799, "▼ 0.80, low"), (0.8, "0.80"), (2.5, "2.50"), (None, NONE)])
def test_low_ratio_has_a_sign_and_a_word(value: float | None, said: str) -> None:
    assert ratio(value) == said
