"""A cluster's Secrets are made once, added to, never changed. The API server here is a stand-in that knows three calls:
the real one is asked by `make test-kubernetes`."""

import json
import re
import shutil
import ssl
import subprocess
import threading
from base64 import b64decode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ops import credentials, namespace
from ops.errors import SetupError
from ops.namespace import Namespace

PATH = re.compile(r"/api/v1/namespaces/(\w+)/secrets/?([\w-]*)")


class Cluster(ThreadingHTTPServer):
    """What goes wrong with a connection is the caller's to tell."""

    def handle_error(self, *_: object) -> None:
        """Say nothing."""


class Server(BaseHTTPRequestHandler):
    """Secrets by name, as Kubernetes keeps them; `refused` names one that nobody may touch."""

    kept: dict[str, Any] = {}  # noqa: RUF012
    refused = ""

    def answer(self) -> None:
        """Do what Kubernetes does."""
        space, name = PATH.fullmatch(self.path).groups()  # type: ignore[union-attr]
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length)) if length else None
        name = name or body["metadata"]["name"]
        allowed = self.headers["Authorization"] == "Bearer token" and space == "ours" and name != self.refused
        self.reply(*((403, {}) if not allowed else self.done(name, body)))

    def done(self, name: str, body: Any) -> tuple[int, Any]:
        """Return status and Secret."""
        if self.command == "GET":
            return (200, self.kept[name]) if name in self.kept else (404, {})
        if self.command == "POST" and name in self.kept:
            return 409, {}
        version = int(self.kept.get(name, {}).get("metadata", {}).get("resourceVersion", 0))
        if self.command == "PUT" and int(body["metadata"]["resourceVersion"]) != version:
            return 409, {}
        body["metadata"]["resourceVersion"] = str(version + 1)
        self.kept[name] = body
        return 200, body

    def reply(self, status: int, body: Any) -> None:
        """Send it."""
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    do_GET = do_POST = do_PUT = answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two certificates of 127.0.0.1, each with its key: the server's, and one of somebody else."""
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("ours", "theirs"):
        made = ("-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.crt"), "-days", "2")
        subject = ("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
        kind = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        subprocess.run(["openssl", "req", "-x509", *kind, *made, *subject], check=True, capture_output=True)
    return folder


@pytest.fixture
def ours(certificates: Path, tmp_path: Path) -> Iterator[Namespace]:
    """The namespace `ours`, empty."""
    Server.kept, Server.refused = {}, ""
    (tmp_path / "token").write_text("token\n")
    shutil.copy(certificates / "ours.crt", tmp_path / "ca.crt")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "ours.crt", certificates / "ours.key")
    with Cluster(("127.0.0.1", 0), Server) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Namespace("ours", f"https://127.0.0.1:{server.server_port}", tmp_path)
        server.shutdown()


def held() -> dict[str, dict[str, str]]:
    return {
        name: {key: b64decode(value).decode() for key, value in each["data"].items()}
        for name, each in Server.kept.items()
    }


def test_second_start_changes_nothing(ours: Namespace) -> None:
    credentials.write_objects(ours)
    before = held()
    assert before.keys() == {"master", *credentials.OBJECTS.values()}
    assert before["follower"] == {"credentials": before["pipeline"]["delivery"]}
    assert before["database"]["password"] in before["mlflow"]["MLFLOW_BACKEND_STORE_URI"]
    credentials.write_objects(ours)
    assert held() == before


def test_secret_that_was_lost_comes_back_and_fits_the_others(ours: Namespace) -> None:
    credentials.write_objects(ours)
    before = held()
    del Server.kept["page"], Server.kept["api"]
    credentials.write_objects(ours)
    assert held() == before


def test_value_of_ones_own_is_kept_and_a_missing_one_added(ours: Namespace) -> None:
    credentials.write_objects(ours)
    Server.kept["monitoring"]["data"] = namespace.encoded(
        {"LASTRO_SLACK_WEBHOOK_URL": "https://hooks.example.org/mine"}
    )
    credentials.write_objects(ours)
    assert held()["monitoring"]["LASTRO_SLACK_WEBHOOK_URL"] == "https://hooks.example.org/mine"
    assert held()["monitoring"]["LASTRO_DATABASE_URL"] == held()["api"]["LASTRO_DATABASE_URL"]


def test_two_at_once_agree(ours: Namespace) -> None:
    """The one that comes second to `create` takes what the first has written."""
    assert ours.create("page", {"LASTRO_API_KEY": "first"}) is not None
    assert ours.create("page", {"LASTRO_API_KEY": "second"}) is None
    assert ours.keep("page", {"LASTRO_API_KEY": "second"}) == {"LASTRO_API_KEY": "first"}


def test_refusal_is_a_sentence_without_a_secret(ours: Namespace) -> None:
    Server.refused = "store"
    with pytest.raises(SetupError, match=r"Kubernetes refuses GET https://.*/secrets/store: 403 Forbidden\.") as caught:
        credentials.write_objects(ours)
    assert not [value for each in held().values() for value in each.values() if value in str(caught.value)]


def test_server_that_shows_another_certificate_is_told_nothing(ours: Namespace, certificates: Path) -> None:
    shutil.copy(certificates / "theirs.crt", ours.account / "ca.crt")
    with pytest.raises(SetupError, match=r"does not answer at https://127.*CERTIFICATE_VERIFY_FAILED"):
        ours.keep("page", {"LASTRO_API_KEY": "first"})
    assert Server.kept == {}


def test_outside_a_cluster_it_says_so() -> None:
    with pytest.raises(SetupError, match="is for a pod"):
        namespace.own("lastro-local", {})


def test_address_is_the_clusters() -> None:
    variables = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    assert namespace.own("ours", variables).address == "https://[fd00::1]:443"
