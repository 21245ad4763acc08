"""The edges of the settings: the first and the last value that is taken, and what is said about the next."""

import datetime
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from aiopbx import (
    ConnectionSettings,
    DialPolicy,
    InvalidInput,
    NumberPlan,
    SupervisedUser,
    TunnelSettings,
    WebhookSettings,
)
from aiopbx.settings.addresses import at_address
from aiopbx.settings.files import read_environment

O2G = {"url": "https://pbx.example.com", "username": "oxe1000", "password": "secret word"}
PLAIN = {**O2G, "url": "http://pbx.example.com"}
RCC = {**O2G, "url": "https://istra.example.com", "system": "myrcc", "username": "rcc", "enterprise": "example"}
CRM = {**RCC, "system": "mycrm", "username": "anna", "enterprise": None}
USER = {**CRM, "system": "myistra"}
SECRET = "a-secret-of-at-least-sixteen-letters"


def make(base: dict[str, Any] = O2G, /, **changes: Any) -> ConnectionSettings:
    return ConnectionSettings.make(**{key: one for key, one in {**base, **changes}.items() if one is not ...})


def refused(field: str, make_it: Callable[[], object]) -> InvalidInput:
    """The error, which names the field, says what is wrong with it, and what to do."""
    with pytest.raises(InvalidInput) as caught:
        make_it()
    error = caught.value
    assert error.field == field
    assert error.message == f"{field}: {error.problem}"
    for text in (error.problem, error.remedy):
        assert text is not None
        assert text.strip()
        assert "None" not in text
        assert "XX" not in text
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None, "what pydantic says would quote the input"
    return error


# ------------------------------------------------------------------------ defaults


def test_what_is_not_said() -> None:
    assert make().model_dump(exclude={"password"}) == {
        "system": "o2g",
        "url": "https://pbx.example.com",
        "secondary_url": None,
        "enterprise": None,
        "username": "oxe1000",
        "second_password": None,
        "fingerprints": (),
        "supervised": None,
        "lines": "all",
        "application_name": "aiopbx",
        "tls": "verify",
        "ca_file": None,
        "client_certificate": None,
        "client_key": None,
        "network": "auto",
        "use_given_address": False,
        "event_port": None,
        "request_timeout": 10.0,
        "channel": "chunk",
        "webhook": None,
        "tunnel": None,
        "subscription_timeout": 0,
        "silence_timeout": 15.0,
        "ping_interval": 20.0,
        "reconnect_min": 1.0,
        "reconnect_max": 60.0,
        "fail_back_interval": 30.0,
        "sync_timeout": 10.0,
        "audit_interval": 180.0,
        "trusted_redirects": (),
        "dial_policy": DialPolicy().model_dump(),
        "number_plan": NumberPlan().model_dump(),
        "contacts": {"files": (), "directory": False, "log": False},
    }
    assert make().urls == ("https://pbx.example.com",)
    assert "aiopbx" not in repr(make()), "a token may stand there"
    assert SupervisedUser(id="1").by == "login_name"


def test_what_is_not_said_of_a_listener() -> None:
    webhook = WebhookSettings(public_url="http://here.example.com")
    nothing = {"host": None, "certificate": None, "key": None, "secret": None, "secret_file": None}
    assert webhook.model_dump() == {
        **nothing,
        "port": None,
        "behind_proxy": False,
        "public_url": "http://here.example.com",
    }
    tunnel = TunnelSettings(port=1, secret=SECRET)  # type: ignore[arg-type]
    assert tunnel.model_dump(exclude={"secret"}) == {
        **{name: one for name, one in nothing.items() if name != "secret"},
        "port": 1,
        "behind_proxy": False,
        "secondary_secret": None,
        "agent_timeout": 30.0,
        "ping_interval": 15.0,
    }


# ------------------------------------------------------------------------ bounds

JUST = [
    ("request_timeout", [0.001, 600], [0, -1, 600.1]),
    ("silence_timeout", [0.001, 10**6], [0]),
    ("reconnect_min", [0.001, 60], [0]),
    ("reconnect_max", [1, 10**6], [0, 0.9]),
    ("fail_back_interval", [0.001, 10**6], [0]),
    ("sync_timeout", [0.001, 10**6], [0]),
    ("audit_interval", [0, 10**6], [-1]),
    ("subscription_timeout", [0, 2, 60], [-1, 1, 61]),
    ("application_name", ["x"], [""]),
]


@pytest.mark.parametrize(("field", "value"), [(field, one) for field, good, _ in JUST for one in good])
def test_what_is_just_taken(field: str, value: Any) -> None:
    assert getattr(make(**{field: value}), field) == value


