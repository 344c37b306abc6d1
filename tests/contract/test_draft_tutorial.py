"""docs/tutorial.md, the second hour -> what it says of a table of one's own is what happens"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from src.contract.fields import state_column
from src.contract.package import read_package
from src.contract.table import check_table, type_table
from src.contract.text import read_text
from tests.conftest import ROOT
from tests.documents import blocks

TUTORIAL = "docs/tutorial.md"
PACKAGE = "data/external/loans/datapackage.yaml"


def shell(folder: Path, text: str) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-euc", text],
        cwd=folder,
        env=os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


@pytest.fixture(scope="module")
def drafted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return the folder in which the hour's first two commands were run, and what they printed."""
    folder = tmp_path_factory.mktemp("hour")
    made, draft = (block.text for block in blocks(TUTORIAL, "sh") if "Loans.csv" in block.text)
    return folder, shell(folder, made) + shell(folder, draft)


def test_draft_prints_what_the_tutorial_shows(drafted: tuple[Path, str]) -> None:
    (shown,) = [block.text for block in blocks(TUTORIAL, "text") if block.text.startswith("decide")]
    assert drafted[1].replace("\t", "  ") == shown
    kinds = {line.split("\t")[2] for line in drafted[1].splitlines() if line.startswith("decide")}
    assert kinds == {"identifier", "date", "code", "protected", "leakage", "costs"}


def test_mended_package_holds_and_knows_the_code(drafted: tuple[Path, str]) -> None:
    mended, dataset = (block.text for block in blocks(TUTORIAL, "yaml"))
    assert dataset.strip() in drafted[1]
    path = drafted[0] / PACKAGE
    before, field, after = path.read_text("utf-8").partition("        - name: Late payments\n")
    path.write_text(before + mended + "\n" + after[after.index("        - name: ") :], "utf-8")
    assert field
    package = read_package(path)
    text = read_text([path.parent / "Loans.csv"], package.resource, [column.name for column in package.columns])
    frame, untyped = type_table(text, package)
    assert (untyped, check_table(frame, package)) == ([], [])
    assert set(frame[state_column("Late payments")].dropna()) == {"credit bureau not asked"}
    assert [column.name for column in package.features] == ["Amount", "Own home", "Late payments"]
