"""In a pod: requests, half on new connections, half kept alive -> a line of JSON: how many, and each that failed

No request is sent twice, and no connection is looked at before it is used again: only `connection: close` in an answer
ends one. Arguments: how many, how many a second. Standard library only.
"""

import http.client
import json
import os
import sys
import threading
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

ENDPOINT = os.environ.get("LASTRO_ENDPOINT", "http://api:8000")
PLACE = urlsplit(ENDPOINT)
KEY = {"x-api-key": Path("/run/secrets/LASTRO_API_KEY").read_text(encoding="utf-8").strip()}


def applicant() -> str:
    """What the serving model's own card gives as an example."""
    with urllib.request.urlopen(urllib.request.Request(f"{ENDPOINT}/model/info", headers=KEY), timeout=30) as answer:
        card = json.load(answer)["card"]
    given = ((each["name"], each.get("example")) for each in card["features"])
    return json.dumps({name: card["reference"][name] if value is None else value for name, value in given})


def ask(connection: http.client.HTTPConnection, body: str) -> str | None:
    """Return the version that answered; raises where it was none."""
    connection.request("POST", "/predict", body, KEY | {"content-type": "application/json"})
    answer = connection.getresponse()
    said = answer.read().decode()
    if answer.status != 200:
        raise ValueError(f"{answer.status} {said[:200]}")
    found: str | None = json.loads(said)["model"]["version"]
    return found


def call(many: int, rate: float, body: str, kept: bool, counts: dict[str, object]) -> None:
    """Ask at an even pace, on one connection or each time on a new one."""
    opened = http.client.HTTPConnection(PLACE.hostname or "", PLACE.port, timeout=30)
    start = time.monotonic()
    for number in range(many):
        time.sleep(max(0.0, start + number / rate - time.monotonic()))
        try:
            counts["last"] = ask(opened, body)
        except (OSError, ValueError, http.client.HTTPException) as error:
            failures = counts["failed"]
            assert isinstance(failures, list)
            failures.append(f"{time.strftime('%H:%M:%S')} {'kept' if kept else 'new'} {type(error).__name__}: {error}")
            opened.close()
        if not kept:
            opened.close()


def main() -> None:
    """Ask, and tell."""
    many, rate = int(sys.argv[1]), float(sys.argv[2])
    body = applicant()
    counts: dict[str, object] = {"asked": many, "failed": [], "last": None}
    print("asking", flush=True)  # noqa: T201
    threads = [threading.Thread(target=call, args=(many // 2, rate / 2, body, kept, counts)) for kept in (True, False)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    print(json.dumps(counts), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
