"""Settings: from keywords, files and the environment, and what is said about wrong ones."""

import ssl
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from aiopbx.errors import InvalidInput
from aiopbx.settings.connection import ConnectionSettings, SupervisedUser

GOOD = {"url": "https://pbx.example.com", "username": "oxe1000", "password": "secret word"}


def make(**changes: Any) -> ConnectionSettings:
    return ConnectionSettings.make(**{key: value for key, value in {**GOOD, **changes}.items() if value is not ...})


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("https://pbx.example.com", "https://pbx.example.com"),
        ("  https://pbx.example.com/ ", "https://pbx.example.com"),
        ("pbx.example.com", "https://pbx.example.com"),
        ("pbx", "https://pbx"),
        ("pbx.example.com:8443", "https://pbx.example.com:8443"),
        ("localhost:8443", "https://localhost:8443"),
        ("192.0.2.10", "https://192.0.2.10"),
        ("[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("HTTPS://PBX.example.com", "https://pbx.example.com"),
        ("https://pbx.example.com:443", "https://pbx.example.com"),
        ("http://pbx.example.com:80/", "http://pbx.example.com"),
        ("https://pbx.example.com/api/rest", "https://pbx.example.com"),
        ("https://pbx.example.com/api/rest/", "https://pbx.example.com"),
        ("https://pbx.example.com/api/rest/1.0/sessions", "https://pbx.example.com"),
        ("https://proxy.example.com/o2g/api/rest", "https://proxy.example.com/o2g"),
        ("pbx_1.example.com", "https://pbx_1.example.com"),
        ("https://bücher.example", "https://bücher.example"),
    ],
)
def test_an_address_is_normalised(given: str, normal: str) -> None:
    assert make(url=given).url == normal


