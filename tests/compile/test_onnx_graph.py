import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto

from src.compile.onnx_graph import Ensemble, Graph


def computed(model: ModelProto, codes: NDArray[np.float64]) -> list[float]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found: list[float] = session.run(None, {"codes": codes})[0][:, 0].tolist()
    return found


def test_operators_compute_in_float64() -> None:
    graph = Graph()
    total = graph.node("ReduceSum", "codes", graph.constant(np.array([1])), keepdims=1)
    model = graph.model(2, graph.node("Add", total, graph.number(1e-12)))
    assert computed(model, np.array([[1.0, 2.0], [0.0, 0.0]])) == [3 + 1e-12, 1e-12]


def test_total_is_added_one_after_another_in_any_row() -> None:
    graph = Graph()
    model = graph.model(7, graph.total(graph.node("Mul", "codes", graph.number(0.1)), 7))
    numbers = np.random.default_rng(1).normal(0, 1, (361, 7))
    expected = np.zeros(361)
    for column in range(7):
        expected = expected + 0.1 * numbers[:, column]
    assert computed(model, numbers) == expected.tolist()
    assert [computed(model, row[None])[0] for row in numbers[:40]] == expected[:40].tolist()


def test_tree_sends_codes_up_to_the_split_left_and_adds_the_trees_up() -> None:
    ensemble = Ensemble()
    for feature, weights in ((0, (1.0, 10.0)), (1, (100.0, 1000.0))):
        root = ensemble.split(feature, 2.0)
        ensemble.left[root], ensemble.right[root] = (ensemble.leaf(weight) for weight in weights)
        ensemble.roots.append(root)
    graph = Graph()
    model = graph.model(2, graph.trees("codes", ensemble))
    codes = np.array([[-1.0, -1.0], [2.0, 3.0], [3.0, 2.0], [9.0, 9.0]])
    assert computed(model, codes) == [101.0, 1001.0, 110.0, 1010.0]


def test_deeper_tree_is_walked_to_its_leaf() -> None:
    ensemble = Ensemble()
    root, below = ensemble.split(0, 0.0), ensemble.split(1, 5.0)
    ensemble.left[root] = ensemble.leaf(1.0)
    ensemble.right[root] = (below, False)
    ensemble.left[below], ensemble.right[below] = ensemble.leaf(2.0), ensemble.leaf(3.0)
    ensemble.roots.append(root)
    graph = Graph()
    model = graph.model(2, graph.trees("codes", ensemble))
    assert computed(model, np.array([[0.0, 9.0], [1.0, 5.0], [1.0, 6.0]])) == [1.0, 2.0, 3.0]
