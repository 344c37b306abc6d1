"""DVC's own configuration -> the place of its objects: a bucket (made here, versioned), or a folder

`python -m src.lineage.storage` makes the bucket and says in plain words what stands in the way; `probe()` says it
before a push. This is the only door to boto3. Endpoint, bucket, prefix and region are those of `dvc push`
(.dvc/config, .dvc/config.local); keys that stand there beat the AWS_* variables, as they do for DVC.
"""

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from src.errors import run
from src.lineage.folder import Folder, StorageError, Stored
from src.lineage.s3_errors import FOREIGN, failure, refusal
from src.lineage.settings import ROOT

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)

ENVIRONMENT = {
    "MLFLOW_S3_ENDPOINT_URL": "endpointurl",
    "AWS_ACCESS_KEY_ID": "access_key_id",
    "AWS_SECRET_ACCESS_KEY": "secret_access_key",
    "AWS_SESSION_TOKEN": "session_token",
    "AWS_PROFILE": "profile",
    "AWS_DEFAULT_REGION": "region",
}


EXISTS = ("PreconditionFailed", "ConditionalRequestConflict")  # what S3 answers to `If-None-Match: *`


class MissingBucketError(StorageError):
    """The server knows us, but there is no such bucket."""


@dataclass(frozen=True)
class Bucket:
    """A remote on an S3 API; `options` are the keys of DVC's remote."""

    name: str
    prefix: str
    options: dict[str, Any] = field(repr=False)

    @property
    def address(self) -> str:
        """Return the prefix of DVC's objects, as a URL."""
        return f"s3://{self.name}/{self.prefix}".rstrip("/")

    @property
    def published(self) -> str | None:
        """Return the address under which published models go."""
        return f"s3://{self.name}/mlflow"

    def environment(self) -> dict[str, str]:
        """Return the variables by which MLflow finds the same server with the same keys."""
        return {name: str(self.options[key]) for name, key in ENVIRONMENT.items() if self.options.get(key)}

    @cached_property
    def client(self) -> "S3Client":
        """Return the connection, made when it is first needed."""
        from boto3.session import Session
        from botocore.config import Config

        logging.getLogger("botocore").setLevel(logging.WARNING)
        session = Session(
            aws_access_key_id=self.options.get("access_key_id"),
            aws_secret_access_key=self.options.get("secret_access_key"),
            aws_session_token=self.options.get("session_token"),
            profile_name=self.options.get("profile"),
            region_name=self.options.get("region"),
        )
        patience = Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 2, "mode": "standard"})
        endpoint, verify = self.options.get("endpointurl"), self.options.get("ssl_verify")
        try:
            return session.client("s3", endpoint_url=endpoint, verify=verify, config=patience)
        except ValueError as error:
            raise StorageError(f"{self._place()}: {error}") from error

    def set_up(self) -> str:
        """Make the bucket where it is missing and let it keep every version; returns what there is to say."""
        try:
            self.probe()
            done = "is there"
        except MissingBucketError:
            self._make()
            done = "made"
        return f"bucket {self.name} at {self.client.meta.endpoint_url}: {done}, {self._keep_versions()}"

    def probe(self) -> None:
        """Raise StorageError where DVC could not push: no server, another server, other keys, no bucket."""
        self._find(self.prefix)

    def object_of(self, md5: str) -> Stored | None:
        """Return the object of an output by its md5 in dvc.lock; None where it was not pushed."""
        key = self._key(md5)
        sizes = self._find(key)
        return Stored(self.url_of(md5), sizes[key]) if key in sizes else None

    def url_of(self, md5: str) -> str:
        """Return where an output is by its md5 in dvc.lock, or will be when it is pushed."""
        return f"s3://{self.name}/{self._key(md5)}"

    def read(self, md5: str) -> bytes:
        """Return an output's bytes by its md5 in dvc.lock; raises StorageError where they cannot be had."""
        with self.plainly():
            return self.client.get_object(Bucket=self.name, Key=self._key(md5))["Body"].read()

    def holds(self, url: str) -> bool:
        """Say whether a published file is there."""
        key = url.removeprefix(f"s3://{self.name}/")
        return key != url and key in self._find(key)

    def get_output(self, md5: str) -> bytes | None:
        """Return an output's bytes by its md5 in dvc.lock; None where it is not there."""
        return self.get(self._key(md5))

    def get(self, key: str) -> bytes | None:
        """Return an object's bytes; None where it is not there (who may not list is refused instead)."""
        with self.plainly():
            try:
                return self.client.get_object(Bucket=self.name, Key=key)["Body"].read()
            except self.client.exceptions.NoSuchKey:
                return None

    def create(self, key: str, content: bytes) -> bool:
        """Write an object where there is none, and say whether it was written: of several writers, one's."""
        from botocore.exceptions import ClientError

        with self.plainly():
            try:
                self.client.put_object(Bucket=self.name, Key=key, Body=content, IfNoneMatch="*")
            except ClientError as error:
                if error.response["Error"].get("Code") not in EXISTS:
                    raise
                return False
        return True

    def replace(self, key: str, content: bytes) -> None:
        """Write an object, whatever was there."""
        with self.plainly():
            self.client.put_object(Bucket=self.name, Key=key, Body=content)

    def keys(self, folder: str, after: str = "") -> list[str]:
        """Return the objects right in a folder (`a/b/`), in order, those after a key."""
        with self.plainly():
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.name, Prefix=folder, Delimiter="/", StartAfter=after
            )
            return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def _key(self, md5: str) -> str:
        return "/".join(filter(None, (self.prefix, "files/md5", md5[:2], md5[2:])))

    def _find(self, prefix: str) -> dict[str, int]:
        """Return the first key that begins so, with its size: listing says why it fails, a HEAD does not."""
        with self.plainly():
            found = self.client.list_objects_v2(Bucket=self.name, Prefix=prefix, MaxKeys=1)
        if found.get("Name") != self.name:
            raise StorageError(f"{self._place()}: {FOREIGN}")
        return {item["Key"]: item["Size"] for item in found.get("Contents", [])}

    def _make(self) -> None:
        region: Any = self.client.meta.region_name
        place: Any = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        with self.plainly(), contextlib.suppress(self.client.exceptions.BucketAlreadyOwnedByYou):
            self.client.create_bucket(Bucket=self.name, **place)

    def _keep_versions(self) -> str:
        from botocore.exceptions import ClientError

        try:
            self.client.put_bucket_versioning(Bucket=self.name, VersioningConfiguration={"Status": "Enabled"})
        except ClientError as error:
            return f"but it does not keep versions ({error.response['Error'].get('Code')})"
        return "versioning on"

    def _place(self) -> str:
        return f"DVC's remote s3://{self.name} at {self.options.get('endpointurl') or 'AWS'}"

    @contextlib.contextmanager
    def plainly(self) -> Iterator[None]:
        """Say in one sentence what the server refuses, or that it is gone."""
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        try:
            yield
        except ClientError as error:
            code = str(error.response["Error"].get("Code"))
            kind = MissingBucketError if code == "NoSuchBucket" else StorageError
            raise kind(f"{self._place()}: {refusal(error.response, code)}") from error
        except (Boto3Error, BotoCoreError, ResponseParserError) as error:
            raise StorageError(f"{self._place()}: {failure(error)}") from error


