"""An answer that is a stream of bytes: read as it comes, never held whole."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import aiohttp

from .body import TooLong

CHUNK: Final = 64 * 1024
"""Bytes that are held at a time, at most."""

LONGEST: Final = 1024**3
"""Bytes that are taken, at most: more than a day of the best sound that telephone systems record."""

Failure = Callable[[Exception], Exception]


class Download:
    """A recording that the server is about to send. It is read once, to a file or chunk by chunk.

    ::

        async with await client.voicemail.download_voicemail(mailbox, voicemail) as recording:
            await recording.to_file("message.wav")

        async with await client.voicemail.download_voicemail(mailbox, voicemail) as recording:
            async for chunk in recording:
                …

    Reading it to its end, an error and ``close`` free the connection; so does leaving the ``async with``.
    """

    def __init__(self, response: aiohttp.ClientResponse, failure: Failure) -> None:
        """Read from this answer, and let ``failure`` say what its errors mean."""
        self._response = response
        self._failure = failure
        self._begun = False
        self.closed = False
        self.most = LONGEST
        """Bytes after which reading ends with an error: a server that never ends would fill the disk."""

    def __repr__(self) -> str:
        """Say how much there is."""
        return f"<Download {self.content_type} {'of unknown size' if self.size is None else self.size}>"

    @property
    def size(self) -> int | None:
        """Bytes in all; None where the server does not say."""
        return self._response.content_length

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._response.status

    @property
    def content_type(self) -> str:
        """What the server calls it, such as ``audio/wav``."""
        return self._response.content_type

    @property
    def file_name(self) -> str | None:
        """What the server would have it called, such as ``message.wav``; None where it does not say.

        It is the server's word: a name alone, but it may be anything.
        """
        given = self._response.content_disposition
        name = given.filename if given is not None else None
        return name.replace("\\", "/").rpartition("/")[2] or None if name else None

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Free the connection; what was not read is lost. May be called twice."""
        self.closed = True
        self._response.close()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the bytes as they come, at most ``CHUNK`` of them.

        Raises ``ConnectionFailed`` where they break off, and where there are more than ``most``.
        """
        if self._begun or self.closed:
            raise RuntimeError("A download can be read only once.")
        self._begun = True
        read = 0
        try:
            self._check(self.size or 0)
            async for chunk in self._response.content.iter_chunked(CHUNK):
                read += len(chunk)
                self._check(read)
                if chunk:
                    yield chunk
        except Exception as error:
            raise self._failure(error) from None
        finally:
            self.close()

    def _check(self, size: int) -> None:
        if size > self.most:
            raise TooLong(self.most)

    async def to_file(self, path: str | os.PathLike[str], *, on_progress: Callable[[int], Any] | None = None) -> int:
        """Write it to a file, and return how many bytes that were.

        The file appears when it is whole; until then, and after an error never, there is only one beside it that ends
        with ``.part``. ``on_progress`` is called with the number of bytes so far. Nothing blocks the event loop. Raises
        ``ConnectionFailed`` where the server breaks off or sends more than ``most``, ``OSError`` where the file cannot
        be written.
        """
        target = Path(path)
        part = target.with_name(target.name + ".part")
        written = 0
        try:
            file = await asyncio.to_thread(part.open, "wb")
            try:
                async for chunk in self:
                    await asyncio.to_thread(file.write, chunk)
                    written += len(chunk)
                    if on_progress is not None:
                        on_progress(written)
            finally:
                await asyncio.shield(asyncio.to_thread(file.close))
            await asyncio.to_thread(part.replace, target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        finally:
            self.close()
        return written
