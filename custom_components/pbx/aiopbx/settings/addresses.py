"""The addresses of servers, brought into one form."""

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit, urlunsplit

from .base import Problem

PORTS: Final = {"http": 80, "https": 443}
"""The usual ports."""
_HOST: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?")
_URL_EXAMPLE: Final = "It is like https://pbx.example.com or https://192.0.2.10:8443."


def normal_url(text: str) -> str:
    """Bring the address of a server into its plain form: scheme, host, port and the path before ``/api/rest``.

    Without a scheme it is https. Raises a ``ValueError`` that says what is wrong.
    """
    url = text.strip()
    if not url:
        raise Problem("is empty.", _URL_EXAMPLE)
    if any(letter.isspace() or ord(letter) < 32 or letter in '\\<>"{}|^`' for letter in url):
        raise Problem("holds a space or another character that no address has.", _URL_EXAMPLE)
    if "://" not in url:
        if re.match(r"[A-Za-z][A-Za-z+.-]*:/?(?!/)(?![0-9])", url):
            raise Problem("is not an address.", _URL_EXAMPLE)
        url = "https://" + url.lstrip("/")
    parts: SplitResult
    try:
        parts = urlsplit(url)
        port = parts.port
        host = parts.hostname or ""
    except ValueError:
        raise Problem("has a host or a port that cannot be read.", _URL_EXAMPLE) from None
    scheme = parts.scheme.lower()
    if scheme not in {"http", "https"}:
        raise Problem(f"begins with {parts.scheme}:.", "It must begin with https: or http:.")
    if parts.username is not None or parts.password is not None:
        raise Problem("holds a user name or a password.", "Put them into the fields username and password.")
    if parts.query or parts.fragment:
        raise Problem("ends with a query or a fragment.", "Leave out what follows the ? or #.")
    if not is_host(host):
        raise Problem("has no host that can be one.", _URL_EXAMPLE)
    if port == 0:
        raise Problem("has port 0.", "A port is 1 to 65535.")
    path = parts.path.rstrip("/")
    root = path.find("/api/rest")
    if root >= 0 and path[root + len("/api/rest") :][:1] in {"", "/"}:
        path = path[:root]
    shown = f"[{host}]" if ":" in host else host
    usual = PORTS[scheme]
    return f"{scheme}://{shown}{'' if port in {None, usual} else f':{port}'}{path.rstrip('/')}"


def istra_url(text: str) -> str:
    """Bring the address of an Istra server into its plain form: what follows its base is cut off.

    Raises a ``ValueError`` that says what is wrong.
    """
    if "/api/rest" in text:
        raise Problem("is the address of an O2G server.", "It is like https://istra.example.com.")
    scheme, _, rest = normal_url(text).partition("://")
    host, slash, path = rest.partition("/")
    parts = path.split("/") if slash else []
    for index, part in enumerate(parts):
        if part == "restletrouter":
            parts = parts[: index + 1]
            break
        if part in ("v1", "ws-service"):
            parts = parts[:index]
            break
    return "/".join([f"{scheme}://{host}", *parts])


def at_address(url: str, address: str, port: int | None = None) -> str:
    """A URL that a server has named, with scheme, host, port and path of the address that was given for it.

    With a ``port``, which is another than the address has, the path of the address is left out: what listens there
    listens for nothing else. Raises ``ValueError`` for what is no URL.
    """
    parts, given = urlsplit(url), urlsplit(address)
    host = given.netloc
    prefix = given.path.rstrip("/")
    if port is not None and port != (given.port or PORTS[given.scheme]):
        host, prefix = site_name(given.hostname or "", port), ""
    path = parts.path
    if prefix and path != prefix and not path.startswith(prefix + "/"):
        path = prefix + path
    return urlunsplit((given.scheme, host, path, parts.query, ""))


def site_name(host: str, port: int | None) -> str:
    """A host with its port, as an address has them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def normal_site(text: str) -> str:
    """Bring a host, or a host with a port, into its plain form. Raises ``ValueError`` where it is neither."""
    host, colon, port = text.rpartition(":")
    if colon and port.isascii() and port.isdigit() and (":" not in host or (host[0] == "[" and host[-1] == "]")):
        if not 1 <= int(port[:6]) <= 65535:
            raise ValueError("no port")
        return site_name(_normal_host(host), int(port))
    return _normal_host(text)


def _normal_host(text: str) -> str:
    host = text.strip("[]").lower()
    if "/" in host or not is_host(host):
        raise ValueError("no host")
    return host


def is_host(host: str) -> bool:
    """Whether this can be the name or the address of a host."""
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
