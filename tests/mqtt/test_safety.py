"""Who may do what, with the files of deploy/ on a real broker: TLS, client certificates, access lists, passwords."""

import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aiopbx import (
    AuthenticationFailed,
    CallState,
    CertificateFailed,
    ConnectionFailed,
    LineState as State,
    NotAllowed,
    Pbx,
    PbxError,
)
from aiopbx.mqtt.broker import Address, Broker
from aiopbx.mqtt.packets import Message
from aiopbx.mqtt.topics import Command, Topics, encode
from aiopbx.settings.authorities import trusting
from tests.aiopbx.bridge_office import BridgeOffice
from tests.aiopbx.office import until
from tests.mqtt.authority import Authority
from tests.mqtt.conftest import Bridged
from tests.mqtt.mosquitto import Mosquitto
from tests.mqtt.passwords import password_line

DEPLOY = Path(__file__).resolve().parents[2] / "deploy" / "mosquitto"
TOPICS = Topics("pbx", "office")
USERS = ("bridge", "viewer", "controller", "desk-1000", "stranger")


class Secured:
    """A broker with the configuration and the access lists of deploy/, and certificates for its users."""

    def __init__(self, folder: Path, name: str) -> None:
        self.authority = Authority(folder)
        self.authority.sign("broker", server=True)
        self.certificates = {user: self.authority.sign(user) for user in USERS}
        (folder / "acl").write_text((DEPLOY / "acl").read_text())
        (folder / "acl").chmod(0o600)
        text = (DEPLOY / "mosquitto.conf").read_text()
        assert "listener 8883\n" in text
        text = text.replace("listener 8883\n", "listener PORT 127.0.0.1\n")
        text = text.replace("/mosquitto/config/", f"{folder}/").replace("/mosquitto/data/", f"{folder}/")
        self.broker = Mosquitto(folder, *text.splitlines(), name=name, listener=False).start()

    @property
    def url(self) -> str:
        return f"mqtts://127.0.0.1:{self.broker.port}"

    def shown(self, user: str) -> dict[str, str]:
        """The settings of this user's certificate."""
        certificate, key = self.certificates[user]
        return {
            "ca_file": str(self.authority.ca),
            "client_certificate": str(certificate),
            "client_key": str(key),
        }

    @asynccontextmanager
    async def raw(self, user: str, *topics: str) -> AsyncIterator[tuple[Broker, list[Message]]]:
        """A program of this user's that keeps to no contract."""
        context = trusting(self.authority.ca)
        context.load_cert_chain(*self.certificates[user])
        address = Address(host="127.0.0.1", port=self.broker.port, tls=context)
        one, heard = Broker(address, f"raw-{secrets.token_hex(4)}"), []
        one.on_message = heard.append
        await one.open()
        try:
            await one.subscribe(*topics or ("nothing",), qos=0)
            yield one, heard
        finally:
            await one.close()


