"""``aiopbx dial``: one call, followed to its end."""

import asyncio
from typing import Final

from .. import (
    Action,
    Call,
    CallChanged,
    CallEnded,
    CallEvent,
    CallOver,
    CallStarted,
    CallState,
    ConnectionSettings,
    Feature,
    InvalidInput,
    Line,
    Outcome,
    PbxError,
    connect,
)
from ..istra.lines import IstraChecks
from ..numbers import Numbers
from ..o2g.rules import check_associated_data, check_number
from .command import FAILED, NOT_ANSWERED, OK
from .line import choose_line
from .options import DialOptions
from .output import console, one_line, print_line, print_note
from .text import call_text, clock

PATIENCE: Final = 10.0
"""Seconds to wait for the first event of a call."""
_INDENT: Final = " " * 9
"""Puts a remark below the text of an event, beside its time of day."""


def check(number: str, options: DialOptions, system: str = "o2g") -> None:
    """Raise ``InvalidInput`` for what is certainly wrong, before connecting to this kind of system."""
    numbers = Numbers()
    wire = numbers.read(number).wire
    if system != "o2g":
        IstraChecks(devices=True).check_number(wire)
        return
    check_number(wire)
    if options.calling_number is not None:
        check_number(numbers.read(options.calling_number, field="calling_number").wire, field="calling_number")
    if options.associated_data is not None:
        check_associated_data(options.associated_data, field="associated_data")
    if options.private or options.pin or options.secret_code:
        for field, value in (("pin", options.pin), ("secret_code", options.secret_code)):
            if not value:
                raise InvalidInput(
                    field,
                    "is missing.",
                    remedy="A private call needs --pin and --secret-code; a regular call neither, nor --private.",
                )
        if options.business_code:
            raise InvalidInput(
                "business_code", "a call is private or business, not both.", remedy="Leave one of the codes away."
            )


async def dial(settings: ConnectionSettings, number: str, line_key: str | None, options: DialOptions) -> int:
    """Dial, print every state, and return the exit code: 0 if the call was answered."""
    async with connect(settings) as pbx:
        line = choose_line(pbx, line_key)
        follower = Follower(line)
        try:
            call = await line.dial(
                number,
                device=options.device,
                auto_answer=options.auto_answer,
                associated_data=options.associated_data,
                calling_number=options.calling_number,
                inhibit_progress_tone=options.inhibit_progress_tone or None,
                pin=options.pin,
                secret_code=options.secret_code,
                business_code=options.business_code,
                timeout=PATIENCE,
            )
            if call is None and Feature.CALL_EVENTS not in line.features:
                print_note("The call is being made. This system does not show what becomes of it.")
                return OK
            if call is None:
                print_note(
                    f"No event has named the call within {PATIENCE:.0f} s: it may go on, or have failed. "
                    "aiopbx watch shows what the line does."
                )
                return FAILED
            return await follower.follow(call, options)
        finally:
            follower.close()


class Follower:
    """Prints the states of a call that is dialled on a line."""

    def __init__(self, line: Line) -> None:
        """Subscribe at once: events that arrive before the call is known are kept."""
        self._events: asyncio.Queue[CallEvent] = asyncio.Queue(maxsize=1000)
        self._unsubscribe = line.subscribe(self._put, kind=(CallStarted, CallChanged, CallEnded))
        self._shown = ""

    def _put(self, event: object) -> None:
        if isinstance(event, CallEvent):
            if self._events.full():
                self._events.get_nowait()
            self._events.put_nowait(event)

    def close(self) -> None:
        """Unsubscribe."""
        self._unsubscribe()

    async def follow(self, call: Call, options: DialOptions) -> int:
        """Print the states of the call until it has ended; hang up when it is time to, or on Ctrl-C."""
        hang_up = asyncio.create_task(self._hang_up_in_time(call, options))
        try:
            while True:
                event = await self._events.get()
                if event.call.id != call.id:
                    continue
                self._print(event)
                if isinstance(event, CallEnded):
                    return _code(event)
                if hang_up.done():
                    hang_up.result()
        except asyncio.CancelledError:
            await _leave(call)
            raise
        finally:
            hang_up.cancel()
            await asyncio.gather(hang_up, return_exceptions=True)

    def _print(self, event: CallEvent) -> None:
        text = call_text(event.call)
        if text == self._shown:
            return
        self._shown = text
        from rich.text import Text

        out = console()
        style = "green" if event.call.outcome is Outcome.ANSWERED else "red" if event.call.outcome else "default"
        out.print(Text(clock(event.at), style="dim"), Text(one_line(text), style=style))
        if not event.call.legs and event.call.state is CallState.DIALING and Action.ANSWER in event.call.actions:
            print_line(f"{_INDENT}lift your own telephone, which rings: then it dials")
        for leg in event.call.legs:
            if event.call.state is CallState.DIALING and leg.state is CallState.RINGING_INCOMING:
                print_line(f"{_INDENT}lift the telephone {leg.device}, which rings: then it dials")
        out.file.flush()

    async def _hang_up_in_time(self, call: Call, options: DialOptions) -> None:
        try:
            if options.give_up_after is not None:
                try:
                    await call.wait_for(lambda now: now.answered, timeout=options.give_up_after)
                except TimeoutError:
                    print_line(f"{_INDENT}not answered within {options.give_up_after:g} s, hanging up")
                    await call.hang_up()
                    return
            if options.hang_up_after is not None:
                await call.wait_for(lambda now: now.answered)
                await asyncio.sleep(options.hang_up_after)
                await call.hang_up()
        except CallOver:
            return


async def _leave(call: Call) -> None:
    """Hang up on Ctrl-C, if there is still something to hang up."""
    if call.ended or not call.actions & {Action.HANG_UP, Action.END}:
        return
    try:
        async with asyncio.timeout(3):
            await call.hang_up()
        print_line(f"{_INDENT}hung up")
    except (PbxError, TimeoutError) as error:
        print_note(f"The call could not be hung up: {one_line(error)}")


def _code(event: CallEnded) -> int:
    return OK if event.call.answered else NOT_ANSWERED
