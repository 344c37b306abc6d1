"""the commit that names an overlay's version -> one event of the chain: `python -m src.lineage.gitops production`

It is `registry promote N --why 'commit …'`, gates included, or `registry rollback --to N` where N was champion before.
Each commit that changes the overlay's model.yaml is an order, carried out once: the event names it, and whatever is
done afterwards by command stands. A revert of the commit that first named a version goes back to the champion before.
Exit codes: 0 done, or was done before, or the overlay follows the chain; 1 refused by a gate, now or before; 2 not
possible.
"""

import logging
import re
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from pathlib import Path

from src.errors import code_of, run
from src.lineage import commands, listing, promotion
from src.lineage.aliases import StoppedError, settled
from src.lineage.chain import Chain, read_chain
from src.lineage.commands import Answer, Desk
from src.lineage.events import Event
from src.lineage.overlay import Order, order_of
from src.lineage.promotion import Reason
from src.lineage.registry import STOPPED
from src.lineage.settings import ROOT, Settings, read_settings
from src.lineage.storage import remote

MARK = re.compile(r"commit [0-9a-f]+, overlay ([a-z0-9-]+):")  # as Order.mark begins a reason
ORDERED = ("promote", "rollback", "refuse")


def parser() -> ArgumentParser:
    """Return the command line."""
    made = ArgumentParser(
        prog="python -m src.lineage.gitops", description=__doc__, formatter_class=RawDescriptionHelpFormatter
    )
    made.add_argument("overlay", help="a folder in deploy/kubernetes/overlays")
    made.add_argument("--history", type=Path, metavar="FOLDER", help="a clone that tells; default: the project")
    return made


def followed(desk: Desk, history: Path, overlay: str) -> Answer:
    """Carry out what the newest commit about an overlay's version asks for, unless that was done before."""
    order = order_of(history, overlay)
    if order is None:
        return Answer(0, None, [f"overlay {overlay} names no version: it follows the chain"])
    chain = read_chain(desk.place)
    if event := event_of(chain, order):
        return known(desk, chain, event, order)
    number = wanted(chain, order)
    if number is None:
        return Answer(0, None, [f"commit {order.commit[:12]} reverts what had no effect, or has none any more"])
    try:
        return carried_out(desk, chain, order, number)
    except StoppedError:  # by another writer, who may have carried out this very order
        chain = read_chain(desk.place, chain)
        if event := event_of(chain, order):
            return known(desk, chain, event, order)
        raise


def event_of(chain: Chain, order: Order) -> Event | None:
    """Return the event that carried out an order, or refused it; None where there is none yet."""
    named = (event for event in chain.events if event.kind in ORDERED)
    return next((event for event in named if event.why.startswith(f"{order.mark}:")), None)


def wanted(chain: Chain, order: Order) -> int | None:
    """Return the version that is to be champion by an order; None where it reverts what was refused or overtaken.

    That of a commit that takes the overlay's first version away is the champion before.
    """
    named = [event for event in chain.events if (by := MARK.match(event.why)) and by[1] == order.overlay]
    last = named[-1] if named else None
    if order.reverts and last and (last.kind, last.version) == ("refuse", order.former):
        return None
    if order.version is not None:
        return order.version
    stands = last is not None and all(event.to is None for event in chain.events[last.number :])
    if last is None or not stands or last.to != order.former or last.before == last.to:
        return None
    return last.before


def carried_out(desk: Desk, chain: Chain, order: Order, number: int) -> Answer:
    """Promote a version by an order, or roll back to it, and see to it that the chain names the commit.

    Raises StoppedError or LineageError where that cannot be.
    """
    asked = Namespace(version=number, to=number, by=order.by, why=order.why, force=False)
    back = number in chain.state.predecessors and number != chain.state.champion
    answer = (commands.rollback if back else commands.promote)(desk, asked)
    after = read_chain(desk.place, chain)
    if event_of(after, order):
        return answer
    if after.state.champion != number:
        raise StoppedError(f"the champion changed meanwhile to {after.state.champion}: nothing was done")
    after = promotion.put(desk.place, after, "promote", number, Reason(order.by, order.why))
    return Answer(answer.code, after.events[-1].short(), [*answer.text, listing.line(after.events[-1])])


def known(desk: Desk, chain: Chain, event: Event, order: Order) -> Answer:
    """Answer for an order that was carried out before: nothing is done but for MLflow's picture of it."""
    settled(desk.settings, desk.place, chain)
    said = [f"commit {order.commit[:12]} was carried out before: {listing.line(event)}"]
    later = [each for each in chain.events[event.number :] if each.to is not None]
    if event.kind == "refuse" and all(each.to != event.version for each in later):
        said = [*promotion.described(event.gates), f"commit {order.commit[:12]} was refused: {listing.line(event)}"]
        return Answer(STOPPED, event.short(), [*said, "each sync fails until another commit changes model.yaml"])
    if later and chain.state.champion != event.to:
        said.append(f"the champion is {chain.state.champion} since, and stays: {listing.line(later[-1])}")
    return Answer(0, event.short(), said)


def answered(arguments: Sequence[str] | None, root: Path, settings: Settings | None) -> int:
    """Do what the command line asks for; return the exit code."""
    asked = parser().parse_args(arguments)
    desk = Desk(root, remote(root), settings or read_settings())
    answer = followed(desk, asked.history or root, asked.overlay)
    sys.stdout.write("".join(f"{line}\n" for line in answer.text))
    return answer.code


def main(arguments: Sequence[str] | None = None, root: Path = ROOT, settings: Settings | None = None) -> int:
    """Return the exit code; what stands in the way is one sentence on stderr."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    return code_of(lambda: answered(arguments, root, settings), {StoppedError: STOPPED})


if __name__ == "__main__":
    run(lambda: sys.exit(main()))
