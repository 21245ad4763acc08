"""myIstra: a user's voicemails, call history, caller ID and counters."""

from collections.abc import AsyncIterator
from typing import Final

from ...errors import InvalidInput
from ...http.download import Download
from ...operations import Send, operation
from ..types.enduser import (
    AudioFormat,
    CallerIdChoice,
    CallerIdRequest,
    Notifications,
    PhoneLog,
    PhoneLogs,
    ReadRequest,
    User,
    UserInfo,
    Voicemail,
    Voicemails,
)
from ..types.rcc import Destination
from ..types.session import Application
from .session import IstraService

_VOICEMAIL: Final = "v1/logs/Voicemail/bean"
_PHONE: Final = "v1/logs/Phone/bean"
_CALLER_ID: Final = "customCallerIDChoice,customCallerID"
PAGE: Final = 50
"""Voicemails or calls that are read at a time."""


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
