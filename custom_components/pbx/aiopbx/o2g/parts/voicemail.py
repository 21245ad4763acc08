"""Mailboxes on O2G. A session connects to a mailbox before anything else."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from ...errors import NotSupported, RequestRefused, SessionLost
from ...model import LineSnapshot, Party
from ...ports import Recording
from ...records import MailboxKey, MailboxSnapshot, VoicemailSnapshot
from ..client import O2gClient
from ..records import moment, name_of
from ..types.base import MESSAGING
from ..types.voicemail import ConnectRequest, PartyInfo, Voicemail
from . import Lacks, Part

T = TypeVar("T")


class O2gVoicemail(Part):
    """Mailboxes of users."""

    def __init__(self, client: O2gClient, lacks: Lacks) -> None:
        """Connected to none."""
        super().__init__(client, lacks)
        self._connected: set[tuple[str, str]] = set()

    async def mailboxes(self, line: LineSnapshot) -> tuple[MailboxSnapshot, ...]:
        """``GET /messaging/mailboxes``."""
        answer = await self._licensed(line.id, MESSAGING, self._client.voicemail.mailboxes(login_name=self._as(line)))
        return tuple(MailboxSnapshot(id=one.id, name=one.name or "") for one in answer.mailboxes if one.id)

    async def connect(self, line: LineSnapshot, mailbox: MailboxKey) -> MailboxSnapshot:
        """``POST /messaging/mailboxes/{mailboxId}``, with its password or the user's."""
        password = mailbox.password
        answer = await self._client.voicemail.connect_mailbox(
            mailbox.id,
            None if password is None else ConnectRequest(password=password),
            with_user_pwd=True if password is None else None,
            login_name=self._as(line),
        )
        self._connected.add((line.id, mailbox.id))
        return MailboxSnapshot(
            id=mailbox.id,
            total=answer.total_voice_msg,
            new=answer.new_voice_msg,
            usage=answer.storage_usage,
            formats=("wav",),
        )

    async def _in(self, line: LineSnapshot, mailbox: MailboxKey, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask something of a mailbox, connected to it."""
        if (line.id, mailbox.id) not in self._connected:
            await self.connect(line, mailbox)
        try:
            return await ask()
        except SessionLost:
            raise
        except RequestRefused:
            if not self._client.lost.is_set():
                raise
        # The session was lost under way, and the next one, in which it was asked again, is connected to no mailbox.
        await self.connect(line, mailbox)
        return await ask()

    async def page(
        self, line: LineSnapshot, mailbox: MailboxKey, offset: int, limit: int, new_only: bool
    ) -> tuple[VoicemailSnapshot, ...]:
        """``GET …/voicemails``."""
        messages = await self._in(
            line,
            mailbox,
            lambda: self._client.voicemail.voicemails(
                mailbox.id, offset=offset, limit=limit, new_only=new_only or None, login_name=self._as(line)
            ),
        )
        return tuple(_message(one) for one in messages.voicemails if one.voicemail_id)

    async def open(self, line: LineSnapshot, mailbox: MailboxKey, message: str, format: str | None) -> Recording:
        """``GET …/voicemails/{voicemailId}``: always WAV."""
        return await self._in(
            line,
            mailbox,
            lambda: self._client.voicemail.download_voicemail(mailbox.id, message, login_name=self._as(line)),
        )

    async def set_read(self, line: LineSnapshot, mailbox: MailboxKey, message: str, read: bool) -> VoicemailSnapshot:
        """Refuse: O2G marks a message as read when it is fetched, and in no other way."""
        raise NotSupported("O2G has no way to mark messages.", missing="read_marks")

    async def delete(self, line: LineSnapshot, mailbox: MailboxKey, messages: tuple[str, ...] | None) -> None:
        """``DELETE …/voicemails``."""
        await self._in(
            line,
            mailbox,
            lambda: self._client.voicemail.delete_voicemails(
                mailbox.id, msg_ids=messages, all=messages is None, login_name=self._as(line)
            ),
        )


def _message(answer: Voicemail) -> VoicemailSnapshot:
    return VoicemailSnapshot(
        id=answer.voicemail_id or "",
        caller=_caller(answer.from_) if answer.from_ is not None else None,
        at=moment(answer.date),
        seconds=answer.duration,
        unread=answer.unread,
        urgent=answer.high_priority,
    )


def _caller(answer: PartyInfo) -> Party:
    return Party(
        number=answer.id.phone_number if answer.id is not None else None,
        login=answer.id.login_name if answer.id is not None else None,
        name=name_of(answer.first_name, answer.last_name, answer.display_name) or None,
    )
