"""Two models whose true AUCs are known, of the same applicants"""

from statistics import NormalDist

import numpy as np

from src.model.metrics import Bad, Vector

BAD_RATE = 0.3
ALIKE = 0.95  # how the noise of two models goes together: the error of their AUCs is that of German Credit's two


def draw(random: np.random.Generator, rows: int, first: float, second: float) -> tuple[Bad, Vector, Vector]:
    """Return who is bad and the PDs of two models of these AUCs, each calibrated.

    Evidence is normal, and bads have more of it by mu: then the AUC is Phi(mu / sqrt 2) (Bamber 1975), and what Bayes
    makes of the evidence is the PD.
    """
    bad = (random.random(rows) < BAD_RATE).astype(np.int64)
    noise = random.standard_normal((2, rows))
    noise[1] = ALIKE * noise[0] + (1 - ALIKE**2) ** 0.5 * noise[1]
    found = []
    for auc, own in zip((first, second), noise, strict=True):
        mu = 2**0.5 * NormalDist().inv_cdf(auc)
        evidence = mu * (own + mu * bad) - mu**2 / 2
        found.append(BAD_RATE / (BAD_RATE + (1 - BAD_RATE) * np.exp(-evidence)))
    return bad, found[0], found[1]
