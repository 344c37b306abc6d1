"""data/external/<set>/{datapackage.yaml, its files} -> data/raw/applications.parquet, reports/ingest.json"""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pandas as pd
from tqdm import tqdm

from src.contract.fields import ContractError
from src.contract.package import Package, read_package
from src.contract.rows import with_outcome, within_bounds
from src.contract.table import check_table, merge, refuse, type_table, write_table
from src.contract.text import read_text
from src.errors import LastroError, run
from src.files import replacing, write_json
from src.model.kinds import KINDS
from src.params import read_params

PARAMS = Path("params.yaml")
APPLICATIONS = Path("data/raw/applications.parquet")
INGESTED = Path("reports/ingest.json")
RETRIES = 3
SECONDS = 30
BLOCK = 1 << 20

log = logging.getLogger(__name__)


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
            elif place.with_name(f"{place.name}.dvc").exists():
                raise ContractError(f"{place}: no such file; DVC has it: dvc pull {place}.dvc")
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
    plain concatenation is accepted too. What counts are the files as they are published, packed or not.
    """
    resource, names = package.resource, ", ".join(package.resource.path)
    algorithm, _, expected = (resource.hash or "sha256:").rpartition(":")
    hashes = [hashlib.new(algorithm or "md5") for _ in range(2)]  # without later header lines, and with them
    sizes = [0, 0]
    for number, path in enumerate(files):
        cut = number > 0 and resource.dialect.header
        for block in blocks(path):
            _, end, rest = block.partition(b"\n") if cut else (b"", b"", block)
            cut = cut and not end
            for place, part in enumerate((rest, block)):
                hashes[place].update(part)
                sizes[place] += len(part)
    found = [content.hexdigest() for content in hashes]
    paste = f"{algorithm}:{found[0]}" if algorithm else found[0]
    if not expected:
        raise ContractError(f"{names}: the data package has no `hash`; if the file is right, add  hash: {paste}")
    if expected not in found:
        raise ContractError(
            f"{names}: hash is {paste}, the data package names {resource.hash}; if the file is right, paste the former"
        )
    if resource.bytes not in (None, *sizes):
        raise ContractError(f"{names}: {sizes[0]} bytes, the data package's `bytes` names {resource.bytes}")


def blocks(path: Path) -> Iterator[bytes]:
    """Yield a file's bytes, a part at a time."""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


def applications(table: pd.DataFrame, package: Package) -> tuple[pd.DataFrame, dict[str, object]]:
    """Return the typed table's rows and values that count, and how many do not; each is said in a line, too."""
    table, others = with_outcome(table, package)
    if others:
        shown = ", ".join(f"{value!r} {count}" for value, count in others.items())
        log.info("%s: %d row(s) left out, neither bad nor good: %s", package.target.name, sum(others.values()), shown)
    duplicates = int(table.duplicated().sum())
    if duplicates:
        log.info("%d row(s) repeat an earlier one in every field; they are kept", duplicates)
    table, outside = within_bounds(table, package)
    for name, count in outside.items():
        if count:
            log.info("%s: %d value(s) out of bounds count as missing", name, count)
    counts = {"rows": len(table), "left_out": sum(others.values()), "duplicates": duplicates, "out_of_bounds": outside}
    return table, counts


def main() -> None:
    """Read the dataset that params.yaml names."""
    dataset = Path(read_params(PARAMS, KINDS).dataset)
    package = read_package(dataset)
    files = fetch(package, dataset.parent)
    text = read_text(files, package.resource, [column.name for column in package.columns])
    table, untyped = type_table(text, package)
    if untyped:
        refuse(merge(untyped, check_table(table, package)), table)
    table, counts = applications(table, package)
    write_table(APPLICATIONS, table)
    write_json(INGESTED, counts)


if __name__ == "__main__":
    run(main)
