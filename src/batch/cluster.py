"""work, tasks -> each task's result as soon as it is there, by the workers of a Dask cluster that is there already

`--scheduler tls://host:8786`, with certificates that Dask's own variables name (DASK_DISTRIBUTED__COMM__TLS__CA_FILE,
…__CLIENT__CERT, …__CLIENT__KEY); plain tcp:// to this machine alone, since a scheduler runs what it is sent. The model
travels as bytes whose sha256 every task names. This is the only door to Dask.
"""

import contextlib
import ipaddress
import logging
import re
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, Self, TypeVar
from urllib.parse import urlsplit

from src.batch.code import fingerprint
from src.batch.parcel import hashes, packed, unpacked
from src.errors import LastroError

if TYPE_CHECKING:
    from distributed import Client, Future
    from distributed.security import Security

PATIENCE = 30  # seconds for a scheduler to answer, and for a worker to be there
AHEAD = 2  # tasks a thread of a worker, so that none waits for the next one
TLS = "distributed.comm.tls"
CERTIFICATES = {  # what a client shows and trusts, by the variable that names its file
    f"{TLS}.ca-file": "DASK_DISTRIBUTED__COMM__TLS__CA_FILE",
    f"{TLS}.client.cert": "DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT",
    f"{TLS}.client.key": "DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY",
}


class ClusterError(LastroError):
    """The cluster cannot be used, or is lost."""


class Movable(Protocol):
    """A task: a named tuple that names the folder of its model."""

    @property
    def models(self) -> str: ...
    def _replace(self, *, models: str) -> Self: ...


Task = TypeVar("Task", bound=Movable)
Done = TypeVar("Done")


class Model(NamedTuple):
    """What a task's model is known by: the sha256 of each file, and the hash of the code that computes with them."""

    files: tuple[tuple[str, str], ...]
    code: str


@dataclass(frozen=True)
class Order(Generic[Task, Done]):
    """A task with what is done of it; Dask looks into tuples, and not into this."""

    work: Callable[[Task], Done]
    task: Task
    model: Model


def verify(address: str) -> None:
    """Raise ClusterError where a scheduler may not be used, or nothing listens there: before anything is written."""
    _security(address)
    url = urlsplit(address)
    try:
        socket.create_connection((url.hostname, url.port), PATIENCE).close()
    except OSError as error:
        raise ClusterError(f"--scheduler {address}: no connection: {_line(error)}") from error


def run(work: Callable[[Task], Done], tasks: Iterable[Task], address: str, models: Path) -> Iterator[Done]:
    """Yield the result of each task as it is done, in no order; `work` is a function that its module names.

    Dask gives the tasks of a worker that dies to others, and no result is given twice. Raises what `work` raises, and
    ClusterError where the cluster cannot be reached, is lost, or runs other code.
    """
    import dask
    import distributed  # noqa: F401  # first, since what it configures would go with what is set here

    security = _security(address)
    files = packed(models)
    model = Model(hashes(files), fingerprint())
    large: Any = {"distributed.admin.large-graph-warning-threshold": "1 GB"}  # a part may carry its rows
    with dask.config.set(large), _plainly(address), _client(address, security) as client:
        sent = client.submit(_kept, files, pure=False)  # made again where the workers that have it die
        yield from _results(client, (Order(work, task, model) for task in tasks), sent)


def _results(client: "Client", orders: Iterator[Order[Task, Done]], sent: "Future") -> Iterator[Done]:
    """Keep the workers busy, and yield what they find; whatever is under way is called off at the end."""
    from distributed import wait

    pending: set[Future] = set()
    try:
        while True:
            room = AHEAD * sum(_workers(client).values()) - len(pending)
            pending |= {client.submit(_done, order, sent, pure=False) for order in islice(orders, max(room, 0))}
            if not pending:
                return
            done: set[Future] = set()
            with contextlib.suppress(TimeoutError), client.as_current():  # then look whether there still are workers
                done = wait(pending, timeout=PATIENCE, return_when="FIRST_COMPLETED").done
            pending -= done
            yield from [future.result() for future in done]
    finally:
        client.cancel([*pending, sent])


def _kept(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Hold the model's files on a worker."""
    return files


def _done(order: Order[Task, Done], files: Mapping[str, bytes]) -> Done:
    """Do a task on a worker, with its own copy of the model; raises LastroError for another model or other code."""
    from distributed import get_worker

    if order.model.code != fingerprint():
        raise ClusterError("a worker runs other code or libraries than this command: give both the same image")
    folder = unpacked().folder(files, order.model.files, Path(get_worker().local_directory))
    return order.work(order.task._replace(models=str(folder)))


def _security(address: str) -> "Security | None":
    """Return what a connection is secured by; raises ClusterError where it would not be."""
    url = urlsplit(address)
    if url.scheme not in ("tls", "tcp") or not url.hostname or not re.search(r":\d{1,5}$", address):
        raise ClusterError(f"--scheduler {address}: rule tls://host:port, or tcp://127.0.0.1:port")
    if url.scheme == "tls":
        return _certificates(address)
    if not _is_here(url.hostname):
        raise ClusterError(
            f"--scheduler {address}: a scheduler runs what it is sent: tls:// it must be, plain to this machine alone"
        )
    return None


def _certificates(address: str) -> "Security":
    import dask
    from distributed.security import Security

    absent = [variable for name, variable in CERTIFICATES.items() if not dask.config.get(name, None)]
    if absent:
        raise ClusterError(f"--scheduler {address}: tls:// needs certificates: {', '.join(absent)} name their files")
    for name, variable in CERTIFICATES.items():
        if not Path(dask.config.get(name)).is_file():
            raise ClusterError(f"{variable}: {dask.config.get(name)}: no such file")
    return Security(require_encryption=True)


def _is_here(host: str) -> bool:
    """Say whether a host is this machine by its own address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _client(address: str, security: "Security | None") -> "Client":
    """Connect, with Dask's own chatter off."""
    from distributed import Client

    for name in ("distributed", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        return Client(
            address, security=security, timeout=PATIENCE, set_as_default=False, direct_to_workers=False, name="lastro"
        )
    except OSError as error:
        raise ClusterError(f"--scheduler {address}: no connection: {_line(error)}") from error


def _workers(client: "Client") -> dict[str, int]:
    """Return the threads of each worker; waits a while for the first one."""
    if not client.nthreads():
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            raise ClusterError(f"{client.scheduler.address}: the cluster has no worker") from None
    found: dict[str, int] = client.nthreads()
    return found


@contextlib.contextmanager
def _plainly(address: str) -> Iterator[None]:
    """Say in one sentence that a cluster is not there, or is lost."""
    from distributed import CancelledError, KilledWorker
    from distributed.comm.core import CommClosedError

    try:
        yield
    except KilledWorker as error:
        raise ClusterError(f"{address}: workers died of the same part again and again: {_line(error)}") from None
    except (CommClosedError, CancelledError) as error:
        raise ClusterError(f"{address}: the cluster was lost; the same command goes on where it was") from error


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())
