"""The keywords of ``connect``, for type checkers. A test holds that they are the fields of ``ConnectionSettings``."""

import os
from collections.abc import Iterable
from typing import Any, Literal, TypedDict


class ConnectKeywords(TypedDict, total=False):
    """Every field of ``ConnectionSettings``, as it may be written. Nested settings may be dicts."""

    system: Literal["o2g", "myrcc", "mycrm", "myistra", "mqtt"]
    url: str
    secondary_url: str | None
    enterprise: str | None
    username: str
    password: Any
    """Text, or a ``SecretStr`` of pydantic."""
    second_password: Any
    supervised: Any
    lines: Literal["all"] | str | Iterable[str]
    application_name: str
    tls: Literal["verify", "none"]
    ca_file: str | os.PathLike[str] | None
    fingerprints: str | Iterable[str]
    client_certificate: str | os.PathLike[str] | None
    client_key: str | os.PathLike[str] | None
    network: Literal["auto", "private", "public"]
    use_given_address: bool
    event_port: int | None
    request_timeout: float
    channel: Literal["chunk", "webhook", "tunnel"]
    webhook: Any
    tunnel: Any
    subscription_timeout: int
    silence_timeout: float
    ping_interval: float
    reconnect_min: float
    reconnect_max: float
    fail_back_interval: float
    sync_timeout: float
    audit_interval: float
    trusted_redirects: str | Iterable[str]
    dial_policy: Any
    number_plan: Any
    contacts: Any
