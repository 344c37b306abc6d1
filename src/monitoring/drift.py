"""how many rows of two samples lie in each bin -> whether the second is distributed otherwise than the first

Two questions must both say so. A two-sample χ² test asks whether chance alone could do it, of however few rows either
sample has. The population stability index asks whether it is large, as lenders read it.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from src.model.stability import chi_squared_of, psi_of, table_of


class Drift(NamedTuple):
    """What a check finds: the index, the test's statistic, p-value and level, and whether it alarms.

    `p_value` is None where all rows lie in one bin: there is nothing to compare.
    """

    psi: float
    statistic: float
    p_value: float | None
    level: float
    alarm: bool


def judge(
    samples: Mapping[str, tuple[Sequence[int], Sequence[int]]], alpha: float, least_psi: float
) -> dict[str, Drift]:
    """Return what each subject's check finds, of `samples` that are the reference's counts and the window's.

    The level is `alpha` divided by the number of subjects that can be compared (Bonferroni): of windows without change
    at most a share of `alpha` has any alarm.
    """
    tables = {subject: table_of(*pair) for subject, pair in samples.items()}
    tests = {subject: chi_squared_of(table) for subject, table in tables.items()}
    level = alpha / max(1, sum(p_value is not None for _, p_value in tests.values()))
    found = {}
    for subject, (statistic, p_value) in tests.items():
        index = psi_of(tables[subject])
        alarm = p_value is not None and p_value < level and index > least_psi
        found[subject] = Drift(index, statistic, p_value, level, alarm)
    return found
