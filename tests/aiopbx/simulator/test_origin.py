"""The URLs that the simulator names: where it was asked, where a proxy says it was asked, or what the settings say."""

from typing import Any

import pytest
from aiohttp import ClientSession
from pydantic import ValidationError

from aiopbx.simulator import SimulatorSettings
from aiopbx.simulator.origin import Origin

HERE = Origin("http", "10.0.0.5:8080")


@pytest.mark.parametrize(
    ("headers", "base"),
    [
        ({}, "http://10.0.0.5:8080"),
        ({"X-Forwarded-Proto": "https"}, "https://10.0.0.5:8080"),
        ({"X-Forwarded-Host": "pbx.example.com"}, "http://pbx.example.com"),
        ({"X-Forwarded-Host": "pbx.example.com:8443"}, "http://pbx.example.com:8443"),
        ({"X-Forwarded-Port": "8443"}, "http://10.0.0.5:8443"),
        ({"X-Forwarded-Port": "80"}, "http://10.0.0.5"),
        ({"X-Forwarded-Host": "pbx.example.com:81", "X-Forwarded-Port": "8443"}, "http://pbx.example.com:8443"),
        ({"X-Forwarded-Host": "[2001:db8::1]:81", "X-Forwarded-Port": "8443"}, "http://[2001:db8::1]:8443"),
        ({"X-Forwarded-Host": "[2001:db8::1]", "X-Forwarded-Port": "8443"}, "http://[2001:db8::1]:8443"),
        ({"X-Forwarded-Prefix": "/o2g/"}, "http://10.0.0.5:8080/o2g"),
        (
            {
                "X-Forwarded-Proto": "HTTPS",
                "X-Forwarded-Host": "pbx.example.com, inner.example.com",
                "X-Forwarded-Port": "443, 8080",
                "X-Forwarded-Prefix": "/a/o2g",
            },
            "https://pbx.example.com/a/o2g",
        ),
        ({"X-Forwarded-Proto": "gopher", "X-Forwarded-Host": "a b", "X-Forwarded-Port": "x"}, "http://10.0.0.5:8080"),
        ({"X-Forwarded-Host": "user@pbx.example.com", "X-Forwarded-Port": "0"}, "http://10.0.0.5:8080"),
        ({"X-Forwarded-Prefix": "//elsewhere.example.com", "X-Forwarded-Port": "65536"}, "http://10.0.0.5:8080"),
        ({"X-Forwarded-Prefix": "o2g", "X-Forwarded-Port": "99999999999"}, "http://10.0.0.5:8080"),
    ],
)
def test_what_a_proxy_says(headers: dict[str, str], base: str) -> None:
    assert HERE.forwarded(headers).base == base


BEHIND = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "pbx.example.com",
    "X-Forwarded-Port": "8443",
    "X-Forwarded-Prefix": "/o2g",
}


async def urls(api: Any, **headers: str) -> list[str]:
    """Every URL that O2G names on the way to its events, in order: the public one, then the private one."""
    root = (await api.send("GET", f"{api.root}/api/rest", headers=headers)).body["versions"][0]
    token = {"Authorization": "Basic YWRtaW46YWRtaW4=", **headers}
    login = (await api.send("GET", f"{api.root}/api/rest/authenticate?version=1.0", headers=token)).body
    session = (await api.call("POST", "/sessions", {"applicationName": "test"}, headers=headers)).body
    body = {"filter": {"selectors": [{"ids": ["*"], "names": ["telephony"]}]}, "version": "1.0", "timeout": 10}
    subscription = (await api.call("POST", "/subscriptions", body, headers=headers)).body
    return [
        root["publicUrl"],
        root["internalUrl"],
        login["publicUrl"],
        login["internalUrl"],
        session["publicBaseUrl"],
        session["privateBaseUrl"],
        subscription["publicPollingUrl"].partition("?")[0],
        subscription["privatePollingUrl"].partition("?")[0],
    ]


