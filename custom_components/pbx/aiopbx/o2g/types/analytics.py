"""Wire types of O2G: incidents and charging of the nodes."""

from .base import Wire, WireEnum


class CallType(WireEnum):
    """What kind of call a charging ticket is about."""

    PUBLIC_NETWORK_CALL = "PublicNetworkCall"
    PUBLIC_NETWORK_CALL_THROUGH_PRIVATE_NETWORK = "PublicNetworkCallThroughPrivateNetwork"
    PRIVATE_NETWORK_CALL = "PrivateNetworkCall"
    LOCAL_NETWORK_CALL = "LocalNetworkCall"
    PUBLIC_NETWORK_INCOMING_CALL = "PublicNetworkIncomingCall"
    PUBLIC_NETWORK_INCOMING_CALL_THROUGH_PRIVATE_NETWORK = "PublicNetworkIncomingCallThroughPrivateNetwork"
    PRIVATE_NETWORK_OUTGOING_CALL_TO_PUBLIC_NETWORK = "PrivateNetworkOutgoingCallToPublicNetwork"
    PRIVATE_NETWORK_OUTGOING_CALL_TO_PRIVATE_NETWORK = "PrivateNetworkOutgoingCallToPrivateNetwork"
    PUBLIC_NETWORK_INCOMING_CALL_TO_PRIVATE_NETWORK = "PublicNetworkIncomingCallToPrivateNetwork"
    PRIVATE_NETWORK_INCOMING_CALL_TO_PRIVATE_NETWORK = "PrivateNetworkIncomingCallToPrivateNetwork"
    PUBLIC_OR_PRIVATE_NETWORK_OUTGOING_CALL_THROUGH_PRIVATE_NETWORK = (
        "PublicOrPrivateNetworkOutgoingCallThroughPrivateNetwork"
    )
    PUBLIC_OR_PRIVATE_NETWORK_INCOMING_CALL_THROUGH_PRIVATE_NETWORK = (
        "PublicOrPrivateNetworkIncomingCallThroughPrivateNetwork"
    )
    PRIVATE_NETWORK_INCOMING_CALL = "PrivateNetworkIncomingCall"
    LOCAL_NODE = "LocalNode"
    LOCAL_TRANSIT = "LocalTransit"
    UNSPECIFIED = "Unspecified"


class TelFacility(WireEnum):
    """A service of the PBX or of the network that a call made use of."""

    CALLING_LINE_IDENTIFICATION_PRESENTATION = "CallingLineIdentificationPresentation"
    CONNECTED_LINE_IDENTIFICATION_PRESENTATION = "ConnectedLineIdentificationPresentation"
    CALLING_LINE_IDENTIFICATION_RESTRICTION = "CallingLineIdentificationRestriction"
    CONNECTED_LINE_IDENTIFICATION_RESTRICTION = "ConnectedLineIdentificationRestriction"
    MALICIOUS_CALL_IDENTIFICATION = "MaliciousCallIdentification"
    CALL_FORWARDING_UNCONDITIONAL = "CallForwardingUnconditional"
    CALL_FORWARDING_ON_BUSY = "CallForwardingOnBusy"
    CALL_FORWARDING_ON_NO_REPLY = "CallForwardingOnNoReply"
    TRANSFER = "Transfer"
    ADVICE_OF_CHARGE_AT_SETUP = "AdviceOfChargeAtSetup"
    ADVICE_OF_CHARGE_DURING_CALL = "AdviceOfChargeDuringCall"
    ADVICE_OF_CHARGE_AT_END = "AdviceOfChargeAtEnd"
    CLOSED_USER_GROUP = "ClosedUserGroup"
    CALL_WAITING = "CallWaiting"
    USER_TO_USER_SIGNALLING = "UserToUserSignalling"
    USER_TO_USER_FACILITY = "UserToUserFacility"
    TERMINAL_PORTABILITY = "TerminalPortability"
    INTERCEPTION = "Interception"
    BOOKING = "Booking"
    CAMP_ON = "CampOn"
    CONFERENCE = "Conference"
    MINI_MESSAGING = "MiniMessaging"
    SUBADDRESSING = "Subaddressing"
    BASIC_CALL = "BasicCall"
    OPERATOR_FACILITY = "OperatorFacility"
    SUBSTITUTION = "Substitution"
    PRIORITY_INCOMING_CALL = "PriorityIncomingCall"
    TRANSIT = "Transit"
    PRIVATE_OVERFLOW_TO_PUBLIC = "PrivateOverflowToPublic"
    REROUTING_PUBLIC_TO_PRIVATE = "ReroutingPublicToPrivate"
    FAX_SERVER = "FaxServer"
    VOICE_MAIL = "VoiceMail"
    CENTRAL_ABBREVIATED_NUMBERING = "CentralAbbreviatedNumbering"
    INDIVIDUAL_ABBREVIATED_NUMBERING = "IndividualAbbreviatedNumbering"
    INTEGRATED_SERVICE_VIRTUAL_PRIVATE_NETWORK = "IntegratedServiceVirtualPrivateNetwork"
    OVERFLOW_VIRTUAL_PRIVATE_NETWORK = "OverflowVirtualPrivateNetwork"
    ARS_SERVICE = "ARSService"
    DISA = "DISA"
    NONE = "None"


