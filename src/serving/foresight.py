"""a row and the threshold -> a guess of the decision, on which nothing but time depends"""

from src.serving.reasons import Row, Yardstick, log_odds, swapped


class Foresight:
    """What each value of a row alone does to the reference applicant's odds, added up as in a logistic regression.

    Where a call of the model costs more than a row, the replacements of whoever is expected to be declined go along
    with the own row. Each value's effect is asked for once, when it first comes; a model has finitely many codes.
    """

    def __init__(self, yardstick: Yardstick, threshold: float) -> None:
        self.yardstick = yardstick
        self.odds = log_odds(yardstick.pd)
        self.margin = self.odds - log_odds(threshold)
        self.losses: list[dict[float, float]] = [{value: 0.0} for value in yardstick.reference]

    def declines(self, row: Row) -> bool:
        """Say whether the row is expected to be declined."""
        total = 0.0
        for place, value in enumerate(row):
            loss = self.losses[place].get(value)
            total += self.learn(row, place) if loss is None else loss
        return total >= self.margin

    def learn(self, row: Row, place: int) -> float:
        """Return, from now on without asking, the odds that the reference loses by the row's value."""
        (pd,) = self.yardstick.predictor.probabilities([swapped(self.yardstick.reference, row, [place])])
        loss = self.losses[place][row[place]] = self.odds - log_odds(pd)
        return loss
