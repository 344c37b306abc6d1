"""The data set's files: present, of several batches, or downloaded whole or not at all"""

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest

from src.contract import published
from src.contract.package import ContractError, Package
from src.errors import LastroError
from src.pipeline import ingest
from tests.conftest import Project
from tests.contract.reading import gz
from tests.pipeline.conftest import DATA, FOLDER, PACKAGE, Web, field_named, lock, rows_of, seal

CONTENT = b"amount,paid\n10,1\n20,0\n"
FIELDS = [{"name": "amount", "type": "integer"}, {"name": "paid", "type": "integer", "role": "target", "bad": 0}]


def sealed(path: str | list[str], content: bytes = CONTENT, source: str | None = None, **more: object) -> Package:
    """A package whose hash and size are those of `content`."""
    resource = {"name": "t", "path": path, "schema": {"fields": FIELDS}, "bytes": len(content)}
    resource |= {"hash": f"sha256:{hashlib.sha256(content).hexdigest()}"} | more
    resource |= {"sources": [{"title": "there", "path": source}]} if source else {}
    return Package.model_validate({"name": "t", "resources": [resource]})


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_file_that_is_there_is_taken(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(CONTENT)
    assert published.fetch(sealed("t.csv"), tmp_path) == [tmp_path / "t.csv"]


@pytest.mark.parametrize("algorithm", ["md5:", "sha1:", "sha256:", "sha512:", ""])
def test_hash_is_read_as_the_standard_writes_it(tmp_path: Path, algorithm: str) -> None:
    (tmp_path / "t.csv").write_bytes(CONTENT)
    found = hashlib.new(algorithm.rstrip(":") or "md5", CONTENT).hexdigest()
    published.verify([tmp_path / "t.csv"], sealed("t.csv", hash=f"{algorithm}{found}"))
    wrong = found[::-1]
    with pytest.raises(ContractError, match=f"hash is {algorithm}{found}, the data package names {algorithm}{wrong}"):
        published.verify([tmp_path / "t.csv"], sealed("t.csv", hash=f"{algorithm}{wrong}"))


def test_wrong_size_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(CONTENT)
    with pytest.raises(ContractError, match=r"t.csv: 22 bytes, the data package's `bytes` names 21"):
        published.verify([tmp_path / "t.csv"], sealed("t.csv", bytes=21))


def test_several_files_are_hashed_one_after_the_other(tmp_path: Path) -> None:
    for name, part in (("b.csv", CONTENT[:12]), ("a.csv", CONTENT[12:])):
        (tmp_path / name).write_bytes(part)
    assert published.fetch(sealed(["b.csv", "a.csv"]), tmp_path) == [tmp_path / "b.csv", tmp_path / "a.csv"]
    with pytest.raises(ContractError, match=r"a.csv, b.csv: hash is"):
        published.fetch(sealed(["a.csv", "b.csv"]), tmp_path)


def test_later_files_count_without_their_header_line_however_long_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published, "BLOCK", 3)
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_bytes(CONTENT)
    files = [tmp_path / "a.csv", tmp_path / "b.csv"]
    published.verify(files, sealed(["a.csv", "b.csv"], CONTENT + CONTENT.partition(b"\n")[2]))
    published.verify(files, sealed(["a.csv", "b.csv"], CONTENT * 2))
    with pytest.raises(ContractError, match=r"a.csv, b.csv: hash is"):
        published.verify(files, sealed(["a.csv", "b.csv"], CONTENT))


def test_packed_file_is_hashed_as_it_was_published(tmp_path: Path) -> None:
    packed = gz(CONTENT)
    (tmp_path / "t.csv.gz").write_bytes(packed)
    assert published.fetch(sealed("t.csv.gz", packed), tmp_path) == [tmp_path / "t.csv.gz"]


def test_missing_file_that_dvc_tracks_is_to_be_pulled(tmp_path: Path) -> None:
    (tmp_path / "t.csv.dvc").write_text("outs: []")
    with pytest.raises(ContractError, match=r"t.csv: no such file; DVC has it: dvc pull .*t.csv.dvc$"):
        published.fetch(sealed("t.csv"), tmp_path)


