"""The kinds of objects of a PBX: their attributes, and the operations on them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from .errors import bad_value

OCTETS: Final = "OctetString"
INTEGER: Final = "Integer"
BOOLEAN: Final = "Boolean"
ENUMERATION: Final = "Enumerated"
SEQUENCE: Final = "Sequence"
"""The type of an attribute whose values are sets of attributes."""

FORCED_DELETE: Final = "FORCED_DELETE"
ADD: Final = "add"
REMOVE: Final = "remove"


@dataclass(frozen=True)
class Part:
    """A value that consists of attributes."""

    name: str
    values: Mapping[str, tuple[str, ...]]


Value = tuple[str, ...] | tuple[Part, ...]
"""All values of an attribute: none, one, or several for a list."""
Values = dict[str, Value]


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute that objects of a kind have."""

    name: str
    type: str = OCTETS
    mandatory: bool = False
    multiple: bool = False
    """Whether its value is a list."""
    allowed: tuple[str, ...] = ()
    length: int | None = None
    """The maximum length."""
    default: str | None = None
    filtering: bool = False
    used_when: str | None = None
    """``Attribute==value``: the condition for setting it."""
    parts: "tuple[Attribute, ...]" = ()
    """Of a sequence: what each of its values consists of. The first identifies it."""

    def check(self, value: Value) -> Value:
        """Return the value in canonical form; refuses one that is not of this type."""
        if len(value) > 1 and not self.multiple:
            raise bad_value(f"{self.name}: it is no list, and takes one value.")
        if self.mandatory and not value:
            raise bad_value(f"{self.name}: it is mandatory.")
        if self.type == SEQUENCE:
            return tuple(self._check_part(item) for item in value)
        return tuple(self._check_one(item) for item in value)

    def _check_part(self, item: str | Part) -> Part:
        if not isinstance(item, Part):
            raise bad_value(f"{self.name}: its values are complex, not plain.")
        known = {part.name: part for part in self.parts}
        unknown = [name for name in item.values if name not in known]
        if unknown:
            raise bad_value(f"{self.name}: there is no attribute {unknown[0]!r} in it.")
        values: dict[str, tuple[str, ...]] = {}
        for part in self.parts:
            given = item.values.get(part.name, ())
            if not given and part.mandatory:
                raise bad_value(f"{self.name}: {part.name} is mandatory in it.")
            if not given and part.default is not None:
                given = (part.default,)
            if given:
                values[part.name] = tuple(part._check_one(one) for one in given)
        return Part(self.name, values)

    def _check_one(self, item: str | Part) -> str:
        if isinstance(item, Part):
            raise bad_value(f"{self.name}: its values are plain, not complex.")
        if self.allowed and item not in self.allowed:
            raise bad_value(f"{self.name}: {item!r} is none of {', '.join(self.allowed)}.")
        if self.length is not None and len(item) > self.length:
            raise bad_value(f"{self.name}: {len(item)} characters are too many; {self.length} are the most.")
        if self.type == INTEGER:
            digits = item.removeprefix("-")
            if not (digits.isascii() and digits.isdecimal()):
                raise bad_value(f"{self.name}: {item!r} is no integer.")
            return str(int(item))
        if self.type == BOOLEAN:
            if item.lower() not in ("true", "false"):
                raise bad_value(f"{self.name}: {item!r} is neither true nor false.")
            return item.lower()
        return item


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object. ``key`` is the attribute that identifies an object among its siblings."""

    name: str
    key: str = ""
    attributes: tuple[Attribute, ...] = ()
    children: "tuple[Kind, ...]" = ()
    hidden: bool = False
    """It is not an object of its own: it leads to those below it, as instance 1."""
    create: bool = False
    delete: bool = False
    set: bool = False
    get: bool = True
    actions: tuple[str, ...] = ()
    notifies: bool = False
    """Whether a change of an object is published."""
    by_name: dict[str, Attribute] = field(init=False, repr=False, compare=False)
    defaults: Values = field(init=False, repr=False, compare=False)
    """Default values."""

    def __post_init__(self) -> None:
        """Index the attributes."""
        object.__setattr__(self, "by_name", {attribute.name: attribute for attribute in self.attributes})
        defaults: Values = {item.name: (item.default,) for item in self.attributes if item.default is not None}
        object.__setattr__(self, "defaults", defaults)

    @property
    def single(self) -> bool:
        """Whether there is exactly one, with the id 1."""
        return not self.create and not self.key

    def attribute(self, name: str) -> Attribute:
        """Return the attribute with this name; refuses an unknown one."""
        found = self.by_name.get(name)
        if found is None:
            raise bad_value(f"{name}: a {self.name} has no such attribute.")
        return found

    def child(self, name: str) -> "Kind | None":
        """Return the kind with this name below this one."""
        return next((kind for kind in self.children if kind.name == name), None)

    def walk(self) -> "Iterator[Kind]":
        """Yield this kind and all below it."""
        yield self
        for kind in self.children:
            yield from kind.walk()

    def paths(self) -> tuple[str, ...]:
        """Return where the next objects are, from an object of this kind."""
        found: list[str] = []
        for kind in self.children:
            if kind.hidden:
                found += [f"{kind.name}/1/{path}" for path in kind.paths()]
            else:
                found.append(kind.name)
        return tuple(found)


STATION_TYPES: Final[Mapping[str, tuple[str, str]]] = {
    "NOE_C_Color_IP": ("DESKPHONE", "NOE_C_Color_IP"),
    "NOE_C_Color": ("DESKPHONE", "NOE_C_Color"),
    "NOE_C_IP": ("DESKPHONE", "NOE_C_IP"),
    "NOE_B_IP": ("DESKPHONE", "NOE_B_IP"),
    "NOE_A_IP": ("DESKPHONE", "NOE_A_IP"),
    "NOE_C": ("DESKPHONE", "NOE_C"),
    "NOE_B": ("DESKPHONE", "NOE_B"),
    "NOE_A": ("DESKPHONE", "NOE_A"),
    "ANALOG": ("DESKPHONE", "ANALOG"),
    "DECT": ("DECT", "DECT"),
    "SIP_Extension": ("SOFTPHONE", "SIP_Extension"),
    "Remote_Extension": ("MOBILE", "REMOTE_EXTENSION"),
}
"""The name of a telephone in the object model, and its kind and sub-kind."""

_NUMBER: Final = 30
_NAME: Final = 40


def _id(name: str, type: str = OCTETS, length: int | None = _NUMBER) -> Attribute:
    return Attribute(name, type, mandatory=True, length=length if type == OCTETS else None, filtering=True)


def _choice(name: str, allowed: Iterable[str], default: str, *, filtering: bool = True) -> Attribute:
    return Attribute(name, ENUMERATION, allowed=tuple(allowed), default=default, filtering=filtering)


def _flag(name: str) -> Attribute:
    return Attribute(name, BOOLEAN, allowed=(), default="false", filtering=True)


ALIAS: Final = Kind(
    "Subscriber_Alias",
    "Alias_Id",
    (
        _id("Alias_Id", INTEGER),
        Attribute("Annu_Name", length=_NAME, filtering=True),
        Attribute("Annu_First_Name", length=_NAME, filtering=True),
        Attribute("Alias_Directory_Number", length=_NUMBER, filtering=True),
    ),
    create=True,
    delete=True,
    set=True,
    notifies=True,
)
SUBSCRIBER: Final = Kind(
    "Subscriber",
    "Directory_Number",
    (
        _id("Directory_Number"),
        Attribute("Annu_Name", length=_NAME, filtering=True),
        Attribute("Annu_First_Name", length=_NAME, filtering=True),
        _choice("Station_Type", STATION_TYPES, "NOE_C_Color_IP"),
        Attribute("Entity_Number", INTEGER, default="1", filtering=True),
        Attribute("Cost_Center_Id", INTEGER, default="255", filtering=True),
        Attribute("Associated_Set_No", length=_NUMBER, filtering=True),
        Attribute("Voice_Mail_Dir_No", length=_NUMBER, filtering=True),
        Attribute("Attached_Devices", multiple=True, length=_NUMBER),
        _flag("Padlock"),
        _flag("Camp_On"),
        Attribute("SIP_Authentication_Name", length=_NAME, used_when="Station_Type==SIP_Extension"),
        Attribute("Phone_Book_Name", length=_NAME, filtering=True),
    ),
    (ALIAS,),
    create=True,
    delete=True,
    set=True,
    actions=("ReinitMemory", FORCED_DELETE),
    notifies=True,
)
OPERATOR: Final = Kind(
    "ACD2_Operator_data",
    "Directory_Number",
    (
        _id("Directory_Number"),
        _choice("Operator_Type", ("Agent", "Supervisor"), "Agent"),
        Attribute("Preferred_Processing_Group", length=_NUMBER, filtering=True),
        Attribute("Processing_Groups", multiple=True, length=_NUMBER),
        Attribute("Pro_Acd_Set", length=_NUMBER, filtering=True),
        _flag("Self_Assigned"),
        _flag("Headset"),
        Attribute(
            "Skill_Set",
            SEQUENCE,
            multiple=True,
            parts=(
                Attribute("Skill_Nb", INTEGER, mandatory=True),
                Attribute("Skill_Level", INTEGER, default="1", allowed=tuple(str(level) for level in range(1, 10))),
                Attribute("Skill_Activate", BOOLEAN, default="true"),
            ),
        ),
    ),
    create=True,
    delete=True,
    set=True,
    actions=(FORCED_DELETE,),
    notifies=True,
)
PILOT: Final = Kind(
    "ACD2_Pilot",
    "Directory_Number",
    (
        _id("Directory_Number"),
        Attribute("Name", length=_NAME, filtering=True),
        Attribute("Processing_Groups", mandatory=True, multiple=True, length=_NUMBER),
        Attribute("Queue_Size", INTEGER, default="20", filtering=True),
        Attribute("Overflow_Number", length=_NUMBER),
        _choice("State", ("Open", "Blocked"), "Open"),
    ),
    set=True,
    notifies=True,
)
PROCESSING_GROUP: Final = Kind(
    "ACD2_Processing_Group",
    "Directory_Number",
    (
        _id("Directory_Number"),
        Attribute("Name", length=_NAME, filtering=True),
        Attribute("Wrap_Up_Time", INTEGER),
        Attribute("Withdraw_Reasons", multiple=True, length=_NAME),
    ),
    create=True,
    set=True,
    notifies=True,
)
FREE_RANGE: Final = Kind(
    "Free_Range_List",
    "Range_Name",
    (
        _id("Range_Name", length=_NAME),
        Attribute("First_Number", mandatory=True, length=_NUMBER, filtering=True),
        Attribute("Last_Number", mandatory=True, length=_NUMBER, filtering=True),
    ),
    create=True,
    delete=True,
    set=True,
)
PREFIX: Final = Kind(
    "Prefix_Plan",
    "Number",
    (
        _id("Number"),
        Attribute("Prefix_Type", filtering=True),
        Attribute("Prefix_Value", filtering=True),
    ),
)
NODE: Final = Kind(
    "OxeNode",
    "",
    (Attribute("Node_Number", INTEGER), Attribute("Fqdn", length=255), Attribute("Release", length=_NAME)),
    (
        SUBSCRIBER,
        Kind(
            "System_Parameters",
            "",
            (
                Attribute("Country_Code", length=4, default="1"),
                Attribute("Installation_Name", length=_NAME, default="Example"),
                _choice("Law", ("A_Law", "Mu_Law"), "A_Law", filtering=False),
            ),
            (FREE_RANGE,),
            set=True,
        ),
        Kind(
            "SIP",
            children=(
                Kind(
                    "SIP_Gateway",
                    "",
                    (
                        Attribute("SIP_Subnetwork", INTEGER, default="9"),
                        Attribute("DNS_Local_Domain_Name", length=255, default="example.com"),
                        Attribute("DNS_Servers", multiple=True, length=45),
                    ),
                    set=True,
                    actions=("Resynchro",),
                ),
            ),
            hidden=True,
        ),
        Kind("Translator", children=(PREFIX,), hidden=True),
        Kind(
            "Application_Configuration",
            children=(
                Kind(
                    "ACD2",
                    children=(
                        Kind("ACD2_Operator", children=(OPERATOR,), hidden=True),
                        PILOT,
                        PROCESSING_GROUP,
                    ),
                    hidden=True,
                ),
            ),
            hidden=True,
        ),
    ),
)
"""The whole model, the same on every node."""
