"""a month's predictions, outcomes and groups -> what became of whom, and whether that can be told yet

Months are those of the prediction. The approved are those whose PD is below the threshold that their own row recorded.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import sqlalchemy as sa

from src.journal.archive_tables import ARCHIVED
from src.journal.identifiers import first_id
from src.journal.outcome_tables import OUTCOME_GROUPS, OUTCOMES
from src.journal.tables import PREDICTIONS
from src.lineage.policy import Monitoring
from src.model.card import Card
from src.model.development import Development
from src.monitoring.performance import Bads, Calibration, expected_roc_auc, metrics, more_bads, ratio_interval
from src.monitoring.progress import utc
from src.monitoring.versions import Version, form_of
from src.serving.outcomes import bads_of

SHARE, SHARE_AT_ANY_AGE = 0.8, 0.95  # of the approved whose outcomes are known, from which a month is judged
GROUPED = 0.9  # share of a month's predictions whose group is known, from which groups are compared


class Month(NamedTuple):
    """A calendar month, UTC."""

    year: int
    month: int

    @property
    def text(self) -> str:
        """Return it as 2026-03."""
        return f"{self.year:04}-{self.month:02}"

    @property
    def start(self) -> datetime:
        """Return when it begins."""
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """Return when it is over."""
        return (self.start + timedelta(days=31)).replace(day=1)

    def since(self, moment: datetime) -> int:
        """Return how many calendar months lie between it and a moment's."""
        moment = utc(moment)
        return (moment.year - self.year) * 12 + moment.month - self.month


class Answered(NamedTuple):
    """A prediction; `bad` is None where the outcome is not known, `months` after how many it was."""

    id: str
    probability_of_default: float
    score: int
    approved: bool
    bad: bool | None = None
    months: int | None = None


class Cohort(NamedTuple):
    """A version's month: how many predictions it has, and those of them of which something is known.

    `pds` are those of all approved, once the month is over; `groups` hold a field, a value and who belongs there.
    """

    month: Month
    predictions: int
    approved: int
    known: list[Answered]
    groups: list[tuple[str, str, Answered]]
    pds: list[float]


def found_of(
    cohort: Cohort, card: Card, development: Development, policy: Monitoring, now: datetime
) -> tuple[dict[str, Any], Calibration | None]:
    """Return what the view shows of a cohort, and what its check says; None of one that is not to be judged yet."""
    known = [one for one in cohort.known if one.approved]
    look = look_of(cohort, len(known), policy, now)
    bad = np.array([one.bad for one in known], dtype=np.int64)
    pd = np.array([one.probability_of_default for one in known], dtype=np.float64)
    live = Bads(int(bad.sum()), float(pd.sum()))
    reference = Bads(development.approved.observed, development.approved.expected)
    judged = more_bads(live, reference, policy.alpha, policy.least_bads, policy.ratio)
    shown = {
        "predictions": cohort.predictions,
        "approved": cohort.approved,
        "known": len(known),
        "share_known": len(known) / cohort.approved if cohort.approved else None,
        "look": look,
        "bads": live.observed,
        "expected": live.expected,
        "ratio": judged.ratio,
        "reference_ratio": judged.reference_ratio,
        "statistic": judged.statistic,
        "p_value": judged.p_value,
        "alarm": judged.alarm if look != "open" else None,
        **{name: beside(one, development, name) for name, one in metrics(bad, pd).items()},
        "expected_roc_auc": expected_roc_auc(np.array(cohort.pds)) if cohort.pds else None,
        "false_accept_cost": card.costs.false_accept * live.observed,
        **groups_of(cohort),
        "bands": bands_of(known, development),
        "bads_by_age": np.bincount([one.months or 0 for one in known if one.bad]).tolist() if live.observed else [],
    }
    return shown, judged if look != "open" else None


def look_of(cohort: Cohort, known: int, policy: Monitoring, now: datetime) -> str:
    """Return whether a cohort is judged: `mature` by its age, `early` by outcomes of nearly all, or still `open`.

    Bads are known before goods. Before most goods are, the outcomes that are known are too many bads.
    """
    if cohort.month.end > now or not cohort.approved:
        return "open"
    share = known / cohort.approved
    if cohort.month.end + timedelta(days=policy.maturity_days) <= now and share >= SHARE:
        return "mature"
    return "early" if share >= SHARE_AT_ANY_AGE else "open"


def beside(found: Any, development: Development, name: str) -> dict[str, float | None] | None:
    """Return a metric with its interval, beside the out-of-fold value of the approved."""
    usual = development.approved.metrics.get(name)
    return None if found is None else {**found._asdict(), "reference": usual.value if usual else None}


def bands_of(known: Sequence[Answered], development: Development) -> list[dict[str, float]]:
    """Return rows, expected and observed bads by the reference's score bands."""
    bands = development.approved.bands
    edges = [band.high for band in bands if band.high is not None]
    found = [{"rows": 0, "expected": 0.0, "observed": 0} for _ in bands]
    for one, place in zip(known, np.searchsorted(edges, [one.score for one in known]), strict=True):
        if found:
            found[place]["rows"] += 1
            found[place]["expected"] += one.probability_of_default
            found[place]["observed"] += bool(one.bad)
    return found


def groups_of(cohort: Cohort) -> dict[str, Any]:
    """Return the groups of those fields by which at least 90 % of the month's predictions are grouped, and that share.

    The share is the smallest of the fields'. An approval ratio is a group's approval rate over its field's highest.
    """
    of_field: dict[str, dict[str, list[Answered]]] = defaultdict(lambda: defaultdict(list))
    for field, value, one in cohort.groups:
        of_field[field][value].append(one)
    many = {field: sum(map(len, values.values())) for field, values in of_field.items()}
    shares = {field: rows / cohort.predictions for field, rows in many.items()} if cohort.predictions else {}
    shown = [one for field in sorted(shares) if shares[field] >= GROUPED for one in compared(field, of_field[field])]
    return {"groups": shown, "groups_known": min(shares.values(), default=0.0)}


