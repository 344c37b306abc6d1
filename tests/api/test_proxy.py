"""Behind a real proxy that strips a prefix: every address that the service names, and a client that is made of them"""

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

from src.api.docs import PATHS
from tests.api.live import HEADERS, Server
from tests.documents import blocks
from tests.nginx import nginx_before

PREFIX = "/credit/scores"
LOADED = re.compile(r'(?:src|href|spec-url)="([^"]*)"')


@pytest.fixture(scope="module")
def proxied(nginx: str, models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the service behind nginx, as docs/api.md has it."""
    folder = tmp_path_factory.mktemp("proxied")
    (block,) = blocks("docs/api.md", "nginx")
    told = {"UVICORN_ROOT_PATH": PREFIX, "LASTRO_TRUSTED_PROXIES": "127.0.0.1", "LASTRO_OPEN_LIMIT": "999/minute"}
    server = Server(folder, models, env=told).start()
    location = block.text.replace("http://127.0.0.1:8000", server.url)
    with nginx_before(nginx, folder, location) as address:
        yield f"{address}{PREFIX}"
    server.stop()


def test_every_address_that_is_named_leads_to_the_service(proxied: str) -> None:
    start = httpx.get(f"{proxied}/")
    assert start.status_code == 307
    assert urljoin(f"{proxied}/", start.headers["location"]) == f"{proxied}/docs"
    for page in ("docs", "redoc"):
        for address in LOADED.findall(httpx.get(f"{proxied}/{page}").text):
            assert httpx.get(urljoin(f"{proxied}/{page}", address)).status_code == 200, address
    (server,) = httpx.get(f"{proxied}/openapi.json").json()["servers"]
    assert urljoin(f"{proxied}/openapi.json", server["url"]) == proxied


def test_prefix_opens_nothing_and_no_answer_leads_out_of_it(proxied: str) -> None:
    assert httpx.get(f"{proxied}/health").status_code == 200
    for path in ("/predictions", f"{PREFIX}/health", "/docs/"):
        assert httpx.get(f"{proxied}{path}").status_code == 401, path
    for path in (*PATHS, "/predictions", "/predict/", "/nowhere"):
        location = httpx.get(f"{proxied}{path}", headers=HEADERS).headers.get("location")
        assert location is None or urljoin(f"{proxied}{path}", location).startswith(proxied), path


def test_client_generated_from_the_document_scores(
    proxied: str, applicant: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.yaml").write_text("post_hooks: []\npackage_name_override: lastro_client\n")
    command = "generate --url {}/openapi.json --config config.yaml --output-path made --meta none --fail-on-warning"
    subprocess.run(
        [sys.executable, "-m", "openapi_python_client", *command.format(proxied).split()],
        cwd=tmp_path, env=os.environ | {"PYTHONWARNINGS": "ignore"}, check=True,
    )  # fmt: skip
    (tmp_path / "made").rename(tmp_path / "lastro_client")
    monkeypatch.syspath_prepend(tmp_path)
    made = importlib.import_module("lastro_client")
    predict = importlib.import_module("lastro_client.api.predictions.predict")
    models = importlib.import_module("lastro_client.models")
    body = models.Applicant.from_dict(applicant)
    for key, status, kind in ((HEADERS["x-api-key"], 200, "PredictionOut"), ("wrong", 401, "ProblemDocument")):
        shown = {"token": key, "prefix": "", "auth_header_name": "x-api-key"}
        with made.AuthenticatedClient(base_url=proxied, **shown) as client:
            answer = predict.sync_detailed(client=client, body=body)
        assert (answer.status_code, type(answer.parsed).__name__) == (status, kind)
        if status == 200:
            assert 0 < answer.parsed.probability_of_default < 1
