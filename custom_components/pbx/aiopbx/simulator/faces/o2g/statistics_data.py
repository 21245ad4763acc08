"""Rows of statistics as the wire has them, and the files that are made of them."""

import csv
import io
import re
import types
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final, TypeVar, Union, get_args, get_origin
from xml.sax.saxutils import escape

import msgspec

from ....o2g.types import statistics as wire
from ....o2g.types.base import Wire
from ....o2g.types.statistics_rows import (
    AgentByPilotStatisticsRow,
    AgentStatisticsRow,
    PilotAbandonedCallRow,
    PilotStatisticsRow,
)
from ...switch import Switch
from ...switch.journal import Visit
from ...switch.statistics import Values, Window

RowT = TypeVar("RowT", bound=Wire)
ALL: Final = "ALL"
SLOTS: Final = {
    wire.TimeInterval.A_QUARTER_OF_AN_HOUR: 15,
    wire.TimeInterval.HALF_AN_HOUR: 30,
    wire.TimeInterval.AN_HOUR: 60,
}
"""Minutes."""


@dataclass(frozen=True)
class Span:
    """The time that figures are about, on the clock of who asks, and how it is divided."""

    begin: datetime
    end: datetime
    """Behind the last minute."""
    step: timedelta
    slot: wire.TimeInterval | None = None
    """Of one day: how long a slot is; several days have a row for each."""

    @property
    def selected(self) -> wire.SelectedPeriod:
        """How the answer names it."""
        return wire.SelectedPeriod(
            period_type=wire.DataObservationPeriod.ON_SEVERAL_DAYS
            if self.slot is None
            else wire.DataObservationPeriod.ONE_DAY,
            slot_type=self.slot,
            begin_date=_minute(self.begin),
            end_date=_minute(self.end - timedelta(minutes=1)),
        )

    def parts(self) -> Iterator[tuple[datetime, datetime]]:
        """Yield its slots or days."""
        at = self.begin
        while at < self.end:
            until = min(at + self.step, self.end)
            yield at, until
            at = until


def offset(text: str) -> timezone:
    """Return the zone that an offset from UTC names."""
    if text == "Z":
        return timezone.utc  # noqa: UP017 - a timezone, as the others are
    sign = -1 if text[0] == "-" else 1
    digits = text[1:].replace(":", "")
    return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0)))


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M}"


def _dated(moment: datetime) -> dict[str, Any]:
    return {
        "date": _minute(moment),
        "year": f"{moment:%Y}",
        "month": f"{moment:%m}",
        "day": f"{moment:%d}",
        "hour": f"{moment:%H}",
        "minute": f"{moment:%M}",
    }


def _texts(kind: type[Wire]) -> dict[str, bool]:
    """The fields of a row by their names on the wire, and whether each is a text."""
    found = {}
    for field in msgspec.structs.fields(kind):
        parts = get_args(field.type) if get_origin(field.type) in (Union, types.UnionType) else (field.type,)
        if int in parts or str in parts:
            found[field.encode_name] = int not in parts
    return found


def _row(kind: type[RowT], identity: dict[str, Any], values: Values, wanted: Sequence[str]) -> RowT:
    """Return a row with the figures that are wanted; what the switch never does is 0."""
    fields = _texts(kind)
    named = set(wanted) or {ALL}
    made = dict(identity)
    for name, is_text in fields.items():
        if name in identity or (ALL not in named and name not in named) or name in _IDENTITY:
            continue
        if is_text:
            made[name] = str(values.get(name, "00:00:00" if name.endswith("Dur") else "0.0"))
        else:
            made[name] = values.get(name, 0)
    return msgspec.convert(made, type=kind)


_IDENTITY: Final = frozenset(
    {"date", "year", "month", "day", "hour", "minute", "login", "operator", "firstName", "lastName", "number", "group"}
    | {"pilotName", "pilotNumber", "queueName", "abandonedOn5hWaitingVG"}
)


