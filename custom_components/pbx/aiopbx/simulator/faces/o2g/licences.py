"""Licences: which users have them, how many are installed and taken, and refusing requests without one."""

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple

from .refusals import not_allowed

if TYPE_CHECKING:
    from .server import O2gServer
    from .sessions import Session
    from .subscriptions import Subscribed

BASIC: Final = "TELEPHONY_BASIC"
ADVANCED: Final = "TELEPHONY_ADVANCED"
MESSAGING: Final = "MESSAGING"
MANAGEMENT: Final = "MANAGEMENT"
HA: Final = "HA"

NEEDED: Final[dict[str, tuple[str, ...]]] = {
    "basic": (BASIC, ADVANCED),
    "advanced": (ADVANCED,),
    "messaging": (MESSAGING,),
    "phoneset": ("API_PHONESETPROG",),
    "agent": ("API_CONTACTCENTER_AGENT",),
    "management": (MANAGEMENT,),
    "centre": ("CONTACTCENTER_SVCS",),
    "rsi": ("CONTACTCENTER_RSI",),
    "analytics": ("ANALYTICS",),
}
"""What each kind of ``Route.licence`` needs: any one of these."""

WIRE_NAMES: Final = {
    BASIC: "ROXE_API_TEL_BASIC",
    ADVANCED: "ROXE_API_TEL_ADVANCED",
    MESSAGING: "ROXE_API_MESSAGING",
    "API_PHONESETPROG": "ROXE_API_PHONESETPROG",
    "API_CONTACTCENTER_AGENT": "ROXE_API_CONTACTCENTER_AGENT",
    MANAGEMENT: "ROXE_API_MANAGEMENT",
    HA: "ROXE_HA",
    "CLOUD_CONNECTIVITY": "ROXE_API_CLOUD_CONNECTIVITY",
    "TOKEN_MODE": "ROXE_API_TOKEN_MODE",
    "ANALYTICS": "ROXE_API_ANALYTICS",
    "CONTACTCENTER_RSI": "ROXE_API_CONTACTCENTER_RSI",
    "CONTACTCENTER_SVCS": "ROXE_API_CONTACTCENTER_SVCS",
}
"""The name of a licence in the licence file of a live server."""
SWITCHES: Final = frozenset({"CONTACTCENTER_SVCS", "CONTACTCENTER_RSI", "ANALYTICS"})
"""Licences for services as a whole. A server has them unless the settings say 0, and then it lacks the service."""
_PREFIXES: Final = ("ROXE_API_", "ROXE_", "API_")
_IN_MANUALS: Final = {"TELEPHONY_": "TEL_", "CONTACTCENTER_SERVICE": "CONTACTCENTER_SVCS"}
"""How the reference writes parts of these names."""


class Licence(NamedTuple):
    """A kind of licence on this server."""

    name: str
    """Its name in the licence file."""
    total: int
    used: int
    expiration: date | None


class Licences:
    """The licence file of a server, and what is taken from it.

    A licence is taken for a user by the first request that needs it, and by subscriptions; it is free again when the
    last session that took it for this user has ended. For one user any number of sessions take one.
    """

    def __init__(self, server: "O2gServer") -> None:
        """Start with nothing taken."""
        self._server = server

    def installed(self, name: str) -> int:
        """Return the number of licences of a kind."""
        settings = self._server.settings
        for known, total in settings.licences.items():
            if known == name:
                return total
        if name == ADVANCED and settings.telephony_licences is not None:
            return settings.telephony_licences
        users = self._server.switch.users
        if name == MANAGEMENT:
            return len(users)
        if name == HA:
            return int(settings.ha)
        if name in SWITCHES:
            return 1
        return sum(name in user.licences for user in users.values())

    def _one_each(self, name: str) -> bool:
        """Whether there is one of these for each user who has it, so that none can be missing."""
        settings = self._server.settings
        return name not in settings.licences and (name != ADVANCED or settings.telephony_licences is None)

    def holders(self, name: str, *, without: "Subscribed | None" = None) -> set[str]:
        """Return the users for whom licences of a kind are taken, apart from one subscription's."""
        held = {login for session in self._server.sessions for taken, login in session.taken if taken == name}
        return (held & self._server.switch.users.keys()) | self._server.subscriptions.supervised(name, without)

    def used(self, name: str) -> int:
        """Return how many licences of a kind are taken. Management counts the subscribers of the PBX."""
        if name == MANAGEMENT:
            return len(self._server.switch.users)
        if name == HA or name in SWITCHES:
            return self.installed(name)
        return len(self.holders(name))

    def take(self, session: "Session", names: Iterable[str], login: str | None) -> None:
        """Take one of these licences for a user (``None``: no particular user); refuses if there is none."""
        names = tuple(names)
        if MANAGEMENT in names:
            if not self.installed(MANAGEMENT):
                raise not_allowed("The server has no licence for this: MANAGEMENT is required.")
            return
        for name in names:
            if name in SWITCHES:
                if not self.installed(name):
                    raise not_allowed(f"The server has no licence for this: {name} is required.")
                return
        user = self._server.switch.users.get(login) if login is not None else None
        if user is None:
            return
        owned = [name for name in names if name in user.licences]
        if not owned:
            raise not_allowed(f"{user.login} has no licence for this: {' or '.join(names)} is required.")
        for name in owned:
            if (name, user.login) in session.taken:
                return
        for name in owned:
            if self._one_each(name):  # counting them would take a time that grows with the square of the users
                session.taken.add((name, user.login))
                return
            holders = self.holders(name)
            if user.login in holders or len(holders) < self.installed(name):
                session.taken.add((name, user.login))
                return
        raise not_allowed(f"All {self.installed(owned[0])} licences {owned[0]} of the server are taken.")

    def find(self, wanted: str) -> str | None:
        """Return the kind that a name means, with or without the prefix of the licence file."""
        short = _short(wanted.strip().upper())
        return next((name for name in WIRE_NAMES if _short(name) == short), None)

    def all(self) -> tuple[Licence, ...]:
        """Return every kind of licence that is installed."""
        ends = self._server.settings.licence_expiration
        return tuple(
            Licence(wire, total, self.used(name), ends)
            for name, wire in WIRE_NAMES.items()
            if (total := self.installed(name)) > 0 and (name not in SWITCHES or name in self._server.settings.licences)
        )


def _short(name: str) -> str:
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    for manual, live in _IN_MANUALS.items():
        name = name.replace(manual, live)
    return name
