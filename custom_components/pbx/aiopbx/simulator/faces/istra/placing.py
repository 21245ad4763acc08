"""Placing calls: the same for the three applications. The own telephone rings first."""

from typing import TYPE_CHECKING, Final

from .context import Context
from .lines import Line
from .refusals import bad_request, out_of_service

if TYPE_CHECKING:
    from ...switch.users import Device, User, Voicemail

MESSAGE: Final = "msgid="
"""In the number with which a message of the own mailbox is played."""


def msgid(message: "Voicemail") -> str:
    """What names a message in its number to play: when it came, and which it is."""
    at = message.at
    return f"{at:%Y%m%d%H%M%S}{at.microsecond // 1000:03d}-{message.id.removeprefix('vm')}"


def place(ctx: Context, user: "User", device: "Device | None", destination: str) -> Line:
    """Call from a telephone of the user, or from the first that works. Refuses one that is out of service."""
    if device is None:
        device = next((each for each in user.devices.values() if user.usable(each)), None)
    if device is None or not user.usable(device):
        raise out_of_service()
    ctx.face.check_link(user)
    number = destination.partition(";")[0].strip()
    call = ctx.switch.make_call(user.login, device.id, number, message=_message(user, destination))
    line = ctx.face.lines.line(user.login, call.ref)
    assert line is not None
    return line


def _message(user: "User", destination: str) -> str | None:
    """The message that a destination is the number of; refuses one that is none of the user's."""
    _, mark, rest = destination.partition(MESSAGE)
    if not mark:
        return None
    named = rest.partition(";")[0].strip()
    for message in user.voicemails:
        if msgid(message) == named:
            return message.id
    raise bad_request(f"destination: the mailbox has no message {named!r} to play")
