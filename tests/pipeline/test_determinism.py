"""Another path, kernel, hash seed, time zone and thread count: the bytes that are committed

`make reproduce` (ops/reproduce.py) does it again in a usual environment, and with every Python.
"""

import datetime
import json
import socket
import tempfile
from pathlib import Path

from src.serving.predictors import load
from tests.conftest import ROOT, Project
from tests.documents import blocks
from tests.pipeline.conftest import lock, outputs


def test_lock_and_card_are_the_committed_ones(reproduced: Project) -> None:
    for name in ("dvc.lock", "models/model.json"):
        assert reproduced.read(name) == (ROOT / name).read_text(encoding="utf-8")


def test_everything_that_git_tracks_is_as_committed(reproduced: Project) -> None:
    assert reproduced.run("git", "status", "--porcelain").stdout == ""


def test_no_output_holds_a_path_a_host_or_a_time(reproduced: Project) -> None:
    told = [str(reproduced.root), str(ROOT), str(Path.home()), tempfile.gettempdir()]
    told += [socket.gethostname()] if len(socket.gethostname()) > 7 else []  # a short one may stand in any bytes
    today = datetime.datetime.now(tz=datetime.UTC).date()
    told += [str(today + datetime.timedelta(days)) for days in (-1, 0, 1)]
    for name, content in outputs(reproduced).items():
        assert [word for word in told if word.encode() in content] == [], name


def test_lock_names_every_output(reproduced: Project) -> None:
    written = {name for name in outputs(reproduced) if not name.endswith(".gitignore")} - {"dvc.lock"}
    files = {name for name in written if not name.startswith("reports/plots/")}
    assert files | {"reports/plots"} == set(lock(reproduced))


def test_answer_of_the_readme_is_this_models(reproduced: Project) -> None:
    (block,) = blocks("README.md", "json")
    shown = json.loads(block.text)
    served = load(reproduced.root / "models")
    found = served.scorer.score({feature.name: feature.example for feature in served.card.features})
    assert {name: shown[name] for name in found._fields} == found._replace(
        reasons=[reason._asdict() for reason in found.reasons]
    )._asdict()
    model = {"name": served.card.name, "sha256": served.card.sha256, "data_md5": served.card.data["applications"]}
    assert shown["model"] | model == shown["model"]
