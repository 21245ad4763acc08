"""Which features a line has: what is known of licences and rights, which outlives connections."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from ..model import Feature, LineSnapshot
from .types.base import (
    ANALYTICS,
    API_CONTACTCENTER_AGENT,
    API_PHONESETPROG,
    CONTACTCENTER_RSI,
    CONTACTCENTER_SERVICE,
    MANAGEMENT,
    MESSAGING,
)
from .types.routing import Capabilities

_LOG = logging.getLogger(__name__)

RIGHTS_LAST: Final = 3600.0
"""Seconds after which the rights of users are read again with the next connection."""


class Rights:
    """Which user has which licence, and may change what of the own routing."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self.basic: set[str] = set()
        """Logins that are known not to have the advanced licence."""
        self._lacking: dict[str, set[str]] = {}
        """Licences beside telephony that are known to be missing, and the logins without them."""
        self.account_lacks: set[str] = set()
        """Those that the account itself lacks."""
        self._warned_of_extras = False
        self._said_services = False
        self.unknown_packages: set[str] = set()
        """Packages of events that this server refuses, whoever subscribes."""
        self._routing: dict[str, Capabilities] = {}
        self._shared: dict[Capabilities, Capabilities] = {}
        self._warned_of_basic = False
        self._stale: set[str] = set()
        """Logins whose rights have to be read again."""
        self._server: object = None
        self._begun = 0.0
        """When their rights began to be read anew, by the monotonic clock."""

    def connected(self, server: object, now: float) -> None:
        """There is a new connection, to this server.

        Nothing announces a change of rights or licences, whether there is a connection or not. So they are read again
        if it is another server, or another version of it, or if they were read long ago; and slowly while there is a
        connection. What needs a licence beside telephony is tried again with each connection.
        """
        self._lacking.clear()
        self.account_lacks.clear()
        if server != self._server or now - self._begun > RIGHTS_LAST:
            if server != self._server:
                self.unknown_packages.clear()
            self._server, self._begun = server, now
            self._stale.update(self._routing)
            self.basic.clear()  # a licence may have been granted: what the server refuses will say so again

    def stale(self, login: str) -> bool:
        """Whether what this user may change is not known, or has to be read again."""
        return login not in self.basic and (login in self._stale or login not in self._routing)

    def advanced(self, logins: Iterable[str]) -> list[str]:
        """Those of these logins that are not known to lack the advanced licence."""
        return [login for login in logins if login not in self.basic]

    def mark_basic(self, logins: Iterable[str]) -> None:
        """Remember that these have the basic licence only, and log it once."""
        self.basic.update(logins)
        if self.basic and not self._warned_of_basic:
            self._warned_of_basic = True
            _LOG.warning(
                "%s of the lines have no licence %s: they can dial, answer and hang up, and show no calls",
                len(self.basic),
                ADVANCED_LICENCE,
            )

    def mark_advanced(self, logins: Iterable[str]) -> None:
        """Remember that these have been given the advanced licence."""
        self.basic.difference_update(logins)

    def lacks(self, login: str | None, licence: str) -> None:
        """Remember a licence that a user, or the account, was refused something for."""
        if login is None:
            self.account_lacks.add(licence)
        else:
            self._lacking.setdefault(licence, set()).add(login)

    def lacking(self, login: str) -> tuple[str, ...]:
        """The licences other than for telephony that a user is known to lack."""
        if not self._lacking:
            return ()
        return tuple(licence for licence, logins in self._lacking.items() if login in logins)

    def without_extras(self, refusal: str) -> None:
        """Log once that calls are seen, and other events are not."""
        if not self._warned_of_extras:
            self._warned_of_extras = True
            _LOG.warning(
                "The server refuses the events of agents, the call log and the system%s; the others come",
                f" ({refusal})" if refusal else "",
            )

    def services(self, offers: Callable[[str], bool], *, administrator: bool) -> None:
        """Say once, in one line, which services of today a server lacks: what they are for is missing, no more."""
        lacking = [feature for feature, service in SERVICES.items() if not offers(service)]
        if administrator and lacking and not self._said_services:
            self._said_services = True
            _LOG.info(
                "This server does not offer %s to this account: its version, a licence or a right is missing",
                ", ".join(f"{feature.value} ({SERVICES[feature]})" for feature in lacking),
            )

    def without(self, packages: Iterable[str], refusal: str) -> None:
        """Remember packages of events that the server refuses, and log each once."""
        new = set(packages) - self.unknown_packages
        self.unknown_packages |= new
        if new:
            _LOG.warning(
                "The server refuses events of %s%s; all others come",
                " and ".join(sorted(new)),
                f" ({refusal})" if refusal else "",
            )

    def learn(self, login: str, rights: Capabilities) -> None:
        """Remember what a user may change. Most may change the same, so that one object serves them all."""
        self._routing[login] = self._shared.setdefault(rights, rights)
        self._stale.discard(login)

    def forget(self, login: str) -> None:
        """Forget a user who is gone."""
        self.basic.discard(login)
        self._routing.pop(login, None)
        self._stale.discard(login)
        for logins in self._lacking.values():
            logins.discard(login)

    def features_of(self, line: LineSnapshot) -> frozenset[Feature]:
        """What this line can do, as far as that is known."""
        return features_of(
            line,
            basic=line.id in self.basic,
            rights=self._routing.get(line.id),
            lacking=self.lacking(line.id),
        )


