"""Transfers: `dvc push` and `dvc pull` of 200 MiB in 1 000 files beside boto3's transfers of the same, with 8 threads.

A MinIO of its own on a free port, in a temporary folder; DVC with the project's own .dvc/config. In each round both
push to a bucket of their own and pull into an empty clone or folder, first one, then the other, in changing order.
Prints the median seconds and ratio, boto3's seconds over DVC's: above 1 DVC is the faster. DVC's seconds hold its
start, boto3's only the transfers. No option of DVC's remote shortens that start (imports, the index of 1 000 files, the
question what is there already), so `dvc push` with nothing to send is timed too, and the ratio shown without it.
The remote's `jobs` stays unset, four a core: from 2 to 32 no other number was faster on 2 cores. `--jobs` tries one.
"""

import argparse
import contextlib
import filecmp
import os
import random
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from tqdm import tqdm

from ops.minio import find_or_build
from ops.ports import healthy

ROOT = Path(__file__).resolve().parents[1]
SEED = 2026
THREADS = 8
PATIENCE = 30.0  # seconds for MinIO to start
WAYS = ("dvc", "boto3")
NOTHING_TO_SEND = "dvc push, nothing to send"
SENDING = "push without DVC's start"


@dataclass(frozen=True)
class Store:
    """A running MinIO."""

    port: int
    user: str
    password: str

    @property
    def url(self) -> str:
        """Where S3 answers."""
        return f"http://127.0.0.1:{self.port}"

    def client(self) -> Any:
        """Return a client that many threads may share."""
        config = Config(region_name="us-east-1", max_pool_connections=THREADS)
        keys = {"aws_access_key_id": self.user, "aws_secret_access_key": self.password}
        return boto3.client("s3", endpoint_url=self.url, config=config, **keys)


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def minio(folder: Path) -> Iterator[Store]:
    """Run the real server on an empty folder."""
    program = find_or_build()
    store = Store(free_port(), "benchmark", secrets.token_hex(16))
    command = [str(program), "server", str(folder / "data"), "--quiet", "--certs-dir", str(folder / "certs")]
    command += ["--address", f"127.0.0.1:{store.port}", "--console-address", f"127.0.0.1:{free_port()}"]
    keys = {"MINIO_ROOT_USER": store.user, "MINIO_ROOT_PASSWORD": store.password, "MINIO_UPDATE": "off"}
    with subprocess.Popen(command, env=os.environ | keys, stdout=subprocess.DEVNULL) as server:
        try:
            deadline = time.monotonic() + PATIENCE
            while not healthy(store.port, "/minio/health/ready"):
                if server.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("MinIO did not start")
                time.sleep(0.05)
            yield store
        finally:
            server.terminate()


def write_files(folder: Path, count: int, size: int) -> None:
    """Write `count` files of `size` bytes that nothing can compress, the same ones every time."""
    folder.mkdir(parents=True)
    generator = random.Random(SEED)
    for number in range(count):
        (folder / f"{number:05}").write_bytes(generator.randbytes(size))


def dvc(project: Path, *words: str) -> None:
    """Run a DVC command in a project, with nothing of the caller's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "DVC_"))}
    environment = kept | {"DVC_SITE_CACHE_DIR": str(project.parent / f"{project.name}-site"), "DVC_NO_ANALYTICS": "1"}
    command = [str(Path(sys.executable).with_name("dvc")), *words, "--quiet"]
    subprocess.run(command, cwd=project, env=environment, check=True)


def project_in(root: Path, store: Store, bucket: str, jobs: int | None) -> Path:
    """Make an empty DVC project with this one's settings, whose remote is a bucket of the store."""
    (root / ".dvc").mkdir(parents=True)
    shutil.copy(ROOT / ".dvc" / "config", root / ".dvc" / "config")
    keys = {"url": f"s3://{bucket}", "endpointurl": store.url}
    keys |= {"access_key_id": store.user, "secret_access_key": store.password} | ({"jobs": jobs} if jobs else {})
    lines = [f"{key} = {value}" for key, value in keys.items()]
    (root / ".dvc" / "config.local").write_text("\n".join(["[core]", "no_scm = true", "['remote \"minio\"']", *lines]))
    return root


