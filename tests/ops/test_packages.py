import os
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
    packages.main()
    assert capsys.readouterr().out == "system packages left out, not installed here: no-such-package-here\n"


def test_installation_updates_first_and_passes_failure_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    apt = tmp_path / "apt-get"
    apt.write_text(f'#!/bin/sh\necho "$@" >> {log}\n[ "$1" = update ]\n')
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert packages.install(["one"]) == 1
    assert [line.split()[0] for line in log.read_text().splitlines()] == ["update", "install"]
