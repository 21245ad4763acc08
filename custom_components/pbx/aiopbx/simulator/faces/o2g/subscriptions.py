"""Subscriptions: the events that a session receives, and the queue where they wait for the channel."""

import logging
import secrets
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from ....o2g.types.base import O2gEvent
from ....o2g.types.events import PACKAGES, OnChannelInformation
from ....o2g.types.sessions import Filter, Selector, Subscription, SubscriptionRequest, SubscriptionState
from ....o2g.types.telephony import OnDeviceStateModified, OnUserStateModified
from ....o2g.types.tunnel import IDENTIFIER
from . import views
from .context import Context, Route
from .json import to_json
from .refusals import NOT_FOUND, Refusal, bad_parameter, not_allowed

if TYPE_CHECKING:
    from .channel import Channel
    from .server import O2gServer
    from .sessions import Session

_log = logging.getLogger(__name__)

EVERYBODY: Final = "*"
POLLING_PATH: Final = "/OTEvents"
POLLING_ID: Final = "subscriptionId"
USERS: Final = "user"
"""The package that is subscribed to without ids, too: an administrator then means all users."""
VERSIONS: Final = ("1.0", "2.0")
MOST_A_SESSION: Final = 20
MOST_GREETED: Final = 10
"""The most users whose present state is sent when they are subscribed to; for more it has to be requested."""
LICENCE_OF: Final = {
    "telephony": "TELEPHONY_ADVANCED",
    "routingManagement": "TELEPHONY_ADVANCED",
    "eventSummary": "TELEPHONY_ADVANCED",
    "unifiedComLog": "TELEPHONY_ADVANCED",
    "agent": "API_CONTACTCENTER_AGENT",
}
"""The licence that a user needs for the events of a package."""
ADMINISTRATORS_ONLY: Final = frozenset({"userManagement", "system", "pbxManagement", "pilot", "rsi", "rti", "acdstats"})
SNAPSHOTS: Final = frozenset({"OnTelephonyState"})
"""Events that exist only in version 2.0."""
GREETINGS: Final = {
    OnDeviceStateModified.__name__: views.device_states,
    OnUserStateModified.__name__: views.user_state,
}
"""The events that describe a user at first, in this order."""

_NAMES: Final[dict[str, tuple[str, ...]]] = {
    package: tuple(event.__name__ for event in events) for package, events in PACKAGES.items()
}
_PACKAGE_OF: Final = {name: package for package, names in _NAMES.items() for name in names}

Wanted = dict[str, frozenset[str] | None]
"""By name of an event, the logins for which it is wanted; ``None`` is all users."""


class Subscribed:
    """An accepted subscription. ``id`` is the key to its events, and a secret."""

    def __init__(self, session: "Session", version: str, minutes: int, wanted: Wanted, size: int) -> None:
        """Create it for events of these names."""
        self.id = secrets.token_hex(20)
        self.session = session
        self.version = version
        self.minutes = minutes
        self.wanted = wanted
        self.queue: deque[bytes] = deque()
        self.size = size
        self.lost = 0
        """Events dropped since the last one that the channel took."""
        self.channel: Channel | None = None
        self.alive = True

    def wants(self, name: str, login: str | None) -> bool:
        """Whether an event is for this subscription; events about no particular user go to all who named them."""
        if name not in self.wanted or (name in SNAPSHOTS and self.version == "1.0"):
            return False
        logins = self.wanted[name]
        return logins is None or login is None or login in logins

    def put(self, line: bytes) -> None:
        """Queue a line and wake the channel."""
        if len(self.queue) >= self.size:
            self.queue.popleft()
            self.lost += 1
            if self.lost == 1:
                _log.warning("The queue of a subscription is full (%s): its oldest events are dropped", self.size)
        self.queue.append(line)
        if self.channel is not None:
            self.channel.wake()

    def take(self) -> bytes | None:
        """Return the next line to send. After a loss that is a line which reports it."""
        if self.lost:
            lost, self.lost = self.lost, 0
            return line_of(OnChannelInformation(text=f"queue overflow: {lost} events lost"))
        return self.queue.popleft() if self.queue else None

    def end(self) -> None:
        """Close the channel and drop what is queued."""
        self.alive = False
        self.queue.clear()
        self.lost = 0
        if self.channel is not None:
            self.channel.close()


