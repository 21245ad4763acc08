"""TLS: one setting for requests and event channel alike."""

import datetime
import ssl
from collections.abc import AsyncIterator, Callable
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from aiopbx.errors import CertificateFailed, ConnectionFailed
from aiopbx.o2g.client import O2gClient
from aiopbx.o2g.types.sessions import Subscription, SubscriptionRequest
from aiopbx.settings.connection import ConnectionSettings
from tests.aiopbx.o2g.o2g_server import API, O2gServer

Make = Callable[..., O2gClient]


def self_signed(path: Path, address: str = "127.0.0.1") -> ssl.SSLContext:
    """Write a certificate for an address, signed by itself, and return a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pbx.example.com")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(address))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = path.with_suffix(".key")
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path, private)
    return context


@pytest.fixture
async def secure(tmp_path: Path) -> AsyncIterator[O2gServer]:
    async with O2gServer(tls=self_signed(tmp_path / "pbx.pem")) as server:
        yield server


@pytest.fixture(params=[False, True], ids=["aiohttp", "direct"])
async def make(secure: O2gServer, request: pytest.FixtureRequest) -> AsyncIterator[Make]:
    made = []
    async with aiohttp.ClientSession() as http:

        def make(**settings: object) -> O2gClient:
            values = {"url": secure.url, "username": "oxe1000", "password": "secret word", **settings}
            made.append(O2gClient(ConnectionSettings.make(**values), http))
            made[-1]._ways.direct = request.param
            return made[-1]

        yield make
        for client in made:
            await client.close()


async def test_a_certificate_that_does_not_verify(make: Make, secure: O2gServer) -> None:
    with pytest.raises(CertificateFailed, match=r"does not verify.*self.signed.*ca_file") as caught:
        await make().open()
    assert not caught.value.transient
    assert secure.requests == []


@pytest.mark.parametrize("how", ["ca_file", "none"])
async def test_requests_and_channel(make: Make, secure: O2gServer, tmp_path: Path, how: str) -> None:
    client = make(tls="none") if how == "none" else make(ca_file=tmp_path / "pbx.pem")
    await client.open()
    channel = await client.open_channel(await client.subscriptions.subscribe(SubscriptionRequest(version="1.0")))
    secure.chunks.put_nowait(b'{"eventName": "OnChannelInformation"}\n')
    secure.chunks.put_nowait(None)
    assert [len(batch) async for batch in channel] == [1]


async def test_the_channel_is_verified_too(make: Make, secure: O2gServer, tmp_path: Path) -> None:
    client = make(ca_file=tmp_path / "pbx.pem")
    await client.open()
    async with O2gServer(tls=self_signed(tmp_path / "other.pem")) as other:
        url = f"{other.url}{API}/notifications/chunked?id=key-of-the-channel"
        with pytest.raises(CertificateFailed) as caught:
            await client.open_channel(Subscription(public_polling_url=url, private_polling_url=url))
        assert "key-of-the-channel" not in str(caught.value)
        assert other.url in str(caught.value)
        assert other.requests == []


async def test_a_certificate_for_another_host(make: Make, secure: O2gServer, tmp_path: Path) -> None:
    async with O2gServer(tls=self_signed(tmp_path / "other.pem", "192.0.2.1")) as other:
        with pytest.raises(CertificateFailed, match=r"127\.0\.0\.1.*host name"):
            await make(url=other.url, ca_file=tmp_path / "other.pem").open()
        assert other.requests == []


async def test_a_server_without_tls(make: Make) -> None:
    async with O2gServer() as plain:
        with pytest.raises(ConnectionFailed, match="TLS") as caught:
            await make(url=plain.url.replace("http:", "https:")).open()
        assert not isinstance(caught.value, CertificateFailed)


async def test_a_server_with_tls_asked_without(make: Make, secure: O2gServer) -> None:
    with pytest.raises(ConnectionFailed):
        await make(url=secure.url.replace("https:", "http:")).open()
    assert secure.requests == []


async def test_without_tls_the_authorities_are_read_when_a_request_leads_to_https(
    make: Make, secure: O2gServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To read them takes longer than to log in."""
    made: list[ssl.SSLContext] = []
    default = ssl.create_default_context

    def noted(*args: Any, **kwargs: Any) -> ssl.SSLContext:
        made.append(default(*args, **kwargs))
        return made[-1]

    monkeypatch.setattr(ssl, "create_default_context", noted)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "pbx.pem"))
    async with O2gServer() as plain:
        client = make(url=plain.url)
        await client.open()
        assert plain.requests
        assert made == []
        for _ in range(2):
            url = f"{secure.url}{API}/notifications/chunked?id=key-of-the-channel"
            channel = await client.open_channel(Subscription(public_polling_url=url, private_polling_url=url))
            await channel.close()
        assert len(secure.requests) == 2
        assert len(made) == 1


