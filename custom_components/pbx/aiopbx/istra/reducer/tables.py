"""What Istra calls things, as the model calls them, and how calls end."""

from datetime import datetime
from typing import Final

from ...model import Action, CallerIdChoice, CallSnapshot, CallState, Direction, Outcome, PartyKind
from ..types import enduser
from ..types.crm import CallType, DropCause
from ..types.rcc import LineAction

ACTIONS: Final[dict[LineAction, Action]] = {
    LineAction.ADD_PARTY: Action.ADD_PARTY,
    LineAction.ANSWER: Action.ANSWER,
    LineAction.DISCONNECT: Action.END,
    LineAction.HOLD: Action.HOLD,
    LineAction.UNHOLD: Action.RETRIEVE,
    LineAction.MERGE: Action.MERGE,
    LineAction.TRANSFER: Action.TRANSFER,
    LineAction.SEND_DTMFS: Action.SEND_DTMF,
    LineAction.START_RECORD: Action.START_RECORDING,
}
"""What a call line offers, where that does not depend on its state: ``leave`` and ``redirect`` do."""
DECIDED: Final = {DropCause.TRANSFERRED: Outcome.TRANSFERRED}
"""How a call ended, whatever it was before."""
UNANSWERED: Final = {
    DropCause.REJECTED: Outcome.REJECTED,
    DropCause.BUSY: Outcome.BUSY,
    DropCause.UNAVAILABLE: Outcome.FAILED,
    DropCause.ERROR: Outcome.FAILED,
}
"""How a call ended that was not answered."""
PARTY_OF_TYPE: Final = {CallType.EXTERNAL: PartyKind.EXTERNAL, CallType.INTERNAL: PartyKind.USER}
PARTY_OF_REMOTE: Final = {
    enduser.RemoteType.STATION: PartyKind.USER,
    enduser.RemoteType.REMOTE_STATION: PartyKind.USER,
    enduser.RemoteType.MOBILE_STATION: PartyKind.USER,
    enduser.RemoteType.TRUNK: PartyKind.EXTERNAL,
    enduser.RemoteType.TRUNK_MNO: PartyKind.EXTERNAL,
    enduser.RemoteType.TRUNK_VASPLATFORM: PartyKind.EXTERNAL,
    enduser.RemoteType.EXTERNAL_NUMBER: PartyKind.EXTERNAL,
    enduser.RemoteType.FAX: PartyKind.SERVICE,
    enduser.RemoteType.VOICEMAIL: PartyKind.SERVICE,
    enduser.RemoteType.MEDIASERVER: PartyKind.SERVICE,
    enduser.RemoteType.GROUP: PartyKind.SERVICE,
    enduser.RemoteType.ACD_GROUP: PartyKind.SERVICE,
    enduser.RemoteType.PAGING_GROUP: PartyKind.SERVICE,
}
CHOICES: Final = {
    enduser.CallerIdChoice.FROM_PRESENCE_STATE: CallerIdChoice.FROM_PRESENCE,
    enduser.CallerIdChoice.MANUAL_SETTING: CallerIdChoice.MANUAL,
    enduser.CallerIdChoice.MANUAL_CUSTOM_CALLER_ID: CallerIdChoice.MANUAL,
}


_RELEASING: Final = CallState.RELEASING
_NOTHING: Final[frozenset[Action]] = frozenset()


def unanswered(direction: Direction) -> Outcome:
    """How a call ended that was not answered, where nothing else is known."""
    if direction is Direction.INCOMING:
        return Outcome.MISSED
    return Outcome.CANCELLED if direction is Direction.OUTGOING else Outcome.UNKNOWN


def ended(call: CallSnapshot, outcome: Outcome, cause: str | None, now: datetime | None) -> CallSnapshot:
    """The call after its end; ``now`` is none where that was not seen."""
    return CallSnapshot(
        call.id,
        call.ref,
        call.line,
        _RELEASING,
        call.direction,
        call.parties,
        call.called,
        (),  # legs
        _NOTHING,  # actions
        _NOTHING,  # own_actions
        call.started_at,
        call.answered_at,
        now,  # ended_at
        call.answered,
        cause or call.cause,
        cause,  # end_cause
        outcome,
        None,  # recording
        call.anonymous,
        call.associated_data,
        call.account_info,
        call.queue_wait,
        call.replaced_by,
        call.new_destination,
        call.ring_seconds,
        call.talk_seconds,
    )


def ended_unseen(call: CallSnapshot) -> CallSnapshot:
    """A call whose end was not seen: one that was answered stays so; otherwise it is unknown."""
    return ended(call, Outcome.ANSWERED if call.answered else Outcome.UNKNOWN, None, None)
