import numpy as np
import pytest
from numpy.typing import NDArray

from src.model.formulas import Tree, boosted, first_right_of_float32, mean_of_trees
from tests.serving.kinds import fitted, table


def leaf_of(tree: Tree, row: NDArray[np.float64]) -> float:
    """The weight of the leaf that a row reaches."""
    node = 0
    while tree.left[node] >= 0:
        left = row[tree.column[node]] < tree.cut[node]
        node = int(tree.left[node] if left else tree.right[node])
    return float(tree.weight[node])


@pytest.mark.parametrize("name", ["forest", "boosting"])
def test_leaves_of_all_trees_add_up_to_what_the_model_says(name: str) -> None:
    encoder, model = fitted(name)[0], fitted(name)[-1]
    matrix = encoder.transform(table()[0])[:60]
    if name == "forest":
        trees, start = mean_of_trees(model.estimators_)
        expected = model.predict_proba(matrix)[:, 1] * len(trees)
        assert start is None
    else:
        expected, (trees, start) = model.decision_function(matrix), boosted(model)
    found = [(start or 0.0) + sum(leaf_of(tree, row) for tree in trees) for row in matrix]
    assert np.abs(np.array(found) - expected).max() < 1e-12


def test_first_number_that_a_forest_sends_right_is_found_to_the_last_bit() -> None:
    random = np.random.default_rng(3)
    thresholds = np.concatenate([random.normal(0, 1, 300), random.normal(0, 1e6, 300), [0.0, 0.5, -0.5, 1.0, 16777217]])
    thresholds = np.concatenate([thresholds, thresholds.astype(np.float32).astype(np.float64)])
    first = first_right_of_float32(thresholds)
    assert (first.astype(np.float32) > thresholds).all()
    assert (np.nextafter(first, -np.inf).astype(np.float32) <= thresholds).all()
