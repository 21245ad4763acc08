"""Who somebody is, as O2G writes it down."""

from ....o2g.types import telephony as wire
from ...switch.calls import EXTERNAL, SERVICE, Identity


def party_info(identity: Identity) -> wire.PartyInfo:
    """Who somebody is."""
    named = identity.kind in (EXTERNAL, SERVICE)
    name = f"{identity.first_name} {identity.last_name}".strip()
    return wire.PartyInfo(
        id=wire.Identifier(login_name=identity.login, phone_number=identity.number or None),
        first_name=None if named else identity.first_name or None,
        last_name=None if named else identity.last_name or None,
        display_name=(name or None) if named else None,
        type=wire.ParticipantType(main=wire.MainType(identity.kind), sub_type=identity.sub_type),
    )
