"""The commands of a system behind a bridge: each is a message, and its answer another."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

from ..errors import InvalidInput, NotSupported
from ..model import CallerIdChoice, CallSnapshot, Condition, LineSnapshot, Target
from ..ports import DialOptions, Refusing, Searching, Wanted
from ..records import (
    CallbackRequest,
    Contact,
    HuntingGroups,
    IntrusionMode,
    Languages,
    LogFilter,
    LogPage,
    Preferences,
    Text,
    WithdrawReason,
)

Ask = Callable[..., Awaitable[Any]]
"""Takes line, method, call and arguments; returns the result. Raises ``PbxError``."""
_DIGITS: Final = frozenset("0123456789*#ABCDabcd")
_SECRETS: Final = ("pin", "secret_code")


class BridgeChecks:
    """What can be checked here. The bridge checks everything again, by what its telephone system takes."""

    def check_number(self, number: str, *, field: str = "number") -> None:
        """Raise ``InvalidInput`` for what is no number anywhere."""
        if not number or len(number) > 128 or not number.isprintable():
            raise InvalidInput(field, f"{number[:40]!r} cannot be dialled.", remedy="Use digits.")

    def check_dial(self, line: LineSnapshot, options: DialOptions) -> None:
        """Raise ``NotSupported`` for what would put a secret on a topic."""
        for name in _SECRETS:
            if getattr(options, name) is not None:
                raise NotSupported(
                    f"{name}: no secret is sent over a broker.",
                    missing="private_call",
                    remedy="Connect to the telephone system itself for private calls.",
                )

    def check_digits(self, digits: str, *, field: str = "digits") -> None:
        """Raise ``InvalidInput`` if these are not DTMF digits."""
        if not digits or not set(digits) <= _DIGITS:
            raise InvalidInput(field, f"{digits[:40]!r} are no tones.", remedy="Use 0 to 9, *, # and A to D.")

    def check_data(self, data: str, *, field: str = "data") -> None:
        """Raise ``InvalidInput`` for what is empty."""
        if not data:
            raise InvalidInput(field, "is empty.", remedy="Give some text.")


def _options(options: DialOptions) -> dict[str, Any]:
    names = [name for name in DialOptions.__struct_fields__ if name not in _SECRETS]
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}


class BridgeCommands(Refusing, BridgeChecks):
    """The commands that a bridge carries out."""

    def __init__(self, ask: Ask) -> None:
        """Send by this."""
        self._ask = ask
        self.call_log = _CallLog(ask)
        self.agents = _Agents(ask)
        self.caller_id = _CallerId(ask)
        self.desk = _Desk(ask)
        self.directory = _Directory(ask)

    async def dial(self, line: LineSnapshot, number: str, options: DialOptions) -> str | None:
        """Start a call."""
        return _text(await self._ask(line, "dial", number=number, **_options(options)))

    async def consult(self, line: LineSnapshot, held: CallSnapshot, number: str, options: DialOptions) -> str | None:
        """Start a call while another one waits."""
        return _text(await self._ask(line, "consult", held, number=number, **_options(options)))

    async def answer(self, line: LineSnapshot, call: CallSnapshot | None, device: str) -> None:
        """Answer a ringing call."""
        await self._ask(line, "answer", call, device=device)

    async def leave(self, line: LineSnapshot, call: CallSnapshot | None) -> None:
        """Leave a call."""
        await self._ask(line, "hang_up", call)

    async def end(self, line: LineSnapshot, call: CallSnapshot) -> None:
        """End a call for everyone in it."""
        # What only ends is what hanging up does there, too; what is asked for by name is offered by name.
        await self._ask(line, "end" if "end" in call.actions else "hang_up", call)

    async def hold(self, line: LineSnapshot, call: CallSnapshot, device: str) -> None:
        """Put a call on hold."""
        await self._ask(line, "hold", call, device=device)

    async def retrieve(self, line: LineSnapshot, call: CallSnapshot, device: str) -> None:
        """Take a call back from hold."""
        await self._ask(line, "retrieve", call, device=device)

    async def alternate(self, line: LineSnapshot, held: CallSnapshot, device: str) -> None:
        """Retrieve the held call and hold the active one."""
        await self._ask(line, "alternate", held, device=device)

    async def reconnect(self, line: LineSnapshot, held: CallSnapshot, enquiry: CallSnapshot, device: str) -> None:
        """Give the consultation up and take the held call back."""
        await self._ask(line, "reconnect", held, device=device)

    async def transfer(self, line: LineSnapshot, active: CallSnapshot, held: CallSnapshot) -> None:
        """Connect the parties of two calls and leave both."""
        await self._ask(line, "transfer", active, to=held.id)

    async def blind_transfer(self, line: LineSnapshot, call: CallSnapshot, number: str, anonymous: bool) -> None:
        """Send the other party to a number."""
        await self._ask(line, "blind_transfer", call, number=number, anonymous=anonymous)

    async def merge(self, line: LineSnapshot, active: CallSnapshot, held: CallSnapshot) -> None:
        """Make one conference of two calls."""
        await self._ask(line, "merge", active, other=held.id)

    async def add_party(self, line: LineSnapshot, call: CallSnapshot, number: str) -> None:
        """Call someone into a call."""
        await self._ask(line, "add_party", call, number=number)

    async def drop(self, line: LineSnapshot, call: CallSnapshot, party: str) -> None:
        """Drop a participant of a conference."""
        await self._ask(line, "drop", call, party=party)

    async def redirect(self, line: LineSnapshot, call: CallSnapshot, to: str, anonymous: bool) -> None:
        """Send a ringing call elsewhere."""
        await self._ask(line, "redirect", call, to=to, anonymous=anonymous)

    async def overflow_to_voicemail(self, line: LineSnapshot, call: CallSnapshot) -> None:
        """Send a call that rings at the other end to that user's voicemail."""
        await self._ask(line, "overflow_to_voicemail", call)

    async def park(self, line: LineSnapshot, call: CallSnapshot, at: str | None) -> None:
        """Park a call."""
        await self._ask(line, "park", call, at=at)

    async def unpark(self, line: LineSnapshot, device: str, from_device: str | None) -> None:
        """Take a parked call back."""
        await self._ask(line, "unpark", device=device, from_device=from_device)

    async def pick_up(
        self, line: LineSnapshot, device: str, number: str, call_ref: str | None, auto_answer: bool
    ) -> None:
        """Take a call that rings elsewhere."""
        await self._ask(line, "pick_up", device=device, number=number, call_ref=call_ref, auto_answer=auto_answer)

    async def send_dtmf(self, line: LineSnapshot, call: CallSnapshot, device: str, digits: str) -> None:
        """Send tones."""
        await self._ask(line, "send_dtmf", call, device=device, digits=digits)

    async def record(self, line: LineSnapshot, call: CallSnapshot, action: str) -> None:
        """Start, stop, pause or resume the recording."""
        await self._ask(line, f"{action}_recording", call)

    async def attach_data(self, line: LineSnapshot, call: CallSnapshot, device: str | None, data: str) -> None:
        """Associate data with a call."""
        await self._ask(line, "attach_data", call, data=data)

    async def send_account_info(self, line: LineSnapshot, call: CallSnapshot, device: str | None, code: str) -> None:
        """Send a transaction code."""
        await self._ask(line, "send_account_info", call, code=code)

    async def call_back(self, line: LineSnapshot, call: CallSnapshot) -> None:
        """Ask the party that does not answer to call back."""
        await self._ask(line, "call_back", call)

    async def intrude(self, line: LineSnapshot, call: CallSnapshot, device: str) -> None:
        """Break into the call of the party that is busy."""
        await self._ask(line, "intrude", call)

    async def toggle_microphone(self, line: LineSnapshot, device: str) -> None:
        """Switch the microphone of an intercom call the other way."""
        await self._ask(line, "toggle_microphone", device=device)

    async def switch_device(self, line: LineSnapshot, call: CallSnapshot, device: str, to: str) -> None:
        """Move a call to another device of the line."""
        await self._ask(line, "switch_device", call, device=to)

    async def set_do_not_disturb(self, line: LineSnapshot, on: bool) -> None:
        """Switch do-not-disturb."""
        await self._ask(line, "set_do_not_disturb", on=on)

    async def set_forward(self, line: LineSnapshot, target: Target, condition: Condition, number: str | None) -> None:
        """Forward calls."""
        await self._ask(line, "set_forward", target=target, condition=condition, number=number)

    async def cancel_forward(self, line: LineSnapshot) -> None:
        """Forward no longer."""
        await self._ask(line, "cancel_forward")

    async def set_overflow(self, line: LineSnapshot, target: Target, condition: Condition, number: str | None) -> None:
        """Let calls that are not taken go elsewhere."""
        await self._ask(line, "set_overflow", target=target, condition=condition, number=number)

    async def cancel_overflow(self, line: LineSnapshot) -> None:
        """Let them go nowhere."""
        await self._ask(line, "cancel_overflow")

    async def set_remote_extension(self, line: LineSnapshot, on: bool) -> None:
        """Let the remote extension ring too, or not."""
        await self._ask(line, "set_remote_extension", on=on)

    async def request_call_back(self, line: LineSnapshot, number: str) -> None:
        """Ask a user to call back."""
        await self._ask(line, "request_call_back", number=number)

    async def callbacks(self, line: LineSnapshot) -> tuple[CallbackRequest, ...]:
        """Who asked to be called back."""
        return msgspec.convert(await self._ask(line, "callbacks"), tuple[CallbackRequest, ...])

    async def delete_callbacks(self, line: LineSnapshot, id: str | None) -> None:
        """Delete one such request, or all."""
        await self._ask(line, "delete_callbacks", id=id)

    async def refresh_counters(self, line: LineSnapshot) -> None:
        """Read the counters of a line again."""
        await self._ask(line, "refresh_counters")


