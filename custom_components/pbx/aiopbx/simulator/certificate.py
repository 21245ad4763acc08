"""The simulator's own certificate: self-signed, made when it is needed, kept so that a restart shows the same one."""

import ipaddress
import ssl
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CERTIFICATE_NAME: Final = "simulator.pem"
KEY_NAME: Final = "simulator-key.pem"
_VALID: Final = timedelta(days=397)
_LOCAL: Final = ("localhost", "127.0.0.1", "::1")


def ensure_certificate(folder: Path, host: str) -> Path:
    """Make a certificate for this host in the folder, unless a good one is there. Blocking: call it in an executor.

    Returns its path (PEM); the private key lies beside it, readable by its owner only. A client that is to
    trust it takes the file as its CA.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    certificate, key = folder / CERTIFICATE_NAME, folder / KEY_NAME
    names = _names((*_LOCAL, host))
    if not _good(certificate, key, names):
        _write(certificate, key, names)
    return certificate


def server_context(certificate: Path) -> ssl.SSLContext:
    """Return the TLS side of a server with this certificate. Blocking: it reads files."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, certificate.with_name(KEY_NAME))
    return context


def _names(hosts: Iterable[str]) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = []
    for host in dict.fromkeys(hosts):
        try:
            name: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
        except ValueError:
            if not host or not host.isascii():
                continue
            name = x509.DNSName(host)
        if name not in names:
            names.append(name)
    return names


def _good(certificate: Path, key: Path, names: list[x509.GeneralName]) -> bool:
    """Whether both files exist, belong together, and are valid for these names for another day."""
    with suppress(OSError, ValueError, x509.ExtensionNotFound):
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        private = serialization.load_pem_private_key(key.read_bytes(), None)
        extension = found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        public = serialization.PublicFormat.SubjectPublicKeyInfo
        pem = serialization.Encoding.PEM
        return (
            found.not_valid_after_utc > datetime.now(UTC) + timedelta(days=1)
            and all(name in list(extension.value) for name in names)
            and found.public_key().public_bytes(pem, public) == private.public_key().public_bytes(pem, public)
        )
    return False


def _write(certificate: Path, key: Path, names: list[x509.GeneralName]) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "aiopbx simulator")])
    start = datetime.now(UTC) - timedelta(hours=1)
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(private.public_key())
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + _VALID)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(private, hashes.SHA256())
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    key.unlink(missing_ok=True)
    key.touch(mode=0o600, exist_ok=False)
    key.write_bytes(pem)
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