def test_address_as_path_is_downloaded_with_a_progress_bar(
    web: Web, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = sealed(f"{web.url}/deep/t.csv?version=1")
    web.pages["/deep/t.csv?version=1"] = CONTENT
    assert published.fetch(package, tmp_path) == [tmp_path / "t.csv"]
    assert (tmp_path / "t.csv").read_bytes() == CONTENT
    shown = capsys.readouterr().err
    assert "download t.csv" in shown
    assert "100%" in shown
    published.fetch(package, tmp_path)
    assert web.asked == ["/deep/t.csv?version=1"], "what is there is not downloaded again"


def test_missing_file_is_downloaded_from_its_source_through_a_redirect(web: Web, tmp_path: Path) -> None:
    web.pages["/t.csv"] = CONTENT
    published.fetch(sealed("t.csv", source=f"{web.url}/moved/t.csv"), tmp_path)
    assert (tmp_path / "t.csv").read_bytes() == CONTENT
    assert web.asked == ["/moved/t.csv", "/t.csv"]


def test_source_that_is_another_file_is_not_taken(web: Web, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"no such file, and the data package names no source address ending /t"):
        published.fetch(sealed("t.csv", source=f"{web.url}/about.html"), tmp_path)
    assert web.asked == []


def test_one_file_of_two_is_downloaded(web: Web, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(CONTENT)
    web.pages["/b.csv"] = CONTENT
    files = published.fetch(sealed(["a.csv", f"{web.url}/b.csv"], CONTENT * 2), tmp_path)
    assert [file.read_bytes() for file in files] == [CONTENT, CONTENT]


@pytest.mark.parametrize(
    ("page", "cut", "told"),
    [
        (None, False, "download failed: Client error '404 Not Found'"),
        (CONTENT, True, "download failed: peer closed connection"),
        (CONTENT.replace(b"20", b"21"), False, "hash is sha256:"),
        (CONTENT[:-1], False, "hash is sha256:"),
        (CONTENT + b"3", False, "longer than the 22 bytes"),
    ],
    ids=["missing", "truncated", "altered", "short", "long"],
)
def test_failed_download_leaves_nothing(web: Web, tmp_path: Path, page: bytes | None, cut: bool, told: str) -> None:
    web.pages |= {"/t.csv": page} if page else {}
    web.cut |= {"/t.csv"} if cut else set()
    with pytest.raises(LastroError) as caught:
        published.fetch(sealed(f"{web.url}/t.csv"), tmp_path)
    assert told in str(caught.value)
    assert "t.csv" in str(caught.value)
    assert names(tmp_path) == []


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/t.csv", "ftp://127.0.0.1/t.csv", "http://[/t.csv"])
def test_unreachable_address_is_a_sentence(tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "RETRIES", 0)
    with pytest.raises(LastroError, match="download failed"):
        published.download(address, tmp_path / "t.csv", None)


def test_failed_download_through_dvc_leaves_the_folder_as_it_was(light_run: Project, web: Web, tmp_path: Path) -> None:
    project = light_run.copy(tmp_path / "project")
    folder, content = project.root / FOLDER, (project.root / DATA).read_bytes()
    (project.root / DATA).unlink()
    project.edit(PACKAGE, lambda p: p["resources"][0].update(path=f"{web.url}/german.data"))
    web.pages["/german.data"] = content
    web.cut.add("/german.data")
    before, files = lock(project), names(folder)
    done = project.run("dvc", "repro", check=False)
    assert done.returncode != 0
    assert "Traceback" not in done.stdout
    assert f"error: {web.url}/german.data: download failed: " in done.stdout
    assert (names(folder), lock(project)) == (files, before)
    web.cut.clear()
    assert "download german.data: 100%" in project.run("dvc", "repro", "ingest").stdout
    assert (project.root / DATA).read_bytes() == content
    assert lock(project) == before, "the same bytes from elsewhere are the same data"


def test_second_batch_of_rows_is_a_new_version_that_wants_training(light_run: Project, tmp_path: Path) -> None:
    project = light_run.copy(tmp_path / "project")
    rows = rows_of(project)[:300]
    for row in rows:
        row[12] = str(int(row[12]) + 1)
    second = project.root / FOLDER / "second.data"
    second.write_text("".join(" ".join(row) + "\n" for row in rows), encoding="utf-8")
    project.edit(PACKAGE, lambda p: p["resources"][0].update(path=["german.data", "second.data"]))
    seal(project)
    project.run("dvc", "repro", "prepare")
    [found] = json.loads(project.run("dvc", "status", "--json", "train").stdout)["train"]
    assert found == {
        "changed deps": dict.fromkeys(("data/raw/applications.parquet", "data/processed/train.parquet"), "modified")
        | {PACKAGE: "modified"}
    }
    assert len(pd.read_parquet(project.root / "data/raw/applications.parquet")) == 1300


def test_violation_in_the_second_file_is_named_by_its_own_line(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.root / FOLDER / "second.data").write_text((project.root / DATA).read_text().replace("A11 6", "A11 six"))
    project.edit(PACKAGE, lambda p: p["resources"][0].update(path=["german.data", "second.data"]))
    seal(project)
    monkeypatch.chdir(project.root)
    with pytest.raises(ContractError, match=r"first 'six' at second.data line 1"):
        ingest.main()


def test_table_is_typed_and_labelled_in_the_contracts_order(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.edit(PACKAGE, lambda p: field_named(p, "age_years").update(type="number"))
    monkeypatch.chdir(project.root)
    ingest.main()
    table = pd.read_parquet("data/raw/applications.parquet")
    assert table.shape == (1000, 21)
    assert json.loads(project.read("reports/ingest.json")) == {
        "rows": 1000,
        "left_out": 0,
        "duplicates": 0,
        "out_of_bounds": {},
    }
    first = table.iloc[0]
    assert (first["checking_status"], first["duration_months"]) == ("no checking account", 6)
    assert {str(table[name].dtype) for name in ("duration_months", "credit_amount")} == {"Int64"}
    assert str(table["age_years"].dtype) == "Float64"
