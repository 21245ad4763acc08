"""What every O2G wire type has in common: how it is named, and how it meets what it does not know."""

from ...wire import UNLISTED, Unlisted, Wire, WireEnum, to_json

__all__ = ["UNLISTED", "O2gEvent", "Unlisted", "Wire", "WireEnum", "to_json"]


class O2gEvent(Wire, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False, tag_field="eventName"):
    """An event of the channel. ``login_name`` is the user it is about, none where it is about the system."""

    login_name: str | None = None
