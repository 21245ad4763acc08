"""How to reach a telephone system: what people write, checked, with errors that name the field and the remedy."""

import asyncio
import difflib
import os
import re
import secrets
import ssl
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Self
from urllib.parse import SplitResult, urlsplit

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from .errors import InvalidInput
from .policy import DialPolicy

_HOST: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?")
_URL_EXAMPLE: Final = "It is like https://pbx.example.com or https://192.0.2.10:8443."
_LINE_EXAMPLE: Final = 'It is "all", or login names and numbers such as ["oxe1000", "1001"].'
_QUOTES: Final = "Put it between quotes, so that it is read as text and keeps its zeros."
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{16,200}")
_FORM: Final = "It is 16 to 200 letters, digits, - and _, such as `openssl rand -hex 32` makes."


class _Problem(ValueError):
    """A problem that a validator found, with its remedy."""

    def __init__(self, message: str, remedy: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.field = field


class _Settings(BaseModel):
    """Frozen, strict about unknown keys, and with ``InvalidInput`` for every error."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=False)


class SupervisedUser(_Settings):
    """The user that an administrator acts for, in a session of that user's."""

    id: str = Field(min_length=1, description="Login name or number.")
    by: Literal["login_name", "phone_number"] = Field(default="login_name", description="What the id is.")


class ListenSettings(_Settings):
    """Where this side listens, for a telephone system that connects to it. The ``secret`` never appears in ``repr``."""

    host: str | None = Field(
        default=None, min_length=1, description="Address to listen on; every address of this machine if left out."
    )
    port: int | None = Field(default=None, ge=1, le=65535, description="Port to listen on.")
    certificate: Path | None = Field(
        default=None, description="PEM file of the certificate of this side; without it, it is not TLS that is spoken."
    )
    key: Path | None = Field(default=None, description="PEM file of its private key, if the certificate's has it not.")
    behind_proxy: bool = Field(
        default=False, description="Whether a proxy stands before it, which has the certificate and speaks TLS."
    )
    secret: SecretStr | None = Field(default=None, description="The part of the address that only the system knows.")
    secret_file: Path | None = Field(
        default=None, description="File with that secret; if there is none yet, a secret is made and kept there."
    )

    @field_validator("secret")
    @classmethod
    def _check_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not is_secret(value.get_secret_value()):
            raise _Problem("cannot be used.", _FORM)
        return value

    @model_validator(mode="after")
    def _check_parts(self) -> Self:
        where = self._name()
        if self.secret is not None and self.secret_file is not None:
            raise _Problem("is there besides secret.", "Give one of them.", field=f"{where}.secret_file")
        if self.key is not None and self.certificate is None:
            raise _Problem("is missing, and its key is there.", "Give both, or none.", field=f"{where}.certificate")
        if self.certificate is not None and self.behind_proxy:
            raise _Problem(
                "says that a proxy has the certificate, and one is given.",
                "Leave one of them out.",
                field=f"{where}.behind_proxy",
            )
        return self

    @classmethod
    def _name(cls) -> str:
        """How the field of ``ConnectionSettings`` is called."""
        return cls.__name__.removesuffix("Settings").lower()

    async def load_secret(self) -> str | None:
        """Return the secret, from its file if it is kept in one; none where there is neither.

        Raises ``InvalidInput`` if the file cannot be used.
        """
        if self.secret is not None:
            return self.secret.get_secret_value()
        if self.secret_file is None:
            return None
        return await asyncio.get_running_loop().run_in_executor(None, self._read_secret, self.secret_file.expanduser())

    def _read_secret(self, path: Path) -> str:
        field = f"{self._name()}.secret_file"
        made = secrets.token_urlsafe(32)
        try:
            with suppress(FileExistsError), open(path, "x", opener=_private, encoding="ascii") as file:
                file.write(made + "\n")
                return made
            text = path.read_text(encoding="ascii").strip()
        except UnicodeDecodeError:
            text = ""
        except OSError as error:
            raise InvalidInput(
                field, f"{path} cannot be used ({error.strerror}).", remedy="Name a file that can be written."
            ) from None
        if not is_secret(text):
            raise InvalidInput(
                field, f"{path} holds no secret that can be used.", remedy=f"{_FORM} Or delete the file."
            )
        return text

    async def load_ssl(self) -> ssl.SSLContext | None:
        """Build the TLS context of the listener without blocking the loop; none without a certificate.

        Raises ``InvalidInput`` if certificate and key cannot be used.
        """
        if self.certificate is None:
            return None
        return await asyncio.get_running_loop().run_in_executor(None, self._ssl_context, self.certificate)

    def _ssl_context(self, certificate: Path) -> ssl.SSLContext:
        field = f"{self._name()}.certificate"
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            context.load_cert_chain(
                certificate.expanduser(),
                None if self.key is None else self.key.expanduser(),
                password=lambda: "",  # else OpenSSL would ask at the terminal
            )
        except ssl.SSLError:
            raise InvalidInput(
                field,
                "certificate and private key cannot be read, or do not belong together.",
                remedy="Both must be PEM, and the key without a password.",
            ) from None
        except OSError as error:
            raise InvalidInput(
                field, f"certificate or key cannot be read ({error.strerror}).", remedy="Check both paths."
            ) from None
        return context


class WebhookSettings(ListenSettings):
    """The HTTP listener that the system delivers events to. ``port`` is that of ``public_url`` if it is left out.

    Without ``secret`` and ``secret_file`` every start chooses another secret, so that the address changes.
    """

    public_url: str = Field(
        description="How the system reaches this listener, such as https://here.example.com:8445; a path may follow."
    )

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, value: str) -> str:
        if "/api/rest" in value:
            raise _Problem("is the address of an O2G server.", "Give the address of this side.")
        return normal_url(value)

    @model_validator(mode="after")
    def _check_tls(self) -> Self:
        https = self.public_url.startswith("https:")
        if https and self.certificate is None and not self.behind_proxy:
            raise _Problem(
                "is missing, and public_url begins with https:.",
                "Give certificate and key of this side, or set behind_proxy if a proxy has them.",
                field="webhook.certificate",
            )
        if not https and self.certificate is not None:
            raise _Problem(
                "is given, and public_url begins with http:.",
                "Write https: in public_url, or leave the certificate out.",
                field="webhook.certificate",
            )
        return self

    @property
    def listen_port(self) -> int:
        """The port to listen on."""
        parts = urlsplit(self.public_url)
        return self.port or parts.port or {"http": 80, "https": 443}[parts.scheme]


