"""How servers in the field differ from the guides. Each difference can be switched on by itself."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from itertools import combinations
from typing import Any, Final, Literal, get_args, get_type_hints

Base = Literal["router", "root"]
Lists = Literal["documented", "items", "results"]
ExtensionKey = Literal["extension", "extensionURI", "uriExtension", "mixed"]
DepartmentKey = Literal["department", "Department", "mixed"]
Shape = Literal["documented", "swapped"]
Errors = Literal["documented", "code", "cause"]
Logout = Literal["both", "get"]
Ping = Literal["text", "binary"]
Empty = Literal["no_content", "ok"]
LoginBody = Literal["json", "empty"]
SecondPassword = Literal["Mail", "Sms", ""]
CrmListener = Literal["either", "terminal", "name"]
ManualChoice = Literal["ManualSetting", "manualCustomCallerID"]
RemoteType = Literal[
    "",
    "STATION",
    "TRUNK",
    "FAX",
    "VOICEMAIL",
    "MEDIASERVER",
    "REMOTE_STATION",
    "GROUP",
    "SPEEDDIAL",
    "DEFAULT_ADDRESS",
    "ACD_GROUP",
    "PAGING_GROUP",
    "UNKNOWN",
    "EXTERNAL_NUMBER",
    "MOBILE_STATION",
    "TRUNK_MNO",
    "TRUNK_VASPLATFORM",
]


@dataclass(slots=True)
class Variants:
    """How this server differs from the guides. By default it does not; each field is one difference.

    A field may be changed at any time and applies to whatever is sent afterwards. ``every`` yields the combinations to
    test a client with.
    """

    lists: Lists = "documented"
    """Whether lists come as ``items`` or ``results``; documented is ``results`` for lines and ``items`` elsewhere."""
    extension_key: ExtensionKey = "extension"
    """How the extension of a line is named. ``mixed``, as in the samples, differs in list, answer and push."""
    department_key: DepartmentKey = "department"
    """``mixed``: the two in turn."""
    actions_on_dropped: bool = False
    """A dropped line has an empty list of ``actions`` instead of none at all."""
    numbers_as_strings: bool = False
    """Whole numbers come as text."""
    booleans_as_strings: bool = False
    """``true`` and ``false`` come as text."""
    strings_as_numbers: bool = False
    """Times, durations and identifiers that are text come as numbers."""
    line_id_differs: bool = False
    """The identifier in ``restUri`` of a line differs from ``lineId``; requests must use the latter."""
    moving_creation_time: bool = False
    """``creationTime`` of a line differs in every answer."""
    trailing_commas: bool = False
    """Objects and lists have a trailing comma."""
    spaced_keys: bool = False
    """Keys begin with a space."""
    item_shape: Shape = "documented"
    """Swapped: a line is pushed as an object, counters as a list with one entry."""
    sparse: bool = False
    """What is empty or false is left out, and the answer of a placed call has no ``lastModificationTime``."""
    errors: Errors = "documented"
    """The form of refusals: code and message; everything in ``code``; or with ``exceptionId`` and ``cause``."""
    logout: Logout = "both"
    """``get``: ``POST`` is answered with 405."""
    foreign_logout_cookie: bool = False
    """The cookie that logging out deletes has the name of another application."""
    token_renewal: bool = False
    """Every answer has a new token. The last few remain valid, for requests that are under way."""
    ping: Ping = "text"
    """Pings of the server are text or binary frames."""
    empty: Empty = "no_content"
    """An empty answer has status 204 or 200, where the guide leaves it open."""
    login_body: LoginBody = "json"
    """A login is answered with JSON, or with an empty body."""
    cookie_needed: bool = False
    """Requests need the cookie as well. Otherwise the token is enough, which is all that many clients send."""
    crm_listener: CrmListener = "either"
    """Whether a listener of myCrm names its terminal, as the guide has it, or only itself, as clients do; or either."""
    total_counts: bool = False
    """``count`` of voicemails and of the history is the total, not the number on this page."""
    other_causes: bool = False
    """``stateCause`` of a dropped line is one that no guide lists."""
    manual_choice: ManualChoice = "ManualSetting"
    """The name for a caller ID that the user chose: the guide has both."""
    remote_type: RemoteType = ""
    """The type of all others in the call history; empty is the switch's type, which not all of these are."""
    base: Base = "router"
    """Where the API is: below ``/restletrouter``, or at the root of the host."""
    two_step: bool = False
    """Every log-in asks for a second step: 412, and the second password of the settings."""
    two_step_by: SecondPassword = "Mail"
    """How the second password was sent; empty does not say so."""
    two_step_once: bool = False
    """A second password is valid for one log-in. Otherwise it stays valid."""
    redirect: Literal[0, 301, 302] = 0
    """The status that redirects all requests to ``redirect_to``; 0 redirects none."""
    redirect_to: str = ""
    """Scheme, host and port of the other host. Empty: the same port under the machine's other name, ``localhost``."""
    refuse_listening: bool = False
    """Of myCrm: a terminal that is out of service cannot be listened to."""

    def set(self, **changes: Any) -> None:
        """Set fields by name; refuses unknown names and values."""
        for name, value in changes.items():
            if name not in CHOICES and name != "redirect_to":
                raise ValueError(f"variants: there is no {name!r}")
            # of 0 and False only one is meant
            known = any(value == each and type(value) is type(each) for each in CHOICES.get(name, ()))
            if name in CHOICES and not known:
                raise ValueError(f"variants: {name} is one of {CHOICES[name]}, not {value!r}")
            if name == "redirect_to" and not isinstance(value, str):
                raise ValueError("variants: redirect_to is a text")
        for name, value in changes.items():
            setattr(self, name, value)

    def reset(self) -> None:
        """Follow the guides again."""
        for item in fields(self):
            setattr(self, item.name, item.default)

    def copy_from(self, other: "Variants") -> None:
        """Differ in the same way as another."""
        for item in fields(self):
            setattr(self, item.name, getattr(other, item.name))

    @classmethod
    def every(cls) -> "Iterator[tuple[str, Variants]]":
        """Yield names and variants: no difference, each alone, all compatible ones, and every pair of values.

        Only those that change answers, pushes or logging out: not those that redirect or refuse a client.
        """
        plain = cls()
        yield "plain", plain
        for name in _COMBINED:
            for value in CHOICES[name][1:]:
                yield f"{name}={value}", replace(plain, **{name: value})
        yield "all", replace(plain, **{name: CHOICES[name][-1] for name in _COMBINED})
        for number, row in enumerate(_pairs({name: CHOICES[name] for name in _COMBINED})):
            yield f"pairs-{number}", replace(plain, **row)

    # -- what is sent -------------------------------------------------------------------------------------------

    def encode(self, value: Any) -> bytes:
        """Return a value as the JSON that this server writes."""
        if not self._rewrites:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        return self._write(value, None).encode()

    @property
    def _rewrites(self) -> bool:
        return (
            self.numbers_as_strings
            or self.booleans_as_strings
            or self.strings_as_numbers
            or self.trailing_commas
            or self.spaced_keys
        )

    def _write(self, value: Any, key: str | None) -> str:
        comma = "," if self.trailing_commas else ""
        if isinstance(value, dict):
            if not value:
                return "{}"
            space = " " if self.spaced_keys else ""
            inner = ",".join(f"{json.dumps(space + name)}:{self._write(item, name)}" for name, item in value.items())
            return f"{{{inner}{comma}}}"
        if isinstance(value, list | tuple):
            return f"[{','.join(self._write(item, None) for item in value)}{comma}]" if value else "[]"
        if isinstance(value, bool):
            text = "true" if value else "false"
            return f'"{text}"' if self.booleans_as_strings else text
        if isinstance(value, int) and self.numbers_as_strings:
            return f'"{value}"'
        if isinstance(value, str) and self.strings_as_numbers and key in _NUMERIC and _whole(value):
            return value
        return json.dumps(value, ensure_ascii=False)

    def listed(self, name: str, items: list[Any]) -> dict[str, Any]:
        """Return a list under its name; ``name`` is the guide's."""
        return {name if self.lists == "documented" else self.lists: items}


