"""what the monitor found -> the parts of the report, each with a sentence what it shows and what to do"""

from collections.abc import Callable

from src.document.drawing import bars, swing
from src.document.markup import Markup, table, tag
from src.monitoring import drawing
from src.monitoring.drawing import Cell
from src.monitoring.found import NONE, Found, Row, metric, moment, number, share, shares, window

METRICS = {"roc_auc": "ROC AUC", "gini": "Gini", "ks": "KS", "brier": "Brier", "spiegelhalter_z": "Spiegelhalter's z"}
STATES = {"firing": "▲ firing", "acknowledged": "◆ acknowledged", "resolved": "✓ over"}
LOOKS = {"mature": "✓ mature", "early": "◔ early look", "open": "○ open"}
Section = list[Markup]


def headed(title: str, what: str, *content: Markup) -> Section:
    """Return a part: its heading, what it shows and what to do, and the drawings."""
    return [tag("h3", title), tag("p", what, of="what"), *content]


def alerts(found: Found) -> Section:
    """Return the alerts, first what fires, with what became of each."""
    newest = sorted(found.alerts, key=lambda each: each["since"], reverse=True)
    known = [each for state in STATES for each in newest if each["state"] == state]
    if not known:
        return headed("Alerts", "No alert has ever fired.")
    rows = [
        (
            STATES[each["state"]], f"{each['kind']} {each['subject']}".strip(), each["model_version"] or NONE,
            moment(each["since"]), number(each["value"]), number(each["limit"]), number(each["rows"], 0),
            long(said(each)),
            tag("pre", each["command"], of="long"), long("; ".join(map(event, each["events"]))),
        )
        for each in known
    ]  # fmt: skip
    head = ("State", "What", "Version", "Since", "Value", "Limit", "Applicants", "Text", "Look closer", "History")
    what = "Look at what fires first: the command shows more, the runbook in docs/monitoring.md says what to do."
    return headed("Alerts", what, table(head, rows, "Alerts, first what fires"))


def long(text: str) -> Markup:
    """Return a text that may take several lines of its cell."""
    return tag("div", text, of="long")


def said(alert: Row) -> str:
    """Return an alert's text but for its command, which has a column of its own."""
    return " ".join(line for line in alert["text"].splitlines() if alert["command"] not in line)


def event(found: Row) -> str:
    """Return what became of an alert at a time, and who said why."""
    who = ": ".join(str(found[key]) for key in ("by", "why") if found[key])
    return f"{moment(found['time'])} {found['state']}{f' ({who})' if who else ''}"


def volume(found: Found) -> Section:
    """Return how many applied in each window, of all versions together."""
    cells = [
        (each["window_start"], each["window_end"], each["rows"], bool(each["alarm"]))
        for each in found.checked("volume")
    ]
    what = "Of all versions together; ▲ marks a day with far more or fewer than the same weekday usually has."
    return headed("Applications", what, drawing.volume(cells, "Applications by window")) if cells else []


def drift(found: Found) -> Section:
    """Return the PSI of each subject and window, and the last window as a table."""
    judged = [each for each in found.checked("drift") if each["psi"] is not None]
    if not judged:
        return headed("Drift", "No window has been judged.")
    last = sorted({each["subject"]: each for each in judged}.values(), key=lambda each: -each["psi"])
    cells: dict[str, list[Cell]] = {each["subject"]: [] for each in last}
    for each in judged:
        place = (each["window_start"], each["window_end"])
        cells[each["subject"]].append(Cell(*place, each["psi"], bool(each["alarm"])))
    rows = [
        (
            each["subject"], number(each["psi"]), number(each["psi_training"]), number(each["p_value"]),
            number(each["rows"], 0), window(each), "▲ alarm" if each["alarm"] else "✓ quiet",
            sum(cell.alarm for cell in cells[each["subject"]]),
        )
        for each in last
    ]  # fmt: skip
    head = ("Field", "PSI", "PSI against training", "p-value", "Applicants", "Window", "Result", "Alarms in the year")
    what = (
        "PSI of each window's applicants against development: faint up to 0.1, stronger up to 0.25 (some change), full "
        "above (much); ▲ marks an alarm, for which a χ² test must rule out chance too. Where a row stays strong, ask "
        "what has changed: a campaign, a channel, a form."
    )
    return headed("Drift", what, drawing.heat(cells, "PSI by field and window"), table(head, rows, "The last window"))


