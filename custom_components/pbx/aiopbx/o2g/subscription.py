"""The second step of a link: subscribe to the events of what is monitored, as far as licences go."""

import logging
import re
from dataclasses import dataclass
from typing import Final

from ..errors import NotAllowed, NotSupported, RequestRefused, SessionLost
from ..model import Feature
from ..settings.connection import ConnectionSettings
from .client import O2gClient
from .discovery import Monitored, check_basic, licensed_agents, without_advanced
from .rights import ADVANCED_LICENCE, SERVICES, Rights
from .types.sessions import Filter, Selector, Subscription, SubscriptionRequest, SubscriptionState

_LOG = logging.getLogger(__name__)

EVERYBODY: Final = "*"
LICENSED: Final = ("telephony", "routingManagement", "eventSummary")
"""Packages that need TELEPHONY_ADVANCED, without which nothing is seen."""
LOG: Final = "unifiedComLog"
"""The package of the call log, which needs it too; without this package much is seen."""
AGENT: Final = "agent"
"""The package that needs API_CONTACTCENTER_AGENT."""
OF_ADMINISTRATORS: Final = ("system", "pbxManagement")
"""Packages that only administrators get, and can do without."""
RSI: Final = "rsi"
PACKAGE_OF: Final[dict[Feature, str]] = {
    Feature.CENTRE_STATISTICS: "acdstats",
    Feature.CALL_CENTRE: "rti",
    Feature.WAITING_CALLS: "pilot",
    Feature.ROUTING_POINTS: RSI,
}
"""The packages of what came after 2.2, the newest first; without one of them, only its feature is missing."""
EXTRAS: Final = (LOG, AGENT, *OF_ADMINISTRATORS)
"""Packages of the reference that can be done without."""
VERSIONS: Final = ("2.0", "1.0")
"""Of a subscription, in the order in which they are tried: snapshots on the channel came with 2.0."""
_TRIES: Final = 3
"""How often a subscription is asked for again with fewer users, before packages are left out."""


@dataclass(frozen=True, slots=True)
class Subscribed:
    """What the server accepted."""

    subscription: Subscription | None = None
    """None where the licence gives no events at all."""
    agents: tuple[str, ...] = ()
    """The monitored agents whose licence was not refused."""
    snapshots: bool = False
    """Whether the state of a line can be asked for as an event on the channel, in order with the others."""
    extras: bool = False
    """Whether events of agents, the call log and the system come, too."""
    refusal: str = ""
    """What the server said when it refused the extras."""

    @property
    def agent_events(self) -> bool:
        """Whether events of agents come."""
        return self.extras and self.subscription is not None


@dataclass(frozen=True, slots=True)
class _Answer:
    """To one subscription that was asked for: either the subscription and its version, or why it was refused."""

    subscription: Subscription | None = None
    version: str = ""
    refusal: str = ""
    error: RequestRefused | None = None
    """What the request was refused with, where the server took it for a mistake."""


async def subscribe(
    client: O2gClient, monitored: Monitored, rights: Rights, settings: ConnectionSettings
) -> Subscribed:
    """Subscribe to everything; where that is refused, to what the licences of users and account allow.

    The server refuses a subscription as a whole and does not say for whom. So users whose licence is found missing are
    left out first, then the packages that can be done without. Raises ``NotSupported`` where lines that have their
    licence are refused all the same: which of them to do without is not ours to choose.
    """
    agents = monitored.agents
    licensed: tuple[str, ...] = ()
    refusal = ""
    for extras in (True, False):
        for _ in range(_TRIES):
            licensed = tuple(rights.advanced(monitored.logins))
            answer = await _ask_for_what_is_known(
                client, settings, _selectors(client, monitored, agents, licensed, extras=extras), rights
            )
            if answer.subscription is not None:
                if not extras:
                    rights.without_extras(refusal)
                return Subscribed(
                    answer.subscription, agents, snapshots=answer.version == VERSIONS[0], extras=extras, refusal=refusal
                )
            refusal = answer.refusal or refusal
            lacking = await without_advanced(client, licensed)
            if lacking and not client.administrator:
                await check_basic(client)
            rights.mark_basic(lacking)
            fewer = await licensed_agents(client, agents, rights) if extras and not lacking else agents
            if not lacking and len(fewer) == len(agents):
                break  # there is no one else to leave out
            agents = fewer
        if not (licensed or agents or client.administrator):
            break
    if licensed:
        raise NotSupported(
            "The server refuses the subscription for lines that have their licence."
            + (f" It says: {refusal}" if refusal else ""),
            missing=ADVANCED_LICENCE,
            remedy="Monitor fewer lines, or have more licences installed.",
        )
    return Subscribed(agents=agents, refusal=refusal)


