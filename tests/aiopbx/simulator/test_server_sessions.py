"""From nothing to a session: descriptor, log-in, cookies, life and end of a session."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest


async def test_descriptor_needs_no_credentials(api: Any) -> None:
    reply = await api.send("GET", f"{api.root}/api/rest")
    assert reply.status == 200
    assert reply.body["serverInfo"]["productType"] == "O2G"
    assert reply.body["serverInfo"]["haMode"] is False
    (version,) = reply.body["versions"]
    assert version == {
        "id": "1.0",
        "status": "CURRENT",
        "publicUrl": f"{api.root}/api/rest/authenticate?version=1.0",
        "internalUrl": f"{api.root}/api/rest/authenticate?version=1.0",
    }


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_descriptor_and_log_in_are_only_read(api: Any, method: str) -> None:
    for path in ("/api/rest", "/api/rest/authenticate?version=1.0"):
        reply = await api.send(method, api.root + path)
        assert reply.status == 405
        assert reply.body["httpStatus"] == "METHOD_NOT_ALLOWED"
        assert reply.headers["Allow"] == "GET"


async def test_urls_are_built_from_the_host_that_was_asked(connect: Any) -> None:
    api = await connect(host_names=("pbx.example.com", "2001:db8::1"))
    reply = await api.send("GET", f"{api.root}/api/rest", headers={"Host": "pbx.example.com:8080"})
    assert reply.body["versions"][0]["publicUrl"].startswith("http://pbx.example.com:8080/api/rest/")
    await api.log_in()
    reply = await api.call("GET", "/sessions", headers={"Host": "pbx.example.com"})
    assert reply.body["publicBaseUrl"] == reply.body["privateBaseUrl"] == "http://pbx.example.com/api/rest/1.0"
    body = {"filter": {"selectors": [{"ids": ["*"], "names": ["telephony"]}]}, "version": "1.0"}
    reply = await api.call("POST", "/subscriptions", body, headers={"Host": "[2001:db8::1]:8443"})
    port = api.simulator.event_url.rpartition(":")[2]
    assert reply.body["publicPollingUrl"].startswith(f"http://[2001:db8::1]:{port}/")


async def test_log_in_gives_the_credential_and_its_cookie(api: Any) -> None:
    reply = await api.authenticate("oxe1000", "secret")
    assert reply.status == 200
    assert reply.headers["Set-Cookie"] == f"AlcUserId={reply.body['credential']}; Path=/"
    assert reply.body["publicUrl"] == reply.body["internalUrl"] == f"{api.root}/api/rest/1.0/sessions"


@pytest.mark.parametrize(
    "header",
    [None, "Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Bearer abc", "Basic b3hlMTAwMDp3cm9uZw==", "Basic Og=="],
)
async def test_log_in_is_refused_with_json(api: Any, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    reply = await api.send("GET", f"{api.root}/api/rest/authenticate?version=1.0", headers=headers)
    assert reply.status == 401
    assert reply.headers["WWW-Authenticate"].startswith("Basic ")
    assert (reply.body["httpStatus"], reply.body["code"], reply.body["type"]) == ("UNAUTHORIZED", 1002, "NOT_ALLOWED")
    assert reply.body["canRetry"] is False
    assert not api.cookies


async def test_unknown_version_is_refused(api: Any) -> None:
    reply = await api.send("GET", f"{api.root}/api/rest/authenticate?version=7.0")
    assert (reply.status, reply.body["type"]) == (400, "BAD_PARAMETER")
    reply = await api.send("GET", f"{api.root}/api/rest/7.0/sessions")
    assert (reply.status, reply.body["type"]) == (404, "NOT_FOUND")


async def test_session_of_a_user(api: Any, clock: Any) -> None:
    await api.authenticate("oxe1000", "secret")
    reply = await api.call("POST", "/sessions", {"applicationName": "test", "somethingNew": 1})
    assert reply.status == 200
    assert re.fullmatch(r"JSESSIONID=[0-9A-F]{32}\.tomcat; Path=/api", reply.headers["Set-Cookie"])
    assert reply.body["admin"] is False
    assert reply.body["login"] == "oxe1000"
    assert reply.body["timeToLive"] == 1800
    assert reply.body["publicBaseUrl"] == reply.body["privateBaseUrl"] == api.base
    assert datetime.fromisoformat(reply.body["creationDate"]) == clock.utc()
    assert datetime.fromisoformat(reply.body["expirationDate"]) == clock.utc() + timedelta(seconds=1800)
    assert (await api.call("GET", "/sessions")).body == reply.body


async def test_services_are_found_by_their_lower_cased_names(admin: Any) -> None:
    services = {service["serviceName"].lower(): service["relativeUrl"] for service in admin.session["services"]}
    expected = {
        "telephony": "/telephony",
        "users": "/users",
        "routing": "/routing",
        "eventsummary": "/eventSummary",
        "subscriptions": "/subscriptions",
        "directory": "/directory",
        "comlog": "/comlog/records",
        "voicemail": "/messaging/mailboxes",
        "maintenance": "/system",
    }
    assert expected.items() <= services.items()
    reply = await admin.send("GET", f"{admin.session['publicBaseUrl']}{services['users']}/oxe1001")
    assert reply.body["loginName"] == "oxe1001"


@pytest.mark.parametrize("keep", ["AlcUserId", "JSESSIONID"])
async def test_either_cookie_alone_is_enough(admin: Any, keep: str) -> None:
    admin.cookies = {keep: admin.cookies[keep]}
    assert (await admin.call("GET", "/sessions")).status == 200


async def test_no_cookie_and_a_wrong_one_is_no_session(admin: Any) -> None:
    for cookies in ({}, {"JSESSIONID": "0" * 32 + ".tomcat"}, {"AlcUserId": "nothing"}):
        admin.cookies = cookies
        reply = await admin.call("GET", "/sessions")
        assert (reply.status, reply.body["httpStatus"], reply.body["code"]) == (403, "FORBIDDEN", 1001)
        assert (reply.body["type"], reply.body["canRetry"]) == ("INVALID_SESSION", True)


async def test_old_session_cookie_does_not_hide_the_new_credential(admin: Any) -> None:
    admin.cookies["JSESSIONID"] = "0" * 32 + ".tomcat"
    assert (await admin.call("GET", "/sessions")).status == 200


async def test_credential_without_a_session_is_not_one(api: Any) -> None:
    await api.authenticate("admin", "admin")
    reply = await api.call("GET", "/logins")
    assert (reply.status, reply.body["code"]) == (403, 1001)


async def test_opening_twice_is_refused_and_the_session_goes_on(admin: Any) -> None:
    reply = await admin.call("POST", "/sessions", {"applicationName": "test"})
    assert (reply.status, reply.body["code"], reply.body["type"]) == (403, 1002, "NOT_ALLOWED")
    assert (await admin.call("GET", "/sessions")).status == 200


async def test_opening_without_a_credential_is_no_session(api: Any) -> None:
    reply = await api.call("POST", "/sessions", {"applicationName": "test"})
    assert (reply.status, reply.body["code"]) == (403, 1001)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"applicationName": 7}', b'{"applicationName": " "}'])
async def test_opening_needs_an_application_name(api: Any, body: bytes) -> None:
    await api.authenticate("admin", "admin")
    reply = await api.call("POST", "/sessions", raw=body)
    assert (reply.status, reply.body["code"], reply.body["canRetry"]) == (400, 1006, True)
    # the mended request works
    assert (await api.call("POST", "/sessions", {"applicationName": "test"})).status == 200


async def test_keepalive_keeps_and_time_ends(admin: Any, clock: Any) -> None:
    for _ in range(4):
        clock.advance(1700)
        reply = await admin.call("POST", "/sessions/keepalive")
        assert (reply.status, reply.raw) == (204, b"")
    clock.advance(1799)
    assert (await admin.call("GET", "/logins")).status == 200  # any request keeps it
    clock.advance(1806)
    reply = await admin.call("POST", "/sessions/keepalive")
    assert (reply.status, reply.body["code"]) == (403, 1001)
    assert len(admin.simulator.server.sessions) == 0


async def test_expired_session_is_gone_without_a_request(admin: Any, clock: Any) -> None:
    assert len(admin.simulator.server.sessions) == 1
    clock.advance(1806)
    assert len(admin.simulator.server.sessions) == 0


async def test_closing_twice_is_refused(admin: Any) -> None:
    assert (await admin.call("DELETE", "/sessions")).status == 204
    reply = await admin.call("DELETE", "/sessions")
    assert (reply.status, reply.body["code"]) == (403, 1001)
    # the credential went with it: log in again
    reply = await admin.call("POST", "/sessions", {"applicationName": "test"})
    assert (reply.status, reply.body["code"]) == (403, 1001)
    admin.cookies.clear()
    await admin.log_in()


async def test_unused_credential_is_forgotten(api: Any, clock: Any) -> None:
    await api.authenticate("admin", "admin")
    clock.advance(1801)
    assert (await api.call("POST", "/sessions", {"applicationName": "test"})).status == 403


@pytest.mark.parametrize(
    ("account", "login"),
    [({"id": "oxe1001", "type": "LOGIN_NAME"}, "oxe1001"), ({"id": "1002", "type": "PHONE_NUMBER"}, "oxe1002")],
)
async def test_supervised_session_is_the_users(api: Any, account: dict[str, str], login: str) -> None:
    await api.log_in(supervisedAccount=account)
    assert (api.session["admin"], api.session["login"]) == (False, login)
    assert (await api.call("GET", "/logins")).body == {"loginNames": [login]}


@pytest.mark.parametrize(
    "account",
    [
        {"id": "oxe9999", "type": "LOGIN_NAME"},
        {"id": "9999", "type": "PHONE_NUMBER"},
        {"id": "oxe1001", "type": "EMAIL"},
        {"id": "oxe1001"},
        {"type": "LOGIN_NAME"},
    ],
)
async def test_supervising_an_unknown_account_is_refused(api: Any, account: dict[str, str]) -> None:
    await api.authenticate("admin", "admin")
    reply = await api.call("POST", "/sessions", {"applicationName": "test", "supervisedAccount": account})
    assert reply.status == 400
    assert "supervisedAccount" in reply.body["innerMessage"]


async def test_users_cannot_supervise(api: Any) -> None:
    await api.authenticate("oxe1000", "secret")
    account = {"id": "oxe1001", "type": "LOGIN_NAME"}
    reply = await api.call("POST", "/sessions", {"applicationName": "test", "supervisedAccount": account})
    assert (reply.status, reply.body["code"]) == (403, 1002)


async def test_token_limits_services_and_has_an_end(api: Any, clock: Any) -> None:
    end = clock.utc() + timedelta(hours=2)
    await api.log_in("oxe1000", "secret", applicationName=f"token;expires={end.isoformat()};services=Users")
    assert [service["serviceName"] for service in api.session["services"]] == ["Users", "Subscriptions"]
    reply = await api.call("POST", "/sessions/keepalive")
    assert reply.status == 200
    assert reply.body.keys() == {"expirationDate"}
    assert datetime.fromisoformat(reply.body["expirationDate"]) == end
    assert (await api.call("GET", "/logins")).status == 200
    reply = await api.call("GET", "/telephony/calls")
    assert (reply.status, reply.body["code"]) == (403, 1002)
    for _ in range(5):
        clock.advance(1500)
        reply = await api.call("POST", "/sessions/keepalive")
    assert (reply.status, reply.body["code"]) == (403, 1001)  # a keepalive does not move the token's end


async def test_token_that_has_expired_or_says_nothing_is_refused(api: Any, clock: Any) -> None:
    await api.authenticate("oxe1000", "secret")
    past = (clock.utc() - timedelta(seconds=1)).isoformat()
    reply = await api.call("POST", "/sessions", {"applicationName": f"token;expires={past}"})
    assert (reply.status, reply.body["code"]) == (403, 1002)
    reply = await api.call("POST", "/sessions", {"applicationName": "token;expires=soon"})
    assert (reply.status, reply.body["code"]) == (400, 1006)


async def test_slashes_do_not_matter(api: Any) -> None:
    await api.authenticate("admin", "admin")
    reply = await api.send("POST", f"{api.root}/api/rest/1.0//sessions", {"applicationName": "test"})
    assert reply.status == 200
    assert (await api.send("GET", f"{api.root}/api/rest/1.0/sessions/")).status == 200
    assert (await api.send("GET", f"{api.root}/api/rest/")).status == 200


async def test_unknown_paths_and_wrong_methods_are_json(admin: Any) -> None:
    for url in (admin.base + "/nothing", admin.base, admin.root + "/", admin.root + "/favicon.ico"):
        reply = await admin.send("GET", url)
        assert (reply.status, reply.body["httpStatus"], reply.body["code"]) == (404, "NOT_FOUND", 1003)
    reply = await admin.call("PUT", "/sessions")
    assert (reply.status, reply.body["httpStatus"]) == (405, "METHOD_NOT_ALLOWED")
    assert reply.headers["Allow"] == "DELETE, GET, POST"


async def test_secrets_are_not_shown(admin: Any) -> None:
    (session,) = admin.simulator.server.sessions
    text = repr(session) + repr(admin.simulator.settings) + repr(admin.simulator.accounts.get("admin"))
    assert admin.cookies["AlcUserId"] not in text
    assert admin.cookies["JSESSIONID"] not in text
    assert "'admin'" not in repr(admin.simulator.accounts.get("admin")).replace("login='admin'", "")


async def test_body_that_is_too_large_is_refused_as_json(admin: Any) -> None:
    reply = await admin.call("POST", "/subscriptions", raw=b" " * 3_000_000)
    assert (reply.status, reply.body["httpStatus"], reply.body["code"]) == (413, "REQUEST_ENTITY_TOO_LARGE", 1006)
    assert (await admin.call("GET", "/sessions")).status == 200


async def test_a_defect_of_the_simulator_is_reported_as_one(admin: Any, monkeypatch: Any, caplog: Any) -> None:
    def broken(number: str) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(admin.simulator.switch, "by_number", broken)
    reply = await admin.call("GET", "/users?companyPhone=1000")
    assert (reply.status, reply.body["httpStatus"]) == (500, "INTERNAL_SERVER_ERROR")
    assert (reply.body["code"], reply.body["type"], reply.body["canRetry"]) == (1007, "SERVER_PROBLEM", False)
    assert "a bug" not in reply.body["innerMessage"]  # that is for the log
    assert "a bug" in caplog.text
