"""TLS with files of the user's: authorities that are trusted, and the certificate that is shown."""

import ssl
from pathlib import Path

from ..errors import InvalidInput
from .base import Problem


def trusting(ca_file: Path) -> ssl.SSLContext:
    """Trust what is in this PEM file. Raises ``InvalidInput`` for ``ca_file``. Blocks.

    The user vouches for what is in it: the server's own certificate will do, and so will one that a telephone system or
    an office's authority has made without every extension that the strict rules of newer Pythons ask for.
    """
    path = ca_file.expanduser()
    try:
        context = ssl.create_default_context(cafile=str(path))
    except FileNotFoundError:
        problem, remedy = f"there is no file {path}.", "Give the path of a PEM file."
    except ssl.SSLError:
        problem = f"{path} holds no certificate that can be read."
        remedy = "It must be PEM: text that begins with -----BEGIN CERTIFICATE-----."
    except OSError as error:
        problem, remedy = f"{path} cannot be read ({error.strerror}).", "Make it readable, or choose another."
    else:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return context
    raise InvalidInput("ca_file", problem, remedy=remedy, reason="ca_file", path=str(path))


def load_client_certificate(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    """Show this certificate. Raises ``Problem``. Blocks."""
    try:
        context.load_cert_chain(certificate.expanduser(), None if key is None else key.expanduser())
    except FileNotFoundError as error:
        raise Problem(
            f"there is no file {error.filename or certificate}.", "Give PEM files.", field="client_certificate"
        ) from None
    except (ssl.SSLError, OSError) as error:
        raise Problem(
            f"{certificate} cannot be used with its key ({error.__class__.__name__}).",
            "Give a certificate and the key that belongs to it, both PEM, without a password.",
            field="client_certificate",
        ) from None
