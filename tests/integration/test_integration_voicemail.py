"""Voicemails in the media browser: listed, played with seeking, marked as read as the user wishes."""

import asyncio
import io
import wave
from collections.abc import AsyncIterator, Callable
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.components import media_source
from homeassistant.components.media_player import BrowseError, async_process_play_media_url
from homeassistant.components.media_source import BrowseMediaSource, Unresolvable
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator, WebSocketGenerator

from custom_components.pbx import media_source as ours, voicemail, voicemail_sound
from custom_components.pbx.aiopbx import Line, MailboxSnapshot
from custom_components.pbx.aiopbx.simulator import Simulator, SimulatorSettings
from tests.integration import sounds
from tests.integration.helpers import ALICE, BOB, administrator, istra, make_entry, set_up, until

ROOT = "media-source://pbx"


@pytest.fixture
async def simulator(loopback: None) -> AsyncIterator[Simulator]:
    """An office of four, reached as O2G and as Istra."""
    async with Simulator(SimulatorSettings(istra=True)) as running:
        yield running


@pytest.fixture
async def browser(hass: HomeAssistant) -> None:
    """Home Assistant with what media browsing needs."""
    assert await async_setup_component(hass, "media_source", {})


@pytest.fixture
async def home_with_media(home: HomeAssistant, browser: None) -> HomeAssistant:
    return home


async def browse(hass: HomeAssistant, media: str = ROOT) -> BrowseMediaSource:
    found = await media_source.async_browse_media(hass, media)
    assert isinstance(found, BrowseMediaSource)
    return found


def children(item: BrowseMediaSource) -> list[Any]:
    return list(item.children or ())


async def message_of_alice(hass: HomeAssistant) -> str:
    """Return the id of Alice's newest message, found as a user finds it."""
    (alice,) = [one for one in children(await browse(hass)) if "Alice" in one.title]
    return str(children(await browse(hass, alice.media_content_id))[0].media_content_id)


def unread(simulator: Simulator, login: str = ALICE) -> int:
    return simulator.switch.mailboxes.info(login).unread


@pytest.fixture
async def office(home_with_media: HomeAssistant, simulator: Simulator) -> MockConfigEntry:
    return await set_up(home_with_media, make_entry(administrator(simulator)))


async def test_from_the_root_to_the_message(hass: HomeAssistant, office: MockConfigEntry, simulator: Simulator) -> None:
    simulator.switch.mailboxes.leave(ALICE, simulator.switch.who("1001"), seconds=65)
    simulator.switch.mailboxes.leave(ALICE, seconds=3, urgent=True)
    await until(lambda: office.runtime_data.data[ALICE].counters.voicemails == 2)

    root = await browse(hass)
    assert root.title == "Office"
    titles = [one.title for one in children(root)]
    assert titles[0] == "Alice Martin (2 new)"  # those with news first
    assert sorted(titles[1:]) == titles[1:]
    assert not any(one.can_play for one in children(root))
    # one mailbox: its messages at once
    line = await browse(hass, children(root)[0].media_content_id)
    newest, oldest = children(line)
    assert newest.title.startswith("New: Urgent: Unknown caller, 20")
    assert newest.title.endswith(", 0:03")
    assert oldest.title.startswith("New: Bob ")
    assert "(1001)" in oldest.title
    assert oldest.title.endswith(", 1:05")
    assert all(one.can_play and not one.can_expand for one in children(line))
    # players ask for what begins with audio/
    assert all(one.media_content_type.startswith("audio/") for one in children(line))
    # looking at the list has read nothing
    assert unread(simulator) == 2