ADVANCED_LICENCE: Final = "TELEPHONY_ADVANCED"
BASIC: Final = frozenset({Feature.DIAL, Feature.ANSWER, Feature.HANG_UP, Feature.PREFERENCES})
"""With TELEPHONY_BASIC."""
ADVANCED: Final = BASIC | {
    Feature.CALL_EVENTS,
    Feature.CALL_CONTROL,
    Feature.DTMF,
    Feature.TRANSFER,
    Feature.CONFERENCE,
    Feature.REDIRECT,
    Feature.PARK,
    Feature.PICK_UP,
    Feature.RECORDING,
    Feature.ASSOCIATED_DATA,
    Feature.CALL_BACK,
    Feature.PRIVATE_CALL,
    Feature.BUSINESS_CALL,
    Feature.COUNTERS,
    Feature.DEVICE_STATES,
    Feature.CALL_LOG,
    Feature.DIRECTORY,
    Feature.HUNTING_GROUPS,
    Feature.DESK_SHARING,
    Feature.TEXTS,
}
"""With TELEPHONY_ADVANCED, whatever the user's rights and telephones are."""
ALL: Final = ADVANCED | {
    Feature.SWITCH_DEVICE,
    Feature.DO_NOT_DISTURB,
    Feature.FORWARD,
    Feature.OVERFLOW,
    Feature.REMOTE_EXTENSION,
    Feature.VOICEMAIL,
}
"""What a line with TELEPHONY_ADVANCED can do at most, beside what needs other licences."""
LICENCES: Final[dict[str, frozenset[Feature]]] = {
    MESSAGING: frozenset({Feature.MAILBOX}),
    API_PHONESETPROG: frozenset({Feature.TELEPHONES}),
    API_CONTACTCENTER_AGENT: frozenset({Feature.AGENT}),
    MANAGEMENT: frozenset({Feature.OBJECTS}),
    ANALYTICS: frozenset({Feature.CHARGING, Feature.INCIDENTS}),
    CONTACTCENTER_RSI: frozenset({Feature.ROUTING_POINTS}),
    CONTACTCENTER_SERVICE: frozenset(
        {Feature.CALL_CENTRE, Feature.PILOTS, Feature.WAITING_CALLS, Feature.CENTRE_STATISTICS}
    ),
}
"""What the other licences are for. Only a refusal shows that one is missing."""
MISSING: Final = dict.fromkeys(sorted(ALL - BASIC), ADVANCED_LICENCE)
"""What a user with TELEPHONY_BASIC lacks, and the licence for it."""
OF_THE_SYSTEM: Final = frozenset({Feature.NODES, Feature.OBJECTS})
"""What administrators may do."""
SERVICES: Final[dict[Feature, str]] = {
    Feature.CALL_CENTRE: "AcdRealTime",
    Feature.PILOTS: "AcdManagement",
    Feature.WAITING_CALLS: "AcdPilotMonitoring",
    Feature.ROUTING_POINTS: "AcdRsi",
    Feature.CENTRE_STATISTICS: "Acd Statistics",
    Feature.CHARGING: "Analytics",
    Feature.INCIDENTS: "Analytics",
    Feature.USERS: "UserManagement",
    Feature.CALL_RECORDERS: "OXR Recording",
}
"""The service that each of these needs. A server that does not list one to the account lacks what it is for."""
ADMINISTRATOR: Final = "administrator"
"""What other accounts miss for it."""


def missing_of(*, basic: bool, lacking: Iterable[str]) -> Mapping[Feature, str]:
    """What is absent for want of a licence."""
    missing: dict[Feature, str] = dict(MISSING) if basic else {}
    for licence in lacking:
        missing |= dict.fromkeys(sorted(LICENCES.get(licence, ())), licence)
    return missing


_Decides = tuple[bool, Capabilities | None, tuple[str, ...], bool, bool, bool, bool]
"""All that features depend on. Few lines differ in it."""
_known: dict[_Decides, frozenset[Feature]] = {}


def features_of(
    line: LineSnapshot, *, basic: bool, rights: Capabilities | None, lacking: Iterable[str] = ()
) -> frozenset[Feature]:
    """What this line can do; ``rights`` is None while they are not known, ``lacking`` are licences it does not have."""
    routing = line.routing
    decides = (
        basic,
        rights,
        tuple(lacking),
        line.voicemail_number is not None,
        line.agent is not None,
        len(line.devices) > 1,
        routing is not None and routing.remote_extension is not None,
    )
    known = _known.get(decides)
    if known is None:
        known = _known[decides] = _features_of(*decides)
    return known


def _features_of(
    basic: bool,
    rights: Capabilities | None,
    lacking: tuple[str, ...],
    voicemail: bool,
    agent: bool,
    several_devices: bool,
    remote_extension: bool,
) -> frozenset[Feature]:
    features = set(BASIC if basic else ADVANCED)
    features.add(Feature.TELEPHONES)
    if voicemail:
        features.add(Feature.MAILBOX)
    if agent:
        features.add(Feature.AGENT)
    for licence in lacking:
        features -= LICENCES.get(licence, frozenset())
    if basic:
        return frozenset(features)
    if several_devices:
        features.add(Feature.SWITCH_DEVICE)
    if voicemail:
        features.add(Feature.VOICEMAIL)
    if rights is not None:
        if rights.dnd:
            features.add(Feature.DO_NOT_DISTURB)
        if rights.forward_route:
            features.add(Feature.FORWARD)
        if rights.overflow_route:
            features.add(Feature.OVERFLOW)
        if rights.presentation_route and remote_extension:
            features.add(Feature.REMOTE_EXTENSION)
    return frozenset(features)
