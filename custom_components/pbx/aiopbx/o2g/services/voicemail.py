"""Voicemail: mailboxes, their messages, and what was said."""

import os
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from ...http.download import Download
from ...operations import Send, Service, operation
from ..rules import EXPLICIT_ALL, MESSAGES_PAGE, ONE_PASSWORD, joined
from ..types.base import MESSAGING
from ..types.voicemail import ConnectRequest, MailBoxes, MailBoxInfo, Voicemail as Message, Voicemails

_MAILBOX = "/messaging/mailboxes/{mailboxId}"
PAGE = 50
"""Messages that ``all_voicemails`` asks for at a time."""


class Voicemail(Service, service="Voicemail"):
    """The mailboxes of a user. Before anything else a mailbox is connected to, with its password or the user's."""

    @operation("GET", "/messaging/mailboxes", MESSAGING)
    def mailboxes(self, *, login_name: str | None = None) -> Send[MailBoxes]:
        """List the mailboxes, and what may be done with each."""
        return Send(loginName=login_name)

    @operation("POST", _MAILBOX, MESSAGING, ONE_PASSWORD, repeatable=True, valueless=("withUserPwd",))
    def connect_mailbox(
        self,
        mailbox_id: str,
        body: ConnectRequest | None = None,
        *,
        with_user_pwd: bool | None = None,
        login_name: str | None = None,
    ) -> Send[MailBoxInfo]:
        """Connect to a mailbox and count its messages: with its password, or ``with_user_pwd`` with the user's."""
        return Send(mailbox_id, body=body, withUserPwd=with_user_pwd or None, loginName=login_name)

    @operation("GET", _MAILBOX + "/voicemails", MESSAGING, MESSAGES_PAGE)
    def voicemails(
        self,
        mailbox_id: str,
        *,
        offset: int | None = None,
        limit: int | None = None,
        new_only: bool | None = None,
        login_name: str | None = None,
    ) -> Send[Voicemails]:
        """List messages; ``limit`` -1 is no limit. ``all_voicemails`` lists them page by page."""
        return Send(mailbox_id, offset=offset, limit=limit, newOnly=new_only, loginName=login_name)

    @operation("DELETE", _MAILBOX + "/voicemails", MESSAGING, EXPLICIT_ALL("msgIds"), repeatable=False, guards=("all",))
    def delete_voicemails(
        self,
        mailbox_id: str,
        *,
        msg_ids: str | Sequence[str | int] | None = None,
        all: bool = False,
        login_name: str | None = None,
    ) -> Send[None]:
        """Delete these messages, or with ``all`` every one. Ids that do not exist are no error."""
        return Send(mailbox_id, msgIds=joined(msg_ids, field="msgIds", by=";"), all=all or None, loginName=login_name)

    @operation("DELETE", _MAILBOX + "/voicemails/{voicemailId}", MESSAGING)
    def delete_voicemail(self, mailbox_id: str, voicemail_id: str, *, login_name: str | None = None) -> Send[None]:
        """Delete a message."""
        return Send(mailbox_id, voicemail_id, loginName=login_name)

    @operation("GET", _MAILBOX + "/voicemails/{voicemailId}", MESSAGING)
    def download_voicemail(
        self, mailbox_id: str, voicemail_id: str, *, login_name: str | None = None
    ) -> Send[Download]:
        """Get what was said, as a stream of the bytes of a WAV file. It has to be read or closed."""
        return Send(mailbox_id, voicemail_id, loginName=login_name)

    # ---------------------------------------------------------------------------------------------------- at once

    async def save_voicemail(
        self,
        mailbox_id: str,
        voicemail_id: str,
        path: str | os.PathLike[str],
        *,
        login_name: str | None = None,
        on_progress: Callable[[int], Any] | None = None,
    ) -> int:
        """Write what was said to a file, and return how many bytes that were; see ``Download.to_file``."""
        async with await self.download_voicemail(mailbox_id, voicemail_id, login_name=login_name) as recording:
            return await recording.to_file(path, on_progress=on_progress)

    async def all_voicemails(
        self, mailbox_id: str, *, new_only: bool | None = None, page: int = PAGE, login_name: str | None = None
    ) -> AsyncIterator[Message]:
        """Give all messages, reading ``page`` of them at a time, each once."""
        seen: set[str] = set()
        offset = 0
        while True:
            answer = await self.voicemails(
                mailbox_id, offset=offset, limit=max(page, 1), new_only=new_only, login_name=login_name
            )
            messages = answer.voicemails
            fresh = [message for message in messages if message.voicemail_id and message.voicemail_id not in seen]
            seen.update(message.voicemail_id for message in fresh if message.voicemail_id)
            for message in fresh:
                yield message
            offset += len(messages)
            if not fresh or len(messages) < page:
                return
