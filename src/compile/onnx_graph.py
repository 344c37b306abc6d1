"""numpy arrays and operators -> an ONNX graph in float64"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

OPSET, TREES_OPSET, IR = 21, 5, 10
TREES = "ai.onnx.ml"


class Graph:
    """A graph that grows by one node a call; every call returns the name of what the node computes."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def constant(self, value: NDArray[Any]) -> str:
        """Return a constant tensor."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Return the result of an ONNX operator."""
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def number(self, value: float) -> str:
        """Return a constant of shape (1, 1)."""
        return self.constant(np.array([[value]], dtype=np.float64))

    def total(self, numbers: str, width: int) -> str:
        """Return the sum of each row's numbers, one after another.

        `ReduceSum` adds by whole registers, in an order that hangs on where in memory a row begins: an applicant in a
        table would get another last bit than alone.
        """
        sums = self.node("CumSum", numbers, self.constant(np.array(1)))
        return self.node("Gather", sums, self.constant(np.array([width - 1])), axis=1)

    def trees(self, codes: str, ensemble: "Ensemble") -> str:
        """Return the sum over the trees of the leaves that each row reaches, shape (rows, 1)."""
        return self.node(
            "TreeEnsemble",
            codes,
            domain=TREES,
            n_targets=1,
            aggregate_function=1,
            post_transform=0,
            tree_roots=ensemble.roots,
            nodes_featureids=ensemble.features,
            nodes_splits=numpy_helper.from_array(np.array(ensemble.splits, dtype=np.float64), "splits"),
            nodes_modes=numpy_helper.from_array(np.zeros(len(ensemble.splits), dtype=np.uint8), "modes"),
            nodes_truenodeids=[child for child, _ in ensemble.left],
            nodes_trueleafs=[int(leaf) for _, leaf in ensemble.left],
            nodes_falsenodeids=[child for child, _ in ensemble.right],
            nodes_falseleafs=[int(leaf) for _, leaf in ensemble.right],
            leaf_targetids=[0] * len(ensemble.weights),
            leaf_weights=numpy_helper.from_array(np.array(ensemble.weights, dtype=np.float64), "weights"),
        )

    def model(self, width: int, result: str) -> ModelProto:
        """Return the checked model: `codes` (rows, width) float64 -> `probability` (rows, 1) float64."""
        self.nodes.append(helper.make_node("Identity", [result], ["probability"]))
        graph = helper.make_graph(
            self.nodes,
            "credit_score",
            [helper.make_tensor_value_info("codes", TensorProto.DOUBLE, [None, width])],
            [helper.make_tensor_value_info("probability", TensorProto.DOUBLE, [None, 1])],
            self.constants,
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(TREES, TREES_OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR, producer_name="lastro")
        checker.check_model(model)
        return model


class Ensemble:
    """Trees as the operator wants them: split nodes and leaves in two flat lists; left is `code <= split`."""

    def __init__(self) -> None:
        self.roots: list[int] = []
        self.features: list[int] = []
        self.splits: list[float] = []
        self.left: list[tuple[int, bool]] = []
        self.right: list[tuple[int, bool]] = []
        self.weights: list[float] = []

    def leaf(self, weight: float) -> tuple[int, bool]:
        """Add a leaf and return its place, and that it is one."""
        self.weights.append(weight)
        return len(self.weights) - 1, True

    def single(self, weight: float) -> int:
        """Add a tree that never splits, and return its root: the operator wants a node, both ways lead to the leaf."""
        root = self.split(0, 0.0)
        self.left[root] = self.right[root] = self.leaf(weight)
        return root

    def split(self, feature: int, split: float) -> int:
        """Add a split, whose children are set afterwards, and return its place."""
        self.features.append(feature)
        self.splits.append(split)
        self.left.append((0, True))
        self.right.append((0, True))
        return len(self.splits) - 1
