"""What people do at random: with the client's commands, and at telephones that the client does not hold."""

import random
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final

from aiopbx import Action, Call, CallState, Condition, Line, Pbx
from aiopbx.simulator.switch import SwitchError
from aiopbx.simulator.switch.calls import CallView
from tests.chaos.worlds import OUTSIDE, World

INSIDE: Final = ("100", "101", "102", "103", "700")
RINGING: Final = frozenset({CallState.RINGING_INCOMING, CallState.RINGING_OUTGOING})
Work = Callable[[], Coroutine[Any, Any, Any]]


def command(draw: random.Random, world: World, pbx: Pbx) -> tuple[str, Work] | None:
    """Something that the client offers now, by name, and what does it."""
    lines = [pbx.lines[name] for name in sorted(pbx.lines)]
    if not lines:
        return None
    calls = [(line, call) for line in lines for call in line.calls]
    if calls and draw.random() < 0.7:
        line, call = draw.choice(calls)
        offers = sorted(call.actions & _ON_CALLS.keys(), key=str)
        if offers:
            action = draw.choice(offers)
            return action.value, _ON_CALLS[action](draw, line, call)
    line = draw.choice(lines)
    name = draw.choice(("dial", "dial", "dial", "dial", "pick_up", "unpark", "forward", "disturb", "counters"))
    return name, _ON_LINES[name](draw, world, line)


def _others(draw: random.Random, line: Line) -> str:
    return draw.choice([number for number in (*INSIDE, *OUTSIDE) if number != line.number])


def _other_call(line: Line, call: Call) -> Call | None:
    return next((one for one in line.calls if one is not call and one.state is CallState.HELD), None)


def _merge(draw: random.Random, line: Line, call: Call) -> Work:
    return partial(call.merge, _other_call(line, call))


def _transfer(draw: random.Random, line: Line, call: Call) -> Work:
    return partial(call.transfer, _other_call(line, call))


_ON_CALLS: Final[dict[Action, Callable[[random.Random, Line, Call], Work]]] = {
    Action.ANSWER: lambda draw, line, call: call.answer,
    Action.HANG_UP: lambda draw, line, call: call.hang_up,
    Action.END: lambda draw, line, call: call.end,
    Action.HOLD: lambda draw, line, call: call.hold,
    Action.RETRIEVE: lambda draw, line, call: call.retrieve,
    Action.ALTERNATE: lambda draw, line, call: call.alternate,
    Action.CONSULT: lambda draw, line, call: partial(call.consult, _others(draw, line), timeout=5),
    Action.TRANSFER: _transfer,
    Action.MERGE: _merge,
    Action.BLIND_TRANSFER: lambda draw, line, call: partial(call.blind_transfer, _others(draw, line)),
    Action.REDIRECT: lambda draw, line, call: partial(call.redirect, _others(draw, line)),
    Action.PARK: lambda draw, line, call: call.park,
    Action.SEND_DTMF: lambda draw, line, call: partial(call.send_dtmf, "1"),
    Action.OVERFLOW_TO_VOICEMAIL: lambda draw, line, call: call.overflow_to_voicemail,
}


def _forward(draw: random.Random, world: World, line: Line) -> Work:
    if draw.random() < 0.5:
        return line.cancel_forward
    condition = draw.choice([Condition.IMMEDIATE, Condition.BUSY, Condition.NO_ANSWER])
    return partial(line.set_forward, _others(draw, line), condition=condition)


_ON_LINES: Final[dict[str, Callable[[random.Random, World, Line], Work]]] = {
    "dial": lambda draw, world, line: partial(line.dial, _others(draw, line), timeout=5),
    "pick_up": lambda draw, world, line: partial(line.pick_up, _ringing(draw, world) or "101"),
    "unpark": lambda draw, world, line: line.unpark,
    "forward": _forward,
    "disturb": lambda draw, world, line: partial(line.set_do_not_disturb, draw.random() < 0.3),
    "counters": lambda draw, world, line: line.refresh_counters,
}


def _ringing(draw: random.Random, world: World) -> str | None:
    switch = world.switch
    numbers = [
        switch.users[login].number
        for login in _with_calls(world)
        if any(view.state == "RINGING_INCOMING" for view in switch.call_views(login))
    ]
    return draw.choice(numbers) if numbers else None


