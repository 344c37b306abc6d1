"""a typed table -> the values and the rows that count, and how many do not"""

import pandas as pd

from src.contract.fields import Column, ContractError
from src.contract.origin import without
from src.contract.package import Package
from src.contract.rules import BREAKS

SHOWN = 5


def within_bounds(table: pd.DataFrame, package: Package) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the table without the values that are out of bounds where those count as missing, and how many a field."""
    counts = {}
    kept = table.copy(deep=False)
    for column in package.columns:
        if column.out_of_bounds == "missing":
            outside = _outside(table[column.name], column)
            kept[column.name] = table[column.name].mask(outside)
            counts[column.name] = int(outside.sum())
    return kept, counts


def _outside(values: pd.Series, column: Column) -> pd.Series:
    bounds = column.day_bounds or column.constraints.bounds
    outside = pd.Series(False, index=values.index)
    for name, bound in bounds.items():
        limit = pd.Timestamp(bound) if column.kind == "date" else bound
        outside |= BREAKS[name](values, limit).fillna(False).astype(bool)
    return outside


def with_outcome(table: pd.DataFrame, package: Package) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the rows whose target is bad or good, and how many have which other value.

    Where the package names no good values there may be two values, and the one that is not bad is good: raises
    ContractError for a third. A value that is none of the target's categories stays, for `check_table` to find.
    """
    target = package.target
    values = table[target.name]
    if not target.good:
        _refuse_third(values, package)
        return table, {}
    other = ~values.isin([*target.bad_labels, *target.good_labels])
    if target.choices:
        other &= values.isin(target.labels) | values.isna()
    counts = values[other].astype("str").fillna("missing").value_counts().sort_index()
    return without(table, other.to_numpy()), {str(value): int(count) for value, count in counts.items()}


def _refuse_third(values: pd.Series, package: Package) -> None:
    target = package.target
    known = values[values.isin(target.labels)] if target.choices else values
    found = known.value_counts()
    if len(found) > 2:
        shown = ", ".join(f"{value!r} ({count} rows)" for value, count in found.head(SHOWN).items())
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        raise ContractError(
            f"target {target.name!r}: {len(found)} values: {shown}{more}; name those that are `good` beside `bad`:"
            " rows with neither are then left out"
        )
