"""The bucket is made as it should be, and each obstacle is a sentence."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from src.lineage.folder import Folder, StorageError, Stored
from src.lineage.storage import Bucket, MissingBucketError, probe, remote
from tests.conftest import Project
from tests.lineage.conftest import PASSWORD, USER, Minio, point, point_to_folder
from tests.ports import free_port


def bucket_of(root: Path) -> Bucket:
    found = remote(root)
    assert isinstance(found, Bucket)
    return found


def test_bucket_is_made_once_and_keeps_every_version(small: Project, minio: Minio, bucket: str) -> None:
    point(small.root, minio.remote(bucket))
    place = bucket_of(small.root)
    assert place.set_up() == f"bucket {bucket} at {minio.url}: made, versioning on"
    assert place.set_up() == f"bucket {bucket} at {minio.url}: is there, versioning on"
    assert place.client.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"


def test_keys_of_the_environment_serve_where_dvcs_configuration_has_none(
    small: Project, minio: Minio, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", USER)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", PASSWORD)
    point(small.root, {"url": f"s3://{bucket}/dvc", "endpointurl": minio.url})
    assert "made" in bucket_of(small.root).set_up()


def test_object_is_found_by_md5_with_its_size(small: Project, minio: Minio, bucket: str) -> None:
    point(small.root, minio.remote(bucket))
    place = bucket_of(small.root)
    place.set_up()
    place.client.put_object(Bucket=bucket, Key="dvc/files/md5/ab/cdef", Body=b"12345")
    assert place.object_of("abcdef") == Stored(f"s3://{bucket}/dvc/files/md5/ab/cdef", 5)
    assert place.object_of("abcde") is None
    assert place.holds(f"s3://{bucket}/dvc/files/md5/ab/cdef")
    assert not place.holds("s3://another/dvc/files/md5/ab/cdef")


def test_secrets_are_not_shown(small: Project, minio: Minio, bucket: str) -> None:
    point(small.root, minio.remote(bucket))
    assert PASSWORD not in repr(remote(small.root))


def test_missing_bucket_is_named(small: Project, minio: Minio, bucket: str) -> None:
    point(small.root, minio.remote(bucket))
    with pytest.raises(MissingBucketError, match=f"{bucket}.*no such bucket: `python -m src.lineage.storage` makes it"):
        probe(small.root)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"secret_access_key": "another"}, "wrong credentials, the secret key is not the server's"),
        ({"access_key_id": "another"}, "wrong credentials, it does not know the access key"),
        ({"url": "s3://No_Bucket/dvc"}, "no valid name of a bucket"),
        ({"endpointurl": "nonsense"}, "Invalid endpoint: nonsense"),
        ({"endpointurl": f"http://127.0.0.1:{free_port()}"}, "no server answers there: `make run` starts MinIO"),
    ],
)
def test_obstacle_is_a_sentence(small: Project, minio: Minio, bucket: str, changed: dict[str, str], said: str) -> None:
    point(small.root, minio.remote(bucket, **changed))
    with pytest.raises(StorageError, match=said) as caught:
        probe(small.root)
    assert "\n" not in str(caught.value)
    assert PASSWORD not in str(caught.value)


def test_missing_credentials_are_named(
    small: Project, minio: Minio, bucket: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    point(small.root, {"url": f"s3://{bucket}/dvc", "endpointurl": minio.url})
    with pytest.raises(StorageError, match=r"no credentials: `\. \./activate` sets them"):
        probe(small.root)


def test_tls_where_there_is_none_is_a_sentence(small: Project, minio: Minio, bucket: str) -> None:
    point(small.root, minio.remote(bucket, endpointurl=minio.url.replace("http:", "https:")))
    with pytest.raises(StorageError, match="no TLS connection is possible"):
        probe(small.root)


@pytest.fixture(params=[(404, b"<p>nothing here"), (200, b""), (200, b"<html/>"), (403, b'{"detail": "no"}')])
def foreign(request: pytest.FixtureRequest) -> Iterator[str]:
    """A web server that is not S3."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(request.param[0])
            self.end_headers()
            self.wfile.write(request.param[1])

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_foreign_web_server_on_the_port_is_a_sentence(small: Project, minio: Minio, foreign: str) -> None:
    point(small.root, minio.remote("any", endpointurl=foreign))
    with pytest.raises(StorageError, match=r"something answers there that is not S3: .* MINIO_PORT in \.env"):
        remote(small.root).set_up()


def test_server_that_does_not_speak_http_is_a_sentence(small: Project, minio: Minio) -> None:
    def greet() -> None:
        for _ in range(2):
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"SSH-2.0-Other\r\n")
                connection.recv(4096)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=greet, daemon=True)
        thread.start()
        point(small.root, minio.remote("any", endpointurl=f"http://127.0.0.1:{listener.getsockname()[1]}"))
        with pytest.raises(StorageError, match="something answers there that is not S3"):
            probe(small.root)
        thread.join()


def test_folder_is_a_remote_too(small: Project, tmp_path: Path) -> None:
    point_to_folder(small.root, tmp_path / "objects")
    place = remote(small.root)
    assert place == Folder(tmp_path / "objects")
    with pytest.raises(StorageError, match="which is not there: `python -m"):
        place.probe()
    place.set_up()
    place.probe()
    small.run("dvc", "push")
    [pushed] = [path for path in (tmp_path / "objects").rglob("*") if path.is_file() and path.stat().st_size > 100]
    assert place.object_of(f"{pushed.parent.name}{pushed.name}") == Stored(str(pushed), pushed.stat().st_size)
    assert place.object_of("0" * 32) is None


def test_folder_that_cannot_be_made_is_a_sentence(small: Project) -> None:
    point_to_folder(small.root, small.root / "dvc.yaml" / "objects")
    with pytest.raises(StorageError, match="which cannot be made"):
        remote(small.root).set_up()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[core]\nremote = other\n", r"default remote \(other\) is not configured"),
        ("[core]\nremote = other\n['remote \"other\"']\nurl = gs://x/y\n", "neither an S3 bucket nor a folder"),
        ("[core]\nanalytics = maybe\n", "DVC's configuration: "),
    ],
)
def test_remote_of_another_kind_is_refused(small: Project, text: str, said: str) -> None:
    (small.root / ".dvc" / "config.local").write_text(text)
    with pytest.raises(StorageError, match=said):
        remote(small.root)


def test_command_says_what_stands_in_the_way(pushed_run: Project, minio: Minio, tmp_path: Path) -> None:
    """What it says where nothing does, the fixture `pushed_run` has read."""
    project = pushed_run.copy(tmp_path / "project")
    point(project.root, minio.remote("pushed", secret_access_key="another"))
    refused = project.run("python", "-m", "src.lineage.storage", check=False)
    assert refused.returncode == 1
    assert refused.stdout.startswith(f"error: DVC's remote s3://pushed at {minio.url}: wrong credentials")
