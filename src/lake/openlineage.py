"""dvc.lock, a sync of the lake -> OpenLineage events: a job a stage, its run, the datasets that it read and wrote

A dataset's version is its md5 in dvc.lock, of a lake's table its snapshot. A stage's run is named by what dvc.lock says
of it: the same pipeline told twice is the same run.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import dataset_version_dataset, datasource_dataset, error_message_run, parent_run
from openlineage.client.transport import Transport
from openlineage.client.transport.file import FileConfig, FileTransport
from openlineage.client.transport.http import HttpConfig, HttpTransport
from pyiceberg.catalog import Catalog

from src.errors import LastroError
from src.lake.catalog import TABLES, LakeError, find_table
from src.lineage.chain import Place
from src.lineage.lock import LOCK, Lock, read_lock

NAMESPACE = "lastro"
PIPELINE, SYNC = "dvc repro", "lake sync"
PRODUCER = "https://pypi.org/project/openlineage-python"  # the standard wants an address
SECONDS = 5.0
Facets = dict[str, Any]


def of_pipeline(root: Path, place: Place) -> list[RunEvent]:
    """Return the events of what dvc.lock says was run; raises LastroError where there is no dvc.lock."""
    lock = read_lock(root)
    time = datetime.fromtimestamp((root / LOCK).stat().st_mtime, UTC).isoformat()
    kept = lock.kept_by_git()
    return [
        RunEvent(
            eventTime=time,
            eventType=RunState.COMPLETE,
            run=Run(str(id_of(stage)), {"parent": parent(lock)}),
            job=Job(NAMESPACE, name),
            inputs=[InputDataset(NAMESPACE, dep["path"], facets=facets(dep, None)) for dep in stage.get("deps", ())],
            outputs=[
                OutputDataset(NAMESPACE, out["path"], facets=facets(out, None if out["path"] in kept else place))
                for out in stage.get("outs", ())
            ],
            producer=PRODUCER,
        )
        for name, stage in lock.stages.items()
    ]


def facets(entry: Mapping[str, Any], place: Place | None) -> Facets:
    """Return what is said of a file: its md5, and where DVC keeps it, if it does."""
    said: Facets = {"version": dataset_version_dataset.DatasetVersionDatasetFacet(str(entry["md5"]))}
    if place:
        address = place.url_of(str(entry["md5"]))
        said["dataSource"] = datasource_dataset.DatasourceDatasetFacet(name=entry["path"], uri=address)
    return said


def parent(lock: Lock) -> parent_run.ParentRunFacet:
    """Return the run of which all stages are a part."""
    return parent_run.ParentRunFacet(parent_run.Run(str(id_of(lock.stages))), parent_run.Job(NAMESPACE, PIPELINE))


def id_of(said: Any) -> UUID:
    """Return the identifier (RFC 9562, version 8) that follows from what dvc.lock says."""
    digest = int.from_bytes(sha256(json.dumps(said, sort_keys=True).encode()).digest()[:16])
    versioned = (digest & ~(0xF << 76)) | (8 << 76)
    return UUID(int=(versioned & ~(0x3 << 62)) | (0x2 << 62))


@contextlib.contextmanager
def of_sync(client: OpenLineageClient | None, root: Path, catalog: Catalog) -> Iterator[None]:
    """Tell that a sync began, and how it ended; without a client, nothing."""
    if client is None:
        yield
        return
    run, read = str(uuid4()), list(inputs_of(root))
    tell(client, [event(run, RunState.START, read, [])])
    try:
        yield
    except LastroError as error:
        failed = {"errorMessage": error_message_run.ErrorMessageRunFacet(str(error), "Python")}
        tell(client, [event(run, RunState.FAIL, read, [], failed)])
        raise
    tell(client, [event(run, RunState.COMPLETE, read, list(outputs_of(catalog)))])


def event(
    run: str,
    state: RunState,
    read: list[InputDataset],
    written: list[OutputDataset],
    said: Facets | None = None,
) -> RunEvent:
    """Return an event of a sync."""
    time = datetime.now(UTC).isoformat()
    return RunEvent(
        eventTime=time,
        eventType=state,
        run=Run(run, said or {}),
        job=Job(NAMESPACE, SYNC),
        inputs=read,
        outputs=written,
        producer=PRODUCER,
    )


def inputs_of(root: Path) -> Iterator[InputDataset]:
    """Yield what a sync reads: the data that dvc.lock names, and the log."""
    with contextlib.suppress(LastroError):
        for out in read_lock(root).stages.get("ingest", {}).get("outs", ()):
            yield InputDataset(NAMESPACE, out["path"], facets=facets(out, None))
    yield InputDataset(NAMESPACE, "prediction log")


def outputs_of(catalog: Catalog) -> Iterator[OutputDataset]:
    """Yield the lake's tables, by their files' place and their present snapshot."""
    for name in TABLES:
        if (table := find_table(catalog, name)) and (snapshot := table.metadata.current_snapshot_id):
            said: Facets = {"version": dataset_version_dataset.DatasetVersionDatasetFacet(str(snapshot))}
            place = urlsplit(table.location())
            space = f"{place.scheme}://{place.netloc}" if place.netloc else "file"
            yield OutputDataset(space, place.path.lstrip("/") if place.netloc else place.path, facets=said)


def client_of(address: str | None) -> OpenLineageClient | None:
    """Return what tells a file, to which events are added, or an address; None where nobody is to be told."""
    if not address:
        return None
    url = urlsplit(address)
    transport: Transport
    if url.scheme in ("http", "https"):
        path = url.path.strip("/")
        config = HttpConfig(f"{url.scheme}://{url.netloc}", timeout=SECONDS, retry={"total": 2})
        transport = HttpTransport(config if not path else replaced(config, path))
    elif url.scheme in ("", "file"):
        Path(url.path).parent.mkdir(parents=True, exist_ok=True)
        transport = FileTransport(FileConfig(log_file_path=url.path, append=True))
    else:
        raise LakeError("LASTRO_OPENLINEAGE_URL: is neither a file nor an address that begins with http")
    return OpenLineageClient(transport=transport)


def replaced(config: HttpConfig, endpoint: str) -> HttpConfig:
    """Return the settings with another place below the address."""
    config.endpoint = endpoint
    return config


def tell(client: OpenLineageClient, events: Sequence[RunEvent]) -> None:
    """Send events; raises LakeError where they are not taken."""
    for one in events:
        try:
            client.emit(one)
        except (OSError, RuntimeError) as error:  # requests' errors are OSErrors
            raise LakeError(f"LASTRO_OPENLINEAGE_URL: the event was not taken: {type(error).__name__}") from None
