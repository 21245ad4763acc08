"""How to reach a telephone system: what people write, checked, with errors that name the field and the remedy."""

import asyncio
import difflib
import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from ..errors import InvalidInput
from .addresses import istra_url, normal_site, normal_url
from .authorities import load_client_certificate, trusting
from .base import Checked, Problem
from .broker import bridge_url, check_bridge, of_a_bridge
from .channels import TunnelSettings, WebhookSettings
from .contacts import ContactSettings
from .files import read_environment, read_file
from .istra import ISTRA, check_istra, taken_apart
from .numbering import NumberPlan
from .pinning import PinnedContext, normal_fingerprint
from .policy import DialPolicy

_LINE_EXAMPLE: Final = 'It is "all", or login names and numbers such as ["oxe1000", "1001"].'
_QUOTES: Final = "Put it between quotes, so that it is read as text and keeps its zeros."


class SupervisedUser(Checked):
    """The user that an administrator acts for, in a session of that user's."""

    id: str = Field(min_length=1, description="Login name or number.")
    by: Literal["login_name", "phone_number"] = Field(default="login_name", description="What the id is.")


class ConnectionSettings(Checked):
    """How to reach one telephone system, and how to behave towards it.

    Make them from keywords (``make``, or the class itself), a YAML or TOML file (``from_file``) or the environment
    (``from_env``). All of them raise ``InvalidInput`` which names the field and says how it must be. Times are seconds
    where nothing else is said. The password never appears in ``repr``.
    """

    system: Literal["o2g", "myrcc", "mycrm", "myistra", "mqtt"] = Field(
        default="o2g",
        description="Kind of the system: o2g, or one of the three applications of Istra, myrcc (the extensions of an "
        "enterprise), mycrm (the terminals of a user) and myistra (the voicemail, log and counters of a user), or "
        "mqtt, any of them behind a bridge, which an address with mqtt: or mqtts: says by itself.",
    )
    url: str = Field(description="Address of the server, such as https://pbx.example.com.")
    secondary_url: str | None = Field(default=None, description="Address of the second server of a pair.")
    enterprise: str | None = Field(default=None, description="The enterprise whose extensions myrcc controls.")
    username: str = Field(description="Login name.")
    password: SecretStr = Field(description="Password.")
    second_password: SecretStr | None = Field(
        default=None,
        description="On Istra, for an account that logs in in two steps: the second password, which the server has "
        "sent. Many are valid once.",
    )
    supervised: SupervisedUser | None = Field(
        default=None, description="The user that an administrator acts for, in that user's session."
    )
    lines: Literal["all"] | tuple[str, ...] = Field(
        default="all",
        description='Login names or numbers to monitor, or "all"; empty monitors nothing. Only administrators choose. '
        "With myrcc extensions by id or number, with mycrm terminals by id.",
    )
    application_name: str = Field(
        default="aiopbx", min_length=1, repr=False, description="What the server logs, or a token that it has issued."
    )
    tls: Literal["verify", "none"] = Field(
        default="verify", description="Whether the certificates of the server are verified, everywhere or nowhere."
    )
    ca_file: Path | None = Field(
        default=None,
        description="PEM file of the authority (or of the server itself) to trust instead of the system's.",
    )
    fingerprints: tuple[str, ...] = Field(
        default=(),
        description="SHA-256 fingerprints of the server's certificates, which are trusted instead of any authority, "
        "for every host and port of it: AB:CD:… as openssl x509 -fingerprint -sha256 prints it.",
    )
    client_certificate: Path | None = Field(
        default=None, description="PEM file of a certificate that a broker knows this side by; only with mqtts."
    )
    client_key: Path | None = Field(
        default=None, description="PEM file of the key of the certificate, where it is another file."
    )
    network: Literal["auto", "private", "public"] = Field(
        default="auto", description="Which of the server's URLs to use; auto goes by the host of the address."
    )
    use_given_address: bool = Field(
        default=False,
        description="Whether scheme, host, port and path of the address hold for every URL that the server names, as "
        "behind a proxy that it knows nothing of. The event channel keeps the port that the server names for it.",
    )
    event_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="Port of the event channel at the given address, where it is another than the server names; only "
        "with use_given_address.",
    )
    request_timeout: float = Field(default=10.0, gt=0, le=600, description="Seconds to wait for an answer.")
    channel: Literal["chunk", "webhook", "tunnel"] = Field(
        default="chunk",
        description="How events come: by an answer that does not end, by requests to a listener here, or, with the "
        "requests, through a WebSocket that the system opens to here.",
    )
    webhook: WebhookSettings | None = Field(default=None, description="The listener of the channel webhook.")
    tunnel: TunnelSettings | None = Field(default=None, description="The listener of the channel tunnel.")
    subscription_timeout: int = Field(
        default=0,
        description="Minutes of silence after which the server ends the channel: 2 to 60, or 0 for a heartbeat.",
    )
    silence_timeout: float = Field(
        default=15.0,
        gt=0,
        description="Seconds of silence after which the connection is tried with one small request: a half-open one is "
        "noticed after this and request_timeout.",
    )
    ping_interval: float = Field(
        default=20.0,
        ge=0,
        le=600,
        description="Seconds between two pings over the WebSocket of Istra, so that nothing in between takes it for "
        "idle; 0 for none.",
    )
    reconnect_min: float = Field(default=1.0, gt=0, description="Seconds before the first attempt to reconnect.")
    reconnect_max: float = Field(default=60.0, gt=0, description="Seconds between attempts to reconnect, at most.")
    fail_back_interval: float = Field(
        default=30.0,
        gt=0,
        description="Seconds between two looks whether the primary server serves again, while the secondary does.",
    )
    sync_timeout: float = Field(
        default=10.0, gt=0, description="Seconds to wait for the first snapshot on the channel."
    )
    audit_interval: float = Field(
        default=180.0,
        ge=0,
        description="Seconds between two readings of a line that has calls, in case an event was lost; 0 for none.",
    )
    trusted_redirects: tuple[str, ...] = Field(
        default=(),
        description="Where a redirect of the server may lead to, with the login, besides its own host and port: hosts "
        "on any port, such as pbx2.example.com, or on one, such as pbx.example.com:8443.",
    )
    dial_policy: DialPolicy = Field(default_factory=DialPolicy, description="What may be dialled.")
    number_plan: NumberPlan = Field(
        default_factory=NumberPlan, description="How numbers are written and dialled where the system stands."
    )
    contacts: ContactSettings = Field(default_factory=ContactSettings, description="Where names for numbers come from.")

    if not TYPE_CHECKING:

        def __init__(self, **values: Any) -> None:
            """Check the values. Raises ``InvalidInput``."""
            try:
                super().__init__(**values)
            except ValidationError as error:
                raise _explain(error) from None

    # ------------------------------------------------------------------------------------------------------ makers

    @classmethod
    def make(cls, **values: Any) -> Self:
        """Check keywords. Raises ``InvalidInput``."""
        return cls(**values)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Self:
        """Read a YAML or TOML file. Relative paths in it are beside it. Raises ``InvalidInput``. Blocks."""
        return cls.make(**read_file(Path(path)))

    @classmethod
    def from_env(cls, prefix: str = "AIOPBX_", environ: Mapping[str, str] | None = None) -> Self:
        """Read environment variables: the field in capitals behind a prefix, such as ``AIOPBX_URL``.

        Parts of a field go behind two underscores (``AIOPBX_SUPERVISED__ID``), lists are separated by commas, and
        ``AIOPBX_SETTINGS`` names a file to start from. Raises ``InvalidInput``. Blocks when there is a file.
        """
        return cls.make(**read_environment(prefix, environ))

    # ---------------------------------------------------------------------------------------------------------- TLS

    @property
    def urls(self) -> tuple[str, ...]:
        """The primary server, and the secondary if there is one."""
        return (self.url,) if self.secondary_url is None else (self.url, self.secondary_url)

    def ssl_context(self) -> ssl.SSLContext:
        """Build the TLS context for requests and event channel alike. Reads files: blocks.

        Raises ``InvalidInput`` if ``ca_file`` cannot be used.
        """
        if self.tls == "none":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            return self._with_certificate(context)
        if self.fingerprints:
            return self._with_certificate(PinnedContext(self.fingerprints))
        if self.ca_file is None:
            return self._with_certificate(ssl.create_default_context())
        return self._with_certificate(trusting(self.ca_file))

    def _with_certificate(self, context: ssl.SSLContext) -> ssl.SSLContext:
        if self.client_certificate is not None:
            try:
                load_client_certificate(context, self.client_certificate, self.client_key)
            except Problem as problem:
                raise InvalidInput("client_certificate", problem.message, remedy=problem.remedy) from None
        return context

    async def load_ssl(self) -> ssl.SSLContext:
        """Build the TLS context without blocking the loop."""
        return await asyncio.get_running_loop().run_in_executor(None, self.ssl_context)

    # --------------------------------------------------------------------------------------------------- validators

    @model_validator(mode="before")
    @classmethod
    def _take_apart(cls, values: Any) -> Any:
        return of_a_bridge(taken_apart(values)) if isinstance(values, dict) else values

    @field_validator("url", "secondary_url")
    @classmethod
    def _check_url(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            return None
        if info.data.get("system") == "mqtt":
            return bridge_url(value)
        return istra_url(value) if info.data.get("system") in ISTRA else normal_url(value)

    @field_validator("username")
    @classmethod
    def _check_username(cls, value: str, info: ValidationInfo) -> str:
        if not value and info.data.get("system") == "mqtt":
            return value  # a broker may know who asks by the certificate
        if not value.strip():
            raise Problem("is empty.", "Give the login name.")
        if ":" in value or any(ord(letter) < 32 for letter in value) or not _can_be_sent(value):
            raise Problem(
                "holds a character that no login name can have.", "It has no colon and no control characters."
            )
        return value

    @field_validator("password", "second_password")
    @classmethod
    def _check_password(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is not None and not value.get_secret_value() and info.data.get("system") != "mqtt":
            raise Problem("is empty.", "Give the password.")
        if value is not None and not _can_be_sent(value.get_secret_value()):
            raise Problem(
                "holds half of a character, which cannot be sent.", "Type the password instead of pasting it."
            )
        return value

    @field_validator("lines", mode="before")
    @classmethod
    def _check_lines(cls, value: Any) -> Any:
        if value == "all":
            return value
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",")] if value.strip() else []
        if not isinstance(value, (list, tuple, set, frozenset)):
            raise Problem("cannot be read.", _LINE_EXAMPLE)
        lines = sorted(value) if isinstance(value, (set, frozenset)) else list(value)
        for line in lines:
            if not isinstance(line, str):
                raise Problem(f"{line!r} is not text.", _QUOTES)
            if not line.strip() or any(letter in line for letter in ",;/?\t\n\r") or line == "*":
                raise Problem(f"{line!r} is no login name and no number.", _LINE_EXAMPLE)
        for line in lines:
            if lines.count(line) > 1:
                raise Problem(f"{line} is there twice.", "Name each line once.")
        if "all" in lines:
            raise Problem('"all" does not go with others.', _LINE_EXAMPLE)
        return tuple(line.strip() for line in lines)

    @field_validator("trusted_redirects", mode="before")
    @classmethod
    def _split_hosts(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("trusted_redirects")
    @classmethod
    def _check_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        sites = []
        for site in value:
            try:
                sites.append(normal_site(site))
            except ValueError:
                raise Problem(
                    f"{site!r} is no host.", "Give hosts alone, such as pbx2.example.com or pbx.example.com:8443."
                ) from None
        return tuple(sites)

    @field_validator("fingerprints", mode="before")
    @classmethod
    def _split_fingerprints(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("fingerprints")
    @classmethod
    def _check_fingerprints(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(dict.fromkeys(normal_fingerprint(one) for one in value))
        except ValueError:
            raise Problem(
                "holds what is no SHA-256 fingerprint.", "It is 32 pairs of hexadecimal digits, such as AB:CD:…"
            ) from None

    @field_validator("subscription_timeout")
    @classmethod
    def _check_subscription_timeout(cls, value: int) -> int:
        if value != 0 and not 2 <= value <= 60:
            raise Problem(f"{value} minutes cannot be asked for.", "It is 2 to 60 minutes, or 0 for a heartbeat.")
        return value

    @field_validator("ca_file", mode="before")
    @classmethod
    def _check_ca_file(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, str) and not value.strip():
            raise Problem("is empty.", "Give the path of a PEM file, or leave it out.")
        return value

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.system == "mqtt":
            check_bridge(self, {name: field.default for name, field in type(self).model_fields.items()})
        elif self.client_certificate is not None or self.client_key is not None:
            raise Problem("goes with a broker only.", "Leave it out.", field="client_certificate")
        elif self.system in ISTRA:
            check_istra(self, {name: field.default for name, field in type(self).model_fields.items()})
        elif self.enterprise is not None:
            raise Problem("means nothing to O2G.", "Leave it out: only myrcc has one.", field="enterprise")
        elif self.second_password is not None:
            raise Problem("means nothing to O2G.", "Leave it out: only Istra has one.", field="second_password")
        elif self.ping_interval != type(self).model_fields["ping_interval"].default:
            raise Problem(
                "means nothing to O2G.",
                "Leave it out: only Istra opens a WebSocket; that of the tunnel has tunnel.ping_interval.",
                field="ping_interval",
            )
        if self.secondary_url is not None and self.secondary_url == self.url:
            raise Problem("is the same as url.", "Give the other server of the pair, or none.", field="secondary_url")
        if self.reconnect_min > self.reconnect_max:
            raise Problem("is less than reconnect_min.", "It is the longest pause.", field="reconnect_max")
        self._check_channel()
        if self.fingerprints and (self.tls == "none" or self.ca_file is not None):
            raise Problem(
                "says what is trusted, and so does another setting.",
                'Leave ca_file and tls="none" out, or the fingerprints.',
                field="fingerprints",
            )
        if self.tls == "none" and self.ca_file is not None:
            raise Problem(
                "says that nothing is verified, and ca_file says against what.",
                'Leave ca_file out, or set tls to "verify".',
                field="tls",
            )
        if self.event_port is not None and not self.use_given_address:
            raise Problem(
                "means nothing without use_given_address: the server names the URL of its events.",
                "Set use_given_address, or leave this out.",
                field="event_port",
            )
        return self

    def _check_channel(self) -> None:
        """One setting chooses the channel; the others may be there for another day."""
        if self.channel == "chunk":
            return
        if getattr(self, self.channel) is None:
            raise Problem(
                f"is missing, and channel is {self.channel}.", "Say where to listen for it.", field=self.channel
            )
        verified = self.tls == "verify" and any(url.startswith("https:") for url in self.urls)
        if self.channel == "webhook" and self.webhook is not None:
            if verified and not self.webhook.public_url.startswith("https:"):
                raise Problem(
                    "is not encrypted, though the address of the server is.",
                    'Write https: in it, with a certificate of this side; or set tls to "none".',
                    field="webhook.public_url",
                )
        elif self.channel == "tunnel" and self.tunnel is not None:
            if verified and self.tunnel.certificate is None and not self.tunnel.behind_proxy:
                raise Problem(
                    "is missing, though the address of the server begins with https:.",
                    "Give certificate and key of this side, or set behind_proxy if a proxy has them.",
                    field="tunnel.certificate",
                )
            if self.secondary_url is not None and self.tunnel.secondary_secret is None:
                raise Problem(
                    "is missing, and there is a secondary_url.",
                    "Each agent shows its own secret. If one agent serves the pair, leave secondary_url out.",
                    field="tunnel.secondary_secret",
                )


def _explain(error: ValidationError) -> InvalidInput:
    """Turn the first of pydantic's errors into ours."""
    errors = error.errors(include_url=False, include_input=False)
    # A misspelt key is reported before the key that is missing because of it.
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    location = [str(part) for part in first["loc"]]
    if location[:1] == ["lines"]:
        location = ["lines"]  # behind it stand the names of the union's members
    name, kind, context = ".".join(location), first["type"], first.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, Problem):
        return InvalidInput(cause.field or name, cause.message, remedy=cause.remedy, reason=cause.reason, **cause.words)
    if kind == "missing":
        return InvalidInput(name, "is missing.", remedy="Every connection needs it.")
    if kind == "extra_forbidden":
        models: dict[str, type[BaseModel]] = {"supervised": SupervisedUser, "dial_policy": DialPolicy}
        models |= {"number_plan": NumberPlan, "contacts": ContactSettings}
        models |= {"webhook": WebhookSettings, "tunnel": TunnelSettings}
        model = models.get(location[0], ConnectionSettings)
        near = difflib.get_close_matches(location[-1], model.model_fields, 1, 0.5)
        known = f"The settings are: {', '.join(model.model_fields)}."
        return InvalidInput(name, "there is no such setting.", remedy=f"Did you mean {near[0]}?" if near else known)
    if kind == "literal_error":
        return InvalidInput(name, "is not known.", remedy=f"It is {context['expected']}.")
    if kind == "string_type":
        return InvalidInput(name, "is not text.", remedy=_QUOTES)
    message = str(first["msg"])
    return InvalidInput(name, "cannot be used.", remedy=message[:1].upper() + message[1:] + ".")


def _can_be_sent(text: str) -> bool:
    """Whether a text is UTF-8: JSON can hold halves of surrogate pairs, and so can what was pasted out of it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
