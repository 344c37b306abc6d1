"""What dvc.lock says and what a sync did, told to a file or an address, and read back by the client's own classes"""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from uuid import UUID

import pytest
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState

from src.files import read_yaml
from src.lake.catalog import LakeError
from src.lake.openlineage import client_of, of_pipeline, tell
from src.lineage.folder import Folder
from tests.conftest import ROOT
from tests.ports import free_port


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[dict]]]:
    """An address that takes events, and what it was told."""
    taken: list[dict] = []

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            taken.append(json.loads(content) | {"path": self.path})
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", free_port()), Taker)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", taken
    server.shutdown()
    server.server_close()


def read_back(said: dict) -> RunEvent:
    """An event as the client's own class, which refuses a wrong time, identifier or field."""
    said = {name: value for name, value in said.items() if name not in ("schemaURL", "path")}
    said |= {"eventType": RunState[said["eventType"]], "run": Run(**said["run"]), "job": Job(**said["job"])}
    said |= {"inputs": [InputDataset(**one) for one in said["inputs"]]}
    return RunEvent(**said | {"outputs": [OutputDataset(**one) for one in said["outputs"]]})


def test_stages_are_jobs_whose_files_have_their_hashes(tmp_path: Path) -> None:
    file, place = tmp_path / "deep" / "told.jsonl", Folder(tmp_path)
    client = client_of(str(file))
    assert client
    tell(client, of_pipeline(ROOT, place))
    tell(client, of_pipeline(ROOT, place))
    said = [json.loads(line) for line in file.read_text().splitlines()]
    stages = read_yaml(ROOT / "dvc.lock")["stages"]
    events = [read_back(one) for one in said]
    assert [event.job.name for event in events] == [*stages] * 2
    ids = [event.run.runId for event in events]
    assert ids[: len(stages)] == ids[len(stages) :]
    assert {UUID(one).version for one in ids} == {8}
    assert len({event.run.facets["parent"]["run"]["runId"] for event in events}) == 1
    for event, stage in zip(events, stages.values(), strict=False):
        for told, known in ((event.inputs, stage["deps"]), (event.outputs, stage["outs"])):
            found = [(one.name, one.facets["version"]["datasetVersion"]) for one in told]
            assert found == [(one["path"], one["md5"]) for one in known]
    (data,) = (one for one in events[0].outputs if one.name.endswith(".parquet"))
    assert data.facets["dataSource"]["uri"] == place.url_of(stages["ingest"]["outs"][0]["md5"])


def test_address_is_told_at_the_path_that_it_names(tmp_path: Path, receiver: tuple[str, list[dict]]) -> None:
    address, taken = receiver
    for path in ("", "/elsewhere/events"):
        client = client_of(address + path)
        assert client
        tell(client, of_pipeline(ROOT, Folder(tmp_path))[:1])
    assert [one["path"] for one in taken] == ["/api/v1/lineage", "/elsewhere/events"]
    assert read_back(taken[0]).job.name == "ingest"


def test_receiver_that_is_gone_is_a_sentence(tmp_path: Path) -> None:
    client = client_of(f"http://127.0.0.1:{free_port()}")
    assert client
    with pytest.raises(LakeError, match=r"^LASTRO_OPENLINEAGE_URL: the event was not taken: ConnectionError$"):
        tell(client, of_pipeline(ROOT, Folder(tmp_path))[:1])
    assert client_of(None) is None
