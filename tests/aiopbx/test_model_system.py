"""The telephone book, the nodes, the configuration, the telephones and the desk, as the model has them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest

import aiopbx
from aiopbx import (
    CtiLink,
    Feature,
    InvalidInput,
    LicenceExpiring,
    NodeChanged,
    NotFound,
    NotSupported,
    ObjectChange,
    ObjectChanged,
    attribute,
    field,
    keys_of,
)
from aiopbx.ports import ABSENT, Commands, Refusing
from aiopbx.simulator import UserSpec
from aiopbx.simulator.switch.settings import HuntingGroupSpec, SwitchSettings
from aiopbx.store import Store
from tests.aiopbx.office import Diary, Office, office, until, user


@asynccontextmanager
async def living(**settings: Any) -> AsyncIterator[Office]:
    """An office whose clock goes on by itself: searches take time."""
    async with office(**settings) as one:

        async def tick() -> None:
            while True:
                await asyncio.sleep(0.01)
                one.clock.advance(0.2)

        ticking = asyncio.create_task(tick())
        try:
            yield one
        finally:
            ticking.cancel()


# -- the telephone book


async def test_contacts_are_found_by_word_filter_and_keys() -> None:
    async with living() as one:
        pbx = await one.connect()
        (bob,) = [contact async for contact in pbx.directory("Kel")]
        assert (bob.name, bob.number, bob.login) == ("Bob Keller", "1001", "oxe1001")
        assert [one.number for one in await pbx.directory("1002").list()] == ["1002"]
        both = field("lastName").contains("a") & field("firstName").equals("Alice")
        assert [one.name for one in await pbx.directory(both, line="1001").list()] == ["Alice Martin"]
        search = pbx.directory(keys=keys_of("Keller"))
        assert [one.name for one in await search.list()] == ["Bob Keller"]
        assert search.complete


async def test_a_search_that_is_left_early_is_stopped() -> None:
    async with living() as one:
        pbx = await one.connect(**user())
        search = pbx.directory(field("id.phoneNumber").begins_with("1"))
        found = search.__aiter__()
        assert (await anext(found)).number
        await found.aclose()  # type: ignore[attr-defined]
        assert not search.complete
        assert len(await search.list()) == 4


async def test_what_cannot_be_searched_is_told_before_it_is_sent() -> None:
    async with office() as one:
        pbx = await one.connect(**user())
        for keywords in ({}, {"what": " "}, {"what": "a", "keys": "2"}, {"what": "a", "first_name_keys": "2"}):
            with pytest.raises(InvalidInput):
                pbx.directory(**keywords)  # type: ignore[arg-type]
        for search in (pbx.directory("a", limit=0), pbx.directory("a", limit=101), pbx.directory(keys="no digits")):
            with pytest.raises(InvalidInput):
                await search.list()


# -- nodes


async def test_the_nodes_and_licences_are_kept_by_events() -> None:
    async with office(licence_expiration=date(2026, 1, 20)) as one:
        pbx = await one.connect()
        assert list(pbx.nodes) == ["1"]
        assert pbx.nodes["1"].link is CtiLink.MAIN
        assert {licence.name for licence in pbx.nodes.licences} >= {"ROXE_API_TEL_ADVANCED"}
        assert pbx.nodes.licences[0].expires == date(2026, 1, 20)
        diary = Diary(pbx, kind=(NodeChanged, LicenceExpiring))
        one.faults.cti_link_down()
        await until(lambda: pbx.nodes["1"].link is CtiLink.DOWN)
        assert pbx.nodes["1"].connected is False
        one.faults.cti_link_up(secondary=True)
        await until(lambda: pbx.nodes["1"].link is CtiLink.SECONDARY)
        changes = diary.of(NodeChanged)
        assert changes[0].node.link is CtiLink.DOWN
        assert changes[-1].node.link is CtiLink.SECONDARY
        one.faults.license_expiration(3)
        await until(lambda: diary.of(LicenceExpiring))
        assert diary.of(LicenceExpiring)[0].days == 3
        assert (await pbx.nodes.refresh()).nodes[0].id == "1"
        assert await pbx.nodes.has_licence("ROXE_API_MESSAGING")
        assert not await pbx.nodes.has_licence("ROXE_HA")
        with pytest.raises(InvalidInput, match="name"):
            await pbx.nodes.has_licence(" ")


async def test_nodes_and_objects_are_for_administrators() -> None:
    async with office() as one:
        pbx = await one.connect(**user())
        assert dict(pbx.nodes) == {}
        assert not {Feature.NODES, Feature.OBJECTS} & pbx.features
        for ask in (pbx.nodes.refresh, pbx.objects.nodes, pbx.objects.get):
            with pytest.raises(NotSupported) as caught:
                await ask()
            assert caught.value.missing == "administrator"


# -- the configuration


async def test_objects_are_found_created_changed_and_deleted() -> None:
    async with office() as one:
        pbx = await one.connect()
        diary = Diary(pbx, kind=ObjectChanged)
        assert await pbx.objects.nodes() == ("1",)
        top = await pbx.objects.get()
        assert "Subscriber" in top.below
        kind = await pbx.objects.model("Subscriber")
        assert kind.name == "Subscriber"
        assert any(one.name == "Annu_Name" and one.filtering for one in kind.attributes)
        assert {"create", "get", "set"} <= set(kind.actions)
        found = await pbx.objects.find(
            "Subscriber", attribute("Annu_Name").begins_with("Kel"), attributes=["Annu_Name"]
        )
        assert [(one.path, one.id, one.values["Annu_Name"]) for one in found] == [("Subscriber/1001", "1001", "Keller")]
        await pbx.objects.change("Subscriber/1001", {"Annu_Name": "Smith"})
        assert (await pbx.objects.get("Subscriber/1001", attributes=["Annu_Name"])).values == {"Annu_Name": "Smith"}
        await pbx.objects.create(
            "Subscriber", {"Directory_Number": "1009", "Annu_Name": "New", "Station_Type": "ANALOG"}
        )
        assert len(await pbx.objects.find("Subscriber")) == 5
        await pbx.objects.delete("Subscriber/1009", force=True)
        await until(lambda: len(diary.events) >= 3)
        changes = [(event.change, event.name, event.id) for event in diary.of(ObjectChanged)]
        assert (ObjectChange.CHANGED, "Subscriber", "1001") in changes
        assert (ObjectChange.CREATED, "Subscriber", "1009") in changes
        assert (ObjectChange.DELETED, "Subscriber", "1009") in changes
        with pytest.raises(NotFound):
            await pbx.objects.get("Subscriber/4711", node=1)
        with pytest.raises(InvalidInput):
            await pbx.objects.action("Subscriber/1001", " ")


async def test_an_unknown_object_is_refused_before_it_is_sent() -> None:
    async with office() as one:
        pbx = await one.connect()
        await pbx.objects.find("Subscriber")
        at = one.simulator.server
        wrong: dict[str, Awaitable[Any]] = {
            "Telephone": pbx.objects.get("Telephone/1001"),
            "Subscribers": pbx.objects.find("Subscribers"),
            "Subscriber_Alien": pbx.objects.create("Subscriber/1001/Subscriber_Alien", {"Name": "x"}),
            "Nothing": pbx.objects.change("Nothing/1", {"Annu_Name": "x"}),
            "Nobody": pbx.objects.delete("Nobody/1"),
        }
        before, state = at.requests, one.switch.dump()
        for name, ask in wrong.items():
            with pytest.raises(InvalidInput) as caught:
                await ask
            assert caught.value.field == "objectPath"
            assert name in str(caught.value)
            assert "There are: " in str(caught.value)
        assert at.requests == before + len(wrong), "each time only the model is read, to be sure"
        assert one.switch.dump() == state
        for path in ("Subscriber", "Subscriber//5", "Subscriber/.."):
            with pytest.raises(InvalidInput, match="objectPath"):
                await pbx.objects.get(path)
        for path in (await pbx.objects.get()).below:  # also those below hidden ones
            await pbx.objects.find(path)


async def test_without_the_licence_objects_are_not_supported() -> None:
    async with office(licences={"MANAGEMENT": 0}) as one:
        pbx = await one.connect()
        with pytest.raises(NotSupported) as caught:
            await pbx.objects.nodes()
        assert caught.value.missing == "MANAGEMENT"
        assert Feature.OBJECTS not in pbx.features
        assert pbx.missing[Feature.OBJECTS] == "MANAGEMENT"


# -- telephones


async def test_a_telephone_is_programmed() -> None:
    async with office() as one:
        pbx = await one.connect(**user())
        telephone = pbx.line("1000").device("1000")
        assert telephone.snapshot.kind == "DESKPHONE"
        free = next(key for key in await telephone.keys() if not key.locked and key.number is None)
        await telephone.set_key(free.position, "1002", label="Carol")
        programmed = {key.position: key for key in await telephone.keys(programmed=True)}
        assert (programmed[free.position].number, programmed[free.position].label) == ("1002", "Carol")
        await telephone.delete_key(free.position)
        assert free.position not in {key.position for key in await telephone.keys(programmed=True)}
        soft = await telephone.soft_keys()
        await telephone.set_soft_key(soft[-1].position, "1003", label="David")
        assert (await telephone.soft_keys())[-1].number == "1003"
        await telephone.delete_soft_key(soft[-1].position)
        await telephone.set_lock(True)
        await telephone.set_camp_on(True)
        await telephone.set_associate("1003")
        state = await telephone.state()
        assert (state.locked, state.camp_on, state.associate) == (True, True, "1003")
        await telephone.set_pin("4711", with_secret_code=False)
        pin = await telephone.pin()
        assert pin.number == "4711"
        assert "4711" not in repr(pin)
        assert await telephone.addons() == ()
        with pytest.raises(InvalidInput, match="position"):
            await telephone.delete_key(-1)
        with pytest.raises(InvalidInput, match="device"):
            pbx.line("1000").device("4711")


async def test_a_remote_extension_is_a_device_of_its_own() -> None:
    async with office() as one:
        pbx = await one.connect()
        extension = pbx.line("1000").device("61000")
        before = await extension.remote_extension()
        await extension.set_remote_extension(not before)
        assert await extension.remote_extension() is not before


async def test_without_the_licence_telephones_are_not_supported() -> None:
    users = (UserSpec(login="oxe1000", number="1000", licences=frozenset({"TELEPHONY_ADVANCED"})),)
    async with office(users=users) as one:
        pbx = await one.connect()
        line = pbx.line("1000")
        with pytest.raises(NotSupported) as caught:
            await line.device().keys()
        assert caught.value.missing == "API_PHONESETPROG" == line.missing[Feature.TELEPHONES]
        assert Feature.TELEPHONES not in line.features


# -- the desk


async def test_languages_groups_sets_and_texts() -> None:
    users = (
        UserSpec(login="ann", number="100", hunting_group="70"),
        UserSpec(login="ben", number="101", devices=()),
    )
    switch = SwitchSettings(
        hunting_groups=(HuntingGroupSpec(number="70"), HuntingGroupSpec(number="71")), desk_sharing_sets=("190",)
    )
    async with office(users=users, switch=switch) as one:
        pbx = await one.connect()
        ann, ben = pbx.line("100"), pbx.line("101")
        assert "de" in (await ann.languages()).gui
        await ann.set_preferences(gui_language="de")
        assert (await ann.preferences()).gui_language == "de"
        with pytest.raises(InvalidInput):
            await ann.set_preferences()
        groups = await ann.hunting_groups()
        assert (set(groups.groups), groups.own) == ({"70", "71"}, "70")
        await ann.set_hunting_group_logged_on(False)
        await until(lambda: ann.snapshot.hunting_group_logged_on is False)
        await ann.leave_hunting_group("70")
        await ann.join_hunting_group("71")
        assert (await ann.hunting_groups()).own == "71"
        await ann.send_text("101", "Lunch?")
        text = await ben.read_text()
        assert text is not None
        assert (text.sender, text.text) == ("100", "Lunch?")
        assert await ben.read_text() is None, "reading erases it"
        with pytest.raises(InvalidInput, match="text"):
            await ann.send_text("101", "")


async def test_the_password_is_changed() -> None:
    async with office() as one:
        pbx = await one.connect(**user())
        await pbx.line("1000").change_password("secret", "sesame")
        again = await one.connect(username="oxe1000", password="sesame")
        assert again.line("1000").number == "1000"


# -- systems that have less


@pytest.mark.parametrize(
    "part", ["voicemail", "call_log", "agents", "directory", "nodes", "telephones", "objects", "desk"]
)
def test_a_part_that_a_system_has_not_is_not_supported(part: str) -> None:
    with pytest.raises(NotSupported) as caught:
        getattr(Refusing(), part)
    assert caught.value.missing in set(Feature)


def test_the_table_of_refusals_has_every_command() -> None:
    """A wire lists what it has; whatever else a handle may ask is refused by the table, checks excepted."""
    commands = {name for name in vars(Commands) if not name.startswith(("_", "check_"))}
    assert commands == ABSENT.keys()
    for name in commands:
        with pytest.raises(NotSupported, match=name.replace("_", " ")):
            getattr(Refusing(), name)
    with pytest.raises(AttributeError):
        _ = Refusing().no_such_command


def test_a_board_begins_without_nodes() -> None:
    assert Store().nodes.nodes == ()
    record = aiopbx.CallRecord(id=1, started_at=datetime(2026, 1, 5, tzinfo=UTC))
    assert record.seconds is None
