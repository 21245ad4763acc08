"""Names for numbers: from phone books, the directory and the log, compared by the normal form of the number."""

from pathlib import Path

import pytest

from aiopbx import CallChanged, CallState, Contacts, ContactSource, InvalidInput, NumberPlan, Numbers, Party
from aiopbx.phone_books import Entry, read_phone_book
from aiopbx.simulator.switch.directory import Contact
from tests.aiopbx.office import Diary, Opened, until

CARDS = """BEGIN:VCARD
VERSION:3.0
N:Muster;Max;;;
FN:Max Muster
TEL;TYPE=WORK,VOICE:+49 (0) 30 23125100
item1.TEL;TYPE=CELL:tel:+49-171-3920001
END:VCARD
BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg
TEL;HOME:+1 555 0101
END:VCARD
BEGIN:VCARD
VERSION:4.0
ORG:Example Ltd;Sales
TEL;VALUE=uri:tel:+1-555-0102
END:VCARD
BEGIN:VCARD
VERSION:3.0
FN:No Number
END:VCARD
"""
MEANT = (
    Entry("Max Muster", "+49 (0) 30 23125100"),
    Entry("Max Muster", "tel:+49-171-3920001"),
    Entry("Jörg Müller", "+1 555 0101"),
    Entry("Example Ltd Sales", "tel:+1-555-0102"),
)


def book(tmp_path: Path, name: str, content: str | bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_vcards(tmp_path: Path, encoding: str) -> None:
    assert read_phone_book(book(tmp_path, "people.vcf", CARDS.encode(encoding))) == MEANT


@pytest.mark.parametrize(
    "text",
    [
        "name,number\nMax Muster,+49 30 23125100\nJörg Müller,+1 555 0101",
        "First Name;Last Name;Business Phone\nMax;Muster;+49 30 23125100\nJörg;Müller;+1 555 0101\n",
        (
            "Name\tMail\tPhone 1 - Type\tPhone 1 - Value\n"
            "Max Muster\t\tWork\t+49 30 23125100\nJörg Müller\t\t\t+1 555 0101"
        ),
        "Max Muster,+49 30 23125100\nJörg Müller,+1 555 0101\n",
        "+49 30 23125100,Max Muster\n+1 555 0101,Jörg Müller\n",
        'Nachname,Vorname,Telefon\n"Muster","Max","+49 30 23125100"\nMüller,Jörg,+1 555 0101\n,,\nOne\n',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_csv(tmp_path: Path, text: str, encoding: str) -> None:
    found = read_phone_book(book(tmp_path, "people.csv", text.encode(encoding)))
    assert found == (Entry("Max Muster", "+49 30 23125100"), Entry("Jörg Müller", "+1 555 0101"))


def test_several_numbers_of_one(tmp_path: Path) -> None:
    text = "Company,Mobile Phone,Home Phone\nExample Ltd,+15550101 ::: +15550102,+15550103\n"
    found = read_phone_book(book(tmp_path, "people.csv", text))
    assert [one.number for one in found] == ["+15550101", "+15550102", "+15550103"]
    assert {one.name for one in found} == {"Example Ltd"}


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("people.txt", "", "no phone book"),
        ("people.csv", "nothing here\nat all\n", "no name with a number"),
        ("people.csv", "a,b\nc,d\n", "no name with a number"),
        ("people.vcf", "BEGIN:VCARD\nFN:X\nEND:VCARD\n", "no name with a number"),
        ("people.vcf", "BEGIN:VCARD\nFN:X\n", "cannot be read"),
    ],
)
def test_what_is_no_phone_book_says_why(tmp_path: Path, name: str, content: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why) as refused:
        read_phone_book(book(tmp_path, name, content), field="contacts.files")
    assert refused.value.field == "contacts.files"
    assert refused.value.remedy


def test_what_is_not_there_or_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInput, match="there is no file"):
        read_phone_book(tmp_path / "none.vcf")
    (tmp_path / "folder.vcf").mkdir()
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_phone_book(tmp_path / "folder.vcf")
    monkeypatch.setattr("aiopbx.phone_books.LARGEST", 10)
    with pytest.raises(InvalidInput, match="larger"):
        read_phone_book(book(tmp_path, "people.vcf", CARDS))
    assert read_phone_book(book(tmp_path, "empty.csv", "")) == ()


def test_numbers_are_compared_by_their_normal_form(tmp_path: Path) -> None:
    contacts = Contacts(Numbers(NumberPlan(country="DE", outside_prefix="0")))
    assert not contacts
    assert contacts.load(book(tmp_path, "people.vcf", CARDS)) == 4
    assert contacts
    for spelled in ("+493023125100", "030 23125100", "003023125100", "0049 30 23125100", "tel:+49-30-23125100"):
        assert contacts.name_of(spelled) == "Max Muster"
    assert contacts.name_of("030 23125101") is None
    assert contacts.name_of(None) is None
    contacts.add("1001", "Ada")
    assert contacts.find("1001") == ("Ada", ContactSource.PHONE_BOOK)
    assert len(contacts) == len(dict(contacts)) == 5
    with pytest.raises(InvalidInput):
        contacts.add("nobody", "Ada")


