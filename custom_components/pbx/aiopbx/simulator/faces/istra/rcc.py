"""myRCC: the extensions of the enterprise, their lines, and what can be done with them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from ...switch.calls import DIALING, HELD, RINGING_INCOMING, RINGING_OUTGOING
from . import shared
from .context import NOTHING, Answer, Context, Route
from .identifiers import extension_id
from .lines import Line
from .refusals import bad_request, not_found, wrong_state
from .sessions import RCC

if TYPE_CHECKING:
    from ...switch.users import User

EXTENSIONS: Final = "v1/rcc/Extension"
LINES: Final = "v1/rcc/CallLine"


# -- extensions -------------------------------------------------------------------------------------------------


def _extension(ctx: Context, user: "User", place_in_list: int = 0) -> dict[str, Any]:
    key = ctx.face.variants.department_key
    if key == "mixed":
        key = "Department" if place_in_list % 2 else "department"
    found: dict[str, Any] = {
        "addressNumber": user.number,
        "restUri": f"{EXTENSIONS}/{extension_id(user.login)}",
        "displayName": user.name,
        key: user.department,
        "urlPhoto": user.photo_url,
        "pstnNumbers": list(user.pstn_numbers),
    }
    if ctx.face.variants.sparse:
        found = {name: value for name, value in found.items() if value not in ("", [])}
    return found


def extensions(ctx: Context) -> dict[str, Any]:
    """``GET v1/rcc/Extension``: a page, by number."""
    users = [user for user in ctx.switch.users.values() if user.rcc]
    users.sort(key=lambda user: (len(user.number), user.number))
    most = ctx.face.settings.rcc_page
    offset, length = ctx.whole("offset", 0), min(ctx.whole("length", most), most)
    page = users[offset : offset + length]
    found: dict[str, Any] = {"count": len(users)}
    found |= ctx.face.variants.listed("items", [_extension(ctx, user, n) for n, user in enumerate(page)])
    if length and offset + length < len(users):
        found["next"] = f"{EXTENSIONS}?offset={offset + length}&length={length}"
    if length and offset:
        found["prev"] = f"{EXTENSIONS}?offset={max(0, offset - length)}&length={length}"
    return found


def _user(ctx: Context, id: str) -> "User":
    login = ctx.face.ids.login(extension_id, id)
    user = ctx.switch.users.get(login) if login is not None else None
    if user is None or not user.rcc:
        raise not_found(f"there is no extension {id!r}")
    return user


def extension(ctx: Context, id: str) -> dict[str, Any]:
    """``GET v1/rcc/Extension/{id}``."""
    return _extension(ctx, _user(ctx, id))


def place_call(ctx: Context, id: str) -> dict[str, Any]:
    """``POST v1/rcc/Extension/{id}/placeCall``: from the first telephone that works; that one rings first."""
    user = _user(ctx, id)
    destination = ctx.field("destination")
    line = shared.place(ctx, user, None, destination)
    return line.wire(ctx.face.variants, "answer")


# -- lines ------------------------------------------------------------------------------------------------------


def lines(ctx: Context) -> dict[str, Any]:
    """``GET v1/rcc/CallLine``: all lines of the enterprise; with a listener, their changes are pushed."""
    shared.bound(ctx)
    users, variants = ctx.switch.users, ctx.face.variants
    found = [line.wire(variants, "list") for line in ctx.face.lines.all() if users[line.login].rcc]
    return {"count": len(found)} | variants.listed("results", found)


def _line(ctx: Context, id: str) -> Line:
    line = ctx.face.lines.get(id)
    if line is None or not ctx.switch.users[line.login].rcc:
        raise not_found(f"there is no line {id!r}")
    ctx.face.check_link(ctx.switch.users[line.login])
    return line


def _other(ctx: Context) -> Line:
    """Return the line that the body names by its URI, in any form, or by its number."""
    named = ctx.field("line").rstrip("/").rpartition("/")[2]
    variants = ctx.face.variants
    found = ctx.face.lines.get(named)
    if found is None and variants.line_id_differs:
        found = next((line for line in ctx.face.lines.all() if line.uri_id(variants) == named), None)
    if found is None:
        raise bad_request(f"line: there is no line {named!r}")
    return found


def _leg(ctx: Context, line: Line, action: str) -> str:
    """Return the telephone that an action is for; of several that ring, the first that is not a mobile."""
    user = ctx.switch.users[line.login]
    view = ctx.switch.call_view(line.login, line.ref)
    legs = [leg.device for leg in view.legs if action in leg.actions]
    if not legs:
        raise wrong_state(f"the line does not allow {action} now", line.picture.state)
    return next((device for device in legs if not user.devices[device].mobile), legs[0])


def _answer(ctx: Context, line: Line) -> None:
    ctx.switch.answer(line.login, line.ref, _leg(ctx, line, "answer"))


def _disconnect(ctx: Context, line: Line) -> None:
    ctx.switch.release(line.login, line.ref)


def _hold(ctx: Context, line: Line) -> None:
    ctx.switch.hold(line.login, line.ref, _leg(ctx, line, "hold"))


def _unhold(ctx: Context, line: Line) -> None:
    ctx.switch.retrieve(line.login, line.ref, _leg(ctx, line, "retrieve"))


def _leave(ctx: Context, line: Line) -> None:
    ctx.switch.drop(line.login, line.ref)


def _redirect(ctx: Context, line: Line) -> None:
    to = ctx.field("destination")
    if ctx.switch.call_view(line.login, line.ref).state == RINGING_INCOMING:
        ctx.switch.redirect(line.login, line.ref, to)
    else:
        ctx.switch.blind_transfer(line.login, line.ref, to)


def _add_party(ctx: Context, line: Line) -> None:
    ctx.switch.add_party(line.login, line.ref, ctx.field("destination"))


def _send_dtmfs(ctx: Context, line: Line) -> None:
    ctx.switch.send_dtmf(line.login, line.ref, _leg(ctx, line, "sendDtmf"), ctx.field("dtmfs"))


def _pair(ctx: Context, line: Line) -> Line:
    other = _other(ctx)
    if other.login != line.login or other is line:
        raise bad_request("line: it must be another line of the same extension")
    state = ctx.switch.call_view(other.login, other.ref).state
    if state != HELD:
        shown = DIALING if state in (RINGING_OUTGOING, RINGING_INCOMING) else state
        raise wrong_state(f"line: the other line must be held, and is {shown.lower()}", other.picture.state)
    return other


def _transfer(ctx: Context, line: Line) -> None:
    ctx.switch.transfer(line.login, line.ref, _pair(ctx, line).ref)


def _merge(ctx: Context, line: Line) -> None:
    ctx.switch.merge(line.login, line.ref, _pair(ctx, line).ref)


def _start_record(ctx: Context, line: Line) -> None:
    ctx.switch.recording(line.login, line.ref, "start")


_WITH_BODY: Final[dict[str, Callable[[Context, Line], None]]] = {
    "addParty": _add_party,
    "merge": _merge,
    "redirect": _redirect,
    "sendDtmfs": _send_dtmfs,
    "transfer": _transfer,
}
_WITHOUT_BODY: Final[dict[str, Callable[[Context, Line], None]]] = {
    "answer": _answer,
    "disconnect": _disconnect,
    "hold": _hold,
    "unhold": _unhold,
    "leave": _leave,
    "startRecord": _start_record,
}


def _acting(name: str, act: Callable[[Context, Line], None]) -> Callable[..., Answer]:
    def handler(ctx: Context, id: str) -> Answer:
        line = _line(ctx, id)
        if name in _WITH_BODY:
            ctx.field("line" if name in ("merge", "transfer") else "dtmfs" if name == "sendDtmfs" else "destination")
        if name not in line.picture.actions:
            raise wrong_state(f"the line does not allow {name} now", line.picture.state)
        act(ctx, line)
        return NOTHING

    return handler


ROUTES: Final = (
    Route(RCC, ("GET",), EXTENSIONS, extensions),
    Route(RCC, ("GET",), f"{EXTENSIONS}/{{id}}", extension),
    Route(RCC, ("POST",), f"{EXTENSIONS}/{{id}}/placeCall", place_call),
    Route(RCC, ("GET",), LINES, lines),
    *(Route(RCC, ("POST",), f"{LINES}/{{id}}/{name}", _acting(name, act)) for name, act in _WITH_BODY.items()),
    *(Route(RCC, ("POST", "GET"), f"{LINES}/{{id}}/{name}", _acting(name, act)) for name, act in _WITHOUT_BODY.items()),
)
