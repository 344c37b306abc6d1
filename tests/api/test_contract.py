"""The served document kept: more than a thousand generated requests, answered as it says, and nothing without a key"""

import re
import subprocess
import sys
from collections import Counter

import httpx

from tests.api.live import HEADERS, Server

EXAMPLES = 12  # random ones of each operation, beside the cases that each rule of the document asks for
LEAST_REQUESTS = 1200
LEAST_ACCEPTED = 0.2  # share of answers that are 2xx: most cases are wrong on purpose, and no applicant is stored
OPEN = {"/health": 200, "/ready": 200, "/login": 415}  # what asks for no key, and how it answers to no body
COUNTED = re.compile(r'^lastro_request_seconds_count\{.*status="(\d+)"\} (\S+)$', re.MULTILINE)


def statuses(server: Server) -> Counter[int]:
    """How often each status was answered, as the server counts it."""
    found: Counter[int] = Counter()
    for status, count in COUNTED.findall(httpx.get(f"{server.url}/metrics", headers=HEADERS).text):
        found[int(status)] += int(float(count))
    return found


def test_every_answer_is_as_documented(live: Server) -> None:
    before = statuses(live)
    options = f"--max-examples {EXAMPLES} --seed 1 --generation-database none --no-color"
    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "run", f"{live.url}/openapi.json", *options.split(),
         "-H", f"x-api-key: {HEADERS['x-api-key']}"],
        cwd=live.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    found = statuses(live) - before
    assert not [status for status in found if status >= 500]
    assert found.total() >= LEAST_REQUESTS
    assert sum(found[status] for status in found if status < 300) / found.total() >= LEAST_ACCEPTED


def test_nothing_is_answered_without_a_key(live: Server) -> None:
    paths = httpx.get(f"{live.url}/openapi.json").json()["paths"]
    for path, item in paths.items():
        for method in item:
            for headers in ({}, {"x-api-key": "wrong"}):
                answer = httpx.request(method, f"{live.url}{path}".replace("{prediction_id}", "1"), headers=headers)
                assert answer.status_code == OPEN.get(path, 401), (method, path)
