"""models/registry.json: which version answers, and none where another model was published"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from src.api.main import create_app
from src.errors import LastroError
from src.files import digest
from tests.api.live import HEADERS


def test_registry_of_another_model_or_form_gives_no_version(
    client_with: Callable[..., TestClient], changed: Path
) -> None:
    card = json.loads((changed / "model.json").read_text())
    entry = {"name": "credit-score", "version": "3", "git_commit": "c" * 40, "data_md5": "d" * 32}
    known = {"dvc_prefix": "s3://lastro/dvc", "published": "2026-11-21T15:04:05Z"}
    form, other = digest(changed / "export.json"), "0" * 64
    for sha256, version, prefix in (
        (card["sha256"], "3", known),
        (card["sha256"], "3", {}),
        (card["sha256"], "3", known | {"form_sha256": form}),
        (card["sha256"], None, known | {"form_sha256": other}),
        (other, None, known),
    ):
        (changed / "registry.json").write_text(json.dumps(entry | {"sha256": sha256} | prefix))
        info = client_with(models=changed).get("/model/info", headers=HEADERS).json()
        assert info["model"]["version"] == version
        for name in known:
            assert info[name] == (prefix.get(name) if version else None)


def test_registry_that_is_none_stops_the_start_and_is_named(settings_with: Callable[..., Any], changed: Path) -> None:
    (changed / "registry.json").write_text('{"name": "credit-score"}')
    with pytest.raises(LastroError, match=r"registry\.json: version"):
        create_app(settings_with(models=changed))


def test_unpublished_model_has_no_version_and_says_its_data(client: TestClient, models: Path) -> None:
    model = client.get("/model/info", headers=HEADERS).json()["model"]
    card = json.loads((models / "model.json").read_text())
    assert (model["version"], model["git_commit"]) == (None, None)
    assert (model["sha256"], model["data_md5"]) == (card["sha256"], card["data"]["applications"])
