"""The voicemails of a line as data: its mailboxes, and the messages in one of them."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aiopbx import (
    Event,
    Feature,
    InvalidInput,
    Line,
    LineChanged,
    Mailbox,
    MailboxSnapshot,
    NotAllowed,
    NotSupported,
    PbxError,
    Status,
    StatusChanged,
    VoicemailMessage,
)

from ..dataframes import MESSAGES, message_row, table
from ..playable_sound import playable
from .formatting import counted, duration, offline_note
from .model import ReadModel

if TYPE_CHECKING:
    import os

    import pandas

MOST_BYTES: Final = 16 * 1024 * 1024
"""How much of a message is brought into the page: about 35 minutes of telephone sound."""
SILENCE: Final = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\0\0\0\0"
"""A WAV file with no sound in it: pages cannot show a player of nothing at all."""
_AUDIO: Final = (
    (b"RIFF", "wav"),
    (b"OggS", "ogg"),
    (b"fLaC", "flac"),
    (b"ID3", "mp3"),
    (b"\xff\xf1", "aac"),
    (b"\xff\xf9", "aac"),
    (b"\xff", "mp3"),
    (b".snd", "au"),
)
PLAYABLE: Final = frozenset({"wav", "mp3", "ogg", "flac", "aac", "mp4"})
"""What pages play."""


class TooLong(PbxError):
    """A message is longer than what is brought into a page."""


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message as the list shows it."""

    id: str
    caller: str
    number: str
    at: datetime | None
    """When, in local time."""
    seconds: int | None
    unread: bool | None
    urgent: bool

    @property
    def when(self) -> str:
        """When it was left, in local time."""
        return f"{self.at:%Y-%m-%d %H:%M}" if self.at is not None else "unknown"

    @property
    def duration(self) -> str:
        """How long it is."""
        return duration(self.seconds)

    @property
    def notes(self) -> str:
        """New, urgent."""
        return ", ".join([*(["new"] if self.unread else []), *(["urgent"] if self.urgent else [])])

    @property
    def name(self) -> str:
        """In one line, as it is read aloud."""
        number = f" ({self.number})" if self.number and self.number != self.caller else ""
        return ", ".join(
            part for part in (f"message of {self.caller}{number}", self.when, self.duration, self.notes) if part
        )

    @classmethod
    def of(cls, message: VoicemailMessage, zone: tzinfo | None = None) -> "MessageRow":
        """Make the row of a message; ``zone`` is where the reader is (``None``: this machine's)."""
        caller = message.caller
        return cls(
            id=message.id,
            caller=caller.label if caller is not None else "unknown",
            number=(caller.number or "") if caller is not None else "",
            at=message.at.astimezone(zone) if message.at is not None else None,
            seconds=message.seconds,
            unread=message.unread,
            urgent=bool(message.urgent),
        )


@dataclass(frozen=True, slots=True)
class Sound:
    """What was said, whole."""

    message: str
    """The ``id`` of the message."""
    data: bytes
    format: str
    """``wav``, ``mp3`` …, as a browser calls it."""
    original: str = ""
    """What the system sent, in words, if pages do not play that and it was made into something else."""


