"""one made-up table with everything awkward at once, from its draft to a fitted model without a line of code"""

import gzip
from datetime import date, timedelta

import numpy as np

from tests.conftest import Project
from tests.pipeline.stages import run_stages

ROWS = 1500
NAME = "loans-2024"
FILE = "Loans 2024.csv.gz"
HEADER = ["", "Applied.On", "First credit", "Monthly Income (€)", "loan-amount", "Balance/BUREAU", "Employer",
          "Owns home?", "Größe", "Region", "Outcome"]  # fmt: skip
LAST = date(2018, 3, 1)  # the newest applications are of this month, and none is bad
OUTCOMES = ("Fully Paid", "Charged Off", "Current")
CODES = ("-9", "-8")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def german(number: float) -> str:
    return f"{number:,.2f}".translate(str.maketrans(",.", ".,"))


def month(day: date) -> str:
    return f"{MONTHS[day.month - 1]}-{day.year}"


def rows() -> list[list[str]]:
    """Applicants as the file writes them; who has no bureau record and who lives on little is risky."""
    random = np.random.default_rng(11)
    found = []
    for number in range(ROWS):
        applied = date(2010, 1, 1) + timedelta(days=int(random.integers(0, 3000)))
        income = float(random.lognormal(7.5, 0.5))
        place = int(random.zipf(1.25) % 500)
        code = random.choice(["number", *CODES], p=[0.7, 0.2, 0.1])
        balance = str(random.integers(100, 5000)) if code == "number" else str(code)
        odds = 1.2 - income / 1500 + 1.5 * (code == "-9") - 0.8 * (place == 1)
        paid = random.random() > 1 / (1 + np.exp(-odds)) or applied >= LAST
        outcome = OUTCOMES[2] if random.random() < 0.1 else OUTCOMES[0 if paid else 1]
        found.append(
            [str(number), month(applied), month(applied - timedelta(days=int(random.integers(30, 4000)))),
             "" if random.random() < 0.05 else german(income), str(random.integers(1, 40) * 500), balance,
             "" if random.random() < 0.03 else f"Employer & Sons {place}", "YN"[int(random.random() < 0.6)],
             german(float(random.normal(170, 12))), str(random.choice(["Nord", "Süd", "Übersee"])), outcome]
        )  # fmt: skip
    return found


def content() -> bytes:
    """The file's bytes: packed, Latin-1, a decimal comma, and two lines at its end that are no rows."""
    lines = [";".join(row) for row in [HEADER, *rows()]]
    text = "\r\n".join([*lines, f"Total loans;{ROWS}", "Source: made up"]) + "\r\n"
    return gzip.compress(text.encode("cp1252"), mtime=0)


def drafted(project: Project) -> Project:
    """Draft the table's package in a copy of a light run, as a user would, and run the stages on it."""
    (project.root / FILE).write_bytes(content())
    words = ["--target", "Outcome", "--bad", OUTCOMES[1], "--good", OUTCOMES[0]]
    project.run("python", "-m", "src.contract.draft", FILE, *words)
    (project.root / FILE).unlink()

    def change(given: dict) -> None:
        given["dataset"] = f"data/external/{NAME}/datapackage.yaml"
        given["split"]["by"] = "time"
        kept = ("scorecard", "boosting", "blend")
        given["train"]["candidates"] = {name: c for name, c in given["train"]["candidates"].items() if name in kept}
        given["train"]["candidates"]["blend"]["members"] = ["scorecard", "boosting"]

    project.edit("params.yaml", change)
    run_stages(project)
    return project