@pytest.mark.parametrize("port", [1, 65535])
def test_ports_that_events_can_come_from(port: int) -> None:
    assert make(use_given_address=True, event_port=port).event_port == port


@pytest.mark.parametrize("port", [0, 65536])
def test_no_ports(port: int) -> None:
    refused("event_port", lambda: make(use_given_address=True, event_port=port))


@pytest.mark.parametrize(("field", "value"), [(field, one) for field, _, bad in JUST for one in bad])
def test_what_is_just_not_taken(field: str, value: Any) -> None:
    refused(field, lambda: make(**{field: value}))


def test_the_longest_pause_may_be_the_shortest() -> None:
    assert make(reconnect_min=5, reconnect_max=5).reconnect_max == 5


LISTENERS = [
    ("webhook", "port", [1, 65535], [0, 65536]),
    ("webhook", "host", ["x"], [""]),
    ("webhook", "secret", ["a" * 16, "A9_-" * 50], ["a" * 15, "a" * 201, "a" * 16 + " ", "ä" * 16, "a" * 16 + "\n"]),
    ("tunnel", "port", [1, 65535], [0, 65536]),
    ("tunnel", "host", ["x"], [""]),
    ("tunnel", "secret", ["a" * 16, "A9_-" * 50], ["a" * 15, "a" * 201]),
    ("tunnel", "secondary_secret", ["a" * 16, "A9_-" * 50], ["a" * 15, "a" * 201]),
    ("tunnel", "agent_timeout", [0.001, 600], [0, 600.1]),
    ("tunnel", "ping_interval", [0.001, 600], [0, 600.1]),
]
SECTIONS: dict[str, dict[str, Any]] = {
    "webhook": {"public_url": "http://here.example.com:8445"},
    "tunnel": {"port": 8446, "secret": SECRET},
}


@pytest.mark.parametrize(
    ("section", "field", "value"), [(section, field, one) for section, field, good, _ in LISTENERS for one in good]
)
def test_what_a_listener_just_takes(section: str, field: str, value: Any) -> None:
    settings = make(PLAIN, channel=section, **{section: {**SECTIONS[section], field: value}})
    taken = getattr(getattr(settings, section), field)
    assert (taken.get_secret_value() if "secret" in field else taken) == value
    if "secret" in field:
        assert value not in repr(settings)


@pytest.mark.parametrize(
    ("section", "field", "value"), [(section, field, one) for section, field, _, bad in LISTENERS for one in bad]
)
def test_what_a_listener_just_does_not_take(section: str, field: str, value: Any) -> None:
    error = refused(
        f"{section}.{field}", lambda: make(PLAIN, channel=section, **{section: {**SECTIONS[section], field: value}})
    )
    if "secret" in field:
        assert str(value) not in str(error)


OF_BOTH = {"webhook": {"public_url": "https://a.b", "certificate": "a"}, "tunnel": SECTIONS["tunnel"]}

# ------------------------------------------------------------------------ what goes together


