"""Mailboxes: what callers leave in them, and their sound."""

import io
import wave
from itertools import pairwise
from typing import Any

import pytest

from aiopbx.simulator import sound
from aiopbx.simulator.switch import CountersChange, SwitchError, SwitchSettings
from tests.aiopbx.simulator.office import OUTSIDE, Office


@pytest.fixture
def office() -> Any:
    office = Office()
    yield office
    office.check()


def leave(office: Office, login: str = "ann", seconds: float = 5) -> str:
    """Somebody leaves Ben a message; its identifier."""
    call = office.dial(login, "101")
    office.switch.overflow_to_voicemail(login, call.ref)
    office.clock.advance(seconds)
    office.switch.drop(login, call.ref)
    return office.switch.mailboxes.messages("ben")[0].id


def counted(office: Office) -> int:
    return sum(isinstance(change, CountersChange) and change.login == "ben" for change in office.changes)


def forwarded(office: Office) -> str:
    office.switch.set_forward("ben", target="VOICEMAIL")
    return office.dial("ann", "101").ref


def overflown(office: Office) -> str:
    office.switch.set_overflow("ben")
    ref = office.dial("ann", "101").ref
    office.clock.advance(25)
    return ref


def overflown_busy(office: Office) -> str:
    office.switch.set_overflow("ben", condition="BUSY")
    office.switch.set_off_hook("ben", "101", True)
    return office.dial("ann", "101").ref


def redirected(office: Office) -> str:
    ref = office.dial("ann", "101").ref
    office.switch.redirect("ben", ref, "VOICEMAIL")
    return ref


def asked(office: Office) -> str:
    ref = office.dial("ann", "101").ref
    office.switch.overflow_to_voicemail("ann", ref)
    return ref


@pytest.mark.parametrize("way", [forwarded, overflown, overflown_busy, redirected, asked])
def test_every_way_to_the_mailbox_leaves_a_message(office: Office, way: Any) -> None:
    ref = way(office)
    office.clock.advance(8.4)
    assert office.switch.mailboxes.messages("ben") == ()  # it is still spoken
    office.switch.drop("ann", ref)
    (message,) = office.switch.mailboxes.messages("ben")
    assert (message.number, message.seconds, message.read, message.urgent) == ("100", 8, False, False)
    assert message.caller is not None
    assert message.caller.login == "ann"
    assert message.at == office.clock.utc()
    assert office.switch.counters("ben").voicemails == 1


def test_the_mailbox_hangs_up_after_a_while(office: Office) -> None:
    redirected(office)
    office.clock.advance(300)
    assert [message.seconds for message in office.switch.mailboxes.messages("ben")] == [30]


def test_an_unknown_caller_has_no_name(office: Office) -> None:
    office.switch.set_forward("ben", target="VOICEMAIL")
    call = office.switch.incoming_external(OUTSIDE, "101", "Ellen", anonymous=True)
    office.switch.external_hang_up(call.ref)
    (message,) = office.switch.mailboxes.messages("ben")
    assert (message.number, message.caller, message.seconds) == ("", None, 1)


def test_calling_the_own_mailbox_reads_and_leaves_nothing(office: Office) -> None:
    leave(office)
    call = office.dial("ben", "5000")
    assert office.switch.counters("ben").voicemails == 0
    office.switch.drop("ben", call.ref)
    assert len(office.switch.mailboxes.messages("ben")) == 1


def test_messages_newest_first_and_unread_only(office: Office) -> None:
    first, second = leave(office), leave(office, "cleo")
    boxes = office.switch.mailboxes
    assert [message.id for message in boxes.messages("ben")] == [second, first]
    assert not boxes.find("ben", second).read
    assert boxes.read("ben", second).read
    assert [message.id for message in boxes.messages("ben", unread=True)] == [first]
    info = boxes.info("ben")
    assert (info.total, info.unread, info.usage) == (2, 1, 4)


def test_only_changes_are_published(office: Office) -> None:
    first, second = leave(office), leave(office)
    boxes = office.switch.mailboxes
    office.changes.clear()
    boxes.read("ben", first)
    boxes.read("ben", first)
    assert counted(office) == 1
    assert boxes.delete("ben", ["vm99"]) == 0
    assert counted(office) == 1
    assert boxes.delete("ben", [second, "vm99", second]) == 1
    assert boxes.delete("ben") == 1
    assert boxes.delete("ben") == 0
    assert counted(office) == 3
    assert office.switch.counters("ben").voicemails == 0


def test_what_is_not_there_is_refused() -> None:
    office = Office(ann={"voicemail": False})
    boxes = office.switch.mailboxes
    for action in (boxes.info, boxes.messages, boxes.delete):
        with pytest.raises(SwitchError, match="no mailbox"):
            action("ann")
    for name in ("find", "read"):
        with pytest.raises(SwitchError, match="no message"):
            getattr(boxes, name)("ben", "vm1")


def test_a_full_mailbox_takes_no_more() -> None:
    office = Office(settings=SwitchSettings(mailbox_size=2, seed=1))
    ids = [leave(office) for _ in range(3)]
    assert ids[1] == ids[2]
    assert office.switch.mailboxes.info("ben").usage == 100
    office.switch.mailboxes.delete("ben", ids[:1])
    assert leave(office) not in ids
    office.check()


# -- sound ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "seconds"), [("100", 1), ("0015550100", 7), ("", 2), ("+1 (555) 0100", 3), ("*#AD", 2)]
)
def test_a_recording_is_as_long_as_it_says(keys: str, seconds: int) -> None:
    pieces = list(sound.message(keys, seconds))
    data = b"".join(pieces)
    assert len(data) == sound.length(seconds)
    assert max(map(len, pieces)) <= sound.RATE * sound.BYTES  # it is never held as a whole
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8000)
        assert file.getnframes() == seconds * 8000
        samples = memoryview(file.readframes(file.getnframes())).cast("h")
    assert max(samples) > 5000


def test_every_caller_sounds_different() -> None:
    assert b"".join(sound.message("100", 2)) != b"".join(sound.message("101", 2))
    assert b"".join(sound.message("100", 2)) == b"".join(sound.message("100", 2))


def test_pieces_follow_each_other_without_a_break() -> None:
    """The melody goes on from one second to the next: a longer message begins as a shorter one."""
    short, long = b"".join(sound.message("4711", 2)), b"".join(sound.message("4711", 5))
    head = len(sound.header(2))
    assert long[head : head + len(short) - head] == short[head:]


@pytest.mark.parametrize("key", "0123456789ABCD*#")
def test_keys_have_their_two_tones(key: str) -> None:
    """Count the zero crossings of the sum: it lies between the two tones."""
    samples = memoryview(b"".join(sound.message(key, 1))[len(sound.header(1)) :]).cast("h")[: int(sound.TONE * 8000)]
    crossings = sum((one < 0) != (two < 0) for one, two in pairwise(samples))
    rows, columns = {"123A": 697, "456B": 770, "789C": 852}, {"147*": 1209, "2580": 1336, "369#": 1477}
    low = next((tone for row, tone in rows.items() if key in row), 941)
    high = next((tone for column, tone in columns.items() if key in column), 1633)
    assert low <= crossings / (2 * sound.TONE) <= high