def _with_calls(world: World) -> list[str]:
    """Those who have calls; looked for among the calls, as the users may be many."""
    switch = world.switch
    there = {member.login for call in switch.calls.values() for member in call.members}
    return [login for login in switch.users if login in there]


def _some(draw: random.Random, world: World) -> list[str]:
    """Those who might do something now: everybody in a small office, else those who have calls and a few others."""
    logins = list(world.switch.users)
    if len(logins) <= _FEW:
        return logins
    return list(dict.fromkeys((*_with_calls(world), *draw.sample(logins, _FEW))))


_FEW: Final = 8


# The far sides


def act(draw: random.Random, world: World) -> str:
    """Let someone do something at a telephone; refusals are their business."""
    switch = world.switch
    offers = _offers(draw, world)
    kinds = sorted(offers)
    weights = [_WEIGHTS.get(kind, 1) for kind in kinds]
    kind = draw.choices(kinds, weights)[0]
    try:
        draw.choice(offers[kind])()
    except SwitchError:
        return f"{kind} (refused)"
    assert switch is world.switch
    return kind


_WEIGHTS: Final = {"call": 4, "call from outside": 3, "answer": 6, "hold": 2, "retrieve": 2, "transfer": 2, "merge": 2}


def _offers(draw: random.Random, world: World) -> dict[str, list[Callable[[], object]]]:
    switch = world.switch
    found: dict[str, list[Callable[[], object]]] = {}

    def offer(kind: str, work: Callable[..., object], *arguments: Any, **more: Any) -> None:
        found.setdefault(kind, []).append(partial(work, *arguments, **more))

    for login in _some(draw, world):
        user = switch.users[login]
        device = next(iter(user.devices))
        number = draw.choice([number for number in (*INSIDE, *OUTSIDE) if number != user.number])
        offer("call", switch.make_call, login, device, number, auto_answer=True)
        offer("call from outside", switch.incoming_external, draw.choice(OUTSIDE), user.number)
        offer("disturb", switch.set_dnd, login, draw.random() < 0.3)
        if draw.random() < 0.5:
            offer(
                "forward", switch.set_forward, login, number, condition=draw.choice(["IMMEDIATE", "BUSY", "NO_ANSWER"])
            )
        else:
            offer("forward", switch.cancel_forward, login)
        offer("telephone", switch.set_device_state, device, draw.choice(["IN_SERVICE", "IN_SERVICE", "OUT_OF_SERVICE"]))
        for place in sorted(switch.parked):
            offer("unpark", switch.unpark, login, device, place)
        ringing = _ringing(draw, world)
        if ringing is not None:
            offer("pick-up", switch.pickup, login, device, ringing, None, True)
        views = switch.call_views(login)
        for view in views:
            _with_a_call(offer, world, login, view, views, number)
    return found


def _with_a_call(
    offer: Callable[..., None],
    world: World,
    login: str,
    view: CallView,
    views: tuple[CallView, ...],
    number: str,
) -> None:
    switch = world.switch
    for leg in view.legs:
        for name in ("answer", "hold", "retrieve"):
            if name in leg.actions:
                offer(name, getattr(switch, name), login, view.ref, leg.device)
        if "drop" in leg.actions:
            offer("drop", switch.drop, login, view.ref)
    for other in views:
        for name in ("transfer", "merge"):
            if other is not view and name in view.actions:
                offer(name, getattr(switch, name), login, view.ref, other.ref)
    if "terminate" in view.actions:
        offer("end", switch.release, login, view.ref)
    if "redirect" in view.actions:
        offer("redirect", switch.redirect, login, view.ref, number)
    if "blindTransfer" in view.actions:
        offer("blind transfer", switch.blind_transfer, login, view.ref, number)
    if "park" in view.actions:
        offer("park", switch.park, login, view.ref)
    if "overflowToVoiceMail" in view.actions:
        offer("to voicemail", switch.overflow_to_voicemail, login, view.ref)


def everybody_hangs_up(world: World) -> None:
    """End every call."""
    switch = world.switch
    for call in tuple(switch.calls.values()):
        for member in tuple(call.members):
            if call.ended or member.login is None:
                continue
            for way in (switch.drop, switch.release):
                try:
                    way(member.login, call.ref)
                except SwitchError:
                    continue
                break
