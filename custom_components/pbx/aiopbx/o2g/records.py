"""What O2G keeps on record, as the records of the model."""

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Final

from msgspec.structs import replace

from ..model import AgentSnapshot, AgentState, Direction, LineSnapshot, Party, PartyKind, Skill
from ..records import CallRecord, CtiLink, Licence, NodeSnapshot, NodesSnapshot
from .queries import text_of
from .types import agent as acd, comlog, maintenance, telephony as wire


def moment(text: str | None) -> datetime | None:
    """A time as the server writes it; none where it cannot be read. One without a zone is UTC."""
    if not text:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def record_of(line: LineSnapshot, data: comlog.ComHistoryRecord) -> CallRecord | None:
    """A record; none where it has no number."""
    if data.record_id is None:
        return None
    own: comlog.Participant | None = None
    others: list[comlog.Participant] = []
    for one in data.participants:
        who = one.identity.id if one.identity is not None else None
        if own is None and who is not None and (who.login_name == line.id or _same(who.phone_number, line.number)):
            own = one
        else:
            others.append(one)
    called = next((one.initial_called for one in data.participants if one.initial_called is not None), None)
    reason = next((one.reason for one in (own, *others) if one is not None and one.reason is not None), None)
    return CallRecord(
        id=data.record_id,
        ref=data.com_ref,
        direction=_direction(own, others),
        parties=tuple(
            party_of(one.identity) if one.identity is not None else Party(anonymous=bool(one.anonymous))
            for one in others
        ),
        called=party_of(called) if called is not None else None,
        answered=_answered(data.participants),
        acknowledged=data.acknowledged,
        reason=str(reason.value) if reason is not None else None,
        started_at=moment(data.begin_date),
        answered_at=moment(data.conv_date),
        ended_at=moment(data.end_date),
        held_seconds=_held(data),
        transferred_by=data.transferred_by or None,
        attached_data=(data.associated_data or text_of(data.hexa_binary_associated_data)) or None,
    )


def _held(data: comlog.ComHistoryRecord) -> float | None:
    """How long a call was held. No description names the unit: what is longer than the call in seconds is not that."""
    if data.hold_duration is None or data.hold_duration < 0:
        return None
    began, ended = moment(data.conv_date) or moment(data.begin_date), moment(data.end_date)
    if began is None or ended is None:
        return None
    # Times of a record are rounded to whole seconds.
    most = (ended - began).total_seconds() + 1
    return float(data.hold_duration) if data.hold_duration <= most else data.hold_duration / 1000


def _same(number: str | None, own: str) -> bool:
    return bool(own) and number == own


def _direction(own: comlog.Participant | None, others: list[comlog.Participant]) -> Direction:
    if own is not None and own.role == comlog.Role.CALLER:
        return Direction.OUTGOING
    if own is not None and own.role == comlog.Role.CALLEE:
        return Direction.INCOMING
    if own is None and len(others) == 1 and others[0].role == comlog.Role.CALLER:
        return Direction.INCOMING
    if own is None and len(others) == 1 and others[0].role == comlog.Role.CALLEE:
        return Direction.OUTGOING
    return Direction.UNKNOWN


def _answered(participants: Iterable[comlog.Participant]) -> bool | None:
    data = [one.answered for one in participants if one.answered is not None]
    return any(data) if data else None


_SUB_STATE: Final = {
    "READY": AgentState.READY,
    "OUT_OF_PG": AgentState.OUT_OF_GROUP,
    "BUSY": AgentState.BUSY,
    "TRANSACTION_CODE_INPUT": AgentState.TRANSACTION_CODE,
    "PAUSE": AgentState.PAUSED,
    "WITHDRAW": AgentState.WITHDRAWN,
}


def agent_state_of(before: AgentSnapshot | None, data: acd.AgentState) -> AgentSnapshot:
    """An agent in this state; what it is stays."""
    known = before or AgentSnapshot()
    sub = data.sub_state
    if data.main_state == acd.AgentMainState.LOG_OFF:
        state = AgentState.LOGGED_OFF
    elif data.main_state == acd.AgentMainState.ERROR:
        state = AgentState.ERROR
    elif data.main_state != acd.AgentMainState.LOG_ON or sub is None:
        state = AgentState.UNKNOWN
    elif sub.value.startswith("WRAPUP"):
        state = AgentState.WRAP_UP
    else:
        state = _SUB_STATE.get(sub.value, AgentState.UNKNOWN)
    return AgentSnapshot(
        state=state,
        group=data.pg_number or None,
        device=data.pro_acd_device_number or None,
        withdrawn=data.is_withdrawn,
        withdraw_reason=data.withdraw_reason,
        supervisor=known.supervisor,
        groups=known.groups,
        preferred_group=known.preferred_group,
        fixed_device=known.fixed_device,
        skills=known.skills,
        may_choose_group=known.may_choose_group,
        headset=known.headset,
        help=known.help,
        multiline=known.multiline,
    )


def agent_config_of(before: AgentSnapshot | None, data: acd.AgentConfig) -> AgentSnapshot:
    """An agent that is this; what it does stays."""
    known = before or AgentSnapshot()
    groups = data.processing_groups or acd.ProcessingGroups()
    skills = data.skills.skills if data.skills is not None else ()
    return AgentSnapshot(
        state=known.state,
        group=known.group,
        device=known.device,
        withdrawn=known.withdrawn,
        withdraw_reason=known.withdraw_reason,
        supervisor=data.type == acd.AgentType.SUPERVISOR,
        groups=groups.groups,
        preferred_group=groups.preferred or None,
        fixed_device=data.proacd or None,
        skills=tuple(skill for one in skills if (skill := _skill(one, None)) is not None),
        may_choose_group=data.self_assign,
        headset=data.headset,
        help=data.help,
        multiline=data.multiline,
    )


