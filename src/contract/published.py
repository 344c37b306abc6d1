"""a package's files: downloaded where they are missing, their hash checked"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx
from tqdm import tqdm

from src.contract.fields import ContractError
from src.contract.package import Package, Resource
from src.errors import LastroError
from src.files import replacing

RETRIES = 3
SECONDS = 30
BLOCK = 1 << 20


class Seal(NamedTuple):
    """The hash and the size of files that count as one."""

    hash: str
    bytes: int


def address_of(path: str, package: Package) -> str | None:
    """Return where the file can be downloaded: `path` itself, or the source whose address ends with its name."""
    if "://" in path:
        return path
    sources = [source.path for source in package.resource.sources + package.sources]
    return next((s for s in sources if "://" in s and urlsplit(s).path.endswith(f"/{path}")), None)


def fetch(package: Package, folder: Path) -> list[Path]:
    """Return the resource's files in `folder`, their hash checked; downloads what is missing, whole or not at all."""
    resource, places = package.resource, places_of(package, folder)
    with ExitStack() as stack:
        present = []
        for path, place in zip(resource.path, places, strict=True):
            if place.exists():
                present.append(place)
            elif address := address_of(path, package):
                present.append(stack.enter_context(replacing(place)))
                download(address, present[-1], resource.bytes)
            elif place.with_name(f"{place.name}.dvc").exists():
                raise ContractError(f"{place}: no such file; DVC has it: dvc pull {place}.dvc")
            else:
                raise ContractError(
                    f"{place}: no such file, and the data package names no source address ending /{path}"
                )
        verify(present, package)
    return places


def places_of(package: Package, folder: Path) -> list[Path]:
    """Return where the resource's files lie, or will."""
    paths = package.resource.path
    return [folder / (Path(urlsplit(path).path).name if "://" in path else path) for path in paths]


def download(address: str, place: Path, size: int | None) -> None:
    """Save what is at `address` to `place` with a progress bar; `size` in bytes is the most that is taken."""
    transport = httpx.HTTPTransport(retries=RETRIES)
    try:
        with (
            httpx.Client(transport=transport, timeout=SECONDS, follow_redirects=True) as client,
            client.stream("GET", address) as answer,
            place.open("wb") as file,
        ):
            answer.raise_for_status()
            length = int(answer.headers.get("content-length", 0)) or None
            with tqdm(total=length, unit="B", unit_scale=True, desc=f"download {address.rsplit('/', 1)[-1]}") as bar:
                for chunk in answer.iter_bytes():
                    bar.update(file.write(chunk))
                    if size is not None and file.tell() > size:
                        raise ContractError(f"{address}: longer than the {size} bytes that the data package names")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise LastroError(f"{address}: download failed: {error}") from None


def verify(files: list[Path], package: Package) -> None:
    """Refuse files whose bytes are not those that the package's `bytes` and `hash` name; see `seals`."""
    resource, names = package.resource, ", ".join(package.resource.path)
    expected = (resource.hash or "").rpartition(":")[2]
    found = seals(files, resource)
    paste = found[0].hash
    if not expected:
        raise ContractError(f"{names}: the data package has no `hash`; if the file is right, add  hash: {paste}")
    if expected not in (seal.hash.rpartition(":")[2] for seal in found):
        raise ContractError(
            f"{names}: hash is {paste}, the data package names {resource.hash}; if the file is right, paste the former"
        )
    if resource.bytes not in (None, *(seal.bytes for seal in found)):
        raise ContractError(f"{names}: {found[0].bytes} bytes, the data package's `bytes` names {resource.bytes}")


def seals(files: Sequence[Path], resource: Resource) -> list[Seal]:
    """Return the seals that the files may have, by the algorithm of the package's `hash` or SHA-256.

    Several files count as one, as the standard's own tool reads them: without the header line of the later ones. Their
    plain concatenation is accepted too, and comes second. What counts are the files as they are published, packed or
    not.
    """
    algorithm = (resource.hash or "sha256:").rpartition(":")[0]
    hashes = [hashlib.new(algorithm or "md5") for _ in range(2)]
    sizes = [0, 0]
    for number, path in enumerate(files):
        cut = number > 0 and resource.dialect.header
        for block in blocks(path):
            _, end, rest = block.partition(b"\n") if cut else (b"", b"", block)
            cut = cut and not end
            for place, part in enumerate((rest, block)):
                hashes[place].update(part)
                sizes[place] += len(part)
    prefix = f"{algorithm}:" if algorithm else ""
    return [Seal(f"{prefix}{content.hexdigest()}", size) for content, size in zip(hashes, sizes, strict=True)]


def blocks(path: Path) -> Iterator[bytes]:
    """Yield a file's bytes, a part at a time."""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block