class TunnelSettings(ListenSettings):
    """The WebSocket listener that the agent of the system connects to, and through which everything goes.

    The agent shows the secret as the last part of its URL, ``wss://here.example.com:8446/SECRET``, or in a header,
    ``Authorization: Bearer SECRET``.
    """

    port: int = Field(ge=1, le=65535, description="Port to listen on.")
    secondary_secret: SecretStr | None = Field(
        default=None, description="The secret of the agent of the second server, where secondary_url names one."
    )
    agent_timeout: float = Field(
        default=30.0, gt=0, le=600, description="Seconds to wait for the agent, whenever a connection is wanted."
    )
    ping_interval: float = Field(
        default=20.0, gt=0, le=600, description="Seconds between two pings; unanswered for as long, the tunnel is lost."
    )

    @field_validator("secondary_secret")
    @classmethod
    def _check_secondary_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not is_secret(value.get_secret_value()):
            raise _Problem("cannot be used.", _FORM)
        return value

    @model_validator(mode="after")
    def _check_secrets(self) -> Self:
        if self.secret is None and self.secret_file is None:
            raise _Problem("is missing.", f"The agent must show one. {_FORM}", field="tunnel.secret")
        if self.secret is not None and self.secondary_secret == self.secret:
            raise _Problem("is the same as secret.", "Give each agent its own.", field="tunnel.secondary_secret")
        return self


