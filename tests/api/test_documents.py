"""README.md, docs/api.md, docs/operations.md -> what they ask of the service, and what they say that it answers"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import yaml
from starlette.testclient import TestClient

from src.api.entries import SCOPES
from tests.api.live import BEARER, HEADERS, USERS, Server
from tests.conftest import ROOT
from tests.documents import TEXTS, Block, blocks, rows

API, RUNBOOK = "docs/api.md", "docs/operations.md"
ADDRESS = "http://127.0.0.1:8000"
MORE = "…"  # in a printed answer: there are further names
SECRETS = {"KEY": HEADERS["x-api-key"], "PASSWORD": USERS["ana"]}
BESIDE = {"307", "405", "431", "500"}  # what the document of the service leaves unsaid


class Call(NamedTuple):
    """A block that asks, and the answer that is printed beneath it, if one is."""

    asked: str
    shown: Block | None


class Answer(NamedTuple):
    """An HTTP answer as `curl -i` prints it."""

    status: str
    headers: dict[str, str]
    body: Any


def calls() -> list[Call]:
    """The page's blocks that ask the service, but for the first, which prepares."""
    found = blocks(API)
    pairs = [
        Call(block.text, after if after and after.follows else None)
        for block, after in zip(found, [*found[1:], None], strict=True)
        if block.language == "sh" and "curl " in block.text
    ]
    return pairs[1:]


def alone() -> list[Block]:
    """The answers that no call on the page brings about."""
    printed = [call.shown for call in calls()]
    return [block for block in blocks(API, "http") if block not in printed]


@pytest.fixture(scope="module")
def folder(live: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what set-up writes for the server, and the applicant that the page's first block writes."""
    made = tmp_path_factory.mktemp("caller")
    (made / ".streamlit").mkdir()
    access = {"endpoint": live.url, "api_key": HEADERS["x-api-key"]}
    lines = [f"{name} = {json.dumps(value)}" for name, value in access.items()]
    (made / ".streamlit" / "secrets.toml").write_text("\n".join(lines))
    first = next(block.text for block in blocks(API, "sh"))
    assert shell(f'{first}\nprintf %s "$KEY"', made, live) == HEADERS["x-api-key"]
    return made


def shell(text: str, folder: Path, server: Server) -> str:
    """Return what a block prints, asked of this server."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-euc", text.replace(ADDRESS, server.url)],
        cwd=folder, env=os.environ | SECRETS | {"PATH": path}, stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    return done.stdout.decode()


def http(text: str) -> Answer:
    """Return a printed answer's parts."""
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    status, *lines = head.splitlines()
    return Answer(status, dict(line.lower().split(": ", 1) for line in lines), json.loads(body))


def fits(shown: Any, real: Any) -> bool:
    """Whether an answer is like the printed one: the same names, values of the same kinds; any may be null."""
    if isinstance(shown, dict) and isinstance(real, dict):
        names = shown.keys() - {MORE}
        known = names <= real.keys() if MORE in shown else names == real.keys()
        return known and all(fits(shown[name], real[name]) for name in names)
    if isinstance(shown, list) and isinstance(real, list):
        return all(any(fits(each, one) for each in shown) for one in real)
    return real is None or kind(shown) == kind(real)


def kind(value: Any) -> type:
    return float if isinstance(value, int) and not isinstance(value, bool) else type(value)


def without_numbers(answer: Answer) -> Answer:
    """The answer of any deployment: its limits and the seconds that are left are its own."""
    return http(re.sub(r"\b\d+\b", "1", f"{answer.status}\n{text_of(answer.headers)}\n{json.dumps(answer.body)}"))


def text_of(headers: dict[str, str]) -> str:
    return "".join(f"{name}: {value}\n" for name, value in headers.items())


def as_shown(real: Answer, shown: Answer) -> Answer:
    """The answer with no more headers than are shown."""
    return real._replace(headers={name: real.headers.get(name, "") for name in shown.headers})


@pytest.mark.parametrize("call", calls(), ids=lambda call: " ".join(call.asked.split())[:60])
def test_call_is_answered_as_the_page_says(live: Server, folder: Path, call: Call) -> None:
    said = shell(call.asked, folder, live)
    if call.shown is None:
        assert json.loads(said)
    elif call.shown.language == "json":
        assert fits(json.loads(call.shown.text), json.loads(said)), said
    else:
        shown = http(call.shown.text)
        assert as_shown(http(said), shown) == shown


def limited(client_with: Callable[..., TestClient], _: Path) -> httpx.Response:
    client = client_with(rate_limit="1/minute")
    client.get("/model/info", headers=HEADERS)
    return client.get("/model/info", headers=HEADERS)


def unlogged(client_with: Callable[..., TestClient], state: Path) -> httpx.Response:
    client = client_with(database_timeout=0.3)
    (state / "api").rename(state / "away")
    return client.get("/predictions", headers=HEADERS)


CAUSES = {"429": limited, "503": unlogged}  # what brings about an answer that no call on the page does


@pytest.mark.parametrize("block", alone(), ids=lambda block: block.text.split()[1])
def test_error_without_a_call_is_as_the_page_says(
    client_with: Callable[..., TestClient], tmp_path: Path, block: Block
) -> None:
    shown = http(block.text)
    found = CAUSES[shown.status.split()[1]](client_with, tmp_path)
    line = f"HTTP/1.1 {found.status_code} {found.reason_phrase}"
    real = Answer(line, {name: value.lower() for name, value in found.headers.items()}, found.json())
    assert without_numbers(as_shown(real, shown)) == without_numbers(shown)


def test_answer_of_the_readme_has_the_services_shape(live: Server, applicant: dict[str, Any]) -> None:
    (block,) = blocks("README.md", "json")
    real = httpx.post(f"{live.url}/predict?reasons=true", json=applicant, headers=HEADERS).json()
    assert fits(json.loads(block.text), real)


def test_python_of_the_page_scores(folder: Path) -> None:
    (code,) = (block.text for block in blocks(API, "python") if "httpx" in block.text)
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] in ("approve", "decline")


