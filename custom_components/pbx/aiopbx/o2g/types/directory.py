"""Wire types of O2G: directory search."""

from .base import Wire, WireEnum
from .telephony import Identifier, ParticipantType

__all__ = [
    "Attribute",
    "Criterion",
    "Identifier",
    "KeyboardType",
    "Operation",
    "PartyInfo",
    "ResultCode",
    "ResultElement",
    "SearchByDtmfRequest",
    "SearchRequest",
    "SearchResult",
]


class Attribute(WireEnum):
    """What of a contact is compared."""

    LAST_NAME = "lastName"
    FIRST_NAME = "firstName"
    PHONE_NUMBER = "id.phoneNumber"
    LOGIN_NAME = "id.loginName"


class KeyboardType(WireEnum):
    """How letters lie on the keys of a telephone."""

    CCITT = "CCITT"
    ITU = "ITU"


class Operation(WireEnum):
    """How a contact is compared, or criteria are joined."""

    OR = "OR"
    AND = "AND"
    EQUAL_IGNORE_CASE = "EQUAL_IGNORE_CASE"
    BEGIN_WITH = "BEGIN_WITH"
    CONTAIN = "CONTAIN"
    END_WITH = "END_WITH"


class ResultCode(WireEnum):
    """Whether there are results, and whether more may come."""

    OK = "OK"
    NOK = "NOK"
    FINISH = "FINISH"
    TIMEOUT = "TIMEOUT"


class Criterion(Wire, kw_only=True):
    """What contacts are searched by: a field compared with a word, or AND or OR of further criteria."""

    field: Attribute | None = None
    operation: Operation
    operand: "str | tuple[Criterion, ...]"


class PartyInfo(Wire, kw_only=True):
    """Who a party is."""

    id: Identifier | None = None
    first_name: str | None = None
    last_name: str | None = None
    display_name: str | None = None
    type: ParticipantType | None = None


class ResultElement(Wire, kw_only=True):
    """Contacts that were found."""

    contacts: tuple[PartyInfo, ...] = ()


class SearchByDtmfRequest(Wire, kw_only=True):
    """Search by names as they are typed on the keys of a telephone."""

    last_name: str
    first_name: str | None = None
    keyboard_type: KeyboardType
    limit: int | None = None


class SearchRequest(Wire, kw_only=True):
    """Search by a criterion, for at most ``limit`` contacts: 1 to 100, 100 if none is given."""

    limit: int | None = None
    filter: Criterion


class SearchResult(Wire, kw_only=True):
    """What was found since the last time, and whether to ask again."""

    result_code: ResultCode | None = None
    result_elements: tuple[ResultElement, ...] = ()
