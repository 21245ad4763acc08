"""Users: names, telephones, passwords, languages."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from ....o2g.types import telephony as wire
from ....o2g.types.users import (
    ChangePasswordRequest,
    Device,
    DeviceType,
    LoginsResponse,
    SupportedLanguages,
    User,
    UserPreferences,
    Voicemail,
    VoicemailType,
)
from ...switch.calls import EXTERNAL, SERVICE, Identity
from .context import Context, Route
from .refusals import NOT_FOUND, Refusal, bad_parameter, not_allowed, preferences

if TYPE_CHECKING:
    from ...switch.users import User as SwitchUser
    from .sessions import Account

# The PBX's name of a language, and that of user interfaces.
LANGUAGES: Final = {
    "Arabic_D": "ar",
    "Arabic_FV": "ar-fv",
    "Australian": "en-au",
    "Austrian": "de-at",
    "Bahasa_Malay": "id",
    "Brazilian": "br",
    "Bulgarian": "bg",
    "Canadian_French": "fr-ca",
    "Cantonese": "ca-?",
    "Catalonian": "ca",
    "Croat": "hr",
    "Czech": "cs",
    "Danish": "da",
    "Egyptian_FV": "eg-fv",
    "Egyptian_MV": "eg-mv",
    "English_Africa": "en-af",
    "English_UK": "en-gb",
    "Estonian": "et",
    "Finnish": "fi",
    "Flemish": "nl-be",
    "French": "fr",
    "French_Swiss": "fr-ch",
    "Generic_English": "en",
    "German": "de",
    "German_Swiss": "de-ch",
    "Greek": "el",
    "Hebrew": "he",
    "Holland": "nl",
    "Hungarian": "hu",
    "Icelandic": "is",
    "Irish": "ga",
    "Italian": "it",
    "Italian_Swiss": "it-ch",
    "Japanese": "ja",
    "Korean": "ko",
    "Latvian": "lv",
    "Lithuanian": "lt",
    "Malay": "ms",
    "Mandarin_China": "zh",
    "Mandarin_Taiwan": "zh-tw",
    "Norwegian": "no",
    "Persian": "fa",
    "Polish": "pl",
    "Portuguese": "pt",
    "Rumanian": "ro",
    "Russian": "ru",
    "Slovene": "si",
    "Spanish": "es",
    "Spanish_America": "es-us",
    "Swedish": "sv",
    "Thai": "th",
    "Turkish": "tr",
    "US_English": "en-us",
    "Valenciano": "ca-es",
    "Vietnamese": "vi",
    "Yugoslav": "yu",
}
GUI_LANGUAGES: Final = frozenset(LANGUAGES.values())


def party_info(identity: Identity) -> wire.PartyInfo:
    """Return a party as O2G describes it."""
    named = identity.kind in (EXTERNAL, SERVICE)
    name = f"{identity.first_name} {identity.last_name}".strip()
    return wire.PartyInfo(
        id=wire.Identifier(login_name=identity.login, phone_number=identity.number or None),
        first_name=None if named else identity.first_name or None,
        last_name=None if named else identity.last_name or None,
        display_name=(name or None) if named else None,
        type=wire.ParticipantType(main=wire.MainType(identity.kind), sub_type=identity.sub_type),
    )


def describe(user: "SwitchUser", *, whole: bool = True) -> User:
    """Return a user; the voicemail and the telephones only for the user itself and for administrators."""
    voicemail = None
    if whole and user.voicemail:
        voicemail = Voicemail(number=user.voicemail_number, type=VoicemailType.VM_4645)
    devices: tuple[Device, ...] = ()
    if whole:
        devices = tuple(
            Device(type=DeviceType(device.kind), id=device.id, sub_type=device.sub_kind or None)
            for device in user.devices.values()
        )
    return User(
        company_phone=user.number,
        first_name=user.first_name,
        last_name=user.last_name,
        login_name=user.login,
        voicemail=voicemail,
        devices=devices,
        node_id=user.node,
        external_login=user.external_login or None,
        e_mail_address=user.email or None,
    )


def _no_user(what: str, status: int = HTTPStatus.BAD_REQUEST) -> Refusal:
    return Refusal(NOT_FOUND, f"{what}: there is no such user.", status=status)


def logins(ctx: Context) -> LoginsResponse:
    """``GET /logins``: a user receives only its own name; the two criteria are for administrators."""
    if not ctx.administrator:
        for name in ("nodeIds", "onlyACD"):
            if name in ctx.query:
                raise not_allowed(f"{name}: only an administrator may use it.")
        return LoginsResponse(login_names=(ctx.user,))
    users = list(ctx.switch.users.values())
    if "nodeIds" in ctx.query:
        nodes = {part.strip() for part in ctx.query["nodeIds"].replace(";", ",").split(",")}
        if not all(node.isdigit() for node in nodes):
            raise bad_parameter("nodeIds", "must be one node or several, separated by commas")
        users = [user for user in users if user.node in nodes]
    if ctx.flag("onlyACD"):
        users = [user for user in users if user.agent is not None]
    return LoginsResponse(login_names=tuple(user.login for user in users))


def find(ctx: Context) -> User:
    """``GET /users?companyPhone=``."""
    number = ctx.query.get("companyPhone", "").strip()
    if not number or len(ctx.query.getall("companyPhone")) > 1:
        raise bad_parameter("companyPhone", "must be given, and once")
    user = ctx.switch.by_number(number)
    if user is None:
        raise _no_user("companyPhone", HTTPStatus.NOT_FOUND)
    return describe(user, whole=ctx.administrator or user.login == ctx.session.login)


def get(ctx: Context) -> User:
    """``GET /users/{loginName}``. A number in the place of the login works as well."""
    user = ctx.switch.users.get(ctx.user) or ctx.switch.by_number(ctx.user)
    if user is None:
        account = ctx.server.accounts.get(ctx.user)
        if account is not None and account.administrator and ctx.administrator:
            return User(login_name=account.login)
        raise _no_user("loginName")
    return describe(user, whole=ctx.administrator or user.login == ctx.session.login)


def _account(ctx: Context) -> "Account":
    """Return the account of the path; a user may name only its own."""
    if not ctx.administrator and ctx.user != ctx.session.login:
        raise not_allowed("loginName: only an administrator may name another user.")
    account = ctx.server.accounts.get(ctx.user)
    if account is None:
        raise _no_user("loginName")
    return account


def change_password(ctx: Context) -> None:
    """``PUT /users/{loginName}/password``."""
    request: ChangePasswordRequest = ctx.body
    account = _account(ctx)
    if request.old_password != account.password:
        raise not_allowed("oldPassword: is wrong.")
    if not request.new_password.strip():
        raise bad_parameter("newPassword", "must not be empty")
    account.password = request.new_password


def get_preferences(ctx: Context) -> UserPreferences:
    """``GET /users/{loginName}/preferences``."""
    account = _account(ctx)
    return UserPreferences(gui_language=account.gui_language, oxe_language=account.oxe_language)


def set_preferences(ctx: Context) -> None:
    """``POST /users/{loginName}/preferences``: a user always sets its own, whatever the path names."""
    request: UserPreferences = ctx.body
    account = ctx.server.accounts.get(ctx.user if ctx.administrator else ctx.session.login)
    if account is None:
        raise _no_user("loginName")
    if request.gui_language is None and request.oxe_language is None:
        raise bad_parameter("guiLanguage", "must be given")
    if request.gui_language is not None and request.gui_language not in GUI_LANGUAGES:
        raise preferences(f"guiLanguage: {request.gui_language!r} is not one of the supported languages.")
    if request.oxe_language is not None and request.oxe_language not in LANGUAGES:
        raise bad_parameter("oxeLanguage", f"{request.oxe_language!r} is not one of the supported languages")
    account.gui_language = request.gui_language or account.gui_language
    account.oxe_language = request.oxe_language or account.oxe_language


def supported_languages(ctx: Context) -> SupportedLanguages:
    """``GET /users/{loginName}/preferences/supportedLanguages``."""
    _account(ctx)
    return SupportedLanguages(
        supported_languages=tuple(LANGUAGES), supported_gui_languages=tuple(dict.fromkeys(LANGUAGES.values()))
    )


ROUTES: Final = (
    Route("GET", "/logins", logins),
    Route("GET", "/users", find),
    Route("GET", "/users/{loginName}", get, user="path"),
    Route("PUT", "/users/{loginName}/password", change_password, body=ChangePasswordRequest, user="path"),
    Route("GET", "/users/{loginName}/preferences", get_preferences, user="path"),
    Route("POST", "/users/{loginName}/preferences", set_preferences, body=UserPreferences, user="path"),
    Route("GET", "/users/{loginName}/preferences/supportedLanguages", supported_languages, user="path"),
)
