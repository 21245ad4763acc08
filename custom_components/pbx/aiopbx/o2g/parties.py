"""Who somebody is, as the model shows it."""

from typing import Final

from ..model import Party, PartyKind
from .types import telephony as wire

_KIND: Final[dict[str, PartyKind]] = {
    "USER": PartyKind.USER,
    "DEVICE": PartyKind.DEVICE,
    "SERVICE": PartyKind.SERVICE,
    "EXTERNAL": PartyKind.EXTERNAL,
}
_NOBODY: Final = PartyKind.UNKNOWN


def party_of(identity: wire.PartyInfo, id_: str = "") -> Party:
    """Somebody, as the model shows them."""
    kind = identity.type.main if identity.type is not None else None
    who = identity.id
    first, last = identity.first_name, identity.last_name
    return Party(
        id=id_,
        number=who.phone_number if who is not None else None,
        login=who.login_name if who is not None else None,
        name=name_of(first, last, identity.display_name) if first or last or identity.display_name else None,
        kind=_KIND.get(kind, _NOBODY) if kind is not None else _NOBODY,
    )


def name_of(first: str | None, last: str | None, display: str | None) -> str | None:
    """First and last name; once, where both are the same; else the display name."""
    first = (first or "").strip()
    last = (last or "").strip()
    if first == last:
        return first or (display or "").strip() or None
    return f"{first} {last}".strip()
