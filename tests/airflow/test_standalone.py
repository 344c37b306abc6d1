"""A standalone server: a run triggered through the REST API and watched to its end, and what its page shows of it"""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import expect, sync_playwright

from tests.airflow.conftest import deployed
from tests.airflow.deployment import Airflow, end
from tests.airflow.test_dags import TASKS
from tests.browser.chromium import launched
from tests.conftest import Project
from tests.lineage.conftest import Minio
from tests.ports import free_ports, wait_until

PASSWORD = "a-password-of-these-tests"
PATIENCE = 900  # seconds for a run, on a machine that has more to do
PICTURE = os.environ.get("TEST_PICTURES")  # a folder for what the browser saw


@pytest.fixture(scope="module")
def server(
    airflow_home: Path, trained: Airflow, store: Minio, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Airflow, str]]:
    """A standalone server whose DAGs run in the trained project, and its address."""
    assert store.process is not None
    home, (port, logs, triggers) = tmp_path_factory.mktemp("standalone") / "home", free_ports(3)
    ports = {
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(logs),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(triggers),
        "AIRFLOW__API__WORKERS": "1",
    }
    airflow = replace(deployed(airflow_home, home, Project(trained.project)), env=ports)
    (home / "simple_auth_manager_passwords.json.generated").write_text(json.dumps({"admin": PASSWORD}))
    process = airflow.start("standalone")
    address = ports["AIRFLOW__API__BASE_URL"]
    try:
        wait_until(lambda: process.poll() is not None or answers(address), PATIENCE)
        assert process.poll() is None, (home / "airflow.log").read_text()
        yield airflow, address
    finally:
        end(process)


def answers(address: str) -> bool:
    """Say whether the server is up and knows the DAGs."""
    with contextlib.suppress(httpx.TransportError):
        if httpx.get(f"{address}/api/v2/version", timeout=10).status_code == 200:
            with client(address) as rest:
                return bool(rest.get("/api/v2/dags").json().get("total_entries") == 3)
    return False


def client(address: str) -> httpx.Client:
    """A client that has logged in."""
    told = {"username": "admin", "password": PASSWORD}
    token = httpx.post(f"{address}/auth/token", json=told, timeout=60).json()["access_token"]
    return httpx.Client(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=60)


def asked(rest: httpx.Client, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """The answer of the REST API."""
    answer = rest.request(method, f"/api/v2/dags/lastro_training{path}", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_run_through_the_rest_api_succeeds_and_the_page_shows_its_graph(
    server: tuple[Airflow, str], tmp_path: Path
) -> None:
    airflow, address = server
    with client(address) as rest:
        assert asked(rest, "PATCH", "", {"is_paused": False})["is_paused"] is False
        run = asked(rest, "POST", "/dagRuns", {"logical_date": None})["dag_run_id"]
        wait_until(lambda: asked(rest, "GET", f"/dagRuns/{run}")["state"] in ("success", "failed"), PATIENCE)
        assert asked(rest, "GET", f"/dagRuns/{run}")["state"] == "success", airflow.states("lastro_training")
        tasks = asked(rest, "GET", f"/dagRuns/{run}/taskInstances")["task_instances"]
        assert {task["task_id"]: task["state"] for task in tasks} == dict.fromkeys(TASKS, "success")
        assert "From the data to a published version" in asked(rest, "GET", "/details")["doc_md"]
    with sync_playwright() as playwright:
        browser = launched(playwright)
        page = browser.new_page(locale="en-US", viewport={"width": 1500, "height": 1100})
        page.set_default_timeout(120_000)
        expect.set_options(timeout=120_000)
        page.goto(f"{address}/auth/login?next={address}/dags")
        page.get_by_label("Username").fill("admin")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("link", name="lastro_training")).to_be_visible()
        page.goto(f"{address}/dags/lastro_training/runs/{quote(run)}")
        page.get_by_role("button", name="Show Graph").click()
        for task in TASKS:
            expect(page.locator(".react-flow__node").filter(has_text=task)).to_be_visible()
        expect(page.get_by_text("Success", exact=True).first).to_be_visible()
        page.screenshot(path=str(Path(PICTURE or tmp_path) / "airflow.png"))
        browser.close()