class VoicemailModel(ReadModel):
    """The messages in a mailbox of a line, newest first, and which of them is meant.

    ``open()`` connects to the mailbox and lists its messages; ``handle(event)`` calls ``on_stale`` when the system's
    count changes. If the system wants the mailbox's password, ``asks_password`` is set: call ``open(password=…)``. Only
    the mailbox keeps the password. Knows no widgets, and belongs to the client's loop.
    """

    def __init__(self, line: Line, *, zone: tzinfo | None = None, most_bytes: int = MOST_BYTES) -> None:
        """Show what is in the mailboxes of ``line``; at most ``most_bytes`` of a message are read into memory."""
        super().__init__(line)
        self.zone = zone
        self.most_bytes = most_bytes
        self.mailboxes: tuple[MailboxSnapshot, ...] = ()
        """The mailboxes there are, once they were read."""
        self.mailbox: Mailbox | None = None
        """The one that is open."""
        self.asks_password = False
        """Whether the system refused to open the mailbox without its password, or with a wrong one."""
        self.new_only = False
        self.loading: str | None = None
        """The message that is being read into memory."""
        self._messages: dict[str, VoicemailMessage] = {}
        self._chosen: str | None = None
        self._wanted: str | None = None
        self._reading = 0

    # ------------------------------------------------------------------------------------------------ the mailbox

    @property
    def available(self) -> bool:
        """Whether this line may have messages."""
        return Feature.MAILBOX in self.line.features

    @property
    def wanted(self) -> str | None:
        """The ``id`` of the mailbox that is open, or is to be opened."""
        return self._wanted if self._wanted is not None else (self.mailbox.id if self.mailbox is not None else None)

    async def open(self, mailbox: str | None = None, *, password: str | None = None) -> None:
        """Connect to a mailbox (``None``: the chosen one, else the first), and list its messages.

        Raises ``PbxError``; where the password is asked for, ``asks_password`` is set as well.
        """
        if not self.available:
            self._messages.clear()
            self._notify()
            return
        self._reading += 1
        reading = self._reading
        self.mailboxes = await self.line.mailboxes()
        wanted = mailbox or self.wanted or (self.mailboxes[0].id if self.mailboxes else None)
        if wanted != self.wanted:
            self._close_mailbox()
        self._wanted = wanted
        self._notify()
        try:
            opened = await self.line.mailbox(wanted, password=password or None)
        except NotAllowed:
            if reading == self._reading:
                self.asks_password = True
                self._close_mailbox()
                self._notify()
            raise
        if reading != self._reading:
            return
        self.asks_password = False
        self.mailbox = opened
        await self._list(reading)

    async def refresh(self) -> None:
        """Count and list the messages again."""
        if self.mailbox is None:
            if not self.asks_password:  # a wrong password is not tried again by itself
                await self.open()
            return
        self._reading += 1
        reading = self._reading
        await self.mailbox.refresh()
        if reading == self._reading:
            await self._list(reading)

    async def _list(self, reading: int) -> None:
        mailbox = self.mailbox
        if mailbox is None:
            return
        messages = await mailbox.messages(new_only=self.new_only).list()
        if reading != self._reading:
            return
        self._messages = {message.id: message for message in messages}
        if self._chosen not in self._messages:
            self._chosen = None
        self._notify()

    def _close_mailbox(self) -> None:
        self.mailbox = None
        self._messages.clear()
        self._chosen = None

    # ------------------------------------------------------------------------------------------------------ events

    def handle(self, event: Event) -> None:
        """Process one event of the client."""
        if isinstance(event, StatusChanged):
            self.status = event.status
            if event.status is Status.ONLINE:
                self._notify_stale()
            self._notify()
        elif isinstance(event, LineChanged) and event.line == self.line.id:
            former, now = event.previous, event.snapshot
            if former.counters.voicemails != now.counters.voicemails:
                self._notify_stale()
            elif (Feature.MAILBOX in former.features) != (Feature.MAILBOX in now.features):
                self._notify_stale()
                self._notify()

    # ------------------------------------------------------------------------------------------------------- state

    @property
    def rows(self) -> list[MessageRow]:
        """The messages, newest first."""
        return [MessageRow.of(message, self.zone) for message in self._messages.values()]

    def take(self) -> list[MessageRow]:
        """Return the rows; later changes call ``on_change`` again."""
        super().take()
        return self.rows

    def message(self, id: str) -> VoicemailMessage:
        """The message with this id. Raises ``InvalidInput`` if it is not there any more."""
        found = self._messages.get(id)
        if found is None:
            raise InvalidInput("message", "is not there any more.", remedy="Choose another one.")
        return found

    @property
    def summary(self) -> str:
        """The state in words."""
        if not self.available:
            return self._unavailable(Feature.MAILBOX, "mailbox")
        if self.asks_password:
            return "The mailbox asks for its password."
        box = self.mailbox
        if box is None:
            return "The mailbox is not open."
        words = [counted(box.total if box.total is not None else len(self._messages), "message")]
        if box.new:
            words.append(f"{box.new} new")
        if box.usage is not None:
            words.append(f"{box.usage} % full")
        return " · ".join(words) + offline_note(self.status)

    # ----------------------------------------------------------------------------------------------------- actions

    @property
    def chosen(self) -> MessageRow | None:
        """The message that is meant."""
        message = self._messages.get(self._chosen or "")
        return MessageRow.of(message, self.zone) if message is not None else None

    def choose(self, id: str | None) -> None:
        """Choose this message; ``None`` chooses no message."""
        self._chosen = id if id in self._messages else None
        self._notify()

    @property
    def can_mark(self) -> bool:
        """Whether a message is chosen that can be marked as heard or new."""
        return self.chosen is not None and self.mailbox is not None and self.mailbox.can_mark

    @property
    def play_number(self) -> str | None:
        """The number that plays the chosen message over a telephone, where there is one."""
        message = self._messages.get(self._chosen or "")
        return message.play_number if message is not None else None

    @property
    def formats(self) -> tuple[str, ...]:
        """The sound formats that a message can be had in, the usual one first."""
        return self.mailbox.formats if self.mailbox is not None else ()

    def heard_as(self, format: str | None = None) -> str | None:
        """The format in which a page plays a message if this one is asked for: pages do not play every format.

        Without one it is the format that was asked for, if PyAV can make another sound of it. Raises ``NotSupported``
        if not even that is so.
        """
        asked = format or (self.formats[0] if self.formats else None)
        if asked is None or asked in PLAYABLE:
            return format
        known = next((each for each in self.formats if each in PLAYABLE), None)
        if known is not None:
            return known
        if find_spec("av") is None:
            raise NotSupported(
                f"Pages do not play {asked}.",
                missing="format",
                remedy="pip install 'aiopbx[sound]' makes it playable; or save the message as a file.",
            )
        return format

    async def load(self, id: str, *, format: str | None = None) -> Sound:
        """Read a message into memory, chunk by chunk, and make a sound of it that pages play.

        Raises ``TooLong`` where it is too much for a page, ``NotASound`` for what is none (a page to log in at, say),
        and ``Unplayable`` where nothing that pages play can be made of it.
        """
        message = self.message(id)
        self.loading = id
        self._notify()
        data = bytearray()
        stream = message.stream(format)
        try:
            async for chunk in stream:
                data += chunk
                if len(data) > self.most_bytes:
                    raise TooLong(
                        f"The message is longer than {self.most_bytes // 1024} KiB.",
                        remedy="Save it as a file instead.",
                    )
            sound, kind, original = await asyncio.to_thread(playable, bytes(data))
        finally:
            self.loading = None
            close = getattr(stream, "aclose", None)
            if close is not None:
                await close()
            self._notify()
        return Sound(id, sound, kind, original)

    async def save(self, id: str, path: "str | os.PathLike[str]", *, format: str | None = None) -> int:
        """Write a message to a file, and return how many bytes that were. A file that exists is not overwritten."""
        if not str(path).strip():
            raise InvalidInput("file", "has no name.", remedy="Say where the message is to be saved.")
        target = await asyncio.to_thread(_free, path)
        try:
            return await self.message(id).save(target, format)
        except OSError as error:
            raise InvalidInput("file", f"{target} cannot be written: {error.strerror}.") from None

    async def set_read(self, id: str, read: bool = True) -> None:
        """Mark a message as heard or as new, if the system can."""
        await self.message(id).set_read(read)
        await self.refresh()

    async def play_on_telephone(self, id: str) -> None:
        """Call the number that plays the message, where the system names one."""
        number = self.message(id).play_number
        if not number:
            raise NotSupported("This system names no number to call.", missing="play_number")
        await self.line.dial(number)

    async def delete(self, ids: Iterable[str]) -> None:
        """Delete messages for good."""
        gone = tuple(ids)
        if self.mailbox is None or not gone:
            raise InvalidInput("messages", "none is chosen.", remedy="Choose the one to be deleted.")
        await self.mailbox.delete(*gone)
        for id_ in gone:
            self._messages.pop(id_, None)
        if self._chosen in gone:
            self._chosen = None
        self._notify()
        await self.refresh()

    def to_dataframe(self) -> "pandas.DataFrame":
        """Return the messages as a table of pandas: times in UTC, lengths in seconds."""
        return table(MESSAGES, map(message_row, self._messages.values()))


def file_name(row: MessageRow, format: str = "wav") -> str:
    """A name for the file of a message, without anything that a file system would not like."""
    who = "".join(letter if letter.isalnum() else "-" for letter in row.caller).strip("-") or "unknown"
    when = f"{row.at:%Y%m%d-%H%M%S}-" if row.at is not None else ""
    return f"voicemail-{when}{who}.{format}"


def _free(path: "str | os.PathLike[str]") -> Path:
    """The path, if there is nothing yet."""
    target = Path(path).expanduser()
    if target.exists():
        raise InvalidInput("file", f"{target} exists.", remedy="Choose another name.")
    return target


def sound_format(data: bytes | bytearray, asked: str | None = None) -> str:
    """What a browser calls this sound, by how it begins; else what was asked for."""
    for begin, name in _AUDIO:
        if data.startswith(begin):
            return name
    if data[4:8] == b"ftyp":
        return "mp4"
    return (asked or "wav").lower().rpartition("/")[2]
