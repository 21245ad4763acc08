"""Call log, voicemail and caller ID of an end user."""

from collections.abc import Callable
from typing import Final, Protocol

from ..errors import InvalidInput, NotSupported
from ..model import CallerIdChoice, Direction, LineSnapshot
from ..ports import Recording
from ..records import CallRecord, LogFilter, LogPage, MailboxKey, MailboxSnapshot, VoicemailSnapshot
from .reducer.user import message_of, record_of
from .services import EndUser
from .types import enduser as wire
from .types.enduser import AudioFormat, Notifications, PhoneLog


class IstraCallLog:
    """Its records."""

    def __init__(self, service: EndUser) -> None:
        """Ask this service."""
        self._service = service

    async def page(self, line: LineSnapshot, which: LogFilter, offset: int, limit: int) -> LogPage:
        """``GET v1/logs/Phone/bean``, on until one is found that is meant, or there are no more."""
        _check(which)
        read = 0
        while True:
            answer = await self._service.phone_logs(
                offset=offset + read,
                length=limit,
                is_incoming=True if which.direction is Direction.INCOMING else None,
                is_missed=True if which.unanswered and which.direction is not Direction.OUTGOING else None,
            )
            read += len(answer.all)
            records = tuple(record for one in answer.all if (record := record_of(one)) and _meant(record, which))
            last = len(answer.all) < limit
            if records or last:
                # A page that is full asks for more; how many there are in all, the server does not say.
                return LogPage(records=records, read=read, total=offset + read if last else None)

    async def acknowledge(self, line: LineSnapshot, ids: tuple[int, ...], on: bool) -> None:
        """Not here."""
        raise NotSupported("The history of myIstra knows no acknowledgement.", missing="acknowledge")

    async def delete(self, line: LineSnapshot, ids: tuple[int, ...]) -> None:
        """``DELETE v1/logs/Phone/bean/{id}``, each."""
        for id_ in ids:
            await self._service.delete_phone_log(str(id_))

    async def delete_where(self, line: LineSnapshot, which: LogFilter) -> None:
        """Read all that are meant, then delete each."""
        _check(which)
        found: list[PhoneLog] = [one async for one in self._service.all_phone_logs()]
        for one in found:
            record = record_of(one)
            if record is not None and _meant(record, which):
                await self._service.delete_phone_log(one.call_history_id)


def _check(which: LogFilter) -> None:
    if which.unacknowledged:
        raise InvalidInput("unacknowledged", "means nothing to this system.", remedy="Use unanswered.")
    if which.ref is not None:
        raise InvalidInput("ref", "is not in this history.", remedy="Use party, after and before.")
    for field in ("after", "before"):
        moment = getattr(which, field)
        if moment is not None and moment.tzinfo is None:
            raise InvalidInput(field, "has no time zone.", remedy="Use datetime.now().astimezone(), for instance.")


def _meant(record: CallRecord, which: LogFilter) -> bool:
    """Whether this side, too, lets it pass."""
    if which.unanswered and record.answered is not False:
        return False
    if which.direction is not None and record.direction is not which.direction:
        return False
    began = record.started_at
    if which.after is not None and (began is None or began < which.after):
        return False
    if which.before is not None and (began is None or began >= which.before):
        return False
    return which.party is None or any(which.party in (party.number, party.name) for party in record.parties)


_WORD: Final = {
    CallerIdChoice.MANUAL: wire.CallerIdChoice.MANUAL_SETTING,
    CallerIdChoice.FROM_PRESENCE: wire.CallerIdChoice.FROM_PRESENCE_STATE,
}


class Shown(Protocol):
    """Shows what others see as the number."""

    user_id: str | None

    def shows(self, answer: wire.User) -> None:
        """It is this."""


class IstraCallerId:
    """Reads and chooses it."""

    def __init__(self, service: EndUser, user: Shown) -> None:
        """Ask this service, and update this user."""
        self._service = service
        self._user = user

    def _id(self) -> str:
        if self._user.user_id is None:
            raise NotSupported("The server does not say under which id the user can be changed.", missing="caller_id")
        return self._user.user_id

    async def set(self, line: LineSnapshot, choice: CallerIdChoice, number: str | None) -> None:
        """``PUT v1/user/IUser/{id}``; then it is read, because the answer only says what was sent."""
        id_ = self._id()
        await self._service.set_caller_id(id_, _WORD[choice], number)
        self._user.shows(await self._service.user(id_))

    async def refresh(self, line: LineSnapshot) -> None:
        """``GET v1/user/IUser/{id}``."""
        self._user.shows(await self._service.user(self._id()))


FORMATS = tuple(one.value for one in AudioFormat)


class IstraVoicemail:
    """Its messages."""

    def __init__(self, service: EndUser, counted: Callable[[Notifications], None]) -> None:
        """Ask this service; ``counted`` takes new counters."""
        self._service = service
        self._counted = counted

    async def mailboxes(self, line: LineSnapshot) -> tuple[MailboxSnapshot, ...]:
        """The one there is."""
        return (
            MailboxSnapshot(id=line.id, name=line.name, new=line.counters.voicemails, formats=FORMATS, can_mark=True),
        )

    async def connect(self, line: LineSnapshot, mailbox: MailboxKey) -> MailboxSnapshot:
        """``GET v1/logs/Notifications/bean``: how many are new. How many there are in all, nothing says."""
        if mailbox.password is not None:
            raise InvalidInput("password", "means nothing to this system.", remedy="Leave it out.", reason="not_here")
        answer = await self._service.notifications()
        self._counted(answer)
        return MailboxSnapshot(id=mailbox.id, new=answer.unread_voice_mails, formats=FORMATS, can_mark=True)

    async def page(
        self, line: LineSnapshot, mailbox: MailboxKey, offset: int, limit: int, new_only: bool
    ) -> tuple[VoicemailSnapshot, ...]:
        """``GET v1/logs/Voicemail/bean``. Which are new is found out here, from the first message on."""
        if not new_only:
            answer = await self._service.voicemails(offset=offset, length=limit)
            return tuple(message_of(one) for one in answer.all)
        found: list[VoicemailSnapshot] = []
        async for one in self._service.all_voicemails():
            message = message_of(one)
            if message.unread is not False:
                found.append(message)
                if len(found) >= offset + limit:
                    break
        return tuple(found[offset:])

    async def open(self, line: LineSnapshot, mailbox: MailboxKey, message: str, format: str | None) -> Recording:
        """``GET v1/logs/Voicemail/bean/{id}.{audioFormat}``."""
        return await self._service.open_recording(message, format or FORMATS[0])

    async def set_read(self, line: LineSnapshot, mailbox: MailboxKey, message: str, read: bool) -> VoicemailSnapshot:
        """``PUT v1/logs/Voicemail/bean/{id}``."""
        return message_of(await self._service.mark_voicemail(message, read))

    async def delete(self, line: LineSnapshot, mailbox: MailboxKey, messages: tuple[str, ...] | None) -> None:
        """``DELETE v1/logs/Voicemail/bean/{id}``, each."""
        if messages is None:
            messages = tuple([one.id async for one in self._service.all_voicemails()])
        for id_ in messages:
            await self._service.delete_voicemail(id_)
