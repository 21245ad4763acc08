"""Sessions and subscriptions."""

from typing import ClassVar

from .base import Wire, WireEnum


class SupervisedAccountType(WireEnum):
    """How a supervised account is named."""

    LOGIN_NAME = "LOGIN_NAME"
    PHONE_NUMBER = "PHONE_NUMBER"


class Service(Wire, kw_only=True):
    """A service of the session and where it is, relative to the base URL."""

    service_name: str | None = None
    service_version: str | None = None
    relative_url: str | None = None


class UserSession(Wire, kw_only=True):
    """Another session of the same login; ``time_to_live`` is in seconds. Its id is a secret."""

    _secrets: ClassVar[frozenset[str]] = frozenset({"session_id"})

    session_id: str | None = None
    creation_date: str | None = None
    time_to_live: int | None = None


class AuthenticateResult(Wire, kw_only=True):
    """What logging in answers: a credential, which is also the cookie, and where sessions are opened."""

    _secrets: ClassVar[frozenset[str]] = frozenset({"credential"})

    credential: str | None = None
    public_url: str | None = None
    internal_url: str | None = None
    login_name: str | None = None
    expired: bool | None = None
    """Whether the password has expired (presumably)."""


class SessionInfo(Wire, kw_only=True):
    """An opened session; ``time_to_live`` is in seconds."""

    admin: bool | None = None
    time_to_live: int | None = None
    public_base_url: str | None = None
    private_base_url: str | None = None
    services: tuple[Service, ...] = ()
    expiration_date: str | None = None
    login: str | None = None
    creation_date: str | None = None
    other_sessions: tuple[UserSession, ...] = ()


class SessionTokenInfo(Wire, kw_only=True):
    """Until when a session that was opened with a token lasts."""

    expiration_date: str | None = None


class SupervisedAccount(Wire, kw_only=True):
    """The account that an administrator acts for."""

    id: str | None = None
    type: SupervisedAccountType | None = None


class SessionRequest(Wire, kw_only=True):
    """Asks for a session, for oneself or for a supervised account."""

    _secrets: ClassVar[frozenset[str]] = frozenset({"application_name"})

    application_name: str
    application_address: str | None = None
    supervised_account: SupervisedAccount | None = None


class SubscriptionState(WireEnum):
    """Whether a subscription was accepted."""

    UNKNOWN = "UNKNOWN"
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"


class Selector(Wire, kw_only=True):
    """One package of events, for the users named."""

    ids: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class Subscription(Wire, kw_only=True):
    """A subscription and where its events are read. Its URLs hold the subscription id, which is a secret."""

    _secrets: ClassVar[frozenset[str]] = frozenset({"subscription_id", "public_polling_url", "private_polling_url"})

    subscription_id: str | None = None
    message: str | None = None
    public_polling_url: str | None = None
    private_polling_url: str | None = None
    status: SubscriptionState | None = None
    mode: str | None = None
    format: str | None = None


class Filter(Wire, kw_only=True):
    """Which events a subscription wants."""

    selectors: tuple[Selector, ...] = ()


class SubscriptionRequest(Wire, kw_only=True):
    """Asks for events; ``timeout`` is in minutes, 2 to 60, or 0 for as long as the session lives."""

    _secrets: ClassVar[frozenset[str]] = frozenset({"session_id", "web_hook_url"})

    filter: Filter | None = None
    session_id: str | None = None
    version: str
    timeout: int | None = None
    web_hook_url: str | None = None
