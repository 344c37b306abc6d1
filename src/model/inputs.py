"""a typed table -> the features' columns as a model and the API see them"""

from collections.abc import Sequence

import pandas as pd

from src.contract.fields import state_column
from src.contract.package import Package
from src.model.card import Feature, Time


def time_of(package: Package, table: pd.DataFrame) -> Time | None:
    """Return the field that says when applications were made, with the newest day of the training rows."""
    column = package.time
    if column is None:
        return None
    newest = table[column.name].max().date().isoformat()
    return Time(name=column.name, title=column.title or column.name, description=column.description, latest=newest)


def inputs(table: pd.DataFrame, features: Sequence[Feature], time: Time | None) -> pd.DataFrame:
    """Return the features' columns: a date as the days before the application, a state in the place of the number.

    A column of numbers that has states is of Python's objects, for it holds both.
    """
    made = table[time.name] if time else None
    return pd.DataFrame({feature.name: _column(table, feature, made) for feature in features}, index=table.index)


def thinned(table: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return a table's rows, of more than `most` every second, third or later one.

    >>> thinned(pd.DataFrame({"n": range(7)}), 3)["n"].tolist()
    [0, 3, 6]
    """
    return table.iloc[:: max(1, -(-len(table) // most))]


def _column(table: pd.DataFrame, feature: Feature, made: pd.Series | None) -> pd.Series:
    values = table[feature.name]
    if feature.type == "date" and made is not None:
        values = days_before(made, values)
    if not feature.mixed:
        return values
    states = table[state_column(feature.name)]
    return values.astype(object).where(values.notna(), None).where(states.isna(), states)


def days_before(made: pd.Series, dates: pd.Series) -> pd.Series:
    """Return how many days before the application each date lies; missing where either is."""
    return (made - dates).dt.days.astype("Float64").astype("Int64")
