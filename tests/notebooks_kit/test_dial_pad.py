"""The dial pad: as data, and as a widget whose keys are pressed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from aiopbx import CallState, DialPolicy, InvalidInput, LineState, Pbx, PolicyViolation
from aiopbx.simulator import DeviceSpec, SwitchSettings, UserSpec
from notebooks_kit import DialPad
from notebooks_kit.models import DialModel
from notebooks_kit.models.dial import KEYS, LETTERS
from tests.aiopbx.office import Office, office

from .view_helpers import ALICE, BOB, connected_office, enter, hurry, problem, sees, there, turns, widgets


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


async def answered(one: Office, pbx: Pbx, by: str = BOB) -> str:
    """The number that Alice dials answers; the reference of the call."""
    line = pbx.line(ALICE)
    await sees(lambda: any(call.state is CallState.RINGING_OUTGOING for call in line.calls))
    ref = next(call.ref for call in line.calls if call.state is CallState.RINGING_OUTGOING)
    one.switch.answer(f"oxe{by}", ref, by)
    await sees(lambda: line.state is LineState.ACTIVE)
    return ref


# ------------------------------------------------------------------------------------------------------------- the data


class _Nobody:
    """A line without calls, and nobody who could be asked."""

    def __init__(self) -> None:
        self.pbx = self
        self.status = "online"
        self.features: frozenset[str] = frozenset()
        self.calls = ()
        self.devices = ()


@settings(deadline=None)  # a busy machine is no failure
@given(st.text(alphabet="".join(KEYS)))
def test_keys_make_a_number(keys: str) -> None:
    model = DialModel(_Nobody())  # type: ignore[arg-type]

    async def press() -> None:
        for key in keys:
            await model.press(key)

    asyncio.run(press())
    assert model.number == keys
    assert len(KEYS) == 12
    assert set(LETTERS) < set(KEYS)


async def test_what_is_no_key_is_refused() -> None:
    model = DialModel(_Nobody())  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="not on a telephone"):
        await model.press("A")


async def test_dial_and_redial() -> None:
    async with office() as one:
        pbx = await one.connect()
        line = pbx.line(ALICE)
        model = DialModel(line, pause=0)
        line.subscribe(model.handle)
        with pytest.raises(InvalidInput, match="nothing was dialled yet"):
            await model.redial()
        with pytest.raises(InvalidInput, match="missing"):
            await model.dial()
        model.number = "12a"
        with pytest.raises(InvalidInput, match="cannot be dialled"):
            await model.dial()
        assert model.number == "12a", "it can be mended"
        assert model.last is None
        model.number = BOB
        call = await model.dial()
        assert call is not None
        assert (model.number, model.last) == ("", BOB)
        await call.hang_up()
        await sees(lambda: not line.calls)
        again = await model.redial()
        assert again is not None
        await sees(lambda: pbx.line(BOB).calls)
        model.close()


async def test_what_a_telephone_dialled_can_be_dialled_again() -> None:
    async with office() as one:
        pbx = await one.connect()
        model = DialModel(pbx.line(ALICE))
        pbx.line(ALICE).subscribe(model.handle)
        one.switch.make_call("oxe1000", "1000", "1002", auto_answer=True)
        await sees(lambda: model.last == "1002")
        model.close()


async def test_the_policy_is_shown_while_typing_and_enforced() -> None:
    async with office() as one:
        pbx = await one.connect(dial_policy=DialPolicy(denied=("0900*",)))
        model = DialModel(pbx.line(ALICE), pause=0)
        model.number = "0900 555"
        assert "denied by the dial policy" in model.hint
        with pytest.raises(PolicyViolation):
            await model.dial()
        assert not one.switch.calls
        model.close()


async def test_names_are_found_in_the_directory() -> None:
    async with office(switch=SwitchSettings(directory_pause=0.001)) as one:
        pbx = await one.connect()
        line = pbx.line(ALICE)
        model = DialModel(line, pause=0)

        async def typed(text: str) -> None:
            model.number = text
            await turns(one, lambda: not model.directory.searching)

        await typed("Kel")
        assert [(one.name, one.number) for one in model.choices] == [("Bob Keller", BOB)]
        await typed("100")
        assert len(model.choices) == 4
        await typed(BOB)
        assert model.name == "Bob Keller"
        assert model.choices == ()
        assert model.hint == "Bob Keller"
        await typed("Nobody At All")
        assert model.hint == "No one was found."
        with pytest.raises(InvalidInput, match="matches no name in the directory"):
            await model.dial()
        await typed("Keller")
        call = await model.dial()
        assert call is not None
        assert model.last == BOB
        model.close()


async def test_one_number_is_one_person_however_it_is_written() -> None:
    async with office() as one:
        pbx = await one.connect(dial_policy=DialPolicy(denied=("+49900*",)), number_plan={"country": "DE"})
        pbx.contacts.add("+1 555 0101", "Grace Hopper")
        model = DialModel(pbx.line(ALICE), pause=0)
        for typed in ("0015550101", "+1 (555) 01 01", "tel:+1-555-0101"):
            model.number = typed
            assert model.name == "Grace Hopper"
        assert "denied" in model.forbidden("+49 (0) 900 123456")
        assert "denied" in model.forbidden("0900 123456")
        model.close()


async def test_tones_go_out_in_order_and_only_while_a_call_takes_them() -> None:
    async with office() as one:
        pbx = await one.connect()
        line = pbx.line(ALICE)
        model = DialModel(line, pause=0)
        line.subscribe(model.handle)
        assert not model.tones
        with pytest.raises(InvalidInput, match="no call takes them"):
            await model.send_tones("1")
        model.number = BOB
        await model.dial()
        assert not model.tones
        ref = await answered(one, pbx)
        assert model.tones
        await asyncio.gather(*(model.press(key) for key in "123#"))
        assert "".join(digits for _, digits in one.switch.calls[ref].dtmf) == "123#"
        assert (model.sent, model.number) == ("123#", "")
        assert model.hint == "The keys send tones: 123#"
        with pytest.raises(InvalidInput, match="X cannot be sent"):
            await model.send_tones("x")
        model.tones = False
        await model.press("1")
        assert model.number == "1"
        await line.calls[0].hang_up()
        await sees(lambda: not line.calls)
        assert not model.tones_possible
        model.close()


# ----------------------------------------------------------------------------------------------------------- the widget


class Hands:
    def __init__(self, one: Office, pbx: Pbx) -> None:
        self.office = one
        self.switch = one.switch
        self.pbx = pbx
        self.line = pbx.line(ALICE)
        self.pad = DialPad(self.line, pause=0)

    def press(self, keys: str) -> None:
        for key in keys:
            self.pad._keys[key].click()

    def type(self, text: str) -> None:
        self.pad._field.value = text


@pytest.fixture
async def hands() -> AsyncIterator[Hands]:
    async with connected_office() as (one, pbx):
        found = Hands(one, pbx)
        yield found
        found.pad.close()


async def test_the_keys_dial(hands: Hands) -> None:
    pad = hands.pad
    assert "1000 Alice Martin" in pad._title.value
    assert [button.description for button in pad._keys.values()] == list(KEYS)
    hands.press(BOB)
    await sees(lambda: pad._field.value == BOB)
    pad._dial.click()
    await sees(lambda: hands.pbx.line(BOB).state is LineState.RINGING_INCOMING)
    await sees(lambda: pad._field.value == "")
    assert pad._redial.description == f"Redial {BOB}"
    assert problem(pad) == ""


async def test_the_keyboard_dials(hands: Hands) -> None:
    hands.type("1002")
    enter(hands.pad._field)
    await sees(lambda: hands.pbx.line("1002").state is LineState.RINGING_INCOMING)
    await sees(lambda: hands.pad._field.value == "")


@pytest.mark.parametrize("how", ["click", "enter"])
async def test_what_was_typed_last_is_dialled(hands: Hands, how: str) -> None:
    """Before the loop had its next turn."""
    for text in ("1", "10", "100", "1002"):
        hands.pad._field.typed("typed", text)
    if how == "enter":
        enter(hands.pad._field)
    else:
        hands.pad._dial.click()
    await sees(lambda: hands.pbx.line("1002").state is LineState.RINGING_INCOMING)
    assert problem(hands.pad) == ""


async def test_redial_and_delete(hands: Hands) -> None:
    pad = hands.pad
    assert pad._redial.disabled
    assert pad._delete.disabled
    hands.type("10011")
    await sees(lambda: not pad._delete.disabled)
    pad._delete.click()
    await sees(lambda: pad._field.value == BOB)
    pad._dial.click()
    await sees(lambda: hands.line.calls and not pad._dial.disabled)
    await hands.line.calls[0].hang_up()
    await sees(lambda: not hands.line.calls)
    assert not pad._redial.disabled
    pad._redial.click()
    await sees(lambda: hands.pbx.line(BOB).calls)


async def test_names_are_completed(hands: Hands) -> None:
    pad = hands.pad
    assert not there(pad._matches)
    hands.type("Ke")
    await turns(hands.office, lambda: there(pad._matches))
    assert pad._matches.options == ((f"{BOB}  Bob Keller", BOB),)
    assert pad._matches.index is None
    pad._matches.value = BOB
    await sees(lambda: pad._field.value == BOB)
    await turns(hands.office, lambda: "Bob Keller" in pad._hint.value)
    assert not there(pad._matches)
    pad._dial.click()
    await sees(lambda: hands.pbx.line(BOB).calls)


async def test_during_a_call_the_same_keys_send_tones_and_say_so(hands: Hands) -> None:
    pad = hands.pad
    assert not there(pad._tones)
    hands.type(BOB)
    pad._dial.click()
    ref = await answered(hands.office, hands.pbx)
    await sees(lambda: pad._tones.value)
    assert there(pad._tones)
    assert "The keys send tones." in pad._hint.value
    assert pad._field.description == "Tones"
    assert pad._keys["5"].tooltip == "Send the tone 5"
    assert "pbx-sends-tones" in pad._dom_classes
    assert pad._dial.disabled

    def sent() -> str:
        return "".join(digits for _, digits in hands.switch.calls[ref].dtmf)

    hands.press("12")
    await sees(lambda: sent() == "12")
    hands.type("3")
    hands.type("34#")
    await sees(lambda: sent() == "1234#")
    await sees(lambda: "1234#" in pad._hint.value)
    hands.type("34")
    hands.type("345")
    await sees(lambda: sent() == "1234#5")
    enter(pad._field)
    pad._tones.value = False
    await sees(lambda: pad._field.description == "Number")
    assert pad._field.value == ""
    hands.type("1002")
    pad._dial.click()
    await sees(lambda: hands.pbx.line("1002").state is LineState.RINGING_INCOMING)
    assert sent() == "1234#5"
    assert problem(pad) == ""


async def test_after_the_call_it_dials_again(hands: Hands) -> None:
    hands.type(BOB)
    hands.pad._dial.click()
    await answered(hands.office, hands.pbx)
    await sees(lambda: hands.pad._tones.value)
    await hands.line.calls[0].hang_up()
    await sees(lambda: hands.pad._field.description == "Number")
    assert not there(hands.pad._tones)
    assert "pbx-sends-tones" not in hands.pad._dom_classes
    assert not hands.pad._dial.disabled


@pytest.mark.parametrize(
    ("number", "words"),
    [("12a", "cannot be dialled"), ("", "it is missing"), ("0900555", "denied by the dial policy")],
)
async def test_errors_are_clear_and_nothing_is_sent(number: str, words: str) -> None:
    async with connected_office() as (one, _):
        pbx = await one.connect(dial_policy=DialPolicy(denied=("0900*",)))
        hands = Hands(one, pbx)
        hands.type(number)
        hands.pad._dial.click()
        await sees(lambda: words in problem(hands.pad))
        assert not one.switch.calls
        assert hands.pad._field.value == number
        hands.type("1")
        await sees(lambda: problem(hands.pad) == "")
        hands.pad.close()


async def test_a_device_can_be_chosen() -> None:
    people = (
        UserSpec(login="oxe1000", number="1000", devices=(DeviceSpec(id="1000"), DeviceSpec(id="1010"))),
        UserSpec(login="oxe1001", number="1001"),
    )
    async with connected_office(users=people) as (one, pbx):
        hands = Hands(one, pbx)
        assert there(hands.pad._device)
        assert [value for _, value in hands.pad._device.options] == [None, "1000", "1010"]
        hands.pad._device.value = "1010"
        hands.type(BOB)
        hands.pad._dial.click()
        await sees(lambda: hands.line.calls)
        assert [leg.device for leg in hands.line.calls[0].legs] == ["1010"]
        hands.pad.close()


async def test_the_own_telephone_may_ring_first(hands: Hands) -> None:
    hands.pad._ring_first.value = True
    hands.type(BOB)
    hands.pad._dial.click()
    await sees(lambda: hands.line.calls)
    assert not hands.pbx.line(BOB).calls


async def test_picking_up_and_taking_back(hands: Hands) -> None:
    hands.switch.make_call("oxe1002", "1002", BOB, auto_answer=True)
    await sees(lambda: hands.pbx.line(BOB).state is LineState.RINGING_INCOMING)
    hands.type(BOB)
    hands.pad._pick_up.click()
    await sees(lambda: hands.line.state is LineState.ACTIVE)
    await hands.line.calls[0].park()
    await sees(lambda: there(hands.pad._unpark) and not hands.line.calls)
    hands.pad._unpark.click()
    await sees(lambda: hands.line.state is LineState.ACTIVE)
    assert problem(hands.pad) == ""


async def test_keys_may_be_pressed_in_another_thread(hands: Hands) -> None:
    thread = threading.Thread(target=lambda: hands.press("1002"))
    thread.start()
    await asyncio.to_thread(thread.join)
    await sees(lambda: hands.pad._field.value == "1002")


async def test_what_the_line_cannot_do_is_named() -> None:
    people = (UserSpec(login="oxe1000", number="1000", licences=frozenset({"TELEPHONY_BASIC"})),)
    async with connected_office(users=people) as (one, pbx):
        hands = Hands(one, pbx)
        assert there(hands.pad._absent)
        assert "tones" in hands.pad._absent.value
        assert not there(hands.pad._pick_up)
        hands.pad.close()


async def test_every_control_has_a_name(hands: Hands) -> None:
    pad = hands.pad
    for box in (pad._field, pad._matches, pad._device, pad._tones, pad._ring_first):
        assert box.description
    for button in (*pad._keys.values(), pad._dial, pad._redial, pad._delete, pad._pick_up, pad._unpark):
        assert button.description
        assert button.tooltip


async def test_close_leaves_nothing() -> None:
    async with connected_office() as (one, pbx):
        before: Any = widgets()
        hands = Hands(one, pbx)
        assert len(widgets()) > len(before) + 20
        hands.type("Ke")
        await asyncio.sleep(0)
        hands.pad.close()
        hands.pad.close()
        assert widgets() == before
        assert not hands.pad.model.directory.searching
        assert hands.pad.to_html()
