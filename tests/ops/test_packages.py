import json
import os
import shutil
from pathlib import Path

import pytest

from ops import packages


def test_list_is_read_without_comments() -> None:
    assert packages.packages("# why\nredis-server  # for the limits\n\npostgresql\n") == ["redis-server", "postgresql"]


def test_missing_package_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dpkg = tmp_path / "dpkg-query"
    dpkg.write_text("#!/bin/sh\necho here installed\necho 'removed config-files'\nexit 1\n")
    dpkg.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert packages.missing(["here", "removed", "unknown"]) == ["removed", "unknown"]


def test_without_dpkg_everything_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert packages.missing(["one"]) == ["one"]
    assert packages.missing([]) == []


@pytest.mark.parametrize(("uid", "ci", "wanted"), [(0, "1", True), (1000, "1", False), (0, "", False)])
def test_installs_only_as_root_with_ci_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uid: int, ci: str, wanted: bool
) -> None:
    apt = tmp_path / "apt-get"
    apt.write_text("#!/bin/sh\n")
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    assert packages.wanted() is wanted


def test_left_out_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = tmp_path / "apt.txt"
    listed.write_text("no-such-package-here\n")
    monkeypatch.setattr(packages, "LIST", listed)
    monkeypatch.delenv("CI", raising=False)
    packages.system()
    assert capsys.readouterr().out == "system packages left out, not installed here: no-such-package-here\n"


def test_installation_updates_first_and_passes_failure_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    apt = tmp_path / "apt-get"
    apt.write_text(f'#!/bin/sh\necho "$@" >> {log}\n[ "$1" = update ]\n')
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert packages.install(["one"]) == 1
    assert [line.split()[0] for line in log.read_text().splitlines()] == ["update", "install"]


def test_program_that_is_here_from_elsewhere_is_no_missing_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert packages.missing(["npm", "chromium"]) == ["chromium"]


@pytest.fixture
def browser(tmp_path: Path) -> Path:
    """The browser tests' folder without what npm brings."""
    folder = tmp_path / "browser"
    folder.mkdir()
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(packages.BROWSER / name, folder / name)
    return folder


def npm_that(does: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put an npm on PATH that counts its calls."""
    folder.mkdir()
    npm = folder / "npm"
    npm.write_text(f'#!/bin/sh\necho "$@" >> {folder}/calls\n{does}\n')
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder / "calls"


def test_npm_installs_what_the_lock_names_and_only_once(
    browser: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    does = "mkdir -p node_modules && cp package-lock.json node_modules/.package-lock.json"
    calls = npm_that(does, tmp_path / "bin", monkeypatch)
    packages.npm_packages(browser)
    packages.npm_packages(browser)
    assert calls.read_text() == "ci\n"
    lock = browser / "package-lock.json"
    lock.write_text(lock.read_text().replace("sha512-", "sha512-another"))
    packages.npm_packages(browser)
    assert calls.read_text() == "ci\nci\n"


def test_failed_npm_is_named_on_a_users_machine_and_ends_a_check_with_ci_set(
    browser: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    npm_that("echo no network >&2; exit 1", tmp_path / "bin", monkeypatch)
    monkeypatch.delenv("CI", raising=False)
    packages.npm_packages(browser)
    assert capsys.readouterr().out == "npm packages left out, `npm ci` failed: no network\n"
    monkeypatch.setenv("CI", "1")
    with pytest.raises(SystemExit, match="no network"):
        packages.npm_packages(browser)


def test_without_npm_nothing_is_tried(browser: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    packages.npm_packages(browser)
    assert not (browser / "node_modules").exists()


def test_lock_of_the_browser_tests_has_hashes_and_names_no_registry() -> None:
    lock = json.loads((packages.BROWSER / "package-lock.json").read_text())
    named = json.loads((packages.BROWSER / "package.json").read_text())["devDependencies"]
    found = packages.locked(packages.BROWSER / "package-lock.json")
    assert set(found) == {f"node_modules/{name}" for name in named}
    assert all(digest.startswith("sha512-") for digest in found.values())
    assert "://" not in json.dumps(lock)