class _Part:
    def __init__(self, ask: Ask) -> None:
        self._ask = ask


class _CallLog(_Part):
    async def page(self, line: LineSnapshot, which: LogFilter, offset: int, limit: int) -> LogPage:
        return msgspec.convert(await self._ask(line, "log_page", which=which, offset=offset, limit=limit), LogPage)

    async def acknowledge(self, line: LineSnapshot, ids: tuple[int, ...], on: bool) -> None:
        await self._ask(line, "acknowledge_log", ids=ids, on=on)

    async def delete(self, line: LineSnapshot, ids: tuple[int, ...]) -> None:
        await self._ask(line, "delete_log", ids=ids)

    async def delete_where(self, line: LineSnapshot, which: LogFilter) -> None:
        await self._ask(line, "delete_log_where", which=which)


class _CallerId(_Part):
    async def set(self, line: LineSnapshot, choice: CallerIdChoice, number: str | None) -> None:
        await self._ask(line, "set_caller_id", choice=choice, number=number)

    async def refresh(self, line: LineSnapshot) -> None:
        await self._ask(line, "refresh_caller_id")


class _Agents(_Part):
    async def log_on(self, line: LineSnapshot, device: str, group: str | None, headset: bool | None) -> None:
        await self._ask(line, "agent_log_on", device=device, group=group, headset=headset)

    async def log_off(self, line: LineSnapshot) -> None:
        await self._ask(line, "agent_log_off")

    async def enter_group(self, line: LineSnapshot, group: str) -> None:
        await self._ask(line, "agent_enter_group", group=group)

    async def exit_group(self, line: LineSnapshot, group: str) -> None:
        await self._ask(line, "agent_exit_group", group=group)

    async def ready(self, line: LineSnapshot) -> None:
        await self._ask(line, "agent_ready")

    async def pause(self, line: LineSnapshot) -> None:
        await self._ask(line, "agent_pause")

    async def wrap_up(self, line: LineSnapshot) -> None:
        await self._ask(line, "agent_wrap_up")

    async def withdraw(self, line: LineSnapshot, reason: int | None) -> None:
        await self._ask(line, "agent_withdraw", reason=reason)

    async def withdraw_reasons(self, line: LineSnapshot, group: str | None) -> tuple[WithdrawReason, ...]:
        found = await self._ask(line, "agent_withdraw_reasons", group=group)
        return msgspec.convert(found, tuple[WithdrawReason, ...])

    async def request_help(self, line: LineSnapshot) -> None:
        await self._ask(line, "agent_request_help")

    async def cancel_help(self, line: LineSnapshot, other: str | None) -> None:
        await self._ask(line, "agent_cancel_help", other=other)

    async def intrude(self, line: LineSnapshot, number: str, mode: IntrusionMode) -> None:
        await self._ask(line, "agent_intrude", number=number, mode=mode)

    async def change_intrusion(self, line: LineSnapshot, mode: IntrusionMode) -> None:
        await self._ask(line, "agent_change_intrusion", mode=mode)

    async def listen(self, line: LineSnapshot, number: str) -> None:
        await self._ask(line, "agent_listen", number=number)

    async def stop_intrusion(self, line: LineSnapshot) -> None:
        await self._ask(line, "agent_stop_intrusion")

    async def stop_listening(self, line: LineSnapshot) -> None:
        await self._ask(line, "agent_stop_listening")

    async def set_skills(self, line: LineSnapshot, numbers: tuple[int, ...], on: bool) -> None:
        await self._ask(line, "agent_set_skills", numbers=numbers, on=on)

    async def refresh(self, line: LineSnapshot) -> None:
        await self._ask(line, "agent_refresh")


