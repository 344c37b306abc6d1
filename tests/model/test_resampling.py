import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.contract.costs import Costs
from src.model.metrics import score_all
from src.model.resampling import Ranked, bootstrap

COSTS = Costs(false_accept=5, false_reject=1)
APPLICANTS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 1 / 6, 0.3, 0.95, 1.0]), st.integers(0, 1), st.integers(0, 3)), min_size=2
)


@given(APPLICANTS.filter(lambda rows: {bad for _, bad, weight in rows if weight} == {0, 1}))
def test_weights_give_the_metrics_of_the_repeated_rows(rows: list[tuple[float, int, int]]) -> None:
    pd, bad, weights = (np.array(values) for values in zip(*rows, strict=True))
    ranked = Ranked(bad, pd, 1 / 6, COSTS)
    repeated = score_all(np.repeat(bad, weights), np.repeat(pd, weights), 1 / 6, COSTS)
    assert ranked.scores(weights[ranked.order]) == pytest.approx(repeated, abs=1e-12)


def test_bootstrap_interval_holds_the_value_and_repeats_with_its_seed() -> None:
    random = np.random.default_rng(0)
    pd = random.random(200)
    bad = (random.random(200) < pd).astype("int64")
    first = bootstrap(bad, pd, 1 / 6, COSTS, 50, seed=1)
    values = score_all(bad, pd, 1 / 6, COSTS)
    assert all(first[name][0] <= values[name] <= first[name][1] for name in values if name != "ece")
    assert first == bootstrap(bad, pd, 1 / 6, COSTS, 50, seed=1)
    assert first != bootstrap(bad, pd, 1 / 6, COSTS, 50, seed=2)


def test_resamples_are_the_rows_drawn_by_outcome() -> None:
    random = np.random.default_rng(3)
    pd = random.random(60).round(1)
    bad = (random.random(60) < pd).astype("int64")
    drawn, again = [], np.random.default_rng(7)
    for _ in range(40):
        rows = np.concatenate([again.choice(group, len(group)) for group in map(np.flatnonzero, (bad == 0, bad == 1))])
        drawn.append(score_all(bad[rows], pd[rows], 0.5, COSTS)["pr_auc"])
    found = bootstrap(bad, pd, 0.5, COSTS, 40, seed=7)["pr_auc"]
    assert found == pytest.approx(tuple(np.percentile(drawn, [2.5, 97.5])), abs=1e-12)
