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
from src.model.card import read_card

TIMEOUT = 30.0  # seconds


def main() -> None:
    """Print how to ask for the first applicant of the test split, and what the API answers to that."""
    endpoint, key = load().address("API_PORT"), client.read(ROOT)["api_key"]
    applicant = first_applicant(ROOT)
    print(curl(endpoint, key, applicant))
    print(ask(endpoint, key, applicant))


def first_applicant(root: Path) -> dict[str, Any]:
    """Return the first row of the test split as a body of POST /predict."""
    names = [feature.name for feature in read_card(root / "models" / "model.json").features]
    table = read_table(root / "data" / "processed" / "test.parquet")[names].head(1)
    rows: list[dict[str, Any]] = json.loads(table.to_json(orient="records"))
    return rows[0]


def curl(endpoint: str, key: str, applicant: dict[str, Any]) -> str:
    """Return the command that asks for this applicant."""
    headers = (f"x-api-key: {key}", "content-type: application/json")
    words = ["curl", "-s", f"{endpoint}/predict", *(word for header in headers for word in ("-H", header))]
    return shlex.join([*words, "-d", json.dumps(applicant, ensure_ascii=False)])


def ask(endpoint: str, key: str, applicant: dict[str, Any]) -> str:
    """Return the API's answer, one line of JSON; raises LastroError where it gives none."""
    try:
        answer = httpx.post(f"{endpoint}/predict", json=applicant, headers={"x-api-key": key}, timeout=TIMEOUT)
    except httpx.HTTPError as error:
        raise LastroError(f"{endpoint} does not answer: {error}") from None
    if answer.status_code != httpx.codes.OK:
        raise LastroError(f"{endpoint} answers {answer.status_code}: {answer.text}")
    return json.dumps(answer.json())


if __name__ == "__main__":
    run(main)