def line_of(event: O2gEvent, *, empty_lists: bool = False) -> bytes:
    """Return an event as a line of the channel."""
    return to_json(event, empty_lists=empty_lists) + b"\n"


class Subscriptions:
    """All subscriptions of a server, and the delivery of events to them."""

    def __init__(self, server: "O2gServer") -> None:
        """Start without subscriptions."""
        self._server = server
        self._by_id: dict[str, Subscribed] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def all(self) -> tuple[Subscribed, ...]:
        """Every subscription, oldest first."""
        return tuple(self._by_id.values())

    def of(self, session: "Session") -> tuple[Subscribed, ...]:
        """The subscriptions of a session, oldest first."""
        return tuple(subscribed for subscribed in self._by_id.values() if subscribed.session is session)

    def get(self, id: str) -> Subscribed | None:
        """The subscription with this id."""
        return self._by_id.get(id)

    def add(self, subscribed: Subscribed) -> None:
        """Start delivering to a subscription."""
        self._by_id[subscribed.id] = subscribed

    def remove(self, subscribed: Subscribed) -> None:
        """End a subscription."""
        self._by_id.pop(subscribed.id, None)
        subscribed.end()

    def end_session(self, session: "Session") -> None:
        """End all subscriptions of a session."""
        for subscribed in self.of(session):
            self.remove(subscribed)

    def wants(self, session: "Session", name: str) -> bool:
        """Whether a subscription of the session would receive this event."""
        return any(
            name in subscribed.wanted and (name not in SNAPSHOTS or subscribed.version != "1.0")
            for subscribed in self._by_id.values()
            if subscribed.session is session
        )

    def publish(self, package: str, login: str | None, event: O2gEvent, *, session: "Session | None" = None) -> None:
        """Send an event to all who want it, or to those of one session. It is encoded once."""
        name = type(event).__name__
        lines: tuple[bytes, ...] | None = None
        for subscribed in self._by_id.values():
            if session is not None and subscribed.session is not session:
                continue
            if subscribed.wants(name, login) and self._covers(subscribed, package, login):
                if lines is None:
                    lines = self._server.faults.on_the_way(self._line_of(event))
                for line in lines:
                    subscribed.put(line)

    def _line_of(self, event: O2gEvent) -> bytes:
        return line_of(event, empty_lists=self._server.settings.empty_lists)

    def greet(self, subscribed: Subscribed) -> None:
        """Send the telephones of the users and whether they are free, if only a few users are named."""
        few = {login for name in GREETINGS for login in subscribed.wanted.get(name) or ()}
        if len(few) > MOST_GREETED:
            return
        for login in sorted(few):
            for name, event in GREETINGS.items():
                if subscribed.wants(name, login):
                    subscribed.put(self._line_of(event(self._server.switch, login)))

    def _covers(self, subscribed: Subscribed, package: str, login: str | None) -> bool:
        """Whether the user has the licence of this package; ``*`` covers only users who do."""
        licence = LICENCE_OF.get(package)
        if licence is None or login is None or subscribed.session.token is not None:
            return True
        user = self._server.switch.users.get(login)
        return user is None or licence in user.licences

    # -- asking for them ----------------------------------------------------------------------------------------

    def read(self, session: "Session", filter: Filter | None) -> Wanted:
        """Check a filter; refuses unknown names, and users that are not for this session."""
        wanted: dict[str, set[str] | None] = {}
        for index, selector in enumerate(filter.selectors if filter else ()):
            where = f"filter.selectors[{index}]"
            package, names = self._names(selector, where)
            if package == "userManagement" and not session.administrator and not selector.ids:
                continue  # some clients ask for it whoever they are; nothing comes of it
            if package in ADMINISTRATORS_ONLY and not session.administrator:
                raise not_allowed(f"{where}.names: {package} is for administrators only.")
            logins = None if package in ADMINISTRATORS_ONLY else self._ids(session, selector, where, package)
            for name in names:
                former = wanted.get(name, set())
                wanted[name] = None if former is None or logins is None else former | logins
        return {name: frozenset(logins) if logins is not None else None for name, logins in wanted.items()}

    def _names(self, selector: Selector, where: str) -> tuple[str, tuple[str, ...]]:
        """Return the package of a selector, and its events that are named."""
        if not selector.names:
            raise bad_parameter(f"{where}.names", "must name a package or events of one")
        packages: dict[str, None] = {}
        names: dict[str, None] = {}
        for name in selector.names:
            if name in _NAMES:
                packages[name] = None
                names.update(dict.fromkeys(_NAMES[name]))
            elif name in _PACKAGE_OF:
                packages[_PACKAGE_OF[name]] = None
                names[name] = None
            else:
                raise bad_parameter(f"{where}.names", f"there is no package and no event {name!r}")
        if len(packages) > 1:
            raise bad_parameter(f"{where}.names", f"one selector for each package, not {' and '.join(packages)} in one")
        return next(iter(packages)), tuple(names)

    def _ids(self, session: "Session", selector: Selector, where: str, package: str) -> set[str] | None:
        """Return the users whose events a selector wants; ``None`` is all of them."""
        if not session.administrator:
            others = [login for login in selector.ids if login != session.login]
            if others:
                raise not_allowed(f"{where}.ids: only an administrator may subscribe to {', '.join(others)}.")
            return {session.login}
        if not selector.ids and package == USERS:
            return None
        if not selector.ids:
            raise bad_parameter(f"{where}.ids", "an administrator must name users, or * for all")
        if EVERYBODY in selector.ids:
            return None
        for login in selector.ids:
            if login not in self._server.switch.users:
                raise bad_parameter(f"{where}.ids", f"there is no user {login!r}")
        return set(selector.ids)

    def missing_licence(self, session: "Session", wanted: Wanted, *, instead: Subscribed | None = None) -> str | None:
        """Return why the licences do not suffice, or ``None``. ``instead`` is the subscription to be replaced.

        Every user named for a package that needs a licence must have it. Users count once, whatever the packages,
        subscriptions and sessions, and must not be more than the licences installed; ``*`` means those who have one.
        """
        if session.token is not None:
            return None
        for licence in dict.fromkeys(LICENCE_OF.values()):
            licensed = {login for login, user in self._server.switch.users.items() if licence in user.licences}
            named = _logins(wanted, licence, licensed)
            lacking = sorted(named - licensed)
            if lacking:
                return f"{licence} is missing for {', '.join(lacking)}."
            count = len(named | self._server.licences.holders(licence, without=instead)) if named else 0
            limit = self._server.licences.installed(licence)
            if count > limit:
                return f"{count} users would be supervised, but {limit} {licence} licences are installed."
        return None

    def supervised(self, licence: str, without: Subscribed | None = None) -> set[str]:
        """Return the users whose events are subscribed to, in packages that need this licence."""
        licensed = {login for login, user in self._server.switch.users.items() if licence in user.licences}
        logins: set[str] = set()
        for subscribed in self._by_id.values():
            if subscribed is not without and subscribed.session.token is None:
                logins |= _logins(subscribed.wanted, licence, licensed)
        return logins & licensed


