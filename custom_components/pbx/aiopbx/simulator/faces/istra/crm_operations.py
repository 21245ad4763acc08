"""myCrm: the terminals of a user, listening to one, and placing calls from it."""

from http import HTTPStatus
from typing import Final

from . import service
from .context import NOTHING, OK, Answer, Context, Route
from .identifiers import terminal_id
from .placing import place
from .refusals import bad_request, no_crm, out_of_service
from .sessions import CRM

_MODELS: Final = {
    "DESKPHONE": "SIP generic device",
    "SOFTPHONE": "SIP softphone",
    "DECT": "DECT handset",
    "MOBILE": "Mobile extension",
}


def model_of(kind: str) -> str:
    """What kind of telephone a terminal is, in words."""
    return _MODELS.get(kind, kind)


def _allowed(ctx: Context) -> None:
    """The right may have been taken away since the log-in."""
    if not ctx.user.crm:
        raise no_crm()


def terminals(ctx: Context) -> list[dict[str, str]]:
    """``GET v1/crm/GetTerminals``: a bare list."""
    _allowed(ctx)
    user = ctx.user
    return [
        {"deviceModel": model_of(device.kind), "terminalId": terminal_id(user.login, device.id)}
        for device in user.devices.values()
    ]


def listen(ctx: Context) -> Answer:
    """``GET v1/crm/CallLine``: bind a listener to its terminal. Nothing of what was before is told."""
    _allowed(ctx)
    if not ctx.query.get("listenerName", "").strip():
        raise bad_request("listenerName: a text is missing")
    device = service.terminal(ctx, ctx.asked("terminalId"))
    if ctx.face.variants.refuse_listening and not ctx.user.usable(device):
        raise out_of_service()
    service.bound(ctx, device=device)
    return NOTHING if ctx.face.variants.empty == "no_content" else OK


def place_call(ctx: Context) -> Answer:
    """``GET v1/crm/PlaceCall``."""
    _allowed(ctx)
    device = service.terminal(ctx, ctx.asked("terminalId"))
    place(ctx, ctx.user, device, ctx.asked("destination"))
    return Answer(HTTPStatus.OK)


ROUTES: Final = (
    Route(CRM, ("GET",), "v1/crm/GetTerminals", terminals),
    Route(CRM, ("GET",), "v1/crm/CallLine", listen),
    Route(CRM, ("GET",), "v1/crm/PlaceCall", place_call),
)
