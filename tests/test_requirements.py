"""requirements*.txt -> what requirements.in names, in the majors that this project is written for"""

import re
import sys
from importlib.metadata import packages_distributions, version

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.conftest import ROOT
from tests.test_architecture import closure, imports_of

MAJORS = {  # a bare `mlflow` once resolved to 1.27: a resolver may go far back without a word
    "boto3": 1, "dvc": 3, "dvc-s3": 3, "fastapi": 0, "httpx": 0, "mlflow": 3, "numpy": 2,
    "pandas": 3, "pandera": 0, "pyarrow": 25, "pydantic": 2, "pydantic-settings": 2, "pytest": 9, "scikit-learn": 1,
    "scipy": 1, "sqlalchemy": 2, "supervisor": 4,
}  # fmt: skip
IMAGES = {  # an image's lock -> the files that it starts
    "serving": ["src/api/main.py", "src/api/security.py", "src/journal/migrations/versions/*.py"],
    "fetch": ["src/api/main.py", "src/lineage/delivery.py"],
    "page": ["src/frontend/*.py"],
    "pipeline": ["src/pipeline/*.py", "src/lineage/*.py", "src/monitoring/*.py"],
    "batch": ["src/batch/*.py"],
    "lake": ["src/lake/*.py"],
}
ABSENT = {  # what an image's code names, but does not import there
    "serving": {"sklearn", "pandas"},
    "fetch": {"sklearn", "pandas", "dvc", "mypy_boto3_s3"},
    "page": set(),
    "pipeline": {"mypy_boto3_s3"},
    "batch": {"mypy_boto3_s3", "scipy", "sklearn", "threadpoolctl"},  # of what is fitted
    "lake": {"mypy_boto3_s3", "sklearn", "scipy", "threadpoolctl", "alembic"},  # nothing is fitted, nothing migrated
}
NAMED = [
    Requirement(line.partition("#")[0].strip())
    for line in (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines()
    if line.partition("#")[0].strip()
]
LOCKED = dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.M))


def test_named_packages_are_locked_as_named_and_not_below_their_majors() -> None:
    assert {named.name for named in NAMED} > set(MAJORS)
    for named in NAMED:
        locked = Version(LOCKED[named.name.lower()])
        assert locked in named.specifier, named
        assert locked.major >= MAJORS.get(named.name, 0), named


def test_installed_packages_are_the_locked_ones() -> None:
    installed = {name: version(name) for name in MAJORS}
    assert installed == {name: LOCKED[name] for name in MAJORS}


def test_every_locked_package_has_hashes() -> None:
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[a-z0-9._-]+==)", text, flags=re.M)[1:]
    assert len(blocks) >= len(LOCKED)
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_images_lock_the_versions_of_the_one_lock() -> None:
    pinned = re.compile(r"^([a-z0-9._-]+==\S+)", re.M)
    everything = set(pinned.findall((ROOT / "requirements.txt").read_text(encoding="utf-8")))
    for image in IMAGES:
        text = (ROOT / f"requirements-{image}.txt").read_text(encoding="utf-8")
        assert set(pinned.findall(text)) <= everything, image
        assert text.count("--hash=sha256:") >= len(pinned.findall(text)) > 20, image


@pytest.mark.parametrize(("image", "started"), IMAGES.items())
def test_images_lock_holds_all_that_is_imported(image: str, started: list[str]) -> None:
    text = (ROOT / f"requirements-{image}.txt").read_text(encoding="utf-8")
    locked = {name for name, _ in re.findall(r"^([a-z0-9._-]+)==(\S+)", text, re.M)}
    loads = image == "pipeline"  # the others hash a pickle and open none
    files = set().union(*(closure(path, loads) for pattern in started for path in ROOT.glob(pattern)))
    modules = {name.partition(".")[0] for file in files if file.suffix == ".py" for name in imports_of(file)} - {
        *sys.stdlib_module_names,
        "src",
    }
    known = packages_distributions()
    missing = {name for name in modules if not locked & {_canonical(package) for package in known.get(name, [name])}}
    assert missing <= ABSENT[image]


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
