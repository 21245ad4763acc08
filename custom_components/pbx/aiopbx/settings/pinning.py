"""Trusting one certificate by its fingerprint, where no authority vouches for it and no host name is in it.

A telephone system in an office has a certificate that it has made for itself. Whoever has compared its fingerprint once
is safer with it than with any authority: what is trusted is this certificate, whoever issued it and whatever it is for,
and no other one, however well it verifies.

The check is part of the handshake of the context itself. So it holds for everything that uses the context, requests,
event channel and WebSocket, and nothing is sent before it: not through a proxy's tunnel, and not in a resumed session,
which remembers the certificate it began with.
"""

import hashlib
import re
import ssl
from collections.abc import Iterable
from typing import Any

_HEX = re.compile(r"[0-9A-F]{64}")


def normal_fingerprint(text: str) -> str:
    """Bring a SHA-256 fingerprint into its plain form, such as ``AB:CD:…``. Raises ``ValueError`` where it is none."""
    digits = text.strip().upper().removeprefix("SHA256").lstrip(" =:").replace(":", "").replace(" ", "")
    if not _HEX.fullmatch(digits):
        raise ValueError("no fingerprint")
    return ":".join(digits[index : index + 2] for index in range(0, 64, 2))


def fingerprint_of(certificate: bytes) -> str:
    """Return the SHA-256 fingerprint of a certificate (DER)."""
    return normal_fingerprint(hashlib.sha256(certificate).hexdigest())


class _Pinned(ssl.SSLObject):
    """One connection, which comes to nothing unless the other side has shown the certificate that is trusted."""

    def do_handshake(self) -> None:
        """Shake hands, then look at the certificate, before anything else can be written or read."""
        super().do_handshake()
        context = self.context
        shown = self.getpeercert(True)
        if not isinstance(context, PinnedContext) or not shown or fingerprint_of(shown) not in context.fingerprints:
            error = ssl.SSLCertVerificationError("the certificate is not the one that is trusted")
            error.verify_message = "it is not the certificate that was accepted by its fingerprint"
            raise error


class PinnedContext(ssl.SSLContext):
    """A client's context that trusts certificates by their fingerprints, and nothing else."""

    fingerprints: frozenset[str]
    sslobject_class: Any = _Pinned

    def __new__(cls, fingerprints: Iterable[str]) -> "PinnedContext":
        """Make a context for TLS clients."""
        return super().__new__(cls, ssl.PROTOCOL_TLS_CLIENT)

    def __init__(self, fingerprints: Iterable[str]) -> None:
        """Trust the certificates with these fingerprints."""
        super().__init__()
        self.fingerprints = frozenset(normal_fingerprint(one) for one in fingerprints)
        self.check_hostname = False
        self.verify_mode = ssl.CERT_NONE

    def wrap_socket(self, *args: Any, **keywords: Any) -> Any:
        """Refuse: a blocking socket would not be checked."""
        raise NotImplementedError("only connections of an event loop are checked")
