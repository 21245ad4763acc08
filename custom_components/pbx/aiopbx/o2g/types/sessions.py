"""Wire types of O2G: session management."""

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
