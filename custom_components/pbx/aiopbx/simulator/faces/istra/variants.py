"""What servers in the field do differently, each to be switched on by itself, and how that changes what is sent."""

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
Empty = Literal["ok", "no_content"]
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
    """How this server differs. As it is made, it keeps to the words of the guides; every field is one difference.

    Change a field at any time: what is sent from then on is so. ``every`` gives the combinations to try a client with.
    """

    lists: Lists = "documented"
    """Whether lists come as ``items`` or ``results``; documented is ``results`` for lines and ``items`` elsewhere."""
    extension_key: ExtensionKey = "extension"
    """How the extension of a line is named. Mixed is as in the samples: another name in listing, answer and push."""
    department_key: DepartmentKey = "department"
    """Mixed: the two in turn."""
    actions_on_dropped: bool = False
    """A dropped line has ``actions``, an empty list, instead of none."""
    numbers_as_strings: bool = False
    """Whole numbers come as text."""
    booleans_as_strings: bool = False
    """``true`` and ``false`` come as text."""
    strings_as_numbers: bool = False
    """Times, durations and identifiers that are text come as numbers."""
    line_id_differs: bool = False
    """The identifier in ``restUri`` of a line is another than ``lineId``; requests have to use the latter."""
    moving_creation_time: bool = False
    """``creationTime`` of a line is another in every answer."""
    trailing_commas: bool = False
    """Objects and lists end with a comma too many."""
    spaced_keys: bool = False
    """Keys begin with a space."""
    item_shape: Shape = "documented"
    """Swapped: a line is pushed as an object, counters as a list of one."""
    sparse: bool = False
    """What is empty or false is left out, and the answer of a placed call has no ``lastModificationTime``."""
    errors: Errors = "documented"
    """The form of refusals: code and message; all in ``code``; or with ``exceptionId`` and ``cause``."""
    logout: Logout = "both"
    """``get``: ``POST`` is answered with 405."""
    foreign_logout_cookie: bool = False
    """The cookie that logging out takes away has the name of another application."""
    token_renewal: bool = False
    """Every answer brings a new token. The last few remain good, for requests that are on their way."""
    ping: Ping = "text"
    """Pings of the server are text or binary frames."""
    empty: Empty = "ok"
    """What has nothing to say is answered with 200 or with 204, where the guide leaves it open."""
    total_counts: bool = False
    """``count`` of voicemails and of the history says how many there are in all, not how many are on this page."""
    other_causes: bool = False
    """``stateCause`` of a dropped line says why, in words that no guide lists."""
    manual_choice: ManualChoice = "ManualSetting"
    """The word for a caller ID that the user has chosen: the guide has both."""
    remote_type: RemoteType = ""
    """What all others in the call history are; empty is what they are on the switch, which has not all of these."""
    base: Base = "router"
    """Where the API is: below ``/restletrouter``, or at the root of the host."""
    two_step: bool = False
    """Every log-in asks for a second step: 412."""
    redirect: Literal[0, 301, 302] = 0
    """The status with which all requests are sent to ``redirect_to``; 0 is not."""
    redirect_to: str = ""
    """Scheme, host and port of the other host. Empty: the same port under the machine's other name, ``localhost``."""
    refuse_listening: bool = False
    """Of myCrm: a terminal that is out of service cannot be listened to either."""

    def set(self, **changes: Any) -> None:
        """Set fields by name; refuses names and values that there are not."""
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
        """Keep to the guides again."""
        for item in fields(self):
            setattr(self, item.name, item.default)

    def copy_from(self, other: "Variants") -> None:
        """Differ as another does."""
        for item in fields(self):
            setattr(self, item.name, getattr(other, item.name))

    @classmethod
    def every(cls) -> "Iterator[tuple[str, Variants]]":
        """Name and variants: none, each alone, all that go together at once, and every two of any kind together.

        Only what changes answers and pushes, or how to log out: not those that send a client elsewhere or refuse it.
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
        """A value as JSON, as this server writes it."""
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
            word = "true" if value else "false"
            return f'"{word}"' if self.booleans_as_strings else word
        if isinstance(value, int) and self.numbers_as_strings:
            return f'"{value}"'
        if isinstance(value, str) and self.strings_as_numbers and key in _NUMERIC and _whole(value):
            return value
        return json.dumps(value, ensure_ascii=False)

    def listed(self, name: str, items: list[Any]) -> dict[str, Any]:
        """A list under its name: ``name`` is what the guide has."""
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
"""Field → its values, that of the guides first."""
_ALONE: Final = frozenset({"base", "two_step", "redirect", "refuse_listening", "remote_type"})
_COMBINED: Final = tuple(name for name in CHOICES if name not in _ALONE)


def _pairs(choices: dict[str, tuple[Any, ...]]) -> list[dict[str, Any]]:
    """Rows in which every two values of two fields stand together at least once; greedy, always the same."""
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
