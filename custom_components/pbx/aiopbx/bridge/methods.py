"""What a bridge can be asked to do: methods of the handles, so that every check of theirs holds, the policy included.

What would put a secret on a topic is not among them: PINs, passwords, and what needs one.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any, Final, get_type_hints

import msgspec

from ..call import Call
from ..errors import InvalidInput
from ..line import Line
from ..model import CallerIdChoice, Condition, Feature, Target
from ..mqtt.topics import Command
from ..ports import Wanted
from ..records import (
    AcdCall,
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

Method = Callable[..., Awaitable[Any]]
LINE: Final[dict[str, Method]] = {}
"""Methods of a line, by name; what they take are their keywords."""
CALL: Final[dict[str, Method]] = {}
"""Methods of a call."""
_SECONDS: Final = 3.0
"""How long the event of a call that was dialled is waited for. Who asked sees it by itself."""


def _of(table: dict[str, Method], name: str | None = None) -> Callable[[Method], Method]:
    def add(method: Method) -> Method:
        table[name or method.__name__] = method
        return method

    return add


async def run(line: Line, command: Command) -> Any:
    """Carry a command out, and return what came of it. Raises ``PbxError``."""
    name = command.method
    if command.call is not None:
        method = CALL.get(name)
        target: Any = line.pbx.call(command.call) if method is not None else None
        if target is not None and target.line is not line:
            raise InvalidInput("call", f"{command.call} is no call of line {line.id}.", remedy="Name its own line.")
    else:
        method, target = LINE.get(name), line
    if method is None:
        known = ", ".join(sorted(CALL if command.call is not None else LINE))
        raise InvalidInput("method", f"there is no {name!r}.", remedy=f"There are: {known}.")
    return await method(target, **_checked(method, command.arguments))


@cache
def _parameters(method: Method) -> Mapping[str, tuple[Any, bool]]:
    """What a method takes: the type, and whether it must be there."""
    hints = get_type_hints(method)
    parameters = list(inspect.signature(method).parameters.values())[1:]
    return {one.name: (hints[one.name], one.default is inspect.Parameter.empty) for one in parameters}


def _checked(method: Method, arguments: dict[str, Any]) -> dict[str, Any]:
    known, found = _parameters(method), {}
    for name, value in arguments.items():
        if name not in known:
            raise InvalidInput(name, "there is no such argument.", remedy=f"There are: {', '.join(known) or 'none'}.")
        try:
            found[name] = msgspec.convert(value, known[name][0])
        except msgspec.ValidationError as error:
            raise InvalidInput(name, f"cannot be used: {error}.", remedy="See docs/mqtt-topics.md.") from None
    for name, (_, needed) in known.items():
        if needed and name not in found:
            raise InvalidInput(name, "is missing.", remedy="See docs/mqtt-topics.md.")
    return found


# ---------------------------------------------------------------------------------------------------------------- calls


@_of(LINE)
async def dial(
    line: Line,
    *,
    number: str,
    device: str | None = None,
    auto_answer: bool = True,
    associated_data: str | None = None,
    calling_number: str | None = None,
    inhibit_progress_tone: bool | None = None,
    business_code: str | None = None,
    acd: AcdCall | None = None,
) -> str | None:
    """As ``Line.dial``."""
    call = await line.dial(
        number,
        timeout=_SECONDS,
        device=device,
        auto_answer=auto_answer,
        associated_data=associated_data,
        calling_number=calling_number,
        inhibit_progress_tone=inhibit_progress_tone,
        business_code=business_code,
        acd=acd,
    )
    return None if call is None else call.ref


@_of(CALL)
async def consult(
    call: Call,
    *,
    number: str,
    device: str | None = None,
    auto_answer: bool = True,
    associated_data: str | None = None,
    calling_number: str | None = None,
    inhibit_progress_tone: bool | None = None,
    business_code: str | None = None,
    acd: AcdCall | None = None,
) -> str | None:
    """As ``Call.consult``."""
    found = await call.consult(
        number,
        timeout=_SECONDS,
        device=device,
        auto_answer=auto_answer,
        associated_data=associated_data,
        calling_number=calling_number,
        inhibit_progress_tone=inhibit_progress_tone,
        business_code=business_code,
        acd=acd,
    )
    return None if found is None else found.ref


@_of(LINE, "answer")
async def answer_line(line: Line, *, device: str | None = None) -> None:
    """As ``Line.answer``."""
    await line.answer(device=device)


@_of(LINE, "hang_up")
async def hang_up_line(line: Line) -> None:
    """As ``Line.hang_up``."""
    await line.hang_up()


@_of(CALL)
async def answer(call: Call, *, device: str | None = None) -> None:
    """As ``Call.answer``."""
    await call.answer(device)


@_of(CALL)
async def hang_up(call: Call) -> None:
    """As ``Call.hang_up``."""
    await call.hang_up()


@_of(CALL)
async def end(call: Call) -> None:
    """As ``Call.end``."""
    await call.end()


@_of(CALL)
async def hold(call: Call, *, device: str | None = None) -> None:
    """As ``Call.hold``."""
    await call.hold(device)


@_of(CALL)
async def retrieve(call: Call, *, device: str | None = None) -> None:
    """As ``Call.retrieve``."""
    await call.retrieve(device)


@_of(CALL)
async def alternate(call: Call, *, device: str | None = None) -> None:
    """As ``Call.alternate``."""
    await call.alternate(device)


@_of(CALL)
async def reconnect(call: Call, *, device: str | None = None) -> None:
    """As ``Call.reconnect``."""
    await call.reconnect(device)


@_of(CALL)
async def transfer(call: Call, *, to: str | None = None) -> None:
    """As ``Call.transfer``."""
    await call.transfer(None if to is None else call.line.pbx.call(to))


@_of(CALL)
async def merge(call: Call, *, other: str | None = None) -> None:
    """As ``Call.merge``."""
    await call.merge(None if other is None else call.line.pbx.call(other))


@_of(CALL)
async def blind_transfer(call: Call, *, number: str, anonymous: bool = False) -> None:
    """As ``Call.blind_transfer``."""
    await call.blind_transfer(number, anonymous=anonymous)


@_of(CALL)
async def redirect(call: Call, *, to: str, anonymous: bool = False) -> None:
    """As ``Call.redirect``."""
    await call.redirect(to, anonymous=anonymous)


@_of(CALL)
async def add_party(call: Call, *, number: str) -> None:
    """As ``Call.add_party``."""
    await call.add_party(number)


@_of(CALL)
async def drop(call: Call, *, party: str) -> None:
    """As ``Call.drop``."""
    await call.drop(party)


@_of(CALL)
async def overflow_to_voicemail(call: Call) -> None:
    """As ``Call.overflow_to_voicemail``."""
    await call.overflow_to_voicemail()


@_of(CALL)
async def park(call: Call, *, at: str | None = None) -> None:
    """As ``Call.park``."""
    await call.park(at)


@_of(CALL)
async def send_dtmf(call: Call, *, digits: str, device: str | None = None) -> None:
    """As ``Call.send_dtmf``."""
    await call.send_dtmf(digits, device)


@_of(CALL)
async def start_recording(call: Call) -> None:
    """As ``Call.start_recording``."""
    await call.start_recording()


@_of(CALL)
async def stop_recording(call: Call) -> None:
    """As ``Call.stop_recording``."""
    await call.stop_recording()


@_of(CALL)
async def pause_recording(call: Call) -> None:
    """As ``Call.pause_recording``."""
    await call.pause_recording()


@_of(CALL)
async def resume_recording(call: Call) -> None:
    """As ``Call.resume_recording``."""
    await call.resume_recording()


@_of(CALL)
async def attach_data(call: Call, *, data: str) -> None:
    """As ``Call.attach_data``."""
    await call.attach_data(data)


@_of(CALL)
async def send_account_info(call: Call, *, code: str) -> None:
    """As ``Call.send_account_info``."""
    await call.send_account_info(code)


@_of(CALL)
async def call_back(call: Call) -> None:
    """As ``Call.call_back``."""
    await call.call_back()


@_of(CALL)
async def intrude(call: Call) -> None:
    """As ``Call.intrude``."""
    await call.intrude()


@_of(CALL)
async def switch_device(call: Call, *, device: str) -> None:
    """As ``Call.switch_device``."""
    await call.switch_device(device)


@_of(LINE)
async def pick_up(
    line: Line, *, number: str, device: str | None = None, call_ref: str | None = None, auto_answer: bool = True
) -> None:
    """As ``Line.pick_up``."""
    await line.pick_up(number, device=device, call_ref=call_ref, auto_answer=auto_answer)


@_of(LINE)
async def unpark(line: Line, *, from_device: str | None = None, device: str | None = None) -> None:
    """As ``Line.unpark``."""
    await line.unpark(from_device, device=device)


# ----------------------------------------------------------------------------------------------- how calls reach a line


@_of(LINE)
async def set_do_not_disturb(line: Line, *, on: bool) -> None:
    """As ``Line.set_do_not_disturb``."""
    await line.set_do_not_disturb(on)


@_of(LINE)
async def set_forward(
    line: Line,
    *,
    number: str | None = None,
    target: Target = Target.NUMBER,
    condition: Condition = Condition.IMMEDIATE,
) -> None:
    """As ``Line.set_forward``."""
    await line.set_forward(number, target=target, condition=condition)


@_of(LINE)
async def cancel_forward(line: Line) -> None:
    """As ``Line.cancel_forward``."""
    await line.cancel_forward()


@_of(LINE)
async def set_overflow(
    line: Line,
    *,
    number: str | None = None,
    target: Target = Target.VOICEMAIL,
    condition: Condition = Condition.NO_ANSWER,
) -> None:
    """As ``Line.set_overflow``."""
    await line.set_overflow(number=number, target=target, condition=condition)


@_of(LINE)
async def cancel_overflow(line: Line) -> None:
    """As ``Line.cancel_overflow``."""
    await line.cancel_overflow()


@_of(LINE)
async def set_remote_extension(line: Line, *, on: bool) -> None:
    """As ``Line.set_remote_extension``."""
    await line.set_remote_extension(on)


@_of(LINE)
async def set_caller_id(
    line: Line, *, choice: CallerIdChoice = CallerIdChoice.UNKNOWN, number: str | None = None
) -> None:
    """As ``Line.set_caller_id``."""
    await line._commands_for(Feature.CALLER_ID).caller_id.set(line.snapshot, choice, number)


@_of(LINE)
async def refresh_caller_id(line: Line) -> None:
    """As ``Line.refresh_caller_id``."""
    await line.refresh_caller_id()


@_of(LINE)
async def toggle_microphone(line: Line, *, device: str | None = None) -> None:
    """As ``Line.toggle_microphone``."""
    await line.toggle_microphone(device)


@_of(LINE)
async def request_call_back(line: Line, *, number: str) -> None:
    """As ``Line.request_call_back``."""
    await line.request_call_back(number)


@_of(LINE)
async def callbacks(line: Line) -> tuple[CallbackRequest, ...]:
    """As ``Line.callbacks``."""
    return await line.callbacks()


@_of(LINE)
async def delete_callbacks(line: Line, *, id: str | None = None) -> None:
    """As ``Line.delete_callbacks``."""
    await line.delete_callbacks(id, all=id is None)


@_of(LINE)
async def refresh_counters(line: Line) -> None:
    """As ``Line.refresh_counters``."""
    await line.refresh_counters()


# ------------------------------------------------------------------------------------------------------------- the log


@_of(LINE)
async def log_page(line: Line, *, which: LogFilter, offset: int = 0, limit: int = 50) -> LogPage:
    """As the call log of the line does."""
    if offset < 0 or not 1 <= limit <= 500:
        raise InvalidInput("limit", f"{limit} from {offset} cannot be read.", remedy="1 to 500 records, from 0 on.")
    return await line._commands_for(Feature.CALL_LOG).call_log.page(line.snapshot, which, offset, limit)


@_of(LINE)
async def acknowledge_log(line: Line, *, ids: tuple[int, ...], on: bool = True) -> None:
    """As the call log of the line does."""
    await line._commands_for(Feature.CALL_LOG).call_log.acknowledge(line.snapshot, ids, on)


@_of(LINE)
async def delete_log(line: Line, *, ids: tuple[int, ...]) -> None:
    """As the call log of the line does."""
    await line._commands_for(Feature.CALL_LOG).call_log.delete(line.snapshot, ids)


@_of(LINE)
async def delete_log_where(line: Line, *, which: LogFilter) -> None:
    """As the call log of the line does."""
    await line._commands_for(Feature.CALL_LOG).call_log.delete_where(line.snapshot, which)


# ------------------------------------------------------------------------------------------ the desk, and the directory


@_of(LINE)
async def preferences(line: Line) -> Preferences:
    """As the line does with the desk of its user."""
    return await line._commands_for(Feature.PREFERENCES).desk.preferences(line.snapshot)


@_of(LINE)
async def set_preferences(line: Line, *, preferences: Preferences) -> None:
    """As the line does with the desk of its user."""
    await line._commands_for(Feature.PREFERENCES).desk.set_preferences(line.snapshot, preferences)


@_of(LINE)
async def languages(line: Line) -> Languages:
    """As the line does with the desk of its user."""
    return await line._commands_for(Feature.PREFERENCES).desk.languages(line.snapshot)


@_of(LINE)
async def hunting_groups(line: Line) -> HuntingGroups:
    """As ``Line.hunting_groups``."""
    return await line._commands_for(Feature.HUNTING_GROUPS).desk.hunting_groups(line.snapshot)


@_of(LINE)
async def set_hunting_group_member(line: Line, *, group: str, on: bool) -> None:
    """As ``Line.set_hunting_group_member``."""
    await line._commands_for(Feature.HUNTING_GROUPS).desk.set_hunting_group_member(line.snapshot, group, on)


@_of(LINE)
async def set_hunting_group_logged_on(line: Line, *, on: bool) -> None:
    """As ``Line.set_hunting_group_logged_on``."""
    await line._commands_for(Feature.HUNTING_GROUPS).desk.set_hunting_group_logged_on(line.snapshot, on)


@_of(LINE)
async def share_desk(line: Line, *, set: str | None = None) -> None:
    """As the line does with the desk of its user."""
    number = None if set is None else line._check_number(set, field="set").wire
    await line._commands_for(Feature.DESK_SHARING).desk.share_desk(line.snapshot, number)


@_of(LINE)
async def send_text(line: Line, *, number: str, text: str) -> None:
    """As ``Line.send_text``."""
    checked = line._check_number(number).wire
    await line._commands_for(Feature.TEXTS).desk.send_text(line.snapshot, checked, text)


@_of(LINE)
async def read_text(line: Line) -> Text | None:
    """As ``Line.read_text``."""
    return await line._commands_for(Feature.TEXTS).desk.read_text(line.snapshot)


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What is searched for in the telephone book: as ``Wanted``, without the filters, which are no words."""

    what: str | None = None
    last_name_keys: str | None = None
    first_name_keys: str | None = None
    limit: int | None = None


