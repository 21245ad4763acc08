"""What people give a handle by a slip of the hand is told in a sentence, before anything is sent."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest

import aiopbx
from aiopbx import Call, InvalidInput, Line, Pbx, UnknownLine
from aiopbx.http.tap import WireMessage
from tests.aiopbx.office import Opened

Slip = Callable[[Pbx, Any, Any], Awaitable[object]]

SLIPS: dict[str, tuple[Slip, str]] = {
    "text for a state": (
        lambda pbx, line, call: call.wait_for("active"),
        r"^what: 'active' is a text\. Write CallState\.ACTIVE\.$",
    ),
    "text for an outcome": (lambda pbx, line, call: call.wait_for("Missed"), r"Write Outcome\.MISSED\.$"),
    "text for both": (
        lambda pbx, line, call: call.wait_for("unknown"),
        r"Write CallState\.UNKNOWN or Outcome\.UNKNOWN\.$",
    ),
    "no state": (
        lambda pbx, line, call: call.wait_for("talking"),
        r"^what: there is no such choice\. Choose one of CallState\.DIALING",
    ),
    "nothing to wait for": (
        lambda pbx, line, call: call.wait_for(None),
        r"^what: it is missing\. Give one of CallState",
    ),
    "a number to wait for": (lambda pbx, line, call: call.wait_for(5), r"^what: this is an int\. Give .*a function\.$"),
    "a state of a line's call": (lambda pbx, line, call: line.wait_for_call("held"), r"Write CallState\.HELD\.$"),
    "a status": (
        lambda pbx, line, call: pbx.wait_status("online"),
        r"^status: 'online' is a text\. Write Status\.ONLINE\.$",
    ),
    "seconds as text": (
        lambda pbx, line, call: call.wait_for(aiopbx.CallState.HELD, timeout="5"),
        r"^timeout: this is a str\. Give a number\.$",
    ),
    "a number that Python counts with": (
        lambda pbx, line, call: line.dial(1002),
        r'^number: this is a number, not a text\. Write "1002"\.$',
    ),
    "a line to dial": (
        lambda pbx, line, call: line.dial(line),
        r"^number: this is a Line, not a text\. Write \.number after it\.$",
    ),
    "an option of dialling": (
        lambda pbx, line, call: line.dial("1002", auto_answer="no"),
        r"^auto_answer: this is a str\. Give True or False\.$",
    ),
    "a switch in words": (
        lambda pbx, line, call: line.set_do_not_disturb("off"),
        r"^on: this is a str\. Give True or False\.$",
    ),
    "a call to transfer to": (lambda pbx, line, call: call.transfer("1002"), r"^to: this is a str\. Give a Call\.$"),
    "a condition": (lambda pbx, line, call: line.set_forward("1002", condition="busy"), r"Write Condition\.BUSY\.$"),
    "an await forgotten": (
        lambda pbx, line, call: call.transfer(line.dial("1002")),
        r"^to: this is a coroutine.* Write await before it\.$",
    ),
    "a device": (lambda pbx, line, call: call.answer(1000), r'Write "1000"\.$'),
    "a password": (
        lambda pbx, line, call: line.mailbox(password=4711),
        r"^password: this is a number, not a text\. Write it in quotes\.$",
    ),
}


async def test_each_is_told_and_nothing_is_sent(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        line = pbx.line("1000")
        call = await line.dial("1001")
        assert call is not None
        sent: list[WireMessage] = []
        stop = pbx.wire(sent.append)
        for name, (slip, words) in SLIPS.items():
            with pytest.raises(InvalidInput, match=words):
                await slip(pbx, line, call)
            assert not [message for message in sent if message.sent], name
        stop()


async def test_what_fits_is_let_through(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        line = pbx.line("1000")
        call = await line.dial("1001", auto_answer=True, device=None, timeout=5)
        assert call is not None
        assert (await call.wait_for(lambda now: not now.ended, timeout=5)).id == call.id
        await call.hang_up()
        assert (await call.wait_for(aiopbx.Outcome.CANCELLED, timeout=5)).ended
        await line.set_do_not_disturb(on=True)


async def test_a_line_is_asked_for_by_text(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        with pytest.raises(UnknownLine, match=r'1000 is a number, and lines go by text\. Write pbx\.line\("1000"\)\.'):
            pbx.line(cast("str", 1000))
        with pytest.raises(UnknownLine, match=r'Write pbx\.line\("1000"\)'):
            pbx.lines[cast("str", 1000)]


@pytest.mark.parametrize("handle", [Call, Line], ids=lambda handle: handle.__name__)
def test_every_parameter_of_these_handles_is_looked_at(handle: type) -> None:
    from aiopbx.slips import _kinds

    unknown = []
    for name, method in inspect.getmembers(handle, inspect.iscoroutinefunction):
        if not name.startswith("_"):
            inner = inspect.unwrap(method)
            unknown += [f"{name}({parameter})" for parameter, (_, kinds) in _kinds(inner).items() if not kinds]
    assert unknown == []
