"""How calls reach a line: as data, and as a widget whose switches are flipped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from aiopbx import (
    CallerId,
    CallerIdChoice,
    Condition,
    ConnectionFailed,
    DialPolicy,
    Feature,
    Forward,
    InvalidInput,
    LineSnapshot,
    NotSupported,
    Offline,
    OutcomeUnknown,
    Overflow,
    Pbx,
    Routing,
    Status,
    Target,
)
from aiopbx.simulator import UserSpec
from notebooks_kit import RoutingPanel
from notebooks_kit.models import RoutingModel
from notebooks_kit.models.routing import CONDITIONS, PARTS, route_words
from tests.aiopbx.office import Office, office

from .view_helpers import ALICE, connected_office, enter, hurry, problem, sees, there, widgets


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


# ------------------------------------------------------------------------------------------------------------- the data


@pytest.mark.parametrize(
    ("route", "words"),
    [
        (None, "nowhere"),
        (Forward(number="1001"), "1001"),
        (Forward(target=Target.VOICEMAIL, number="5000", condition=Condition.BUSY), "the voicemail when busy"),
        (Overflow(), "the voicemail when not answered"),
        (Overflow(target=Target.ASSOCIATE, number="1002"), "the associate (1002) when not answered"),
        (Forward(target=Target.UNKNOWN, condition=Condition.UNKNOWN), "somewhere at times"),
    ],
)
def test_routes_in_words(route: Forward | Overflow | None, words: str) -> None:
    assert route_words(route) == words


@settings(deadline=None)  # a busy machine is no failure
@given(st.sampled_from(Condition), st.sampled_from(Target), st.none() | st.text(alphabet="0123456789", min_size=1))
def test_every_route_has_words(condition: Condition, target: Target, number: str | None) -> None:
    for kind in (Forward, Overflow):
        words = route_words(kind(condition=condition, target=target, number=number))
        assert words
        assert number is None or target is not Target.NUMBER or number in words


async def test_a_switch_shows_the_wish_and_then_the_truth() -> None:
    async with office() as one:
        pbx = await one.connect()
        line = pbx.line(ALICE)
        model = RoutingModel(line)
        line.subscribe(model.handle)
        wish = asyncio.create_task(model.set_do_not_disturb(True))
        await asyncio.sleep(0)
        assert model.do_not_disturb
        assert not line.do_not_disturb
        await wish
        assert line.do_not_disturb
        assert one.switch.users["oxe1000"].do_not_disturb
        assert model.words == "Calls are refused."


async def test_of_several_wishes_the_last_one_counts() -> None:
    async with office() as one:
        pbx = await one.connect()
        line = pbx.line(ALICE)
        model = RoutingModel(line)
        line.subscribe(model.handle)
        await asyncio.gather(*(model.set_do_not_disturb(on) for on in (True, False, True, False)))
        assert not model.do_not_disturb
        await one.caught_up(pbx)
        assert line.do_not_disturb is False
        assert not one.switch.users["oxe1000"].do_not_disturb


async def test_a_refusal_turns_the_switch_back() -> None:
    async with office() as one:
        pbx = await one.connect()
        model = RoutingModel(pbx.line(ALICE))
        await one.simulator.stop(abrupt=True)
        with pytest.raises((Offline, OutcomeUnknown, ConnectionFailed)):
            await model.set_do_not_disturb(True)
        assert not model.do_not_disturb
        with pytest.raises(NotSupported, match="remote extension"):
            await RoutingModel(pbx.line("1002")).set_remote_extension(True)


async def test_a_system_that_says_nothing_is_not_waited_for() -> None:
    async with office() as one:
        pbx = await one.connect()
        model = RoutingModel(pbx.line(ALICE), settle=0.01)  # nobody tells it anything
        await model.set_do_not_disturb(True)
        await sees(lambda: model.do_not_disturb)


async def test_what_a_line_has() -> None:
    people = (
        UserSpec(login="a", number="100", remote_extension=True),
        UserSpec(login="b", number="101"),
        UserSpec(login="c", number="102", licences=frozenset({"TELEPHONY_BASIC"})),
    )
    async with office(users=people) as one:
        pbx = await one.connect()
        assert RoutingModel(pbx.line("100")).parts == PARTS[:4]
        assert RoutingModel(pbx.line("100")).absent == "Not on this line: caller ID."
        assert RoutingModel(pbx.line("101")).parts == PARTS[:3]
        assert RoutingModel(pbx.line("101")).absent == "Not on this line: remote extension and caller ID."
        basic = RoutingModel(pbx.line("102"))
        assert set(basic.parts) == set(PARTS) & pbx.line("102").features
        assert "licence" in basic.absent


async def test_words_of_the_whole() -> None:
    async with office() as one:
        pbx = await one.connect()
        line = pbx.line(ALICE)
        model = RoutingModel(line)
        line.subscribe(model.handle)
        assert model.words == "Calls ring here."
        await model.set_forward(Target.NUMBER, Condition.BUSY, " 1002 ")
        await sees(lambda: line.forward)
        assert model.words == "Calls ring here, and go to 1002 when busy."
        await model.set_forward(Target.VOICEMAIL, Condition.IMMEDIATE, "1002")
        await sees(lambda: line.forward == Forward(target=Target.VOICEMAIL, number=line.forward.number))  # type: ignore[union-attr]
        assert model.words == "Calls go to the voicemail."
        await model.cancel_forward()
        await model.set_overflow(Target.VOICEMAIL, Condition.NO_ANSWER)
        await model.set_remote_extension(True)
        await sees(lambda: line.overflow and not line.forward and line.remote_extension)
        assert model.words == "Calls ring here and at the remote extension, and go to the voicemail when not answered."
        with pytest.raises(InvalidInput, match="Say where calls shall go"):
            await model.set_forward(Target.NUMBER, Condition.BUSY, " ")
        with pytest.raises(InvalidInput, match="never immediate"):
            await model.set_overflow(Target.VOICEMAIL, Condition.IMMEDIATE)


# ----------------------------------------------------------------------------------------------------------- the widget


class Hands:
    def __init__(self, one: Office, pbx: Pbx, number: str = ALICE) -> None:
        self.office = one
        self.switch = one.switch
        self.pbx = pbx
        self.line = pbx.line(number)
        self.panel = RoutingPanel(self.line)

    @property
    def routing(self) -> Routing:
        assert self.line.snapshot.routing is not None
        return self.line.snapshot.routing


@pytest.fixture
async def hands() -> AsyncIterator[Hands]:
    async with connected_office() as (one, pbx):
        found = Hands(one, pbx)
        yield found
        found.panel.close()


async def test_do_not_disturb_is_flipped(hands: Hands) -> None:
    box = hands.panel._dnd
    assert box.value is False
    box.value = True
    await sees(lambda: hands.switch.users["oxe1000"].do_not_disturb)
    await sees(lambda: "Calls are refused." in hands.panel._words.value)
    assert box.value is True
    box.value = False
    await sees(lambda: "Calls ring here." in hands.panel._words.value)
    assert box.value is False
    assert not hands.switch.users["oxe1000"].do_not_disturb
    assert problem(hands.panel) == ""


async def test_a_change_by_another_user_is_shown(hands: Hands) -> None:
    hands.switch.set_dnd("oxe1000", True)
    await sees(lambda: hands.panel._dnd.value)
    await hands.line.set_forward("1002", condition=Condition.NO_ANSWER)
    await sees(lambda: there(hands.panel._forward._cancel))
    assert hands.panel._forward._number.value == "1002"
    assert hands.panel._forward._condition.value is Condition.NO_ANSWER
    hands.switch.set_dnd("oxe1000", False)
    await sees(lambda: not hands.panel._dnd.value)
    await hands.office.caught_up(hands.pbx)
    assert hands.routing.do_not_disturb is False, "the panel has sent something by itself"


async def test_forward(hands: Hands) -> None:
    route = hands.panel._forward
    assert "not forwarded" in route._words.value
    assert not there(route._cancel)
    route._condition.value = Condition.BUSY_NO_ANSWER
    route._number.value = "1003"
    route._set.click()
    await sees(lambda: "Calls go to 1003 when busy or not answered." in route._words.value)
    assert hands.line.forward == Forward(condition=Condition.BUSY_NO_ANSWER, number="1003")
    route._target.value = Target.VOICEMAIL
    await sees(lambda: not there(route._number))
    route._set.click()
    await sees(lambda: "the voicemail" in route._words.value)
    route._cancel.click()
    await sees(lambda: "not forwarded" in route._words.value)
    assert hands.line.forward is None
    assert problem(hands.panel) == ""


async def test_forward_by_the_enter_key(hands: Hands) -> None:
    hands.panel._forward._number.value = "1002"
    enter(hands.panel._forward._number)
    await sees(lambda: hands.line.forward == Forward(number="1002"))


async def test_overflow_and_remote_extension(hands: Hands) -> None:
    route = hands.panel._overflow
    assert [value for _, value in route._condition.options] == [value for _, value in CONDITIONS[1:]]
    assert not there(route._number)
    route._set.click()
    await sees(lambda: hands.line.overflow is not None)
    await sees(lambda: there(route._cancel))
    route._cancel.click()
    await sees(lambda: "There is no overflow." in route._words.value)
    hands.panel._remote.value = True
    await sees(lambda: hands.line.remote_extension)
    await sees(lambda: "remote extension" in hands.panel._words.value)


async def test_refusals_are_kind(hands: Hands) -> None:
    route = hands.panel._forward
    route._set.click()
    await sees(lambda: "Say where calls shall go." in problem(hands.panel))
    route._number.value = "12a"
    route._set.click()
    await sees(lambda: "cannot be dialled" in problem(hands.panel))
    route._number.value = ALICE
    route._set.click()
    await sees(lambda: problem(hands.panel) and "cannot be dialled" not in problem(hands.panel))
    assert hands.line.forward is None
    assert route._number.value == ALICE, "it can be mended"


async def test_the_policy_holds_here_too() -> None:
    async with connected_office() as (one, _):
        hands = Hands(one, await one.connect(dial_policy=DialPolicy(denied=("0*",))))
        hands.panel._forward._number.value = "0015550100"
        hands.panel._forward._set.click()
        await sees(lambda: "denied by the dial policy" in problem(hands.panel))
        hands.panel.close()


async def test_a_refused_switch_goes_back() -> None:
    async with connected_office() as (one, pbx):
        hands = Hands(one, pbx)
        await one.simulator.stop(abrupt=True)
        await sees(lambda: hands.panel._dnd.disabled)
        assert "last known state" in hands.panel._words.value
        hands.panel._dnd.value = True  # a page that was not quick enough
        await sees(lambda: "no connection" in problem(hands.panel))
        await sees(lambda: hands.panel._dnd.value is False)
        await one.simulator.start()
        await sees(lambda: not hands.panel._dnd.disabled)
        hands.panel.close()


async def test_what_is_absent_is_named_in_one_line() -> None:
    async with connected_office() as (one, pbx):
        hands = Hands(one, pbx, "1002")
        parts = hands.panel._parts
        assert [there(parts[part]) for part in PARTS] == [True, True, True, False, False]
        assert "Not on this line: remote extension and caller ID." in hands.panel._absent.value
        assert Feature.REMOTE_EXTENSION in parts
        hands.panel.close()


class _Istra:
    """A line whose caller ID can be chosen."""

    def __init__(self) -> None:
        self.pbx: Any = self
        self.loop = asyncio.get_running_loop()
        self.status = Status.ONLINE
        self.missing: dict[str, str] = {}
        self.number, self.name, self.id = "200", "Ivy", "ivy"
        self.put(CallerId(choice=CallerIdChoice.FROM_PRESENCE, number="+12025550100"))
        self.callbacks: list[Any] = []

    def put(self, caller_id: CallerId | None) -> None:
        self.snapshot = LineSnapshot(
            id="ivy", number="200", features=frozenset({Feature.CALLER_ID}), caller_id=caller_id
        )
        self.features = self.snapshot.features

    def subscribe(self, callback: Any, **_: Any) -> Any:
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)

    async def set_caller_id(self, number: str | None, *, choice: CallerIdChoice) -> None:
        self.put(CallerId(choice=choice, number=number))

    async def refresh_caller_id(self) -> None:
        self.put(None)


async def test_the_caller_id_where_a_system_has_it() -> None:
    before = widgets()
    line = _Istra()
    panel = RoutingPanel(line)  # type: ignore[arg-type] # what it needs of a line, and no more
    assert [part for part in PARTS if there(panel._parts[part])] == [Feature.CALLER_ID]
    part = panel._caller_id
    assert "Others see +12025550100, by the presence." in part._words.value
    assert "do not disturb, forward, overflow and remote extension" in panel._absent.value
    assert not there(part._number)
    part._choice.value = CallerIdChoice.MANUAL
    await sees(lambda: there(part._number))
    part._number.value = " +12025550123 "
    part._set.click()
    await sees(lambda: "Others see +12025550123." in part._words.value)
    assert line.snapshot.caller_id == CallerId(choice=CallerIdChoice.MANUAL, number="+12025550123")
    part._read.click()
    await sees(lambda: "not known" in part._words.value)
    panel.close()
    assert widgets() == before
    assert not line.callbacks


async def test_every_control_has_a_name(hands: Hands) -> None:
    panel = hands.panel
    for route in (panel._forward, panel._overflow):
        for control in (route._target, route._condition, route._number, route._set, route._cancel):
            assert control.description
    assert panel._dnd.description == "Do not disturb"
    assert panel._remote.description
    assert "How calls reach 1000 Alice Martin" in panel._words.value
    assert "<li>Calls are not forwarded.</li>" in panel.to_html()


async def test_close_leaves_nothing() -> None:
    async with connected_office() as (one, pbx):
        before = widgets()
        hands = Hands(one, pbx)
        hands.panel._dnd.value = True
        await asyncio.sleep(0)
        hands.panel.close()
        hands.panel.close()
        assert widgets() == before
        one.switch.set_dnd("oxe1000", False)
        await one.caught_up(pbx)
        assert widgets() == before
