"""a newcomer's day, step by step, as the tutorial tells it; each step returns what it has seen"""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pandas as pd
import yaml
from playwright.sync_api import expect, sync_playwright

from ops import client
from src.model.card import read_card
from tests.browser.chromium import launched, score_example, settled
from tests.conftest import ROOT
from tests.day.day import Day, told, until

PACKAGE = "data/external/loans/datapackage.yaml"
APPLICANTS = 400
PATIENCE = 60_000  # milliseconds until something must be seen
SECOND = 1 / 3600  # hours


def clone(day: Day) -> str:
    """The repository, as `git clone` brings it."""
    day.typed(f"git clone --quiet {ROOT} {day.root}", activated=False)
    return day.typed("git log -1 --format=%h", activated=False).strip()


def make_run(day: Day) -> str:
    """One command from the clone to a real score."""
    answer = json.loads(day.typed("make run", activated=False).splitlines()[-1])
    assert answer["model"]["version"] == "1", answer
    return f"score {answer['score']}, {answer['decision']}"


def own_table(day: Day) -> str:
    """The tutorial's table, drafted as it says, with the questions that it says."""
    day.typed(told("tutorial.md", "sh", "python - > Loans.csv"))
    printed = day.typed(f"{told('tutorial.md', 'sh', 'python -m src.contract.draft').strip()} 2>&1")
    asked = told("tutorial.md", "text", "decide").splitlines()
    assert [line for line in asked if line not in printed.replace("\t", "  ")] == [], printed
    return f"{len(asked) - 1} questions"


def decide(day: Day) -> str:
    """The field with a code, mended as the tutorial has it."""
    (mended,) = yaml.safe_load(told("tutorial.md", "yaml", "- name: Late payments"))
    package = yaml.safe_load((day.root / PACKAGE).read_text(encoding="utf-8"))
    fields = package["resources"][0]["schema"]["fields"]
    fields[[each["name"] for each in fields].index(mended["name"])] = mended
    (day.root / PACKAGE).write_text(yaml.safe_dump(package, sort_keys=False, allow_unicode=True), encoding="utf-8")
    line = told("tutorial.md", "yaml", "dataset:").strip()
    text = (day.root / "params.yaml").read_text(encoding="utf-8")
    before = next(each for each in text.splitlines() if each.startswith("dataset:"))
    (day.root / "params.yaml").write_text(text.replace(before, line), encoding="utf-8")
    return line


def train(day: Day) -> str:
    """The pipeline, a commit, a push."""
    day.typed(told("tutorial.md", "sh", "dvc repro\ngit add"))
    day.typed("git commit --quiet --message 'A model of our own loans' && dvc push --quiet")
    metrics = json.loads((day.root / "reports/metrics.json").read_text(encoding="utf-8"))
    return f"AUC {metrics['roc_auc']:.3f}"


def publish(day: Day) -> str:
    """A version that waits as challenger."""
    day.typed("python -m src.lineage.registry publish")
    assert version_of(day, "challenger") == "2"
    return "version 2, challenger"


def promote(day: Day) -> str:
    """Gates cannot compare two tables, and stop; somebody decides."""
    day.typed("python -m src.lineage.registry promote 2 --why 'our own loans'", codes=(1,))
    day.typed("python -m src.lineage.registry promote 2 --force --why 'another table: nothing to compare'")
    day.answers("2")
    return "gates stop it, --force is recorded, version 2 answers"