class ConnectionSettings(_Settings):
    """How to reach one telephone system, and how to behave towards it.

    Make them from keywords (``make``, or the class itself), a YAML or TOML file (``from_file``) or the environment
    (``from_env``). All of them raise ``InvalidInput`` which names the field and says how it must be. Times are seconds
    where nothing else is said. The password never appears in ``repr``.
    """

    system: Literal["o2g"] = Field(default="o2g", description="Kind of the system.")
    url: str = Field(description="Address of the server, such as https://pbx.example.com.")
    secondary_url: str | None = Field(default=None, description="Address of the second server of a pair.")
    username: str = Field(description="Login name.")
    password: SecretStr = Field(description="Password.")
    supervised: SupervisedUser | None = Field(
        default=None, description="The user that an administrator acts for, in that user's session."
    )
    lines: Literal["all"] | tuple[str, ...] = Field(
        default="all",
        description='Login names or numbers to monitor, or "all"; empty monitors nothing. Only administrators choose.',
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
    network: Literal["auto", "private", "public"] = Field(
        default="auto", description="Which of the server's URLs to use; auto goes by the host of the address."
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
        default=60.0, gt=0, description="Seconds of silence that are normal until the server's heartbeat is learned."
    )
    reconnect_min: float = Field(default=1.0, gt=0, description="Seconds before the first attempt to reconnect.")
    reconnect_max: float = Field(default=60.0, gt=0, description="Seconds between attempts to reconnect, at most.")
    sync_timeout: float = Field(default=10.0, gt=0, description="Seconds to wait for a snapshot on the channel.")
    trusted_redirects: tuple[str, ...] = Field(
        default=(), description="Hosts that a redirect of the server may lead to, with the login."
    )
    dial_policy: DialPolicy = Field(default_factory=DialPolicy, description="What may be dialled.")

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
        return cls.make(**_read_file(Path(path)))

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
            return context
        if self.ca_file is None:
            return ssl.create_default_context()
        path = self.ca_file.expanduser()
        try:
            context = ssl.create_default_context(cafile=str(path))
        except FileNotFoundError:
            raise InvalidInput("ca_file", f"there is no file {path}.", remedy="Give the path of a PEM file.") from None
        except ssl.SSLError:
            raise InvalidInput(
                "ca_file",
                f"{path} holds no certificate that can be read.",
                remedy="It must be PEM: text that begins with -----BEGIN CERTIFICATE-----.",
            ) from None
        except OSError as error:
            raise InvalidInput(
                "ca_file", f"{path} cannot be read ({error.strerror}).", remedy="Make it readable, or choose another."
            ) from None
        # The user vouches for what is in this file: the server's own certificate will do, and so will one that a
        # telephone system has made without every extension that the strict rules of newer Pythons ask for.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return context

    async def load_ssl(self) -> ssl.SSLContext:
        """Build the TLS context without blocking the loop."""
        return await asyncio.get_running_loop().run_in_executor(None, self.ssl_context)

    # --------------------------------------------------------------------------------------------------- validators

    @field_validator("url", "secondary_url")
    @classmethod
    def _check_url(cls, value: str | None) -> str | None:
        return None if value is None else normal_url(value)

    @field_validator("username")
    @classmethod
    def _check_username(cls, value: str) -> str:
        if not value.strip():
            raise _Problem("is empty.", "Give the login name.")
        if ":" in value or any(ord(letter) < 32 for letter in value):
            raise _Problem(
                "holds a character that no login name can have.", "It has no colon and no control characters."
            )
        return value

    @field_validator("password")
    @classmethod
    def _check_password(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value():
            raise _Problem("is empty.", "Give the password.")
        return value

    @field_validator("lines", mode="before")
    @classmethod
    def _check_lines(cls, value: Any) -> Any:
        if value == "all":
            return value
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",")] if value.strip() else []
        if not isinstance(value, (list, tuple, set, frozenset)):
            raise _Problem("cannot be read.", _LINE_EXAMPLE)
        lines = sorted(value) if isinstance(value, (set, frozenset)) else list(value)
        for line in lines:
            if not isinstance(line, str):
                raise _Problem(f"{line!r} is not text.", _QUOTES)
            if not line.strip() or any(letter in line for letter in ",;/?\t\n\r") or line == "*":
                raise _Problem(f"{line!r} is no login name and no number.", _LINE_EXAMPLE)
        for line in lines:
            if lines.count(line) > 1:
                raise _Problem(f"{line} is there twice.", "Name each line once.")
        if "all" in lines:
            raise _Problem('"all" does not go with others.', _LINE_EXAMPLE)
        return tuple(line.strip() for line in lines)

    @field_validator("trusted_redirects", mode="before")
    @classmethod
    def _split_hosts(cls, value: Any) -> Any:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("trusted_redirects")
    @classmethod
    def _check_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for host in value:
            if "/" in host or not _is_host(host.strip("[]")):
                raise _Problem(f"{host!r} is no host.", "Give host names alone, such as pbx2.example.com.")
        return tuple(host.strip("[]").lower() for host in value)

    @field_validator("subscription_timeout")
    @classmethod
    def _check_subscription_timeout(cls, value: int) -> int:
        if value != 0 and not 2 <= value <= 60:
            raise _Problem(f"{value} minutes cannot be asked for.", "It is 2 to 60 minutes, or 0 for a heartbeat.")
        return value

    @field_validator("ca_file", mode="before")
    @classmethod
    def _check_ca_file(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, str) and not value.strip():
            raise _Problem("is empty.", "Give the path of a PEM file, or leave it out.")
        return value

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.secondary_url is not None and self.secondary_url == self.url:
            raise _Problem("is the same as url.", "Give the other server of the pair, or none.", field="secondary_url")
        if self.reconnect_min > self.reconnect_max:
            raise _Problem("is less than reconnect_min.", "It is the longest pause.", field="reconnect_max")
        self._check_channel()
        if self.tls == "none" and self.ca_file is not None:
            raise _Problem(
                "says that nothing is verified, and ca_file says against what.",
                'Leave ca_file out, or set tls to "verify".',
                field="tls",
            )
        if all(url.startswith("http:") for url in self.urls):
            for field, given in (("ca_file", self.ca_file is not None), ("tls", self.tls == "none")):
                if given:
                    raise _Problem(
                        "means nothing for an address that begins with http:.",
                        "Write https: in the address, or leave this out.",
                        field=field,
                    )
        return self

    def _check_channel(self) -> None:
        """One setting chooses the channel; the others may be there for another day."""
        if self.channel == "chunk":
            return
        if getattr(self, self.channel) is None:
            raise _Problem(
                f"is missing, and channel is {self.channel}.", "Say where to listen for it.", field=self.channel
            )
        verified = self.tls == "verify" and any(url.startswith("https:") for url in self.urls)
        if self.channel == "webhook" and self.webhook is not None:
            if verified and not self.webhook.public_url.startswith("https:"):
                raise _Problem(
                    "is not encrypted, though the address of the server is.",
                    'Write https: in it, with a certificate of this side; or set tls to "none".',
                    field="webhook.public_url",
                )
        elif self.channel == "tunnel" and self.tunnel is not None:
            if verified and self.tunnel.certificate is None and not self.tunnel.behind_proxy:
                raise _Problem(
                    "is missing, though the address of the server begins with https:.",
                    "Give certificate and key of this side, or set behind_proxy if a proxy has them.",
                    field="tunnel.certificate",
                )
            if self.secondary_url is not None and self.tunnel.secondary_secret is None:
                raise _Problem(
                    "is missing, and there is a secondary_url.",
                    "Each agent shows its own secret. If one agent serves the pair, leave secondary_url out.",
                    field="tunnel.secondary_secret",
                )