@pytest.mark.parametrize(
    ("base", "changes", "field"),
    [
        (O2G, {"enterprise": "example"}, "enterprise"),
        (O2G, {"secondary_url": "PBX.example.com:443"}, "secondary_url"),
        (O2G, {"tls": "none", "ca_file": "a.pem"}, "tls"),
        (O2G, {"event_port": 443}, "event_port"),
        (O2G, {"ping_interval": 5}, "ping_interval"),
        (O2G, {"ca_file": "  "}, "ca_file"),
        (O2G, {"channel": "webhook"}, "webhook"),
        (O2G, {"channel": "tunnel"}, "tunnel"),
        (O2G, {"channel": "webhook", "webhook": SECTIONS["webhook"]}, "webhook.public_url"),
        (
            PLAIN,
            {"channel": "webhook", "webhook": SECTIONS["webhook"], "secondary_url": "b.example.com"},
            "webhook.public_url",
        ),
        (O2G, {"channel": "tunnel", "tunnel": SECTIONS["tunnel"]}, "tunnel.certificate"),
        (O2G, {"channel": "tunnel", **SECTIONS}, "tunnel.certificate"),
        (PLAIN, {"channel": "tunnel", "tunnel": {"port": 1}}, "tunnel.secret"),
        (
            PLAIN,
            {"channel": "tunnel", "tunnel": SECTIONS["tunnel"], "secondary_url": "http://b.example.com"},
            "tunnel.secondary_secret",
        ),
        (PLAIN, {"tunnel": {**SECTIONS["tunnel"], "secondary_secret": SECRET}}, "tunnel.secondary_secret"),
        (PLAIN, {"tunnel": {**SECTIONS["tunnel"], "secret_file": "a"}}, "tunnel.secret_file"),
        (PLAIN, {"tunnel": {**SECTIONS["tunnel"], "key": "a"}}, "tunnel.certificate"),
        (PLAIN, {"tunnel": {**SECTIONS["tunnel"], "certificate": "a", "behind_proxy": True}}, "tunnel.behind_proxy"),
        (PLAIN, {"webhook": {"public_url": "https://here.example.com"}}, "webhook.certificate"),
        (PLAIN, {"webhook": {"public_url": "http://here.example.com", "certificate": "a"}}, "webhook.certificate"),
        (PLAIN, {"webhook": {"public_url": "http://here.example.com/api/rest"}}, "webhook.public_url"),
        (PLAIN, {"webhook": {"public_url": "here example com"}}, "webhook.public_url"),
        (O2G, {"username": " "}, "username"),
        (O2G, {"username": "a:b"}, "username"),
        (O2G, {"username": "a\x1fb"}, "username"),
        (O2G, {"password": ""}, "password"),
        (O2G, {"password": 1}, "password"),
        (O2G, {"password": ...}, "password"),
        (O2G, {"supervised": {"id": ""}}, "supervised.id"),
        (O2G, {"supervised": {"id": "1", "by": "mail"}}, "supervised.by"),
        (O2G, {"lines": [7]}, "lines"),
        (O2G, {"lines": 7}, "lines"),
        (O2G, {"lines": ["a", "b", "b"]}, "lines"),
        (O2G, {"lines": ["all", "b"]}, "lines"),
        (O2G, {"trusted_redirects": ["a", "b/c"]}, "trusted_redirects"),
        (O2G, {"trusted_redirects": ["a b"]}, "trusted_redirects"),
        *(
            (O2G, {"trusted_redirects": [site]}, "trusted_redirects")
            for site in ("a:0", "a:65536", "a:" + "9" * 5000, "a:b", ":80", "a:²", "https://a:80")
        ),
        (O2G, {"trusted_redirects": 7}, "trusted_redirects"),
        (O2G, {"network": "both"}, "network"),
        (RCC, {"enterprise": ...}, "enterprise"),
        (RCC, {"enterprise": "a\tb"}, "enterprise"),
        (RCC, {"enterprise": "a:b"}, "enterprise"),
        (RCC, {"enterprise": "a|b"}, "enterprise"),
        (RCC, {"username": "rcc|other"}, "enterprise"),
        (RCC, {"secondary_url": "b.example.com"}, "secondary_url"),
        (CRM, {"enterprise": "example"}, "enterprise"),
        (CRM, {"username": "a|b"}, "username"),
        (USER, {"lines": ["bob"]}, "lines"),
        (USER, {"lines": ["anna", "bob"]}, "lines"),
        (USER, {"url": "https://istra.example.com/api/rest"}, "url"),
        *[
            (CRM, {field: value}, field)
            for field, value in [
                ("supervised", {"id": "1"}),
                ("application_name", "x"),
                ("network", "public"),
                ("subscription_timeout", 5),
                ("webhook", SECTIONS["webhook"]),
                ("tunnel", SECTIONS["tunnel"]),
            ]
        ],
    ],
)
def test_what_does_not_go_together(base: dict[str, Any], changes: dict[str, Any], field: str) -> None:
    refused(field, lambda: make(base, **changes))


