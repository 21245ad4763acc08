"""Routing by the application."""

from ...centre import PointSnapshot, RouteSnapshot
from ...errors import InvalidInput
from ..centre import CentreState
from ..client import O2gClient
from ..types.base import CONTACTCENTER_RSI
from ..types.rsi import (
    CallRefRequest,
    PlayToneRequest,
    PlayVoiceGuideRequest,
    RouteEnd,
    RouteSelect,
    StartDataCollectionRequest,
    Tones,
)
from . import Lacks, Part


class O2gRoutingPoints(Part):
    """Routing points, and the calls there."""

    def __init__(self, client: O2gClient, lacks: Lacks, centre: CentreState) -> None:
        """Ask this client; ``centre`` keeps what comes."""
        super().__init__(client, lacks)
        self._service = client.routing_points
        self._centre = centre

    async def points(self) -> tuple[PointSnapshot, ...]:
        """``GET /``."""
        answer = await self._licensed(None, CONTACTCENTER_RSI, self._service.routing_points())
        return tuple(
            PointSnapshot(
                number=one.number,
                name=one.name or "",
                node=str(one.node) if one.node is not None else None,
                enabled=one.registered,
            )
            for one in answer.rsi_points
            if one.number
        )

    async def enable(self, point: str, backup: bool) -> None:
        """``POST /{rsiNumber}/enable``, then what waits there already."""
        await self._licensed(None, CONTACTCENTER_RSI, self._service.enable_routing_point(point, backup=backup or None))
        await self._centre.read_requests(point)

    async def disable(self, point: str) -> None:
        """``POST /{rsiNumber}/disable``."""
        self._centre.forget_requests(point)
        await self._licensed(None, CONTACTCENTER_RSI, self._service.disable_routing_point(point))

    async def select(
        self, request: RouteSnapshot, number: str, calling_number: str | None, data: str | None, voicemail: bool
    ) -> None:
        """``POST …/routeSelect``. The flag for voicemail goes by both of its names: servers read one of them."""
        body = RouteSelect(
            route_crid=request.id,
            selected_route=number,
            calling_line=calling_number,
            associated_data=data,
            route_to_voice_mail=voicemail or None,
            route_to_voicemail=voicemail or None,
        )
        await self._licensed(None, CONTACTCENTER_RSI, self._service.select_route(request.point, body))
        self._centre.answered(request.id)

    async def end(self, request: RouteSnapshot) -> None:
        """``POST …/routeEnd``."""
        await self._licensed(
            None, CONTACTCENTER_RSI, self._service.end_route(request.point, RouteEnd(route_crid=request.id))
        )
        self._centre.answered(request.id)

    async def collect(
        self, request: RouteSnapshot, count: int | None, until: str | None, timeout: int | None
    ) -> str | None:
        """``POST …/collectDigits``."""
        body = StartDataCollectionRequest(call_ref=_ref(request), num_chars=count, flush_char=until, timeout=timeout)
        return await self._licensed(None, CONTACTCENTER_RSI, self._service.collect_digits(request.point, body))

    async def stop_collecting(self, request: RouteSnapshot, collection: str) -> None:
        """``DELETE …/collectDigits/{collCrid}``."""
        await self._service.stop_collecting(request.point, collection)

    async def tone(self, request: RouteSnapshot, tone: str, seconds: int) -> None:
        """``POST …/playTone``. The tone goes by both of its names: servers read one of them."""
        name = Tones(tone.upper())
        if not name.listed:
            raise InvalidInput(
                "tone", f"{tone[:20]!r} is not known.", remedy=f"It is one of {', '.join(Tones).lower()}."
            )
        body = PlayToneRequest(call_ref=_ref(request), type=name, tone=name, duration=seconds)
        await self._licensed(None, CONTACTCENTER_RSI, self._service.play_tone(request.point, body))

    async def stop_tone(self, request: RouteSnapshot) -> None:
        """``POST …/stopTone``."""
        await self._licensed(
            None, CONTACTCENTER_RSI, self._service.stop_tone(request.point, CallRefRequest(call_ref=_ref(request)))
        )

    async def guide(self, request: RouteSnapshot, number: int, seconds: int | None) -> None:
        """``POST …/playVoiceGuide``."""
        body = PlayVoiceGuideRequest(call_ref=_ref(request), guide_number=number, duration=seconds)
        await self._licensed(None, CONTACTCENTER_RSI, self._service.play_voice_guide(request.point, body))


def _ref(request: RouteSnapshot) -> str:
    if request.ref is None:
        raise InvalidInput("request", "the system has not named its call.", remedy="Only a route can be chosen for it.")
    return request.ref
