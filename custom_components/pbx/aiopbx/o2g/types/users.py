"""Users, and the summary of what waits for them."""

from typing import ClassVar

from .base import O2gEvent, Wire, WireEnum


class DeviceType(WireEnum):
    """Kind of a telephone."""

    DECT = "DECT"
    DESKPHONE = "DESKPHONE"
    MOBILE = "MOBILE"
    SOFTPHONE = "SOFTPHONE"


class VoicemailType(WireEnum):
    """Kind of a voicemail system."""

    VM_4635 = "VM_4635"
    VM_4645 = "VM_4645"
    EXTERNAL = "EXTERNAL"


class ChangePasswordRequest(Wire, kw_only=True):
    """The old and the new password of a user."""

    _secrets: ClassVar[frozenset[str]] = frozenset({"old_password", "new_password"})

    old_password: str
    new_password: str


class Device(Wire, kw_only=True):
    """A telephone of a user."""

    type: DeviceType | None = None
    id: str | None = None
    sub_type: str | None = None


class LoginsResponse(Wire, kw_only=True):
    """Login names."""

    login_names: tuple[str, ...] = ()


class OnUserDeleted(O2gEvent, tag="OnUserDeleted", kw_only=True):
    """A user was deleted (administrators only)."""

    login_name: str | None = None


class SupportedLanguages(Wire, kw_only=True):
    """Languages a user may choose."""

    supported_languages: tuple[str, ...] = ()
    supported_gui_languages: tuple[str, ...] = ()


class UserPreferences(Wire, kw_only=True):
    """Languages of a user."""

    gui_language: str | None = None
    oxe_language: str | None = None


class Voicemail(Wire, kw_only=True):
    """Number and kind of a user's voicemail."""

    number: str | None = None
    type: VoicemailType | None = None


class User(Wire, kw_only=True):
    """A subscriber: numbers, names, devices, voicemail, node."""

    company_phone: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    login_name: str | None = None
    voicemail: Voicemail | None = None
    devices: tuple[Device, ...] = ()
    external_login: str | None = None
    """The login at an identity provider outside."""
    e_mail_address: str | None = None
    node_id: str | None = None


class OnUserCreated(O2gEvent, tag="OnUserCreated", kw_only=True):
    """A user was created (administrators only)."""

    user: User | None = None


class OnUserInfoChanged(O2gEvent, tag="OnUserInfoChanged", kw_only=True):
    """A user's name, number, devices or voicemail changed."""

    login_name: str | None = None
    user: User | None = None


class EventSummary(Wire, kw_only=True):
    """Counters of a user. An absent counter is unknown, not zero."""

    missed_calls_nb: int | None = None
    voice_messages_nb: int | None = None
    call_back_requests_nb: int | None = None
    fax_nb: int | None = None
    new_text_nb: int | None = None
    old_text_nb: int | None = None
    event_waiting: bool | None = None


class OnEventSummaryUpdated(O2gEvent, tag="OnEventSummaryUpdated", kw_only=True):
    """Counters of a user changed."""

    login_name: str | None = None
    event_summary: EventSummary | None = None
