"""requests and predictions -> numbers for Prometheus, by its own client library"""

from pathlib import Path
from typing import Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.utils import INF

LATENCIES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, INF)
SCORES = (*range(300, 851, 50), INF)
Refusal = Literal["missing", "key", "token", "scope", "password"]  # what was missing, wrong, or not enough


class Metrics:
    """One application's numbers; children are looked up once, for they are counted at every request."""

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
        self.decisions = {decision: self.predictions.labels(decision) for decision in ("approve", "decline")}
        self.scores = Histogram(
            "lastro_score", "Points of applicants, without what-ifs", registry=self.registry, buckets=SCORES
        )
        self.model = Gauge(
            "lastro_model_info",
            "The model that is served",
            ["name", "version", "sha256"],
            registry=self.registry,
            multiprocess_mode="max",
        )
        self.predictor = Gauge(
            "lastro_predictor_info",
            "What sums up a score: points, kernel, numpy or nodes",
            ["computed_by"],
            registry=self.registry,
            multiprocess_mode="max",
        )
        refused = Counter(
            "lastro_refusals",
            "Requests and logins that were not admitted, by what was missing, wrong or not enough",
            ["reason"],
            registry=self.registry,
        )
        self.refusals = {reason: refused.labels(reason) for reason in get_args(Refusal)}
        self.routes: dict[tuple[str, str, int], Histogram] = {}

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        labels = (route, method, status)
        child = self.routes.get(labels)
        if child is None:
            child = self.routes[labels] = self.latency.labels(route, method, str(status))
        child.observe(seconds)

    def text(self) -> bytes:
        """Return all numbers in Prometheus's text format; of all workers where they share a folder."""
        if self.shared is None:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together, str(self.shared))  # type: ignore[no-untyped-call]
        return generate_latest(together)
