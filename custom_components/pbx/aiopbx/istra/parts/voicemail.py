"""The mailbox of a user of myIstra: there is one, and it needs no password."""

from collections.abc import Callable

from ...errors import InvalidInput
from ...model import LineSnapshot
from ...voicemail import MailboxKey, MailboxSnapshot, Recording, VoicemailSnapshot
from ..reducer.user import message_of
from ..services.enduser import EndUser
from ..types.enduser import AudioFormat, Notifications

FORMATS = tuple(one.value for one in AudioFormat)


class IstraVoicemail:
    """Its messages."""

    def __init__(self, service: EndUser, counted: Callable[[Notifications], None]) -> None:
        """Ask this service; ``counted`` is told of new counters."""
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
            raise InvalidInput("password", "means nothing to this system.", remedy="Leave it out.")
        told = await self._service.notifications()
        self._counted(told)
        return MailboxSnapshot(id=mailbox.id, new=told.unread_voice_mails, formats=FORMATS, can_mark=True)

    async def page(
        self, line: LineSnapshot, mailbox: MailboxKey, offset: int, limit: int, new_only: bool
    ) -> tuple[VoicemailSnapshot, ...]:
        """``GET v1/logs/Voicemail/bean``. Which are new is found out here, from the first message on."""
        if not new_only:
            told = await self._service.voicemails(offset=offset, length=limit)
            return tuple(message_of(one) for one in told.all)
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
