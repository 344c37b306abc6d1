"""a table -> its snapshots that no branch and no tag names are gone, with every file that only they had

Iceberg's own expiry takes snapshots from the metadata and leaves their files. The files go first, then the snapshots:
an erasure that is killed is finished by the next one.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress

from pyiceberg.io import FileIO
from pyiceberg.manifest import ManifestFile
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

from src.lineage.chain import Place
from src.lineage.removal import remove
from src.lineage.storage import Bucket


def erase(table: Table, place: Place) -> list[str]:
    """Delete the files that only unnamed snapshots have, then these snapshots.

    Returns the commands for versions of files that the bucket would not let go of.
    """
    named = {ref.snapshot_id for ref in table.metadata.refs.values()}
    unnamed = [snapshot for snapshot in table.metadata.snapshots if snapshot.snapshot_id not in named]
    if not unnamed:
        return []
    kept = {*files_of(table.io, (one for one in table.metadata.snapshots if one.snapshot_id in named))}
    gone = [path for path in dict.fromkeys(files_of(table.io, unnamed)) if path not in kept]
    left = [command for path in gone for command in delete(table.io, place, path)]
    ids = [snapshot.snapshot_id for snapshot in unnamed]
    table.maintenance.expire_snapshots().by_ids(ids).commit()
    return left


def files_of(io: FileIO, snapshots: Iterable[Snapshot]) -> Iterator[str]:
    """Yield the files of snapshots: data first, then the manifests that name them, then the lists of manifests.

    In this order, what is still named after a kill is what is still there.
    """
    lists, manifests = [], []
    for snapshot in snapshots:
        lists.append(snapshot.manifest_list)
        with suppress(FileNotFoundError):
            manifests += snapshot.manifests(io)
    for manifest in manifests:
        yield from data_of(io, manifest)
    yield from (manifest.manifest_path for manifest in manifests)
    yield from lists


def data_of(io: FileIO, manifest: ManifestFile) -> Iterator[str]:
    """Yield the data files that a manifest names."""
    with suppress(FileNotFoundError):
        for entry in manifest.fetch_manifest_entry(io, discard_deleted=True):
            yield entry.data_file.file_path


def delete(io: FileIO, place: Place, path: str) -> list[str]:
    """Delete a file; in DVC's bucket, which keeps versions of all that is deleted, every version of it."""
    prefix = f"s3://{place.name}/" if isinstance(place, Bucket) else ""
    if isinstance(place, Bucket) and path.startswith(prefix):
        return remove(place, path.removeprefix(prefix))
    with suppress(FileNotFoundError):
        io.delete(path)
    return []