@_of(LINE)
async def search_directory(line: Line, *, wanted: Words) -> list[Contact]:
    """Search the telephone book for words, and return the contacts."""
    asked = Wanted(**msgspec.structs.asdict(wanted))
    search = line._commands_for(Feature.DIRECTORY).directory.search(line.snapshot, asked)
    found: list[Contact] = []
    try:
        while len(found) < (wanted.limit or 100) and (contact := await search.next()) is not None:
            found.append(contact)
    finally:
        await search.stop()
    return found


# ------------------------------------------------------------------------------------------------------------- agents


def _agents(line: Line) -> Any:
    return line._commands_for(Feature.AGENT).agents


@_of(LINE)
async def agent_log_on(line: Line, *, device: str, group: str | None = None, headset: bool | None = None) -> None:
    """As ``Agent.log_on``."""
    await _agents(line).log_on(line.snapshot, line._read_number(device, field="device").wire, group, headset)


@_of(LINE)
async def agent_enter_group(line: Line, *, group: str) -> None:
    """As ``Agent.enter_group``."""
    await _agents(line).enter_group(line.snapshot, group)


@_of(LINE)
async def agent_exit_group(line: Line, *, group: str) -> None:
    """As ``Agent.exit_group``."""
    await _agents(line).exit_group(line.snapshot, group)


