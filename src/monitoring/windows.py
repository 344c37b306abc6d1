"""which days have how many rows -> windows that are judged once; a check's alarms -> whether its alert fires

A window is a UTC day of enough rows. The smaller days of an ISO week are joined to one window at the week's end, so
that each row counts in one window at most.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, NamedTuple

DAY = timedelta(days=1)
FIRING, RESOLVED = "firing", "resolved"


class Window(NamedTuple):
    """Days that are judged together once the `last` one is over, which is a Sunday where days of a week are joined."""

    days: tuple[date, ...]
    rows: int
    last: date

    @property
    def start(self) -> datetime:
        """Return when the first day begins."""
        return midnight(self.days[0])

    @property
    def end(self) -> datetime:
        """Return when the last day is over."""
        return midnight(self.last + DAY)


def midnight(day: date) -> datetime:
    """Return when a UTC day begins."""
    return datetime.combine(day, time(), UTC)


def closed(rows: Mapping[date, int], judged: Collection[date], since: date, now: datetime, least: int) -> list[Window]:
    """Return the windows that closed on the days from `since` on and are over at `now`, in order of their ends.

    `rows` are counted by day; `judged` are days that are part of a window already. A week's joined window is returned
    also where it has fewer than `least` rows: too few to be judged, which is to be said.
    """
    found, taken = [], set(judged)
    for offset in range((now.astimezone(UTC).date() - since).days):
        day = since + offset * DAY
        if rows.get(day, 0) >= least and day not in taken:
            found.append(Window((day,), rows[day], day))
            taken.add(day)
        if day.isoweekday() == 7:
            week = [day - back * DAY for back in range(6, -1, -1)]
            small = tuple(each for each in week if rows.get(each, 0) and each not in taken)
            if small:
                found.append(Window(small, sum(rows[each] for each in small), day))
                taken |= set(small)
    return found


def verdict(alarms: Sequence[bool], windows: int, *, open_: bool) -> Literal["firing", "resolved"] | None:
    """Return what becomes of a check's alert; `alarms` are its closed windows, the newest last. None: nothing.

    It fires when `windows` running alarm, and resolves when as many running are quiet.

    >>> verdict([False, True], 2, open_=False), verdict([True, True], 2, open_=False)
    (None, 'firing')
    >>> verdict([True, False], 2, open_=True), verdict([True, False, False], 2, open_=True)
    (None, 'resolved')
    """
    last = alarms[-windows:]
    if len(last) < windows:
        return None
    if open_:
        return "resolved" if not any(last) else None
    return "firing" if all(last) else None


def firing(alarms: Iterable[bool | None], windows: int) -> bool:
    """Say whether a check's alert fires after its windows, the oldest first; None is one that was not judged.

    >>> [firing(alarms, 2) for alarms in ([True, False, True, True], [True, True, False], [True, True, False, False])]
    [True, True, False]
    """
    fires, judged = False, [alarm for alarm in alarms if alarm is not None]
    for end in range(1, len(judged) + 1):
        found = verdict(judged[max(0, end - windows) : end], windows, open_=fires)
        fires = fires if found is None else found == FIRING
    return fires
