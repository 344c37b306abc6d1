"""settings, a clock -> the API on a free port of this machine, while a block runs"""

import hashlib
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from threading import Thread
from typing import Any, NamedTuple

import httpx
import uvicorn

from src.api.main import create_app
from src.api.protocol import Connection
from src.api.settings import Settings
from src.errors import LastroError

HOST, PATIENCE = "127.0.0.1", 60.0  # seconds until it answers
PLENTY = "1000000/minute"
SCOPES = "predict+read+outcomes+admin"


class Answer(NamedTuple):
    """What a lender keeps of an answer."""

    prediction_id: str
    approved: bool
    version: str | None


class Lender:
    """Who asks the API: about applicants, and later with what became of them."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def asked(self, method: str, path: str, **body: Any) -> Any:
        """Return an answer's JSON; raises LastroError for an error, with what the API says."""
        found = self.client.request(method, path, json=body or None)
        if found.is_error:
            raise LastroError(f"{method} {path}: {found.status_code}: {found.text[:400]}")
        return found.json()

    def apply(self, applicants: Sequence[dict[str, Any]]) -> list[Answer]:
        """Return the answers to applicants, in their order."""
        found = self.asked("POST", "/predict/batch", applicants=list(applicants))["predictions"]
        return [Answer(one["prediction_id"], one["decision"] == "approve", one["model"]["version"]) for one in found]

    def tell(self, outcomes: Sequence[dict[str, Any]]) -> None:
        """Tell outcomes; raises LastroError where one is not recorded."""
        found = {one["status"] for one in self.asked("POST", "/outcomes", outcomes=list(outcomes))["results"]}
        if found != {"recorded"}:
            raise LastroError(f"POST /outcomes: outcomes are {', '.join(sorted(found))}, not recorded")


@contextmanager
def lending(clock: Callable[[], datetime]) -> Iterator[Lender]:
    """Serve the API of this project by a clock, and yield who asks it; raises LastroError where it does not start."""
    key = secrets.token_hex(32)
    named = f"simulated:{hashlib.sha256(key.encode()).hexdigest()}:{SCOPES}"
    settings = Settings(_env_file=None, api_keys=named, rate_limit=PLENTY, log_level="ERROR")
    app = create_app(settings, clock)
    with served(app) as url, httpx.Client(base_url=url, headers={"x-api-key": key}, timeout=60) as client:
        yield Lender(client)


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Run an application in a thread while the block runs; yield its address."""
    server = uvicorn.Server(uvicorn.Config(app, host=HOST, port=0, http=Connection, log_config=None, access_log=False))
    thread = Thread(target=server.run, name="api")
    thread.start()
    end = time.monotonic() + PATIENCE
    while not server.started:
        if not thread.is_alive() or time.monotonic() > end:
            server.should_exit = True
            raise LastroError("the API does not start")
        time.sleep(0.02)
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://{HOST}:{port}"
    finally:
        server.should_exit = True
        thread.join()