def score_by_page(day: Day) -> str:
    """The form of the new table, in a real browser."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        page = launched(playwright).new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(day.address("PAGE_PORT"))
        settled(page)
        expect(page.get_by_label("Late payments").first).to_be_visible()
        day.left["prediction"] = score_example(page)
    with day.client() as api:
        found = api.get(f"/predictions/{day.left['prediction']}").raise_for_status().json()
    return f"{found['decision']}, and the log has it"


def score_by_curl(day: Day) -> str:
    """With a key, and without."""
    (day.root / "applicant.json").write_text(json.dumps(example(day)), encoding="utf-8")
    asked = f"curl -s -d @applicant.json -H 'content-type: application/json' {day.address('API_PORT')}/predict"
    answer = json.loads(day.typed(f'{asked} -H "x-api-key: $KEY"', KEY=client.read(day.root)["api_key"]))
    refused = json.loads(day.typed(asked))
    assert refused["status"] == 401, refused
    return f"{answer['decision']}; without a key: 401"


def score_by_r(day: Day) -> str:
    """The program that the API's document has for R."""
    program = told("api.md", "r", "").replace("http://127.0.0.1:8000", day.address("API_PORT"))
    (day.root / "client.R").write_text(program, encoding="utf-8")
    printed = day.typed("Rscript --vanilla client.R", KEY=client.read(day.root)["api_key"])
    assert printed.split()[0] in {"approve", "decline"}, printed
    return printed.strip()


def lend(day: Day) -> str:
    """Some hundred applicants, none of them a row of the table."""
    names = [each.name for each in read_card(day.root / "models/model.json").features]
    rows = pd.read_parquet(day.root / "data/processed/train.parquet")[names].head(APPLICANTS)
    rows["Amount"] += 0.01
    applicants = json.loads(rows.to_json(orient="records", date_format="iso"))
    answers: list[dict[str, Any]] = []
    with day.client() as api:
        for first in range(0, APPLICANTS, 100):
            part = {"applicants": applicants[first : first + 100]}
            answers += api.post("/predict/batch", json=part).raise_for_status().json()["predictions"]
    day.left["answers"] = answers
    return f"{sum(each['decision'] == 'approve' for each in answers)} of {len(answers)} approved"


