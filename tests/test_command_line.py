"""What a command line says is a value, or a sentence that repeats it and names the rule; never a traceback"""

from argparse import ArgumentTypeError
from collections.abc import Callable

import pytest

from src.command_line import MOMENT, count, moment

WHOLE = "a whole number from 1 on"
WRONG: list[tuple[Callable[[str], object], str, str]] = [
    (moment, "yesterday", MOMENT),
    (moment, "2026-01-31T12:00:00", MOMENT),  # without a zone
    (moment, "2026-02-30T12:00:00Z", MOMENT),
    (moment, "0001-01-01T00:00:00+14:00", MOMENT),  # in UTC of no year
    (moment, "9999-12-31T23:59:59-14:00", MOMENT),
    (count, "0", WHOLE),
    (count, "-1", WHOLE),
    (count, "1.5", WHOLE),
    (count, "", WHOLE),
]


@pytest.mark.parametrize(("read", "text", "rule"), WRONG)
def test_wrong_text_is_repeated_with_the_rule(read: Callable[[str], object], text: str, rule: str) -> None:
    with pytest.raises(ArgumentTypeError) as caught:
        read(text)
    assert str(caught.value) == f"{text!r} is not {rule}"
