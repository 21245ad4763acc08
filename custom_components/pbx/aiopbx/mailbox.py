"""The messages in a line's mailbox."""

import os
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from .errors import InvalidInput, NotSupported
from .loops import owned
from .model import Feature, Party
from .ports import Recording
from .records import MailboxKey, MailboxSnapshot, VoicemailSnapshot
from .slips import checked

if TYPE_CHECKING:
    import asyncio

    from .line import Line

PAGE: Final = 50
"""Messages that are read at a time."""


class Mailbox:
    """A mailbox that was connected to. It is connected to again by itself after a loss of the connection."""

    __slots__ = ("_key", "_line", "snapshot")

    def __init__(self, line: "Line", key: MailboxKey, snapshot: MailboxSnapshot) -> None:
        """Made by ``Line.mailbox`` only."""
        self._line = line
        self._key = key
        self.snapshot = snapshot
        """As it was when it was last connected to."""

    def __repr__(self) -> str:
        """Say which mailbox it is, and what is in it."""
        return f"<Mailbox {self.id} of {self._line.id}: {self.new} new of {self.total}>"

    @property
    def loop(self) -> "asyncio.AbstractEventLoop":
        """The event loop that owns the client."""
        return self._line.loop

    @property
    def id(self) -> str:
        """What the system calls it."""
        return self.snapshot.id

    @property
    def name(self) -> str:
        """Whose it is."""
        return self.snapshot.name

    @property
    def total(self) -> int | None:
        """How many messages it held when it was last asked."""
        return self.snapshot.total

    @property
    def new(self) -> int | None:
        """How many of them were new."""
        return self.snapshot.new

    @property
    def usage(self) -> int | None:
        """How full it was, in percent."""
        return self.snapshot.usage

    @property
    def formats(self) -> tuple[str, ...]:
        """How the messages can be read, the usual format first: words such as ``wav`` and ``ogg``."""
        return self.snapshot.formats

    @property
    def can_mark(self) -> bool:
        """Whether messages can be marked read and unread."""
        return self.snapshot.can_mark

    @owned
    async def refresh(self) -> MailboxSnapshot:
        """Count the messages again. O2G: POST /messaging/mailboxes/{mailboxId}. myIstra: GET /logs/Notifications."""
        mailbox = await self._line._commands_for(Feature.MAILBOX).voicemail.connect(self._line.snapshot, self._key)
        self.snapshot = replace(mailbox, id=self.id, name=self.name)
        return self.snapshot

    @checked
    def messages(self, *, new_only: bool = False) -> "Voicemails":
        """The messages, to be iterated over; ``new_only`` gives only the new ones."""
        return Voicemails(self._line, self._key.id, self._key.password, new_only, self)

    @owned
    async def delete(self, *messages: "VoicemailMessage | str", all: bool = False) -> None:
        """Delete these messages, or with ``all=True`` every one. O2G: DELETE /messaging/mailboxes/{id}/voicemails."""
        ids = tuple(message if isinstance(message, str) else message.id for message in messages)
        if ids and all:
            raise InvalidInput("all", "does not go with messages.", remedy="Give messages, or all=True.")
        if not ids and not all:
            raise InvalidInput(
                "all", "every message would be deleted.", remedy="Say all=True, or give the messages that are meant."
            )
        await self._line._commands_for(Feature.MAILBOX).voicemail.delete(
            self._line.snapshot, self._key, None if all else ids
        )


class Voicemails:
    """The messages of a mailbox: ``async for message in line.voicemails()``. Iterating again reads anew."""

    __slots__ = ("_line", "_mailbox", "_mailbox_id", "_new_only", "_password")

    def __init__(
        self, line: "Line", mailbox_id: str | None, password: str | None, new_only: bool, mailbox: Mailbox | None = None
    ) -> None:
        """Made by ``Line.voicemails`` and ``Mailbox.messages`` only."""
        self._line = line
        self._mailbox_id = mailbox_id
        self._password = password
        self._new_only = new_only
        self._mailbox = mailbox

    @property
    def loop(self) -> "asyncio.AbstractEventLoop":
        """The event loop that owns the client."""
        return self._line.loop

    @property
    def mailbox(self) -> Mailbox | None:
        """The mailbox, once it was connected to."""
        return self._mailbox

    async def __aiter__(self) -> "AsyncIterator[VoicemailMessage]":
        """Connect to the mailbox, and give its messages, newest first. O2G: GET …/{mailboxId}/voicemails."""
        if self._mailbox is None:
            self._mailbox = await self._line.mailbox(self._mailbox_id, password=self._password)
        mailbox = self._mailbox
        seen: set[str] = set()
        offset = 0
        while True:
            page = await self._page(mailbox, offset)
            fresh = [message for message in page if message.id not in seen]
            seen.update(message.id for message in fresh)
            for message in fresh:
                yield VoicemailMessage(mailbox, message)
            offset += len(page)
            if not fresh or len(page) < PAGE:
                return

    async def list(self) -> "tuple[VoicemailMessage, ...]":
        """All of them. O2G: GET /messaging/mailboxes/{mailboxId}/voicemails."""
        return tuple([message async for message in self])

    @owned
    async def _page(self, mailbox: Mailbox, offset: int) -> tuple[VoicemailSnapshot, ...]:
        line, key, new_only = self._line, mailbox._key, self._new_only
        return await line._commands_for(Feature.MAILBOX).voicemail.page(line.snapshot, key, offset, PAGE, new_only)


