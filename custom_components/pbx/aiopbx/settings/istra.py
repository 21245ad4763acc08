"""What is different in the settings of Istra: the forms of a login name, and what only O2G knows."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from .base import Problem

if TYPE_CHECKING:
    from .connection import ConnectionSettings

ISTRA: Final = frozenset({"myrcc", "mycrm", "myistra"})
"""The systems that are applications of Istra."""
_END_USER: Final = "ENDUSER:"
_ONLY_O2G: Final[dict[str, str]] = {
    "secondary_url": "There are no pairs of servers; leave it out.",
    "supervised": "Log in as the user oneself, or use myrcc for the lines of an enterprise.",
    "application_name": "The name of the application is that of the interface; leave it out.",
    "network": "Its servers have no second address; leave it out.",
    "event_port": "Events come over the port of the address; leave it out.",
    "channel": "Events come over a WebSocket that this side opens; leave it out.",
    "webhook": "Events come over a WebSocket that this side opens; leave it out.",
    "tunnel": "Events come over a WebSocket that this side opens; leave it out.",
    "subscription_timeout": "Its server says how often it is pinged; leave it out.",
}
"""Settings that mean something to O2G alone, and what to do instead."""


def taken_apart(values: dict[str, Any]) -> dict[str, Any]:
    """Bring the system's name and the login name into their plain forms, before anything is checked.

    ``ENDUSER:login`` is how myCrm and myIstra write a login name on the wire, and ``login|enterprise`` is myRCC's.
    """
    system = values.get("system")
    if not isinstance(system, str):
        return values
    values = {**values, "system": system.strip().lower()}
    name, enterprise = values.get("username"), values.get("enterprise")
    if isinstance(enterprise, str):
        enterprise = values["enterprise"] = enterprise.strip() or None
    if not isinstance(name, str):
        return values
    if values["system"] == "myrcc" and "|" in name:
        login, _, named = name.partition("|")
        if isinstance(enterprise, str) and enterprise != named.strip():
            raise Problem(
                "names another enterprise than the user name does.", "Write the login name alone.", field="enterprise"
            )
        return {**values, "username": login.strip(), "enterprise": named.strip()}
    if values["system"] in ("mycrm", "myistra") and name[: len(_END_USER)].upper() == _END_USER:
        return {**values, "username": name[len(_END_USER) :].strip()}
    return values


def check_istra(settings: "ConnectionSettings", defaults: Mapping[str, Any]) -> None:
    """Raise a ``ValueError`` about what does not go with Istra."""
    for field, remedy in _ONLY_O2G.items():
        if getattr(settings, field) != defaults[field]:
            raise Problem(f"means nothing to {settings.system}.", remedy, field=field)
    enterprise = settings.enterprise
    if settings.system != "myrcc":
        if enterprise is not None:
            raise Problem(
                f"means nothing to {settings.system}.", "Leave it out: only myrcc has one.", field="enterprise"
            )
        if "|" in settings.username:
            raise Problem(
                "names an enterprise, as myrcc has it.", "Write the login name of the user alone.", field="username"
            )
    elif not enterprise:
        raise Problem("is missing.", "Name the enterprise whose extensions are meant.", field="enterprise")
    elif "|" in enterprise or ":" in enterprise or not enterprise.isprintable():
        raise Problem(
            "holds a character that no enterprise's name has.",
            "It has no colon, no | and no control characters.",
            field="enterprise",
        )
    if settings.system == "myistra" and settings.lines not in ("all", (settings.username,), ()):
        raise Problem(
            "means nothing to myistra, where a user is one line.",
            "Leave it out, or log in as that user.",
            field="lines",
        )
