"""requests and predictions -> numbers for Prometheus, by its own client library"""

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.utils import INF

from src.api.versions import Version, Versions
from src.journal.outcomes import Status
from src.model.points import Decision

LATENCIES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, INF)
SCORES = (*range(300, 851, 50), INF)
MOST_WAITING = 128  # numbers that are noted before they are counted
Shadowed = Literal["scored", "refused", "dropped"]
PROBES = frozenset({"/health", "/ready", "/metrics"})  # asked by machines, again and again
FAILURES = ("429", "500", "503")  # there at zero from the start, as a rate wants them
Refusal = Literal["missing", "key", "token", "scope", "password"]  # what was missing, wrong, or not enough


class Metrics:
    """One application's numbers, noted at every request and counted many at once, or when they are asked for.

    Counting one in the middle of a request costs as much as ten in a row. Workers that share a folder count at once,
    for any of them may be asked.
    """

    def __init__(self, shared: Path | None = None) -> None:
        self.registry = CollectorRegistry()
        self.shared = shared
        self.latency = Histogram(
            "lastro_request_seconds",
            "Time from a request's head to its answer's",
            ["route", "method", "status"],
            registry=self.registry,
            buckets=LATENCIES,
        )
        self.predictions = Counter(
            "lastro_predictions", "Applicants by decision, without what-ifs", ["decision"], registry=self.registry
        )
        self.decisions = {decision: self.predictions.labels(decision).inc for decision in ("approve", "decline")}
        self.scores = Histogram(
            "lastro_score", "Points of applicants, without what-ifs", registry=self.registry, buckets=SCORES
        )
        self.model = self.latest("lastro_model_info", "The model that is served", "name", "version", "sha256")
        self.predictor = self.latest(
            "lastro_predictor_info", "What sums up a score: points, kernel, numpy or nodes", "computed_by"
        )
        self.code = self.latest("lastro_code_info", "The code that answers", "commit")
        self.event = self.latest("lastro_serving_event", "The chain's event that is served; 0 without deliveries")
        self.refused = self.latest(
            "lastro_versions_refused", "Versions that were delivered and cannot be served, or nothing newer can be read"
        )
        self.switches = Counter("lastro_champion_switches", "Times another champion took over", registry=self.registry)
        shadows = Counter(
            "lastro_shadows",
            "Applicants for the challenger to score too: scored, refused by its contract, dropped for want of time",
            ["outcome"],
            registry=self.registry,
        )
        self.shadows = {outcome: shadows.labels(outcome).inc for outcome in get_args(Shadowed)}
        refused = Counter(
            "lastro_refusals",
            "Requests and logins that were not admitted, by what was missing, wrong or not enough",
            ["reason"],
            registry=self.registry,
        )
        self.refusals = {reason: refused.labels(reason) for reason in get_args(Refusal)}
        self.routes: dict[tuple[str, str, int], Callable[[float], None]] = {}
        self.waiting: deque[tuple[Callable[[float], None], float]] = deque()
        self.most_waiting = 1 if shared else MOST_WAITING
        self.further()

    def further(self) -> None:
        """Make the numbers that alerts and dashboards ask for beside, all of them there from the start."""
        self.failures = Counter(
            "lastro_failures",
            "Answers 429 and 5xx, but for those of /health, /ready and /metrics",
            ["status"],
            registry=self.registry,
        )
        for status in FAILURES:
            self.failures.labels(status)
        self.expected = Counter(
            "lastro_expected_bads", "Sum of the PDs of approved applicants, without what-ifs", registry=self.registry
        ).inc
        self.cost = self.latest(
            "lastro_false_accept_cost", "What approving a bad applicant costs, by the champion's card"
        )
        outcomes = Counter(
            "lastro_outcomes", "What was told of predictions, by what became of it", ["status"], registry=self.registry
        )
        self.outcomes = {status: outcomes.labels(status).inc for status in get_args(Status)}

    def latest(self, name: str, text: str, *labels: str) -> Gauge:
        """Return a gauge whose newest value counts, whichever process set it."""
        return Gauge(name, text, labels, registry=self.registry, multiprocess_mode="mostrecent")

    def serving(self, found: Versions, before: Versions | None) -> None:
        """Say what is served from now on."""
        if before is not None and before.champion is not found.champion:
            self.told(before.champion, 0)
            self.switches.inc()
        self.told(found.champion, 1)
        refused = sum(state.state == "refused" for state in found.states.values())
        self.event.set(found.event or 0)
        self.cost.set(found.champion.card.costs.false_accept)
        self.refused.set(max(refused, bool(found.why)))

    def shadow(self, outcome: Shadowed, applicants: int) -> None:
        """Count what became of applicants that the challenger was to score too."""
        self.shadows[outcome](applicants)

    def told(self, version: Version, value: int) -> None:
        """Set what tells of a version; 0 where it serves no longer."""
        model = version.model
        self.model.labels(model.name, model.version or "", model.sha256).set(value)
        self.predictor.labels(version.scorer.predictor.computed_by).set(value)

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        labels = (route, method, status)
        observe = self.routes.get(labels)
        if observe is None:
            observe = self.routes[labels] = self.observer(route, method, status)
        self.waiting.append((observe, seconds))
        if len(self.waiting) >= self.most_waiting:
            self.settle()

    def observer(self, route: str, method: str, status: int) -> Callable[[float], None]:
        """Return what counts such requests; those that fail are counted twice, so that others cost no more."""
        observe = self.latency.labels(route, method, str(status)).observe
        if route in PROBES or (status != 429 and status < 500):
            return observe
        fail = self.failures.labels(str(status)).inc

        def failed(seconds: float) -> None:
            observe(seconds)
            fail()

        return failed

    def prediction(self, decision: Decision, score: int, probability_of_default: float) -> None:
        """Count an applicant; the request that asked is counted after it."""
        self.waiting.append((self.decisions[decision], 1))
        self.waiting.append((self.scores.observe, score))
        if decision == "approve":
            self.waiting.append((self.expected, probability_of_default))

    def settle(self) -> None:
        """Count what waits; several threads may."""
        while self.waiting:
            try:
                count, amount = self.waiting.popleft()
            except IndexError:  # another thread took the last one
                return
            count(amount)

    def text(self) -> bytes:
        """Return all numbers in Prometheus's text format; of all workers where they share a folder."""
        self.settle()
        if self.shared is None:
            return generate_latest(self.registry)
        from prometheus_client.multiprocess import MultiProcessCollector

        together = CollectorRegistry()
        MultiProcessCollector(together, str(self.shared))  # type: ignore[no-untyped-call]
        return generate_latest(together)