@pytest.mark.parametrize(
    ("base", "changes"),
    [
        (O2G, {"secondary_url": "b.example.com", "tls": "none"}),
        (PLAIN, {"secondary_url": "b.example.com", "tls": "none"}),
        (PLAIN, {"tls": "none"}),
        (PLAIN, {"ca_file": "a.pem"}),
        (PLAIN, {"secondary_url": "b.example.com", "ca_file": "a.pem"}),
        (O2G, {"channel": "webhook", "webhook": SECTIONS["webhook"], "tls": "none"}),
        (O2G, {"channel": "webhook", "webhook": {"public_url": "https://here.example.com", "behind_proxy": True}}),
        (PLAIN, {"channel": "webhook", "webhook": {"public_url": "https://here.example.com", "behind_proxy": True}}),
        (O2G, {"channel": "tunnel", "tunnel": SECTIONS["tunnel"], "tls": "none"}),
        (O2G, {"channel": "tunnel", "tunnel": {**SECTIONS["tunnel"], "behind_proxy": True}}),
        (O2G, {"channel": "tunnel", "tunnel": {**SECTIONS["tunnel"], "certificate": "a.pem"}}),
        (PLAIN, {"channel": "tunnel", "tunnel": {"port": 1, "secret_file": "a"}}),
        (PLAIN, {"channel": "tunnel", "tunnel": {"port": 1, "secret_file": "a", "secondary_secret": SECRET}}),
        (O2G, {"webhook": SECTIONS["webhook"], "tunnel": SECTIONS["tunnel"]}),
        (O2G, {**OF_BOTH, "channel": "webhook", "secondary_url": "b.example.com"}),
        (USER, {"lines": ["anna"]}),
        (USER, {"lines": []}),
        (USER, {"lines": "all"}),
        (CRM, {"lines": ["5985", "5986"]}),
        (RCC, {"lines": ["100"], "username": "rcc|example"}),
    ],
)  # fmt: skip
def test_what_goes_together(base: dict[str, Any], changes: dict[str, Any]) -> None:
    settings = make(base, **changes)
    assert settings.channel == changes.get("channel", "chunk")
    assert make(**settings.model_dump()) == settings


def test_a_wrong_name_is_told_before_what_is_missing_because_of_it() -> None:
    error = refused("usernam", lambda: make(username=..., usernam="x"))
    assert error.remedy == "Did you mean username?"


@pytest.mark.parametrize(
    ("changes", "field", "remedy"),
    [
        ({"zzzz": 1}, "zzzz", f"The settings are: {', '.join(ConnectionSettings.model_fields)}."),
        ({"supervised": {"id": "1", "zzzz": 1}}, "supervised.zzzz", "The settings are: id, by."),
        (
            {"dial_policy": {"zzzz": 1}},
            "dial_policy.zzzz",
            "The settings are: allowed, denied, calls_per_minute.",
        ),
        (
            {"webhook": {**SECTIONS["webhook"], "zzzz": 1}},
            "webhook.zzzz",
            f"The settings are: {', '.join(WebhookSettings.model_fields)}.",
        ),
        (
            {"tunnel": {**SECTIONS["tunnel"], "zzzz": 1}},
            "tunnel.zzzz",
            f"The settings are: {', '.join(TunnelSettings.model_fields)}.",
        ),
        ({"tunnel": {**SECTIONS["tunnel"], "prt": 1}}, "tunnel.prt", "Did you mean port?"),
        ({"supe": 1}, "supe", "Did you mean supervised?"),
    ],
)
def test_what_is_offered_instead(changes: dict[str, Any], field: str, remedy: str) -> None:
    error = refused(field, lambda: make(**changes))
    assert error.remedy == remedy


def test_what_is_said_where_nothing_else_fits() -> None:
    error = refused("request_timeout", lambda: make(request_timeout="soon"))
    assert error.remedy is not None
    assert error.remedy.startswith("Input should be a valid number")
    error = refused("tls", lambda: make(tls="maybe"))
    assert error.remedy == "It is 'verify' or 'none'."


def test_problems_of_lines_are_of_the_field_lines() -> None:
    for lines in ([""], ["a,b"], ["a;b"], ["a/b"], ["a?b"], ["a\tb"], ["a\nb"], ["a\rb"], ["*"], [" "], 7, ["a", 7]):
        refused("lines", lambda lines=lines: make(lines=lines))


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        ("all", "all"),
        ("", ()),
        (" ", ()),
        (" a , b", ("a", "b")),
        ([" a ", "*61"], ("a", "*61")),
        (["X1"], ("X1",)),
        (frozenset({"b", "a"}), ("a", "b")),
        ((), ()),
    ],
)
def test_ways_to_name_lines(given: Any, lines: Any) -> None:
    assert make(lines=given).lines == lines


@pytest.mark.parametrize(
    ("given", "hosts"),
    [
        ("", ()),
        (" , ", ()),
        ("A.example.com,b", ("a.example.com", "b")),
        (["[2001:DB8::1]", "X.x"], ("2001:db8::1", "x.x")),
        ("2001:db8::1:8443", ("2001:db8::1:8443",)),
        ("[2001:DB8::1]:8443,PBX.example.com:1,b:65535", ("[2001:db8::1]:8443", "pbx.example.com:1", "b:65535")),
    ],
)
def test_ways_to_name_hosts(given: Any, hosts: tuple[str, ...]) -> None:
    assert make(trusted_redirects=given).trusted_redirects == hosts


