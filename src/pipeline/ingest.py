"""data/external/<set>/{datapackage.yaml, its files} -> data/raw/applications.parquet"""

import hashlib
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from tqdm import tqdm

from src.contract.fields import ContractError
from src.contract.package import Package, read_package
from src.contract.table import check_table, merge, refuse, type_table, write_table
from src.contract.text import read_text
from src.errors import LastroError, run
from src.files import replacing
from src.model.kinds import KINDS
from src.params import read_params

PARAMS = Path("params.yaml")
APPLICATIONS = Path("data/raw/applications.parquet")
RETRIES = 3
SECONDS = 30


def address_of(path: str, package: Package) -> str | None:
    """Return where the file can be downloaded: `path` itself, or the source whose address ends with its name."""
    if "://" in path:
        return path
    sources = [source.path for source in package.resource.sources + package.sources]
    return next((s for s in sources if "://" in s and urlsplit(s).path.endswith(f"/{path}")), None)


def fetch(package: Package, folder: Path) -> list[Path]:
    """Return the resource's files in `folder`, their hash checked; downloads what is missing, whole or not at all."""
    resource = package.resource
    places = [folder / (Path(urlsplit(path).path).name if "://" in path else path) for path in resource.path]
    with ExitStack() as stack:
        present = []
        for path, place in zip(resource.path, places, strict=True):
            if place.exists():
                present.append(place)
            elif address := address_of(path, package):
                present.append(stack.enter_context(replacing(place)))
                download(address, present[-1], resource.bytes)
            else:
                raise ContractError(
                    f"{place}: no such file, and the data package names no source address ending /{path}"
                )
        verify(present, package)
    return places


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
    """Refuse files whose bytes are not those that the package's `bytes` and `hash` name.

    Several files count as one, as the standard's own tool reads them: without the header line of the later ones. Their
    plain concatenation is accepted too.
    """
    resource, names = package.resource, ", ".join(package.resource.path)
    parts = [path.read_bytes() for path in files]
    later = [part.split(b"\n", 1)[-1] for part in parts[1:]] if resource.dialect.header else parts[1:]
    contents = [parts[0] + b"".join(later), b"".join(parts)]
    algorithm, _, expected = (resource.hash or "sha256:").rpartition(":")
    found = [hashlib.new(algorithm or "md5", content).hexdigest() for content in contents]
    paste = f"{algorithm}:{found[0]}" if algorithm else found[0]
    if not expected:
        raise ContractError(f"{names}: the data package has no `hash`; if the file is right, add  hash: {paste}")
    if expected not in found:
        raise ContractError(
            f"{names}: hash is {paste}, the data package names {resource.hash}; if the file is right, paste the former"
        )
    if resource.bytes not in (None, *map(len, contents)):
        raise ContractError(f"{names}: {len(contents[0])} bytes, the data package's `bytes` names {resource.bytes}")


def main() -> None:
    """Read the dataset that params.yaml names."""
    dataset = Path(read_params(PARAMS, KINDS).dataset)
    package = read_package(dataset)
    files = fetch(package, dataset.parent)
    text = read_text(files, package.resource, [column.name for column in package.columns])
    table, untyped = type_table(text, package)
    if untyped:
        refuse(merge(untyped, check_table(table, package)), table)
    write_table(APPLICATIONS, table)


if __name__ == "__main__":
    run(main)
