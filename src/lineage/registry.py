"""The registry's commands: `python -m src.lineage.registry publish`, `list`, `promote 3 --why T`, `rollback --why T`.

The truth is the chain of events beside DVC's objects; MLflow's aliases are a picture of its last event. Exit codes: 0
done, 1 refused by a gate or a difference found, 2 not possible.
"""

import json
import logging
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from pathlib import Path

from src.errors import code_of, run
from src.lineage import commands, proposal
from src.lineage.aliases import StoppedError
from src.lineage.commands import Answer, Desk
from src.lineage.settings import ROOT, Settings, read_settings
from src.lineage.storage import remote

STOPPED = 1


def parser() -> ArgumentParser:
    """Return the command line."""
    root = ArgumentParser(
        prog="python -m src.lineage.registry", description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    subs = root.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, what: str, answer: object) -> ArgumentParser:
        made = subs.add_parser(name, help=what)
        made.add_argument("--json", action="store_true", help="answer in JSON")
        made.set_defaults(command=answer)
        return made

    def reasoned(made: ArgumentParser, *, required: bool = True) -> None:
        made.add_argument("--why", required=required, default="", help="the reason; the chain keeps it")
        made.add_argument("--by", default="", help="who; Git's user.name if left out")

    publish = command("publish", "register the model that was pushed", commands.publish)
    publish.add_argument("--challenger", action="store_true", help="it waits, whatever policy.yaml's on_publish says")
    reasoned(publish, required=False)
    command("list", "every version", commands.list_)
    show = command("show", "all of a version", commands.show)
    show.add_argument("version", type=int)
    show.add_argument("--bom", action="store_true", help="its bill of materials, as CycloneDX 1.7 in JSON")
    compare = command("compare", "two versions: parameters, data, metrics, the paired difference", commands.compare)
    compare.add_argument("first", type=int)
    compare.add_argument("second", type=int)
    gates = command("gates", "what a promotion would be asked; writes nothing", commands.gates)
    gates.add_argument("version", type=int, nargs="?", help="without it, the one that was published from here last")
    report = command("report", "a version's validation report, as HTML and as Markdown", commands.report)
    report.add_argument("version", type=int)
    report.add_argument("--output", type=Path, metavar="FILE", help="the HTML file; the Markdown lies beside it (.md)")
    promote = command("promote", "make a version champion, where its gates let it", proposal.promote)
    promote.add_argument("version", type=int)
    promote.add_argument("--force", action="store_true", help="whatever the gates say; marked for ever")
    about = "write it to a branch for this overlay instead (default: production); its merge promotes"
    promote.add_argument("--gitops", nargs="?", const="production", metavar="OVERLAY", help=about)
    reasoned(promote, required=False)  # a branch needs none
    rollback = command("rollback", "make the champion before this one that again", commands.rollback)
    rollback.add_argument("--to", type=int, help="another version")
    reasoned(rollback)
    command("history", "every event", commands.history)
    command("verify", "walk the chain, hash every object that it names", commands.verify)
    reconcile = command("reconcile", "compare MLflow's aliases with the chain", commands.reconcile)
    way = reconcile.add_mutually_exclusive_group()
    way.add_argument("--undo", action="store_true", help="draw the chain's last event again")
    way.add_argument("--adopt", action="store_true", help="take MLflow's aliases for the chain; needs --why")
    reasoned(reconcile, required=False)
    return root


def answered(arguments: Sequence[str] | None, root: Path, settings: Settings | None) -> Answer:
    """Do what the command line asks for."""
    asked = parser().parse_args(arguments)
    desk = Desk(root, remote(root), settings or read_settings())
    answer: Answer = asked.command(desk, asked)
    text = [json.dumps(answer.found, indent=1, ensure_ascii=False, default=str)] if asked.json else answer.text
    sys.stdout.write("".join(f"{line}\n" for line in text))
    return answer


def main(arguments: Sequence[str] | None = None, root: Path = ROOT, settings: Settings | None = None) -> int:
    """Return the exit code; what stands in the way is one sentence on stderr."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    return code_of(lambda: answered(arguments, root, settings).code, {StoppedError: STOPPED})


if __name__ == "__main__":
    run(lambda: sys.exit(main()))