class Collector:
    """Collects the figures of a context, an object at a time."""

    def __init__(
        self, switch: Switch, requester: str, filter: wire.StatsFilter, span: Span, numbers: list[str]
    ) -> None:
        """Collect of these numbers."""
        self._switch = switch
        self._requester = requester
        self._filter = filter
        self._span = span
        self.numbers = numbers
        self._windows = [(begin, Window(switch, begin, end)) for begin, end in span.parts()]
        self._rows: dict[datetime, list[Any]] = {begin: [] for begin, _ in self._windows}
        self.done = 0

    def one(self) -> None:
        """Collect the next object."""
        number = self.numbers[self.done]
        for begin, window in self._windows:
            self._rows[begin] += self._of(number, begin, window)
        self.done += 1

    def _of(self, number: str, begin: datetime, window: Window) -> list[Any]:
        if self._filter.agent_filter is not None:
            return [self._agent(self._filter.agent_filter, number, begin, window)]
        pilot = self._switch.pilots[number]
        name = {"pilotName": pilot.name, "pilotNumber": number, "queueName": pilot.name}
        if self._filter.pilot_filter is not None:
            wanted = [str(one) for one in self._filter.pilot_filter.attributes]
            return [_row(PilotStatisticsRow, {**_dated(begin), **name}, window.pilot(number), wanted)]
        of = self._filter.pilot_abandoned_call_filter
        wanted = [str(one) for one in of.attributes] if of is not None else []
        return [self._abandoned(visit, values, name, begin, wanted) for visit, values in window.abandoned([number])]

    def _abandoned(
        self, visit: Visit, values: Values, name: dict[str, Any], begin: datetime, wanted: list[str]
    ) -> PilotAbandonedCallRow:
        identity = {**_dated(visit.came.astimezone(begin.tzinfo)), "queueName": name["queueName"]}
        whole = not wanted or ALL in wanted
        identity |= {key: name[key] for key in ("pilotName", "pilotNumber") if whole or key in wanted}
        return _row(PilotAbandonedCallRow, identity, values, wanted)

    def _agent(self, of: wire.StatsAgentFilter, number: str, begin: datetime, window: Window) -> AgentStatisticsRow:
        user = self._switch.by_number(number)
        assert user is not None
        agent = user.agent
        identity = {
            **_dated(begin),
            "login": user.login,
            "operator": number,
            "firstName": user.first_name,
            "lastName": user.last_name,
            "number": number,
            "group": (agent.group or agent.preferred or next(iter(agent.groups), "")) if agent is not None else "",
        }
        row = _row(AgentStatisticsRow, identity, window.agent(user.login), [str(one) for one in of.agent_attributes])
        if not of.pilot_attributes:
            return row
        by_pilot = tuple(
            _row(
                AgentByPilotStatisticsRow,
                {"pilotNumber": pilot, "pilotName": self._switch.pilots[pilot].name},
                values,
                [str(one) for one in of.pilot_attributes],
            )
            for pilot, values in window.by_pilot(user.login).items()
        )
        return msgspec.structs.replace(row, **{BY_PILOT: by_pilot})

    def stats(self) -> wire.Stats:
        """Return what was collected."""
        selected = self._span.selected
        if self._filter.pilot_abandoned_call_filter is not None:
            rows = tuple(row for found in self._rows.values() for row in found)
            calls = wire.PilotAbandonedCalls(selected_period=selected, rows=rows)
            return wire.Stats(supervisor=self._requester, pilot_abandoned_calls=calls)
        kind: Any = wire.AgentStats if self._filter.agent_filter is not None else wire.PilotStats
        tables = tuple(
            kind(
                time_slot=_minute(begin) if self._span.slot is not None else None,
                selected_period=selected,
                rows=tuple(rows),
            )
            for begin, rows in self._rows.items()
        )
        if self._span.slot is None:
            rows = tuple(row for found in self._rows.values() for row in found)
            tables = (kind(selected_period=selected, rows=rows),)
        if self._filter.agent_filter is not None:
            return wire.Stats(supervisor=self._requester, agents_stats=tables)
        return wire.Stats(supervisor=self._requester, pilots_stats=tables)

    def file(self, form: str, *, short_header: bool) -> bytes:
        """Return a ZIP archive with one file in it."""
        rows = [msgspec.to_builtins(row) for found in self._rows.values() for row in found]
        columns = list(dict.fromkeys(name for row in rows for name in row if not isinstance(row[name], list | tuple)))
        header = columns if short_header else [_label(name) for name in columns]
        table = [header, *([str(row.get(name, "")) for name in columns] for row in rows)]
        content = _csv(table) if form == "csv" else _sheet(table)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo(f"statistics.{form}"), content, zipfile.ZIP_DEFLATED)
        return packed.getvalue()


BY_PILOT: Final = next(
    field.name for field in msgspec.structs.fields(AgentStatisticsRow) if "AgentByPilot" in str(field.type)
)
"""The field of an agent's row that holds its rows by pilot."""


def _label(name: str) -> str:
    """Return what a column is called in full."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z0-9])", " ", name).split()
    return " ".join(words).capitalize()


def _csv(table: list[list[str]]) -> bytes:
    written = io.StringIO()
    csv.writer(written, delimiter=";", lineterminator="\r\n").writerows(table)
    return written.getvalue().encode("utf-8-sig")


def _sheet(table: list[list[str]]) -> bytes:
    """Return a workbook of one sheet, as the XML that spreadsheets have read since 2003."""
    rows = "".join(
        "<Row>" + "".join(f'<Cell><Data ss:Type="String">{escape(cell)}</Data></Cell>' for cell in row) + "</Row>"
        for row in table
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><?mso-application progid="Excel.Sheet"?>'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">'
        f'<Worksheet ss:Name="Statistics"><Table>{rows}</Table></Worksheet></Workbook>'
    ).encode()