# ------------------------------------------------------------------------ addresses


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("http://a", "http://a"),
        ("//a", "https://a"),
        ("a:1", "https://a:1"),
        ("http://a:443", "http://a:443"),
        ("https://a:80", "https://a:80"),
        ("a:65535/", "https://a:65535"),
        ("https://a/b/", "https://a/b"),
        ("https://a/b//", "https://a/b"),
        ("https://a/b//api/rest/1.0", "https://a/b"),
        ("https://a/api/restful", "https://a/api/restful"),
        ("https://a/api/rest/1/api/rest", "https://a"),
        ("[2001:db8::1]", "https://[2001:db8::1]"),
        ("https://[fe80::1%25eth0]", "https://[fe80::1%25eth0]"),
        ("a.", "https://a."),
        ("a" * 63, "https://" + "a" * 63),
        (".".join(["a" * 63] * 3 + ["b" * 61]), "https://" + ".".join(["a" * 63] * 3 + ["b" * 61])),
        ("//XX.example.com", "https://xx.example.com"),
        ("https://a/bX", "https://a/bX"),
        ("https://a/bX/api/rest/", "https://a/bX"),
        (".".join(["a" * 49] * 5), "https://" + ".".join(["a" * 49] * 5)),
    ],
)
def test_addresses(given: str, normal: str) -> None:
    assert make(url=given).url == normal


NAMED = "http://o2g.internal:8080/api/rest/1.0/sessions?id=a%2Fb"
EVENTS = "http://o2g.internal:8014/OTEvents?subscriptionId=x"


@pytest.mark.parametrize(
    ("named", "given", "port", "expected"),
    [
        (NAMED, "https://a", None, "https://a/api/rest/1.0/sessions?id=a%2Fb"),
        (NAMED, "https://a:8443/pbx", None, "https://a:8443/pbx/api/rest/1.0/sessions?id=a%2Fb"),
        (NAMED, "https://[2001:db8::1]:8443", None, "https://[2001:db8::1]:8443/api/rest/1.0/sessions?id=a%2Fb"),
        ("https://a/pbx/api/rest", "https://a/pbx", None, "https://a/pbx/api/rest"),
        ("https://a/pbx", "https://a/pbx", None, "https://a/pbx"),
        ("https://a/pbxes/api", "https://a/pbx", None, "https://a/pbx/pbxes/api"),
        (EVENTS, "https://a", 8014, "https://a:8014/OTEvents?subscriptionId=x"),
        (EVENTS, "https://a/pbx", 8014, "https://a:8014/OTEvents?subscriptionId=x"),
        (EVENTS, "https://a/pbx", 443, "https://a/pbx/OTEvents?subscriptionId=x"),
        (EVENTS, "http://a/pbx", 80, "http://a/pbx/OTEvents?subscriptionId=x"),
        (EVENTS, "https://a:8443/pbx", 8443, "https://a:8443/pbx/OTEvents?subscriptionId=x"),
        (EVENTS, "https://[2001:db8::1]", 8014, "https://[2001:db8::1]:8014/OTEvents?subscriptionId=x"),
    ],
)
def test_what_a_server_names_at_the_address_that_was_given(
    named: str, given: str, port: int | None, expected: str
) -> None:
    assert at_address(named, given, port) == expected


@pytest.mark.parametrize(
    "url",
    [
        "a" * 64,
        ".".join(["a" * 62] * 5),
        ".".join(["a" * 63] * 3 + ["b" * 62]),
        "a-.b",
        "-a",
        "a..b",
        "1.2.3",
        "1.2.3.4.5",
        "https://a:0",
        "https://a:65536",
        "https://a@b",
        "https://:x@b",
        "https://a?b",
        "https://a#b",
        "ftp://a",
        "mailto:a",
        "tel:/a",
        "a b",
        "a\x7f b",
        "a\x01",
        *[f"a{letter}" for letter in '\\<>"{}|^`'],
        " ",
        "https://[::1",
        "https://[::g]",
    ],
)
def test_what_is_no_address(url: str) -> None:
    for field in ("url", "secondary_url"):
        refused(field, lambda field=field: make(**{field: url}))


@pytest.mark.parametrize("letter", [" ", "\x01", "\x1f", "\u2003", *'\\<>"{}|^`'])
def test_letters_that_no_address_has(letter: str) -> None:
    assert "character" in refused("url", lambda: make(url=f"https://a/{letter}b")).problem


