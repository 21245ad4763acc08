"""Mailboxes: messages that callers leave, until they are deleted or the mailbox is full."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .calls import Call
from .errors import SwitchError
from .log import is_deposit
from .users import Voicemail

if TYPE_CHECKING:
    from .calls import Identity
    from .core import Core
    from .users import User


@dataclass(frozen=True, slots=True)
class MailboxInfo:
    """The number of messages, of those not listened to, and how full it is in per cent."""

    total: int
    unread: int
    usage: int


class Mailboxes:
    """The mailboxes of all users who have one. A mailbox has the number of its user as its name."""

    def __init__(self, core: "Core", size: int) -> None:
        """Create them empty. ``size`` is the most messages in one."""
        self._core = core
        self._size = size
        self._last = 0

    def of(self, login: str) -> "User":
        """Return the user; refuses one without a mailbox."""
        user = self._core.user(login)
        if not user.voicemail:
            raise SwitchError("NOT_FOUND", None, f"{login} has no mailbox.")
        return user

    def info(self, login: str) -> MailboxInfo:
        """Return the usage of a user's mailbox."""
        messages = self.of(login).voicemails
        unread = sum(not message.read for message in messages)
        return MailboxInfo(len(messages), unread, min(100, 100 * len(messages) // self._size))

    def messages(self, login: str, *, unread: bool = False) -> tuple[Voicemail, ...]:
        """Return the messages of a user, or those not listened to; newest first."""
        found = self.of(login).voicemails
        return tuple(message for message in reversed(found) if not (unread and message.read))

    def find(self, login: str, id: str) -> Voicemail:
        """Return a message; refuses an identifier that the mailbox does not have."""
        found = next((message for message in self.of(login).voicemails if message.id == id), None)
        if found is None:
            raise SwitchError("NOT_FOUND", None, f"The mailbox of {login} has no message {id!r}.")
        return found

    def read(self, login: str, id: str, on: bool = True) -> Voicemail:
        """Mark a message as heard, or with ``on`` false as new."""
        found = self.find(login, id)
        if found.read == on:
            return found
        user = self._core.user(login)
        with self._core.acting():
            user.voicemails[:] = [replace(each, read=on) if each is found else each for each in user.voicemails]
            self._core.counted(login)
        return replace(found, read=on)

    def play(self, login: str, id: str) -> float:
        """Play a message at a telephone; returns its length. One that was deleted meanwhile is over at once."""
        try:
            return self.read(login, id).seconds
        except SwitchError:
            return 0.0

    def read_all(self, login: str) -> None:
        """Mark every message as heard."""
        user = self._core.user(login)
        if any(not message.read for message in user.voicemails):
            with self._core.acting():
                user.voicemails[:] = [replace(message, read=True) for message in user.voicemails]
                self._core.counted(login)

    def delete(self, login: str, ids: Iterable[str] | None = None) -> int:
        """Delete these messages, or without ``ids`` all; returns their number. Unknown ids are ignored."""
        user = self.of(login)
        wanted = None if ids is None else set(ids)
        gone = [message for message in user.voicemails if wanted is None or message.id in wanted]
        if gone:
            with self._core.acting():
                user.voicemails[:] = [message for message in user.voicemails if message not in gone]
                self._core.counted(login)
        return len(gone)

    def leave(
        self,
        login: str,
        caller: "Identity | None" = None,
        *,
        seconds: int = 1,
        urgent: bool = False,
        sound: bytes | None = None,
    ) -> Voicemail:
        """Leave a message without a call, full or not. ``sound`` is what is sent for it, sound or not."""
        user = self.of(login)
        with self._core.acting():
            self._last += 1
            message = Voicemail(
                caller.number if caller is not None else "",
                self._core.clock.utc(),
                id=f"vm{self._last}",
                caller=caller,
                seconds=seconds,
                urgent=urgent,
                sound=sound,
            )
            user.voicemails.append(message)
            self._core.counted(login)
        return message

    def deposit(self, call: Call) -> None:
        """Store the message of a caller who hangs up, unless the mailbox is full."""
        for service in call.members:
            user = self._core.users.get(service.box) if service.box is not None else None
            if user is None or service.since is None:
                continue
            for caller in call.others(service):
                if is_deposit(service, caller) and len(user.voicemails) < self._size:
                    self._last += 1
                    seconds = max(1, round(self._core.clock.now() - service.since))
                    user.voicemails.append(
                        Voicemail(
                            "" if caller.anonymous else caller.identity.number,
                            self._core.clock.utc(),
                            id=f"vm{self._last}",
                            caller=None if caller.anonymous else caller.identity,
                            seconds=seconds,
                        )
                    )
                    self._core.counted(user.login)