def score(found: Found) -> Section:
    """Return the score's distribution then and now."""
    view = found.view("distribution")
    counted = view and view["subjects"].get("score")
    if not counted or not sum(counted["live"]):
        return []
    then, now = shares(counted["reference"]), shares(counted["live"])
    most = max(*then, *now)
    rows = [
        (label, share(before), share(after), bars(before, after, most))
        for label, before, after in zip(counted["labels"], then, now, strict=True)
        if before or after
    ]
    what = (
        f"Shares of applicants at development (grey) and in the last 28 closed days; PSI {number(counted['psi'])}. "
        "More in low scores is a riskier intake, not a worse model: the outcomes tell that."
    )
    return headed(
        "Score, then and now", what, table(("Score", "Development", "Now", "Drawn"), rows, "Score distribution")
    )


def points(found: Found) -> Section:
    """Return the mean points that each field gives now, less those at development."""
    view = found.view("points")
    known = [each for each in view["fields"] if each["difference"] is not None] if view else []
    if not known:
        return []
    most = max(abs(each["difference"]) for each in known)
    rows = [
        (each["feature"], number(each["development"], 1), number(each["live"], 1), f"{each['difference']:+.1f}",
         swing(each["difference"], most))
        for each in sorted(known, key=lambda each: -abs(each["difference"]))
    ]  # fmt: skip
    what = "Below 0, today's applicants are riskier by the field. A shift that moves no points matters little."
    head = ("Field", "Development", "Now", "Difference", "Drawn")
    return headed("Points won or lost since development", what, table(head, rows, "Mean points by field"))


def months(found: Found) -> Section:
    """Return a row a month of application."""
    rows = [
        (
            each["month"], LOOKS.get(each["look"], each["look"]), number(each["predictions"], 0),
            number(each["approved"], 0), share(each["share_known"]), number(each["bads"], 0),
            number(each["expected"], 1), number(judged(each), 2),
            number(each["reference_ratio"], 2),
            NONE if each["alarm"] is None else "▲ more than expected" if each["alarm"]
            else "✓ quiet", number(each.get("false_accept_cost"), 0),
        )
        for each in found.cohorts
    ]  # fmt: skip
    head = (
        "Month", "State", "Applications", "Approved", "Outcomes known", "Observed bads", "Expected",
        "Observed/expected", "at development", "Result", "Cost of false accepts alone",
    )  # fmt: skip
    what = (
        "Of the approved alone, by month of application. A month is judged once it is old enough and most outcomes are "
        "known, or nearly all are (an early look); while it is open, its bads are known before its goods. More bads "
        "than expected, against the same ratio at development, in two months running is an alert."
    )
    what = " ".join([what, *(f"{each['month']}: {each['says']}" for each in found.cohorts if each.get("says"))])
    return headed("Months of application", what, table(head, rows, "Months of application")) if rows else []


def judged(cohort: Row) -> float | None:
    """Return observed by expected bads; None while a month is open, for its bads are known before its goods."""
    return None if cohort["look"] == "open" else cohort["ratio"]


def metrics(found: Found) -> Section:
    """Return each month's metrics with their intervals, and the same at development."""
    known = [each for each in found.cohorts if any(each.get(name) for name in METRICS)]
    rows = [
        (each["month"], LOOKS.get(each["look"], each["look"]), *(metric(each.get(name)) for name in METRICS),
         number(each.get("expected_roc_auc")))
        for each in known
    ]  # fmt: skip
    what = (
        "Of the approved whose outcome is known, with 95 % intervals; behind the slash the same at development, out of "
        "fold. They never alarm: among the approved alone an AUC is lower. The last column comes from the PDs alone."
    )
    head = ("Month", "State", *METRICS.values(), "Expected AUC")
    return headed("Metrics by month", what, table(head, rows, "Metrics by month")) if rows else []


