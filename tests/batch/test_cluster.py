"""A Dask cluster: a real scheduler, two real workers, TLS; nothing is lost or repeated, what is unsafe is refused."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import dask
import pytest
from pyarrow.parquet import read_table

from src.batch import cluster
from src.batch.__main__ import main
from src.batch.cluster import ClusterError, run
from src.batch.command import Asked, score_files
from src.errors import LastroError
from src.files import digest
from tests.batch.clusters import Cluster, certificates
from tests.batch.command import files, split
from tests.batch.work import Numbered, refused_number, written
from tests.ports import free_port, wait_until

ASKED: dict[str, Any] = {
    "model": "champion",
    "reasons": False,
    "strict": False,
    "overwrite": False,
    "workers": 1,
    "scheduler": None,
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Certificates of one authority, by the variables that Dask reads."""
    return certificates(tmp_path_factory.mktemp("authority"), "cluster")


@pytest.fixture(scope="module")
def started(authority: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler and two workers over TLS."""
    found = Cluster(tmp_path_factory.mktemp("cluster"), authority, "tls")
    found.start(2)
    yield found
    found.stop()


@pytest.fixture
def secured(started: Cluster, authority: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """The same, and certificates for whoever asks it."""
    with asking_with(authority, monkeypatch):
        yield started


@contextmanager
def asking_with(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let Dask read these variables, as it does when it is imported."""
    with monkeypatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        dask.config.refresh()
        yield
    dask.config.refresh()


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A delivered folder, as far as it travels."""
    folder = tmp_path / "models"
    folder.mkdir()
    for name in ("export.json", "model.json", "model.pkl"):
        (folder / name).write_text(f"the {name}")
    return folder


def tasks(models: Path, folder: Path, count: int) -> list[Numbered]:
    folder.mkdir()
    return [Numbered(str(models), number, str(folder)) for number in range(count)]


def sha256s(folder: Path) -> dict[str, str]:
    return {path.name: digest(path) for path in folder.iterdir()}


def test_file_is_scored_by_a_cluster_of_which_a_worker_is_killed(
    secured: Cluster, model: Path, state: Path, tmp_path: Path
) -> None:
    split(tmp_path / "in", 60)
    quiet, killed = (
        Asked(str(tmp_path / "in"), str(tmp_path / name), models=model, **ASKED) for name in ("quiet", "killed")
    )
    assert score_files(quiet) == 0
    thread = Thread(target=kill_in_the_middle, args=(secured, tmp_path / "killed"))
    thread.start()
    assert score_files(killed._replace(scheduler=secured.address)) == 0
    thread.join()
    assert len(secured.processes) == 2, "it was killed when all was done"
    assert files(tmp_path / "killed") == files(tmp_path / "quiet")
    rows = [row for path in (tmp_path / "killed").glob("*.parquet") for row in read_table(path).to_pylist()]
    assert len({row["prediction_id"] for row in rows}) == len(rows) == 960
    assert state.is_dir()


def kill_in_the_middle(cluster: Cluster, output: Path) -> None:
    """Kill a worker when some parts are there, and none of what comes last."""
    wait_until(lambda: len(list(output.glob("*.parquet"))) > 2, 60)
    cluster.processes[-1].kill()
    if not (output / "manifest.json").exists():
        cluster.processes.pop().wait()


def test_error_of_a_task_is_raised_here(secured: Cluster, models: Path, tmp_path: Path) -> None:
    with pytest.raises(LastroError, match=r"^number: \d: rule even$"):
        list(run(refused_number, tasks(models, tmp_path / "refused", 2), secured.address, models))


@pytest.mark.parametrize(
    ("part", "instead", "said"),
    [
        ("fingerprint", lambda: "other", "a worker runs other code or libraries than this command"),
        ("hashes", lambda _: (("export.json", "0" * 64),), "export.json: refused, the sha256 of what came is .*, the"),
    ],
)
def test_worker_refuses_other_bytes_and_other_code(
    part: str,
    instead: Callable[..., object],
    said: str,
    secured: Cluster,
    models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cluster, part, instead)
    with pytest.raises(LastroError, match=said):
        list(run(written, tasks(models, tmp_path / "out", 2), secured.address, models))
    assert list((tmp_path / "out").iterdir()) == []


def test_certificate_of_another_authority_connects_nowhere(
    started: Cluster, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "PATIENCE", 2)
    said = r"^--scheduler tls://127.0.0.1:\d+: no connection: TLS certificate does not match"
    with asking_with(certificates(tmp_path, "another"), monkeypatch), pytest.raises(ClusterError, match=said):
        list(run(written, [], started.address, models))


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("tcp://10.0.0.7:8786", "a scheduler runs what it is sent: tls:// it must be, plain to this machine alone"),
        ("tcp://scheduler:8786", "plain to this machine alone"),
        ("127.0.0.1:8786", "rule tls://host:port, or tcp://127.0.0.1:port"),
        ("tcp://127.0.0.1", "rule tls://host:port, or tcp://127.0.0.1:port"),
        ("ws://127.0.0.1:8786", "rule tls://host:port, or tcp://127.0.0.1:port"),
        ("tls://127.0.0.1:8786", "tls:// needs certificates: DASK_DISTRIBUTED__COMM__TLS__CA_FILE, DASK"),
    ],
)
def test_unsafe_scheduler_is_refused(address: str, said: str, models: Path) -> None:
    with pytest.raises(ClusterError, match=said):
        list(run(written, [], address, models))


def test_scheduler_that_is_not_there_is_refused_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    address = f"tcp://127.0.0.1:{free_port()}"
    words = ["src.batch", str(tmp_path / "absent"), str(tmp_path / "out"), "--scheduler", address]
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    assert "no connection: [Errno 111] Connection refused" in capsys.readouterr().err
