"""The call-centre agent service: log on and off, ready, pause, wrap-up, withdraw, help and supervision."""

from http import HTTPStatus
from typing import Final, Literal

from ....o2g.types import agent as wire, telephony
from ....o2g.types.base import O2gEvent, Wire
from ...switch import Switch
from ...switch.agents import CAUSES, NORMAL, AgentState, Skill
from ...switch.calls import AcdView
from ...switch.changes import AgentChange, HelpChange, SkillChange
from .context import Context, Handler, Route, publish_snapshot
from .refusals import bad_parameter, refuse_plainly

AGENT: Final = "agent"
"""The package of its events."""


# -- as the wire shows it ---------------------------------------------------------------------------------------


def state_of(state: AgentState) -> wire.AgentState:
    """Return the state of an operator."""
    if not state.logged_on:
        return wire.AgentState(main_state=wire.AgentMainState.LOG_OFF)
    return wire.AgentState(
        main_state=wire.AgentMainState.LOG_ON,
        sub_state=wire.AgentSubState(state.sub_state) if state.sub_state is not None else None,
        pro_acd_device_number=state.device,
        pg_number=state.group,
        withdraw_reason=state.reason,
        withdrawn=state.withdrawn or None,
    )


def skill_of(skill: Skill) -> wire.AgentSkill:
    """Return a skill of an operator."""
    return wire.AgentSkill(
        number=skill.number,
        level=skill.level,
        active=skill.active,
        domain=skill.domain,
        name=skill.name or None,
        abv_name=skill.short_name or None,
    )


def event_of(change: AgentChange | HelpChange | SkillChange) -> O2gEvent:
    """Return the event for a change."""
    if isinstance(change, SkillChange):
        return wire.OnAgentSkillChanged(
            login_name=change.login, skills=wire.AgentSkills(skills=tuple(skill_of(skill) for skill in change.skills))
        )
    if isinstance(change, AgentChange):
        return wire.OnAgentStateChanged(login_name=change.login, state=state_of(change.state))
    if change.kind == "requested":
        return wire.OnSupervisorHelpRequested(login_name=change.login, agent_number=change.number)
    return wire.OnSupervisorHelpCancelled(login_name=change.login, agent_number=change.number)


def agent_snapshot(switch: Switch, login: str) -> wire.OnAgentStateChanged:
    """Return the event with the present state of an operator."""
    return wire.OnAgentStateChanged(login_name=login, state=state_of(switch.agent_state(login)))


def acd_call_data(view: AcdView) -> telephony.AcdCallData:
    """Return what the call centre knows about a call."""
    info = queue = transfer = None
    if view.queue_time is not None:
        info = telephony.AcdCallInfo(
            queue_waiting_time=view.queue_time,
            global_waiting_time=view.global_time,
            agent_group=view.group,
            local=True,
        )
    if view.waiting_time is not None:
        queue = telephony.QueueData(waiting_time=view.waiting_time, saturated=bool(view.saturated))
    if view.transfer_possible is not None:
        transfer = telephony.PilotTransferInfo(
            transfer_possible=view.transfer_possible, pilot_status=telephony.PilotStatus.OPEN
        )
    return telephony.AcdCallData(
        call_info=info,
        queue_data=queue,
        pilot_number=view.pilot,
        supervised_transfer=view.supervised,
        pilot_transfer_info=transfer,
    )


# -- what is asked for ------------------------------------------------------------------------------------------


def config(ctx: Context) -> wire.AgentConfig:
    """Return the kind of operator that the user is."""
    _, agent = ctx.switch.operator(ctx.user)
    return wire.AgentConfig(
        type=wire.AgentType(agent.type),
        proacd=agent.pro_acd,
        processing_groups=wire.ProcessingGroups(preferred=agent.preferred, groups=agent.groups),
        skills=wire.AgentSkills(skills=tuple(skill_of(skill) for skill in agent.skills.values())),
        self_assign=agent.self_assign,
        headset=agent.headset,
        help=agent.help if agent.supervisor else None,
        multiline=agent.multiline,
    )


def state(ctx: Context) -> wire.AgentState:
    """Return the state of the operator."""
    return state_of(ctx.switch.agent_state(ctx.user))


def ask_snapshot(ctx: Context) -> None:
    """Send the state of the operator, or of all operators, as events."""
    operators = (login for login, user in ctx.switch.users.items() if user.agent is not None)
    publish_snapshot(ctx, AGENT, agent_snapshot, operators)


def log_on(ctx: Context) -> None:
    """Log on at a set."""
    body: wire.LoggOnAgentRequest = ctx.body
    ctx.switch.agent_log_on(ctx.user, body.pro_acd_device_number, body.pg_group_number, body.headset)


def log_off(ctx: Context) -> None:
    """Log off."""
    ctx.switch.agent_log_off(ctx.user)


def enter_group(ctx: Context) -> None:
    """Put a supervisor into a group."""
    ctx.switch.agent_enter_group(ctx.user, ctx.body.pg_group_number)


