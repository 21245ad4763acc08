"""The directory service: one search at a time for a session and user, polled until it is finished."""

from collections.abc import Iterable
from typing import Final
from weakref import WeakKeyDictionary

from ....o2g.types import directory as wire
from ...switch.directory import Contact, Criterion, Matches, Search, dtmf_matcher, matcher
from ...switch.errors import SwitchError
from .context import Answer, Context, Route
from .refusals import NOT_EXPECTED, NOT_FOUND, Refusal, refusal_of
from .sessions import Session

MOST: Final = 100
"""The most searches that run at once on a server."""
MOST_A_SESSION: Final = 5

_searches: WeakKeyDictionary[Session, dict[str, Search]] = WeakKeyDictionary()


def _running(session: Session) -> dict[str, Search]:
    """Return the running searches of a session, by user; finished ones are forgotten."""
    searches = _searches.setdefault(session, {})
    for login in [login for login, search in searches.items() if not search.running]:
        del searches[login]
    return searches


def _start(ctx: Context, matches: Matches, limit: int | None) -> Answer:
    running = _running(ctx.session)
    if ctx.user in running:
        raise Refusal(NOT_EXPECTED, f"A search of this session runs for {ctx.user} already: finish or stop it first.")
    if len(running) >= MOST_A_SESSION:
        raise Refusal(NOT_EXPECTED, f"{MOST_A_SESSION} searches of this session run already.")
    if sum(len(_running(session)) for session in ctx.server.sessions) >= MOST:
        raise Refusal(NOT_EXPECTED, f"{MOST} searches run on this server already.")
    try:
        running[ctx.user] = ctx.switch.directory.search(matches, limit)
    except SwitchError as error:
        raise _plain(error) from error
    return Answer(201, f"{ctx.origin.base}/api/rest/1.0/directory/search")


def _plain(error: SwitchError) -> Refusal:
    """Return a refusal that is not one of call control."""
    refusal = refusal_of(error)
    refusal.telephony = None
    return refusal


def _criterion(item: wire.Criterion) -> Criterion:
    operand = item.operand if isinstance(item.operand, str) else tuple(_criterion(part) for part in item.operand)
    return Criterion(str(item.operation), operand, str(item.field) if item.field is not None else None)


def search(ctx: Context) -> Answer:
    """``POST /directory/search``."""
    request: wire.SearchRequest = ctx.body
    try:
        matches = matcher(_criterion(request.filter))
    except RecursionError:
        raise Refusal("BAD_PARAMETER", "filter: it goes too deep.") from None
    except SwitchError as error:
        raise _plain(error) from error
    return _start(ctx, matches, request.limit)


def search_by_dtmf(ctx: Context) -> Answer:
    """``POST /directory/searchbydtmf``."""
    request: wire.SearchByDtmfRequest = ctx.body
    try:
        matches = dtmf_matcher(request.last_name, request.first_name, str(request.keyboard_type))
    except SwitchError as error:
        raise _plain(error) from error
    return _start(ctx, matches, request.limit)


def _mine(ctx: Context) -> Search:
    found = _running(ctx.session).get(ctx.user)
    if found is None:
        raise Refusal(NOT_FOUND, f"No search of this session runs for {ctx.user}.", status=400)
    return found


def results(ctx: Context) -> wire.SearchResult:
    """``GET /directory/search``: what was found since the last request."""
    code, contacts = _mine(ctx).next()
    return wire.SearchResult(result_code=wire.ResultCode(code), result_elements=_elements(contacts))


def _elements(contacts: Iterable[Contact]) -> tuple[wire.ResultElement, ...]:
    found = tuple(
        wire.PartyInfo(
            id=wire.Identifier(login_name=contact.login, phone_number=contact.number),
            first_name=contact.first_name or None,
            last_name=contact.last_name or None,
        )
        for contact in contacts
    )
    return (wire.ResultElement(contacts=found),) if found else ()


def stop(ctx: Context) -> None:
    """``DELETE /directory/search``."""
    _mine(ctx).cancel()


ROUTES: Final = (
    Route("POST", "/directory/search", search, body=wire.SearchRequest, licence="advanced", user="named"),
    Route("GET", "/directory/search", results, licence="advanced", user="named"),
    Route("DELETE", "/directory/search", stop, licence="advanced", user="named"),
    Route(
        "POST",
        "/directory/searchbydtmf",
        search_by_dtmf,
        body=wire.SearchByDtmfRequest,
        licence="advanced",
        user="named",
    ),
)