def bands(found: Found) -> Section:
    """Return observed against expected bads by score band."""
    view = found.view("bands")
    known = [each for each in view["bands"] if each["rows"]] if view else []
    if not known:
        return []
    pairs = [(each["expected"] / each["rows"], each["observed"] / each["rows"]) for each in known]
    most = max(max(pair) for pair in pairs)
    rows = [
        (band(each), number(each["rows"], 0), number(each["expected"], 1),
         number(each["observed"], 0), share(expected), share(observed), bars(expected, observed, most))
        for each, (expected, observed) in zip(known, pairs, strict=True)
    ]  # fmt: skip
    what = (
        "Approved applicants whose outcome is known: expected (grey) by the PDs, and observed. Higher in all bands: "
        "recalibrate; in some only: the order of risk has moved, retrain."
    )
    head = ("Score", "Known", "Expected bads", "Observed", "Expected share", "Observed share", "Drawn")
    return headed("Observed against expected by score band", what, table(head, rows, "Bads by score band"))


def band(each: Row) -> str:
    """Return the scores of a band."""
    low, high = (None if each[key] is None else number(each[key], 0) for key in ("low", "high"))
    if low is None:
        return f"up to {high}" if high else "any"
    return f"{low} to {high}" if high else f"from {low}"


def vintages(found: Found) -> Section:
    """Return how each month's share of bads grows."""
    view = found.view("vintages")
    known = [each for each in view["vintages"] if each["bad_rate"]] if view else []
    if not known:
        return []
    lines = [(each["month"], each["bad_rate"], each["open"]) for each in known]
    longest = max(len(rates) for _, rates, _ in lines)
    rows = [
        (month, "open" if open_ else "mature", *(share(rate, 2) for rate in rates), *[NONE] * (longest - len(rates)))
        for month, rates, open_ in lines
    ]
    what = (
        "The share of a month's approved applicants known to be bad, by months since the application; dashed is still "
        "open. A line that climbs faster than older ones is a worse intake."
    )
    head = ("Month", "State", *range(longest))
    drawn = drawing.curves(lines, "Cumulative share of bads by month of application")
    return headed("Vintages", what, drawn, table(head, rows, "Share of bads by months since the application"))


def groups(found: Found) -> Section:
    """Return approvals and bads by protected group of the newest month that knows them, or why there are none."""
    known = [each for each in found.cohorts if each["groups"]]
    if not known:
        return (
            headed("Fairness", "No ratios: no month has groups for 90 % of its predictions.") if found.cohorts else []
        )
    month = max(known, key=lambda each: (each["look"] != "open", each["month"]))
    rows = [
        (each["field"], each["value"], number(each["predictions"], 0), share(each["approved"] / each["predictions"]),
         number(each["approval_ratio"], 2), number(each["known"], 0), number(each["observed"], 0),
         number(each["expected"], 1), f"{number(each['low'], 2)} to {number(each['high'], 2)}")
        for each in month["groups"]
    ]  # fmt: skip
    head = ("Field", "Group", "Applications", "Approved", "Ratio", "Outcomes known", "Observed bads", "Expected",
            "Observed/expected")  # fmt: skip
    what = (
        f"Of {month['month']}. Ratio: a group's approval rate to that of the group approved most. Where it is below "
        "0.8, or two groups' intervals of observed by expected bads lie apart, ask for a review."
    )
    return headed("Fairness", what, table(head, rows, "Groups"))


OF_VERSION: tuple[Callable[[Found], Section], ...] = (
    drift,
    score,
    points,
    months,
    metrics,
    bands,
    vintages,
    groups,
)