@pytest.fixture(scope="module", params=["mosquitto", "mosquitto-newest"])
def secured(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    one = Secured(tmp_path_factory.mktemp("secured"), request.param)
    yield one
    one.broker.stop()


@asynccontextmanager
async def served(bridged: Bridged, secured: Secured, **settings: Any) -> AsyncIterator[BridgeOffice]:
    async with bridged() as one:
        one.broker, one.prefix = secured.broker, "pbx"
        await one.start_worker(broker={"url": secured.url, **secured.shown("bridge")}, **settings)
        yield one


async def client(one: BridgeOffice, secured: Secured, user: str, **settings: Any) -> Pbx:
    return await one.connect(url=f"{secured.url}/office", **secured.shown(user), **settings)


async def test_a_consumer_that_may_look_does_not_dial(bridged: Bridged, secured: Secured) -> None:
    async with served(bridged, secured) as one:
        viewer = await client(one, secured, "viewer")
        controller = await client(one, secured, "controller")
        with pytest.raises(NotAllowed, match="may look at line oxe1000, and not control it"):
            await viewer.line("1000").dial("1001")
        async with secured.raw("viewer", f"{TOPICS.base}/command/#", TOPICS.replies + "#") as (broker, heard):
            now = datetime.now(UTC)
            forged = Command(id=secrets.token_hex(16), issued_at=now, line="oxe1000", method="set_do_not_disturb")
            for topic in (
                TOPICS.command("0-of-1", "oxe1000"),
                TOPICS.line("oxe1000"),
                TOPICS.worker("0-of-1"),
                TOPICS.manifest("0-of-1"),
                TOPICS.pulse("0-of-1"),
                TOPICS.reply("controller", "x"),
                "homeassistant/sensor/x/config",
            ):
                with pytest.raises(NotAllowed):
                    await broker.publish(topic, encode(forged))
            call = await controller.line("1000").dial("1001")
            assert call is not None
            await (await controller.line("1001").wait_for_call(timeout=30)).answer()
            await call.wait_for(CallState.ACTIVE, timeout=30)
            await one.right(viewer)
            assert viewer.line("1001").state is State.ACTIVE
            assert not heard  # neither what is asked, nor what is answered
        assert one.worker is not None
        assert one.worker.desk is not None
        assert one.worker.desk.refused == 0  # nothing forged has come so far
        await call.hang_up()


async def test_a_desk_controls_its_own_line_and_sees_no_other(bridged: Bridged, secured: Secured) -> None:
    async with served(bridged, secured) as one:
        desk = await client(one, secured, "desk-1000", lines=["oxe1000"])
        await desk.line("oxe1000").set_do_not_disturb(True)
        await until(lambda: desk.line("oxe1000").do_not_disturb)
        await desk.line("oxe1000").set_do_not_disturb(False)
        with pytest.raises(PbxError, match="1 lines of shard 0-of-1 have not arrived"):
            await client(one, secured, "desk-1000", lines=["oxe1001"], sync_timeout=1.0)
        async with secured.raw("desk-1000", f"{TOPICS.base}/#") as (broker, heard):
            await until(lambda: any("/pulse/" in message.topic for message in heard))
            kinds = {"/".join(message.topic.split("/")[3:5]) for message in heard if "/pulse/" not in message.topic}
            assert kinds == {"worker/0-of-1", "manifest/0-of-1", "line/oxe1000"}
            command = Command(
                id=secrets.token_hex(16),
                issued_at=datetime.now(UTC),
                line="oxe1001",
                method="set_do_not_disturb",
                arguments={"on": True},
            )
            with pytest.raises(NotAllowed):
                await broker.publish(TOPICS.command("0-of-1", "oxe1001"), encode(command))
            # Its own topic with another's line in the payload: the topic is what the broker has checked.
            await broker.publish(TOPICS.command("0-of-1", "oxe1000"), encode(command))
            worker = one.worker
            assert worker is not None
            await until(lambda: worker.desk is not None and worker.desk.refused == 1)
        assert not one.switch.users["oxe1001"].do_not_disturb


async def test_users_hear_no_answers_of_each_other(bridged: Bridged, secured: Secured) -> None:
    others = (TOPICS.replies + "#", TOPICS.replies + "controller/#")
    async with served(bridged, secured) as one, secured.raw("desk-1000", *others) as (_, heard):
        controller = await client(one, secured, "controller")
        await controller.line("1000").set_do_not_disturb(True)
        await controller.line("1000").set_do_not_disturb(False)
        desk = await client(one, secured, "desk-1000", lines=["oxe1000"])
        await desk.line("oxe1000").set_do_not_disturb(False)
        await until(lambda: heard)
        assert {message.topic.removeprefix(TOPICS.replies).split("/")[0] for message in heard} == {"desk-1000"}


async def test_certificates_are_asked_for_and_checked(bridged: Bridged, secured: Secured, tmp_path: Path) -> None:
    async with bridged() as one:
        one.broker, one.prefix = secured.broker, "pbx"
        other = Authority(tmp_path / "other")
        certificate, key = other.sign("bridge")
        good = secured.shown("bridge")
        url = f"{secured.url}/office"
        no_worker = {"sync_timeout": 1.0, "username": "", "password": ""}
        for settings, kind, words in (
            ({**good, "ca_file": str(other.ca)}, CertificateFailed, "ca_file"),
            ({"ca_file": good["ca_file"]}, ConnectionFailed, "certificate"),
            (
                {"ca_file": good["ca_file"], "client_certificate": str(certificate), "client_key": str(key)},
                ConnectionFailed,
                "certificate",
            ),
        ):
            with pytest.raises(kind) as raised:
                await super(BridgeOffice, one).connect(url=url, **no_worker, **settings)  # type: ignore[arg-type]
            assert words in f"{raised.value} {raised.value.remedy}", raised.value
        with pytest.raises(ConnectionFailed, match="TLS"):
            await super(BridgeOffice, one).connect(url=url.replace("mqtts", "mqtt"), **no_worker)
        # A worker ends at once, rather than try for ever.
        with pytest.raises(CertificateFailed):
            await one.start_worker(broker={"url": secured.url, **good, "ca_file": str(other.ca)})
        with pytest.raises(NotAllowed, match="does not let the bridge publish") as refused:
            await one.start_worker(broker={"url": secured.url, **secured.shown("stranger")})
        assert "pbx/v1/office/#" in str(refused.value.remedy)
        one.worker = None


async def test_passwords_of_the_broker(bridged: Bridged, tmp_path: Path) -> None:
    (tmp_path / "users").write_text(password_line("bridge", "correct horse"))
    (tmp_path / "users").chmod(0o600)
    lines = ("listener PORT 127.0.0.1", "allow_anonymous false", f"password_file {tmp_path / 'users'}")
    broker = Mosquitto(tmp_path / "broker", *lines, listener=False).start()
    try:
        async with bridged() as one:
            one.broker = broker
            with pytest.raises(AuthenticationFailed) as raised:
                await one.start_worker(broker={"url": broker.url, "username": "bridge", "password": "wrong horse"})
            assert "horse" not in f"{raised.value!r} {raised.value.remedy}"
            assert "user name and password" in str(raised.value.remedy)
            (tmp_path / "password").write_text("correct horse\n")
            access = {"url": broker.url, "username": "bridge", "password_file": str(tmp_path / "password")}
            worker = await one.start_worker(broker=access)
            assert "horse" not in repr(worker.settings)
            pbx = await one.connect(username="bridge", password="correct horse")
            await pbx.line("1000").set_do_not_disturb(True)
            with pytest.raises(AuthenticationFailed):
                await one.connect(username="bridge", password="wrong horse")
    finally:
        broker.stop()
