"""myRCC: the extensions of an enterprise, and everything that can be done with their calls."""

from collections.abc import AsyncIterator
from typing import Final

from ...errors import InvalidInput
from ...operations import Send, operation
from ..types.rcc import CallLine, CallLines, Destination, Dtmfs, Extension, Extensions, LineReference
from ..types.session import Application
from .session import IstraService

_EXTENSION: Final = "v1/rcc/Extension"
_LINE: Final = "v1/rcc/CallLine"
PAGE: Final = 50
"""Extensions that are read at a time."""


class Rcc(IstraService, service="rcc", applications=(Application.RCC,)):
    """Extensions and their call lines. What a line offers now is in its ``actions``."""

    @operation("GET", _EXTENSION)
    def extension_page(self, *, offset: int | None = None, length: int | None = None) -> Send[Extensions]:
        """Read extensions from ``offset`` on, at most ``length``; ``extensions`` reads them all."""
        return Send(offset=offset, length=length)

    @operation("GET", _EXTENSION + "/{id}")
    def extension(self, extension_id: str) -> Send[Extension]:
        """Read one extension."""
        return Send(extension_id)

    @operation("POST", _EXTENSION + "/{id}/placeCall", sends=Destination, starts_call=True)
    def place_call(self, extension_id: str, destination: str) -> Send[CallLine]:
        """Call from an extension. The answer is the new line, perhaps older than what is pushed meanwhile."""
        return Send(extension_id, body=Destination(destination=_given(destination, "destination")))

    @operation("GET", _LINE)
    def call_lines(self, *, listener_name: str | None = None) -> Send[CallLines]:
        """List the calls of all extensions; with a listener, their changes are pushed from now on."""
        return Send(listenerName=listener_name)

    @operation("POST", _LINE + "/{id}/addParty", sends=Destination)
    def add_party(self, line_id: str, destination: str) -> Send[None]:
        """Bring someone else into the call."""
        return Send(line_id, body=Destination(destination=_given(destination, "destination")))

    @operation("POST", _LINE + "/{id}/answer")
    def answer(self, line_id: str) -> Send[None]:
        """Answer the call."""
        return Send(line_id)

    @operation("POST", _LINE + "/{id}/disconnect")
    def disconnect(self, line_id: str) -> Send[None]:
        """End the call for everyone in it."""
        return Send(line_id)

    @operation("POST", _LINE + "/{id}/hold")
    def hold(self, line_id: str) -> Send[None]:
        """Hold the line."""
        return Send(line_id)

    @operation("POST", _LINE + "/{id}/unhold")
    def unhold(self, line_id: str) -> Send[None]:
        """Retrieve the line."""
        return Send(line_id)

    @operation("POST", _LINE + "/{id}/leave")
    def leave(self, line_id: str) -> Send[None]:
        """Leave a call of several; the others go on."""
        return Send(line_id)

    @operation("POST", _LINE + "/{id}/merge", sends=LineReference)
    def merge(self, line_id: str, line: str) -> Send[None]:
        """Make one call of this line's and another's; ``line`` is the other's id or URI."""
        return Send(line_id, body=LineReference(line=_uri(line)))

    @operation("POST", _LINE + "/{id}/redirect", sends=Destination)
    def redirect(self, line_id: str, destination: str) -> Send[None]:
        """Send a call that rings elsewhere, or transfer one that talks without asking."""
        return Send(line_id, body=Destination(destination=_given(destination, "destination")))

    @operation("POST", _LINE + "/{id}/sendDtmfs", sends=Dtmfs)
    def send_dtmfs(self, line_id: str, dtmfs: str) -> Send[None]:
        """Send tones."""
        return Send(line_id, body=Dtmfs(dtmfs=_given(dtmfs, "dtmfs")))

    @operation("POST", _LINE + "/{id}/transfer", sends=LineReference)
    def transfer(self, line_id: str, line: str) -> Send[None]:
        """Connect this line's party with another line's; ``line`` is the other's id or URI."""
        return Send(line_id, body=LineReference(line=_uri(line)))

    @operation("POST", _LINE + "/{id}/startRecord")
    def start_record(self, line_id: str) -> Send[None]:
        """Begin to record the call. There is no way to stop that."""
        return Send(line_id)

    # ---------------------------------------------------------------------------------------------------- at once

    async def extensions(self, page: int = PAGE) -> AsyncIterator[Extension]:
        """Give all extensions, reading ``page`` of them at a time, each once."""
        seen: set[str] = set()
        offset = 0
        while True:
            answer = await self.extension_page(offset=offset, length=max(page, 1))
            found = answer.all
            fresh = [one for one in found if one.id not in seen]
            seen.update(one.id for one in fresh)
            for one in fresh:
                yield one
            offset += len(found)
            more = answer.next or len(found) >= page or (answer.count is not None and offset < answer.count)
            if not fresh or not more:
                return


def _given(text: str, field: str) -> str:
    if not text.strip():
        raise InvalidInput(field, "must not be empty.")
    return text


def _uri(line: str) -> str:
    """The URI of a line that is given by its id or as a URI."""
    return _given(line, "line") if "/" in line else f"{_LINE}/{_given(line, 'line')}"