def expected(public: str, private: str, events: str, private_events: str) -> list[str]:
    return [
        f"{public}/api/rest/authenticate?version=1.0",
        f"{private}/api/rest/authenticate?version=1.0",
        f"{public}/api/rest/1.0/sessions",
        f"{private}/api/rest/1.0/sessions",
        f"{public}/api/rest/1.0",
        f"{private}/api/rest/1.0",
        f"{events}/OTEvents",
        f"{private_events}/OTEvents",
    ]


async def test_o2g_behind_a_proxy(connect: Any) -> None:
    api = await connect()
    base = "https://pbx.example.com:8443/o2g"
    # TLS ends at the proxy: the only event port is the one for http
    events = f"https://pbx.example.com:{api.simulator.server.event_ports['http']}"
    assert await urls(api, **BEHIND) == expected(base, base, events, events)


async def test_a_proxy_that_speaks_https_on_both_sides(connect: Any) -> None:
    api = await connect(tls=True)
    api.root = api.simulator.http_url
    base = "https://pbx.example.com:8443/o2g"
    events = f"https://pbx.example.com:{api.simulator.server.event_ports['https']}"
    assert await urls(api, **BEHIND) == expected(base, base, events, events)


async def test_public_urls_of_the_settings(connect: Any) -> None:
    public, events = "https://pbx.example.com/o2g", "https://events.example.com:8016"
    api = await connect(public_url=public + "/", public_event_url=events + "/")
    here, own = api.simulator.url, api.simulator.event_url
    assert await urls(api) == expected(public, here, events, own)


async def test_the_events_of_a_public_url_are_at_its_host(connect: Any) -> None:
    api = await connect(public_url="http://pbx.example.com:8443/o2g")
    port = api.simulator.server.event_ports["http"]
    here, own = api.simulator.url, api.simulator.event_url
    assert await urls(api) == expected("http://pbx.example.com:8443/o2g", here, f"http://pbx.example.com:{port}", own)


async def test_only_the_primary_has_them(connect: Any) -> None:
    api = await connect(ha=True, public_url="https://pbx.example.com", public_event_url="https://pbx.example.com:8016")
    api.simulator.faults.switch_to_secondary()
    api.root = here = api.simulator.secondary_url
    own = f"http://127.0.0.1:{api.simulator.servers[1].event_ports['http']}"
    assert await urls(api) == expected(here, here, own, own)


async def test_it_answers_to_the_names_that_it_gives(connect: Any) -> None:
    api = await connect(public_url="https://pbx.example.com/o2g", public_event_url="https://events.example.com")
    for name, status in (("pbx.example.com", 200), ("events.example.com", 200), ("other.example.com", 403)):
        assert (await api.send("GET", f"{api.root}/api/rest", headers={"Host": name})).status == status


@pytest.mark.parametrize("field", ["public_url", "public_event_url"])
@pytest.mark.parametrize("url", ["pbx.example.com", "ftp://pbx.example.com", "https://", "https://[", "http://a:0"])
def test_what_is_no_url(field: str, url: str) -> None:
    with pytest.raises(ValidationError, match="must begin with http"):
        SimulatorSettings.model_validate({field: url})


async def test_redirects_of_istra_stay_where_the_client_has_asked(start: Any) -> None:
    simulator = await start(istra=True)
    simulator.istra.variants.redirect = 307
    async with ClientSession() as http:
        url = f"{simulator.istra_url}/restletrouter/v1/service/Login"

        async def location(**headers: str) -> str | None:
            async with http.post(url, headers=headers, allow_redirects=False) as response:
                return response.headers.get("Location")

        assert await location(**BEHIND) == "https://localhost:8443/o2g/restletrouter/v1/service/Login"
        assert await location(**{"X-Forwarded-Host": "[2001:db8::1]"}) == (
            "http://localhost/restletrouter/v1/service/Login"
        )
        simulator.istra.variants.redirect_to = "https://pbx.example.com:8443/o2g/"
        assert await location(**BEHIND) is None
