"""The services of Istra and all of their operations."""

from collections.abc import AsyncIterator, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, ClassVar, Final

from ..errors import InvalidInput
from ..http.download import Download
from ..operations import Operation, Operations, Send, Service, Services, operation
from .types.crm import CrmPush, CrmTerminal
from .types.enduser import (
    AudioFormat,
    CallerIdChoice,
    CallerIdRequest,
    Notifications,
    NotificationsPush,
    PhoneLog,
    PhoneLogs,
    ReadRequest,
    User,
    UserInfo,
    Voicemail,
    Voicemails,
)
from .types.rcc import CallLine, CallLinePush, CallLines, Destination, Dtmfs, Extension, Extensions, LineReference
from .types.session import Application, Listener, ListenerRequest

EVERY: Final = tuple(Application)


class IstraService(Service):
    """A service of Istra. Commas stand in its queries as they are: servers read a list of fields in no other way."""

    applications: ClassVar[tuple[str, ...]] = EVERY
    literal: ClassVar[str] = ","


class SessionService(IstraService, service="service"):
    """The session of this client, which opens and closes it by itself, and the listeners that pushes are for."""

    @operation("POST", "v1/service/Login", repeatable=True)
    def login(self) -> Send[None]:
        """Log in anew with the name and password of the settings; the session that there was is over."""
        return Send()

    @operation("POST", "v1/service/Logout", repeatable=True)
    def logout(self) -> Send[None]:
        """Log out. Servers that want it by GET get it so."""
        return Send()

    @operation("POST", "v1/service/EventListener/bean", repeatable=True, sends=ListenerRequest)
    def create_listener(self, name: str, terminal: str | None = None) -> Send[Listener]:
        """Create a listener, on myCrm for a terminal. Any name will do that no other listener of the session has."""
        return Send(body=ListenerRequest(name=name, terminal_id=terminal))

    @operation("DELETE", "v1/service/EventListener/bean/{name}")
    def delete_listener(self, name: str) -> Send[None]:
        """Delete a listener; what it was for is not pushed any more."""
        return Send(name)


_EXTENSION: Final = "v1/rcc/Extension"
_LINE: Final = "v1/rcc/CallLine"
PAGE: Final = 50
"""Extensions, voicemails or calls that are read at a time."""


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

    @operation("POST", _LINE + "/{id}/addParty", sends=Destination, starts_call=True)
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

    @operation("POST", _LINE + "/{id}/redirect", sends=Destination, starts_call=True)
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


class Crm(IstraService, service="crm", applications=(Application.CRM,)):
    """Terminals. A listener is created for one of them, and then bound to it."""

    @operation("GET", "v1/crm/GetTerminals")
    def terminals(self) -> Send[tuple[CrmTerminal, ...]]:
        """List the terminals of the user."""
        return Send()

    @operation("GET", "v1/crm/CallLine")
    def listen(self, *, listener_name: str, terminal_id: str) -> Send[None]:
        """Let the events of a terminal be pushed for a listener from now on. Calls in progress are not reported."""
        return Send(listenerName=listener_name, terminalId=terminal_id)

    @operation("GET", "v1/crm/PlaceCall", repeatable=False, starts_call=True)
    def place_call(self, *, terminal_id: str, destination: str) -> Send[None]:
        """Call with a terminal."""
        return Send(terminalId=terminal_id, destination=destination)


_VOICEMAIL: Final = "v1/logs/Voicemail/bean"
_PHONE: Final = "v1/logs/Phone/bean"
_CALLER_ID: Final = "customCallerIDChoice,customCallerID"


