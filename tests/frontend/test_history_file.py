import csv
import io
from typing import Any

import pytest

from src.frontend import history_file
from src.frontend.client import Client
from src.frontend.errors import LimitedError
from src.frontend.history_file import content


def read(text: bytes, separator: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.decode("utf-8-sig")), delimiter=separator))


def test_file_has_every_page_of_the_log_as_the_api_tells_it(
    client: Client, example: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    client.predict_batch([example] * 5)
    monkeypatch.setattr(history_file, "PAGE", 2)
    monkeypatch.setattr(history_file, "MOST", 6)
    rows = read(content(client, {"decision": None}, decimal_comma=False))
    expected = client.predictions(limit=6)["predictions"]
    assert [row["prediction_id"] for row in rows] == [each["prediction_id"] for each in expected]
    for row, each in zip(rows, expected, strict=True):
        assert float(row["probability_of_default"]) == each["probability_of_default"]
        assert {name: row[f"inputs.{name}"] for name in example} == {
            name: str(value) for name, value in each["inputs"].items()
        }


def entry(**changes: Any) -> dict[str, Any]:
    plain = {"prediction_id": "p", "time": "t", "score": 500, "probability_of_default": 0.5, "decision": "approve"}
    return plain | {"reasons": [], "inputs": {}, "model": {"sha256": "s", "version": None}} | changes


class Log:
    """A log that reaches its limit before it answers."""

    def __init__(self, *entries: dict[str, Any]) -> None:
        self.entries, self.refusals = entries, 1

    def predictions(self, **_: Any) -> dict[str, Any]:
        self.refusals -= 1
        if self.refusals >= 0:
            raise LimitedError(0)
        return {"predictions": self.entries, "next": None}


def test_limit_is_waited_for_and_rows_of_different_models_share_a_header() -> None:
    log: Any = Log(entry(inputs={"a": 1.5, "b": "=1+1"}), entry(inputs={"c": None}))
    first, second = read(content(log, {}, decimal_comma=True), ";")
    assert (first["inputs.a"], first["inputs.b"], first["inputs.c"]) == ("1,5", "'=1+1", "")
    assert (second["inputs.a"], second["probability_of_default"], second["caller"]) == ("", "0,5", "")


def test_limit_that_never_ends_is_an_error() -> None:
    log: Any = Log()
    log.refusals = 100
    with pytest.raises(LimitedError):
        content(log, {}, decimal_comma=False)