def is_secret(text: str) -> bool:
    """Whether this can be the secret part of an address."""
    return _SECRET.fullmatch(text) is not None


def _private(path: str, flags: int) -> int:
    """Open a file that only its owner may read."""
    return os.open(path, flags, 0o600)


def normal_url(text: str) -> str:
    """Bring the address of a server into its plain form: scheme, host, port and the path before ``/api/rest``.

    Without a scheme it is https. Raises a ``ValueError`` that says what is wrong.
    """
    url = text.strip()
    if not url:
        raise _Problem("is empty.", _URL_EXAMPLE)
    if any(letter.isspace() or ord(letter) < 32 or letter in '\\<>"{}|^`' for letter in url):
        raise _Problem("holds a space or another character that no address has.", _URL_EXAMPLE)
    if "://" not in url:
        if re.match(r"[A-Za-z][A-Za-z+.-]*:/?(?!/)(?![0-9])", url):
            raise _Problem("is not an address.", _URL_EXAMPLE)
        url = "https://" + url.lstrip("/")
    parts: SplitResult
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.hostname or ""
    except ValueError:
        raise _Problem("has a host or a port that cannot be read.", _URL_EXAMPLE) from None
    scheme = parts.scheme.lower()
    if scheme not in {"http", "https"}:
        raise _Problem(f"begins with {parts.scheme}:.", "It must begin with https: or http:.")
    if parts.username is not None or parts.password is not None:
        raise _Problem("holds a user name or a password.", "Put them into the fields username and password.")
    if parts.query or parts.fragment:
        raise _Problem("ends with a query or a fragment.", "Leave out what follows the ? or #.")
    if not _is_host(host):
        raise _Problem("has no host that can be one.", _URL_EXAMPLE)
    if port == 0:
        raise _Problem("has port 0.", "A port is 1 to 65535.")
    path = parts.path.rstrip("/")
    root = path.find("/api/rest")
    if root >= 0 and path[root + len("/api/rest") :][:1] in {"", "/"}:
        path = path[:root]
    shown = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}[scheme]
    return f"{scheme}://{shown}{'' if port in {None, usual} else f':{port}'}{path.rstrip('/')}"