def _logins(wanted: Wanted, licence: str, all_logins: set[str]) -> set[str]:
    """Return the users that a filter names in packages that need this licence."""
    logins: set[str] = set()
    for name, whose in wanted.items():
        if LICENCE_OF.get(_PACKAGE_OF[name]) == licence:
            logins |= all_logins if whose is None else whose
    return logins


def subscribe(ctx: Context) -> Subscription:
    """``POST /subscriptions``."""
    request: SubscriptionRequest = ctx.body
    subscriptions = ctx.server.subscriptions
    if request.version not in VERSIONS:
        raise bad_parameter("version", f"{request.version!r} does not exist, only {' and '.join(VERSIONS)}")
    hook = request.web_hook_url
    if hook is not None:
        ctx.server.pushes.check_webhook(hook)
    # a webhook has no connection that would show its end, so it has heartbeats
    minutes = 0 if hook is not None else 10 if request.timeout is None else request.timeout
    if minutes != 0 and not 2 <= minutes <= 60:
        raise bad_parameter("timeout", f"{minutes} is not 2 to 60 minutes, and not 0")
    wanted = subscriptions.read(ctx.session, request.filter)
    former = subscriptions.of(ctx.session)
    if len(former) >= MOST_A_SESSION:
        raise not_allowed(f"A session may have {MOST_A_SESSION} subscriptions; delete one first.")
    missing = subscriptions.missing_licence(ctx.session, wanted)
    if missing is not None:
        return Subscription(status=SubscriptionState.REFUSED, message=missing)
    subscribed = Subscribed(ctx.session, request.version, minutes, wanted, ctx.server.settings.event_queue)
    subscriptions.add(subscribed)
    identifier = ctx.query.get(IDENTIFIER)
    if hook is not None:
        ctx.server.pushes.webhook(subscribed, hook)
        return _accepted(subscribed, "WEBHOOK")
    if ctx.tunnel is not None and identifier:
        ctx.tunnel.push(subscribed, identifier)
        return _accepted(subscribed, "WEBSOCKET")
    subscriptions.greet(subscribed)
    urls = ctx.server.event_urls(ctx.origin)
    public, private = (f"{url}{POLLING_PATH}?{POLLING_ID}={subscribed.id}" for url in urls)
    return _accepted(subscribed, "CHUNK", public, private)


