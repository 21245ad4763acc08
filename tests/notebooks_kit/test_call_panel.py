"""The calls of a line as a widget: buttons are clicked, and a simulated office answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from aiopbx import LineState, Pbx, Recording, Status
from aiopbx.simulator import DeviceSpec, UserSpec
from notebooks_kit import CallPanel
from notebooks_kit.models.calls import OPERATIONS, CallsModel
from tests.aiopbx.office import Office

from .view_helpers import ALICE, BOB, connected_office, enter, hurry, problem, ringing, sees, there, widgets


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(monkeypatch)


class Hands:
    """The panel of Alice, and what one can do with it."""

    def __init__(self, one: Office, pbx: Pbx, **options: Any) -> None:
        self.office = one
        self.switch = one.switch
        self.pbx = pbx
        self.line = pbx.line(ALICE)
        self.panel = CallPanel(self.line, **options)

    def row(self, index: int = 0) -> Any:
        return self.panel._rows[self.panel.model.rows[index].call]

    def text(self, index: int = 0) -> str:
        return str(self.row(index)._head.value)

    def buttons(self, index: int = 0) -> set[str]:
        """What a page shows."""
        row = self.row(index)
        if not there(row._button_box):
            return set()
        return {name for name, button in row._buttons.items() if there(button)}

    def click(self, name: str, index: int = 0) -> None:
        button = self.row(index)._buttons[name]
        assert there(button), f"{name} is not shown, but {self.buttons(index)}"
        assert not button.disabled
        button.click()

    def fill(self, name: str, value: str, index: int = 0) -> None:
        """Click, fill in what is asked for, and send it."""
        self.click(name, index)
        row = self.row(index)
        assert there(row._form)
        assert there(row._text)
        row._text.value = value
        row._go.click()

    async def rung(self, caller: str = BOB) -> str:
        """Somebody calls Alice; the reference of the call."""
        call = self.switch.make_call(f"oxe{caller}", caller, ALICE, auto_answer=True)
        await sees(lambda: self.panel.model.rows and "answer" in self.buttons())
        return call.ref

    async def talking(self) -> str:
        ref = await self.rung()
        self.click("answer")
        await sees(lambda: "hold" in self.buttons())
        return ref

    async def consulting(self) -> None:
        """Alice has Bob on hold, and talks with Carol."""
        await self.talking()
        self.fill("consult", "1002")
        await sees(lambda: len(self.panel.model.rows) == 2)
        self.switch.answer("oxe1002", self.line.calls[1].ref, "1002")
        await sees(lambda: "merge" in self.buttons(0) | self.buttons(1))


@pytest.fixture
async def hands() -> AsyncIterator[Hands]:
    async with connected_office() as (one, pbx):
        found = Hands(one, pbx)
        yield found
        found.panel.close()


async def test_nothing_happens(hands: Hands) -> None:
    assert there(hands.panel._none)
    assert "No calls" in hands.panel._none.value
    assert "1000 Alice Martin" in hands.panel._title.value
    assert hands.panel._body.children == ()


async def test_answer_hold_retrieve_and_hang_up(hands: Hands) -> None:
    ref = await hands.rung()
    assert not there(hands.panel._none)
    assert "Bob Keller (1001)" in hands.text()
    assert "ringing incoming" in hands.text()
    assert "pbx-ringing_incoming" in hands.row().box._dom_classes
    assert hands.buttons() == {"answer", "hang_up", "redirect", "redirect_to_voicemail", "redirect_to_dva", "end"}
    box, row = hands.row().box, hands.row()
    widgets_of_it = len(widgets())
    hands.click("answer")
    await sees(lambda: "hold" in hands.buttons())
    assert ref in hands.switch.calls
    assert hands.line.state is LineState.ACTIVE
    assert "answer" not in hands.buttons()
    hands.click("hold")
    await sees(lambda: "retrieve" in hands.buttons())
    assert "held" in hands.text()
    assert hands.line.state is LineState.HELD
    hands.click("retrieve")
    await sees(lambda: "hold" in hands.buttons())
    hands.click("hang_up")
    await sees(lambda: hands.buttons() == set())
    assert not hands.switch.calls
    assert "ended" in hands.text()
    assert "pbx-ended" in box._dom_classes
    assert "pbx-active" not in box._dom_classes
    assert hands.row() is row
    assert hands.panel._body.children == (box,), "a row was made anew"
    assert len(widgets()) == widgets_of_it
    assert problem(hands.panel) == ""


async def test_the_buttons_are_the_actions_all_the_way(hands: Hands) -> None:
    """Whatever happens, the page shows what the call offers."""

    def right() -> bool:
        offered = {action.value for call in hands.line.calls for action in call.actions}
        by_name = {one.name: one.offered_by.value for one in OPERATIONS}
        rows = range(len(hands.panel.model.rows))
        shown = {by_name[name] for index in rows for name in hands.buttons(index)}
        return shown - {"associated_data"} == offered - {"pick_up"}

    await hands.rung()
    await sees(right)
    hands.click("answer")
    await sees(lambda: "hold" in hands.buttons() and right())
    hands.fill("consult", "1002")
    await sees(lambda: len(hands.line.calls) == 2 and right())
    hands.switch.answer("oxe1002", hands.line.calls[1].ref, "1002")
    await sees(lambda: hands.line.calls[1].state == "active" and right())
    assert {"transfer", "merge"} <= hands.buttons(0) | hands.buttons(1)


async def test_consult_and_transfer(hands: Hands) -> None:
    await hands.consulting()
    index = 0 if "transfer" in hands.buttons(0) else 1
    hands.click("transfer", index)
    await sees(lambda: not hands.line.calls)
    await sees(lambda: all(row.ended for row in hands.panel.model.rows))
    assert "transferred" in hands.text(0)
    await sees(lambda: [str(call.party) for call in hands.pbx.line("1001").calls] == ["Carol Diaz (1002)"])


async def test_consult_swap_and_back(hands: Hands) -> None:
    await hands.consulting()
    index = 0 if "alternate" in hands.buttons(0) else 1
    hands.click("alternate", index)
    await sees(lambda: hands.line.calls[0].state == "active")
    await sees(lambda: "reconnect" in hands.buttons(1))
    hands.click("reconnect", 1)
    await sees(lambda: len(hands.line.calls) == 1)
    assert hands.line.calls[0].party.number == "1002"  # type: ignore[union-attr]


async def test_conference_and_dropping_a_party(hands: Hands) -> None:
    await hands.consulting()
    index = 0 if "merge" in hands.buttons(0) else 1
    hands.click("merge", index)
    await sees(lambda: "conference of 3" in hands.text(0))
    assert "joined with another call" in hands.text(1)
    hands.click("drop_participant")
    row = hands.row()
    assert there(row._list)
    assert not there(row._text)
    assert {label for label, _ in row._list.options} == {"Bob Keller (1001)", "Carol Diaz (1002)"}
    row._list.value = next(value for label, value in row._list.options if "Carol" in label)
    row._go.click()
    await sees(lambda: "conference" not in hands.text(0))
    assert "Bob Keller" in hands.text(0)
    assert not there(row._form)


async def test_redirecting_a_ringing_call(hands: Hands) -> None:
    await hands.rung()
    hands.fill("redirect", "1003")
    await sees(lambda: "forwarded" in hands.text())
    assert "sent to 1003" in hands.text()
    await ringing(hands.pbx.line("1003"))


async def test_to_the_voicemail(hands: Hands) -> None:
    await hands.rung()
    hands.click("redirect_to_voicemail")
    await sees(lambda: "forwarded" in hands.text())


async def test_blind_transfer_by_the_enter_key(hands: Hands) -> None:
    await hands.talking()
    hands.click("blind_transfer")
    hands.row()._text.value = "1003"
    enter(hands.row()._text)
    await sees(lambda: "transferred" in hands.text())


async def test_park(hands: Hands) -> None:
    await hands.talking()
    hands.click("park")
    await sees(lambda: "parked" in hands.text())


async def test_tones_and_data(hands: Hands) -> None:
    ref = await hands.talking()
    hands.fill("send_dtmf", "12#")
    await sees(lambda: hands.switch.calls[ref].dtmf == [("oxe1000", "12#")])
    await sees(lambda: hands.row()._text.value == "")
    assert there(hands.row()._form), "more tones may follow"
    hands.row()._stop.click()
    assert not there(hands.row()._form)
    hands.fill("attach_data", "order 7")
    await sees(lambda: "data: order 7" in hands.text())
    assert not there(hands.row()._form)


async def test_recording(hands: Hands) -> None:
    await hands.talking()
    assert "stop_recording" not in hands.buttons()
    hands.click("start_recording")
    await sees(lambda: {"pause_recording", "stop_recording"} <= hands.buttons())
    assert "being recorded" in hands.text()
    assert "start_recording" not in hands.buttons()
    hands.click("pause_recording")
    await sees(lambda: "resume_recording" in hands.buttons())
    assert hands.line.calls[0].recording is Recording.PAUSED
    hands.click("resume_recording")
    await sees(lambda: "pause_recording" in hands.buttons())
    hands.click("stop_recording")
    await sees(lambda: "start_recording" in hands.buttons())


async def test_an_outgoing_call_without_an_answer(hands: Hands) -> None:
    await hands.line.dial("1001")
    await sees(lambda: hands.panel.model.rows and "call_back" in hands.buttons())
    hands.click("call_back")
    await sees(lambda: hands.pbx.line("1001").counters.callback_requests == 1)
    hands.click("hang_up")
    await sees(lambda: "cancelled" in hands.text())


async def test_switching_the_device() -> None:
    people = (
        UserSpec(login="oxe1000", number="1000", devices=(DeviceSpec(id="1000"), DeviceSpec(id="1010"))),
        UserSpec(login="oxe1001", number="1001"),
    )
    async with connected_office(users=people) as (one, pbx):
        hands = Hands(one, pbx)
        call = one.switch.make_call("oxe1001", "1001", "1000", auto_answer=True)
        await sees(lambda: hands.panel.model.rows and "answer_on" in hands.buttons())
        hands.click("answer_on")
        row = hands.row()
        assert [value for _, value in row._list.options] == ["1000", "1010"]
        row._list.value = "1010"
        row._go.click()
        await sees(lambda: "switch_device" in hands.buttons())
        assert [leg.device for leg in hands.line.calls[0].legs] == ["1010"]
        hands.click("switch_device")
        assert [value for _, value in row._list.options] == ["1000"]
        row._go.click()
        await sees(lambda: [leg.device for leg in hands.line.calls[0].legs] == ["1000"])
        one.switch.release("oxe1001", call.ref)
        await sees(lambda: not hands.buttons())
        hands.panel.close()


async def test_what_is_refused_is_said_on_top(hands: Hands) -> None:
    await hands.talking()
    hands.fill("blind_transfer", "not a number")
    await sees(lambda: "cannot be dialled" in problem(hands.panel))
    assert 'role="alert"' in problem(hands.panel)
    assert there(hands.row()._form), "it can be mended"
    hands.row()._text.value = "4242"
    hands.row()._go.click()
    await sees(lambda: "4242" in problem(hands.panel) or "DESTINATION" in problem(hands.panel))
    hands.row()._text.value = ""
    hands.row()._go.click()
    await sees(lambda: "it is missing" in problem(hands.panel))
    hands.row()._text.value = "1003"
    hands.row()._go.click()
    await sees(lambda: "transferred" in hands.text())
    assert problem(hands.panel) == ""


async def test_a_form_goes_with_its_button(hands: Hands) -> None:
    ref = await hands.rung()
    hands.click("redirect")
    assert there(hands.row()._form)
    hands.switch.release("oxe1001", ref)
    await sees(lambda: "missed" in hands.text())
    assert not there(hands.row()._form)


async def test_two_clicks_are_one_while_it_is_done(hands: Hands) -> None:
    await hands.talking()
    button = hands.row()._buttons["hold"]
    button.click()
    assert button.disabled
    button.click()
    await sees(lambda: "retrieve" in hands.buttons())
    await sees(lambda: not button.disabled)
    assert problem(hands.panel) == ""


async def test_the_timer_runs_and_stops() -> None:
    ahead = timedelta(0)
    async with connected_office() as (one, pbx):
        real = CallsModel(pbx.line(ALICE)).clock
        hands = Hands(one, pbx, clock=lambda: real() + ahead)
        await hands.talking()
        hands.panel._tick()
        assert ">00:00<" in hands.row()._timer.value
        ahead = timedelta(seconds=83)
        hands.panel._tick()
        assert ">01:23<" in hands.row()._timer.value
        assert 'role="timer"' in hands.row()._timer.value
        hands.click("hang_up")
        await sees(lambda: "ended" in hands.text())
        stopped = hands.row()._timer.value
        ahead = timedelta(seconds=100)
        hands.panel._tick()
        assert hands.row()._timer.value == stopped
        ahead = timedelta(seconds=200)
        hands.panel._tick()
        await sees(lambda: there(hands.panel._none))
        assert hands.panel._body.children == ()
        hands.panel.close()


async def test_a_row_that_goes_leaves_nothing() -> None:
    async with connected_office() as (one, pbx):
        hands = Hands(one, pbx, linger=0.0)
        before = widgets()
        for _ in range(3):
            ref = await hands.rung()
            assert widgets() > before
            one.switch.release("oxe1001", ref)
            await sees(lambda: there(hands.panel._none))
            assert widgets() == before
        hands.panel.close()


async def test_offline_the_buttons_go_and_come_back(hands: Hands) -> None:
    await hands.talking()
    row = hands.row()
    await hands.office.simulator.stop(abrupt=True)
    await sees(lambda: "pbx-stale" in hands.panel._dom_classes)
    assert "offline" in hands.panel._title.value
    assert hands.buttons() == set()
    await hands.office.simulator.start()
    await hands.pbx.wait_status(Status.ONLINE, timeout=30)
    await sees(lambda: "hold" in hands.buttons())
    assert hands.row() is row
    assert "pbx-stale" not in hands.panel._dom_classes


async def test_a_caller_chooses_his_name_but_not_our_page() -> None:
    evil = '<img src=x onerror="alert(1)">'
    people = (
        UserSpec(login="oxe1000", number="1000"),
        UserSpec(login="oxe1001", number="1001", last_name=evil),
    )
    async with connected_office(users=people) as (one, pbx):
        hands = Hands(one, pbx)
        await hands.rung()
        for text in (hands.text(), hands.panel.to_html()):
            assert "<img" not in text
            assert "&lt;img" in text
        hands.panel.close()


async def test_a_page_without_widgets_gets_a_table(hands: Hands) -> None:
    await hands.rung()
    bundle = hands.panel._repr_mimebundle_()
    assert "<td>Bob Keller (1001)</td><td>ringing incoming</td>" in bundle["text/html"]
    assert "Answer, Hang up, Redirect …" in bundle["text/html"]
    assert bundle["text/plain"] == "CallPanel of 1000: 1 calls"


async def test_close_in_the_middle_of_it_leaves_nothing() -> None:
    async with connected_office() as (one, pbx):
        before = widgets()
        hands = Hands(one, pbx)
        await hands.talking()
        hands.click("blind_transfer")
        hands.click("hold")
        hands.panel.close()
        hands.panel.close()
        assert widgets() == before
        await asyncio.sleep(0)
        one.switch.release("oxe1001", next(iter(one.switch.calls)))
        await one.caught_up(pbx)
        assert widgets() == before


async def test_every_control_has_a_name(hands: Hands) -> None:
    await hands.rung()
    row = hands.row()
    for button in (*row._buttons.values(), row._stop):
        assert button.description
        assert button.tooltip
    hands.click("redirect")
    assert row._text.description == "Number"
    assert row._go.description == "Redirect"
    assert 'role="group" aria-label="Call from Bob Keller (1001): ringing incoming"' in hands.text()


async def test_of_several_calls_each_button_says_which(hands: Hands) -> None:
    await hands.talking()
    assert hands.row()._buttons["hold"].description == "Hold"
    hands.fill("consult", "1002")
    await sees(lambda: len(hands.panel.model.rows) == 2)

    def names() -> list[str]:
        rows = range(len(hands.panel.model.rows))
        return [hands.row(index)._buttons[name].description for index in rows for name in hands.buttons(index)]

    await sees(lambda: len(names()) > 3 and len(set(names())) == len(names()))
    assert there(hands.row(1)._mark)
    assert ">2<" in hands.row(1)._mark.value
    hands.click("hang_up", 1)
    await sees(lambda: "retrieve" in hands.buttons())
    assert hands.row()._buttons["retrieve"].description == "Retrieve"
    assert not there(hands.row()._mark)


async def test_one_form_at_a_time(hands: Hands) -> None:
    await hands.consulting()
    hands.click("attach_data", 0)
    assert there(hands.row(0)._form)
    hands.click("send_dtmf", 1)
    await sees(lambda: there(hands.row(1)._form))
    assert not there(hands.row(0)._form)
