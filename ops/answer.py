"""models/model.json, data/processed/test.parquet, .streamlit/secrets.toml -> two lines: a curl command, its answer

`python -m ops.answer --elsewhere [--code COMMIT] [--wait SECONDS]` asks the service at LASTRO_ENDPOINT with the key
LASTRO_API_KEY instead, once it runs that commit's code, and prints the answer alone: the command would show the key.
"""

import json
import os
import re
import shlex
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import httpx

from ops import client
from ops.deployment import ROOT, load
from src.contract.table import read_table
from src.errors import LastroError, run
from src.model.card import Card, read_card

TIMEOUT = 30.0  # seconds
PAUSE = 5.0  # seconds between two looks at a service that does not run the code yet
RUNNING = 5  # looks in a row that see it: each is a new connection, and any replica may answer
CODE = re.compile(r'^lastro_code_info\{commit="([0-9a-f]*)"\} 1', re.MULTILINE)


def main() -> None:
    """Print an answer, of this machine's service or of another."""
    parser = ArgumentParser(prog="python -m ops.answer", description=__doc__)
    parser.add_argument("--elsewhere", action="store_true", help="ask the service at LASTRO_ENDPOINT")
    parser.add_argument("--code", default="", metavar="COMMIT", help="only once it runs this commit's code")
    parser.add_argument("--wait", type=float, default=0.0, metavar="SECONDS", help="how long to wait for that")
    asked = parser.parse_args()
    elsewhere(asked.code, asked.wait) if asked.elsewhere else here()


def elsewhere(code: str, seconds: float) -> None:
    """Print what the service at LASTRO_ENDPOINT answers to its own model's example, once it runs that code."""
    endpoint, key = (os.environ.get(name, "") for name in ("LASTRO_ENDPOINT", "LASTRO_API_KEY"))
    if not (endpoint and key):
        raise LastroError("LASTRO_ENDPOINT and LASTRO_API_KEY: set both to ask a service that runs elsewhere")
    if code:
        await_code(endpoint, key, code, seconds)
    print(ask(endpoint, key, example(served_card(endpoint, key))))


def await_code(endpoint: str, key: str, code: str, seconds: float) -> None:
    """Return when a service runs a commit's code, in every replica as far as can be seen; raises LastroError."""
    deadline, seen = time.monotonic() + seconds, 0
    while seen < RUNNING:
        found = running(endpoint, key)
        seen = seen + 1 if found == code else 0
        if seen == 0:
            if time.monotonic() >= deadline:
                raise LastroError(f"{endpoint} runs the code of {found or 'no known commit'}, not of {code}")
            time.sleep(min(PAUSE, max(0.0, deadline - time.monotonic())))


def running(endpoint: str, key: str) -> str:
    """Return the commit whose code answers; empty where nothing answers or nobody knows it."""
    try:
        found = CODE.search(httpx.get(f"{endpoint}/metrics", headers={"x-api-key": key}, timeout=TIMEOUT).text)
    except httpx.HTTPError:
        return ""
    return found[1] if found else ""


def here() -> None:
    """Print how to ask for the first applicant of the test split, and what the API answers to that.

    Where the champion is another model than this folder's, it is asked for the example of its own card.
    """
    endpoint, key = load().address("API_PORT"), client.read(ROOT)["api_key"]
    served, ours = served_card(endpoint, key), read_card(ROOT / "models" / "model.json")
    applicant = first_applicant(ROOT) if served.sha256 == ours.sha256 else example(served)
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
