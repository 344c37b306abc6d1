"""policy.yaml is read whole or refused by a sentence, and changes nothing that DVC keeps"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from src.errors import LastroError
from src.lineage.policy import Monitoring, Policy, read_policy
from tests.conftest import ROOT


def edited(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    content = yaml.safe_load((ROOT / "policy.yaml").read_text())
    change(content)
    (folder / "policy.yaml").write_text(yaml.safe_dump(content))
    return folder / "policy.yaml"


def test_committed_policy_has_the_defaults_and_explains_every_key() -> None:
    found = read_policy(ROOT / "policy.yaml")
    assert (found.on_publish, found.confidence, found.least_rows) == ("challenger", 0.95, 200)
    assert (found.roc_auc.rule, found.roc_auc.margin) == ("not_worse", 0.02)
    assert (found.expected_cost.rule, found.expected_cost.margin) == ("not_worse", 0.15)
    lines = (ROOT / "policy.yaml").read_text().splitlines()
    keys = [line for line in lines if line and line[0] not in " #"]
    assert [line.partition(":")[0] for line in keys] == list(Policy.model_fields)
    assert [line for line in keys if "#" not in line] == []
    monitored = [line for line in lines[lines.index(keys[-1]) + 1 :] if line]
    assert [line.strip().partition(":")[0] for line in monitored] == list(Monitoring.model_fields)
    assert [line for line in monitored if "#" not in line] == []


def test_policy_of_an_earlier_release_is_monitored_as_the_committed_one(tmp_path: Path) -> None:
    assert read_policy(edited(tmp_path, lambda p: p.pop("monitoring"))) == read_policy(ROOT / "policy.yaml")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda p: p.update(least_row=3), "the whole: unknown parameter 'least_row'; the nearest known one"),
        (lambda p: p["ece"].update(mots=1), "ece: unknown parameter 'mots'; the nearest known one is 'most'"),
        (lambda p: p["roc_auc"].update(rule="equal"), "roc_auc.rule: Input should be 'not_worse' or 'better'"),
        (lambda p: p["expected_cost"].update(margin=0), "expected_cost.margin: Input should be greater than 0"),
        (lambda p: p.update(confidence=95), "confidence: Input should be less than 1 (given: 95)"),
        (lambda p: p.update(on_publish="champion"), "on_publish: Input should be 'challenger' or 'promote'"),
        (lambda p: p.pop("parity"), "parity: Field required"),
        (lambda p: p["monitoring"].update(least_row=3), "monitoring: unknown parameter 'least_row'; the nearest known"),
        (lambda p: p["monitoring"].update(windows=0), "monitoring.windows: Input should be greater than or equal to 1"),
        (lambda p: p["monitoring"].update(retrain="maybe"), "monitoring.retrain: Input should be a valid boolean"),
        (lambda p: p["ece"].update(most=1.5), "ece.most: Input should be less than or equal to 1 (given: 1.5)"),
    ],
)  # fmt: skip
def test_wrong_policy_is_refused_by_a_sentence(
    change: Callable[[dict[str, Any]], object], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(LastroError) as refused:
        read_policy(edited(tmp_path, change))
    assert str(refused.value).startswith(f"{tmp_path / 'policy.yaml'}: {sentence}")
    assert "\n" not in str(refused.value)


def test_missing_policy_is_named(tmp_path: Path) -> None:
    with pytest.raises(LastroError, match="no such file"):
        read_policy(tmp_path / "policy.yaml")


def test_no_stage_depends_on_the_policy() -> None:
    assert "policy" not in (ROOT / "dvc.yaml").read_text() + (ROOT / "dvc.lock").read_text()
    readers = [path.name for path in (ROOT / "src").rglob("*.py") if '"policy.yaml"' in path.read_text()]
    assert readers == ["policy.py"]
