"""deploy/https/Caddyfile, by a real Caddy before a real API and page: the chain verifies, clients are told apart"""

import os
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.api.live import HEADERS, Server
from tests.browser.stack import Site
from tests.conftest import ROOT
from tests.ports import free_ports, listens, wait_until

CADDYFILE = ROOT / "deploy/https/Caddyfile"
PAGE, API = "localhost", "api.localhost"
FAILURES = 3  # of an address, that the API allows


@dataclass(frozen=True)
class Proxy:
    """Caddy, up, and the root of its certificates."""

    http: int
    https: int
    root: Path

    def context(self) -> ssl.SSLContext:
        """Trust that root and nobody else."""
        return ssl.create_default_context(cafile=str(self.root))

    def ask(self, name: str, path: str, client: str = "127.0.0.1", **about: Any) -> httpx.Response:
        """Ask a name from a client's address; the chain and the name are verified."""
        transport = httpx.HTTPTransport(verify=self.context(), local_address=client)
        with httpx.Client(transport=transport, timeout=60) as found:
            headers = {"host": name, **about.pop("headers", {})}
            address, told = f"https://127.0.0.1:{self.https}{path}", {"sni_hostname": name}
            return found.request(about.pop("method", "GET"), address, headers=headers, extensions=told, **about)

    def has_certificate(self, name: str) -> bool:
        """Say whether Caddy has made a name's certificate, which it does after it listens."""
        try:
            self.ask(name, "/")
        except httpx.ConnectError:
            return False
        return True

    def page(self, origin: str) -> Any:
        """Open the page's websocket as a page of this origin does."""
        address = f"wss://{PAGE}:{self.https}/_stcore/stream"
        return connect(address, ssl=self.context(), origin=origin, subprotocols=["streamlit"], max_size=None)  # type: ignore[arg-type, list-item]


@pytest.fixture(scope="module")
def proxy(caddy: str, models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """The committed Caddyfile with other ports and neighbours, which stand in its variables."""
    folder = tmp_path_factory.mktemp("https")
    told = {"LASTRO_TRUSTED_PROXIES": "127.0.0.1", "LASTRO_FAILED_KEY_LIMIT": f"{FAILURES}/hour"}
    server = Server(folder, models, env=told).start()
    site = Site(folder, server.url).start()
    ports = free_ports(2)
    places = {
        "LASTRO_CERTIFICATES": str(folder / "certificates"),
        "LASTRO_HTTP_INSIDE": str(ports[0]),
        "LASTRO_HTTPS_INSIDE": str(ports[1]),
        "LASTRO_PAGE_INSIDE": site.url.removeprefix("http://"),
        "LASTRO_API_INSIDE": server.url.removeprefix("http://"),
    }
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **places}
    found = Proxy(*ports, folder / "certificates/pki/authorities/local/root.crt")
    with (
        (folder / "caddy.log").open("wb") as log,
        subprocess.Popen([caddy, "run", "--config", CADDYFILE], env=environment, stdout=log, stderr=log) as process,
    ):
        wait_until(lambda: listens(found.https) and found.root.is_file())
        wait_until(lambda: all(found.has_certificate(name) for name in (PAGE, API)))
        yield found
        process.terminate()
    site.stop()
    server.stop()


def test_http_is_sent_on_to_the_same_address_by_https(proxy: Proxy) -> None:
    answer = httpx.get(f"http://127.0.0.1:{proxy.http}/model/info?x=1", headers={"host": API})
    assert (answer.status_code, answer.headers["location"]) == (308, f"https://{API}/model/info?x=1")


def test_chain_verifies_against_its_own_root_alone(proxy: Proxy) -> None:
    for name in (PAGE, API):
        assert proxy.ask(name, "/").status_code in {200, 307}
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"https://localhost:{proxy.https}/")


@pytest.mark.parametrize(("name", "path"), [(PAGE, "/"), (API, "/model/info"), (API, "/predictions")])
def test_every_answer_asks_for_https_from_now_on(proxy: Proxy, name: str, path: str) -> None:
    answer = proxy.ask(name, path, client="127.0.0.9")
    assert answer.headers.get_list("strict-transport-security") == ["max-age=31536000"]
    assert "server" not in answer.headers


def test_api_scores_with_its_key_and_refuses_without(proxy: Proxy, applicant: dict[str, Any]) -> None:
    answer = proxy.ask(API, "/predict", method="POST", json=applicant, headers=HEADERS)
    assert answer.status_code == 200
    assert 0 < answer.json()["probability_of_default"] < 1
    assert proxy.ask(API, "/predict", "127.0.0.8", method="POST", json=applicant).status_code == 401


def test_limits_count_the_clients_address_whatever_it_says_of_itself(proxy: Proxy) -> None:
    wrong = {"x-api-key": "wrong"}
    said = [wrong | {"x-forwarded-for": f"192.0.2.{number}"} for number in range(FAILURES + 1)]
    codes = [proxy.ask(API, "/predictions", "127.0.0.3", headers=headers).status_code for headers in said]
    assert codes == [401] * FAILURES + [429]
    assert proxy.ask(API, "/predictions", "127.0.0.4", headers=wrong).status_code == 401


def test_page_answers_by_its_websocket_and_not_to_another_origin(proxy: Proxy) -> None:
    with proxy.page(f"https://{PAGE}:{proxy.https}") as socket:
        socket.send(BackMsg(rerun_script={}).SerializeToString())  # type: ignore[arg-type]
        assert ForwardMsg.FromString(socket.recv(timeout=60)).WhichOneof("type") is not None
    with pytest.raises(InvalidStatus, match="403"), proxy.page("https://elsewhere.example"):
        pass
