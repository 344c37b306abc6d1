"""How often the gates let a challenger pass whose true difference from the champion is known"""

from typing import Literal

import numpy as np

from src.lineage.gates import difference_gate, measured
from src.lineage.pairing import Paired
from src.lineage.policy import Rule, read_policy
from tests.conftest import ROOT
from tests.model.simulated import draw
from tests.serving.kinds import card

ROWS, CHAMPION, THRESHOLD = 800, 0.80, 1 / 6


def promoted(
    draws: int,
    rule: Literal["not_worse", "better"],
    auc: float,
    *,
    rows: int = ROWS,
    threshold: float = THRESHOLD,
    seed: int,
) -> dict[str, float]:
    """Return how often each of the two gates, and both, pass a challenger of this AUC that declines from `threshold`.

    The margins are the committed policy's.
    """
    known, random = read_policy(ROOT / "policy.yaml"), np.random.default_rng(seed)
    rules = {name: Rule(rule=rule, margin=getattr(known, name).margin) for name in ("roc_auc", "expected_cost")}
    policy, challenger = known.model_copy(update=rules), card(threshold=threshold)
    passed = []
    for _ in range(draws):
        found = measured(Paired(*draw(random, rows, CHAMPION, auc), "simulated rows"), THRESHOLD, challenger)
        passed.append({name: difference_gate(name, policy, each).passed is True for name, each in found.items()})
    shares = {name: sum(each[name] for each in passed) / draws for name in rules}
    return shares | {"both": sum(all(each.values()) for each in passed) / draws}
