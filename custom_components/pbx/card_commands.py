"""What the card commands: what a call offers, dialling, do not disturb, forwards, and a search for people."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

import voluptuous as vol
from homeassistant.components import websocket_api
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, Unauthorized

from .aiopbx import VOICEMAIL, Action, Call, Condition, Feature, Line, PbxError, Target
from .calls import find_target, label_of
from .card_lines import find_line, hides_callers
from .card_permissions import may_command, may_read
from .const import CONF_AUTO_ANSWER
from .coordinator import PbxCoordinator
from .errors import invalid, pbx_errors
from .forward import CONDITIONS, TARGETS, ForwardDraft

type Fields = Mapping[str, Any]

# People that a search returns, and seconds that it waits for the directory of the PBX.
MOST: Final = 12
PATIENCE: Final = 4.0


def _number(data: Fields) -> str:
    if not (number := data.get("number", "").strip()):
        raise invalid("card_number_missing")
    return str(number)


def _other(call: Call, data: Fields) -> Call:
    """Return the other call of the same line that is to be joined."""
    found = next((one for one in call.line.calls if one.id == data.get("to")), None)
    if found is None:
        raise invalid("call_not_found", call_id=data.get("to", "-"))
    return found


async def _consult(call: Call, data: Fields) -> None:
    await call.consult(_number(data))


# What can be done to a call, by the names that calls offer them with.
CALL_COMMANDS: Final[dict[str, Callable[[Call, Fields], Awaitable[None]]]] = {
    Action.ANSWER: lambda call, data: call.answer(),
    Action.HANG_UP: lambda call, data: call.hang_up(),
    Action.END: lambda call, data: call.end(),
    Action.HOLD: lambda call, data: call.hold(),
    Action.RETRIEVE: lambda call, data: call.retrieve(),
    Action.ALTERNATE: lambda call, data: call.alternate(),
    Action.RECONNECT: lambda call, data: call.reconnect(),
    Action.CONSULT: _consult,
    Action.TRANSFER: lambda call, data: call.transfer(_other(call, data)),
    Action.BLIND_TRANSFER: lambda call, data: call.blind_transfer(_number(data)),
    Action.MERGE: lambda call, data: call.merge(_other(call, data)),
    Action.ADD_PARTY: lambda call, data: call.add_party(_number(data)),
    Action.REDIRECT: lambda call, data: call.redirect(_number(data)),
    Action.REDIRECT_TO_VOICEMAIL: lambda call, data: call.redirect(VOICEMAIL),
    Action.SEND_DTMF: lambda call, data: call.send_dtmf(data.get("digits", "")),
    Action.PARK: lambda call, data: call.park(),
    Action.START_RECORDING: lambda call, data: call.start_recording(),
    Action.STOP_RECORDING: lambda call, data: call.stop_recording(),
    Action.PAUSE_RECORDING: lambda call, data: call.pause_recording(),
    Action.RESUME_RECORDING: lambda call, data: call.resume_recording(),
}


async def _dial(coordinator: PbxCoordinator, line: Line, data: Fields) -> None:
    auto_answer = coordinator.config_entry.options.get(CONF_AUTO_ANSWER, True)
    await line.dial(_number(data), auto_answer=auto_answer)


async def _set_forward(coordinator: PbxCoordinator, line: Line, data: Fields) -> None:
    draft = ForwardDraft(
        condition=Condition(data.get("condition", Condition.IMMEDIATE)),
        target=Target(data.get("target", Target.NUMBER)),
        number=data.get("number", "").strip(),
    )
    await draft.send(line)


# What can be done to a line. Answering and hanging up without a call are for licences that show no calls.
LINE_COMMANDS: Final[dict[str, Callable[[PbxCoordinator, Line, Fields], Awaitable[None]]]] = {
    "dial": _dial,
    "answer": lambda coordinator, line, data: find_target(line, Action.ANSWER).answer(),
    "hang_up": lambda coordinator, line, data: find_target(line, Action.HANG_UP, Action.END).hang_up(),
    "set_do_not_disturb": lambda coordinator, line, data: line.set_do_not_disturb(data.get("on", True)),
    "set_forward": _set_forward,
    "cancel_forward": lambda coordinator, line, data: line.cancel_forward(),
}


def _line(
    hass: HomeAssistant, connection: websocket_api.ActiveConnection, msg: Fields, command: str
) -> tuple[PbxCoordinator, Line]:
    """Return the line of a command, or raise. Whoever may not see a line does not learn that there is one."""
    found = find_line(hass, msg["line"])
    if found is None or not may_read(hass, connection.user, *found):
        raise invalid("card_line_gone")
    coordinator, line = found
    if not may_command(hass, connection.user, coordinator, line, command):
        raise Unauthorized
    return coordinator, coordinator.pbx.lines[line]


@websocket_api.websocket_command(
    {
        vol.Required("type"): "pbx/card/command",
        vol.Required("line"): str,
        vol.Required("command"): vol.In(
            [*LINE_COMMANDS, *(name for name in CALL_COMMANDS if name not in LINE_COMMANDS)]
        ),
        vol.Optional("call"): str,
        vol.Optional("number"): str,
        vol.Optional("to"): str,
        vol.Optional("digits"): str,
        vol.Optional("on"): bool,
        vol.Optional("condition"): vol.In(CONDITIONS),
        vol.Optional("target"): vol.In(TARGETS),
    }
)
@websocket_api.async_response
async def ws_command(hass: HomeAssistant, connection: websocket_api.ActiveConnection, msg: dict[str, Any]) -> None:
    """Carry out a command for a line, or for one of its calls."""
    command = msg["command"]
    try:
        coordinator, line = _line(hass, connection, msg, command)
        with pbx_errors():
            if "call" in msg or command not in LINE_COMMANDS:
                await _command_call(line, command, msg)
            else:
                await LINE_COMMANDS[command](coordinator, line, msg)
    except Unauthorized:
        raise
    except HomeAssistantError as err:
        # Not by raising it: what a PBX refuses is for the person at the card, and no error of Home Assistant's log.
        connection.send_error(
            msg["id"],
            websocket_api.ERR_HOME_ASSISTANT_ERROR,
            str(err),
            translation_domain=err.translation_domain,
            translation_key=err.translation_key,
            translation_placeholders=err.translation_placeholders,
        )
        return
    connection.send_result(msg["id"])


async def _command_call(line: Line, command: str, msg: Fields) -> None:
    call = next((one for one in line.calls if one.id == msg.get("call")), None)
    if call is None:
        raise invalid("card_call_over")
    if command not in CALL_COMMANDS:
        raise invalid("no_call_offers", line=label_of(line.snapshot), action=command, offered="-")
    await CALL_COMMANDS[command](call, msg)


# -------------------------------------------------------------------------------------------------------- the people


@websocket_api.websocket_command(
    {
        vol.Required("type"): "pbx/card/search",
        vol.Required("line"): str,
        vol.Required("text"): str,
    }
)
@websocket_api.async_response
async def ws_search(hass: HomeAssistant, connection: websocket_api.ActiveConnection, msg: dict[str, Any]) -> None:
    """Find people to call: lines of the PBX, contacts, its directory. An empty text finds the first lines."""
    try:
        coordinator, line = _line(hass, connection, msg, "dial")
    except Unauthorized:
        raise
    except HomeAssistantError as err:
        connection.send_error(msg["id"], websocket_api.ERR_NOT_FOUND, str(err))
        return
    text = msg["text"].strip()
    people: dict[str, dict[str, Any]] = {}
    for name, number, state in _near(hass, connection, coordinator, line, text):
        key = coordinator.pbx.numbers.key(number)
        if key not in people and len(people) < MOST:
            people[key] = {"name": name, "number": number, "state": state}
    complete = True
    if text and len(people) < MOST and Feature.DIRECTORY in line.features:
        complete = False
        with suppress(PbxError, TimeoutError):
            async with asyncio.timeout(PATIENCE):
                search = coordinator.pbx.directory(text, limit=MOST, line=line)
                async for contact in search:
                    if contact.number and len(people) < MOST:
                        key = coordinator.pbx.numbers.key(contact.number)
                        people.setdefault(key, {"name": contact.name, "number": contact.number, "state": None})
                complete = True
    connection.send_result(msg["id"], {"people": list(people.values()), "complete": complete})


def _near(
    hass: HomeAssistant, connection: websocket_api.ActiveConnection, coordinator: PbxCoordinator, own: Line, text: str
) -> Iterator[tuple[str, str, str | None]]:
    """Give who is known without asking the PBX: its lines, by name, then the contacts."""
    wanted = text.casefold()

    def fits(name: str, number: str) -> bool:
        return wanted in name.casefold() or number.startswith(text)

    for line, snapshot in sorted(coordinator.data.items(), key=lambda item: label_of(item[1]).casefold()):
        name, number = label_of(snapshot), snapshot.number
        if line == own.id or not number or not fits(name, number):
            continue
        if may_read(hass, connection.user, coordinator, line):
            yield name, number, snapshot.state.value
    if text and not hides_callers(coordinator.config_entry):
        for number, name in coordinator.pbx.contacts:
            if fits(name, number):
                yield name, number, None