_NUMERIC: Final = frozenset(
    {
        "creationTime",
        "lastModificationTime",
        "talkingTime",
        "ringingTime",
        "timestamp",
        "lineId",
        "callId",
        "callHistoryId",
        "id",
        "terminalId",
        "abstractTerminalID",
    }
)


def _whole(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdecimal() and (digits == "0" or not digits.startswith("0"))


def _choices(kind: Any) -> tuple[Any, ...]:
    return (False, True) if kind is bool else get_args(kind)


CHOICES: Final[dict[str, tuple[Any, ...]]] = {
    name: _choices(kind) for name, kind in get_type_hints(Variants).items() if kind is not str
}
"""Field → its values, the guide's first."""
_ALONE: Final = frozenset(
    {
        "base",
        "two_step",
        "two_step_by",
        "two_step_once",
        "redirect",
        "refuse_listening",
        "remote_type",
    }
)
_COMBINED: Final = tuple(name for name in CHOICES if name not in _ALONE)


def _pairs(choices: dict[str, tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Return rows that contain every pair of values of two fields at least once; greedy, deterministic."""
    names = tuple(choices)
    left = {(a, x, b, y) for a, b in combinations(names, 2) for x in choices[a] for y in choices[b]}
    rows = []
    while left:
        row: dict[str, Any] = {}
        first = min(left, key=repr)
        row[first[0]], row[first[2]] = first[1], first[3]
        for name in names:
            if name not in row:
                row[name] = max(choices[name], key=lambda value, name=name: _hits(left, row, name, value))  # type: ignore[misc]
        left -= {(a, row[a], b, row[b]) for a, b in combinations(names, 2)}
        rows.append(row)
    return rows


def _hits(left: set[tuple[str, Any, str, Any]], row: dict[str, Any], name: str, value: Any) -> int:
    return sum(
        ((other, chosen, name, value) in left) + ((name, value, other, chosen) in left) for other, chosen in row.items()
    )
