"""Calendars of pilots: from when on a pilot works by which rule, by days of the week and by dates."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from .agents import MODES, OPEN, Pilot
from .errors import SwitchError, bad_value

if TYPE_CHECKING:
    from ..clock import TimerHandle
    from .queues import Queues

DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MOST: Final = 10
"""How many transitions a day has at most."""
_TIME: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_DATE: Final = re.compile(r"\d{8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Transition:
    """From when on a pilot works how. ``time`` is HH:mm on the clock of the node, which is UTC."""

    time: str
    mode: str = OPEN
    rule: int | None = None


class Calendars:
    """The calendars of all pilots. A date goes before the day of the week.

    A transition holds until the next one, on whichever day that is. What someone opens or closes by hand stays so
    until then, too.
    """

    def __init__(self, centre: "Queues") -> None:
        """Start with empty calendars: pilots stay as they are."""
        self._centre = centre
        self._days: dict[str, dict[str, list[Transition]]] = {}
        self._present: dict[str, Transition | None] = {}
        self._timers: dict[str, TimerHandle] = {}

    def normal(self, pilot: str) -> dict[str, tuple[Transition, ...]]:
        """Return the transitions of each day of the week, in order."""
        days = self._days.get(pilot, {})
        return {day: tuple(days[day]) for day in DAYS if days.get(day)}

    def exceptions(self, pilot: str) -> dict[str, tuple[Transition, ...]]:
        """Return the transitions of dates (``yyyyMMdd``), in order."""
        days = self._days.get(pilot, {})
        return {day: tuple(days[day]) for day in sorted(days) if day not in DAYS and days[day]}

    # -- editing ----------------------------------------------------------------------------------------------------

    def add(self, pilot: str, day: str, transition: Transition) -> None:
        """Add a transition to a day of the week or a date."""
        day = self._day(day)
        self._check(pilot, transition)
        transitions = self._days.get(pilot, {}).get(day, [])
        if len(transitions) >= MOST:
            raise bad_value(f"{day} has {MOST} transitions already, which are the most.")
        self._no_other(transitions, transition)
        self._days.setdefault(pilot, {})[day] = self._in_order([*transitions, transition])
        self._changed(pilot)

    def change(self, pilot: str, day: str, index: str, transition: Transition) -> None:
        """Put another transition in the place of one. ``index`` counts from 1."""
        day = self._day(day)
        self._check(pilot, transition)
        at = self._at(pilot, day, index)
        others = [found for number, found in enumerate(self._days[pilot][day]) if number != at]
        self._no_other(others, transition)
        self._days[pilot][day] = self._in_order([*others, transition])
        self._changed(pilot)

    def delete(self, pilot: str, day: str, index: str) -> None:
        """Delete a transition; those behind it move up. ``index`` counts from 1."""
        day = self._day(day)
        del self._days[pilot][day][self._at(pilot, day, index)]
        self._changed(pilot)

    def _in_order(self, transitions: list[Transition]) -> list[Transition]:
        return sorted(transitions, key=lambda found: found.time)

    def _no_other(self, transitions: list[Transition], transition: Transition) -> None:
        if any(found.time == transition.time for found in transitions):
            raise bad_value(f"time: there is a transition at {transition.time} already.")

    def _day(self, day: str) -> str:
        if day.lower() in DAYS:
            return day.lower()
        try:
            if _DATE.fullmatch(day):
                datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC)
                return day
        except ValueError:
            pass
        raise bad_value(f"{day!r} is neither a day of the week, such as monday, nor a date, such as 20261231.")

    def _at(self, pilot: str, day: str, index: str) -> int:
        count = len(self._days.get(pilot, {}).get(day, ()))
        if not (index.isascii() and index.isdecimal()):
            raise bad_value(f"index: {index!r} is no number from 1 to {MOST}.")
        if not 1 <= int(index) <= count:
            raise SwitchError("OBJECT_NOT_FOUND", None, f"index: {day} has {count} transitions, and no {index}.")
        return int(index) - 1

    def _check(self, pilot: str, transition: Transition) -> None:
        if not _TIME.fullmatch(transition.time):
            raise bad_value(f"time: {transition.time!r} is not HH:mm, such as 08:30.")
        if transition.mode not in MODES:
            raise bad_value(f"mode: {transition.mode!r} is none of {', '.join(MODES)}.")
        rules = self._centre.pilots[pilot].rules
        if transition.rule is not None and transition.rule not in rules:
            raise bad_value(f"ruleNumber: the pilot {pilot} has no rule {transition.rule}.")
        if transition.mode == OPEN and transition.rule is None:
            raise bad_value("ruleNumber: the mode normal needs a rule.")

    # -- what holds now ---------------------------------------------------------------------------------------------

    def _of(self, pilot: str, moment: datetime) -> list[tuple[datetime, Transition]]:
        """Return the transitions of the day of a moment, each with its time."""
        days = self._days.get(pilot, {})
        listed = days.get(f"{moment:%Y%m%d}") or days.get(DAYS[moment.weekday()]) or []
        return [
            (datetime.combine(moment.date(), time.fromisoformat(found.time), tzinfo=moment.tzinfo), found)
            for found in listed
        ]

    def present(self, pilot: str) -> Transition | None:
        """Return the transition that holds now: the last one, at most a week ago."""
        now = self._centre.clock.utc()
        for back in range(8):
            past = [found for at, found in self._of(pilot, now - timedelta(days=back)) if at <= now]
            if past:
                return past[-1]
        return None

    def _next(self, pilot: str) -> datetime | None:
        """Return when the next one comes, within a week; a calendar of dates alone is looked at daily."""
        now = self._centre.clock.utc()
        for ahead in range(8):
            later = [at for at, _ in self._of(pilot, now + timedelta(days=ahead)) if at > now]
            if later:
                return later[0]
        return now + timedelta(days=1) if any(self._days.get(pilot, {}).values()) else None

    def _changed(self, pilot: str) -> None:
        """Follow the calendar, and wait for the next transition."""
        timer = self._timers.pop(pilot, None)
        if timer is not None:
            timer.cancel()
        if pilot not in self._centre.pilots:
            return
        present = self.present(pilot)
        if present != self._present.get(pilot):
            self._present[pilot] = present
            if present is not None:
                self._follow(self._centre.pilots[pilot], present)
        due = self._next(pilot)
        if due is not None:
            left = (due - self._centre.clock.utc()).total_seconds()
            self._timers[pilot] = self._centre.clock.call_later(left, lambda: self._changed(pilot))

    def _follow(self, pilot: Pilot, transition: Transition) -> None:
        changes: dict[str, Any] = {"mode": transition.mode, "by_calendar": True}
        if transition.rule is not None:
            changes["rule"] = transition.rule
        self._centre.configure_pilot(pilot.number, changes)

    def dump(self) -> dict[str, Any]:
        """Return everything, for comparison."""
        return {pilot: {day: tuple(found) for day, found in days.items()} for pilot, days in self._days.items()}