class _Desk(_Part):
    async def preferences(self, line: LineSnapshot) -> Preferences:
        return msgspec.convert(await self._ask(line, "preferences"), Preferences)

    async def set_preferences(self, line: LineSnapshot, preferences: Preferences) -> None:
        await self._ask(line, "set_preferences", preferences=preferences)

    async def languages(self, line: LineSnapshot) -> Languages:
        return msgspec.convert(await self._ask(line, "languages"), Languages)

    async def change_password(self, line: LineSnapshot, old: str, new: str) -> None:
        raise NotSupported(
            "The password: no secret is sent over a broker.",
            missing="change_password",
            remedy="Connect to the telephone system itself for this.",
        )

    async def share_desk(self, line: LineSnapshot, set: str | None) -> None:
        await self._ask(line, "share_desk", set=set)

    async def hunting_groups(self, line: LineSnapshot) -> HuntingGroups:
        return msgspec.convert(await self._ask(line, "hunting_groups"), HuntingGroups)

    async def set_hunting_group_member(self, line: LineSnapshot, group: str, on: bool) -> None:
        await self._ask(line, "set_hunting_group_member", group=group, on=on)

    async def set_hunting_group_logged_on(self, line: LineSnapshot, on: bool) -> None:
        await self._ask(line, "set_hunting_group_logged_on", on=on)

    async def send_text(self, line: LineSnapshot, number: str, text: str) -> None:
        await self._ask(line, "send_text", number=number, text=text)

    async def read_text(self, line: LineSnapshot) -> Text | None:
        return msgspec.convert(await self._ask(line, "read_text"), Text | None)


class _Directory(_Part):
    def search(self, line: LineSnapshot, wanted: Wanted) -> Searching:
        if not (wanted.what is None or isinstance(wanted.what, str)):
            raise NotSupported(
                "Filters: a bridge searches for words.",
                missing="directory filters",
                remedy="Search for the beginning of a name or a number.",
            )
        return _Search(self._ask, line, wanted)


class _Search:
    """A search that the bridge makes at once, and gives out one by one."""

    def __init__(self, ask: Ask, line: LineSnapshot, wanted: Wanted) -> None:
        self._ask, self._line, self._wanted = ask, line, wanted
        self._found: list[Contact] | None = None

    @property
    def complete(self) -> bool:
        return self._found is not None and not self._found

    async def next(self) -> Contact | None:
        if self._found is None:
            # (the words only: a filter was refused)
            wanted = {name: getattr(self._wanted, name) for name in self._wanted.__struct_fields__}
            answer = await self._ask(self._line, "search_directory", wanted=wanted)
            self._found = msgspec.convert(answer, list[Contact])
        return self._found.pop(0) if self._found else None

    async def stop(self) -> None:
        self._found = []


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