def exit_group(ctx: Context) -> None:
    """Take a supervisor out of the group."""
    ctx.switch.agent_exit_group(ctx.user, ctx.body.pg_group_number)


def ready(ctx: Context) -> None:
    """Make the agent ready."""
    ctx.switch.agent_ready(ctx.user)


def pause(ctx: Context) -> None:
    """Pause the agent."""
    ctx.switch.agent_pause(ctx.user)


def wrap_up(ctx: Context) -> None:
    """Put the agent in wrap-up."""
    ctx.switch.agent_wrap_up(ctx.user)


def withdraw(ctx: Context) -> None:
    """Withdraw the agent, with or without a reason."""
    ctx.switch.agent_withdraw(ctx.user, ctx.body.reason_index)


def withdraw_reasons(ctx: Context) -> wire.WithdrawReasons:
    """Return the reasons to withdraw of a group."""
    labels = ctx.switch.withdraw_reasons(ctx.user, ctx.query.get("pgNumber") or None)
    return wire.WithdrawReasons(
        number=len(labels),
        reasons=tuple(wire.WithdrawReason(index=index, label=label) for index, label in enumerate(labels, 1)),
    )


def request_help(ctx: Context) -> None:
    """Ask the supervisor for help."""
    ctx.switch.request_help(ctx.user)


def cancel_help(ctx: Context) -> None:
    """Cancel the request for help; a supervisor rejects it."""
    ctx.switch.cancel_help(ctx.user, ctx.query.get("other") or None)


def _mode(mode: wire.IntrusionMode | None) -> str:
    if mode is None:
        return NORMAL
    if mode.value not in CAUSES:
        raise bad_parameter("mode", f"{mode.value!r} is none of {', '.join(CAUSES)}")
    return mode.value


def intrude(ctx: Context) -> None:
    """Intrude on the call of an agent."""
    ctx.switch.intrude(ctx.user, ctx.body.agent_number, _mode(ctx.body.mode))


def change_intrusion(ctx: Context) -> None:
    """Change the way of the intrusion, or end it."""
    if ctx.body.mode is wire.IntrusionMode.STOP:
        ctx.switch.stop_intrusion(ctx.user)
    else:
        ctx.switch.change_intrusion(ctx.user, _mode(ctx.body.mode))


def listen(ctx: Context) -> None:
    """Listen to all calls of an agent."""
    ctx.switch.listen_permanently(ctx.user, ctx.body.agent_number)


def stop_listening(ctx: Context) -> None:
    """Listen no longer to all calls of an agent; nothing, where nobody is listened to."""
    ctx.switch.stop_listening(ctx.user)


def activate_skills(ctx: Context) -> None:
    """Switch skills on."""
    ctx.switch.set_skills(ctx.user, ctx.body.skills, active=True)


def deactivate_skills(ctx: Context) -> None:
    """Switch skills off."""
    ctx.switch.set_skills(ctx.user, ctx.body.skills, active=False)


def _route(
    method: str,
    path: str,
    handler: Handler,
    body: type[Wire] | None = None,
    *,
    user: Literal["named", "optional"] = "named",
) -> Route:
    return Route(method, path, refuse_plainly(handler, HTTPStatus.BAD_REQUEST), body, licence="agent", user=user)


ROUTES: Final = (
    _route("GET", "/acd/agent/config", config),
    _route("POST", "/acd/agent/enterPG", enter_group, wire.PGRequest),
    _route("POST", "/acd/agent/exitPG", exit_group, wire.PGRequest),
    # Clients in the field shorten the two.
    _route("POST", "/acd/agent/enter", enter_group, wire.PGRequest),
    _route("POST", "/acd/agent/exit", exit_group, wire.PGRequest),
    _route("POST", "/acd/agent/intrusion", intrude, wire.IntrusionRequest),
    _route("PUT", "/acd/agent/intrusion", change_intrusion, wire.ChangeIntrusionModeRequest),
    _route("POST", "/acd/agent/logoff", log_off),
    _route("POST", "/acd/agent/logon", log_on, wire.LoggOnAgentRequest),
    _route("POST", "/acd/agent/pause", pause),
    _route("POST", "/acd/agent/permanentListening", listen, wire.PermanentListeningRequest),
    _route("DELETE", "/acd/agent/permanentListening", stop_listening),
    _route("POST", "/acd/agent/config/skills/activate", activate_skills, wire.AgentSkillActivation),
    _route("POST", "/acd/agent/config/skills/deactivate", deactivate_skills, wire.AgentSkillActivation),
    _route("POST", "/acd/agent/ready", ready),
    _route("GET", "/acd/agent/state", state),
    _route("POST", "/acd/agent/state/snapshot", ask_snapshot, user="optional"),
    _route("POST", "/acd/agent/supervisorHelp", request_help),
    _route("DELETE", "/acd/agent/supervisorHelp", cancel_help),
    _route("POST", "/acd/agent/withdraw", withdraw, wire.WithdrawAgentRequest),
    _route("GET", "/acd/agent/withdrawReasons", withdraw_reasons),
    _route("POST", "/acd/agent/wrapUp", wrap_up),
)
