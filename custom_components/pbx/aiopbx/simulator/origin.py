"""Where a request was sent to: every URL that a server names is built from it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

_HOST: Final = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_PREFIX: Final = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")
_USUAL: Final = {"http": "80", "https": "443"}


@dataclass(frozen=True, slots=True)
class Origin:
    """The scheme and host (with the port) that a request was sent to, and the path below which a proxy has it."""

    scheme: str
    host: str
    prefix: str = ""
    """Such as ``/telephony``."""

    @property
    def base(self) -> str:
        """Such as ``https://localhost:8443``."""
        return f"{self.scheme}://{self.host}{self.prefix}"

    @property
    def hostname(self) -> str:
        """The host without its port; an IPv6 address stays in its brackets."""
        name, colon, port = self.host.rpartition(":")
        return name if colon and port.isdigit() else self.host

    def at_port(self, port: int) -> str:
        """The same host at another port."""
        return f"{self.scheme}://{self.hostname}:{port}"

    @classmethod
    def of(cls, url: str) -> Self:
        """Take a URL apart."""
        parts = urlsplit(url)
        return cls(parts.scheme, parts.netloc, parts.path.rstrip("/"))

    def forwarded(self, headers: Mapping[str, str]) -> "Origin":
        """Return where a proxy says that the request was sent to, in what it adds to the headers.

        Of several proxies the first counts, which the client has spoken to. What is malformed is ignored.
        """
        scheme = _first(headers, "X-Forwarded-Proto").lower()
        host = _first(headers, "X-Forwarded-Host")
        port = _first(headers, "X-Forwarded-Port")
        prefix = _first(headers, "X-Forwarded-Prefix").rstrip("/")
        if scheme not in _USUAL:
            scheme = self.scheme
        made = Origin(scheme, host if _HOST.fullmatch(host) else self.host)
        if port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 65536:
            made = Origin(scheme, made.hostname if port == _USUAL[scheme] else f"{made.hostname}:{port}")
        return Origin(scheme, made.host, prefix if _PREFIX.fullmatch(prefix) else self.prefix)


def _first(headers: Mapping[str, str], name: str) -> str:
    return headers.get(name, "").partition(",")[0].strip()
