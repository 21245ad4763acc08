"""Listening in on the wire: requests, answers and events, without secrets."""

import contextlib
import json
from datetime import UTC, datetime

import pytest

import aiopbx
from aiopbx import WireMessage
from aiopbx.http.secrets import Mask, secret_fields, target
from aiopbx.http.tap import Wiretap
from aiopbx.o2g.transport import Secrets
from aiopbx.o2g.types.telephony import SendDtmfRequest
from tests.aiopbx.channels import free_port
from tests.aiopbx.office import ADMIN, office, until

PIN, CODE, COST, DIGITS = "74185296", "96385274", "15935728", "24681357"


class Heard:
    """What came over the wire, as a list."""

    def __init__(self, pbx: aiopbx.Pbx) -> None:
        self.messages: list[WireMessage] = []
        self.stop = pbx.wire(self.messages.append)

    def of(self, what: str) -> list[WireMessage]:
        return [message for message in self.messages if message.what.partition("?")[0] == what]


async def test_a_request_its_answer_and_what_is_pushed() -> None:
    async with office() as one:
        pbx = await one.connect()
        heard = Heard(pbx)
        call = await pbx.line("1000").dial("1001")
        assert call is not None
        await one.caught_up(pbx)
        request, answer = heard.of("POST /telephony/calls")
        assert (request.sent, request.status) == (True, None)
        assert json.loads(request.body)["callee"] == "1001"
        assert (answer.sent, answer.status) == (False, 201)
        assert request.exchange == answer.exchange
        assert request.exchange is not None
        assert request.at <= answer.at
        events = heard.of("OnCallCreated")
        assert {(event.sent, event.status, event.exchange) for event in events} == {(False, None, None)}
        assert json.loads(events[0].body)["loginName"] == "oxe1000"
        assert heard.of("OnMarkOfATest"), "also what this version does not know"

        heard.messages.clear()
        await call.hang_up()
        sent = [message for message in heard.messages if message.sent]
        assert call.ref in sent[0].what, "the call that it is about stands in the path"
        assert sent[0].what.startswith("POST /telephony/calls/")

        heard.stop()
        heard.messages.clear()
        await pbx.line("1000").set_do_not_disturb(True)
        assert heard.messages == []


async def test_a_refusal_is_an_answer_too() -> None:
    async with office() as one:
        pbx = await one.connect()
        heard = Heard(pbx)
        with pytest.raises(aiopbx.RequestRefused):
            await pbx.o2g.telephony.call("nobody-knows-this", login_name="oxe1000")
        request, answer = heard.messages[:2]
        assert request.what == "GET /telephony/calls/nobody-knows-this?loginName=oxe1000"
        assert (answer.what, answer.status) == (request.what, 404)
        assert "httpStatus" in json.loads(answer.body)


@pytest.mark.parametrize("channel", ["chunked", "webhook"])
async def test_the_beginning_of_a_connection_without_its_secrets(channel: str) -> None:
    async with office() as one:
        port = free_port()
        settings = (
            {}
            if channel == "chunked"
            else {"channel": "webhook", "webhook": {"public_url": f"http://127.0.0.1:{port}", "port": port}}
        )
        pbx = await one.connect(**settings)
        heard = Heard(pbx)
        link = pbx._core.system._link  # type: ignore[attr-defined]
        gone = [next(iter(link.client._subscriptions)), *link.client._transport.cookies.values()]
        one.faults.expire_sessions()
        with pytest.raises(aiopbx.PbxError):
            await pbx.line("1000").dial("1001", timeout=0.1)
        await until(lambda: pbx.statistics.losses == 1 and pbx.status == "online")
        link = pbx._core.system._link  # type: ignore[attr-defined]
        secrets = [*gone, next(iter(link.client._subscriptions)), *link.client._transport.cookies.values()]
        whats = [message.what.partition("?")[0] for message in heard.messages]
        for what in ("GET /api/rest/authenticate", "POST /sessions", "POST /subscriptions"):
            assert whats.count(what) == 2, what
        assert ("POST (event channel)" in whats) is (channel == "chunked")
        everything = "\n".join(f"{message.what} {message.body}" for message in heard.messages)
        for secret in secrets:
            assert len(secret) >= 8
            assert secret not in everything
        assert '"subscriptionId":"***"' in everything
        for message in heard.messages:
            if message.body.startswith("{"):
                json.loads(message.body)