def remote(root: Path = ROOT) -> Bucket | Folder:
    """Return DVC's default remote as DVC reads it; raises StorageError where there is none, or of another kind."""
    from dvc.config import Config, ConfigError

    try:
        config = Config(str(root / ".dvc"))
        name = config["core"].get("remote")
        options = config["remote"].get(name)
    except ConfigError as error:
        raise StorageError(f"DVC's configuration: {error}") from error
    if not options or "url" not in options:
        raise StorageError(f"DVC's default remote ({name}) is not configured: .dvc/config names one")
    return place_of(str(options["url"]), dict(options))


def place_of(address: str, options: dict[str, Any]) -> Bucket | Folder:
    """Return DVC's remote by its URL and further keys; raises StorageError where it is of another kind."""
    url = urlsplit(address)
    if url.scheme == "s3":
        return Bucket(url.netloc, url.path.strip("/"), options)
    if url.scheme in ("", "file"):
        return Folder(Path(url.path))
    raise StorageError(f"DVC's remote {address} is neither an S3 bucket nor a folder")


def get_object(key: str) -> bytes | None:
    """Return the bytes of an object of ours beside DVC's, of this project's remote; None where it is not there."""
    return remote().get(key)


def probe(root: Path = ROOT) -> None:
    """Raise StorageError, in one plain sentence, where `dvc push` could not work."""
    remote(root).probe()


def main() -> None:
    """Make the place of DVC's objects."""
    log.info(remote().set_up())


if __name__ == "__main__":
    run(main)
