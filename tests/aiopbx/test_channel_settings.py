"""The settings of the channels: what goes together, what is missing, and what is never shown."""

from pathlib import Path
from typing import Any

import pytest

from aiopbx import ConnectionSettings, InvalidInput

SECRET = "a-secret-of-at-least-sixteen-letters"
PLAIN = {"url": "http://pbx.example.com", "username": "admin", "password": "secret word"}
SAFE = {**PLAIN, "url": "https://pbx.example.com"}


def webhook(**changes: Any) -> dict[str, Any]:
    return {"channel": "webhook", "webhook": {"public_url": "http://here.example.com:8445", **changes}}


def tunnel(**changes: Any) -> dict[str, Any]:
    return {"channel": "tunnel", "tunnel": {"port": 8446, "secret": SECRET, **changes}}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({**PLAIN, "channel": "pigeon"}, "channel"),
        ({**PLAIN, "channel": "webhook"}, "webhook"),
        ({**PLAIN, "channel": "tunnel"}, "tunnel"),
        ({**PLAIN, "channel": "webhook", "webhook": {}}, "webhook.public_url"),
        ({**PLAIN, **webhook(public_url="here example com")}, "webhook.public_url"),
        ({**PLAIN, **webhook(public_url="https://pbx.example.com/api/rest")}, "webhook.public_url"),
        ({**PLAIN, **webhook(public_url="https://here.example.com")}, "webhook.certificate"),
        ({**PLAIN, **webhook(certificate="here.pem")}, "webhook.certificate"),
        ({**PLAIN, **webhook(key="here.pem")}, "webhook.certificate"),
        ({**PLAIN, **webhook(port=70000)}, "webhook.port"),
        ({**PLAIN, **webhook(secret="too short")}, "webhook.secret"),
        ({**PLAIN, **webhook(secret="with/a/slash/and/long/enough")}, "webhook.secret"),
        ({**PLAIN, **webhook(secret=SECRET, secret_file="file")}, "webhook.secret_file"),
        ({**PLAIN, **webhook(secrt=SECRET)}, "webhook.secrt"),
        ({**SAFE, **webhook()}, "webhook.public_url"),
        (
            {**SAFE, **webhook(public_url="https://here.example.com", certificate="a.pem", behind_proxy=True)},
            "webhook.behind_proxy",
        ),
        ({**PLAIN, "channel": "tunnel", "tunnel": {"port": 8446}}, "tunnel.secret"),
        ({**PLAIN, "channel": "tunnel", "tunnel": {"secret": SECRET}}, "tunnel.port"),
        ({**PLAIN, **tunnel(secret="short")}, "tunnel.secret"),
        ({**PLAIN, **tunnel(secondary_secret=SECRET)}, "tunnel.secondary_secret"),
        ({**PLAIN, **tunnel(secondary_secret="short")}, "tunnel.secondary_secret"),
        ({**PLAIN, **tunnel(), "secondary_url": "http://other.example.com"}, "tunnel.secondary_secret"),
        ({**PLAIN, **tunnel(ping_interval=0)}, "tunnel.ping_interval"),
        ({**SAFE, **tunnel()}, "tunnel.certificate"),
    ],
)
def test_what_is_wrong_is_named(values: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        ConnectionSettings.make(**values)
    assert refused.value.field == field
    assert refused.value.remedy
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "values",
    [
        {**PLAIN, **webhook()},
        {**SAFE, **webhook(public_url="https://here.example.com", behind_proxy=True)},
        {**SAFE, **webhook(public_url="https://here.example.com/pbx", certificate="here.pem")},
        {**SAFE, **webhook(), "tls": "none"},
        {**PLAIN, **tunnel()},
        {**SAFE, **tunnel(behind_proxy=True)},
        {**SAFE, **tunnel(certificate="here.pem", key="key.pem")},
        {**PLAIN, **tunnel(secondary_secret=SECRET[::-1]), "secondary_url": "http://other.example.com"},
        # Sections that are not chosen may stay, so that one setting chooses.
        {**SAFE, **webhook(), **tunnel(), "channel": "chunk"},
    ],
)
def test_what_is_right(values: dict[str, Any]) -> None:
    settings = ConnectionSettings.make(**values)
    assert settings.channel == values["channel"]
    assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("changes", "port"),
    [
        ({}, 8445),
        ({"port": 9000}, 9000),
        ({"public_url": "http://here.example.com"}, 80),
        ({"public_url": "https://here.example.com", "behind_proxy": True}, 443),
    ],
)
def test_where_the_webhook_listens(changes: dict[str, Any], port: int) -> None:
    settings = ConnectionSettings.make(**PLAIN, **webhook(**changes))
    assert settings.webhook is not None
    assert settings.webhook.listen_port == port


def test_a_file_and_what_lies_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "pbx.yaml"
    file.write_text(
        "url: https://pbx.example.com\nusername: admin\npassword: secret word\nchannel: tunnel\n"
        f"tunnel:\n  port: 8446\n  certificate: here.pem\n  key: {tmp_path}/elsewhere/key.pem\n  secret_file: kept\n"
    )
    settings = ConnectionSettings.from_file(file)
    assert settings.tunnel is not None
    assert settings.tunnel.certificate == tmp_path / "here.pem"
    assert settings.tunnel.key == tmp_path / "elsewhere/key.pem"
    assert settings.tunnel.secret_file == tmp_path / "kept"


def test_the_environment() -> None:
    settings = ConnectionSettings.from_env(
        environ={
            "AIOPBX_URL": "http://pbx.example.com",
            "AIOPBX_USERNAME": "admin",
            "AIOPBX_PASSWORD": "secret word",
            "AIOPBX_CHANNEL": "webhook",
            "AIOPBX_WEBHOOK__PUBLIC_URL": "http://here.example.com:8445",
            "AIOPBX_WEBHOOK__SECRET": SECRET,
        }
    )
    assert settings.webhook is not None
    assert settings.webhook.secret is not None
    assert settings.webhook.secret.get_secret_value() == SECRET


async def test_a_secret_that_is_made_is_kept_and_private(tmp_path: Path) -> None:
    settings = ConnectionSettings.make(**PLAIN, **webhook(secret_file=tmp_path / "secret"))
    assert settings.webhook is not None
    first = await settings.webhook.load_secret()
    assert first is not None
    assert len(first) >= 43
    assert await settings.webhook.load_secret() == first
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0
    unwritable = ConnectionSettings.make(**PLAIN, **webhook(secret_file=tmp_path / "no" / "folder"))
    assert unwritable.webhook is not None
    with pytest.raises(InvalidInput, match=r"webhook\.secret_file"):
        await unwritable.webhook.load_secret()