def compared(field: str, values: dict[str, list[Answered]]) -> Iterator[dict[str, Any]]:
    """Yield each group of a field: how many of it are approved, bads observed beside those expected."""
    rates = {value: sum(one.approved for one in its) / len(its) for value, its in values.items()}
    most = max(rates.values())
    for value in sorted(values):
        known = [one for one in values[value] if one.approved and one.bad is not None]
        bads = Bads(sum(one.bad is True for one in known), sum(one.probability_of_default for one in known))
        interval = ratio_interval(bads)
        yield {
            "field": field,
            "value": value,
            "predictions": len(values[value]),
            "approved": sum(one.approved for one in values[value]),
            "approval_ratio": rates[value] / most if most else None,
            "known": len(known),
            "observed": bads.observed,
            "expected": bads.expected,
            "low": interval.low if interval else None,
            "high": interval.high if interval else None,
        }


def read_month(connection: sa.Connection, month: Month, versions: Sequence[Version]) -> dict[str, Cohort]:
    """Return what is known of a month's applications by served form; the counts are left to the caller."""
    found: dict[str, Cohort] = defaultdict(lambda: Cohort(month, 0, 0, [], [], []))
    known: dict[str, tuple[str, Answered]] = {}
    bads = {version.form_sha256: bads_of(version.card) for version in versions if version.card}
    outcome, group = OUTCOMES.c, OUTCOME_GROUPS.c
    for row in joined(connection, month, OUTCOMES, outcome.outcome, outcome.observed_at, outcome.id):
        form = form_of(versions, row.form_sha256, row.model_sha256)
        months = max(0, month.since(row.observed_at))
        known[row.id] = form, answered(row)._replace(bad=row.outcome in bads.get(form, ()), months=months)
    for (
        form,
        one,
    ) in known.values():  # of each prediction its last row: the latest observation, at a tie the later entry
        found[form].known.append(one)
    of: dict[tuple[str, str], tuple[str, str, Answered]] = {}
    for row in joined(connection, month, OUTCOME_GROUPS, group.field, group.value, group.observed_at, group.id):
        form = form_of(versions, row.form_sha256, row.model_sha256)
        of[row.id, row.field] = form, row.value, known[row.id][1] if row.id in known else answered(row)
    for (_, field), (form, value, one) in of.items():
        found[form].groups.append((field, value, one))
    return found


def joined(connection: sa.Connection, month: Month, table: sa.Table, *columns: sa.ColumnElement[Any]) -> list[Any]:
    """Return a month's predictions, archived ones too, beside what `table` tells of them, the oldest observation first.

    It begins with what was told, which by an outer join SQLite does too: it would look at all of a month's predictions.
    """
    told = table.c
    parts = [
        sa.select(row.id, row.form_sha256, row.model_sha256, row.probability_of_default, row.score, row.decision,
                  row.threshold, told.observed_at, told.id.label("place"),
                  *(column for column in columns if column.name not in ("id", "observed_at")))
        .join_from(table, predictions, row.id == told.prediction_id, isouter=True)
        .where(told.prediction_id >= first_id(month.start), told.prediction_id < first_id(month.end))
        .where(row.purpose.is_distinct_from("what-if"))
        for predictions in (PREDICTIONS, ARCHIVED) for row in [predictions.c]
    ]  # fmt: skip
    query = sa.union_all(*parts)
    query = query.order_by(query.selected_columns.observed_at, query.selected_columns.place)
    return [found for found in connection.execute(query) if found.id is not None]


def answered(row: Any) -> Answered:
    """Return a prediction of the log, approved where its PD is below the threshold of that time."""
    pd, threshold = row.probability_of_default, row.threshold
    return Answered(row.id, pd, row.score, row.decision == "approve" if threshold is None else pd < threshold)


def approved_pds(connection: sa.Connection, month: Month, versions: Sequence[Version]) -> dict[str, list[float]]:
    """Return the PDs of all approved applicants of a month by served form."""
    answer = connection.execute(sa.union_all(*(approved(table.c, month) for table in (PREDICTIONS, ARCHIVED))))
    named: dict[tuple[str | None, str], list[float]] = defaultdict(list)
    for form, model, pd in answer.cursor.fetchall():  # the driver's own: a month may have a million
        named[form, model].append(pd)
    answer.close()
    found: dict[str, list[float]] = defaultdict(list)
    for name, pds in named.items():
        found[form_of(versions, *name)] += pds
    return found


def approved(row: Any, month: Month) -> sa.Select[Any]:
    """Return the query of a month's approved applicants."""
    chosen = (row.id >= first_id(month.start)) & (row.id < first_id(month.end))
    below = sa.func.coalesce(row.probability_of_default < row.threshold, row.decision == "approve")
    query = sa.select(row.form_sha256, row.model_sha256, row.probability_of_default)
    return query.where(chosen, below, row.purpose.is_distinct_from("what-if"))


def told(connection: sa.Connection, month: Month) -> tuple[int, int]:
    """Return how many outcomes and groups were told of a month's predictions; groups of who is forgotten leave."""
    counts = [
        sa.select(sa.func.count())
        .where(table.c.prediction_id >= first_id(month.start), table.c.prediction_id < first_id(month.end))
        .scalar_subquery()
        for table in (OUTCOMES, OUTCOME_GROUPS)
    ]
    outcomes, groups = connection.execute(sa.select(*counts)).one()
    return outcomes, groups