def _accepted(subscribed: Subscribed, mode: str, public: str | None = None, private: str | None = None) -> Subscription:
    return Subscription(
        subscription_id=subscribed.id,
        public_polling_url=public,
        private_polling_url=private,
        status=SubscriptionState.ACCEPTED,
        mode=mode,
        format="JSON",
    )


def update(ctx: Context) -> None:
    """``PUT /subscriptions``: the filter of a subscription. The request names none: it is the session's newest."""
    subscriptions = ctx.server.subscriptions
    mine = subscriptions.of(ctx.session)
    if not mine:
        raise Refusal(NOT_FOUND, "This session has no subscription.", status=HTTPStatus.BAD_REQUEST)
    wanted = subscriptions.read(ctx.session, ctx.body)
    missing = subscriptions.missing_licence(ctx.session, wanted, instead=mine[-1])
    if missing is not None:
        raise not_allowed(missing)
    mine[-1].wanted = wanted


def unsubscribe(ctx: Context, subscription_id: str) -> None:
    """``DELETE /subscriptions/{subscriptionId}``."""
    subscribed = ctx.server.subscriptions.get(subscription_id)
    if subscribed is None or subscribed.session is not ctx.session:
        raise Refusal(NOT_FOUND, "This session has no such subscription.", status=HTTPStatus.BAD_REQUEST)
    ctx.server.subscriptions.remove(subscribed)


Publisher = Callable[[str, str | None, O2gEvent], None]
"""``publish(package, login, event)``: what the views of the switch call."""

ROUTES: Final = (
    Route("POST", "/subscriptions", subscribe, body=SubscriptionRequest),
    Route("PUT", "/subscriptions", update, body=Filter),
    Route("DELETE", "/subscriptions/{subscriptionId}", unsubscribe),
)
