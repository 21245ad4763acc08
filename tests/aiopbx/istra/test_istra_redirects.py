"""Hosts that move: where the client goes with them, and where it does not."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from aiopbx.errors import CertificateFailed, ConnectionFailed, NotReady
from aiopbx.http.tap import WireStatistics
from aiopbx.http.transport import Answer
from aiopbx.istra.socket import open_socket
from aiopbx.istra.transport import IstraTransport
from aiopbx.istra.types.session import Application
from aiopbx.settings.connection import ConnectionSettings
from tests.aiopbx.istra.conftest import Connect, Make
from tests.aiopbx.istra.istra_server import PASSWORD, IstraServer
from tests.aiopbx.o2g.test_tls import self_signed

LOGIN = "v1/service/Login"
DIAL = "v1/rcc/Extension/-1/placeCall"


@pytest.fixture
def make(make: Make) -> Make:  # the ports of this host are trusted here; that they are not by themselves is at the end
    return partial(make, trusted_redirects=["127.0.0.1"])


@pytest.fixture
async def other() -> AsyncIterator[IstraServer]:
    """Another server of the same site: the same host, another port, another base."""
    async with IstraServer(router="/other/restletrouter") as server:
        yield server


def redirect(server: IstraServer, method: str, path: str, location: str, status: int = 302) -> None:
    server.answer(method, path, status=status, headers=[("Location", location)])


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_method_and_body_are_kept_and_the_new_host_is_used_from_then_on(
    status: int, connect: Connect, server: IstraServer, other: IstraServer
) -> None:
    client = await connect()
    base = f"{other.url}/other/restletrouter"
    redirect(server, "POST", DIAL, f"{base}/{DIAL}", status)
    other.answer("POST", DIAL, json={"lineId": "-7"})
    await client.rcc.place_call("-1", "102")
    (sent,) = other.requests
    assert (sent.method, sent.json) == ("POST", {"destination": "102"})
    assert sent.headers["X-Application"] == server.asked("POST", DIAL)[0].headers["X-Application"]
    assert sent.cookies == server.asked("POST", DIAL)[0].cookies
    assert client.url == base

    before = len(server.requests)
    await client.rcc.hold("-7")
    await client.open_socket()
    assert (await other.opened.get()).application == "myRCC"
    await client.close()
    assert other.sequence[1:] == ["POST v1/rcc/CallLine/-7/hold", "GET ws-service/myRCC", "POST v1/service/Logout"]
    assert len(server.requests) == before


@pytest.mark.parametrize(
    "location",
    [
        "{other}/other/restletrouter/v1/service/Login",
        "{other}/other/restletrouter/v1/service/Login?from=here",
        "{other}/other/restletrouter/",
        "{other}/other/restletrouter",
    ],
)
async def test_the_login_moves_whichever_way_the_host_is_named(
    location: str, make: Make, server: IstraServer, other: IstraServer
) -> None:
    redirect(server, "POST", LOGIN, location.format(other=other.url), 301)
    client = make()
    await client.open()
    assert other.asked("POST", LOGIN)[0].headers["Authorization"].startswith("Basic ")
    assert client.url == f"{other.url}/other/restletrouter"


async def test_a_host_alone_keeps_the_base(make: Make, server: IstraServer) -> None:
    async with IstraServer() as other:
        redirect(server, "POST", LOGIN, other.url)
        client = make()
        await client.open()
        assert client.url == f"{other.url}/restletrouter"


async def test_a_relative_location_and_one_of_letters_that_are_encoded(connect: Connect, server: IstraServer) -> None:
    client = await connect()
    redirect(
        server, "DELETE", "v1/service/EventListener/bean/a%2Fb", "/restletrouter/v1/service/EventListener/bean/a%2fb"
    )
    server.answer("DELETE", "v1/service/EventListener/bean/a%2Fb", status=200, then=True)
    await client.service.delete_listener("a/b")
    assert client.url == f"{server.url}/restletrouter"


async def test_the_socket_is_redirected_too_and_takes_everything_with_it(
    connect: Connect, server: IstraServer, other: IstraServer
) -> None:
    client = await connect("myistra")
    location = f"{other.url.replace('http', 'ws')}/other/restletrouter/ws-service/myIstra"
    redirect(server, "GET", "ws-service/myIstra", location)
    socket = await client.open_socket()
    assert "myIstra_SESSIONID" in (await other.opened.get()).headers["Cookie"]
    await client.enduser.delete_voicemail("-1")
    assert other.sequence[-1] == "DELETE v1/logs/Voicemail/bean/-1"
    await socket.close()


@pytest.fixture
async def foreign() -> AsyncIterator[IstraServer]:
    """A server of another site."""
    async with IstraServer(host="localhost") as server:
        yield server


async def test_nobody_else_is_logged_in_as_by_a_redirect(connect: Connect, server: IstraServer) -> None:
    client = await connect()
    redirect(server, "POST", DIAL, f"http://somebody:else@127.0.0.1:{server.port}{server.router}/{DIAL}")
    server.answer("POST", DIAL, json={"lineId": "-7"}, then=True)
    await client.rcc.place_call("-1", "102")
    assert client.url == f"{server.url}{server.router}"


@pytest.mark.parametrize("what", ["login", "request", "socket"])
async def test_nothing_goes_to_a_foreign_site(what: str, make: Make, server: IstraServer, foreign: IstraServer) -> None:
    client = make()
    path = {"login": LOGIN, "request": "v1/rcc/CallLine/-1/hold", "socket": "ws-service/myRCC"}[what]
    redirect(server, "GET" if what == "socket" else "POST", path, f"{foreign.url}/restletrouter/{path}")
    if what != "login":
        await client.open()
    wanted = {"login": client.open, "request": lambda: client.rcc.hold("-1"), "socket": client.open_socket}[what]
    with pytest.raises(ConnectionFailed, match="trusted_redirects") as raised:
        await wanted()
    assert "localhost" in str(raised.value)
    assert not raised.value.transient
    assert not foreign.requests
    assert client.url == f"{server.url}/restletrouter"


@pytest.mark.parametrize("what", ["login", "socket"])
async def test_a_foreign_site_that_is_trusted_gets_it(
    what: str, make: Make, server: IstraServer, foreign: IstraServer
) -> None:
    client = make(trusted_redirects=["localhost"])
    path = {"login": LOGIN, "socket": "ws-service/myRCC"}[what]
    redirect(server, "GET" if what == "socket" else "POST", path, f"{foreign.url}/restletrouter/{path}")
    await client.open()
    await client.open_socket()
    assert (await foreign.opened.get()).headers["Cookie"]
    assert client.url == f"{foreign.url}/restletrouter"


async def test_back_to_where_the_user_wanted_to_go(make: Make, server: IstraServer, foreign: IstraServer) -> None:
    """The host of the settings needs no trust of its own."""
    client = make(trusted_redirects=["localhost"])
    redirect(server, "POST", LOGIN, f"{foreign.url}/restletrouter/{LOGIN}")
    redirect(foreign, "POST", DIAL, f"{server.url}/restletrouter/{DIAL}")
    server.answer("POST", DIAL, json={"lineId": "-7"})
    await client.open()
    assert client.url == f"{foreign.url}/restletrouter"
    await client.rcc.place_call("-1", "102")
    assert client.url == f"{server.url}/restletrouter"


@pytest.mark.parametrize("base", ["", "/pbx", "/pbx/restletrouter"])
async def test_a_redirect_past_the_proxy_leads_to_the_given_address(base: str, make: Make) -> None:
    """The server names itself as it knows itself; what it names is to be had behind the address that was given."""
    prefix = base.removesuffix("/restletrouter")
    async with IstraServer(router=base or "/restletrouter") as server, IstraServer() as inside:
        moved = f"{prefix}/other/restletrouter"
        server.base = ""
        login = f"{base or '/restletrouter'}/{LOGIN}"
        server.answer("POST", login, status=302, headers=[("Location", f"{inside.url}/other/restletrouter/{LOGIN}")])
        server.answer("POST", f"{moved}/{LOGIN}", headers=[("X-Application", "myRCC;a-token-of-the-other")])
        client = make(url=f"{server.url}{base}", use_given_address=True, trusted_redirects=[])
        await client.open()
        assert client.url == f"{server.url}{moved}"
        await client.close()
        assert inside.requests == []


async def test_a_redirect_that_only_names_another_host_says_so(make: Make, server: IstraServer) -> None:
    redirect(server, "POST", LOGIN, f"https://inside.example.com/restletrouter/{LOGIN}")
    with pytest.raises(ConnectionFailed, match=r"inside\.example\.com.*use_given_address asks here again"):
        await make(use_given_address=True).open()


@pytest.mark.parametrize("what", ["request", "socket"])
async def test_a_circle_ends(what: str, connect: Connect, server: IstraServer) -> None:
    client = await connect()
    for method, path in (("POST", "v1/rcc/CallLine/-1/hold"), ("GET", "ws-service/myRCC")):
        redirect(server, method, path, f"{server.url}/restletrouter/{path}")
    with pytest.raises(ConnectionFailed, match="circle"):
        await (client.open_socket() if what == "socket" else client.rcc.hold("-1"))
    assert len(server.requests) == 7


@pytest.mark.parametrize("location", ["", None])
async def test_a_redirect_to_nowhere_is_told(location: str | None, connect: Connect, server: IstraServer) -> None:
    client = await connect()
    headers = [] if location is None else [("Location", location)]
    server.answer("POST", "v1/rcc/CallLine/-1/hold", status=302, headers=headers)
    with pytest.raises(ConnectionFailed, match="nowhere"):
        await client.rcc.hold("-1")


@pytest.mark.parametrize(
    ("address", "location", "follows"),
    [
        ("https://istra.example.com", "http://istra.example.com/restletrouter/x", False),
        ("https://istra.example.com", "ftp://istra.example.com/restletrouter/x", False),
        ("https://istra.example.com", "https://istra.example.com:8443/restletrouter/x", False),
        ("http://istra.example.com", "https://istra.example.com/restletrouter/x", True),
        ("https://istra.example.com", "//istra.example.com/restletrouter/x", True),
        ("https://istra.example.com", "https://istra.example.com.example.net/restletrouter/x", False),
        ("https://istra.example.com", "https://istra.example.com@example.net/restletrouter/x", False),
    ],
)
def test_where_is_gone(address: str, location: str, follows: bool, http: Any) -> None:
    settings = ConnectionSettings.make(system="mycrm", url=address, username="jdoe", password=PASSWORD)
    transport = IstraTransport(settings, http, Application.CRM, statistics=WireStatistics())
    headers = CIMultiDictProxy(CIMultiDict({"Location": location}))
    answer = Answer(302, headers, b"", f"{address}/restletrouter/x")
    if follows:
        transport.move(answer, "x", "GET x")
        assert transport.base.endswith("/restletrouter")
        assert not (address.startswith("https") and not transport.base.startswith("https"))
    else:
        with pytest.raises(ConnectionFailed):
            transport.move(answer, "x", "GET x")
        assert transport.base == f"{address}/restletrouter"


# ----------------------------------------------------------------------------------------------------------------- TLS


@pytest.fixture
async def secure(tmp_path: Path) -> AsyncIterator[IstraServer]:
    async with IstraServer(tls=self_signed(tmp_path / "istra.pem")) as server:
        yield server


@pytest.mark.parametrize("system", ["myrcc", "mycrm", "myistra"])
async def test_one_setting_holds_for_requests_and_socket(
    system: str, connect: Connect, secure: IstraServer, tmp_path: Path
) -> None:
    client = await connect(system, url=secure.url, ca_file=tmp_path / "istra.pem")
    await client.open_socket()
    assert (await secure.opened.get()).headers["Cookie"]


async def test_without_verification_the_socket_is_not_verified_either(connect: Connect, secure: IstraServer) -> None:
    client = await connect(url=secure.url, tls="none")
    await client.open_socket()
    assert secure.sockets


async def test_a_certificate_that_does_not_verify_is_told(make: Make, secure: IstraServer) -> None:
    client = make(url=secure.url)
    with pytest.raises(CertificateFailed):
        await client.open()
    assert not secure.requests


async def test_a_socket_whose_certificate_does_not_verify_is_told(
    connect: Connect, server: IstraServer, secure: IstraServer
) -> None:
    """A redirect leads from http to https; that certificate counts as well."""
    client = await connect()
    redirect(server, "GET", "ws-service/myRCC", f"{secure.url}/restletrouter/ws-service/myRCC")
    with pytest.raises(CertificateFailed):
        await client.open_socket()
    assert not secure.sockets


async def test_https_is_never_left(connect: Connect, secure: IstraServer, server: IstraServer) -> None:
    client = await connect(url=secure.url, tls="none")
    for method, path in (("POST", "v1/rcc/CallLine/-1/hold"), ("GET", "ws-service/myRCC")):
        redirect(secure, method, path, f"{server.url}/restletrouter/{path}")
    with pytest.raises(ConnectionFailed, match=r"without encryption.*setting url"):
        await client.rcc.hold("-1")
    with pytest.raises(ConnectionFailed, match=r"without encryption.*setting url"):
        await client.open_socket()
    assert not server.requests


async def test_https_is_not_left_either_by_a_base_that_is_http(make: Make, http: Any) -> None:
    """The last look is where things are sent, whichever way the base came to be."""
    client = make(url="https://istra.example.com", tls="none")
    await client._transport.open()
    client._transport.base = "http://127.0.0.1:9/restletrouter"
    with pytest.raises(ConnectionFailed, match="without encryption"):
        await client._transport.request("GET", "x", name="GET x", safe=True)
    with pytest.raises(ConnectionFailed, match="without encryption"):
        await open_socket(client._transport)


async def test_the_upgrade_is_refused_as_requests_are(connect: Connect, server: IstraServer) -> None:
    client = await connect()
    server.answer("GET", "ws-service/myRCC", status=503, json={"code": "ROUTER_ERR_503", "message": "not started"})
    with pytest.raises(NotReady, match="not started") as raised:
        await client.open_socket()
    assert raised.value.operation == "WS ws-service/myRCC"


@pytest.mark.parametrize("what", ["login", "request", "socket"])
@pytest.mark.parametrize("trusted", [False, True])
async def test_another_port_of_the_host_gets_nothing_unless_it_is_named(
    what: str, trusted: bool, make: Make, server: IstraServer
) -> None:
    async with IstraServer() as other:
        named = [f"127.0.0.1:{other.port}"] if trusted else [f"127.0.0.1:{other.port - 1}", "127.0.0.2"]
        client = make(trusted_redirects=named)
        path = {"login": LOGIN, "request": "v1/rcc/CallLine/-1/hold", "socket": "ws-service/myRCC"}[what]
        redirect(server, "GET" if what == "socket" else "POST", path, f"{other.url}/restletrouter/{path}")
        if what != "login":
            await client.open()
        wanted = {"login": client.open, "request": lambda: client.rcc.hold("-1"), "socket": client.open_socket}[what]
        if trusted:
            await wanted()
            assert client.url == f"{other.url}/restletrouter"
            return
        with pytest.raises(ConnectionFailed, match=rf"127\.0\.0\.1:{other.port} to trusted_redirects"):
            await wanted()
        assert not other.requests
