"""GET /predictions, page by page -> a CSV file: one row a prediction, then what was known of the applicant"""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from src.frontend.client import Client
from src.frontend.errors import WaitError
from src.frontend.schema import Value
from src.frontend.table import as_csv, harmless, written

PAGE = 500  # as much as the API gives at once
MOST = 10_000  # rows of a file; a narrower filter brings older ones
PATIENCE = 5  # times that a busy service, or a limit, is waited for
Json = Mapping[str, Any]


def content(client: Client, wanted: Mapping[str, str | None], decimal_comma: bool) -> bytes:
    """Return the newest predictions that the filter lets through, as spreadsheets of the language open them."""
    rows = [row(each, decimal_comma) for each in predictions(client, wanted)]
    names = dict.fromkeys(name for each in rows for name in each)  # another model may have asked for other fields
    return as_csv([{name: each.get(name, "") for name in names} for each in rows], decimal_comma)


def predictions(client: Client, wanted: Mapping[str, str | None]) -> Iterator[Json]:
    """Yield predictions, the newest first; raises PageError."""
    cursor: str | None = None
    for _page in range(MOST // PAGE):
        found = patiently(client, {**wanted, "limit": str(PAGE), "cursor": cursor})
        yield from found["predictions"]
        cursor = found["next"]
        if cursor is None:
            return


def patiently(client: Client, wanted: Mapping[str, str | None]) -> Json:
    """Return a page of the log; waits where the API asks for it."""
    for _time in range(PATIENCE):
        try:
            return client.predictions(**wanted)
        except WaitError as error:
            time.sleep(error.seconds)
    return client.predictions(**wanted)


def row(found: Json, decimal_comma: bool) -> dict[str, str]:
    """Return a prediction's cells, by the names that the API gives them."""
    plain = ("prediction_id", "time", "score", "probability_of_default", "decision", "purpose", "threshold", "caller")
    cells: dict[str, Value] = {name: found.get(name) for name in plain}
    cells |= {name: (found.get("outcome") or {}).get(name) for name in ("outcome", "observed_at")}
    cells |= {f"model.{name}": value for name, value in found["model"].items()}
    cells["kept"] = found.get("kept")
    cells["reasons"] = json.dumps({each["feature"]: each["points"] for each in found["reasons"]})
    cells |= {f"inputs.{name}": value for name, value in found["inputs"].items()}
    return {name: harmless(written(value, decimal_comma)) for name, value in cells.items()}
