"""The user of myIstra: counters, caller ID, history and voicemail."""

from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from ...model import Action, CallerId, CallerIdChoice, Device, Direction, LineSnapshot, Party, PartyKind
from ...records import CallRecord, VoicemailSnapshot
from ...store import Reduced, with_fields
from ..types.enduser import Notifications, PhoneLog, User, UserInfo, Voicemail
from .tables import CHOICES, PARTY_OF_REMOTE

_DIAL: Final = frozenset({Action.DIAL})
_NOT_URGENT: Final = frozenset({"", "0", "normal", "low", "none"})


def counters(line: LineSnapshot, data: Notifications, now: datetime) -> Reduced:
    """How many wait; what is absent stays as it was."""
    known = line.counters
    return with_fields(
        line,
        now,
        counters=replace(
            known,
            missed_calls=known.missed_calls if data.unread_missed_calls is None else data.unread_missed_calls,
            new_texts=known.new_texts if data.unread_text_messages is None else data.unread_text_messages,
            voicemails=known.voicemails if data.unread_voice_mails is None else data.unread_voice_mails,
        ),
    )


def user(line: LineSnapshot, data: UserInfo, now: datetime) -> Reduced:
    """Who the user is, and which terminals there are."""
    devices = tuple(Device(id=one.abstract_terminal_id, kind=one.label or "", actions=_DIAL) for one in data.terminals)
    changes: dict[str, object] = {"devices": devices}
    if data.user_name:
        changes["name"] = data.user_name
    if data.user is not None:
        changes["caller_id"] = caller_id_of(data.user, line.caller_id)
    return with_fields(line, now, **changes)


def caller_id(line: LineSnapshot, data: User, now: datetime) -> Reduced:
    """The number that others see."""
    return with_fields(line, now, caller_id=caller_id_of(data, line.caller_id))


def caller_id_of(data: User, before: CallerId | None) -> CallerId:
    """The number that others see; what is absent stays as it was."""
    before = before or CallerId()
    choice, number = data.custom_caller_id_choice, data.caller_id
    return CallerId(
        choice=before.choice if choice is None else CHOICES.get(choice, CallerIdChoice.UNKNOWN),
        number=before.number if number is None else number or None,
    )


def record_of(data: PhoneLog) -> CallRecord | None:
    """A call in the history; none where its id is no number."""
    try:
        id_ = int(data.call_history_id)
    except ValueError:
        return None
    ring, talk = data.ring_duration_second, data.talk_duration_second
    incoming = data.is_incoming
    if data.is_missed:
        answered: bool | None = False
    elif incoming is False and talk is not None:
        answered = talk > 0
    else:
        answered = None if data.is_missed is None else True
    began = data.at
    return CallRecord(
        id=id_,
        direction=Direction.UNKNOWN if incoming is None else Direction.INCOMING if incoming else Direction.OUTGOING,
        parties=(_remote(data),),
        answered=answered,
        reason="rejected" if data.is_rejected else None,
        started_at=began,
        answered_at=_later(began, ring) if ring is not None and answered else None,
        ended_at=_later(began, (ring or 0) + (talk or 0)),
    )


def _later(moment: datetime | None, seconds: int) -> datetime | None:
    """So many seconds after; none where there is no such time."""
    try:
        return None if moment is None else moment + timedelta(seconds=seconds)
    except OverflowError:
        return None


def _remote(data: PhoneLog) -> Party:
    kind = PARTY_OF_REMOTE.get(data.remote_type, PartyKind.UNKNOWN) if data.remote_type else PartyKind.UNKNOWN
    return Party(number=data.callback_number or None, name=data.remote_label or None, kind=kind)


def message_of(data: Voicemail) -> VoicemailSnapshot:
    """A message in the mailbox."""
    number = data.remote_number or data.callback_number or None
    kinds = {"internal": PartyKind.USER, "external": PartyKind.EXTERNAL}
    who = Party(
        number=number,
        name=data.remote_label or None,
        kind=kinds.get((data.type or "").lower(), PartyKind.UNKNOWN),
    )
    return VoicemailSnapshot(
        id=data.id,
        caller=who if who.number or who.name else None,
        at=data.at,
        seconds=data.duration_second,
        unread=None if data.read is None else not data.read,
        urgent=None if data.priority is None else data.priority.lower() not in _NOT_URGENT,
        play_number=data.play_number or None,
    )