def _skill(data: acd.AgentSkill, known: Skill | None) -> Skill | None:
    """A skill; None where it has no number. What is left out is as it was known."""
    if data.number is None:
        return None
    name = data.name or data.abv_name
    if known is None:
        return Skill(number=data.number, level=data.level, active=data.active, name=name, domain=data.domain)
    return Skill(
        number=data.number,
        level=known.level if data.level is None else data.level,
        active=known.active if data.active is None else data.active,
        name=name or known.name,
        domain=known.domain if data.domain is None else data.domain,
    )


def with_skills(before: AgentSnapshot | None, data: Iterable[acd.AgentSkill]) -> AgentSnapshot:
    """An agent of whom these skills are so; the others stay as they are, in their order."""
    agent = before or AgentSnapshot()
    skills = {skill.number: skill for skill in agent.skills}
    for one in data:
        skill = _skill(one, skills.get(one.number) if one.number is not None else None)
        if skill is not None:
            skills[skill.number] = skill
    return replace(agent, skills=tuple(skills.values()))


_LINK: Final = {
    "CONNECTED_MAIN": CtiLink.MAIN,
    "CONNECTED_SECONDARY": CtiLink.SECONDARY,
    "DISCONNECTED": CtiLink.DOWN,
}


def nodes_of(data: maintenance.SystemStatus) -> NodesSnapshot:
    """Nodes, licences and server."""
    licences = data.license.lics if data.license is not None else ()
    return NodesSnapshot(
        nodes=tuple(_node(one) for one in data.pbxs if one.node_id is not None),
        licences=tuple(
            Licence(name=one.name, total=one.total, used=one.current_used, expires=_day(one.expiration))
            for one in licences
            if one.name
        ),
        started_at=moment(data.start_date),
        high_availability=data.ha,
        primary=data.primary,
        secondary=data.secondary,
        licence_trouble=_trouble(data.license),
    )


def _trouble(data: maintenance.LicenseStatus | None) -> str | None:
    """What a licence server says that is not well; its status is ``NORMAL`` where it is."""
    if data is None or not data.status or data.status.upper() == "NORMAL":
        return None
    return f"{data.status}: {data.status_message}" if data.status_message else data.status


def _node(data: maintenance.PbxStatus) -> NodeSnapshot:
    link = _LINK.get(data.cti_link_state.value, CtiLink.UNKNOWN) if data.cti_link_state is not None else None
    if link is None:
        link = CtiLink.UNKNOWN if data.connected is None else CtiLink.UP if data.connected else CtiLink.DOWN
    return NodeSnapshot(
        id=str(data.node_id),
        name=data.name or "",
        version=data.version or "",
        link=link,
        loaded=data.loaded,
        secured=data.secured,
        monitored_users=data.monitored_user_number,
        address=_address(data.main_address),
        secondary_address=_address(data.secondary_address),
    )


def _address(data: maintenance.ServerAddress | None) -> str | None:
    return (data.fqdn or data.ip or None) if data is not None else None


_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY_MONTH_YEAR: Final = re.compile(r"(\d{1,2})-([a-z]{3})[a-z]*-(\d{4})", re.ASCII)
_MONTH_DAY_YEAR: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)


def _day(text: str | None) -> date | None:
    """The day a licence ends: servers write ``31-dec-2026`` in whatever language they speak, others ``12/30/2026``."""
    word = (text or "").strip().lower()
    with suppress(ValueError):
        if (found := _DAY_MONTH_YEAR.match(word)) is not None:
            return date(int(found[3]), _MONTHS.index(found[2]) + 1, int(found[1]))
        if (found := _MONTH_DAY_YEAR.match(word)) is not None:
            return date(int(found[3]), int(found[1]), int(found[2]))
        return date.fromisoformat(word[:10])
    return None


_KIND: Final[dict[str, PartyKind]] = {
    wire.MainType.USER: PartyKind.USER,
    wire.MainType.DEVICE: PartyKind.DEVICE,
    wire.MainType.SERVICE: PartyKind.SERVICE,
    wire.MainType.EXTERNAL: PartyKind.EXTERNAL,
}
_NOBODY: Final = PartyKind.UNKNOWN


def party_of(identity: wire.PartyInfo, id_: str = "", anonymous: bool = False, droppable: bool = True) -> Party:
    """A party, as the model shows it."""
    type_ = identity.type
    who = identity.id
    first, last, display = identity.first_name, identity.last_name, identity.display_name
    return Party(
        id_,
        who.phone_number if who is not None else None,
        name_of(first, last, display) if first or last or display else None,
        who.login_name if who is not None else None,
        _KIND.get(type_.main, _NOBODY) if type_ is not None and type_.main is not None else _NOBODY,
        anonymous,
        droppable,
    )


def name_of(first: str | None, last: str | None, display: str | None) -> str | None:
    """First and last name; once, where both are the same; else the display name."""
    first = first.strip() if first else ""
    last = last.strip() if last else ""
    if first and last and first != last:
        return f"{first} {last}"
    return first or last or (display or "").strip() or None