def timed(work: Callable[[], object]) -> float:
    """Return how many seconds the work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def by_dvc(files: Path, store: Store, folder: Path, bucket: str, jobs: int | None) -> dict[str, float]:
    """Push from one project and pull into an empty second one; return the seconds of each."""
    first, second = (project_in(folder / name, store, bucket, jobs) for name in ("first", "second"))
    shutil.copytree(files, first / "files")
    dvc(first, "add", "files")
    seconds = {"push": timed(lambda: dvc(first, "push")), NOTHING_TO_SEND: timed(lambda: dvc(first, "push"))}
    shutil.copy(first / "files.dvc", second)
    return seconds | {"pull": timed(lambda: dvc(second, "pull"))}


def by_boto3(files: Path, store: Store, folder: Path, bucket: str) -> dict[str, float]:
    """Upload and download with a pool of threads; return the seconds of each."""
    client, got = store.client(), folder / "second" / "files"
    got.mkdir(parents=True)
    names = sorted(path.name for path in files.iterdir())
    with ThreadPoolExecutor(THREADS) as pool:
        return {
            "push": timed(lambda: list(pool.map(lambda n: client.upload_file(str(files / n), bucket, n), names))),
            "pull": timed(lambda: list(pool.map(lambda n: client.download_file(bucket, n, str(got / n)), names))),
        }


def a_round(way: str, files: Path, store: Store, bucket: str, jobs: int | None) -> dict[str, float]:
    """Push and pull in one way, see that every byte arrived, and leave nothing behind but the bucket."""
    store.client().create_bucket(Bucket=bucket)
    with tempfile.TemporaryDirectory(dir=files.parent) as folder:
        place = Path(folder)
        seconds = by_dvc(files, store, place, bucket, jobs) if way == "dvc" else by_boto3(files, store, place, bucket)
        names = [path.name for path in files.iterdir()]
        same, *others = filecmp.cmpfiles(files, place / "second" / "files", names, shallow=False)
        if len(same) != len(names):
            raise SystemExit(f"{way}: not all files arrived as they were sent: {others}")
    return seconds


def report(rounds: list[dict[str, dict[str, float]]]) -> None:
    """Print the table; a row's ratio is the median of the rounds' own."""
    for each in rounds:
        each["dvc"][SENDING] = each["dvc"]["push"] - each["dvc"][NOTHING_TO_SEND]
        each["boto3"][SENDING] = each["boto3"]["push"]
    print(f"{'':28}{'dvc':>9}{'boto3':>9}   boto3 s / dvc s (each round)")
    for what in ("push", "pull", SENDING):
        times = {way: [each[way][what] for each in rounds] for way in WAYS}
        ratios = [theirs / ours for ours, theirs in zip(times["dvc"], times["boto3"], strict=True)]
        shown = "".join(f"{statistics.median(times[way]):7.2f} s" for way in WAYS)
        print(f"{what:28}{shown}   {statistics.median(ratios):.2f} ({', '.join(f'{ratio:.2f}' for ratio in ratios)})")
    print(f"{NOTHING_TO_SEND:28}{statistics.median(each['dvc'][NOTHING_TO_SEND] for each in rounds):7.2f} s")


def main() -> None:
    """Run the rounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--mib", type=int, default=200)
    parser.add_argument("--jobs", type=int, help="transfers at a time by DVC (default: .dvc/config's)")
    asked = parser.parse_args()
    rounds = []
    with tempfile.TemporaryDirectory(prefix="lastro-transfer-") as folder, minio(Path(folder) / "minio") as store:
        files = Path(folder) / "files"
        write_files(files, asked.files, asked.mib * 2**20 // asked.files)
        for number in tqdm(range(asked.rounds), unit="round"):
            order = WAYS if number % 2 == 0 else WAYS[::-1]
            rounds.append({way: a_round(way, files, store, f"{way}-{number}", asked.jobs) for way in order})
    print(
        f"{asked.mib} MiB in {asked.files} files, {asked.rounds} rounds, MinIO on this machine, {os.cpu_count()} cores"
    )
    report(rounds)


if __name__ == "__main__":
    main()
