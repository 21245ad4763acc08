"""From an address to a session that stays open, and away again."""

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from aiopbx.errors import (
    AuthenticationFailed,
    ConnectionFailed,
    NotAllowed,
    NotReady,
    Offline,
    PbxError,
    RequestRefused,
    SessionLost,
)
from aiopbx.o2g.client import O2gClient
from aiopbx.o2g.types.sessions import Filter, Selector, SubscriptionRequest, SupervisedAccountType
from aiopbx.settings.connection import ConnectionSettings
from tests.aiopbx.o2g.conftest import PASSWORD, Connect
from tests.aiopbx.o2g.o2g_server import API, CREDENTIAL, JSESSIONID, SUBSCRIPTION_ID, O2gServer

Make = Callable[..., O2gClient]
SUBSCRIBE = SubscriptionRequest(version="1.0", timeout=0, filter=Filter(selectors=(Selector(names=("telephony",)),)))
INVALID_SESSION = {
    "httpStatus": "FORBIDDEN",
    "code": 1001,
    "type": "INVALID_SESSION",
    "helpMessage": "No valid session found for the given identifier.",
    "canRetry": True,
}


async def test_from_nothing_to_a_session(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    root, login, session = server.requests
    assert (root.method, root.path) == ("GET", "/api/rest")
    assert "Authorization" not in root.headers
    assert (login.method, login.path) == ("GET", "/api/rest/authenticate?version=1.0")
    assert login.headers["Authorization"] == "Basic " + base64.b64encode(f"oxe1000:{PASSWORD}".encode()).decode()
    assert login.cookies == {}
    assert (session.method, session.path) == ("POST", f"{API}/sessions")
    assert session.json == {"applicationName": "aiopbx"}
    assert session.cookies == {"AlcUserId": CREDENTIAL}
    assert "Authorization" not in session.headers

    assert client.login == "oxe1000"
    assert not client.administrator
    assert client.info.time_to_live == 600
    assert client.descriptor.server_info is not None
    assert client.descriptor.server_info.product_name == "O2G Solution"
    assert not client.lost.is_set()

    await client.sessions.session()
    assert server.requests[-1].cookies == {"AlcUserId": CREDENTIAL, "JSESSIONID": JSESSIONID}


async def test_a_credential_without_a_cookie_is_the_cookie(connect: Connect, server: O2gServer) -> None:
    url = f"{server.url}{API}/sessions"
    server.answer(
        "GET", "/api/rest/authenticate", json={"credential": "abcdefgh", "publicUrl": url, "internalUrl": url}
    )
    await connect()
    assert server.requests[-1].cookies == {"AlcUserId": "abcdefgh"}


@pytest.mark.parametrize(
    ("by", "expected"),
    [("login_name", SupervisedAccountType.LOGIN_NAME), ("phone_number", SupervisedAccountType.PHONE_NUMBER)],
)
async def test_a_supervised_session(connect: Connect, server: O2gServer, by: str, expected: str) -> None:
    server.open_session(login=None)
    client = await connect(supervised={"id": "1001", "by": by}, application_name="board")
    assert server.requests[-1].json == {
        "applicationName": "board",
        "supervisedAccount": {"id": "1001", "type": expected},
    }
    assert client.login == ("1001" if by == "login_name" else "oxe1000")


async def test_two_clients_on_one_session_share_no_cookie(
    connect: Connect, server: O2gServer, http: aiohttp.ClientSession
) -> None:
    http.cookie_jar.update_cookies({"AlcUserId": "somebody-else", "other": "cookie"}, aiohttp.client.URL(server.url))
    one = await connect()
    server.answer(
        "GET",
        "/api/rest/authenticate",
        json={"publicUrl": f"{server.url}{API}/sessions", "internalUrl": f"{server.url}{API}/sessions"},
        headers=[("Set-Cookie", "AlcUserId=second; Path=/")],
    )
    server.answer(
        "POST", f"{API}/sessions", json=server.session, headers=[("Set-Cookie", "JSESSIONID=two.tomcat; Path=/api")]
    )
    two = await connect(username="oxe1001")
    await one.sessions.session()
    assert server.requests[-1].cookies == {"AlcUserId": CREDENTIAL, "JSESSIONID": JSESSIONID}
    await two.sessions.session()
    assert server.requests[-1].cookies == {"AlcUserId": "second", "JSESSIONID": "two.tomcat"}
    kept = {cookie.key: cookie.value for cookie in http.cookie_jar}
    assert kept == {"AlcUserId": "somebody-else", "other": "cookie"}


async def test_headers_and_credentials_of_the_given_session_are_not_used(server: O2gServer) -> None:
    async with aiohttp.ClientSession(
        headers={"Authorization": "Bearer of-somebody-else", "X-Secret": "1"},
    ) as http:
        settings = ConnectionSettings.make(url=server.url, username="oxe1000", password=PASSWORD)
        client = O2gClient(settings, http)
        await client.open()
        await client.close()
        assert not http.closed
    for request in server.requests:
        assert "X-Secret" not in request.headers
        assert "Bearer" not in request.headers.get("Authorization", "")


async def test_a_cookie_that_changes_or_goes(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    server.answer("GET", f"{API}/sessions", json={}, headers=[("Set-Cookie", "JSESSIONID=new.tomcat; Path=/api")])
    await client.sessions.session()
    server.answer("GET", f"{API}/sessions", json={}, headers=[("Set-Cookie", "JSESSIONID=gone; Max-Age=0")])
    await client.sessions.session()
    assert server.requests[-1].cookies["JSESSIONID"] == "new.tomcat"
    await client.sessions.session()
    assert server.requests[-1].cookies == {"AlcUserId": CREDENTIAL}


# ---------------------------------------------------------------------------------------------------------------- URLs


@pytest.mark.parametrize(
    ("network", "public", "private", "expected"),
    [
        ("auto", "there", "here", "here"),
        ("auto", "here", "there", "here"),
        ("auto", "here", "here", "private"),
        ("auto", "there", "elsewhere", "private"),
        ("auto", "there", None, "public"),
        ("public", "there", "here", "public"),
        ("public", None, "there", "private"),
        ("private", "here", "there", "private"),
        ("private", "here", None, "public"),
    ],
)
def test_public_and_private_urls(network: str, public: str | None, private: str | None, expected: str) -> None:
    hosts = {"here": "pbx.example.com", "there": "public.example.com", "elsewhere": "192.0.2.1"}
    settings = ConnectionSettings.make(url="https://pbx.example.com", username="a", password="b", network=network)
    client = O2gClient(settings, None)  # type: ignore[arg-type]
    given = {
        "public": None if public is None else f"https://{hosts[public]}/public",
        "private": None if private is None else f"https://{hosts[private]}/private",
    }
    chosen = client._transport.choose(given["public"], given["private"], what="x")
    if expected == "here":
        assert chosen.startswith("https://pbx.example.com/")
    else:
        assert chosen == given[expected]


async def test_urls_are_used_exactly_as_given(connect: Connect, server: O2gServer) -> None:
    odd = f"{server.url}/api/rest/login;x=%2F?version=1.0&a=%20b"
    server.answer("GET", "/api/rest", json=server.root(odd, odd))
    sessions = f"{server.url}/api/rest/1.0//sessions/"
    server.answer("GET", "/api/rest/login;x=%2F", json={"publicUrl": sessions, "internalUrl": sessions})
    server.answer(
        "POST",
        "/api/rest/1.0//sessions/",
        json={
            "timeToLive": 600,
            "privateBaseUrl": f"{server.url}/tele/1.0/",
            "services": [
                {"serviceName": "TELEPHONY", "relativeUrl": "/phones/v2"},
                {"serviceName": "Users", "relativeUrl": "people/users/"},
                {"serviceName": "EventSummary", "relativeUrl": f"{server.url}/elsewhere"},
                {"serviceName": "Broken"},
            ],
        },
    )
    for path in ("/tele/1.0/people/logins", "/tele/1.0/people/users/oxe1000", "/elsewhere", "/tele/1.0/routing/dnd"):
        server.answer("GET", path, json={})
    client = await connect()
    assert [one.path for one in server.requests][1:] == [
        "/api/rest/login;x=%2F?version=1.0&a=%20b",
        "/api/rest/1.0//sessions/",
    ]
    await client.telephony.telephony_snapshot()
    await client.users.logins()
    await client.users.user("oxe1000")
    await client.event_summary.event_summary()
    await client.routing.dnd()
    await client.sessions.keepalive()
    assert [one.path for one in server.requests][3:] == [
        "/tele/1.0/phones/v2/state/snapshot",
        "/tele/1.0/people/logins",
        "/tele/1.0/people/users/oxe1000",
        "/elsewhere",
        "/tele/1.0/routing/dnd",
        "/api/rest/1.0//sessions/keepalive",
    ]


async def test_https_is_not_given_up(server: O2gServer) -> None:
    settings = ConnectionSettings.make(url="https://pbx.example.com", username="a", password="b")
    client = O2gClient(settings, None)  # type: ignore[arg-type]
    with pytest.raises(ConnectionFailed, match="without encryption") as caught:
        client._transport.choose("http://pbx.example.com/x", None, what="the login")
    assert not caught.value.transient


@pytest.mark.parametrize(
    "root",
    [{"text": "<html>hello</html>"}, {"json": {}}, {"json": {"versions": []}}, {"json": [1]}, {"status": 404}],
)
async def test_a_server_that_is_something_else(connect: Connect, server: O2gServer, root: dict[str, object]) -> None:
    server.answer("GET", "/api/rest", **root)  # type: ignore[arg-type]
    with pytest.raises(ConnectionFailed, match="address of an O2G server") as caught:
        await connect()
    assert not caught.value.transient
    assert len(server.requests) == 1


async def test_the_version_that_this_client_speaks(connect: Connect, server: O2gServer) -> None:
    descriptor = server.root(f"{server.url}/api/rest/authenticate", None)
    descriptor["versions"].insert(0, {"id": "2.0", "status": "CURRENT", "publicUrl": f"{server.url}/two"})
    server.answer("GET", "/api/rest", json=descriptor)
    await connect()
    assert server.requests[1].path == "/api/rest/authenticate"


# ------------------------------------------------------------------------------------------- the address that was given


def behind_a_proxy(server: O2gServer, prefix: str = "", inside: str = "http://o2g.internal.example:8080") -> None:
    """Answer as a server does that knows nothing of the proxy before it, which passes on what is below the prefix."""
    rest, names = f"{prefix}/api/rest", f"{inside}/api/rest"
    server.answer("GET", rest, json=server.root(f"{names}/authenticate?version=1.0", None))
    server.answer("GET", f"{rest}/authenticate", json={"credential": CREDENTIAL, "publicUrl": f"{names}/1.0/sessions"})
    services = [{"serviceName": "Users", "relativeUrl": f"{names}/1.0/users"}]
    session = {"admin": False, "timeToLive": 600, "login": "oxe1000", "publicBaseUrl": f"{names}/1.0"}
    server.answer("POST", f"{rest}/1.0/sessions", json={**session, "services": services})
    server.answer("GET", f"{rest}/1.0/users/oxe1000", status=307, headers=[("Location", f"{names}/1.0/users/1000")])
    server.answer("GET", f"{rest}/1.0/users/1000", json={"loginName": "oxe1000"})
    events = f"{inside.rpartition(':')[0]}:8014/OTEvents?subscriptionId={SUBSCRIPTION_ID}"
    server.answer("POST", f"{rest}/1.0/subscriptions", json={"status": "ACCEPTED", "publicPollingUrl": events})


@pytest.mark.parametrize("prefix", ["", "/pbx"])
async def test_every_url_at_the_address_that_was_given(make: Make, server: O2gServer, prefix: str) -> None:
    behind_a_proxy(server, prefix)
    server.answer("POST", f"{prefix}/OTEvents", text='{"eventName": "OnChannelInformation"}\n')
    client = make(url=server.url + prefix, use_given_address=True, event_port=server.port)
    await client.open()
    assert (await client.users.user("oxe1000")).login_name == "oxe1000"
    channel = await client.open_channel(await client.subscriptions.subscribe(SUBSCRIBE))
    assert [type(event).__name__ async for batch in channel for event in batch] == ["OnChannelInformation"]
    await client.close()
    assert server.sequence[0] == f"GET {prefix}/api/rest"
    assert server.asked("POST", f"{prefix}/OTEvents")
    assert server.asked("DELETE", f"{prefix}/api/rest/1.0/sessions")


async def test_the_event_channel_keeps_its_port(make: Make, server: O2gServer) -> None:
    behind_a_proxy(server, "/pbx")
    client = make(url=f"{server.url}/pbx", use_given_address=True)
    await client.open()
    subscription = await client.subscriptions.subscribe(SUBSCRIBE)
    assert subscription.public_polling_url is not None
    where = client._transport.choose(subscription.public_polling_url, None, what="x", events=True)
    assert where == f"http://127.0.0.1:8014/OTEvents?subscriptionId={SUBSCRIPTION_ID}"


@pytest.mark.parametrize(
    ("address", "named", "asked"),
    [
        ("https://pbx.example.com", "http://10.0.0.1:8014/OTEvents?a=b", "https://pbx.example.com:8016/OTEvents?a=b"),
        ("http://pbx.example.com", "https://10.0.0.1:8016/OTEvents", "http://pbx.example.com:8014/OTEvents"),
        ("https://pbx.example.com", "https://10.0.0.1:8016/OTEvents", "https://pbx.example.com:8016/OTEvents"),
        ("https://pbx.example.com", "http://10.0.0.1:9999/OTEvents", "https://pbx.example.com:9999/OTEvents"),
    ],
)
def test_the_usual_port_of_events_goes_with_the_scheme(make: Make, address: str, named: str, asked: str) -> None:
    """A server that a proxy speaks to by http names the port of http."""
    transport = make(url=address, use_given_address=True)._transport
    assert transport.choose(named, None, what="the event channel", events=True) == asked


async def test_without_it_an_error_says_where_the_server_has_led(connect: Connect, server: O2gServer) -> None:
    behind_a_proxy(server, inside="http://127.0.0.1:9")
    with pytest.raises(ConnectionFailed, match=r"http://127\.0\.0\.1:9 cannot be reached.*set use_given_address"):
        await connect()


async def test_with_it_an_error_says_where_events_were_looked_for(make: Make, server: O2gServer) -> None:
    behind_a_proxy(server)
    client = make(use_given_address=True, event_port=9)
    await client.open()
    with pytest.raises(ConnectionFailed, match=r"http://127\.0\.0\.1:9 cannot be reached.*set event_port"):
        await client.open_channel(await client.subscriptions.subscribe(SUBSCRIBE))


async def test_a_redirect_to_the_address_that_is_asked_anyway(connect: Connect, server: O2gServer) -> None:
    server.answer("GET", "/api/rest", status=302, headers=[("Location", "https://elsewhere.example.com/api/rest")])
    with pytest.raises(ConnectionFailed, match=r"https://elsewhere\.example\.com.*asks here again"):
        await connect(use_given_address=True)
    assert len(server.requests) == 1


async def test_a_redirect_in_a_circle_is_one_with_it_or_without(connect: Connect, server: O2gServer) -> None:
    server.answer("GET", "/api/rest", status=302, headers=[("Location", "/api/rest")])
    with pytest.raises(ConnectionFailed, match="in a circle"):
        await connect(use_given_address=True)


async def test_what_is_no_url_is_none_with_it_either(connect: Connect, server: O2gServer) -> None:
    server.answer("GET", "/api/rest", json=server.root("http://[o2g", None))
    with pytest.raises(ConnectionFailed, match="what is no URL for the login"):
        await connect(use_given_address=True, network="public")


# -------------------------------------------------------------------------------------------------------- large cookies


async def test_a_large_cookie_is_kept(connect: Connect, server: O2gServer) -> None:
    """A signed token with many rights: other jars drop a cookie of more than 4 kB without a word."""
    token = "x" * 7000
    sessions = f"{server.url}{API}/sessions"
    server.answer(
        "GET",
        "/api/rest/authenticate",
        json={"publicUrl": sessions},
        headers=[("Set-Cookie", f"AlcUserId={token}; Path=/; HttpOnly")],
    )
    client = await connect()
    await client.telephony.telephony_snapshot()
    assert [one.cookies["AlcUserId"] for one in server.requests[-2:]] == [token, token]


async def test_a_larger_one_than_libraries_read_by_themselves(connect: Connect, server: O2gServer) -> None:
    server.answer(
        "GET",
        "/api/rest/authenticate",
        json={"publicUrl": f"{server.url}{API}/sessions"},
        headers=[("Set-Cookie", f"AlcUserId={'x' * 20_000}")],
    )
    with pytest.raises(PbxError, match=r"refused \(400\)") as caught:
        await connect()  # it is sent, and this server takes no head that is so long
    assert "20,010 bytes" in str(caught.value)
    assert "maxHttpHeaderSize" in str(caught.value)


async def test_a_proxy_for_which_the_cookie_is_too_large(connect: Connect, server: O2gServer) -> None:
    server.answer("GET", "/api/rest/authenticate", status=502, text="<h1>502 Bad Gateway</h1>")
    with pytest.raises(RequestRefused, match=r"refused \(502\).*more than 4 kB.*proxy_buffer_size 32k") as caught:
        await connect()
    assert caught.value.transient


# ------------------------------------------------------------------------------------------------------- it goes wrong


async def test_wrong_credentials(connect: Connect, server: O2gServer) -> None:
    server.answer("GET", "/api/rest/authenticate", status=401, json={"httpStatus": "UNAUTHORIZED"})
    with pytest.raises(AuthenticationFailed, match="Check user name and password") as caught:
        await connect()
    assert PASSWORD not in str(caught.value)
    assert [one.method for one in server.requests] == ["GET", "GET"]


@pytest.mark.parametrize("body", [{"json": {"code": 1002}}, {"text": ""}, {"json": {"code": 1007}}])
async def test_401_always_means_the_login(connect: Connect, server: O2gServer, body: dict[str, object]) -> None:
    server.answer("GET", "/api/rest/authenticate", status=401, **body)  # type: ignore[arg-type]
    with pytest.raises(AuthenticationFailed):
        await connect()


async def test_an_account_that_may_not_log_in(connect: Connect, server: O2gServer) -> None:
    server.answer("GET", "/api/rest/authenticate", status=403, json={"code": 1002, "type": "NOT_ALLOWED"})
    with pytest.raises(AuthenticationFailed, match="may not log in"):
        await connect()


async def test_a_server_that_is_starting(connect: Connect, server: O2gServer) -> None:
    server.answer("GET", "/api/rest", status=503, json={"code": 1000, "type": "NOT_READY", "canRetry": True})
    with pytest.raises(NotReady) as caught:
        await connect()
    assert caught.value.transient


async def test_a_session_that_is_refused_is_not_closed(connect: Connect, server: O2gServer) -> None:
    server.answer("POST", f"{API}/sessions", status=403, json={"code": 1002, "type": "NOT_ALLOWED"})
    with pytest.raises(NotAllowed):
        await connect()
    assert not server.asked("DELETE", f"{API}/sessions")


async def test_a_session_that_may_have_been_opened_is_closed(connect: Connect, server: O2gServer) -> None:
    server.answer("POST", f"{API}/sessions", hang=True)
    with pytest.raises(ConnectionFailed):
        await connect(request_timeout=1.0)
    (deleted,) = server.asked("DELETE", f"{API}/sessions")
    assert deleted.cookies == {"AlcUserId": CREDENTIAL}


async def test_opening_that_is_cancelled_leaves_nothing(
    make: "object", server: O2gServer, http: aiohttp.ClientSession
) -> None:
    server.answer("POST", f"{API}/sessions", hang=True)
    settings = ConnectionSettings.make(url=server.url, username="oxe1000", password=PASSWORD)
    client = O2gClient(settings, http)
    task = asyncio.create_task(client.open())
    while not server.asked("POST", f"{API}/sessions"):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert server.asked("DELETE", f"{API}/sessions")


async def test_nothing_is_sent_without_a_session(make: "object", connect: Connect, server: O2gServer) -> None:
    client = await connect()
    await client.close()
    before = len(server.requests)
    with pytest.raises(Offline) as caught:
        await client.telephony.calls()
    assert caught.value.transient
    assert len(server.requests) == before


async def test_a_session_that_was_closed_under_it(server: O2gServer) -> None:
    http = aiohttp.ClientSession()
    await http.close()
    client = O2gClient(ConnectionSettings.make(url=server.url, username="a", password="b"), http)
    with pytest.raises(ConnectionFailed, match="closed"):
        await client.open()


# ------------------------------------------------------------------------------------------------------- staying open


async def test_keepalive_well_before_the_end(connect: Connect, server: O2gServer) -> None:
    server.open_session(timeToLive=1)
    client = await connect()
    async with asyncio.timeout(30):
        while not server.asked("POST", f"{API}/sessions/keepalive"):
            await asyncio.sleep(0.01)
    (kept,) = server.asked("POST", f"{API}/sessions/keepalive")
    assert kept.body == b""
    assert kept.headers["Content-Length"] == "0"
    assert kept.cookies == {"AlcUserId": CREDENTIAL, "JSESSIONID": JSESSIONID}
    assert not client.lost.is_set()


async def test_a_token_tells_its_end(connect: Connect, server: O2gServer) -> None:
    server.open_session(timeToLive=1, expirationDate="2026-12-31")
    server.answer("POST", f"{API}/sessions/keepalive", json={"expirationDate": "2027-12-31"})
    client = await connect()
    assert client.token_expires == "2026-12-31"
    async with asyncio.timeout(30):
        while client.token_expires != "2027-12-31":
            await asyncio.sleep(0.01)
    assert not client.lost.is_set()


@pytest.mark.parametrize(("status", "body"), [(403, INVALID_SESSION), (404, {}), (500, {"code": 1007})])
async def test_a_keepalive_that_is_refused(
    connect: Connect, server: O2gServer, status: int, body: dict[str, object]
) -> None:
    server.open_session(timeToLive=1)
    server.answer("POST", f"{API}/sessions/keepalive", status=status, json=body)
    client = await connect()
    async with asyncio.timeout(30):
        await client.lost.wait()
    assert isinstance(client.lost_reason, RequestRefused)
    assert len(server.asked("POST", f"{API}/sessions/keepalive")) == 1


async def test_a_keepalive_that_is_not_answered_is_tried_again(connect: Connect, server: O2gServer) -> None:
    server.open_session(timeToLive=1)
    server.answer("POST", f"{API}/sessions/keepalive", drop=True)
    server.answer("POST", f"{API}/sessions/keepalive", status=204, then=True)
    client = await connect()
    async with asyncio.timeout(30):
        while len(server.asked("POST", f"{API}/sessions/keepalive")) < 2:
            await asyncio.sleep(0.01)
    assert not client.lost.is_set()


async def test_a_keepalive_that_a_proxy_does_not_pass_on_is_tried_again(connect: Connect, server: O2gServer) -> None:
    server.open_session(timeToLive=1)
    server.answer("POST", f"{API}/sessions/keepalive", status=502, text="<h1>502 Bad Gateway</h1>")
    server.answer("POST", f"{API}/sessions/keepalive", status=204, then=True)
    client = await connect()
    async with asyncio.timeout(30):
        while len(server.asked("POST", f"{API}/sessions/keepalive")) < 2:
            await server.arrivals.get()
    assert not client.lost.is_set()


async def test_keepalives_that_are_never_answered(connect: Connect, server: O2gServer) -> None:
    server.open_session(timeToLive=1)
    server.answer("POST", f"{API}/sessions/keepalive", drop=True)
    client = await connect()
    async with asyncio.timeout(30):
        await client.lost.wait()


async def test_code_1001_is_the_end_of_the_session(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    server.answer("GET", f"{API}/telephony/calls", status=403, json=INVALID_SESSION)
    with pytest.raises(SessionLost) as caught:
        await client.telephony.calls()
    assert not caught.value.transient
    assert client.lost.is_set()
    assert client.lost_reason is caught.value


@pytest.mark.parametrize(
    ("status", "body"),
    [(403, {"code": 1002}), (403, {}), (403, {"code": 1004}), (401, {"code": 1002}), (503, {"code": 1000}), (500, {})],
)
async def test_no_other_refusal_is(connect: Connect, server: O2gServer, status: int, body: dict[str, object]) -> None:
    client = await connect()
    server.answer("GET", f"{API}/telephony/calls", status=status, json=body)
    with pytest.raises(RequestRefused):
        await client.telephony.calls()
    assert not client.lost.is_set()


# -------------------------------------------------------------------------------------------------------------- closing


async def test_closing_gives_everything_back(connect: Connect, server: O2gServer, http: aiohttp.ClientSession) -> None:
    client = await connect()
    subscription = await client.subscriptions.subscribe(SUBSCRIBE)
    channel = await client.open_channel(subscription)
    await client.close()
    assert [(one.method, one.path) for one in server.requests[-2:]] == [
        ("DELETE", f"{API}/subscriptions/{SUBSCRIPTION_ID}"),
        ("DELETE", f"{API}/sessions"),
    ]
    assert channel.closed
    assert not http.closed
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "o2g-keepalive"]
    before = len(server.requests)
    await client.close()
    assert len(server.requests) == before


async def test_a_subscription_that_was_ended_is_not_ended_again(connect: Connect, server: O2gServer) -> None:
    client = await connect()
    subscription = await client.subscriptions.subscribe(SUBSCRIBE)
    assert subscription.subscription_id
    await client.subscriptions.unsubscribe(subscription.subscription_id)
    await client.close()
    assert len(server.asked("DELETE", f"{API}/subscriptions/{SUBSCRIPTION_ID}")) == 1


@pytest.mark.parametrize("how", ["refused", "dropped", "gone"])
async def test_closing_never_raises(connect: Connect, server: O2gServer, how: str) -> None:
    client = await connect()
    await client.subscriptions.subscribe(SUBSCRIBE)
    path = f"{API}/subscriptions/{SUBSCRIPTION_ID}"
    if how == "refused":
        server.answer("DELETE", path, status=500)
        server.answer("DELETE", f"{API}/sessions", status=403, json=INVALID_SESSION)
    elif how == "dropped":
        server.answer("DELETE", path, drop=True)
    else:
        await server.__aexit__()
    async with asyncio.timeout(30):
        await client.close()
    if how == "refused":
        assert server.asked("DELETE", f"{API}/sessions")


async def test_closing_is_bounded(connect: Connect, server: O2gServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiopbx.o2g.session.FAREWELL", 0.2)
    client = await connect()
    server.answer("DELETE", f"{API}/sessions", hang=True)
    async with asyncio.timeout(30):
        await client.close()


async def test_closing_goes_on_after_what_nothing_should_raise(
    connect: Connect, server: O2gServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The session is given back although giving the subscription back fails in a way that nobody expected."""
    client = await connect()
    await client.subscriptions.subscribe(SUBSCRIBE)
    request = client._transport.request

    async def fail(method: str, url: str, **keywords: Any) -> Any:
        if "/subscriptions/" in url:
            raise ValueError("boom")
        return await request(method, url, **keywords)

    monkeypatch.setattr(client._transport, "request", fail)
    await client.close()
    assert server.asked("DELETE", f"{API}/sessions")
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ValueError]


async def test_a_keepalive_that_fails_in_an_unforeseen_way_is_a_lost_session(
    connect: Connect, server: O2gServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server.open_session(timeToLive=1)
    client = await connect()

    async def fail(*args: Any, **keywords: Any) -> Any:
        raise ValueError("boom")

    monkeypatch.setattr(client._transport, "request", fail)
    async with asyncio.timeout(30):
        await client.lost.wait()
    assert "ValueError" in str(client.lost_reason)
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ValueError]