@pytest.mark.parametrize(
    "url",
    [
        "",
        "   ",
        "https://",
        "https:///api",
        "https://pbx example.com",
        "https://-pbx.example.com",
        "https://pbx..example.com",
        "https://pbx.example.com:99999",
        "https://pbx.example.com:0",
        "https://pbx.example.com:port",
        "https://192.0.2.256",
        "https://[2001:db8::1",
        "ftp://pbx.example.com",
        "mailto:somebody",
        "https://alice:word@pbx.example.com",
        "https://pbx.example.com/?a=b",
        "https://pbx.example.com/#top",
    ],
)
@pytest.mark.parametrize("field", ["url", "secondary_url"])
def test_an_address_that_is_none(url: str, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        make(**{field: url})
    assert caught.value.field == field
    assert caught.value.remedy
    assert "word" not in str(caught.value).replace("password", "")


@pytest.mark.parametrize(
    ("changes", "field", "word"),
    [
        ({"password": ...}, "password", "missing"),
        ({"username": ...}, "username", "missing"),
        ({"url": ...}, "url", "missing"),
        ({"password": ""}, "password", "empty"),
        ({"password": 1234}, "password", "quotes"),
        ({"username": "  "}, "username", "empty"),
        ({"username": "a:b"}, "username", "colon"),
        ({"passwrd": "x", "password": ...}, "passwrd", "Did you mean password?"),
        ({"linse": []}, "linse", "Did you mean lines?"),
        ({"zzzz": 1}, "zzzz", "The settings are: system, url"),
        ({"supervised": {"idd": "1"}}, "supervised.idd", "Did you mean id?"),
        ({"supervised": {"id": "1", "by": "email"}}, "supervised.by", "'login_name' or 'phone_number'"),
        ({"dial_policy": {"alowed": ["1*"]}}, "dial_policy.alowed", "Did you mean allowed?"),
        ({"tls": "maybe"}, "tls", "'verify' or 'none'"),
        ({"network": "both"}, "network", "'auto', 'private' or 'public'"),
        ({"system": "istra2"}, "system", "'o2g'"),
        ({"tls": "none", "ca_file": "/tmp/ca.pem"}, "tls", "Leave ca_file out"),
        ({"ca_file": ""}, "ca_file", "empty"),
        ({"event_port": 443}, "event_port", "Set use_given_address"),
        ({"secondary_url": "pbx.example.com"}, "secondary_url", "same as url"),
        ({"reconnect_min": 10, "reconnect_max": 5}, "reconnect_max", "less than reconnect_min"),
        ({"fail_back_interval": 0}, "fail_back_interval", "greater than 0"),
        ({"request_timeout": 0}, "request_timeout", "greater than 0"),
        ({"request_timeout": "soon"}, "request_timeout", "number"),
        ({"subscription_timeout": 1}, "subscription_timeout", "2 to 60"),
        ({"subscription_timeout": 61}, "subscription_timeout", "2 to 60"),
        ({"lines": [1000]}, "lines", "quotes"),
        ({"lines": [""]}, "lines", "no login name"),
        ({"lines": ["oxe1000", "oxe1000"]}, "lines", "twice"),
        ({"lines": ["all", "oxe1000"]}, "lines", "does not go with others"),
        ({"lines": ["*"]}, "lines", '"all"'),
        ({"lines": ["a/b"]}, "lines", "no login name"),
        ({"lines": 7}, "lines", '"all"'),
        ({"lines": None}, "lines", '"all"'),
        ({"trusted_redirects": ["https://pbx2.example.com"]}, "trusted_redirects", "no host"),
        ({"application_name": ""}, "application_name", "1 character"),
    ],
)
def test_what_is_said_about_a_wrong_value(changes: dict[str, Any], field: str, word: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        make(**changes)
    assert caught.value.field == field
    assert word in str(caught.value)
    assert caught.value.remedy
    assert caught.value.__cause__ is None  # pydantic's error would quote the input


def test_the_class_itself_raises_the_same() -> None:
    with pytest.raises(InvalidInput, match="password"):
        ConnectionSettings(url="pbx.example.com", username="oxe1000")  # type: ignore[call-arg]


def test_the_password_is_in_no_text() -> None:
    settings = make(supervised={"id": "oxe1001"})
    assert "secret word" not in repr(settings) + str(settings) + settings.model_dump_json()
    with pytest.raises(InvalidInput) as caught:
        make(password=["secret word"])
    assert "secret word" not in str(caught.value)


def test_lines() -> None:
    assert make().lines == "all"
    assert make(lines=[]).lines == ()
    assert make(lines="").lines == ()
    assert make(lines="oxe1000, 1001").lines == ("oxe1000", "1001")
    assert make(lines=("oxe1000", "+15550123")).lines == ("oxe1000", "+15550123")
    assert make(lines={"b", "a"}).lines == ("a", "b")


def test_settings_are_frozen() -> None:
    with pytest.raises(Exception, match="frozen"):
        make().url = "https://other.example.com"  # type: ignore[misc]


def test_trusted_redirects() -> None:
    assert make(trusted_redirects="PBX2.example.com, [2001:db8::1]").trusted_redirects == (
        "pbx2.example.com",
        "2001:db8::1",
    )


# --------------------------------------------------------------------------------------------------------------- files


def test_from_yaml(tmp_path: Path) -> None:
    file = tmp_path / "pbx.yaml"
    file.write_text(
        "url: pbx.example.com\nusername: admin\npassword: '0123'\nca_file: ca.pem\nlines: [oxe1000]\n"
        "supervised: {id: '1000', by: phone_number}\ndial_policy: {denied: ['0900*'], calls_per_minute: 5}\n"
    )
    settings = ConnectionSettings.from_file(file)
    assert settings.password == SecretStr("0123")
    assert settings.ca_file == tmp_path / "ca.pem"
    assert settings.lines == ("oxe1000",)
    assert settings.supervised == SupervisedUser(id="1000", by="phone_number")
    assert settings.dial_policy.calls_per_minute == 5


def test_from_toml(tmp_path: Path) -> None:
    file = tmp_path / "pbx.toml"
    file.write_text(
        'url = "pbx.example.com"\nusername = "admin"\npassword = "0123"\nsecondary_url = "pbx2.example.com"\n'
    )
    settings = ConnectionSettings.from_file(str(file))
    assert settings.urls == ("https://pbx.example.com", "https://pbx2.example.com")


@pytest.mark.parametrize(
    ("name", "text", "field", "word"),
    [
        ("pbx.ini", "", "file", "neither YAML nor TOML"),
        ("pbx.yaml", "url: [\npassword: very-secret", "file", "line"),
        ("pbx.toml", "url = pbx\npassword = very-secret", "file", "line 1"),
        ("pbx.yaml", "- url", "file", "no settings"),
        ("pbx.yaml", "", "url", "missing"),
        ("pbx.yaml", "url: pbx\nusername: 1000\npassword: x", "username", "quotes"),
        ("pbx.yaml", "url: pbx\nusername: a\npasword: very-secret", "pasword", "Did you mean password?"),
    ],
)
def test_a_file_that_is_wrong(tmp_path: Path, name: str, text: str, field: str, word: str) -> None:
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(InvalidInput) as caught:
        ConnectionSettings.from_file(file)
    assert caught.value.field == field
    assert word in str(caught.value)
    assert "very-secret" not in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="there is no file"):
        ConnectionSettings.from_file(tmp_path / "none.yaml")
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(InvalidInput, match="cannot be read"):
        ConnectionSettings.from_file(tmp_path / "folder.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"password: \xe4\xf6")
    with pytest.raises(InvalidInput, match="UTF-8"):
        ConnectionSettings.from_file(tmp_path / "latin.yaml")


# --------------------------------------------------------------------------------------------------------- environment


def test_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "URL": "pbx.example.com",
        "USERNAME": "admin",
        "PASSWORD": "0123",
        "LINES": "oxe1000,1001",
        "REQUEST_TIMEOUT": "2.5",
        "SUPERVISED__ID": "oxe1002",
        "DIAL_POLICY__DENIED": "0900*, 118*",
        "DIAL_POLICY__CALLS_PER_MINUTE": "3",
        "TRUSTED_REDIRECTS": "pbx2.example.com",
    }.items():
        monkeypatch.setenv(f"AIOPBX_{name}", value)
    settings = ConnectionSettings.from_env()
    assert settings.url == "https://pbx.example.com"
    assert settings.lines == ("oxe1000", "1001")
    assert settings.request_timeout == 2.5
    assert settings.supervised == SupervisedUser(id="oxe1002")
    assert settings.dial_policy.denied == ("0900*", "118*")
    assert settings.dial_policy.calls_per_minute == 3


def test_the_environment_over_a_file(tmp_path: Path) -> None:
    file = tmp_path / "pbx.yaml"
    file.write_text("url: pbx.example.com\nusername: admin\npassword: '0123'\n")
    settings = ConnectionSettings.from_env("PBX_", {"PBX_SETTINGS": str(file), "PBX_USERNAME": "oxe1000", "OTHER": "1"})
    assert (settings.username, settings.password.get_secret_value()) == ("oxe1000", "0123")


def test_a_misspelt_variable() -> None:
    with pytest.raises(InvalidInput, match="Did you mean password"):
        ConnectionSettings.from_env("PBX_", {"PBX_URL": "pbx", "PBX_USERNAME": "a", "PBX_PASSWROD": "very-secret"})


# ----------------------------------------------------------------------------------------------------------------- TLS


async def test_tls_contexts(tmp_path: Path) -> None:
    verified = await make().load_ssl()
    assert verified.verify_mode is ssl.CERT_REQUIRED
    assert verified.check_hostname
    trusting = make(tls="none").ssl_context()
    assert trusting.verify_mode is ssl.CERT_NONE
    assert not trusting.check_hostname


def test_a_ca_file_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"ca_file: there is no file"):
        make(ca_file=tmp_path / "none.pem").ssl_context()
    (tmp_path / "empty.pem").write_text("no certificate at all")
    with pytest.raises(InvalidInput, match=r"ca_file: .* holds no certificate"):
        make(ca_file=tmp_path / "empty.pem").ssl_context()
    (tmp_path / "folder").mkdir()
    with pytest.raises(InvalidInput, match=r"ca_file: .*PEM|ca_file: .* cannot be read"):
        make(ca_file=tmp_path / "folder").ssl_context()
