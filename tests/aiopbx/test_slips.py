"""What people give a handle by a slip of the hand is told in a sentence, before anything is sent."""

import inspect
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest

import aiopbx
from aiopbx import Call, InvalidInput, Line, Pbx, UnknownCall, UnknownLine
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
        assert (await call.wait_for(lambda now: not now.ended, timeout=30)).id == call.id
        await call.hang_up()
        assert (await call.wait_for(aiopbx.Outcome.CANCELLED, timeout=30)).ended
        await line.set_do_not_disturb(on=True)


async def test_a_line_is_asked_for_by_text(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        with pytest.raises(UnknownLine, match=r'1000 is a number, and lines go by text\. Write pbx\.line\("1000"\)\.'):
            pbx.line(cast("str", 1000))
        with pytest.raises(UnknownLine, match=r'Write pbx\.line\("1000"\)'):
            pbx.lines[cast("str", 1000)]


PLAIN: dict[str, tuple[Callable[[Any, Any, Any], object], str]] = {
    "no callback": (lambda pbx, line, call: pbx.subscribe(None), r"^callback: it is missing\. Give a function\.$"),
    "a line that Python counts with": (
        lambda pbx, line, call: pbx.subscribe(print, line=1000),
        r'^line: this is a number, not a text\. Write "1000"\.$',
    ),
    "a call for a line": (
        lambda pbx, line, call: pbx.events(line=call),
        r"^line: this is a Call\. Give a text or a Line",
    ),
    "a kind in quotes": (
        lambda pbx, line, call: pbx.subscribe(print, kind="CallEnded"),
        r"^kind: 'CallEnded' is a text, not a class\. Write CallEnded, without quotes\.$",
    ),
    "another class": (
        lambda pbx, line, call: pbx.events(kind=aiopbx.CallState),
        r"^kind: CallState is no class of event\. Choose of StatusChanged, .*CallEnded",
    ),
    "a kind in a pair": (
        lambda pbx, line, call: line.subscribe(print, kind=(aiopbx.CallEnded, "CallStarted")),
        r"^kind: 'CallStarted' is no class of event\.",
    ),
    "kinds in a list": (
        lambda pbx, line, call: line.subscribe(print, kind=[aiopbx.CallEnded]),
        r"^kind: this is a list\. Give a class or several in round brackets\.$",
    ),
    "a size in words": (lambda pbx, line, call: pbx.events(size="10"), r"^size: this is a str\. Give a number\.$"),
    "no listener of the wire": (
        lambda pbx, line, call: pbx.wire("x"),
        r"^callback: this is a str\. Give a function\.$",
    ),
    "no file": (lambda pbx, line, call: pbx.record(7), r"^path: this is a number, not a text\. Write \"7\"\.$"),
    "a direction": (lambda pbx, line, call: line.call_log(direction="incoming"), r"Write Direction\.INCOMING\.$"),
    "a time in words": (
        lambda pbx, line, call: line.call_log(after="yesterday"),
        r"^after: this is a str\. Give a datetime\.$",
    ),
    "a party by its snapshot": (
        lambda pbx, line, call: line.call_log(party=call.party),
        r"^party: this is a Party, not a text\. Write \.number after it\.$",
    ),
    "a mailbox": (lambda pbx, line, call: line.voicemails(mailbox=1), r'Write "1"\.$'),
    "a device": (lambda pbx, line, call: line.device(1000), r'Write "1000"\.$'),
    "what to search": (lambda pbx, line, call: pbx.directory(1000), r"^what: this is a number, not a text\."),
    "whom to search for": (lambda pbx, line, call: pbx.directory("Ma", line=1000), r'^line: .*Write "1000"\.$'),
    "one file of charges": (
        lambda pbx, line, call: pbx.charging(files="TAXA.DAT"),
        r'^files: this is one text, not a list\. Write \["TAXA.DAT"\]\.$',
    ),
    "a day in words": (lambda pbx, line, call: pbx.charging("2026-01-31"), r"^first: this is a str\. Give a date\.$"),
    "whose figures": (
        lambda pbx, line, call: pbx.call_centre.statistics("me", agents="2000"),
        r"^agents: this is one text, not a list\.",
    ),
    "no callback for figures": (lambda pbx, line, call: pbx.call_centre.queues.subscribe(5), r"^callback: "),
    "a pilot": (lambda pbx, line, call: pbx.pilots.subscribe(print, pilot=2000), r'^pilot: .*Write "2000"\.$'),
}


async def test_plain_methods_tell_slips_too(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        line = pbx.line("1000")
        call = await line.dial("1001")
        assert call is not None
        sent: list[WireMessage] = []
        stop = pbx.wire(sent.append)
        before = len(pbx._core.store.subscribers._everywhere)
        for name, (slip, words) in PLAIN.items():
            with pytest.raises(InvalidInput, match=words):
                slip(pbx, line, call)
            assert not [message for message in sent if message.sent], name
        stop()
        assert len(pbx._core.store.subscribers._everywhere) == before, "what was told has left a subscription"
        events = pbx.events(line="1000", kind=(aiopbx.CallEnded, aiopbx.LineChanged), size=5)
        events.close()


async def test_a_key_that_is_none(office: Opened) -> None:
    async with office() as one:
        pbx = await one.connect()
        line = pbx.line("1000")
        call = await line.dial("1001")
        assert call is not None
        for key, words in (
            (None, "it is missing"),
            (line, "is a line already. Use it as it is."),
            (line.refresh_counters(), "Write await before it."),
            (["1000"], "this is a list"),
        ):
            with pytest.raises(UnknownLine) as no_line:
                pbx.line(cast("str", key))
            assert words in str(no_line.value)
        for key, words in (
            (None, "it is missing"),
            (17, 'Write "17".'),
            (call, "is a call already. Use it as it is."),
            (line.dial("1002"), "Write await before it."),
        ):
            with pytest.raises(UnknownCall) as no_call:
                pbx.call(cast("str", key))
            assert words in str(no_call.value)


async def test_what_is_not_connected_says_so(tmp_path: Path) -> None:
    forgotten = cast("Pbx", aiopbx.connect(url="http://pbx.example.com", username="me", password="x"))
    with pytest.raises(AttributeError, match=r"not connected yet, so that it has no 'lines'\. Write await before"):
        _ = forgotten.lines
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = cast("Any", forgotten).nothing
    with pytest.raises(AttributeError, match="Write await before connect or replay"):
        _ = cast("Any", aiopbx.replay(tmp_path / "x.jsonl")).line
    with pytest.raises(InvalidInput, match=r"^settings: this is a text\. Write url= before it, if it is an address\.$"):
        await aiopbx.connect(cast("Any", "http://pbx.example.com"))
    with pytest.raises(InvalidInput, match=r"^settings: this is a dict\. Give a ConnectionSettings\.$"):
        await aiopbx.connect(cast("Any", {"url": "http://pbx.example.com"}))
    with pytest.raises(InvalidInput, match=r"^path: it is missing\. Give a text or a PathLike\.$"):
        await aiopbx.replay(cast("Any", None))


@pytest.mark.parametrize("handle", [Call, Line], ids=lambda handle: handle.__name__)
def test_every_parameter_of_these_handles_is_looked_at(handle: type) -> None:
    from aiopbx.slips import _kinds

    unknown = []
    for name, method in inspect.getmembers(handle, inspect.iscoroutinefunction):
        if not name.startswith("_"):
            inner = inspect.unwrap(method)
            unknown += [f"{name}({parameter})" for parameter, (_, kinds) in _kinds(inner).items() if not kinds]
    assert unknown == []