async def test_a_client_takes_no_connection_that_another_has_left(make: Make) -> None:
    """It may be dead without anybody having noticed, and then a client that reconnects would wait for nothing."""
    async with O2gServer() as plain:
        for _ in range(2):
            client = make(url=plain.url)
            await client.open()
            await client.close()
        assert len({request.port for request in plain.requests}) == 2


# ------------------------------------------------------------------------------------- https is not left by any URL

PLAIN = r"without encryption.*http://127\.0\.0\.1.*Nothing was sent.*setting url"


async def wanted(client: O2gClient) -> None:
    """Log in, ask for something, and open the channel: every URL that a server names is used."""
    await client.open()
    await client.telephony.telephony_snapshot()
    await client.open_channel(await client.subscriptions.subscribe(SubscriptionRequest(version="1.0")))


@pytest.mark.parametrize("verified", [True, False])
@pytest.mark.parametrize("what", ["login", "sessions", "services", "one service", "channel"])
async def test_nothing_goes_in_the_clear_where_the_address_is_https(
    make: Make, secure: O2gServer, tmp_path: Path, what: str, verified: bool
) -> None:
    """As a server behind a proxy that ends TLS names its URLs, if nothing tells it that the proxy does."""
    async with O2gServer() as plain:
        if what == "login":
            secure.answer("GET", "/api/rest", json=secure.root(f"{plain.url}/api/rest/authenticate", None))
        elif what == "sessions":
            secure.answer("GET", "/api/rest/authenticate", json={"publicUrl": f"{plain.url}{API}/sessions"})
        elif what == "services":
            secure.open_session(publicBaseUrl=plain.url, privateBaseUrl=plain.url)
        elif what == "one service":
            url = f"{plain.url}{API}/telephony"
            secure.open_session(services=[{"serviceName": "Telephony", "relativeUrl": url}])
        else:
            url = f"{plain.url}{API}/notifications/chunked?subscriptionId=key-of-the-channel"
            secure.answer("POST", f"{API}/subscriptions", json={"status": "ACCEPTED", "publicPollingUrl": url})
        client = make(ca_file=tmp_path / "pbx.pem") if verified else make(tls="none")
        with pytest.raises(ConnectionFailed, match=PLAIN) as caught:
            await wanted(client)
        assert not caught.value.transient
        assert "key-of-the-channel" not in str(caught.value)
        assert plain.requests == []


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_nor_does_a_redirect_lead_there(make: Make, secure: O2gServer, method: str) -> None:
    async with O2gServer() as plain:
        path = {"GET": "/api/rest/authenticate", "POST": f"{API}/notifications/chunked"}[method]
        secure.answer(method, path, status=307, headers=[("Location", plain.url + path)])
        with pytest.raises(ConnectionFailed, match=PLAIN):
            await wanted(make(tls="none", trusted_redirects=["127.0.0.1"]))
        assert plain.requests == []


async def test_an_address_that_begins_with_http_is_taken_at_its_word(make: Make) -> None:
    async with O2gServer() as plain:
        await wanted(make(url=plain.url))
        assert plain.requests[1].headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize("how", ["none", "its own authority", "the system's"])
async def test_an_http_address_says_how_its_https_target_is_verified(
    make: Make, secure: O2gServer, tmp_path: Path, how: str
) -> None:
    async with O2gServer() as plain:
        plain.answer("GET", "/api/rest", status=307, headers=[("Location", f"{secure.url}/api/rest")])
        trust = {"none": {"tls": "none"}, "its own authority": {"ca_file": tmp_path / "pbx.pem"}}.get(how, {})
        client = make(url=plain.url, trusted_redirects=[secure.url.removeprefix("https://")], **trust)
        if how == "the system's":
            with pytest.raises(CertificateFailed):
                await client.open()
            assert secure.requests == []
        else:
            await client.open()
            assert secure.asked("POST", f"{API}/sessions")
        assert len(plain.requests) == 1
