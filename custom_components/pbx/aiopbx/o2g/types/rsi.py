"""Wire types of O2G: routing by the application."""

from .base import O2gEvent, Wire, WireEnum


class Tones(WireEnum):
    """A tone that a waiting caller hears."""

    BUSY = "BUSY"
    RINGBACK = "RINGBACK"
    SILENCE = "SILENCE"
    MUSIC = "MUSIC"
    ANNOUNCEMENT = "ANNOUNCEMENT"


class CollectionCause(WireEnum):
    """Why digits are no longer collected. Servers misspell the first."""

    FLUSCHAR_RECEIVED = "FLUSCHAR_RECEIVED"
    CHAR_COUNT_REACHED = "CHAR_COUNT_REACHED"
    TIMEOUT = "TIMEOUT"
    SF_TERMINATED = "SF_TERMINATED"


class RoutingCallerType(WireEnum):
    """Whether a caller is one of the PBX."""

    INTERNAL = "INTERNAL"
    EXTERNAL = "EXTERNAL"
    UNKNOWN = "UNKNOWN"


class RoutingReason(WireEnum):
    """Why a call looks for a route, or why the looking has ended."""

    INITIAL = "INITIAL"
    NOANSWER = "NOANSWER"
    BUSY = "BUSY"
    NOT_OBTAINABLE = "NOT_OBTAINABLE"
    UNKNOWN = "UNKNOWN"


class RsiPoint(Wire, kw_only=True):
    """A routing point: calls to its number are routed by an application."""

    number: str | None = None
    """Directory number of the point."""
    name: str | None = None
    node: int | None = None
    """Number of the call server."""
    registered: bool | None = None
    """Whether an application routes its calls."""


class RsiPoints(Wire, kw_only=True):
    """Routing points."""

    rsi_points: tuple[RsiPoint, ...] = ()


class RouteSession(Wire, kw_only=True):
    """A routing dialogue that is open."""

    route_crid: str | None = None
    """Key of the routing dialogue."""
    caller: str | None = None
    called: str | None = None
    routed_call_ref: str | None = None


class RouteSessions(Wire, kw_only=True):
    """Routing dialogues that are open."""

    route_sessions: tuple[RouteSession, ...] = ()


class RouteRequest(Wire, kw_only=True):
    """A call that waits for a route."""

    route_crid: str | None = None
    """Key of the routing dialogue; needed for the answer."""
    caller: str | None = None
    calling_name: str | None = None
    caller_type: RoutingCallerType | None = None
    called: str | None = None
    routed_call_ref: str | None = None
    """Reference of the waiting call: for tones, guides, digits."""
    nb_overflows: int | None = None
    """How often routed on before."""
    reason: RoutingReason | None = None
    """Why the call looks for a route."""


class DataCollected(Wire, kw_only=True):
    """Digits that a caller has dialled."""

    coll_crid: str | None = None
    """Key of the collection."""
    digits: str | None = None
    cause: CollectionCause | None = None


class AdditionalDigitCollectionCriteria(Wire, kw_only=True):
    """What digits mean while they are collected, and how long to wait for them."""

    abort_digits: str | None = None
    """Digits that give up the collection."""
    ignore_digits: str | None = None
    """Digits passed over."""
    backspace_digits: str | None = None
    """Digits that take the last one back."""
    term_digits: str | None = None
    """Digits that end it; beside flushChar."""
    reset_digit: str | None = None
    reset_digits: str | None = None
    """Digits that start it anew."""
    start_timeout: int | None = None
    """Seconds to wait for the first digit."""
    digit_timeout: int | None = None
    """Seconds between digits."""


class StartDataCollectionRequest(Wire, kw_only=True):
    """Which digits to collect from a waiting caller."""

    call_ref: str
    num_chars: int | None = None
    """Stop after so many."""
    flush_char: str | None = None
    """One character that stops it."""
    timeout: int | None = None
    """Seconds."""
    additional_criteria: AdditionalDigitCollectionCriteria | None = None


class PlayToneRequest(Wire, kw_only=True):
    """A tone for a waiting caller. ``type`` is what most servers read, ``tone`` the other name of it."""

    call_ref: str
    type: Tones
    tone: Tones | None = None
    duration: int
    """Seconds."""


class CallRefRequest(Wire, kw_only=True):
    """Which waiting call."""

    call_ref: str


class PlayVoiceGuideRequest(Wire, kw_only=True):
    """A voice guide for a waiting caller."""

    call_ref: str
    guide_number: int
    """Number of the guide in the call server."""
    duration: int | None = None
    """Seconds."""


class RouteEnd(Wire, kw_only=True):
    """No route from here: the call server goes on by itself."""

    route_crid: str


class RouteSelect(Wire, kw_only=True):
    """Where to route a call. Some servers spell the flag for voicemail with a small m."""

    route_crid: str
    selected_route: str
    """Number to route to."""
    calling_line: str | None = None
    """Calling number shown to the one called."""
    associated_data: str | None = None
    """Correlator data, as text."""
    route_to_voice_mail: bool | None = None
    route_to_voicemail: bool | None = None


class OnRouteRequest(O2gEvent, tag="OnRouteRequest", kw_only=True):
    """A call at a routing point waits for a route."""

    rsi_point: str | None = None
    request: RouteRequest | None = None


class OnRouteEnd(O2gEvent, tag="OnRouteEnd", kw_only=True):
    """A routing dialogue is over, and its key void."""

    rsi_point: str | None = None
    route_crid: str | None = None
    routed_call_ref: str | None = None
    reason: RoutingReason | None = None


class OnDigitCollected(O2gEvent, tag="OnDigitCollected", kw_only=True):
    """Digits of a caller are collected, or no more are waited for."""

    rsi_point: str | None = None
    call_ref: str | None = None
    data_collected: DataCollected | None = None


class OnToneGeneratedStart(O2gEvent, tag="OnToneGeneratedStart", kw_only=True):
    """A caller hears a tone or a guide. Servers name the tone in two ways."""

    rsi_point: str | None = None
    call_ref: str | None = None
    tones_types: Tones | None = None
    tone_type: Tones | None = None


class OnToneGeneratedStop(O2gEvent, tag="OnToneGeneratedStop", kw_only=True):
    """The tone or guide has ended."""

    rsi_point: str | None = None
    call_ref: str | None = None