def outcomes(day: Day) -> str:
    """What became of the approved: as many bads as their PDs promise."""
    draw, told_at = random.Random(1), datetime.now(UTC)
    approved = [each for each in day.left["answers"] if each["decision"] == "approve"]
    bad = [draw.random() < each["probability_of_default"] for each in approved]
    lines = ["prediction_id,outcome,observed_at"]
    for each, late in zip(approved, bad, strict=True):
        lines.append(f"{each['prediction_id']},{'Late' if late else 'Paid'},{told_at.isoformat()}")
    (day.root / "told.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    printed = day.typed("python -m src.monitoring outcomes told.csv 2>&1")
    assert f"{len(approved)} recorded" in printed, printed
    return f"{len(approved)} told, {sum(bad)} of them bad"


def monitor(day: Day) -> str:
    """What the monitor has counted, and what its page is made of."""
    day.typed("python -m src.monitoring run")
    with day.client() as api:
        seen = api.get("/monitoring").raise_for_status().json()
    assert seen, "GET /monitoring says nothing"
    day.typed("python -m src.monitoring report")
    return "counted, and reported"


def alert(day: Day) -> str:
    """Nobody applies: silence rings, and the message arrives."""
    policy = (day.root / "policy.yaml").read_text(encoding="utf-8")
    ringing = policy.replace("silence_hours: null ", f"silence_hours: {SECOND:.6f} ")
    assert ringing != policy
    (day.root / "policy.yaml").write_text(ringing, encoding="utf-8")
    with_receiver = Receiver()
    try:
        until(lambda: with_receiver.rang(day), "an alert of silence")
    finally:
        with_receiver.server.shutdown()
        (day.root / "policy.yaml").write_text(policy, encoding="utf-8")
    return with_receiver.messages[0].splitlines()[0][:80]


class Receiver:
    """A webhook as Slack has it."""

    def __init__(self) -> None:
        """Listen on a free port."""
        messages = self.messages = []

        class Hook(BaseHTTPRequestHandler):
            """Keeps what it is told."""

            def do_POST(self) -> None:  # the library's name
                """Keep the text of a message."""
                messages.append(json.loads(self.rfile.read(int(self.headers["content-length"])))["text"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Hook)
        Thread(target=self.server.serve_forever, daemon=True).start()

    messages: list[str]

    def rang(self, day: Day) -> bool:
        """Let the monitor look, and say whether it told of silence."""
        day.typed(f"LASTRO_SLACK_WEBHOOK_URL=http://127.0.0.1:{self.server.server_port} python -m src.monitoring run")
        return any("silence" in message for message in self.messages)


def retrain(day: Day) -> str:
    """The outcomes become a challenger; they count as old enough a year and a bit from now."""
    later = (datetime.now(UTC) + timedelta(days=400)).strftime("%Y-%m-%dT%H:%M:%SZ")
    day.typed(f"python -m src.lineage.retrain --why 'the first outcomes' --until {later}", codes=(0, 1))
    assert version_of(day, "challenger") == "3"
    return day.typed("git branch --list 'retrain-*' --format='%(refname:short)'").strip()


def promote_the_challenger(day: Day) -> str:
    """Promoted where its gates let it be, else by a decision; its branch joins."""
    line = "python -m src.lineage.registry promote 3 --why 'it knows our outcomes'"
    said = day.typed(f"{line} 2>&1 || {line} --force")
    day.typed(
        "git checkout --quiet -- . && git merge --quiet $(git branch --list 'retrain-*' --format='%(refname:short)')"
    )
    day.typed("dvc checkout --quiet")
    day.answers("3")
    return "by decision" if "refused" in said or "stops" in said else "its gates let it be"


def replay(day: Day) -> str:
    """Every answer of the day, computed again from Git and the store."""
    since = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    printed = day.typed(f"python -m src.lineage.replay --since {since} --limit 1000 2>&1")
    return printed.strip().splitlines()[-1]


def roll_back(day: Day) -> str:
    """The version before answers again."""
    day.typed("python -m src.lineage.registry rollback --why 'for the sake of it'")
    day.answers("2")
    day.typed("python -m src.lineage.registry verify")
    return "version 2 answers, the chain is whole"


def batch(day: Day) -> str:
    """A whole file, by the champion."""
    day.typed("python -m src.batch Loans.csv scores", codes=(0, 1))
    manifest = json.loads((day.root / "scores/manifest.json").read_text(encoding="utf-8"))
    assert manifest["rows"] > manifest["rejected"], manifest
    return f"{manifest['rows']} rows, {manifest['rejected']} rejected"


def forget(day: Day) -> str:
    """One answer loses its inputs, and says so."""
    number = day.left["prediction"]
    day.typed(f"python -m src.journal forget --prediction {number}")
    with day.client() as api:
        kept = api.get(f"/predictions/{number}").raise_for_status().json()["kept"]
    assert kept == "forgotten", kept
    assert "forgotten" in day.typed(f"python -m src.lineage.replay {number} 2>&1", codes=(2,))
    return "its inputs are gone, replay says forgotten"


def stop(day: Day) -> str:
    """All services end."""
    day.typed("make stop", activated=False)
    return ""


def example(day: Day) -> dict[str, Any]:
    """Return the API's example of an applicant."""
    with day.client() as api:
        document = api.get("/openapi.json").raise_for_status().json()
    return dict(document["components"]["schemas"]["Applicant"]["example"])


def version_of(day: Day, alias: str) -> str:
    """Return the version that is champion or challenger."""
    listed = json.loads(day.typed("python -m src.lineage.registry list --json 2>/dev/null"))
    return next((str(each["version"]) for each in listed if each["alias"] == alias), "none")


STEPS: tuple[Callable[[Day], str], ...] = (
    clone, make_run, own_table, decide, train, publish, promote, score_by_page, score_by_curl, score_by_r, lend,
    outcomes, monitor, alert, retrain, promote_the_challenger, replay, roll_back, batch, forget, stop,
)  # fmt: skip
