"""Wire types of O2G: maintenance."""

from typing import Any

import msgspec

from .base import O2gEvent, Wire, WireEnum


class ConfigurationTypeDTO(WireEnum):
    """What the server is set up for."""

    PBX_MANAGEMENT = "PBX_MANAGEMENT"
    FULL_SERVICES = "FULL_SERVICES"


class CTILinkState(WireEnum):
    """Whether a node is connected, and to which of its call servers."""

    CONNECTED_MAIN = "CONNECTED_MAIN"
    CONNECTED_SECONDARY = "CONNECTED_SECONDARY"
    DISCONNECTED = "DISCONNECTED"


class LicenseType(WireEnum):
    """Who counts the licences: the server with its file, or the node that sells them by use."""

    FLEXLM = "FLEXLM"
    LMS = "LMS"


class SubscriberFilter(WireEnum):
    """Which subscribers of the PBX are users of the server: all, or those that are marked."""

    A4980 = "A4980"
    ALL = "ALL"


class License(Wire, kw_only=True):
    """A licence: how many there are, how many are in use, until when."""

    name: str | None = None
    total: int | None = None
    current_used: int | None = None
    expiration: str | None = None
    application: bool | None = None


class LicenseStatus(Wire, kw_only=True):
    """Licences."""

    lics: tuple[License, ...] = ()
    type: LicenseType | None = None
    context: str | None = None
    current_server: str | None = None
    status: str | None = None
    """``NORMAL``, or that the licence server is in trouble."""
    status_message: str | None = None


class OnCtiLinkDown(O2gEvent, tag="OnCtiLinkDown", kw_only=True):
    """The link to a node is lost, which the server reports half a minute to a minute later."""

    node_id: str | None = None


class OnCtiLinkUp(O2gEvent, tag="OnCtiLinkUp", kw_only=True):
    """The link to a node is back."""

    node_id: str | None = None


class OnLicenseExpiration(O2gEvent, tag="OnLicenseExpiration", kw_only=True):
    """The licence file expires in ``nb_days`` days, or has expired as many days ago if it is negative."""

    message: str | None = None
    nb_days: int | None = None


class OnPbxLoaded(O2gEvent, tag="OnPbxLoaded", kw_only=True):
    """The data of a node is loaded."""

    node_id: str | None = None


class OnPbxLinkDown(O2gEvent, tag="OnPbxLinkDown", kw_only=True):
    """The management link to a node is lost, over which its objects are read and changed."""

    node_id: str | None = None


class OnPbxLinkUp(O2gEvent, tag="OnPbxLinkUp", kw_only=True):
    """The management link to a node is back."""

    node_id: str | None = None


class OnRemoteServerLinkDown(O2gEvent, tag="OnRemoteServerLinkDown", kw_only=True):
    """The server does not reach the other one of its pair, ``host``."""

    host: str | None = None


class OnRemoteServerLinkUp(O2gEvent, tag="OnRemoteServerLinkUp", kw_only=True):
    """The server reaches the other one of its pair again."""

    host: str | None = None


class OnServerStart(O2gEvent, tag="OnServerStart", kw_only=True):
    """The server has started, and all nodes are loaded."""

    server_id: str | None = None


class ServerAddress(Wire, kw_only=True):
    """Name and IP address of a server."""

    fqdn: str | None = None
    ip: str | None = None


class ServiceStatus(Wire, kw_only=True):
    """A process of the server, such as ``tomcat``, and whether it runs (``STARTED``)."""

    name: str | None = None
    status: str | None = None
    mode: str | None = None


class SystemServiceStatus(Wire, kw_only=True):
    """The processes of a server; what follows them is of a pair."""

    services: tuple[ServiceStatus, ...] = ()
    global_ip_address: str | None = msgspec.field(name="globalIPAdress", default=None)
    """Servers misspell it."""
    drbd: str | None = None
    """The state of the mirrored disk."""


class RecordingSystemStatus(Wire, kw_only=True):
    """The recorders and what they record. What is in the lists has been seen nowhere."""

    oxrs: tuple[Any, ...] = ()
    devices: tuple[Any, ...] = ()


class PbxStatus(Wire, kw_only=True):
    """A node: its addresses, its version, whether it is connected."""

    name: str | None = None
    node_id: int | None = None
    main_address: ServerAddress | None = None
    secondary_address: ServerAddress | None = None
    version: str | None = None
    connected: bool | None = None
    loaded: bool | None = None
    cti_link_state: CTILinkState | None = None
    secured: bool | None = None
    monitored_user_number: int | None = None
    lms_connection_status: bool | None = None
    """Whether the node reaches its licence manager."""


class SystemStatus(Wire, kw_only=True):
    """The server: since when it runs, its twin, its nodes, its licences."""

    logical_address: ServerAddress | None = None
    start_date: str | None = None
    ha: bool | None = None
    primary: str | None = None
    primary_version: str | None = None
    primary_services_status: SystemServiceStatus | None = None
    secondary: str | None = None
    secondary_version: str | None = None
    secondary_services_status: SystemServiceStatus | None = None
    pbxs: tuple[PbxStatus, ...] = ()
    license: LicenseStatus | None = None
    system_resources: ServerAddress | None = None
    configuration_type: ConfigurationTypeDTO | None = None
    application_id: str | None = None
    subscriber_filter: SubscriberFilter | None = None
    recording_status: RecordingSystemStatus | None = None
    tcollected: bool | None = None
    call_center_features_active: bool | None = None
