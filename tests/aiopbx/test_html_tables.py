"""What objects show of themselves in a notebook."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from aiopbx import CallRecord, Contact, LineSnapshot, Party, UnknownLine
from aiopbx.html_tables import lines_html, snapshot_html, table_html
from aiopbx.model import Condition, Forward, Routing, Target
from aiopbx.records import MailboxKey, Pin
from tests.aiopbx.office import Office, office

HOSTILE = '<img src=x> & "Bob"'


@pytest.fixture
async def one() -> AsyncIterator[Office]:
    async with office() as found:
        yield found


class Cells(HTMLParser):
    """The texts of a table's cells."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag in ("td", "th"):
            self.found.append("")

    def handle_data(self, data: str) -> None:
        self.found[-1] += data


def cells(html: str) -> list[str]:
    read = Cells(html)
    assert read.tags <= {"table", "tr", "td", "th"}
    return read.found


async def test_a_system_a_line_and_a_call(one: Office) -> None:
    pbx = await one.connect()
    call = await pbx.line("1000").dial("1001")
    assert {"Status", "online", "1000", "ringing outgoing", "Bob Keller (1001)"} <= set(cells(pbx._repr_html_()))
    assert cells(pbx.lines._repr_html_()).count("Number") == 1  # type: ignore[attr-defined]
    shown = cells(pbx.line("1001")._repr_html_())
    assert {"Bob Keller", "oxe1001", "ringing incoming"} <= set(shown)
    assert any("do not disturb" in text for text in shown), "its features"
    shown = cells(call._repr_html_())
    assert {"ringing outgoing", "outgoing", call.ref} <= set(shown)
    assert {"Ended at", "Outcome"}.isdisjoint(shown), "unknown is left out"
    assert repr(pbx.lines) == "<4 lines>"


async def test_a_line_is_found_by_its_number_too(one: Office) -> None:
    pbx = await one.connect()
    assert pbx.lines["1000"] is pbx.lines["oxe1000"] is pbx.line("1000")
    assert "1000" not in pbx.lines
    assert pbx.lines.get("1000") is None
    assert pbx.lines.get("1000", 5) == 5
    assert pbx.lines.get("oxe1000") is pbx.line("1000")
    with pytest.raises(UnknownLine, match="No line '9' is monitored"):
        pbx.lines["9"]
    with pytest.raises(KeyError):
        pbx.lines["9"]


def test_text_of_strangers_is_only_text() -> None:
    line = LineSnapshot(id="a", number="1000", name=HOSTILE)
    assert HOSTILE in cells(lines_html([line]))
    assert HOSTILE in cells(snapshot_html(line))
    record = CallRecord(id=1, parties=(Party(name=HOSTILE, number="5550101"),))
    assert any(HOSTILE in text for text in cells(snapshot_html(record)))
    assert HOSTILE in cells(table_html([HOSTILE], [["x"]]))


def test_many_lines_are_counted() -> None:
    lines = [LineSnapshot(id=str(number), number=str(number)) for number in range(2000, 1000, -1)]
    shown = cells(lines_html(lines))
    assert "1001" in shown
    assert "1051" not in shown
    assert shown[-1] == "… and 950 more"


@pytest.mark.parametrize(
    ("routing", "words"),
    [
        (Routing(do_not_disturb=True), "no one: do not disturb"),
        (Routing(forward=Forward(number="1002")), "1002"),
        (Routing(forward=Forward(condition=Condition.BUSY, target=Target.VOICEMAIL)), "voicemail (busy)"),
        (Routing(), ""),
    ],
)
def test_where_calls_go(routing: Routing, words: str) -> None:
    shown = cells(lines_html([LineSnapshot(id="a", number="1000", routing=routing)]))
    assert shown[11] == words


def test_any_snapshot_has_a_face() -> None:
    at = datetime(2026, 1, 31, 12, tzinfo=UTC)
    shown = cells(Contact(number="1000", last_name="Keller")._repr_html_())
    assert shown == ["Last name", "Keller", "Number", "1000"]
    shown = cells(CallRecord(id=1, answered=False, acknowledged=True, started_at=at)._repr_html_())
    assert shown[shown.index("Acknowledged") + 1] == "yes"
    assert f"{at.astimezone():%Y-%m-%d %H:%M:%S}" in shown


def test_what_is_secret_is_not_shown() -> None:
    assert "4711" not in Pin(number="4711")._repr_html_()
    assert "open-sesame" not in MailboxKey(id="1", password="open-sesame")._repr_html_()