class EndUser(IstraService, service="enduser", applications=(Application.USER,)):
    """What belongs to the user who has logged in."""

    @operation("GET", _VOICEMAIL)
    def voicemails(self, *, offset: int | None = None, length: int | None = None) -> Send[Voicemails]:
        """List voicemails from ``offset`` on, at most ``length``; ``all_voicemails`` lists them all."""
        return Send(offset=offset, length=length)

    @operation("GET", _VOICEMAIL + "/{id}")
    def voicemail(self, voicemail_id: str) -> Send[Voicemail]:
        """Read one voicemail."""
        return Send(voicemail_id)

    @operation("PUT", _VOICEMAIL + "/{id}", repeatable=True, sends=ReadRequest)
    def mark_voicemail(self, voicemail_id: str, read: bool) -> Send[Voicemail]:
        """Mark a voicemail as read or unread. Its ``filename`` changes by that."""
        return Send(voicemail_id, body=ReadRequest(read=read))

    @operation("DELETE", _VOICEMAIL + "/{id}", alias="v1/logs/Voicemail/{id}")
    def delete_voicemail(self, voicemail_id: str) -> Send[None]:
        """Delete a voicemail and what was said, for good."""
        return Send(voicemail_id)

    @operation("GET", _VOICEMAIL + "/{id}.{audioFormat}")
    def open_recording(
        self, voicemail_id: str, format: AudioFormat | str = AudioFormat.OGG, *, dl: bool | None = None
    ) -> Send[Download]:
        """Get what was said, as a stream of bytes. It has to be read or closed. ``dl`` asks for it as an attachment."""
        return Send(voicemail_id, _format(format), dl=dl)

    @operation("GET", _PHONE)
    def phone_logs(
        self,
        *,
        offset: int | None = None,
        length: int | None = None,
        is_incoming: bool | None = None,
        is_missed: bool | None = None,
    ) -> Send[PhoneLogs]:
        """List calls of the history, the incoming or missed ones only if that is said; see ``all_phone_logs``."""
        return Send(offset=offset, length=length, isIncoming=is_incoming, isMissed=is_missed)

    @operation("GET", _PHONE + "/{id}", alias="v1/logs/Phone/{id}")
    def phone_log(self, call_history_id: str) -> Send[PhoneLog]:
        """Read one call of the history."""
        return Send(call_history_id)

    @operation("DELETE", _PHONE + "/{id}", alias="v1/logs/Phone/{id}")
    def delete_phone_log(self, call_history_id: str) -> Send[None]:
        """Delete a call from the history, for good."""
        return Send(call_history_id)

    @operation("POST", "v1/user/Terminal/{id}/placeCall", sends=Destination, starts_call=True)
    def place_call(self, terminal_id: str, destination: str) -> Send[None]:
        """Call with a terminal: a number, or a voicemail's ``play_number`` to hear it."""
        if not destination.strip():
            raise InvalidInput("destination", "must not be empty.")
        return Send(terminal_id, body=Destination(destination=destination))

    @operation("GET", "v1/user/Info")
    def info(self) -> Send[UserInfo]:
        """Read who the user is, which terminals there are, and the caller ID."""
        return Send()

    @operation("GET", "v1/user/IUser/{id}")
    def user(self, user_id: str, *, rt: str = _CALLER_ID) -> Send[User]:
        """Read the caller ID; ``rt`` names the fields to read. The id is that of ``info().user``."""
        return Send(user_id, rt=rt)

    @operation("PUT", "v1/user/IUser/{id}", repeatable=True, sends=CallerIdRequest)
    def set_caller_id(
        self, user_id: str, choice: CallerIdChoice, number: str | None = None, *, rt: str = _CALLER_ID
    ) -> Send[User | None]:
        """Set the caller ID; the number is E.164, such as ``+15550100``, and goes with ``MANUAL_SETTING``.

        The answer is what was set; None where the server says nothing.
        """
        body = CallerIdRequest(custom_caller_id_choice=choice, manual_custom_caller_id=number)
        return Send(user_id, body=body, rt=rt)

    @operation("GET", "v1/logs/Notifications/bean")
    def notifications(self, *, listener_name: str | None = None) -> Send[Notifications]:
        """Read the counters; with a listener, their changes are pushed from now on."""
        return Send(listenerName=listener_name)

    # ---------------------------------------------------------------------------------------------------- at once

    async def all_voicemails(self, page: int = PAGE) -> AsyncIterator[Voicemail]:
        """Give all voicemails, reading ``page`` of them at a time, each once."""
        seen: set[str] = set()
        offset = 0
        while True:
            answer = await self.voicemails(offset=offset, length=max(page, 1))
            fresh = [one for one in answer.all if one.id not in seen]
            seen.update(one.id for one in fresh)
            for one in fresh:
                yield one
            offset += len(answer.all)
            if not fresh or not _more(offset, len(answer.all), answer.count, page):
                return

    async def all_phone_logs(
        self, page: int = PAGE, *, is_incoming: bool | None = None, is_missed: bool | None = None
    ) -> AsyncIterator[PhoneLog]:
        """Give all calls of the history that match, reading ``page`` of them at a time, each once."""
        seen: set[str] = set()
        offset = 0
        while True:
            answer = await self.phone_logs(
                offset=offset, length=max(page, 1), is_incoming=is_incoming, is_missed=is_missed
            )
            fresh = [one for one in answer.all if one.call_history_id not in seen]
            seen.update(one.call_history_id for one in fresh)
            for one in fresh:
                yield one
            offset += len(answer.all)
            if not fresh or not _more(offset, len(answer.all), answer.count, page):
                return


def _more(offset: int, got: int, count: int | None, page: int) -> bool:
    """Whether there may be more: ``count`` is of this answer or of all, as the server likes it."""
    return got >= page or (count is not None and count > offset)


def _format(format: AudioFormat | str) -> str:
    try:
        return AudioFormat(format).value
    except ValueError:
        raise InvalidInput(
            "format", f"{format!r} is none.", remedy=f"It is one of: {', '.join(AudioFormat)}."
        ) from None


class IstraServices(Services, python="pbx.istra"):
    """All of them, through one caller: ``service`` is for every application, the others for one each."""

    service: SessionService
    rcc: Rcc
    crm: Crm
    enduser: EndUser


SOCKETS: Final[Mapping[Application, Operation]] = MappingProxyType(
    {
        application: Operation(
            name=f"open_socket({application})",
            service="client",
            applications=(application,),
            method="WS",
            path=f"ws-service/{application}",
            returns=pushed,
            repeatable=True,
            summary="Open the socket that pushes come over.",
        )
        for application, pushed in (
            (Application.RCC, CallLinePush),
            (Application.CRM, CrmPush),
            (Application.USER, NotificationsPush),
        )
    }
)
"""What is no request, but a socket."""


@cache
def operations_of(application: Application) -> Operations:
    """The operations of an application by name: no two of one application share it."""

    def declared() -> Iterator[Operation[Any]]:
        return (one for one in IstraServices.declared() if application in one.applications)

    return Operations(declared, dials=frozenset({"destination"}))