async def test_codes_and_passwords_are_never_heard() -> None:
    async with office() as one:
        pbx = await one.connect()
        heard = Heard(pbx)
        line = pbx.line("1000")
        for options in ({"pin": PIN, "secret_code": CODE}, {"business_code": COST}):
            with contextlib.suppress(aiopbx.PbxError):
                await line.dial("1001", timeout=0.1, **options)  # type: ignore[arg-type]
        with pytest.raises(aiopbx.PbxError):
            await line.change_password("old-and-well-kept", "new-and-well-kept")
        call = await line.dial("1002")
        assert call is not None
        await one.caught_up(pbx)
        with contextlib.suppress(aiopbx.PbxError):
            await pbx.o2g.telephony.send_dtmf(call.ref, SendDtmfRequest(device_id="1000", number=DIGITS))
        assert [message for message in heard.messages if message.what.partition("?")[0].endswith("/sendDtmf")]
        everything = "\n".join(f"{message.what} {message.body}" for message in heard.messages)
        for secret in (PIN, CODE, COST, DIGITS, "old-and-well-kept", "new-and-well-kept"):
            assert secret not in everything


async def test_who_fails_hurts_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async with office() as one:
        pbx = await one.connect()
        pbx.wire(lambda message: 1 / 0)
        heard = Heard(pbx)
        await pbx.line("1000").set_do_not_disturb(True)
        assert heard.messages
        assert "A listener on the wire failed" in caplog.text


async def test_nobody_listening_makes_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a message was made for nobody")

    monkeypatch.setattr(Wiretap, "publish", never)
    monkeypatch.setattr(Mask, "body", never)
    async with office() as one:
        pbx = await one.connect()
        assert await pbx.line("1000").dial("1001") is not None


def test_the_same_listener_may_listen_twice() -> None:
    tap = Wiretap()
    heard: list[WireMessage] = []
    first, second = tap.listen(heard.append), tap.listen(heard.append)
    tap.publish("A", sent=True)
    assert len(heard) == 2
    first()
    first()
    tap.publish("B", sent=True)
    assert [message.what for message in heard] == ["A", "A", "B"]
    second()
    assert tap.listeners == ()
    assert abs((datetime.now(UTC) - heard[0].at).total_seconds()) < 5


def test_every_field_that_a_type_hides_is_hidden() -> None:
    assert {"password", "oldPassword", "pin", "secretCode", "subscriptionId", "Pin_Number", "webHookUrl"} <= (
        secret_fields()
    )
    assert "number" not in secret_fields()


def test_the_beginning_of_a_long_secret_is_hidden() -> None:
    """A server that finds a cookie too long quotes some of it."""
    token = "".join(f"{number:04}" for number in range(30))
    secrets = Secrets()
    secrets.add(token, "a-password-of-30-letters-81726")
    for quoted, shown in (
        (f"more than 8190 bytes: b'AlcUserId={token[:90]}...'", "more than 8190 bytes: b'AlcUserId=***...'"),
        (f"{token[:24]} {token[:60]}x{token}", "*** ***x***"),
        (token[:23], token[:23]),
        (token[24:], token[24:]),
        ("a-password-of-30-letters-8172", "a-password-of-30-letters-8172"),
    ):
        assert secrets.hide(quoted) == shown
        assert secrets.found_in(quoted) is (quoted != shown)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"", ""),
        (None, ""),
        (b'{ "a": 1 }', '{ "a": 1 }'),
        (b'{"password":"x","b":[{"pin":"1"},{"pin":null}]}', '{"password":"***","b":[{"pin":"***"},{"pin":null}]}'),
        (b'{"admin":true,"login":"admin"}', '{"admin":true,"login":"***"}'),
        (b'{"text":"the word is correct-horse."}', '{"text":"the word is ***."}'),
        (b"<p>correct-horse</p>", "<p>***</p>"),
        (b'{"a":"correct\\u002dhorse"}', '{"a":"***"}'),
        (b'{"password":"x","b":"correct\\u002dhorse"}', '{"password":"***","b":"***"}'),
        (b'{"correct-horse":{"a correct-horse":1}}', '{"***":{"a ***":1}}'),
        (b'{"a":"\\u00e4"}', '{"a":"\\u00e4"}'),
        (b"RIFF\0\0", ""),
        (b"\xff\xfe", ""),
    ],
)
def test_what_is_masked(body: bytes | None, shown: str) -> None:
    secrets = Secrets()
    secrets.add("correct-horse", ADMIN["password"])
    assert Mask(secrets.found_in, secrets.hide).body(body) == shown


@pytest.mark.parametrize(
    ("name", "url", "shown"),
    [
        ("GET /api/rest", "https://x.example.com/api/rest", "GET /api/rest"),
        ("POST /sessions", "https://x.example.com/api/rest/1.0/sessions", "POST /sessions"),
        ("POST /a/{callRef}/hold", "https://x.example.com/r/a/42/hold?loginName=u", "POST /a/42/hold?loginName=u"),
        ("GET /a/{id}", "https://x.example.com/moved/42", "GET /moved/42"),
    ],
)
def test_what_a_request_is_called(name: str, url: str, shown: str) -> None:
    assert target(name, url) == shown
