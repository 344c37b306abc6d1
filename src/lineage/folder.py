"""a folder of this machine as DVC's remote -> its objects"""

import os
import tempfile
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from src.errors import LastroError
from src.files import write_bytes

PUSH = "`dvc push` brings it there"
READABLE = 0o644  # a temporary file is its writer's alone


class StorageError(LastroError):
    """The place of DVC's objects cannot be used as it is."""


@dataclass(frozen=True)
class Stored:
    """An object of DVC: where it is, how many bytes."""

    url: str
    size: int


@dataclass(frozen=True)
class Folder:
    """A remote without a server."""

    path: Path

    @property
    def address(self) -> str:
        """Return the folder of DVC's objects, as a path."""
        return str(self.path)

    @property
    def published(self) -> str | None:
        """Return no address for published models: they stay beside MLflow's runs."""
        return None

    def environment(self) -> dict[str, str]:
        """Return the variables by which MLflow finds the published models: a folder needs none."""
        return {}

    def plainly(self) -> AbstractContextManager[None]:
        """Do nothing: there is no server to be lost."""
        return nullcontext()

    def set_up(self) -> str:
        """Make the folder; returns what there is to say."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"DVC's remote is the folder {self.path}, which cannot be made: {error}") from error
        return f"DVC keeps its objects in the folder {self.path}"

    def probe(self) -> None:
        """Raise StorageError where the folder is not there."""
        if not self.path.is_dir():
            raise StorageError(
                f"DVC's remote is the folder {self.path}, which is not there: `python -m src.lineage.storage` makes it"
            )

    def object_of(self, md5: str) -> Stored | None:
        """Return the object of an output by its md5 in dvc.lock; None where it was not pushed."""
        path = Path(self.url_of(md5))
        return Stored(str(path), path.stat().st_size) if path.is_file() else None

    def url_of(self, md5: str) -> str:
        """Return where an output is by its md5 in dvc.lock, or will be when it is pushed."""
        return str(self.path / "files" / "md5" / md5[:2] / md5[2:])

    def read(self, md5: str) -> bytes:
        """Return an output's bytes by its md5 in dvc.lock; raises StorageError where they are not there."""
        stored = self.object_of(md5)
        if stored is None:
            raise StorageError(f"DVC's remote is the folder {self.path}, and it does not hold the object {md5}: {PUSH}")
        return Path(stored.url).read_bytes()

    def holds(self, url: str) -> bool:
        """Say whether a published file is there."""
        return Path(url.removeprefix("file://")).is_file()

    def get_output(self, md5: str) -> bytes | None:
        """Return an output's bytes by its md5 in dvc.lock; None where it is not there."""
        return self.get(f"files/md5/{md5[:2]}/{md5[2:]}")

    def get(self, key: str) -> bytes | None:
        """Return a file's bytes; None where it is not there."""
        try:
            return (self.path / key).read_bytes()
        except FileNotFoundError:
            return None

    def create(self, key: str, content: bytes) -> bool:
        """Write a file where there is none, and say whether it was written: of several writers, one's."""
        self.probe()
        path = self.path / key
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".new-") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).chmod(READABLE)
            try:
                os.link(file.name, path)
            except FileExistsError:
                return False
        return True

    def replace(self, key: str, content: bytes) -> None:
        """Write a file, whatever was there."""
        write_bytes(self.path / key, content)

    def keys(self, folder: str, after: str = "") -> list[str]:
        """Return the files right in a folder (`a/b/`), in order, those after a key."""
        self.probe()
        found = (f"{folder}{path.name}" for path in (self.path / folder).glob("[!.]*") if path.is_file())
        return sorted(key for key in found if key > after)