def _selectors(
    client: O2gClient, monitored: Monitored, agents: tuple[str, ...], licensed: tuple[str, ...], *, extras: bool
) -> tuple[Selector, ...]:
    """What to subscribe to; ``extras`` are the packages that can be done without."""
    names: list[tuple[str, tuple[str, ...]]] = []
    if monitored.everybody and licensed:
        licensed = (EVERYBODY,)
    if licensed:
        names += [(package, licensed) for package in LICENSED]
        if extras:
            names.append((LOG, licensed))
    if agents and extras:
        names.append((AGENT, agents))
    users = (EVERYBODY,) if monitored.everybody else monitored.logins
    if users:
        names.append(("user", users))
    if client.administrator:
        names.append(("userManagement", (EVERYBODY,)))
        if extras:
            names += [(package, (EVERYBODY,)) for package in OF_ADMINISTRATORS]
    if extras:
        for feature, package in PACKAGE_OF.items():
            if client.offers(SERVICES[feature]) and (client.administrator or package == RSI):
                # Sources agree that requests for a route are subscribed to for no one in particular.
                names.append((package, () if package == RSI else (EVERYBODY,)))
    return tuple(Selector(ids=ids, names=(package,)) for package, ids in names)


async def _ask_for_what_is_known(
    client: O2gClient, settings: ConnectionSettings, selectors: tuple[Selector, ...], rights: Rights
) -> _Answer:
    """Ask for a subscription; where a package is refused that the server need not know, for the others.

    A server refuses all of a subscription for one package. If it names that, this is left out, else each of those that
    came after 2.2 in turn, then all of them. What was refused is remembered, and not asked for again.
    """
    selectors = _without(selectors, rights.unknown_packages)
    answer = await _ask(client, settings, selectors)
    asked = [one.names[0] for one in selectors]
    new = [package for package in PACKAGE_OF.values() if package in asked]
    named = {package for package in (*new, *EXTRAS) if package in asked and _names(answer.refusal, package)}
    for refused in (named, *({package} for package in new), set(new)):
        if answer.subscription is not None:
            return answer
        if not refused:
            continue
        fewer = await _ask(client, settings, _without(selectors, refused))
        if fewer.subscription is not None:
            rights.without(refused, answer.refusal)
            return fewer
    if answer.subscription is None and answer.error is not None:
        raise answer.error
    return answer


def _without(selectors: tuple[Selector, ...], packages: set[str]) -> tuple[Selector, ...]:
    return tuple(one for one in selectors if packages.isdisjoint(one.names))


def _names(refusal: str, package: str) -> bool:
    """Whether the server's words name a package, as a word of their own."""
    return re.search(rf"(?<![\w]){re.escape(package)}(?![\w])", refusal) is not None


async def _ask(client: O2gClient, settings: ConnectionSettings, selectors: tuple[Selector, ...]) -> _Answer:
    """Ask for one subscription, in the newest version that the server knows."""
    if not selectors:
        return _Answer()
    for version in VERSIONS:
        request = SubscriptionRequest(
            filter=Filter(selectors=selectors), version=version, timeout=settings.subscription_timeout
        )
        try:
            subscription = await client.subscribe(request)
        except SessionLost:
            raise
        except NotAllowed as error:
            return _Answer(refusal=error.inner_message or error.help_message or "")
        except RequestRefused as error:
            if error.status == 400 and version != VERSIONS[-1]:
                continue  # an older server, perhaps, that does not know this version
            if 400 <= error.status < 500 and not error.transient:
                return _Answer(refusal=error.inner_message or error.help_message or "", error=error)
            raise
        if subscription.status == SubscriptionState.REFUSED:
            return _Answer(refusal=subscription.message or "")
        return _Answer(subscription, version)
    return _Answer()
