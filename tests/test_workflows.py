"""What workflows may do, which images they build, and that their commands are the project's own."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.release import IMAGES
from tests.conftest import ROOT, project_files

WORKFLOWS = {path.name: path for path in sorted((ROOT / ".github/workflows").glob("*.yml"))}
READ = {"contents": "read"}
RIGHTS = {  # what a job may beyond reading
    ("cd.yml", "images"): {"packages": "write", "id-token": "write"},
    ("cd.yml", "release"): {"actions": "read", "contents": "write", "id-token": "write"},
    ("cd.yml", "staging"): {"contents": "write"},
    ("cd.yml", "production"): {"contents": "write", "pull-requests": "write"},
    ("ci.yml", "report"): {"pull-requests": "write"},
    ("deploy-model.yml", "propose"): {"contents": "write", "pull-requests": "write"},
}
PROGRAMS = {  # what a line of a job may begin with: ours, what a runner has, and the shell's own
    *("python", "python3", ".venv/bin/python", ".venv/bin/zizmor", "make", "dvc", "gh", "git", "docker", "go", "npm"),
    *("sudo", "grep", "xargs", "find", "jq", "echo", "cat", "trap"),
}


def loaded(name: str) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(WORKFLOWS[name].read_text())
    return found


JOBS = {(name, job): details for name in WORKFLOWS for job, details in loaded(name)["jobs"].items()}
RUNS = [step["run"] for job in JOBS.values() for step in job["steps"] if "run" in step]


def test_zizmor_finds_nothing() -> None:
    command = [str(Path(sys.executable).parent / "zizmor"), "--offline", "--no-progress", "--quiet", ".github"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("name", "job"), JOBS)
def test_job_may_what_its_steps_need_and_no_more(name: str, job: str) -> None:
    assert loaded(name)["permissions"] == {}
    assert JOBS[name, job]["permissions"] == READ | RIGHTS.get((name, job), {})
    assert JOBS[name, job]["timeout-minutes"] <= 90


def test_further_workflows_use_no_action_that_the_first_does_not() -> None:
    used = {name: set(re.findall(r"uses: (\S+)", path.read_text())) for name, path in WORKFLOWS.items()}
    assert {*used} == {"cd.yml", "ci.yml", "deploy-model.yml"}
    assert used["cd.yml"] | used["deploy-model.yml"] <= used["ci.yml"]


def test_checkout_leaves_no_token_behind() -> None:
    steps = [step for job in JOBS.values() for step in job["steps"] if "checkout@" in step.get("uses", "")]
    assert len(steps) >= len(JOBS)
    assert all(step["with"]["persist-credentials"] is False for step in steps)


def test_tools_that_are_fetched_have_a_version() -> None:
    texts = "\n".join(path.read_text() for path in WORKFLOWS.values())
    fetched = re.findall(r"github\.com/[\w./-]+/cmd/\w+(\S*)", texts)
    assert len(fetched) == 2
    assert all(re.fullmatch(r"@v\d+\.\d+\.\d+", version) for version in fetched)


def test_secrets_reach_single_steps_alone() -> None:
    for path in WORKFLOWS.values():
        outside = {**loaded(path.name), "jobs": {}}
        jobs = [{**job, "steps": []} for job in loaded(path.name)["jobs"].values()]
        assert "secrets." not in yaml.safe_dump([outside, jobs])


def test_commands_of_a_job_are_the_projects_or_the_runners() -> None:
    begun = {words[0] for run in RUNS for line in lines(run) if (words := shlex.split(line, comments=True))}
    assert {word for word in begun if not re.match(r"\w+=", word)} - PROGRAMS - {"PATH"} == set()


def lines(run: str) -> list[str]:
    """Return a script's lines, continued ones joined."""
    text = re.sub(r"(\\|\||\|\|)\n\s*", " ", run)
    return [line for line in text.splitlines() if line.strip()]


def test_modules_that_jobs_call_exist() -> None:
    called = {module for run in RUNS for module in re.findall(r"python3? -m ([\w.]+)", run)}
    assert {"ops.release", "ops.answer", "src.lineage.bom", "src.lineage.registry", "tests.bill"} <= called
    assert [module for module in called if not (ROOT / f"{module.replace('.', '/')}.py").is_file()] == []


def test_every_released_image_was_built_by_the_first_workflow() -> None:
    built = JOBS["ci.yml", "images"]["strategy"]["matrix"]["include"]
    tried = {each["target"] for each in built if (each["file"], each["context"]) == ("Dockerfile", ".")}
    assert {image.target for image in IMAGES} <= tried


def test_release_follows_what_it_needs() -> None:
    needs = {job: details.get("needs", []) for (name, job), details in JOBS.items() if name == "cd.yml"}
    assert needs == {
        "check": [],
        "model": "check",
        "images": "check",
        "release": ["images", "model"],
        "staging": ["check", "release"],
        "smoke": "staging",
        "production": ["check", "smoke"],
    }


def test_workflows_run_on_branches_tags_and_requests() -> None:
    on = {name: loaded(name)[True] for name in WORKFLOWS}  # YAML 1.1 reads `on` as true
    assert on["ci.yml"] == {"push": {"branches": ["main", "dev"]}, "pull_request": None}
    assert on["cd.yml"] == {"push": {"tags": ["v*"]}}
    assert list(on["deploy-model.yml"]) == ["workflow_dispatch"]


def test_dependabot_looks_after_actions_and_locks_on_dev() -> None:
    found = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]
    assert {each["package-ecosystem"] for each in found} == {"github-actions", "pip", "npm", "docker"}
    assert {each["target-branch"] for each in found} == {"dev"}
    looked = {each["package-ecosystem"]: each.get("directories", [each.get("directory")]) for each in found}
    locks = [Path(name).parent for name in project_files() if Path(name).name == "requirements.txt"]
    assert {*looked["pip"]} == {f"/{folder}".replace("/.", "/") for folder in locks}
    assert (ROOT / looked["npm"][0].strip("/") / "package-lock.json").is_file()