async def test_the_whole_way_of_a_player(
    hass: HomeAssistant, office: MockConfigEntry, simulator: Simulator, hass_ws_client: WebSocketGenerator,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:  # fmt: skip
    """Resolved over the websocket as the frontend does, then fetched with no other right than the signature."""
    simulator.switch.mailboxes.leave(ALICE, sound=sounds.gsm())
    message = await message_of_alice(hass)
    socket = await hass_ws_client(hass)
    await socket.send_json_auto_id({"type": "media_source/resolve_media", "media_content_id": message})
    answer = (await socket.receive_json())["result"]
    assert answer["mime_type"] == "audio/wav"
    client = await hass_client_no_auth()
    assert (await client.get(answer["url"].partition("?")[0])).status == 401

    whole = await client.get(answer["url"])
    assert (whole.status, whole.headers["Content-Type"], whole.headers["Accept-Ranges"]) == (200, "audio/wav", "bytes")
    assert whole.headers["Cache-Control"] == "private, no-store"
    data = await whole.read()
    with wave.open(io.BytesIO(data)) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(3, abs=0.01)

    async def part(wanted: str, **headers: str) -> tuple[int, bytes, str | None]:
        got = await client.get(answer["url"], headers={"Range": wanted, **headers})
        return got.status, await got.read(), got.headers.get("Content-Range")

    size = len(data)
    assert await part("bytes=100-199") == (206, data[100:200], f"bytes 100-199/{size}")
    assert await part("bytes=-10") == (206, data[-10:], f"bytes {size - 10}-{size - 1}/{size}")
    assert await part(f"bytes={size - 4}-{size + 99}") == (206, data[-4:], f"bytes {size - 4}-{size - 1}/{size}")
    assert await part("bytes=0-") == (206, data, f"bytes 0-{size - 1}/{size}")
    assert (await part(f"bytes={size}-"))[::2] == (416, f"bytes */{size}")
    assert (await part("bytes=1-2,5-6"))[:2] == (200, data)
    tag = whole.headers["ETag"]
    assert (await part("bytes=0-1", **{"If-Range": tag}))[0] == 206
    assert (await part("bytes=0-1", **{"If-Range": '"of another"'}))[:2] == (200, data)
    head = await client.head(answer["url"])
    assert (head.status, head.headers["Content-Length"]) == (200, str(size))


async def test_other_paths_are_not_found(
    hass: HomeAssistant, office: MockConfigEntry, hass_client: Callable[..., Any]
) -> None:
    await browse(hass)  # which is when the address comes to be
    client = await hass_client()
    for key in ("x", "bm9uc2Vuc2U", "WzFd", "WyJhIiwgImIiLCAiYyIsIDFd", "_w"):
        assert (await client.get(f"/api/pbx/voicemail/{key}")).status == 404, key
    gone = ours.path_of(voicemail.MessageKey("no entry", ALICE, "1000", "vm1"))
    answer = await client.get(gone)
    assert (answer.status, await answer.text()) == (
        502,
        "The PBX of this voicemail is not connected. Look at the integration, and try again",
    )


@pytest.mark.parametrize(("data", "key"), sounds.NO_SOUND.values(), ids=list(sounds.NO_SOUND))
async def test_what_is_no_sound_is_said(
    hass: HomeAssistant, office: MockConfigEntry, simulator: Simulator, data: bytes, key: str
) -> None:
    simulator.switch.mailboxes.leave(ALICE, sound=data)
    with pytest.raises(Unresolvable) as raised:
        await media_source.async_resolve_media(hass, await message_of_alice(hass), None)
    assert raised.value.translation_key == key
    assert str(raised.value).startswith("The PBX sent ")


@pytest.mark.parametrize(
    "path",
    [
        "{e}",
        "{e}/oxe1000",
        "{e}/oxe1000/1000",
        "{e}/oxe1000/1000/gone",
        "{e}/nobody/1000/vm1",
        "nothing/oxe1000/1000/vm1",
    ],
)
async def test_what_is_not_there_cannot_be_played(hass: HomeAssistant, office: MockConfigEntry, path: str) -> None:
    with pytest.raises(Unresolvable):
        await media_source.async_resolve_media(hass, f"{ROOT}/{path.format(e=office.entry_id)}", None)


@pytest.mark.parametrize("path", ["nothing", "{e}/nobody", "{e}/oxe1000/9999", "{e}/oxe1000/1000/vm1", "a/b/c/d/e"])
async def test_what_is_not_there_cannot_be_looked_at(hass: HomeAssistant, office: MockConfigEntry, path: str) -> None:
    with pytest.raises(BrowseError):
        await media_source.async_browse_media(hass, f"{ROOT}/{path.format(e=office.entry_id)}")


async def test_several_pbxs_come_first(hass: HomeAssistant, office: MockConfigEntry, simulator: Simulator) -> None:
    simulator.switch.mailboxes.leave(BOB)
    other = make_entry(istra(simulator, "myistra", BOB))
    other = MockConfigEntry(domain="pbx", title="Bob", unique_id="bob", data=other.data, options=other.options)
    await set_up(hass, other)
    root = await browse(hass)
    assert (root.title, [one.title for one in children(root)]) == ("Voicemails", ["Bob", "Office"])
    (bob,) = children(await browse(hass, children(root)[0].media_content_id))
    (message,) = children(await browse(hass, bob.media_content_id))
    played = await media_source.async_resolve_media(hass, message.media_content_id, None)
    assert played.mime_type == "audio/wav"  # FLAC in MP4, which few play
    assert await hass.config_entries.async_unload(other.entry_id)
    with pytest.raises(Unresolvable):
        await media_source.async_resolve_media(hass, message.media_content_id, None)


async def test_the_search_finds_lines(hass: HomeAssistant, office: MockConfigEntry) -> None:
    for words, names in ((" alice", ["Alice Martin"]), ("1001", ["Bob Keller"]), ("nobody", [])):
        found = await media_source.async_search_media(
            hass, f"{ROOT}/{office.entry_id}", media_source.models.SearchMediaQuery(search_query=words)
        )
        assert [one.title for one in found.result or ()] == names


async def test_o2g_marks_what_was_fetched(hass: HomeAssistant, office: MockConfigEntry, simulator: Simulator) -> None:
    simulator.switch.mailboxes.leave(ALICE)
    await media_source.async_resolve_media(hass, await message_of_alice(hass), None)
    assert unread(simulator) == 0


@pytest.mark.parametrize(("options", "left"), [({}, 0), ({"mark_read": True}, 0), ({"mark_read": False}, 1)])
async def test_marks_are_set_by_playing_as_the_user_wishes(
    home_with_media: HomeAssistant, simulator: Simulator, hass_client: ClientSessionGenerator,
    options: dict[str, Any], left: int,
) -> None:  # fmt: skip
    hass = home_with_media
    simulator.switch.mailboxes.leave(ALICE)
    await set_up(hass, make_entry(istra(simulator, "myistra"), **options))
    message = await message_of_alice(hass)
    played = await media_source.async_resolve_media(hass, message, None)
    client = await hass_client()
    url = async_process_play_media_url(hass, played.url, allow_relative_url=True)
    assert (await client.head(url)).status == 200
    await hass.async_block_till_done(wait_background_tasks=True)
    assert unread(simulator) == 1  # a look is no play
    for _ in range(2):
        assert (await client.get(url)).status == 200
    await hass.async_block_till_done(wait_background_tasks=True)
    assert unread(simulator) == left


async def test_a_mark_that_fails_disturbs_nobody(
    home_with_media: HomeAssistant, simulator: Simulator, hass_client: ClientSessionGenerator,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    hass = home_with_media
    simulator.switch.mailboxes.leave(ALICE)
    await set_up(hass, make_entry(istra(simulator, "myistra")))
    played = await media_source.async_resolve_media(hass, await message_of_alice(hass), None)
    simulator.switch.mailboxes.delete(ALICE)
    client = await hass_client()
    url = async_process_play_media_url(hass, played.url, allow_relative_url=True)
    assert (await client.get(url)).status == 200
    await hass.async_block_till_done(wait_background_tasks=True)
    assert "cannot be marked as read" in caplog.text


async def test_it_is_fetched_once_for_all_who_ask(
    hass: HomeAssistant, office: MockConfigEntry, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator.switch.mailboxes.leave(ALICE, sound=sounds.gsm())
    message = await message_of_alice(hass)
    made: list[bytes] = []

    def make(data: bytes) -> voicemail_sound.PlayableSound:
        made.append(data)
        return voicemail_sound.make_playable(data)

    monkeypatch.setattr(voicemail, "make_playable", make)
    first = asyncio.create_task(media_source.async_resolve_media(hass, message, None))
    second = asyncio.create_task(media_source.async_resolve_media(hass, message, None))
    await asyncio.sleep(0)
    first.cancel()  # who asked first goes away
    assert (await second).mime_type == "audio/wav"
    await media_source.async_resolve_media(hass, message, None)
    assert len(made) == 1
    # after ten minutes it is let go of
    monkeypatch.setattr(voicemail, "HELD_SECONDS", -1.0)
    await media_source.async_resolve_media(hass, message, None)
    assert len(made) == 2


async def test_what_is_held_is_bounded(
    hass: HomeAssistant, office: MockConfigEntry, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voicemail, "HELD_BYTES", 150_000)
    for _ in range(4):
        simulator.switch.mailboxes.leave(ALICE, sound=sounds.gsm())  # 96,000 bytes each
    (alice,) = [one for one in children(await browse(hass)) if "Alice" in one.title]
    for message in children(await browse(hass, alice.media_content_id)):
        await media_source.async_resolve_media(hass, message.media_content_id, None)
    assert len(voicemail.sound_shelf(hass)._held) == 1


async def test_what_is_too_large_is_given_up(
    hass: HomeAssistant, office: MockConfigEntry, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voicemail, "MOST_BYTES", 1000)
    simulator.switch.mailboxes.leave(ALICE, sound=sounds.gsm())
    with pytest.raises(Unresolvable, match="larger than"):
        await media_source.async_resolve_media(hass, await message_of_alice(hass), None)


async def test_what_takes_too_long_is_given_up(
    hass: HomeAssistant, office: MockConfigEntry, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator.switch.mailboxes.leave(ALICE)
    message = await message_of_alice(hass)
    monkeypatch.setattr(voicemail, "FETCH_SECONDS", 0.0)
    with pytest.raises(Unresolvable, match="did not send"):
        await media_source.async_resolve_media(hass, message, None)


async def test_a_long_list_is_cut_and_says_so(
    hass: HomeAssistant, office: MockConfigEntry, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ours, "MOST_LISTED", 2)
    for _ in range(3):
        simulator.switch.mailboxes.leave(ALICE)
    root = await browse(hass)
    assert (len(children(root)), root.not_shown) == (2, 2)
    line = await browse(hass, f"{ROOT}/{office.entry_id}/{ALICE}")
    assert (len(children(line)), line.not_shown) == (2, 1)


async def test_a_stranger_gives_a_long_name(hass: HomeAssistant, office: MockConfigEntry, simulator: Simulator) -> None:
    stranger = simulator.switch.who("1001")
    simulator.switch.mailboxes.leave(ALICE, type(stranger)("EXTERNAL", "0015550199", last_name="<b>" + "x" * 500))
    (message,) = children(await browse(hass, f"{ROOT}/{office.entry_id}/{ALICE}"))
    assert message.title.startswith("New: <b>xxx")  # text, shown as such
    assert len(message.title) < 100


async def test_a_line_with_several_mailboxes(
    hass: HomeAssistant, office: MockConfigEntry, simulator: Simulator
) -> None:
    boxes = (MailboxSnapshot(id="1000", name="Alice"), MailboxSnapshot(id="9999"))
    with patch.object(Line, "mailboxes", return_value=boxes):
        line = await browse(hass, f"{ROOT}/{office.entry_id}/{ALICE}")
    assert [one.title for one in children(line)] == ["Alice", "9999"]
    simulator.switch.mailboxes.leave(ALICE)
    assert len(children(await browse(hass, children(line)[0].media_content_id))) == 1