def read_environment(prefix: str = "AIOPBX_", environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Collect settings from environment variables, unchecked. See ``ConnectionSettings.from_env``."""
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    given = {name.removeprefix(prefix): value for name, value in environ.items() if name.startswith(prefix)}
    file = given.pop("SETTINGS", None)
    if file:
        values = _read_file(Path(file), field=f"{prefix}SETTINGS")
    for name, value in sorted(given.items()):
        first, *rest = name.lower().split("__")
        if not rest:
            values[first] = value
            continue
        inner = values.get(first)
        inner = dict(inner) if isinstance(inner, dict) else {}
        key = "__".join(rest)
        split = first == "dial_policy" and key in {"allowed", "denied"}
        inner[key] = [part.strip() for part in value.split(",") if part.strip()] if split else value
        values[first] = inner
    return values


def _read_file(path: Path, *, field: str = "file") -> dict[str, Any]:
    kind = path.suffix.lower()
    if kind not in {".yaml", ".yml", ".toml"}:
        raise InvalidInput(field, f"{path} is neither YAML nor TOML.", remedy="Its name must end in .yaml or .toml.")
    try:
        text = path.expanduser().read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InvalidInput(field, f"there is no file {path}.", remedy="Give the path of a settings file.") from None
    except UnicodeDecodeError:
        raise InvalidInput(field, f"{path} is not UTF-8 text.", remedy="Save it as UTF-8.") from None
    except OSError as error:
        raise InvalidInput(field, f"{path} cannot be read ({error.strerror}).", remedy="Make it readable.") from None
    try:
        values = tomllib.loads(text) if kind == ".toml" else yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:  # says the line, and never what stands in it: that may be the password
        where = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise InvalidInput(field, f"{path} is not YAML{where}.", remedy="Mend it there, or shortly before.") from None
    except (yaml.YAMLError, tomllib.TOMLDecodeError) as error:
        line = re.search(r"line \d+", str(error))
        where = f" in {line[0]}" if line else ""
        raise InvalidInput(field, f"{path} cannot be parsed{where}.", remedy="Mend it there.") from None
    if values is None:
        values = {}
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise InvalidInput(field, f"{path} holds no settings.", remedy="Write one `name: value` a line.")
    values = dict(values)
    _beside(path, values, ("ca_file",))
    for section in ("webhook", "tunnel"):
        if isinstance(values.get(section), dict):
            values[section] = dict(values[section])
            _beside(path, values[section], ("certificate", "key", "secret_file"))
    return values


def _beside(path: Path, values: dict[str, Any], names: tuple[str, ...]) -> None:
    """Let relative paths in a file be relative to it."""
    for name in names:
        given = values.get(name)
        if isinstance(given, str) and given and not Path(given).expanduser().is_absolute():
            values[name] = str(path.expanduser().parent / given)


def _is_host(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        if re.fullmatch(r"[0-9.]+", host) or len(host) > 253:
            return False
        try:
            return bool(_HOST.fullmatch(host.encode("idna").decode()))
        except UnicodeError:
            return bool(_HOST.fullmatch(host))
    return True


def _explain(error: ValidationError) -> InvalidInput:
    """Turn the first of pydantic's errors into ours."""
    errors = error.errors(include_url=False, include_input=False)
    # A misspelt key is told before the key that is missing because of it.
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    location = [str(part) for part in first["loc"]]
    if location[:1] == ["lines"]:
        location = ["lines"]  # behind it stand the names of the union's members
    name, kind, context = ".".join(location), first["type"], first.get("ctx", {})
    cause = context.get("error")
    if isinstance(cause, _Problem):
        return InvalidInput(cause.field or name, cause.message, remedy=cause.remedy)
    if kind == "missing":
        return InvalidInput(name, "is missing.", remedy="Every connection needs it.")
    if kind == "extra_forbidden":
        models: dict[str, type[BaseModel]] = {"supervised": SupervisedUser, "dial_policy": DialPolicy}
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
