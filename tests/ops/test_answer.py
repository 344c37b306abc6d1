import json
import shlex
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import ClassVar

import pytest

from ops import answer
from src.errors import LastroError
from src.model.card import read_card
from tests.conftest import ROOT, Project


class Recorder(BaseHTTPRequestHandler):
    """Answers 200, or 401 to another key than `key`, and keeps what it was sent."""

    bodies: ClassVar[list[dict[str, object]]] = []
    commits: ClassVar[list[str]] = []  # of the code that answers, one a look; the last one stays

    def do_GET(self) -> None:
        card = (ROOT / "models/model.json").read_text()
        commit = self.commits.pop(0) if len(self.commits) > 1 else self.commits[0]
        self.send_response(200)
        self.end_headers()
        text = f'{{"card": {card}}}' if self.path == "/model/info" else f'lastro_code_info{{commit="{commit}"}} 1.0\n'
        self.wfile.write(text.encode())

    def do_POST(self) -> None:
        self.bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(200 if self.headers["x-api-key"] == "key" else 401)
        self.end_headers()
        self.wfile.write(b'{\n"score":\n600}')

    def log_message(self, format: str, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def endpoint() -> Iterator[str]:
    Recorder.bodies.clear()
    with HTTPServer(("127.0.0.1", 0), Recorder) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_applicant_is_the_test_splits_first_with_the_models_features_only(light_run: Project) -> None:
    applicant = answer.first_applicant(light_run.root)
    features = json.loads(light_run.read("models/model.json"))["features"]
    assert list(applicant) == [feature["name"] for feature in features]
    assert all(applicant[f["name"]] in f["categories"] for f in features if f["categories"])


def test_champion_of_another_contract_is_asked_for_its_own_example(light_run: Project) -> None:
    card = read_card(light_run.root / "models" / "model.json")
    bare = {feature.name: None for feature in card.features[1:]}
    other = card.model_copy(
        update={
            "features": [feature.model_copy(update={"example": bare.get(feature.name, 7)}) for feature in card.features]
        }
    )
    applicant = answer.example(other)
    assert applicant == {**card.reference, card.features[0].name: 7}


def test_curl_line_sends_what_the_client_sends(endpoint: str) -> None:
    applicant = {"purpose": 'it\'s a "car"', "amount": 3, "état": None}
    assert answer.ask(endpoint, "key", applicant) == '{"score": 600}'
    line = answer.curl(endpoint, "key", applicant)
    said = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout
    assert json.loads(said) == {"score": 600}
    assert Recorder.bodies == [applicant, applicant]
    assert "\n" not in line
    assert shlex.split(line)[0] == "curl"


def test_refusal_and_silence_are_sentences(endpoint: str) -> None:
    with pytest.raises(LastroError, match=f"{endpoint}/predict answers 401"):
        answer.ask(endpoint, "wrong", {})
    with pytest.raises(LastroError, match=r"http://127\.0\.0\.1:1/predict does not answer"):
        answer.ask("http://127.0.0.1:1", "key", {})


def test_service_elsewhere_is_asked_once_all_of_it_runs_the_code(
    endpoint: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(answer, "PAUSE", 0.01)
    monkeypatch.setenv("LASTRO_ENDPOINT", endpoint)
    monkeypatch.setenv("LASTRO_API_KEY", "key")
    Recorder.commits[:] = ["01", "02", "02", "01", "02"]
    answer.elsewhere("02", 60)
    assert capsys.readouterr().out == '{"score": 600}\n'
    assert Recorder.commits == ["02"]
    assert Recorder.bodies == [answer.example(read_card(ROOT / "models" / "model.json"))]
    with pytest.raises(LastroError, match=f"{endpoint} runs the code of 02, not of 03"):
        answer.elsewhere("03", 0)
    with pytest.raises(LastroError, match="runs the code of no known commit"):
        answer.await_code("http://127.0.0.1:1", "key", "03", 0.02)
    monkeypatch.setenv("LASTRO_API_KEY", "")
    with pytest.raises(LastroError, match="set both"):
        answer.elsewhere("", 0)