class Incident(Wire, kw_only=True):
    """An incident of a node. Its number, ``value``, and its node are digits in a text.

    Some servers misspell the equipment, so that it has two names.
    """

    date: str | None = None
    """Dd/MM/yy, may have blanks round it."""
    hour: str | None = None
    """HH:mm:ss, may have blanks round it."""
    severity: int | None = None
    value: str | None = None
    """Incident number, digits in a string."""
    type: str | None = None
    """Text of the incident."""
    nb_occurs: int | None = None
    """How often."""
    node: str | None = None
    """Node number, digits in a string."""
    main: bool | None = None
    """On the main call server."""
    rack: str | None = None
    board: str | None = None
    equipment: str | None = None
    termination: str | None = None
    equipement: str | None = None


class Incidents(Wire, kw_only=True):
    """Incidents of a node, the newest first. Few servers count them by severity."""

    incidents: tuple[Incident, ...] = ()
    severity0: int | None = None
    """Number of incidents of this severity."""
    severity1: int | None = None
    """Number of incidents of this severity."""
    severity2: int | None = None
    """Number of incidents of this severity."""
    severity3: int | None = None
    """Number of incidents of this severity."""
    severity4: int | None = None
    """Number of incidents of this severity."""
    severity5: int | None = None
    """Number of incidents of this severity."""


class ChargingFile(Wire, kw_only=True):
    """A file of charging tickets on a node."""

    name: str | None = None
    date: str | None = None
    time: str | None = None
    """HH:mm:ss."""


class ChargingFiles(Wire, kw_only=True):
    """Files of charging tickets."""

    files: tuple[ChargingFile, ...] = ()


class TelFacilities(Wire, kw_only=True):
    """Services that a call made use of."""

    facilities: tuple[TelFacility, ...] = ()


class Charging(Wire, kw_only=True):
    """A charging ticket: one call and what it cost."""

    caller: str | None = None
    name: str | None = None
    called: str | None = None
    initial_dialled_number: str | None = None
    """Number first dialled."""
    call_number: int | None = None
    charging_units: int | None = None
    cost: float | None = None
    """In the currency of the system."""
    start_date: str | None = None
    """YyyyMMdd HH:mm:ss."""
    duration: int | None = None
    """Seconds (presumably)."""
    call_type: CallType | None = None
    effective_call_duration: int | None = None
    """Seconds (presumably)."""
    acting_extension_number_node: int | None = None
    """Node of the set that acts."""
    internal_facilities: TelFacilities | None = None
    external_facilities: TelFacilities | None = None


class ChargingResult(Wire, kw_only=True):
    """Charging tickets, and how many there are in all."""

    chargings: tuple[Charging, ...] = ()
    from_date: str | None = None
    """YyyyMMdd."""
    to_date: str | None = None
    """YyyyMMdd."""
    nb_charging_files: int | None = None
    total_ticket_nb: int | None = None
    valuable_ticket_nb: int | None = None
    """Tickets that cost something."""
