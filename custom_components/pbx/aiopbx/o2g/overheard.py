"""The event channel as those who listen in on the wire get to see it."""

from typing import Final

import msgspec

from ..masking import Mask
from ..wiretap import Wiretap

_UNREADABLE: Final = "(no event)"


class _Named(msgspec.Struct, rename="camel"):
    event_name: str = ""


def tell_events(tap: Wiretap, lines: bytes, mask: Mask) -> None:
    """Tell those who listen of lines of the event channel, each by the name of its event."""
    for line in lines.split(b"\n"):
        if line and not line.isspace():
            text = mask.body(line)
            tap.tell(_name(text) or _UNREADABLE, sent=False, body=text)


def _name(text: str) -> str:
    try:
        return msgspec.json.decode(text, type=_Named).event_name
    except (msgspec.DecodeError, RecursionError):
        return ""