def test_letters_of_a_login_name() -> None:
    for name in ("a b", "a!b", "X", "ä", "a|b"):
        assert make(username=name).username == name


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ("a", "https://a"),
        ("https://a/restletrouter", "https://a/restletrouter"),
        ("https://a/x/restletrouter/v1/rcc", "https://a/x/restletrouter"),
        ("https://a/x/v1/rcc", "https://a/x"),
        ("https://a/ws-service/myRCC", "https://a"),
        ("https://a:8443/x/y", "https://a:8443/x/y"),
        ("https://a/v1", "https://a"),
        ("https://a/v1/restletrouter", "https://a"),
        ("https://a/restletrouter/restletrouter", "https://a/restletrouter"),
    ],
)
def test_addresses_of_istra(given: str, base: str) -> None:
    assert make(USER, url=given).url == base


def test_names_of_istra_are_taken_apart() -> None:
    assert make(RCC, username=" rcc | example ", enterprise=...).enterprise == "example"
    assert make(RCC, username=" rcc | example ", enterprise=" example ").username == "rcc"
    assert make(RCC, username="rcc|a", enterprise=" ").enterprise == "a"
    assert make(CRM, username="enduser: anna ").username == "anna"
    assert make(USER, username="ENDUSER:anna", system=" MyIstra ").username == "anna"
    assert make(O2G, username="rcc|example").username == "rcc|example"
    refused("username", lambda: make(RCC, username="ENDUSER:anna"))
    refused("username", lambda: make(RCC, username=7))
    refused("enterprise", lambda: make(RCC, username="a|b|c", enterprise=...))
    refused("system", lambda: make(RCC, system=7))


# ------------------------------------------------------------------------ files and environment


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yaml", "url: pbx\nusername: a\npassword: word\n"),
        ("a.yml", "url: pbx\nusername: a\npassword: word\n"),
        ("a.YAML", "url: pbx\nusername: a\npassword: word\n"),
        ("a.toml", 'url = "pbx"\nusername = "a"\npassword = "word"\n'),
    ],
)
def test_files(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    settings = ConnectionSettings.from_file(tmp_path / name)
    assert (settings.url, settings.username, settings.password.get_secret_value()) == ("https://pbx", "a", "word")


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("a.json", b"{}", "neither"),
        ("a", b"", "neither"),
        ("a.yaml", b"\xe4", "UTF-8"),
        ("a.yaml", b"a: 1\nb: }\nc: secret word\n", "line 2"),
        ("a.yaml", b"a: \x07secret word", "parsed"),
        ("a.yaml", b"- secret word", "no settings"),
        ("a.yaml", b"7: secret word", "no settings"),
        ("a.toml", b"a = 1\nb = secret word", "line 2"),
        ("a.toml", b"a =", "parsed"),
    ],
)
def test_files_that_are_none(tmp_path: Path, name: str, content: bytes, word: str) -> None:
    (tmp_path / name).write_bytes(content)
    error = refused("file", lambda: ConnectionSettings.from_file(tmp_path / name))
    assert word in error.problem
    assert str(tmp_path / name) in error.problem
    assert "secret word" not in str(error)
    error = refused("X_SETTINGS", lambda: ConnectionSettings.from_env("X_", {"X_SETTINGS": str(tmp_path / name)}))
    assert word in error.problem


def test_files_that_are_not_there(tmp_path: Path) -> None:
    assert "there is no file" in refused("file", lambda: ConnectionSettings.from_file(tmp_path / "no.yaml")).problem
    (tmp_path / "folder.toml").mkdir()
    error = refused("file", lambda: ConnectionSettings.from_file(tmp_path / "folder.toml"))
    assert "cannot be read (Is a directory)" in error.problem


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("# nothing\n")
    refused("url", lambda: ConnectionSettings.from_file(tmp_path / "a.yaml"))


def test_paths_in_a_file_are_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/anna")
    (tmp_path / "a.yaml").write_text(
        "url: https://pbx\nusername: a\npassword: word\nca_file: sub/ca.pem\n"
        "webhook: {public_url: 'https://h', certificate: c.pem, key: ~/k.pem, secret_file: s}\n"
        "tunnel: {port: 1, certificate: /etc/c.pem, key: k.pem, secret_file: s}\n"
    )
    settings = ConnectionSettings.from_file(tmp_path / "a.yaml")
    assert settings.ca_file == tmp_path / "sub/ca.pem"
    assert settings.webhook is not None
    assert settings.tunnel is not None
    assert settings.webhook.certificate == tmp_path / "c.pem"
    assert settings.webhook.key == Path("~/k.pem")
    assert settings.webhook.secret_file == tmp_path / "s"
    assert settings.tunnel.certificate == Path("/etc/c.pem")
    assert settings.tunnel.key == tmp_path / "k.pem"
    assert settings.tunnel.secret_file == tmp_path / "s"


