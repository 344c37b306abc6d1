"""A data set that can be changed and sealed again, what a pipeline wrote, and a web server on this machine"""

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from tests.conftest import Project, put_database

FOLDER = Path("data/external/german_credit")
PACKAGE = str(FOLDER / "datapackage.yaml")
DATA = str(FOLDER / "german.data")
OUTPUTS = ("MODEL_CARD.md", "dvc.lock", "data/processed", "data/raw", "models", "reports")

Rows = list[list[str]]


def outputs(project: Project) -> dict[str, bytes]:
    """Every file that the pipeline wrote, and dvc.lock, with its bytes."""
    files = [file for out in OUTPUTS for file in [project.root / out, *(project.root / out).rglob("*")]]
    return {str(file.relative_to(project.root)): file.read_bytes() for file in files if file.is_file()}


def field_named(package: dict, name: str) -> dict:
    """A field of a data package's content."""
    return next(f for f in package["resources"][0]["schema"]["fields"] if f["name"] == name)


def rows_of(project: Project) -> Rows:
    """The German data as cells."""
    return [line.split(" ") for line in project.read(DATA).splitlines()]


def column(project: Project, name: str) -> int:
    """The position of a field."""
    fields = yaml.safe_load(project.read(PACKAGE))["resources"][0]["schema"]["fields"]
    return [f["name"] for f in fields].index(name)


def seal(project: Project) -> None:
    """Write the hash and the size of the data into the package, as somebody who changed the data would."""

    def change(package: dict) -> None:
        resource = package["resources"][0]
        paths = [resource["path"]] if isinstance(resource["path"], str) else resource["path"]
        content = b"".join((project.root / FOLDER / path).read_bytes() for path in paths)
        resource |= {"hash": f"sha256:{hashlib.sha256(content).hexdigest()}", "bytes": len(content)}

    project.edit(PACKAGE, change)


def change_data(project: Project, change: Callable[[Rows], object], header: bool = False) -> None:
    """Change the German data by a function on its rows and seal it; with `header` the first row is the names."""
    rows = rows_of(project)
    if header:
        fields = yaml.safe_load(project.read(PACKAGE))["resources"][0]["schema"]["fields"]
        rows.insert(0, [f["name"] for f in fields])
        project.edit(PACKAGE, lambda package: package["resources"][0]["dialect"].update(header=True))
    change(rows)
    (project.root / DATA).write_text("".join(" ".join(row) + "\n" for row in rows), encoding="utf-8")
    seal(project)


def lock(project: Project) -> dict[str, str]:
    """Output -> its md5 in dvc.lock."""
    stages = yaml.safe_load(project.read("dvc.lock"))["stages"]
    return {out["path"]: out["md5"] for stage in stages.values() for out in stage["outs"]}


@pytest.fixture
def worked(light_run: Project, empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A copy in which everything ran; the working directory is in it, and MLflow's database beside it."""
    project = light_run.copy(tmp_path / "project")
    put_database(empty_database, tmp_path / "state")
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("LASTRO_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/state/mlflow/mlflow.db")
    return project


@dataclass
class Web:
    """A web server on this machine; `pages` maps a path to its bytes, `asked` lists what was asked for."""

    url: str
    pages: dict[str, bytes] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def web() -> Iterator[Web]:
    """A server; paths in `cut` break off in the middle, `/moved/x` redirects to `/x`, unknown ones are 404."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(self.path)
            body = site.pages.get(self.path)
            self.send_response(302 if self.path.startswith("/moved/") else 404 if body is None else 200)
            if self.path.startswith("/moved/"):
                self.send_header("Location", self.path.removeprefix("/moved"))
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write((body or b"")[: len(body or b"") // 2 if self.path in site.cut else None])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site = Web(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()