def test_typed_client_of_the_page_fits_the_document(live: Server) -> None:
    (code,) = (block.text for block in blocks(API, "python") if "lastro_client" in block.text)
    (module, name), (_, body) = re.findall(r"^from lastro_client\.(\S+) import (\w+)", code, flags=re.MULTILINE)
    document = httpx.get(f"{live.url}/openapi.json").json()
    operation = document["paths"]["/predict"]["post"]
    assert (f"api.{operation['tags'][0]}", operation["operationId"]) == (module, name)
    assert body in document["components"]["schemas"]
    assert document["components"]["securitySchemes"]["ApiKey"]["name"] in code


def test_r_of_the_page_names_what_the_document_has(live: Server) -> None:
    (block,) = blocks(API, "r")
    document = httpx.get(f"{live.url}/openapi.json").json()
    (path,) = re.findall(rf"{ADDRESS}(/\w+)", block.text)
    answer = document["paths"][path]["post"]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    fields = document["components"]["schemas"][answer.rpartition("/")[2]]["properties"]
    assert set(re.findall(r"answer\$(\w+)", block.text)) <= set(fields)


@pytest.mark.r
def test_r_of_the_page_scores(live: Server, folder: Path) -> None:
    (block,) = blocks(API, "r")
    (folder / "call.R").write_text(block.text.replace(ADDRESS, live.url))
    command = ["Rscript", "--vanilla", "call.R"]
    done = subprocess.run(command, cwd=folder, env=os.environ | SECRETS, capture_output=True, text=True, check=True)
    assert re.fullmatch(r"(approve|decline) \d+ \n", done.stdout)
    refused = subprocess.run(command, cwd=folder, env=os.environ | {"KEY": "nobodys"}, capture_output=True, text=True)
    assert (refused.returncode, "401" in refused.stderr, "nobodys" in refused.stderr) == (1, True, False)


def test_tables_of_the_page_have_every_route_scope_filter_and_status(live: Server) -> None:
    paths = httpx.get(f"{live.url}/openapi.json").json()["paths"]
    operations = {f"{verb.upper()} {path}": told for path, item in paths.items() for verb, told in item.items()}
    assert named(rows(API, "route")) == set(operations)
    assert named(rows(API, "scope")) == set(SCOPES)
    assert named(rows(API, "filter")) == {each["name"] for each in operations["GET /predictions"]["parameters"]}
    statuses = {status for told in operations.values() for status in told["responses"] if status >= "400"}
    assert statuses <= {row[0] for row in rows(API, "status")} <= statuses | BESIDE


def named(table: list[list[str]]) -> set[str]:
    """What stands between backticks in a table's first column."""
    return {name for row in table for name in re.findall(r"`([^`]+)`", row[0])}


def test_runbook_names_every_metric_and_its_labels(live: Server) -> None:
    text = httpx.get(f"{live.url}/metrics", headers=HEADERS).text
    families = re.findall(r"^# TYPE (lastro_\w+) ", text, flags=re.MULTILINE)
    table = rows(RUNBOOK, "metric")
    assert named(table) == {name for name in families if not name.endswith("_created")}
    for name, told in table:
        lines = "".join(re.findall(rf"^{name.strip('`')}\w*{{.*", text, flags=re.MULTILINE))
        assert set(re.findall(r"`(\w+)`", told)) <= set(re.findall(r'(\w+)="', lines)), name


def test_service_takes_a_key_as_prometheus_shows_it(live: Server) -> None:
    (job,) = yaml.safe_load((ROOT / "deploy/monitoring/prometheus.yml").read_text())["scrape_configs"]
    assert set(job) == {"job_name", "authorization", "static_configs"}  # which send `Bearer` to /metrics, it says
    assert httpx.get(f"{live.url}/metrics", headers=BEARER).status_code == 200


def test_paths_without_a_key_are_those_that_the_page_names(live: Server) -> None:
    said = re.search(r"Everything wants .*?\.\s", TEXTS[API], flags=re.DOTALL)
    assert said
    for path in re.findall(r"`(/[\w.]*)`", said[0]):
        assert httpx.get(f"{live.url}{path}").status_code in (200, 307), path
