"""Who somebody is, as the model shows it."""

from typing import Final

from ..model import Party, PartyKind
from .types import telephony as wire

_KIND: Final[dict[str, PartyKind]] = {
    wire.MainType.USER: PartyKind.USER,
    wire.MainType.DEVICE: PartyKind.DEVICE,
    wire.MainType.SERVICE: PartyKind.SERVICE,
    wire.MainType.EXTERNAL: PartyKind.EXTERNAL,
}
_NOBODY: Final = PartyKind.UNKNOWN


def party_of(identity: wire.PartyInfo, id_: str = "", anonymous: bool = False, droppable: bool = True) -> Party:
    """Somebody, as the model shows them."""
    type_ = identity.type
    who = identity.id
    first, last, display = identity.first_name, identity.last_name, identity.display_name
    return Party(
        id_,
        who.phone_number if who is not None else None,
        name_of(first, last, display) if first or last or display else None,
        who.login_name if who is not None else None,
        _KIND.get(type_.main, _NOBODY) if type_ is not None and type_.main is not None else _NOBODY,
        anonymous,
        droppable,
    )


def name_of(first: str | None, last: str | None, display: str | None) -> str | None:
    """First and last name; once, where both are the same; else the display name."""
    first = first.strip() if first else ""
    last = last.strip() if last else ""
    if first and last and first != last:
        return f"{first} {last}"
    return first or last or (display or "").strip() or None
