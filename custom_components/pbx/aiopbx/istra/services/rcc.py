"""myRCC: the extensions of an enterprise, and everything that can be done with their calls."""

from collections.abc import AsyncIterator
from typing import Final

from ...errors import InvalidInput
from ..operations import Request, Service, operation, sends
from ..types.rcc import CallLine, CallLines, Destination, Dtmfs, Extension, Extensions, LineReference
from ..types.session import Application

_EXTENSION: Final = "v1/rcc/Extension"
_LINE: Final = "v1/rcc/CallLine"
PAGE: Final = 50
"""Extensions that are read at a time."""


class Rcc(Service, service="rcc", applications=(Application.RCC,)):
    """Extensions and their call lines. What a line offers now is in its ``actions``."""

    @operation("GET", _EXTENSION)
    def extension_page(self, *, offset: int | None = None, length: int | None = None) -> Request[Extensions]:
        """Read extensions from ``offset`` on, at most ``length``; ``extensions`` reads them all."""
        return Request(offset=offset, length=length)

    @operation("GET", _EXTENSION + "/{id}")
    def extension(self, extension_id: str) -> Request[Extension]:
        """Read one extension."""
        return Request(extension_id)

    @operation("POST", _EXTENSION + "/{id}/placeCall")
    @sends(Destination)
    def place_call(self, extension_id: str, destination: str) -> Request[CallLine]:
        """Call from an extension. The answer is the new line, perhaps older than what is pushed meanwhile."""
        return Request(extension_id, body=Destination(destination=_given(destination, "destination")))

    @operation("GET", _LINE)
    def call_lines(self, *, listener_name: str | None = None) -> Request[CallLines]:
        """List the calls of all extensions; with a listener, their changes are pushed from now on."""
        return Request(listenerName=listener_name)

    @operation("POST", _LINE + "/{id}/addParty")
    @sends(Destination)
    def add_party(self, line_id: str, destination: str) -> Request[None]:
        """Bring somebody else into the call."""
        return Request(line_id, body=Destination(destination=_given(destination, "destination")))

    @operation("POST", _LINE + "/{id}/answer")
    def answer(self, line_id: str) -> Request[None]:
        """Answer the call."""
        return Request(line_id)

    @operation("POST", _LINE + "/{id}/disconnect")
    def disconnect(self, line_id: str) -> Request[None]:
        """End the call, for everybody."""
        return Request(line_id)

    @operation("POST", _LINE + "/{id}/hold")
    def hold(self, line_id: str) -> Request[None]:
        """Hold the line."""
        return Request(line_id)

    @operation("POST", _LINE + "/{id}/unhold")
    def unhold(self, line_id: str) -> Request[None]:
        """Retrieve the line."""
        return Request(line_id)

    @operation("POST", _LINE + "/{id}/leave")
    def leave(self, line_id: str) -> Request[None]:
        """Leave a call of several; the others go on."""
        return Request(line_id)

    @operation("POST", _LINE + "/{id}/merge")
    @sends(LineReference)
    def merge(self, line_id: str, line: str) -> Request[None]:
        """Make one call of this line's and another's; ``line`` is the other's id or URI."""
        return Request(line_id, body=LineReference(line=_uri(line)))

    @operation("POST", _LINE + "/{id}/redirect")
    @sends(Destination)
    def redirect(self, line_id: str, destination: str) -> Request[None]:
        """Send a call that rings elsewhere, or transfer one that talks without asking."""
        return Request(line_id, body=Destination(destination=_given(destination, "destination")))

    @operation("POST", _LINE + "/{id}/sendDtmfs")
    @sends(Dtmfs)
    def send_dtmfs(self, line_id: str, dtmfs: str) -> Request[None]:
        """Send tones."""
        return Request(line_id, body=Dtmfs(dtmfs=_given(dtmfs, "dtmfs")))

    @operation("POST", _LINE + "/{id}/transfer")
    @sends(LineReference)
    def transfer(self, line_id: str, line: str) -> Request[None]:
        """Connect this line's party with another line's; ``line`` is the other's id or URI."""
        return Request(line_id, body=LineReference(line=_uri(line)))

    @operation("POST", _LINE + "/{id}/startRecord")
    def start_record(self, line_id: str) -> Request[None]:
        """Begin to record the call. There is no way to stop that."""
        return Request(line_id)

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
