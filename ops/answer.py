"""models/model.json, data/processed/test.parquet, .streamlit/secrets.toml -> two lines: a curl command, its answer"""

import json
import shlex
from pathlib import Path
from typing import Any

import httpx

from ops import client
from ops.deployment import ROOT, load
from src.contract.table import read_table
from src.errors import LastroError, run
from src.model.card import Card, read_card

TIMEOUT = 30.0  # seconds


def main() -> None:
    """Print how to ask for the first applicant of the test split, and what the API answers to that.

    Where the champion is another model than this folder's, it is asked for the example of its own card.
    """
    endpoint, key = load().address("API_PORT"), client.read(ROOT)["api_key"]
    served, here = served_card(endpoint, key), read_card(ROOT / "models" / "model.json")
    applicant = first_applicant(ROOT) if served.sha256 == here.sha256 else example(served)
    print(curl(endpoint, key, applicant))
    print(ask(endpoint, key, applicant))


def first_applicant(root: Path) -> dict[str, Any]:
    """Return the first row of the test split as a body of POST /predict."""
    names = [feature.name for feature in read_card(root / "models" / "model.json").features]
    table = read_table(root / "data" / "processed" / "test.parquet")[names].head(1)
    rows: list[dict[str, Any]] = json.loads(table.to_json(orient="records"))
    return rows[0]


def served_card(endpoint: str, key: str) -> Card:
    """Return the card of the model that answers; raises LastroError where there is none."""
    return Card.model_validate(_answer("GET", f"{endpoint}/model/info", key)["card"])


def example(card: Card) -> dict[str, Any]:
    """Return an applicant that a model's own contract takes: its examples, else its reference values."""
    return {each.name: card.reference[each.name] if each.example is None else each.example for each in card.features}


def curl(endpoint: str, key: str, applicant: dict[str, Any]) -> str:
    """Return the command that asks for this applicant."""
    headers = (f"x-api-key: {key}", "content-type: application/json")
    words = ["curl", "-s", f"{endpoint}/predict", *(word for header in headers for word in ("-H", header))]
    return shlex.join([*words, "-d", json.dumps(applicant, ensure_ascii=False)])


def ask(endpoint: str, key: str, applicant: dict[str, Any]) -> str:
    """Return the API's answer, one line of JSON; raises LastroError where it gives none."""
    return json.dumps(_answer("POST", f"{endpoint}/predict", key, applicant))


def _answer(method: str, address: str, key: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    try:
        answer = httpx.request(method, address, json=body, headers={"x-api-key": key}, timeout=TIMEOUT)
    except httpx.HTTPError as error:
        raise LastroError(f"{address} does not answer: {error}") from None
    if answer.status_code != httpx.codes.OK:
        raise LastroError(f"{address} answers {answer.status_code}: {answer.text}")
    found: dict[str, Any] = answer.json()
    return found


if __name__ == "__main__":
    run(main)
