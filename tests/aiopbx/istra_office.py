"""The simulated office with Istra before it, and what the model of its lines must say, told from the switch itself."""

import asyncio
import contextlib
from contextlib import AbstractAsyncContextManager
from typing import Any

from aiopbx import Action, CallSnapshot, CallState, Direction, LineSnapshot, Pbx
from aiopbx.simulator import ManualClock, Simulator, SimulatorSettings
from aiopbx.simulator.switch import Switch
from aiopbx.simulator.switch.calls import CallView
from aiopbx.simulator.switch.changes import CallChange, Change
from aiopbx.simulator.switch.errors import SwitchError
from tests.aiopbx.office import Office, opened, until

RCC = {"system": "myrcc", "enterprise": "example", "username": "admin", "password": "admin"}
_CALL = {
    "transfer": Action.TRANSFER,
    "merge": Action.MERGE,
    "terminate": Action.END,
    "startRecord": Action.START_RECORDING,
}
_LEG = {
    "answer": Action.ANSWER,
    "hold": Action.HOLD,
    "retrieve": Action.RETRIEVE,
    "sendDtmf": Action.SEND_DTMF,
}


def end_user(system: str, login: str = "oxe1000") -> dict[str, str]:
    return {"system": system, "username": login, "password": "secret"}


class IstraOffice(Office):
    """An office whose clients are administrators of myRCC unless they say otherwise."""

    def __init__(self, simulator: Simulator, clock: ManualClock) -> None:
        super().__init__(simulator, clock)
        assert simulator.istra is not None
        self.face = simulator.istra
        self.hands = True
        """Whether everybody takes the own telephone off the hook when it rings for a call that was asked for."""
        self.switch.subscribe(self._rings)

    def _rings(self, change: Change) -> None:
        if not (self.hands and isinstance(change, CallChange) and change.view is not None):
            return
        if change.view.state in ("DIALING", "RINGING_OUTGOING"):
            for leg in change.view.legs:
                if "answer" in leg.actions:
                    asyncio.get_running_loop().call_soon(self._take, change.login, change.ref, leg.device)
                    return

    def _take(self, login: str, ref: str, device: str) -> None:
        with contextlib.suppress(SwitchError):
            self.switch.answer(login, ref, device)

    @staticmethod
    def settings(**settings: Any) -> SimulatorSettings:
        """Those of a simulator that pushes at once."""
        return SimulatorSettings(**{"istra": True, "istra_push": 0.0, **settings})

    async def connect(self, **settings: Any) -> Pbx:
        if "system" not in settings:
            settings = RCC | settings
        return await super().connect(**{"url": self.simulator.istra_url, **settings})

    async def caught_up(self, pbx: Pbx) -> None:
        """Wait until the client has heard everything that was told until now."""
        await until(lambda: pbx.status == "online" and pbx.istra.opened)
        before = pbx.statistics.unknown_values + pbx.statistics.malformed_frames
        assert self.faults.unknown_event("onMarkOfATest")
        await until(lambda: pbx.statistics.unknown_values + pbx.statistics.malformed_frames > before)

    async def right(self, pbx: Pbx) -> None:
        """The model is the switch's truth, as far as myRCC tells it."""
        await self.caught_up(pbx)
        for login, user in self.switch.users.items():
            compare(pbx.line(user.number).snapshot, self.switch, login)

    @property
    def sessions(self) -> int:
        return super().sessions + len(self.face.sessions)

    @property
    def subscriptions(self) -> int:
        return super().subscriptions + len(self.face.listeners)


def istra_office(**settings: Any) -> AbstractAsyncContextManager[IstraOffice]:
    """An office with Istra."""
    return opened(IstraOffice, **settings)


# What the model must say


def compare(line: LineSnapshot, switch: Switch, login: str) -> None:
    """Fail unless the line is what the switch knows of its extension, as far as myRCC tells it."""
    views = {_id(login, view): view for view in switch.call_views(login) if view.state != "RELEASING"}
    assert len(line.calls) == len(views)
    left = list(views.values())
    for call in line.calls:
        view = next((one for one in left if _fits(call, one)), None)
        assert view is not None, (call, left)
        left.remove(view)
        compare_call(call, view, switch, login, list(views.values()))
    assert line.synced
    assert not line.devices


def _id(login: str, view: CallView) -> str:
    return f"{login}:{view.ref}"


STATES = {
    "RINGING_INCOMING": CallState.RINGING_INCOMING,
    "ACTIVE": CallState.ACTIVE,
    "HELD": CallState.HELD,
}


def state_of(view: CallView) -> CallState:
    """What a state of the switch looks like here: of a call that goes out, whether the own telephone rings first."""
    known = STATES.get(view.state)
    if known is not None:
        return known
    return CallState.DIALING if any("answer" in leg.actions for leg in view.legs) else CallState.RINGING_OUTGOING


def _fits(call: CallSnapshot, view: CallView) -> bool:
    numbers = {party.identity.number for party in view.parties if not party.anonymous}
    known = call.party.number if call.party else None
    return call.state is state_of(view) and (not numbers or known in numbers or known is None)


def compare_call(call: CallSnapshot, view: CallView, switch: Switch, login: str, views: list[CallView]) -> None:
    assert call.conference == (len(view.parties) > 1)
    legs = {action for leg in view.legs for action in leg.actions}
    own = {_LEG[name] for name in legs if name in _LEG} | {_CALL[name] for name in view.actions if name in _CALL}
    settled = call.state in (CallState.ACTIVE, CallState.HELD)
    if (settled and "drop" in legs) or ("terminate" in view.actions and not call.conference):
        own.add(Action.HANG_UP)
    if {"redirect", "blindTransfer"} & set(view.actions):
        if settled:
            own.add(Action.BLIND_TRANSFER)
        elif call.state is CallState.RINGING_INCOMING:
            own.add(Action.REDIRECT)
    if call.state is CallState.ACTIVE and switch.can_add_party(login, view.ref):
        own.add(Action.ADD_PARTY)
    assert call.own_actions == own
    actions = set(own)
    if len(views) < 2:
        actions -= {Action.TRANSFER, Action.MERGE}
    if settled:
        actions.add(Action.CONSULT)
        assert call.answered
    assert call.actions == actions
    assert (call.recording is not None) == (view.record_state == "RECORDING")
    if call.state is CallState.RINGING_INCOMING:
        assert call.direction is Direction.INCOMING
    assert call.direction is not Direction.UNKNOWN
    assert not call.ended
