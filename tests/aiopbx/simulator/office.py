"""A switch on a clock that tests turn, and the changes that its users saw."""

from typing import Any

import pytest

from aiopbx.o2g.types.base import O2gEvent
from aiopbx.simulator.clock import ManualClock
from aiopbx.simulator.faces.o2g import views
from aiopbx.simulator.settings import UserSpec
from aiopbx.simulator.switch import Call, CallChange, Change, HuntingGroupSpec, Switch, SwitchError, SwitchSettings

OUTSIDE = "0015550100"


def people(**more: dict[str, Any]) -> list[UserSpec]:
    """Ann 100 (with a mobile), Ben 101, Cleo 102, Dan 103; ``more`` are further settings by login."""
    names = {"ann": ("100", "Ann"), "ben": ("101", "Ben"), "cleo": ("102", "Cleo"), "dan": ("103", "Dan")}
    specs = []
    for login, (number, first) in names.items():
        settings: dict[str, Any] = {"login": login, "number": number, "first_name": first, "last_name": "Test"}
        settings["remote_extension"] = login == "ann"
        specs.append(UserSpec(**(settings | more.get(login, {}))))
    return specs


class Office:
    """Four people and their switch. Logins are first names, numbers 100 to 103; telephones have those numbers."""

    def __init__(self, *, settings: SwitchSettings | None = None, **more: dict[str, Any]) -> None:
        self.clock = ManualClock()
        self.switch = Switch(self.clock, people(**more), settings or SwitchSettings(seed=1))
        self.changes: list[Change] = []
        self.events: list[O2gEvent] = []
        self.switch.subscribe(self.changes.append)
        views.attach(self.switch, lambda package, login, event: self.events.append(event))

    def number(self, login: str) -> str:
        return self.switch.users[login].number

    def dial(self, login: str, to: str, **more: Any) -> Call:
        """Lift and dial."""
        return self.switch.make_call(login, self.number(login), to, auto_answer=True, **more)

    def answer(self, login: str, call: Call | str) -> None:
        ref = call if isinstance(call, str) else call.ref
        self.switch.answer(login, ref, self.number(login))

    def talk(self, one: str, two: str) -> Call:
        """A call between two users that was answered."""
        call = self.dial(one, self.number(two))
        self.answer(two, call)
        return call

    def consult(self, login: str = "ben") -> tuple[Call, Call]:
        """Ann and Ben talk, Ben holds her and talks to Cleo: the held call and the active one."""
        held = self.talk("ann", login)
        return held, self.talk(login, "cleo")

    def state(self, login: str) -> list[str]:
        """States of the user's calls, oldest first."""
        return [view.state for view in self.switch.call_views(login)]

    def party(self, login: str, index: int = -1) -> list[str]:
        """Numbers of the others in one of the user's calls."""
        return [party.identity.number for party in self.switch.call_views(login)[index].parties]

    def call_changes(self, login: str) -> list[tuple[str, str | None, str | None]]:
        """What a user's calls did since the last time: kind, state, cause."""
        changes = [c for c in self.changes if isinstance(c, CallChange) and c.login == login]
        self.changes.clear()
        return [(c.kind, c.view.state if c.view else None, c.cause) for c in changes]

    def last(self, login: str) -> CallChange:
        """The last change of a call of a user."""
        return [c for c in self.changes if isinstance(c, CallChange) and c.login == login][-1]

    def cause(self, login: str) -> str | None:
        """The cause of the last change of a call of a user."""
        return self.last(login).cause

    def refuses(self, kind: str, cause: str | None, action: str, *arguments: Any, **keywords: Any) -> SwitchError:
        """The switch refuses with this, and nothing has changed."""
        before, changes = self.switch.dump(), len(self.changes)
        with pytest.raises(SwitchError) as refused:
            getattr(self.switch, action)(*arguments, **keywords)
        assert (refused.value.kind, refused.value.cause) == (kind, cause)
        assert refused.value.message
        assert self.switch.dump() == before
        assert len(self.changes) == changes
        return refused.value

    def check(self) -> None:
        self.switch.check()


def group_settings() -> SwitchSettings:
    """A hunting group 700 and a desk-sharing set 800."""
    return SwitchSettings(hunting_groups=(HuntingGroupSpec(number="700"),), desk_sharing_sets=("800",), seed=1)