class VoicemailMessage:
    """One message, as it was when it was listed."""

    __slots__ = ("_mailbox", "snapshot")

    def __init__(self, mailbox: Mailbox, snapshot: VoicemailSnapshot) -> None:
        """Made by ``Voicemails`` only."""
        self._mailbox = mailbox
        self.snapshot = snapshot

    def __repr__(self) -> str:
        """Say which message it is, and how long."""
        return f"<VoicemailMessage {self.id}: {self.seconds} s>"

    @property
    def loop(self) -> "asyncio.AbstractEventLoop":
        """The event loop that owns the client."""
        return self._mailbox.loop

    @property
    def mailbox(self) -> Mailbox:
        """Where it lies."""
        return self._mailbox

    @property
    def id(self) -> str:
        """What the system calls it."""
        return self.snapshot.id

    @property
    def caller(self) -> Party | None:
        """Who left it, where that is known."""
        return self.snapshot.caller

    @property
    def at(self) -> datetime | None:
        """When, by the system's clock."""
        return self.snapshot.at

    @property
    def seconds(self) -> int | None:
        """How long it is."""
        return self.snapshot.seconds

    @property
    def unread(self) -> bool | None:
        """Whether it was new."""
        return self.snapshot.unread

    @property
    def urgent(self) -> bool | None:
        """Whether it was marked urgent."""
        return self.snapshot.urgent

    @property
    def play_number(self) -> str | None:
        """What to dial to hear it over a telephone: ``line.dial(message.play_number)``; None where there is none."""
        return self.snapshot.play_number

    @owned
    async def save(
        self,
        path: str | os.PathLike[str],
        format: str | None = None,
        *,
        on_progress: Callable[[int, int | None], Any] | None = None,
    ) -> int:
        """Write it to a file that appears when it is whole, and return its bytes.

        ``format`` is one of ``mailbox.formats``, the first if none is given. ``on_progress`` gets the bytes so far,
        and those in all where they are known. Raises ``OSError`` where the file cannot be written. O2G counts the
        message as read. O2G: GET …/{voicemailId}. myIstra: GET …/{id}.{format}.
        """
        recording = await self._open(format)
        size = recording.size
        return await recording.to_file(
            path, on_progress=None if on_progress is None else lambda done: on_progress(done, size)
        )

    async def stream(self, format: str | None = None) -> AsyncIterator[bytes]:
        """Give the bytes of a sound file as they come; it is never held whole.

        ``format`` is one of ``mailbox.formats``, the first if none is given. O2G: GET …/{voicemailId}.
        """
        recording = await self._open(format)
        chunks = aiter(recording)
        try:
            while (chunk := await self._next(chunks)) is not None:
                yield chunk
        finally:
            await self._close(recording)

    @owned
    async def set_read(self, read: bool = True) -> None:
        """Mark it read, or unread. Raises ``NotSupported`` where there are no marks. myIstra: PUT …/{id}."""
        mailbox = self._mailbox
        if not mailbox.can_mark:
            raise NotSupported(
                f"The mailbox {mailbox.id} has no way to mark messages.",
                missing="read_marks",
                remedy="O2G marks a message as read when it is fetched with save or stream.",
            )
        line, key = mailbox._line, mailbox._key
        self.snapshot = await line._commands_for(Feature.MAILBOX).voicemail.set_read(line.snapshot, key, self.id, read)

    @owned
    async def delete(self) -> None:
        """Delete it. O2G: DELETE /messaging/mailboxes/{mailboxId}/voicemails."""
        await self._mailbox.delete(self.id)

    @owned
    async def _open(self, format: str | None) -> Recording:
        formats = self._mailbox.formats
        if format is not None and format not in formats:
            raise InvalidInput(
                "format",
                f"{format!r} cannot be had.",
                remedy=f"There is: {', '.join(formats)}." if formats else "Leave it out.",
            )
        line, key = self._mailbox._line, self._mailbox._key
        return await line._commands_for(Feature.MAILBOX).voicemail.open(line.snapshot, key, self.id, format)

    @owned
    async def _next(self, chunks: AsyncIterator[bytes]) -> bytes | None:
        return await anext(chunks, None)

    @owned
    async def _close(self, recording: Recording) -> None:
        recording.close()


def choose(line: "Line", mailboxes: tuple[MailboxSnapshot, ...], wanted: str | None) -> MailboxSnapshot:
    """The mailbox with this id, or the only one there is."""
    there = ", ".join(mailbox.id for mailbox in mailboxes)
    if wanted is not None:
        for mailbox in mailboxes:
            if mailbox.id == wanted:
                return mailbox
        raise InvalidInput(
            "mailbox",
            f"{line.id} has no mailbox {wanted!r}.",
            remedy=f"There are: {there}." if there else "It has none.",
            reason="mailbox",
            mailbox=wanted,
            known=there or "-",
        )
    if not mailboxes:
        raise NotSupported(f"{line.id} has no mailbox.", missing=Feature.MAILBOX.value)
    if len(mailboxes) > 1:
        raise InvalidInput(
            "mailbox",
            f"{line.id} has several mailboxes.",
            remedy=f"Name one of them: {there}.",
            reason="mailbox_missing",
            known=there,
        )
    return mailboxes[0]
