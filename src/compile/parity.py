"""two forms of a model -> how far their PDs differ, and the rows that both are asked for"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from src.model.card import Card
from src.model.points import decide
from src.serving.export import Parity


def compare(fitted: NDArray[np.float64], served: NDArray[np.float64], card: Card, dataset_rows: int) -> Parity:
    """Return how far the served PDs are from the fitted model's; the data set's rows come first."""
    flips = sum(decide(a, card.threshold) != decide(b, card.threshold) for a, b in zip(fitted, served, strict=True))
    return Parity(
        dataset_rows=dataset_rows,
        random_rows=len(fitted) - dataset_rows,
        largest_difference=float(np.abs(fitted - served).max()),
        flipped_decisions=flips,
    )


def rows_of(table: pd.DataFrame, row: Callable[[dict[str, Any]], list[Any]]) -> list[list[Any]]:
    """Return what a predictor computes from, for each row of a table, made one by one as the service makes it."""
    plain = table.astype(object).where(table.notna(), None)
    return [row(dict(zip(plain.columns, values, strict=True))) for values in plain.itertuples(index=False)]
