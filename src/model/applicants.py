"""a card's features -> random applicants whom the contract allows"""

from typing import Any

import numpy as np
import pandas as pd

from src.model.card import Feature

MISSING_SHARE = 0.1
UNKNOWN = "a text that nobody has written"
WIDE = 1e6  # for a number that the contract leaves unbounded
LONG = 20_000  # days, before an application and after it


def random_applicants(features: list[Feature], rows: int, seed: int) -> pd.DataFrame:
    """Return applicants that the contract allows: each drawn evenly from its values, optional ones missing at times.

    Where there are states, one of them takes the place of a value at times; a date is the days before the application.
    """
    random = np.random.default_rng(seed)
    table: dict[str, Any] = {}
    for feature in features:
        values = pd.Series(drawn(feature, rows, random), dtype=object)
        if feature.states:
            stated = pd.Series(random.choice(feature.states, rows), dtype=object)
            values = values.mask(random.random(rows) < MISSING_SHARE, stated)
        missing = random.random(rows) < MISSING_SHARE
        table[feature.name] = values if feature.required else values.mask(missing, None)
    return pd.DataFrame(table)


def drawn(feature: Feature, rows: int, random: np.random.Generator) -> list[Any]:
    """Return values of one feature."""
    if feature.categories is not None:
        return [feature.categories[place] for place in random.integers(len(feature.categories), size=rows)]
    if feature.type == "text":
        return list(random.choice([*feature.suggestions, UNKNOWN], rows))
    if feature.type == "date":
        return [int(days) for days in random.integers(-LONG, LONG, rows)]
    if feature.type == "boolean":
        return [bool(value) for value in random.integers(2, size=rows)]
    if feature.enum is not None:
        return [feature.enum[place] for place in random.integers(len(feature.enum), size=rows)]
    lows = [bound for bound in (feature.minimum, feature.exclusive_minimum) if bound is not None]
    highs = [bound for bound in (feature.maximum, feature.exclusive_maximum) if bound is not None]
    low = max(lows) if lows else -WIDE
    high = min(highs) if highs else max(low, 0.0) + WIDE
    if feature.type == "integer":
        first = np.floor(low) + 1 if low == feature.exclusive_minimum else np.ceil(low)
        last = np.ceil(high) - 1 if high == feature.exclusive_maximum else np.floor(high)
        return [int(value) for value in random.integers(int(first), int(last) + 1, size=rows)]
    return [float(value) for value in random.uniform(low, high, size=rows)]
