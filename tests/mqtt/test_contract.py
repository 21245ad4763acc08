"""What docs/mqtt-topics.md promises: topics, payloads, their schema, and the packets that carry them."""

import contextlib
import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from aiopbx import (
    ActionNotAllowed,
    Feature,
    InvalidInput,
    LineSnapshot,
    NotAllowed,
    NotSupported,
    Offline,
    PbxError,
    PolicyViolation,
    RequestRefused,
)
from aiopbx.bridge.methods import CALL, LINE, _parameters
from aiopbx.mqtt import packets
from aiopbx.mqtt.commands import BridgeCommands
from aiopbx.mqtt.errors import error_of, payload_of
from aiopbx.mqtt.topics import CARRIED, PAYLOADS, LineState, Topics, encode, level, schema, shard_of, text_of
from aiopbx.ports import ABSENT

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_schema_is_current() -> None:
    written = json.loads((DOCS / "mqtt-schema.json").read_text())
    assert written == json.loads(json.dumps(schema())), "run scripts/make_mqtt_schema.py"


def test_the_page_names_every_payload_and_every_topic() -> None:
    page = (DOCS / "mqtt-topics.md").read_text()
    for one in PAYLOADS:
        assert f"`{one.__name__}`" in page
        for name in one.__struct_fields__:
            assert f"`{name}`" in page, (one, name)
    topics = Topics("pbx", "office")
    for topic in (topics.worker("0-of-1"), topics.line("1000"), topics.command("0-of-1", "1000")):
        assert topic.replace("0-of-1", "{shard}").replace("1000", "{line}").replace("office", "{system}") in page


@pytest.mark.parametrize("text", ["oxe1000", "a/b", "+", "#", "50 %", "Müller@example.com", "$SYS", "\0"])
def test_an_id_is_one_level(text: str) -> None:
    one = level(text)
    assert not set(one) & set("/+#$\0 ")
    assert text_of(one) == text


def test_shards_are_the_same_everywhere_and_for_all_time() -> None:
    assert [shard_of(f"oxe{number}", 4) for number in range(1000, 1008)] == [2, 3, 2, 1, 2, 3, 0, 0]
    counts = [0] * 4
    for number in range(10_000):
        counts[shard_of(f"oxe{number}", 4)] += 1
    assert max(counts) < 1.1 * min(counts)
    assert {shard_of(f"oxe{number}", 1) for number in range(100)} == {0}


def test_a_payload_of_a_later_version_is_read() -> None:
    state = LineState(epoch=1, revision=2, at=datetime.now(UTC), shard="0-of-1", line=LineSnapshot(id="a"))
    more = {**json.loads(encode(state)), "of_tomorrow": {"x": 1}}
    assert msgspec.json.decode(json.dumps(more).encode(), type=LineState) == state


@pytest.mark.parametrize(
    "error",
    [
        InvalidInput("number", "is no number.", remedy="Use digits."),
        PolicyViolation("number", "is denied.", remedy="Choose another."),
        ActionNotAllowed("answer", ["hang_up"]),
        NotSupported("It cannot.", missing="dial"),
        Offline("There is none.", remedy="Wait."),
        RequestRefused("No.", operation="dial", status=400, code=1000, type="NOT_READY", cause="X", can_retry=True),
        NotAllowed("No.", operation="dial", status=403, detail={"a": 1}),
        PbxError("Something."),
    ],
)
def test_an_error_is_the_same_at_the_other_end(error: PbxError) -> None:
    payload = msgspec.json.decode(msgspec.json.encode(payload_of(error)), type=type(payload_of(error)))
    made = error_of(payload)
    assert type(made) is type(error)
    assert str(made) == str(error)
    assert vars(made) == vars(error)


def test_an_error_that_is_not_known_keeps_its_words() -> None:
    payload = msgspec.convert(
        {"type": "OfTomorrow", "message": "New.", "details": {"x": 1}}, type(payload_of(PbxError("")))
    )
    assert str(error_of(payload)) == "New."
    assert type(error_of(payload)) is PbxError


# ------------------------------------------------------------------------------------------------------------ packets


def read(data: bytes, size: int = 1) -> list[tuple[int, bytes]]:
    reader, found = packets.Reader(), []
    for start in range(0, len(data), size):
        found += [(kind, bytes(body)) for kind, body in reader.feed(data[start : start + size])]
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000, 10**6])
def test_packets_in_any_pieces(size: int) -> None:
    sent = [
        packets.publish(b"a/b", b"x" * length, retain=length % 2 == 0, number=None if length % 3 else length + 1)
        for length in (0, 1, 100, 127, 128, 16_383, 16_384)
    ]
    got = read(b"".join(sent), size)
    messages = [packets.message(kind, memoryview(body)) for kind, body in got]
    assert [len(message.payload) for message, _ in messages] == [0, 1, 100, 127, 128, 16_383, 16_384]
    assert [message.retain for message, _ in messages] == [True, False, True, False, True, False, True]
    assert [number for _, number in messages] == [1, None, None, None, None, 16_384, None]


def test_properties_go_along() -> None:
    data = packets.publish(b"t", b"p", number=7, expiry=3, response_topic="r/ü", correlation=b"\0\1")
    ((kind, body),) = read(data, 5)
    message, number = packets.message(kind, memoryview(body))
    assert (message.topic, message.payload, number) == ("t", b"p", 7)
    assert (message.response_topic, message.correlation) == ("r/ü", b"\0\1")


@pytest.mark.parametrize(
    "data",
    [
        b"\x30\xff\xff\xff\xff\xff",
        b"\x30\xff\xff\xff\x7f",
        b"\x30\x02\x00\x05",
        b"\x34\x05\x00\x01a\x00\x01",
        b"\x30\x05\x00\x01a\x01\x99",
        b"\x30\x05\x00\x01a\x7f\x01",
        b"\x30\x00",
    ],
)
def test_what_is_not_mqtt_is_refused(data: bytes) -> None:
    def read_all() -> None:
        for kind, body in packets.Reader().feed(data):
            packets.message(kind, body)

    with pytest.raises((packets.Malformed, IndexError)):
        read_all()


def test_a_feature_is_carried_only_if_the_bridge_has_something_for_it() -> None:
    """A feature that is new to the client is not offered over a bridge before someone has seen to it."""
    commands = {ABSENT[name] for name in dir(BridgeCommands) if name in ABSENT}
    others = {
        Feature.AGENT,
        Feature.BUSINESS_CALL,
        Feature.CALL_EVENTS,
        Feature.CALL_LOG,
        Feature.CALLER_ID,
        Feature.DESK_SHARING,
        Feature.DEVICE_STATES,
        Feature.DIRECTORY,
        Feature.HUNTING_GROUPS,
        Feature.PREFERENCES,
        Feature.TEXTS,
        Feature.VOICEMAIL,
    }
    """Of states and events, of arguments, or of a part that has commands of its own."""
    assert commands | others == CARRIED


@pytest.mark.parametrize("name", sorted(LINE) + sorted(CALL))
def test_every_argument_of_a_method_can_be_read(name: str) -> None:
    """Types that are there for a type checker only would fail when the first command comes."""
    for table in (LINE, CALL):
        if name in table:
            for kind, _ in _parameters(table[name]).values():
                with contextlib.suppress(msgspec.ValidationError):
                    msgspec.convert(object(), kind, from_attributes=False)
