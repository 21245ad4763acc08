"""Where this side listens, for systems that connect to it: the settings of the channels webhook and tunnel."""

import asyncio
import os
import re
import secrets
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from ..errors import InvalidInput
from .addresses import normal_url
from .base import Checked, Problem

_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{16,200}")
_FORM: Final = "It is 16 to 200 letters, digits, - and _, such as `openssl rand -hex 32` makes."


class ListenSettings(Checked):
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
            raise Problem("cannot be used.", _FORM)
        return value

    @model_validator(mode="after")
    def _check_parts(self) -> Self:
        where = self._name()
        if self.secret is not None and self.secret_file is not None:
            raise Problem("is there besides secret.", "Give one of them.", field=f"{where}.secret_file")
        if self.key is not None and self.certificate is None:
            raise Problem("is missing, and its key is there.", "Give both, or none.", field=f"{where}.certificate")
        if self.certificate is not None and self.behind_proxy:
            raise Problem(
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
        """Return the secret, from its file if it is kept in one; None where there is neither.

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
            raise Problem("is the address of an O2G server.", "Give the address of this side.")
        return normal_url(value)

    @model_validator(mode="after")
    def _check_tls(self) -> Self:
        https = self.public_url.startswith("https:")
        if https and self.certificate is None and not self.behind_proxy:
            raise Problem(
                "is missing, and public_url begins with https:.",
                "Give certificate and key of this side, or set behind_proxy if a proxy has them.",
                field="webhook.certificate",
            )
        if not https and self.certificate is not None:
            raise Problem(
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
        default=15.0,
        gt=0,
        le=600,
        description="Seconds between two pings; the tunnel is lost if one is not answered for as long, or 10 seconds.",
    )

    @field_validator("secondary_secret")
    @classmethod
    def _check_secondary_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not is_secret(value.get_secret_value()):
            raise Problem("cannot be used.", _FORM)
        return value

    @model_validator(mode="after")
    def _check_secrets(self) -> Self:
        if self.secret is None and self.secret_file is None:
            raise Problem("is missing.", f"The agent must show one. {_FORM}", field="tunnel.secret")
        if self.secret is not None and self.secondary_secret == self.secret:
            raise Problem("is the same as secret.", "Give each agent its own.", field="tunnel.secondary_secret")
        return self


def is_secret(text: str) -> bool:
    """Whether this can be the secret part of an address."""
    return _SECRET.fullmatch(text) is not None


def _private(path: str, flags: int) -> int:
    """Open a file that only its owner may read."""
    return os.open(path, flags, 0o600)
