"""/docs and /redoc: everything that they load is here, and any script of theirs is a file"""

import re
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from src.api import docs
from src.errors import LastroError

LOADED = re.compile(r'(?:src|href|spec-url)="([^"]*)"')


@pytest.mark.parametrize("path", docs.BODIES)
def test_page_loads_what_the_service_serves_and_has_no_script_of_its_own(client: TestClient, path: str) -> None:
    page = client.get(path)
    assert page.status_code == 200
    assert re.search(r"<script(?! src=)|<style| on\w+=|javascript:", page.text) is None
    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    assert (policy["default-src"], policy["script-src"]) == ("'none'", "'self'")
    loaded = LOADED.findall(page.text)
    assert len(loaded) >= 4
    for address in loaded:
        answer = client.get(f"/{address}")
        assert (answer.status_code, len(answer.content) > 50) == (200, True), address


def test_files_are_kept_by_a_browser_and_pages_are_not(client: TestClient) -> None:
    for path in docs.PATHS[1:]:
        kept = client.get(path).headers["cache-control"]
        assert kept == ("no-store" if path in docs.BODIES else "public, max-age=3600"), path


def test_part_of_a_file_changes_nothing_for_whoever_asks_next(client: TestClient) -> None:
    path = f"/docs/{docs.STYLE}"
    assert len(client.get(path, headers={"range": "bytes=0-9"}).content) == 10
    assert client.get(path).status_code == 200


def test_start_leads_to_the_page_by_a_relative_address(client: TestClient) -> None:
    answer = client.get("/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, "docs")


def test_reading_is_counted_by_address(client_with: Callable[..., TestClient]) -> None:
    client = client_with(open_limit=f"{len(docs.PATHS)}/minute")
    statuses = [client.get(path, follow_redirects=False).status_code for path in (*docs.PATHS, "/docs")]
    assert statuses == [307, *[200] * (len(docs.PATHS) - 1), 429]


def test_missing_package_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs, "PACKAGE", "no_such_package")
    with pytest.raises(LastroError, match="the package no_such_package is not installed"):
        docs.folder()
