"""``aiopbx dial``: one call, followed to its end."""

import asyncio
from dataclasses import dataclass

from rich.text import Text

from ..call import Call
from ..connect import connect
from ..errors import CallOver, InvalidInput, PbxError
from ..events import CallChanged, CallEnded, CallEvent, CallStarted
from ..istra.checks import IstraChecks
from ..line import Line
from ..model import Action, CallState, Feature, Outcome
from ..o2g.rules import check_associated_data, check_number
from ..pbx import Pbx
from ..settings.connection import ConnectionSettings
from . import errors, screen
from .words import call_words, clock

PATIENCE = 10.0
"""Seconds to wait for the first event of a call."""


@dataclass(frozen=True)
class DialWanted:
    """What was typed about the call."""

    number: str
    line: str | None = None
    device: str | None = None
    auto_answer: bool = True
    private: bool = False
    pin: str | None = None
    secret_code: str | None = None
    business_code: str | None = None
    associated_data: str | None = None
    calling_number: str | None = None
    inhibit_progress_tone: bool = False
    hang_up_after: float | None = None
    give_up_after: float | None = None

    def check(self, system: str = "o2g") -> None:
        """Raise ``InvalidInput`` for what can be told before anything is connected to this kind of system."""
        if system != "o2g":
            IstraChecks(devices=True).check_number(self.number)
            return
        check_number(self.number)
        if self.calling_number is not None:
            check_number(self.calling_number, field="calling_number")
        if self.associated_data is not None:
            check_associated_data(self.associated_data, field="associated_data")
        if self.private or self.pin or self.secret_code:
            for field, value in (("pin", self.pin), ("secret_code", self.secret_code)):
                if not value:
                    raise InvalidInput(
                        field,
                        "is missing.",
                        remedy="A private call needs --pin and --secret-code; a regular call neither, nor --private.",
                    )
            if self.business_code:
                raise InvalidInput(
                    "business_code", "a call is private or business, not both.", remedy="Leave one of the codes away."
                )


async def dial(settings: ConnectionSettings, wanted: DialWanted) -> int:
    """Dial, print every state, and return the exit code: 0 if the call was answered."""
    async with connect(settings) as pbx:
        line = choose_line(pbx, wanted.line)
        follower = Follower(line)
        try:
            call = await line.dial(
                wanted.number,
                device=wanted.device,
                auto_answer=wanted.auto_answer,
                associated_data=wanted.associated_data,
                calling_number=wanted.calling_number,
                inhibit_progress_tone=wanted.inhibit_progress_tone or None,
                pin=wanted.pin,
                secret_code=wanted.secret_code,
                business_code=wanted.business_code,
                timeout=PATIENCE,
            )
            if call is None and Feature.CALL_EVENTS not in line.features:
                screen.errors().print("The call is being made. This system does not show what becomes of it.")
                return errors.OK
            if call is None:
                screen.errors().print(
                    f"No event has named the call within {PATIENCE:.0f} s: it may go on, or have failed. "
                    "aiopbx watch shows what the line does."
                )
                return errors.FAILED
            return await follower.follow(call, wanted)
        finally:
            follower.close()


def choose_line(pbx: Pbx, key: str | None) -> Line:
    """Return the line that is to dial. Raises ``InvalidInput`` where there are several to choose from."""
    if key is not None:
        return pbx.line(key)
    if len(pbx.lines) == 1:
        return next(iter(pbx.lines.values()))
    some = ", ".join(line.number or line.id for line in list(pbx.lines.values())[:8])
    raise InvalidInput(
        "line", f"this account sees {len(pbx.lines)} lines.", remedy=f"Say --line with one of them: {some}."
    )


class Follower:
    """Prints what happens on a line, the calls that come of the one that was dialled among it."""

    def __init__(self, line: Line) -> None:
        """Begin to listen; what happens before the call is known is kept."""
        self._events: asyncio.Queue[CallEvent] = asyncio.Queue(maxsize=1000)
        self._unsubscribe = line.subscribe(self._put, kind=(CallStarted, CallChanged, CallEnded))
        self._shown = ""

    def _put(self, event: object) -> None:
        if isinstance(event, CallEvent):
            if self._events.full():
                self._events.get_nowait()
            self._events.put_nowait(event)

    def close(self) -> None:
        """Listen no longer."""
        self._unsubscribe()

    async def follow(self, call: Call, wanted: DialWanted) -> int:
        """Print the states of the call until it has ended; hang up when that was asked for, or on Ctrl-C."""
        hang_up = asyncio.create_task(self._hang_up_in_time(call, wanted))
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
        words = call_words(event.call)
        if words == self._shown:
            return
        self._shown = words
        out = screen.output()
        style = "green" if event.call.outcome is Outcome.ANSWERED else "red" if event.call.outcome else "default"
        out.print(Text(clock(event.at), style="dim"), Text(errors.one_line(words), style=style))
        if not event.call.legs and event.call.state is CallState.DIALING and Action.ANSWER in event.call.actions:
            out.print("         lift the own telephone, which rings: then it dials", highlight=False)
        for leg in event.call.legs:
            if event.call.state is CallState.DIALING and leg.state is CallState.RINGING_INCOMING:
                out.print(f"         lift the telephone {leg.device}, which rings: then it dials", highlight=False)
        out.file.flush()

    async def _hang_up_in_time(self, call: Call, wanted: DialWanted) -> None:
        try:
            if wanted.give_up_after is not None:
                try:
                    await call.wait_for(lambda now: now.answered, timeout=wanted.give_up_after)
                except TimeoutError:
                    screen.output().print(f"         not answered within {wanted.give_up_after:g} s, hanging up")
                    await call.hang_up()
                    return
            if wanted.hang_up_after is not None:
                await call.wait_for(lambda now: now.answered)
                await asyncio.sleep(wanted.hang_up_after)
                await call.hang_up()
        except CallOver:
            return


async def _leave(call: Call) -> None:
    """Ctrl-C: hang up, if there is still something to hang up."""
    if call.ended or not call.actions & {Action.HANG_UP, Action.END}:
        return
    try:
        async with asyncio.timeout(3):
            await call.hang_up()
        screen.output().print("         hung up")
    except (PbxError, TimeoutError) as error:
        screen.errors().print(f"The call could not be hung up: {errors.one_line(error)}", markup=False)


def _code(event: CallEnded) -> int:
    return errors.OK if event.call.answered else errors.NOT_ANSWERED
