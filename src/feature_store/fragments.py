"""a part of a delivery -> each row's features as the JSON object that an application is made of"""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import pyarrow as arrow
import pyarrow.compute as compute


def features_of(batch: arrow.RecordBatch, fields: Mapping[str, str], states: Mapping[str, str]) -> list[str]:
    """Return a JSON object a row: `fields` in their order, a state's label where it has taken a value's place.

    Each value is written once, however often it stands there.

    >>> batch = arrow.record_batch({"age": [31, None, 31], "age: state": [None, "not asked", None]})
    >>> features_of(batch, {"age": "integer"}, {"age": "age: state"})
    ['{"age":31}', '{"age":"not asked"}', '{"age":31}']
    """
    columns = [members(name, batch.column(name), None) for name in fields if name not in states]
    columns += [members(name, batch.column(name), batch.column(state)) for name, state in states.items()]
    inside = compute.binary_join_element_wise(*columns, ",")
    found: list[str] = compute.binary_join_element_wise("{", inside, "}", "").to_pylist()
    return found


def members(name: str, values: arrow.Array, states: arrow.Array | None) -> arrow.Array:
    """Return `"name":value` of each row."""
    found = written(name, values)
    if states is not None:
        found = compute.coalesce(written(name, states), found)
    return compute.fill_null(found, f"{json.dumps(name, ensure_ascii=False)}:null")


def written(name: str, values: arrow.Array) -> arrow.Array:
    """Return `"name":value` of each row that has a value, null elsewhere."""
    coded = values.dictionary_encode()
    start = json.dumps(name, ensure_ascii=False)
    texts = [f"{start}:{json.dumps(plain(value), ensure_ascii=False)}" for value in coded.dictionary.to_pylist()]
    return arrow.array(texts, arrow.string()).take(coded.indices)


def plain(value: Any) -> Any:
    """Return a value as JSON has it: a day as ISO text."""
    return value.isoformat() if isinstance(value, date) else value