def test_sections_that_are_none_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("url: pbx\nusername: a\npassword: word\nwebhook: 7\n")
    refused("webhook", lambda: ConnectionSettings.from_file(tmp_path / "a.yaml"))
    (tmp_path / "a.yaml").write_text("url: pbx\nusername: a\npassword: word\nca_file: ''\n")
    refused("ca_file", lambda: ConnectionSettings.from_file(tmp_path / "a.yaml"))
    (tmp_path / "a.yaml").write_text("url: pbx\nusername: a\npassword: word\nca_file: 7\n")
    refused("ca_file", lambda: ConnectionSettings.from_file(tmp_path / "a.yaml"))


def test_variables(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "url: pbx\nusername: a\npassword: word\nsupervised: {id: '7', by: phone_number}\n"
        "dial_policy: {denied: ['1*']}\n"
    )
    settings = ConnectionSettings.from_env(
        environ={
            "AIOPBX_SETTINGS": str(tmp_path / "a.yaml"),
            "AIOPBX_SUPERVISED__ID": "8",
            "AIOPBX_DIAL_POLICY__ALLOWED": "1*, ,2*",
            "AIOPBX_DIAL_POLICY__CALLS_PER_MINUTE": "3",
            "AIOPBX_Username": "b",
            "URL": "other",
            "XAIOPBX_URL": "other",
        }
    )
    assert settings.supervised == SupervisedUser(id="8", by="phone_number")
    assert settings.dial_policy == DialPolicy(allowed=("1*", "2*"), denied=("1*",), calls_per_minute=3)
    assert (settings.url, settings.username) == ("https://pbx", "b")


def test_variables_of_an_empty_prefix_and_no_file() -> None:
    values = {
        "URL": "pbx",
        "USERNAME": "a",
        "PASSWORD": "word",
        "SETTINGS": "",
        "SUPERVISED": "x",
        "SUPERVISED__ID": "7",
    }
    settings = ConnectionSettings.from_env("", values)
    assert settings.supervised == SupervisedUser(id="7"), "a part takes the place of what is no section"
    error = refused("supervised.id__x", lambda: ConnectionSettings.from_env("", {**values, "SUPERVISED__ID__X": "7"}))
    assert error.problem == "there is no such setting."
    settings = ConnectionSettings.from_env(
        "",
        {"URL": "pbx", "USERNAME": "a", "PASSWORD": "word", "WEBHOOK__PUBLIC_URL": "http://h", "WEBHOOK__HOST": "a,b"},
    )
    assert settings.webhook is not None
    assert settings.webhook.host == "a,b", "only lists are split"


def test_the_environment_is_that_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in O2G.items():
        monkeypatch.setenv(f"AIOPBX_{name.upper()}", value)
    assert ConnectionSettings.from_env() == make()
    assert read_environment() == read_environment("AIOPBX_") != {}


# ------------------------------------------------------------------------ TLS


class Authority:
    """An authority, and the certificates that it issues."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
        self.write("authority", self._certificate(self.name, self.key, authority=True), self.key)

    def _certificate(self, name: x509.Name, key: Any, *, authority: bool) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("pbx.example.com")]), critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def write(self, name: str, certificate: x509.Certificate, key: Any) -> Path:
        path = self.folder / f"{name}.pem"
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (self.folder / f"{name}.key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return path

    def issue(self, name: str) -> Path:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        return self.write(name, self._certificate(subject, key, authority=False), key)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def shake_hands(client: ssl.SSLContext, server: Path) -> None:
    """Let a client and a server with this certificate shake hands, in memory."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server, server.with_suffix(".key"))
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = client.wrap_bio(back, there, server_hostname="pbx.example.com")
    other = context.wrap_bio(there, back, server_side=True)
    waiting = [one, other]
    for _ in range(10):
        for side in list(waiting):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.remove(side)
        if not waiting:
            return
    raise AssertionError("they never finish")


def test_an_authority_of_ones_own(authority: Authority, tmp_path: Path) -> None:
    server = authority.issue("server")
    shake_hands(make(ca_file=tmp_path / "authority.pem").ssl_context(), server)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(make().ssl_context(), server)
    shake_hands(make(tls="none").ssl_context(), server)


def test_the_certificate_of_the_server_alone_will_do(authority: Authority) -> None:
    """It is no authority, and who issued it is not known here."""
    server, other = authority.issue("server"), authority.issue("other")
    context = make(ca_file=server).ssl_context()
    shake_hands(context, server)
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(context, other)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    usual = ssl.create_default_context().verify_flags & ~ssl.VERIFY_X509_STRICT
    assert context.verify_flags == usual | ssl.VERIFY_X509_PARTIAL_CHAIN


