"""A server trusted by its fingerprint: over every connection to it, and no other server."""

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import aiopbx
from aiopbx import CertificateFailed, ConnectionSettings, InvalidInput, Status
from aiopbx.settings.pinning import PinnedContext, fingerprint_of, normal_fingerprint
from aiopbx.simulator import Simulator, SimulatorSettings

WRONG = ":".join(["AB"] * 32)


@pytest.fixture
async def simulator(tmp_path: Path) -> AsyncIterator[Simulator]:
    async with Simulator(SimulatorSettings(istra=True, tls=True, certificate_folder=tmp_path)) as running:
        yield running


def fingerprint(simulator: Simulator) -> str:
    certificate = x509.load_pem_x509_certificate(simulator.certificate_path.read_bytes())
    return fingerprint_of(certificate.public_bytes(Encoding.DER))


def settings(simulator: Simulator, system: str, **values: Any) -> ConnectionSettings:
    account: dict[str, Any] = {"username": "oxe1000", "password": "secret"}
    if system == "myrcc":
        account = {"username": "admin", "password": "admin", "enterprise": "example"}
    if system != "o2g":
        account["system"] = system
    url = simulator.url if system == "o2g" else simulator.istra_url
    return ConnectionSettings.make(url=url, **account, **values)


@pytest.mark.parametrize("own_session", [False, True], ids=["session-of-its-own", "session-given"])
@pytest.mark.parametrize("system", ["o2g", "myrcc", "mycrm", "myistra"])
async def test_requests_and_channel_trust_it(simulator: Simulator, system: str, own_session: bool) -> None:
    """Requests over aiohttp, events over the channel of our own, over aiohttp's and over the WebSocket."""
    wanted = settings(simulator, system, fingerprints=(fingerprint(simulator),))
    async with aiohttp.ClientSession() as session:
        pbx = await aiopbx.connect(wanted, session=session) if own_session else await aiopbx.connect(wanted)
        async with pbx:
            assert pbx.status is Status.ONLINE
            if system in {"o2g", "myrcc"}:
                events = []
                pbx.subscribe(events.append)
                simulator.switch.incoming_external("+15550123", "1000")
                async with asyncio.timeout(30):
                    while not events:
                        await asyncio.sleep(0.01)


@pytest.mark.parametrize("system", ["o2g", "myrcc"])
async def test_another_certificate_is_refused_before_anything_is_sent(simulator: Simulator, system: str) -> None:
    with pytest.raises(CertificateFailed, match="accepted by its fingerprint") as caught:
        await aiopbx.connect(settings(simulator, system, fingerprints=(WRONG,)))
    assert caught.value.where in {simulator.url, simulator.istra_url}
    assert simulator.state()["servers"][0]["requests"] == 0


async def test_the_channel_is_refused_where_only_the_requests_are_trusted(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check is made for each connection, and not once for the first."""
    trusted = fingerprint(simulator)
    wanted = settings(simulator, "o2g", fingerprints=(trusted,))
    async with await aiopbx.connect(wanted) as pbx:
        context = await pbx.settings.load_ssl()
        assert isinstance(context, PinnedContext)
        monkeypatch.setattr(context, "fingerprints", frozenset({WRONG}))
        port = int(simulator.event_url.rpartition(":")[2])
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="127.0.0.1")
        monkeypatch.setattr(context, "fingerprints", frozenset({trusted}))
        # whatever the name
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="other.example.com")
        writer.close()


async def test_it_is_that_certificate_and_no_other_that_verifies(simulator: Simulator, tmp_path: Path) -> None:
    """A certificate that its authority vouches for is refused all the same if it is not the one."""
    trusting = ssl.create_default_context(cafile=str(simulator.certificate_path))
    port = int(simulator.url.rpartition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting)
    writer.close()
    context = PinnedContext([WRONG])
    context.load_verify_locations(simulator.certificate_path)
    with pytest.raises(ssl.SSLCertVerificationError):
        await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="127.0.0.1")


def test_a_blocking_socket_is_not_made() -> None:
    with pytest.raises(NotImplementedError):
        PinnedContext([WRONG]).wrap_socket(None)


@pytest.mark.parametrize(
    "text",
    [WRONG, WRONG.lower(), WRONG.replace(":", ""), f"sha256 Fingerprint={WRONG}"[7:].removeprefix("Fingerprint="),
     f" SHA256: {WRONG} ", WRONG.replace(":", " ")],
)  # fmt: skip
def test_the_forms_of_a_fingerprint(text: str) -> None:
    assert normal_fingerprint(text) == WRONG


def test_a_fingerprint_is_that_of_the_certificate() -> None:
    assert fingerprint_of(b"x").replace(":", "").lower() == hashlib.sha256(b"x").hexdigest()


ACCOUNT = {"url": "https://pbx.example.com", "username": "u", "password": "p"}


@pytest.mark.parametrize("text", ["", "AB:CD", WRONG[:-1], "ZZ" * 32, WRONG + ":00"])
def test_what_is_no_fingerprint(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        ConnectionSettings.make(**ACCOUNT, fingerprints=(text,))
    assert caught.value.field == "fingerprints"


@pytest.mark.parametrize("other", [{"tls": "none"}, {"ca_file": "pbx.pem"}])
def test_one_thing_is_trusted(other: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        ConnectionSettings.make(**ACCOUNT, fingerprints=(WRONG,), **other)
    assert caught.value.field == "fingerprints"


def test_fingerprints_in_one_text() -> None:
    made = ConnectionSettings.make(**ACCOUNT, fingerprints=f"{WRONG}, {WRONG.lower()}")
    assert made.fingerprints == (WRONG,)
