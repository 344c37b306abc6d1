"""A data package with other values keeps its comments, its quotes and everything else"""

import yaml

from src.contract.amended import amended
from tests.conftest import ROOT

GERMAN = ROOT / "data/external/german_credit/datapackage.yaml"
FLAT = """\
# what this is
name: loans   # in kebab-case
resources:
- name: loans
  path: "loans.csv"  # published monthly
  hash: 'sha256:aa'

  # how it is written
  dialect: {delimiter: ";"}
  description: >-
    one line
    and another
  schema:
    fields:
    - {name: on, type: "date"}   # decide: text
    - name: "n"
      missingValues: ["", 010, no]
"""
JOINED = {"hash": "x", "test_from": "2020-01-31"}
CHANGES = {"path": ["loans.csv", "outcomes.csv"], "outcomes": JOINED, "hash": "sha256:b"}


def lines(text: str) -> set[str]:
    return set(text.splitlines())


def test_only_what_is_changed_changes() -> None:
    new = amended(FLAT, CHANGES)
    assert lines(FLAT) - lines(new) == {'  path: "loans.csv"  # published monthly', "  hash: 'sha256:aa'"}
    assert lines(new) - lines(FLAT) == {
        "  path: [loans.csv, outcomes.csv] # published monthly",
        "  outcomes:",
        "    hash: x",
        "    test_from: '2020-01-31'",
        "  hash: 'sha256:b'",
    }
    wanted = yaml.safe_load(FLAT)
    wanted["resources"][0] |= CHANGES
    assert yaml.safe_load(new) == wanted
    assert amended(new, CHANGES) == new


def test_committed_package_keeps_every_other_line_and_the_line_ends() -> None:
    text = GERMAN.read_text(encoding="utf-8")
    new = amended(text, CHANGES)
    assert len(lines(text) - lines(new)) == 2
    assert amended(text.replace("\n", "\r\n"), CHANGES) == new.replace("\n", "\r\n")
