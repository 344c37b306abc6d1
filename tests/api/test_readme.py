"""README.md's calls -> answers of a live server"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.live import HEADERS, Server
from tests.conftest import ROOT


def blocks(language: str, word: str) -> list[str]:
    """The README's blocks of code in which a word stands."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    return [block for block in found if word in block]


@pytest.fixture
def _access(live: Server, tmp_path: Path) -> None:
    """What set-up writes for the server."""
    (tmp_path / ".streamlit").mkdir()
    access = {"endpoint": live.url, "api_key": HEADERS["x-api-key"]}
    lines = [f"{name} = {json.dumps(value)}" for name, value in access.items()]
    (tmp_path / ".streamlit" / "secrets.toml").write_text("\n".join(lines))


@pytest.mark.usefixtures("_access")
def test_python_of_the_readme_scores(tmp_path: Path) -> None:
    (code,) = blocks("python", "httpx")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] in ("approve", "decline")


def test_curl_of_the_readme_scores(live: Server, tmp_path: Path, applicant: dict[str, Any]) -> None:
    (code,) = blocks("sh", "curl")
    (tmp_path / "applicant.json").write_text(json.dumps(applicant))
    command = code.replace("http://127.0.0.1:8000", live.url)
    environment = os.environ | {"KEY": HEADERS["x-api-key"]}
    done = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["decision"] in ("approve", "decline")


def test_typed_client_of_the_readme_fits_the_document(live: Server) -> None:
    (code,) = blocks("python", "lastro_client")
    (module, name), (_, body) = re.findall(r"^from lastro_client\.(\S+) import (\w+)", code, flags=re.MULTILINE)
    document = httpx.get(f"{live.url}/openapi.json").json()
    operation = document["paths"]["/predict"]["post"]
    assert (f"api.{operation['tags'][0]}", operation["operationId"]) == (module, name)
    assert body in document["components"]["schemas"]
    assert document["components"]["securitySchemes"]["ApiKey"]["name"] in code
