"""The settings of the three applications of Istra: what each needs, what means nothing there, and full login names."""

from typing import Any

import pytest

from aiopbx import ConnectionSettings, InvalidInput

SECRET = "a-secret-of-at-least-sixteen-letters"
USER = {"url": "https://istra.example.com", "username": "anna", "password": "secret word"}
RCC = {**USER, "system": "myrcc", "username": "rcc", "enterprise": "example"}
CRM = {**USER, "system": "mycrm"}
ISTRA = {**USER, "system": "myistra"}
EACH = pytest.mark.parametrize("values", [RCC, CRM, ISTRA], ids=["myrcc", "mycrm", "myistra"])


@EACH
def test_what_each_needs_is_enough(values: dict[str, Any]) -> None:
    settings = ConnectionSettings.make(**values)
    assert settings.system == values["system"]
    assert settings.username == values["username"]
    assert settings.enterprise == values.get("enterprise")


@EACH
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"secondary_url": "https://other.example.com"}, "secondary_url"),
        ({"supervised": {"id": "bob"}}, "supervised"),
        ({"channel": "webhook", "webhook": {"public_url": "http://here.example.com"}}, "channel"),
        ({"channel": "tunnel", "tunnel": {"port": 8446, "secret": SECRET}}, "channel"),
        ({"webhook": {"public_url": "http://here.example.com"}}, "webhook"),
        ({"tunnel": {"port": 8446, "secret": SECRET}}, "tunnel"),
        ({"subscription_timeout": 10}, "subscription_timeout"),
        ({"network": "private"}, "network"),
        ({"use_given_address": True, "event_port": 443}, "event_port"),
        ({"event_port": 443}, "event_port"),
        ({"application_name": "something"}, "application_name"),
        ({"url": "https://pbx.example.com/api/rest"}, "url"),
    ],
)
def test_what_only_o2g_knows_is_refused_by_name(values: dict[str, Any], changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        ConnectionSettings.make(**values | changes)
    assert refused.value.field == field
    assert refused.value.remedy


@EACH
def test_what_is_as_it_would_be_anyway_may_be_said(values: dict[str, Any]) -> None:
    """A program that writes every field down gets its settings back."""
    settings = ConnectionSettings.make(**values)
    assert ConnectionSettings.make(**settings.model_dump()) == settings


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({**RCC, "enterprise": None}, "enterprise"),
        ({**RCC, "enterprise": "  "}, "enterprise"),
        ({**RCC, "enterprise": "a|b"}, "enterprise"),
        ({**RCC, "username": "rcc|other"}, "enterprise"),
        ({**RCC, "username": "|example"}, "username"),
        ({**RCC, "username": "ENDUSER:anna"}, "username"),
        ({**CRM, "enterprise": "example"}, "enterprise"),
        ({**ISTRA, "enterprise": "example"}, "enterprise"),
        ({**USER, "enterprise": "example"}, "enterprise"),
        ({**CRM, "username": "anna|example"}, "username"),
        ({**CRM, "username": "ENDUSER:"}, "username"),
        ({**ISTRA, "lines": ["bob"]}, "lines"),
        ({**USER, "system": "istra"}, "system"),
    ],
)
def test_what_is_wrong_is_named(values: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        ConnectionSettings.make(**values)
    assert refused.value.field == field
    assert refused.value.remedy


def test_full_login_names_are_taken_apart() -> None:
    made = ConnectionSettings.make(**{**RCC, "username": "rcc|example", "enterprise": None})
    assert (made.username, made.enterprise) == ("rcc", "example")
    made = ConnectionSettings.make(**{**RCC, "username": "rcc|example"})
    assert (made.username, made.enterprise) == ("rcc", "example")
    for values in (CRM, ISTRA):
        for form in ("ENDUSER:anna", "enduser:anna"):
            assert ConnectionSettings.make(**values | {"username": form}).username == "anna"


def test_the_system_may_be_written_as_the_wire_writes_it() -> None:
    assert ConnectionSettings.make(**{**RCC, "system": "myRCC"}).system == "myrcc"
    assert ConnectionSettings.make(**{**ISTRA, "system": " myIstra "}).system == "myistra"


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("istra.example.com", "https://istra.example.com"),
        ("https://istra.example.com/", "https://istra.example.com"),
        ("https://istra.example.com/restletrouter", "https://istra.example.com/restletrouter"),
        ("https://istra.example.com/restletrouter/v1/service/Login", "https://istra.example.com/restletrouter"),
        ("https://restletrouter.example.com/v1/service/Login", "https://restletrouter.example.com"),
        ("http://192.0.2.10:8078/proxy/restletrouter/ws-service/myRCC", "http://192.0.2.10:8078/proxy/restletrouter"),
    ],
)
def test_addresses_are_cut_back_to_their_base(written: str, url: str) -> None:
    assert ConnectionSettings.make(**{**ISTRA, "url": written}).url == url