def test_which_name_is_taken() -> None:
    contacts = Contacts(Numbers(), learns=True)
    contacts.learn("+15550101", "From the log")
    contacts.learn("+15550101", "+1 555 0101")
    contacts.learn(None, "Nobody")
    assert contacts.find("0015550101") == ("From the log", ContactSource.LOG)
    contacts.learn("+15550101", "From the directory", ContactSource.DIRECTORY)
    contacts.learn("+15550101", "From the log again")
    assert contacts.name_of("0015550101") == "From the directory"
    contacts.add("+15550101", "From the book")
    assert contacts.name_of("0015550101") == "From the book"
    assert contacts.named(Party(number="+15550101", name="The system's")).name == "The system's"
    assert contacts.named(Party(number="+15550101", name="+15550101")).name == "From the book"
    hidden = Party(number="+15550101", anonymous=True)
    assert contacts.named(hidden) is hidden
    other = Contacts(Numbers())
    other.learn("+15550101", "From the log")
    assert other.name_of("+15550101") is None, "it does not learn from the log"


def test_what_is_learned_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiopbx.contacts.MOST_LEARNED", 3)
    contacts = Contacts(Numbers(), learns=True)
    asked: list[str] = []
    contacts.on_unknown = asked.append
    for number in range(1000, 1006):
        contacts.named(Party(number=str(number)))
        contacts.named(Party(number=str(number)))
        contacts.learn(str(number), f"Name {number}")
    assert len(contacts) == 3
    assert asked == [str(number) for number in range(1000, 1006)]


@pytest.mark.office("chunk", "istra")
async def test_a_call_from_a_known_number_has_its_name(office: Opened, tmp_path: Path) -> None:
    path = book(tmp_path, "people.vcf", CARDS)
    async with office() as one:
        pbx = await one.connect(contacts={"files": [path], "log": True})
        line = pbx.line("1000")
        diary = Diary(pbx)
        one.switch.incoming_external("0015550101", "1000")
        call = await line.wait_for_call(timeout=30)
        assert call.party is not None
        assert call.party.name == "Jörg Müller"
        await one.caught_up(pbx)
        assert all(event.call.party.name == "Jörg Müller" for event in diary.of(CallChanged) if event.call.party)
        assert all(event.call != event.previous for event in diary.of(CallChanged)), "no event without a difference"
        await call.answer()
        await call.wait_for(CallState.ACTIVE, timeout=30)
        assert line.calls[0].party is not None
        assert line.calls[0].party.name == "Jörg Müller"


async def test_the_directory_is_asked_and_names_the_call(office: Opened) -> None:
    async with office() as one:
        one.switch.directory.add(Contact("0015550199", "Grace", "Hopper"))
        pbx = await one.connect(contacts={"directory": True})
        line = pbx.line("1000")
        one.switch.incoming_external("0015550199", "1000")
        call = await line.wait_for_call(timeout=30)

        def named() -> bool:
            one.clock.advance(
                0.01
            )  # the search takes the simulator's time, and the client asks for its results in its own
            return call.party is not None and call.party.name == "Grace Hopper"

        await until(named)
        assert pbx.contacts.find("+1 555 0199") == ("Grace Hopper", ContactSource.DIRECTORY)


async def test_the_log_is_named(office: Opened, tmp_path: Path) -> None:
    path = book(tmp_path, "people.csv", "name,number\nGrace Hopper,+1 555 0199\n")
    async with office() as one:
        pbx = await one.connect(contacts={"files": str(path)})
        line = pbx.line("1000")
        one.switch.incoming_external("0015550199", "1000")
        call = await line.wait_for_call(timeout=30)
        await call.hang_up()
        await until(lambda: not line.calls)
        for party in ("+1 555 0199", "0015550199", "tel:+1-555-0199"):
            (record,) = [record async for record in line.call_log(party=party)]
            assert [each.name for each in record.parties] == ["Grace Hopper"]
        assert [record async for record in line.call_log(party="+15550198")] == []
        await line.call_log(party="+1 555 0199").delete()
        assert [record async for record in line.call_log()] == []


async def test_a_phone_book_that_is_not_there_is_said_before_connecting(office: Opened, tmp_path: Path) -> None:
    async with office() as one:
        with pytest.raises(InvalidInput, match="there is no file"):
            await one.connect(contacts={"files": [tmp_path / "none.vcf"]})


async def test_the_simulator_names_who_calls(office: Opened, tmp_path: Path) -> None:
    path = book(tmp_path, "people.vcf", CARDS + "BEGIN:VCARD\nFN:Odd\nTEL:12x34\nEND:VCARD\n")
    async with office(contacts=(path,)) as one:
        pbx = await one.connect()
        one.switch.incoming_external("0015550101", "1000")
        call = await pbx.line("1000").wait_for_call(timeout=30)
        assert call.party is not None
        assert call.party.name == "Jörg Müller"
