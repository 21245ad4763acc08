"""The call centre on the wire: its events applied to the store, and what is wanted of it asked for again."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from msgspec.structs import replace

from ..centre import ROWS, Figures, FiguresWanted, RouteSnapshot, StatisticsStep, TableName, WaitingChange
from ..errors import PbxError, SessionLost
from ..events import (
    CentreChanged,
    DigitsCollected,
    RouteEnded,
    RouteRequested,
    StatisticsProgress,
    ToneChanged,
    WaitingChanged,
)
from ..store import Store
from .client import O2gClient
from .reducer.centre import STEPS, digits_of, route_of, waiting_call
from .reducer.figures import FIGURES, figures
from .types.pilot_monitoring import OnPilotCallCreated, OnPilotCallQueued, OnPilotCallRemoved
from .types.real_time import (
    RtiAgentFilter,
    RtiAgentProcessingGroupFilter,
    RtiContext,
    RtiFilter,
    RtiObjectIdentifier,
    RtiOtherProcessingGroupFilter,
    RtiPilotFilter,
    RtiQueueFilter,
)
from .types.real_time_figures import (
    RtiAgentAttributes,
    RtiAgentProcessingGroupAttributes,
    RtiOtherProcessingGroupAttributes,
    RtiPilotAttributes,
    RtiQueueAttributes,
)
from .types.rsi import OnDigitCollected, OnRouteEnd, OnRouteRequest, OnToneGeneratedStart, OnToneGeneratedStop
from .types.statistics import OnAcdStatsProgress

_LOG = logging.getLogger(__name__)


KIND_OF: Final = {table: kind for kind, (table, _, _) in FIGURES.items()}
"""The kind of event of each table."""


class CentreState:
    """What events and answers of one connection say about the call centre."""

    def __init__(self, client: O2gClient, store: Store) -> None:
        """Ask this client, and fill this store."""
        self._client = client
        self._store = store
        self._centre = store.centre
        self._tables = {kind: (self._centre.rows[table], merge) for kind, (table, _, merge) in FIGURES.items()}
        self._audience = store.subscribers.everywhere
        self._publish = store.publish_figures
        self._by_key: dict[tuple[type, int | None], str] = {}
        """The numbers of objects whose events name only their inner key."""
        self._answered: set[str] = set()
        """Dialogues in which we have said where the call goes."""
        self._handlers: Final[dict[type, Callable[[Any, datetime], None]]] = {
            OnPilotCallCreated: self._apply_waiting,
            OnPilotCallQueued: self._apply_waiting,
            OnPilotCallRemoved: self._apply_waiting,
            OnRouteRequest: self._apply_request,
            OnRouteEnd: self._apply_end,
            OnDigitCollected: self._apply_digits,
            OnToneGeneratedStart: self._apply_tone,
            OnToneGeneratedStop: self._apply_tone,
            OnAcdStatsProgress: self._apply_progress,
        }

    def apply(self, event: Any, now: datetime) -> bool:
        """Apply an event that is about no figures; False if it is about something else."""
        handler = self._handlers.get(type(event))
        if handler is None:
            return False
        handler(event, now)
        return True

    # ------------------------------------------------------------------------------------------------------- figures

    def apply_figures(self, event: Any, now: datetime) -> None:
        """Merge the figures of an event. This is the hot path: a thousand agents every few seconds."""
        rows, merge = self._tables[type(event)]
        number = event.number
        before = rows.get(number)
        if before is not None and before.confirmed:
            rows[number] = after = merge(event, before)
        else:
            number = number or self._by_key.get((type(event), event.afe_key))
            if number is None or self._centre.wanted is None:
                return  # of no object that is known; or a late one, when nothing is wanted any more
            before = rows.get(number)
            rows[number] = after = figures(type(event), event, before)
            self._by_key[type(event), after.key] = number
        if CentreChanged in self._audience:
            table = FIGURES[type(event)][0]
            self._publish(CentreChanged(at=now, table=table, row=after, previous=before))

    async def want(self, wanted: FiguresWanted | None) -> None:
        """Have the server send these figures, or none."""
        if wanted is None:
            self._centre.wanted = None
            for rows in self._centre.rows.values():
                rows.clear()
            await self._client.real_time.delete_real_time_context()
            return
        names = await self.objects()
        chosen: dict[TableName, tuple[str, ...]] = {
            table: tuple(names[table]) if numbers is None else tuple(sorted(numbers))
            for table, numbers in wanted.tables.items()
        }
        # A filter that is empty may mean all to a server, or nothing: what there is none of is left out.
        context = _context(wanted, {table: numbers for table, numbers in chosen.items() if numbers})
        if context.filter is not None:
            await self._client.real_time.set_real_time_context(context)
        self._centre.wanted = wanted
        for table, rows in self._centre.rows.items():
            kept: dict[str, Any] = {}
            for number in chosen.get(table, ()):
                before = rows.get(number)
                row: Any = replace(before, confirmed=False) if before is not None else names[table].get(number)
                if row is not None:
                    kept[number] = row
                    if row.key is not None:
                        self._by_key[KIND_OF[table], row.key] = number
            rows.clear()
            rows.update(kept)
        if context.filter is not None:
            await self._client.real_time.real_time_snapshot()

    async def objects(self) -> dict[TableName, dict[str, Figures]]:
        """All that has figures, by table and number, with nothing but the names."""
        found = await self._client.real_time.objects()
        listed: dict[TableName, tuple[RtiObjectIdentifier, ...]] = {
            "agents": found.agents,
            "pilots": found.pilots,
            "queues": found.queues,
            "groups": found.pg_agents,
            "other_groups": found.pg_others,
        }
        return {table: {one.number: _row(table, one) for one in some if one.number} for table, some in listed.items()}

    # --------------------------------------------------------------------------------------------------------- pilots

    def _apply_waiting(self, event: Any, now: datetime) -> None:
        ref = event.call_ref
        if not ref or not event.pilot:
            return
        calls = self._centre.waiting.setdefault(event.pilot, {})
        before = calls.get(ref)
        if type(event) is OnPilotCallRemoved:
            if before is None:
                return  # it came before we watched
            del calls[ref]
            change = WaitingChange.LEFT
        else:
            change = WaitingChange.QUEUED if type(event) is OnPilotCallQueued else WaitingChange.ARRIVED
        after = waiting_call(before, event, now)
        if change is not WaitingChange.LEFT:
            calls[ref] = after
        self._store.publish(WaitingChanged(at=now, pilot=event.pilot, call=after, change=change))

    def forget_waiting(self, pilot: str) -> None:
        """Nothing is known of the calls of a pilot any more: they have left, without anyone seeing where."""
        now = datetime.now(UTC)
        for call in self._centre.waiting.pop(pilot, {}).values():
            self._store.publish(WaitingChanged(at=now, pilot=pilot, call=call, change=WaitingChange.LEFT))

    # -------------------------------------------------------------------------------------------------------- routing

    def _apply_request(self, event: OnRouteRequest, now: datetime) -> None:
        said = event.request
        if said is None or not said.route_crid or not event.rsi_point or event.rsi_point not in self._centre.enabled:
            return
        self._begin(route_of(event.rsi_point, said, now))

    def _begin(self, request: RouteSnapshot) -> None:
        if request.id not in self._centre.requests:
            self._centre.requests[request.id] = request
            self._store.publish(RouteRequested(at=request.at, point=request.point, request=request))

    def _apply_end(self, event: OnRouteEnd, now: datetime) -> None:
        request = self._centre.requests.get(event.route_crid or "")
        if request is not None:
            self._end(request, str(event.reason).lower() if event.reason is not None else None, now)

    def _end(self, request: RouteSnapshot, reason: str | None, now: datetime) -> None:
        del self._centre.requests[request.id]
        answered = request.id in self._answered
        self._answered.discard(request.id)
        self._store.publish(RouteEnded(at=now, point=request.point, request=request, answered=answered, reason=reason))

    def answered(self, request: str) -> None:
        """We have said where a call goes."""
        if request in self._centre.requests:
            self._answered.add(request)

    def forget_requests(self, point: str) -> None:
        """We route the calls of a point no longer."""
        now = datetime.now(UTC)
        for request in [one for one in self._centre.requests.values() if one.point == point]:
            self._end(request, None, now)

    async def read_requests(self, point: str) -> None:
        """Compare the calls that look for a route with those the server has: some came or ended unseen."""
        # What comes while it is read may not be in the answer, and is open all the same.
        before = [one for one in self._centre.requests.values() if one.point == point]
        sessions = (await self._client.routing_points.route_sessions(point)).route_sessions
        now = datetime.now(UTC)
        there = {one.route_crid: one for one in sessions if one.route_crid}
        for request in before:
            if request.id not in there and request.id in self._centre.requests:
                self._end(request, None, now)
        for said in there.values():
            self._begin(route_of(point, said, now))

    def _apply_digits(self, event: OnDigitCollected, now: datetime) -> None:
        said = event.data_collected
        self._store.publish(
            DigitsCollected(
                at=now,
                point=event.rsi_point or "",
                ref=event.call_ref,
                digits=digits_of(event),
                collection=said.coll_crid if said is not None else None,
            )
        )

    def _apply_tone(self, event: Any, now: datetime) -> None:
        playing = type(event) is OnToneGeneratedStart
        tone = (event.tones_types or event.tone_type) if playing else None
        self._store.publish(
            ToneChanged(
                at=now,
                point=event.rsi_point or "",
                ref=event.call_ref,
                playing=playing,
                tone=str(tone).lower() if tone is not None else None,
            )
        )

    def _apply_progress(self, event: OnAcdStatsProgress, now: datetime) -> None:
        step = STEPS.get(event.step, StatisticsStep.UNKNOWN) if event.step is not None else StatisticsStep.UNKNOWN
        self._store.publish(
            StatisticsProgress(
                at=now,
                requester=event.supervisor,
                step=step,
                done=event.nb_processed_objects,
                total=event.nb_tot_objects,
                path=event.full_res_path or event.xlsfull_res_path or event.res_path,
            )
        )

    # ------------------------------------------------------------------------------------------------- new connections

    async def resume(self) -> None:
        """Ask a new connection for what is wanted. What the server refuses now is logged, and the rest goes on."""
        centre = self._centre
        for table, rows in centre.rows.items():
            centre.rows[table].update({number: replace(row, confirmed=False) for number, row in rows.items()})
        if centre.wanted is not None:
            await self._try("figures in real time", self.want(centre.wanted))
        for pilot in list(centre.watched):
            self.forget_waiting(pilot)
            await self._try("calls of a pilot", self._client.pilot_monitoring.watch_pilot(pilot))
        for point, backup in list(centre.enabled.items()):
            await self._try("routing calls", self._enable(point, backup))

    async def _enable(self, point: str, backup: bool) -> None:
        await self._client.routing_points.enable_routing_point(point, backup=backup or None)
        await self.read_requests(point)

    @staticmethod
    async def _try(what: str, ask: Any) -> None:
        try:
            await ask
        except SessionLost:
            raise
        except PbxError as error:
            if error.transient:
                raise
            _LOG.warning("After the loss, %s could not be had again: %s", what, error.message)


def _row(table: TableName, said: RtiObjectIdentifier) -> Figures:
    given: dict[str, Any] = {"number": said.number, "name": said.name, "key": said.key, "confirmed": False}
    if table == "agents":
        given["first_name"] = said.first_name
    return ROWS[table](**given)


def _context(wanted: FiguresWanted, chosen: dict[TableName, tuple[str, ...]]) -> RtiContext:
    """What the server is asked for; without a filter where there is nothing to ask for."""
    filters = RtiFilter(
        agent_filter=RtiAgentFilter(numbers=chosen["agents"], attributes=(RtiAgentAttributes.ALL,))
        if "agents" in chosen
        else None,
        pilot_filter=RtiPilotFilter(numbers=chosen["pilots"], attributes=(RtiPilotAttributes.ALL,))
        if "pilots" in chosen
        else None,
        queue_filter=RtiQueueFilter(numbers=chosen["queues"], attributes=(RtiQueueAttributes.ALL,))
        if "queues" in chosen
        else None,
        pg_agent_filter=RtiAgentProcessingGroupFilter(
            numbers=chosen["groups"], attributes=(RtiAgentProcessingGroupAttributes.ALL,)
        )
        if "groups" in chosen
        else None,
        pg_other_filter=RtiOtherProcessingGroupFilter(
            numbers=chosen["other_groups"], attributes=(RtiOtherProcessingGroupAttributes.ALL,)
        )
        if "other_groups" in chosen
        else None,
    )
    return RtiContext(
        obs_period=wanted.period, notif_frequency=wanted.every, filter=filters if any(chosen.values()) else None
    )