def test_a_ca_file_below_home(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    server = authority.issue("server")
    monkeypatch.setenv("HOME", str(authority.folder))
    shake_hands(make(ca_file="~/server.pem").ssl_context(), server)


def test_nothing_is_verified(authority: Authority) -> None:
    context = make(tls="none").ssl_context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)
    assert make().ssl_context().verify_mode is ssl.CERT_REQUIRED


def test_what_is_said_of_a_ca_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    none = tmp_path / "none.pem"
    assert str(none) in refused("ca_file", lambda: make(ca_file=none).ssl_context()).problem
    none.write_text("nothing")
    assert str(none) in refused("ca_file", lambda: make(ca_file=none).ssl_context()).problem

    def forbidden(*args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(ssl, "create_default_context", forbidden)
    error = refused("ca_file", lambda: make(ca_file=none).ssl_context())
    assert f"{none} cannot be read (Permission denied)." in error.problem


# ------------------------------------------------------------------------ listeners, their files


@pytest.mark.parametrize(
    ("public_url", "port", "listens"),
    [
        ("http://h", None, 80),
        ("https://h", None, 443),
        ("https://h:8445", None, 8445),
        ("https://h:8445", 9000, 9000),
        ("https://h/path", None, 443),
    ],
)
def test_where_a_webhook_listens(public_url: str, port: int | None, listens: int) -> None:
    settings = WebhookSettings(public_url=public_url, port=port, behind_proxy=public_url.startswith("https"))
    assert settings.listen_port == listens


async def test_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await WebhookSettings(public_url="http://h").load_secret() is None
    assert await WebhookSettings(public_url="http://h", secret=SECRET).load_secret() == SECRET  # type: ignore[arg-type]
    monkeypatch.setenv("HOME", str(tmp_path))
    kept = TunnelSettings(port=1, secret_file=Path("~/kept"))
    first = await kept.load_secret()
    assert first is not None
    assert len(first) == 43
    assert (tmp_path / "kept").read_text() == first + "\n"
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o600
    assert await kept.load_secret() == first
    (tmp_path / "kept").write_text(f"  {SECRET}\n\n")
    assert await kept.load_secret() == SECRET


@pytest.mark.parametrize("content", [b"short", b"\xe4" * 20, b"a" * 201, b"two words that are long enough", b""])
async def test_files_that_hold_no_secret(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "kept").write_bytes(content)
    with pytest.raises(InvalidInput) as caught:
        await TunnelSettings(port=1, secret_file=tmp_path / "kept").load_secret()
    error = caught.value
    assert error.field == "tunnel.secret_file"
    assert error.problem == f"{tmp_path}/kept holds no secret that can be used."
    assert error.remedy is not None
    assert error.remedy.endswith(" Or delete the file.")


async def test_a_secret_that_cannot_be_kept(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        await WebhookSettings(public_url="http://h", secret_file=tmp_path / "no/kept").load_secret()
    assert caught.value.field == "webhook.secret_file"
    assert caught.value.problem == f"{tmp_path}/no/kept cannot be used (No such file or directory)."
    assert caught.value.remedy


async def test_the_certificate_of_this_side(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await WebhookSettings(public_url="http://h").load_ssl() is None
    here, other = authority.issue("here"), authority.issue("other")

    async def context(certificate: Path, key: Path | None) -> ssl.SSLContext | None:
        return await WebhookSettings(public_url="https://h", certificate=certificate, key=key).load_ssl()

    made = await context(here, here.with_suffix(".key"))
    assert made is not None
    assert made.verify_mode is ssl.CERT_NONE, "clients show no certificates"
    monkeypatch.setenv("HOME", str(authority.folder))
    assert await context(Path("~/here.pem"), Path("~/here.key")) is not None
    both = authority.folder / "both.pem"
    both.write_bytes(here.read_bytes() + here.with_suffix(".key").read_bytes())
    assert await context(both, None) is not None
    locked = authority.folder / "locked.key"
    locked.write_bytes(
        authority.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"word"),
        )
    )
    for certificate, key, word in [
        (here, other.with_suffix(".key"), "do not belong together"),
        (here, None, "cannot be read"),
        (here, locked, "cannot be read"),
        (authority.folder / "none.pem", None, "(No such file or directory)"),
    ]:
        with pytest.raises(InvalidInput) as caught:
            await context(certificate, key)
        assert caught.value.field == "webhook.certificate"
        assert word in caught.value.problem
        assert caught.value.remedy
