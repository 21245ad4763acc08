"""``aiopbx agent``: what an agent of the call centre does."""

import asyncio
from enum import StrEnum

from ..agent import Agent
from ..errors import NotSupported
from ..events import AgentChanged
from ..model import Feature
from ..settings.connection import ConnectionSettings
from . import errors
from .shared import connected, print_json, print_table
from .words import plain

PATIENCE = 2.0
"""Seconds to wait for the event that tells the new state."""


class AgentAction(StrEnum):
    """What can be done."""

    STATE = "state"
    ON = "on"
    OFF = "off"
    READY = "ready"
    PAUSE = "pause"
    WRAP_UP = "wrap-up"
    WITHDRAW = "withdraw"
    REASONS = "reasons"
    ENTER = "enter"
    EXIT = "exit"
    HELP = "help"
    CANCEL_HELP = "cancel-help"


async def agent(
    settings: ConnectionSettings,
    action: AgentAction,
    line_key: str | None,
    *,
    device: str | None,
    group: str | None,
    reason: int | None,
    as_json: bool,
) -> int:
    """Do it, and print the state that it led to."""
    async with connected(settings, line_key) as (_, line):
        one = line.agent
        if one is None:
            missing = line.missing.get(Feature.AGENT)
            raise NotSupported(
                f"{line.id} is no agent of the call centre" + (", or has no licence for it." if missing else "."),
                missing=missing or Feature.AGENT.value,
            )
        if action is AgentAction.REASONS:
            reasons = await one.withdraw_reasons(group)
            if as_json:
                for each in reasons:
                    print_json(each)
            else:
                print_table(("index", "reason"), ((each.index, each.label) for each in reasons))
            return errors.OK
        changed = asyncio.Event()
        stop = line.subscribe(lambda event: changed.set(), kind=AgentChanged)
        try:
            if action is not AgentAction.STATE:
                await _do(one, action, device=device, group=group, reason=reason)
                try:
                    async with asyncio.timeout(PATIENCE):
                        await changed.wait()
                except TimeoutError:
                    await one.refresh()
        finally:
            stop()
        if as_json:
            print_json(one.snapshot, line=line.id)
        else:
            print_table(
                ("line", "state", "group", "set", "groups", ""),
                [
                    (
                        line.number or line.id,
                        plain(one.state.value),
                        one.group or "",
                        one.device or "",
                        ", ".join(one.groups),
                        "supervisor" if one.supervisor else "",
                    )
                ],
            )
    return errors.OK


async def _do(one: Agent, action: AgentAction, *, device: str | None, group: str | None, reason: int | None) -> None:
    match action:
        case AgentAction.ON:
            await one.log_on(device, group=group)
        case AgentAction.OFF:
            await one.log_off()
        case AgentAction.READY:
            await one.ready()
        case AgentAction.PAUSE:
            await one.pause()
        case AgentAction.WRAP_UP:
            await one.wrap_up()
        case AgentAction.WITHDRAW:
            await one.withdraw(reason)
        case AgentAction.ENTER:
            await one.enter_group(group or "")
        case AgentAction.EXIT:
            await one.exit_group(group)
        case AgentAction.HELP:
            await one.request_help()
        case AgentAction.CANCEL_HELP:
            await one.cancel_help()
        case _:
            return
