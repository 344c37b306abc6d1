"""notebooks/01-exploration.ipynb -> runs where the pipeline ran, and is committed without what it showed"""

from pathlib import Path

import nbformat
import pytest
import yaml
from ipykernel.kernelspec import write_kernel_spec
from nbclient import NotebookClient

from tests.conftest import ROOT, Project

NOTEBOOK = Path("notebooks/01-exploration.ipynb")


def notebook() -> nbformat.NotebookNode:
    return nbformat.read(ROOT / NOTEBOOK, as_version=4)


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a kernel that is this interpreter, known to this test alone."""
    write_kernel_spec(tmp_path / "kernels" / "lastro")
    folders = ("JUPYTER_PATH", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    for variable in (*folders, "IPYTHONDIR", "MPLCONFIGDIR"):
        monkeypatch.setenv(variable, str(tmp_path))
    return "lastro"


def test_notebook_shows_tables_and_figures_without_an_error_or_a_warning(light_run: Project, kernel: str) -> None:
    place = {"metadata": {"path": str(light_run.root / NOTEBOOK.parent)}}
    shown = NotebookClient(notebook(), timeout=300, kernel_name=kernel, resources=place, allow_errors=True).execute()
    outputs = [output for cell in shown.cells for output in cell.get("outputs", [])]
    said = [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]
    assert said == []
    kinds = {kind for output in outputs for kind in output.get("data", {})}
    assert {"image/png", "text/html"} <= kinds


def test_committed_notebook_holds_no_output_and_nothing_of_a_machine() -> None:
    content = notebook()
    for cell in content.cells:
        assert cell.metadata == {}
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
    assert content.metadata == {"language_info": {"name": "python"}}


def test_notebook_knows_no_data_set() -> None:
    text = (ROOT / NOTEBOOK).read_text(encoding="utf-8")
    packages = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in ROOT.glob("data/external/*/*.yaml")]
    names = [field["name"] for package in packages for field in package["resources"][0]["schema"]["fields"]]
    assert len(packages) > 0
    assert [name for name in names if "_" in name and name in text] == []
    assert [package["name"] for package in packages if package["name"] in text] == []