@_of(LINE)
async def agent_withdraw(line: Line, *, reason: int | None = None) -> None:
    """As ``Agent.withdraw``."""
    await _agents(line).withdraw(line.snapshot, reason)


@_of(LINE)
async def agent_withdraw_reasons(line: Line, *, group: str | None = None) -> tuple[WithdrawReason, ...]:
    """As ``Agent.withdraw_reasons``."""
    return tuple(await _agents(line).withdraw_reasons(line.snapshot, group))


@_of(LINE)
async def agent_cancel_help(line: Line, *, other: str | None = None) -> None:
    """As ``Agent.cancel_help``."""
    await _agents(line).cancel_help(line.snapshot, other)


@_of(LINE)
async def agent_intrude(line: Line, *, number: str, mode: IntrusionMode = IntrusionMode.NORMAL) -> None:
    """As ``Agent.intrude``."""
    await _agents(line).intrude(line.snapshot, line._check_number(number).wire, mode)


@_of(LINE)
async def agent_change_intrusion(line: Line, *, mode: IntrusionMode) -> None:
    """As ``Agent.change_intrusion``."""
    await _agents(line).change_intrusion(line.snapshot, mode)


@_of(LINE)
async def agent_listen(line: Line, *, number: str) -> None:
    """As ``Agent.listen``."""
    await _agents(line).listen(line.snapshot, line._check_number(number).wire)


@_of(LINE)
async def agent_set_skills(line: Line, *, numbers: tuple[int, ...], on: bool) -> None:
    """As ``Agent.activate_skills`` and ``Agent.deactivate_skills``."""
    agent = line.agent
    if agent is None:
        raise InvalidInput("line", f"{line.id} is no agent.", remedy="Name the line of an agent.")
    await (agent.activate_skills if on else agent.deactivate_skills)(*numbers)


def _plain(word: str) -> Method:
    async def method(line: Line) -> None:
        await getattr(_agents(line), word)(line.snapshot)

    return method


for _word in ("log_off", "ready", "pause", "wrap_up", "request_help", "stop_intrusion", "stop_listening", "refresh"):
    LINE[f"agent_{_word}"] = _plain(_word)
