"""The flows that set up a PBX: the demo, O2G as a user or an administrator, or one of Istra's three interfaces."""

import logging
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, override
from urllib.parse import urlsplit

import voluptuous as vol
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    OptionsFlowWithReload,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import selector

from .aiopbx import (
    AuthenticationFailed,
    AvailableLine,
    InvalidInput,
    NotAllowed,
    NotReady,
    PbxError,
    TwoStepRequired,
)
from .assist_options import assist_fields
from .client import Probe, async_probe, check_dialling
from .const import (
    CONF_ALL_LINES,
    CONF_ALLOWED,
    CONF_AUTO_ANSWER,
    CONF_CA_FILE,
    CONF_CALLS_PER_MINUTE,
    CONF_CONTACT_DIRECTORY,
    CONF_CONTACT_FILES,
    CONF_COUNTRY,
    CONF_DENIED,
    CONF_ENTERPRISE,
    CONF_EVENT_PORT,
    CONF_HIDE_CALLERS,
    CONF_IDENTITY,
    CONF_INTERNAL_LENGTHS,
    CONF_KIND,
    CONF_LINES,
    CONF_NIGHT_LINES,
    CONF_NIGHT_NUMBER,
    CONF_OUTSIDE_PREFIX,
    CONF_PASSWORD,
    CONF_SECOND_PASSWORD,
    CONF_SECONDARY_URL,
    CONF_TLS,
    CONF_URL,
    CONF_USE_GIVEN_ADDRESS,
    CONF_USERNAME,
    DEMO_UNIQUE_ID,
    DOMAIN,
    ISTRA_KINDS,
    ISTRA_NAMES,
    KIND_ADMINISTRATOR,
    KIND_DEMO,
    KIND_MYCRM,
    KIND_MYISTRA,
    KIND_MYRCC,
    KIND_USER,
    KINDS_OF_ONE_LINE,
    TLS_CHOICES,
    TLS_OWN_CA,
    TLS_VERIFY,
)
from .coordinator import PbxConfigEntry
from .errors import error_key
from .identity import MINOR_VERSION, async_rename, base_of, find_same, is_same, unique_id_of

_LOGGER = logging.getLogger(__name__)

_TEXT: Final = selector.TextSelector()
_URL: Final = selector.TextSelector(selector.TextSelectorConfig(type=selector.TextSelectorType.URL))
_USERNAME: Final = selector.TextSelector(
    selector.TextSelectorConfig(type=selector.TextSelectorType.TEXT, autocomplete="username")
)
_PASSWORD: Final = selector.TextSelector(
    selector.TextSelectorConfig(type=selector.TextSelectorType.PASSWORD, autocomplete="current-password")
)

_ACCOUNT: Final[dict[vol.Marker, Any]] = {
    vol.Required(CONF_URL): _URL,
    vol.Required(CONF_USERNAME): _USERNAME,
    vol.Required(CONF_PASSWORD): _PASSWORD,
}
_CERTIFICATE: Final[dict[vol.Marker, Any]] = {
    vol.Required(CONF_TLS, default=TLS_VERIFY): selector.SelectSelector(
        selector.SelectSelectorConfig(options=TLS_CHOICES, translation_key="tls")
    ),
    vol.Optional(CONF_CA_FILE): _TEXT,
}
_O2G_SCHEMA: Final = vol.Schema(
    {
        **_ACCOUNT,
        **_CERTIFICATE,
        vol.Optional(CONF_SECONDARY_URL): _URL,
        vol.Optional(CONF_USE_GIVEN_ADDRESS): selector.BooleanSelector(),
        vol.Optional(CONF_EVENT_PORT): selector.NumberSelector(
            selector.NumberSelectorConfig(min=1, max=65535, step=1, mode=selector.NumberSelectorMode.BOX)
        ),
    }
)
_ISTRA_SCHEMA: Final = vol.Schema({**_ACCOUNT, **_CERTIFICATE})
ACCOUNT_SCHEMAS: Final = {
    KIND_USER: _O2G_SCHEMA,
    KIND_ADMINISTRATOR: _O2G_SCHEMA,
    KIND_MYRCC: vol.Schema({**_ACCOUNT, vol.Required(CONF_ENTERPRISE): _TEXT, **_CERTIFICATE}),
    KIND_MYCRM: _ISTRA_SCHEMA,
    KIND_MYISTRA: _ISTRA_SCHEMA,
}
"""The fields of each kind of account; the kind is also the id of the step."""
_ONCE: Final = selector.TextSelector(
    selector.TextSelectorConfig(type=selector.TextSelectorType.PASSWORD, autocomplete="one-time-code")
)
SECOND_SCHEMA: Final = vol.Schema({vol.Required(CONF_SECOND_PASSWORD): _ONCE})
REAUTH_SCHEMA: Final = vol.Schema({vol.Required(CONF_PASSWORD): _PASSWORD})

# The fields of a form that are settings of the client, each with the error to show when the client rejects it.
_FIELD_ERRORS: Final = {
    CONF_URL: "invalid_url",
    CONF_SECONDARY_URL: "invalid_url",
    CONF_EVENT_PORT: "invalid_event_port",
    CONF_CA_FILE: "invalid_ca_file",
    CONF_USERNAME: "invalid_username",
    CONF_ENTERPRISE: "invalid_enterprise",
}

# Settings of the client by the fields of the options.
_OPTION_FIELDS: Final = {
    "dial_policy.allowed": CONF_ALLOWED,
    "dial_policy.denied": CONF_DENIED,
    "number_plan.country": CONF_COUNTRY,
    "number_plan.outside_prefix": CONF_OUTSIDE_PREFIX,
    "number_plan.internal_lengths": CONF_INTERNAL_LENGTHS,
    "contacts": CONF_CONTACT_FILES,
    CONF_NIGHT_NUMBER: CONF_NIGHT_NUMBER,
}


class Problem(Exception):
    """A form cannot be accepted: the field (or ``base``), the reason, and the client's message."""

    def __init__(self, field: str, key: str, message: str = "", *, second: TwoStepRequired | None = None) -> None:
        """Keep the field, the key of the translation and the message; ``second`` asks for a second password."""
        super().__init__(key)
        self.errors = {field: key}
        self.message = message
        self.second = second


def _problem(kind: str, err: PbxError) -> Problem:
    """Return what a form shows for an error of the client."""
    if isinstance(err, InvalidInput):
        field = err.field if err.field in _FIELD_ERRORS else "base"
        return Problem(field, _FIELD_ERRORS.get(field, "invalid_input"), str(err))
    field, key = "base", error_key(err)
    if kind in ISTRA_KINDS:
        if isinstance(err, TwoStepRequired):
            return Problem(field, "two_step", str(err), second=err)
        if isinstance(err, NotAllowed):
            field, key = CONF_USERNAME, "extension_forbidden"
        elif isinstance(err, AuthenticationFailed) and kind == KIND_MYRCC:
            # The server does not say which of the three is wrong.
            key = "invalid_auth_enterprise"
        elif isinstance(err, NotReady):
            key = "telephony_down"
    return Problem(field, key, str(err))


async def async_validate(hass: HomeAssistant, data: Mapping[str, Any]) -> Probe:
    """Test the connection, for all flows. Raises ``Problem``."""
    if data[CONF_KIND] != KIND_DEMO and data[CONF_TLS] == TLS_OWN_CA and not data.get(CONF_CA_FILE):
        raise Problem(CONF_CA_FILE, "ca_file_missing")
    try:
        found = await async_probe(hass, data)
    except PbxError as err:
        raise _problem(data[CONF_KIND], err) from err
    except Exception as err:
        _LOGGER.exception("Unexpected error while testing the connection")
        raise Problem("base", "unknown", str(err)) from err
    if data[CONF_KIND] not in ISTRA_KINDS and found.info.administrator is (data[CONF_KIND] == KIND_USER):
        raise Problem(
            CONF_USERNAME, "is_administrator" if found.info.administrator else "not_administrator", data[CONF_USERNAME]
        )
    return found


def _clean(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return the input with its texts stripped, and without the fields that were left empty."""
    stripped = {
        key: value.strip() if isinstance(value, str) and key != CONF_PASSWORD else value
        for key, value in user_input.items()
    }
    return {key: value for key, value in stripped.items() if value != ""}


def _title(data: Mapping[str, Any]) -> str:
    """Return the title of an entry: the server, and the account or the enterprise on it."""
    host = urlsplit(data[CONF_URL]).hostname
    if data[CONF_KIND] in ISTRA_KINDS:
        return f"{host} ({ISTRA_NAMES[data[CONF_KIND]]}, {data.get(CONF_ENTERPRISE, data[CONF_USERNAME])})"
    return f"{host} ({data[CONF_USERNAME]})"


def _label(line: AvailableLine, names: Counter[str]) -> str:
    """Return the label of a line in a list; terminals of the same model have their ids added."""
    if line.number or not line.name:
        return " · ".join(filter(None, (line.number, line.name or line.id)))
    return f"{line.name} ({line.id})" if names[line.name] > 1 else line.name


def lines_schema(lines: tuple[AvailableLine, ...]) -> dict[vol.Marker, Any]:
    """Return the fields that choose lines."""
    names = Counter(line.name for line in lines)
    return {
        vol.Required(CONF_ALL_LINES, default=True): selector.BooleanSelector(),
        vol.Optional(CONF_LINES): selector.SelectSelector(
            selector.SelectSelectorConfig(
                options=[
                    selector.SelectOptionDict(value=line.id, label=_label(line, names))
                    for line in sorted(lines, key=lambda line: (line.number, line.id))
                ],
                multiple=True,
                mode=selector.SelectSelectorMode.DROPDOWN,
            )
        ),
    }


def _lines_problem(user_input: Mapping[str, Any]) -> dict[str, str]:
    if not user_input[CONF_ALL_LINES] and not user_input.get(CONF_LINES):
        return {CONF_LINES: "no_lines"}
    return {}


class PbxConfigFlow(ConfigFlow, domain=DOMAIN):
    """Set up a PBX."""

    VERSION = 1
    MINOR_VERSION = MINOR_VERSION

    def __init__(self) -> None:
        """Start without an account."""
        self._data: dict[str, Any] = {}
        self._found: Probe | None = None
        self._sent_by: str | None = None

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: PbxConfigEntry) -> PbxOptionsFlow:
        """Return the options flow."""
        return PbxOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose the kind of PBX and account."""
        return self.async_show_menu(step_id="user", menu_options=[KIND_DEMO, *ACCOUNT_SCHEMAS])

    async def async_step_demo(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Set up the simulated PBX; there is nothing to fill in."""
        await self.async_set_unique_id(DEMO_UNIQUE_ID)
        self._abort_if_unique_id_configured()
        data = {CONF_KIND: KIND_DEMO}
        try:
            await async_validate(self.hass, data)
        except Problem as problem:
            return self.async_abort(reason="demo_failed", description_placeholders={"message": problem.message})
        return self.async_create_entry(title="Demo PBX", data=data, options={CONF_ALL_LINES: True})

    async def async_step_o2g_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Connect as a user, with one line."""
        return await self._async_account(KIND_USER, user_input)

    async def async_step_o2g_administrator(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Connect as an administrator, with all or some lines."""
        return await self._async_account(KIND_ADMINISTRATOR, user_input)

    async def async_step_myrcc(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Connect to Istra's myRCC as the administrator of an enterprise, with all or some of its extensions."""
        return await self._async_account(KIND_MYRCC, user_input)

    async def async_step_mycrm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Connect to Istra's myCrm as a user; the user's terminals are the lines."""
        return await self._async_account(KIND_MYCRM, user_input)

    async def async_step_myistra(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Connect to Istra's myIstra as a user, with one line."""
        return await self._async_account(KIND_MYISTRA, user_input)

    async def _async_account(
        self, kind: str, user_input: dict[str, Any] | None, *, step_id: str | None = None
    ) -> ConfigFlowResult:
        """Ask for an account and test it."""
        errors: dict[str, str] = {}
        message = ""
        if user_input is not None:
            data = {CONF_KIND: kind, **_clean(user_input)}
            try:
                found = await async_validate(self.hass, data)
            except Problem as problem:
                if problem.second is not None:
                    return await self._async_ask_second(data, problem.second)
                errors, message = problem.errors, problem.message
            else:
                return await self._async_accept(data, found)
        return self.async_show_form(
            step_id=step_id or kind,
            data_schema=self.add_suggested_values_to_schema(
                ACCOUNT_SCHEMAS[kind], user_input or (self._reconfigured() if step_id else {})
            ),
            errors=errors,
            description_placeholders={"message": message, "example": "https://192.0.2.10"},
        )

    def _reconfigured(self) -> dict[str, Any]:
        """Return what the form of a reconfiguration starts from; the password has to be typed again."""
        return {key: value for key, value in self._get_reconfigure_entry().data.items() if key != CONF_PASSWORD}

    async def _async_accept(self, data: dict[str, Any], found: Probe) -> ConfigFlowResult:
        """Continue with an account that works."""
        if data[CONF_KIND] in ISTRA_KINDS:
            data = {**data, CONF_URL: found.url, **found.account}
        identity = found.identity
        data = {**data, CONF_URL: found.url, CONF_IDENTITY: identity}
        reconfigured = self._get_reconfigure_entry() if self.source == SOURCE_RECONFIGURE else None
        if find_same(self.hass, data, identity, but=reconfigured.entry_id if reconfigured is not None else None):
            return self.async_abort(reason="already_configured")
        unique_id = unique_id_of(data, identity)
        if (entry := reconfigured) is not None:
            if is_same(entry, data, identity) and entry.unique_id is not None:
                unique_id = entry.unique_id
            else:
                async_rename(self.hass, entry, base_of(entry), unique_id)
            await self.async_set_unique_id(unique_id)
            title = _title(data) if entry.title == _title(entry.data) else entry.title
            return self.async_update_reload_and_abort(entry, unique_id=unique_id, title=title, data=data)
        await self.async_set_unique_id(unique_id)
        self._abort_if_unique_id_configured()
        if data[CONF_KIND] in KINDS_OF_ONE_LINE:
            return self.async_create_entry(title=_title(data), data=data, options={CONF_ALL_LINES: True})
        self._data, self._found = data, found
        return await self.async_step_lines()

    async def _async_ask_second(self, data: Mapping[str, Any], error: TwoStepRequired) -> ConfigFlowResult:
        """Ask for the second password that the server has sent for this account."""
        self._data = {key: value for key, value in data.items() if key != CONF_SECOND_PASSWORD}
        self._sent_by = error.sent_by
        return await self.async_step_second_password()

    async def async_step_second_password(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the second password of an account that logs in in two steps, and test it."""
        errors: dict[str, str] = {}
        message = ""
        if user_input is not None:
            data = {**self._data, CONF_SECOND_PASSWORD: user_input[CONF_SECOND_PASSWORD].strip()}
            try:
                found = await async_validate(self.hass, data)
            except Problem as problem:
                errors, message = {"base": next(iter(problem.errors.values()))}, problem.message
            else:
                if self.source == SOURCE_REAUTH:
                    entry = self._get_reauth_entry()
                    return self.async_update_reload_and_abort(
                        entry, data_updates={key: data[key] for key in (CONF_PASSWORD, CONF_SECOND_PASSWORD)}
                    )
                return await self._async_accept(data, found)
        return self.async_show_form(
            step_id="second_password",
            data_schema=SECOND_SCHEMA,
            errors=errors,
            description_placeholders={
                "message": message,
                "username": self._data[CONF_USERNAME],
                "how": f" by {self._sent_by}" if self._sent_by else "",
            },
        )

    async def async_step_lines(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose the lines."""
        assert self._found is not None
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = _lines_problem(user_input)
            if not errors:
                return self.async_create_entry(title=_title(self._data), data=self._data, options=user_input)
        return self.async_show_form(
            step_id="lines",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(lines_schema(self._found.lines)), user_input or {}
            ),
            errors=errors,
            description_placeholders={"count": str(len(self._found.lines))},
        )

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """The PBX no longer accepts the account."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the password, and test it."""
        entry = self._get_reauth_entry()
        errors: dict[str, str] = {}
        message = ""
        if user_input is not None:
            data = {**entry.data, **user_input}
            try:
                await async_validate(self.hass, data)
            except Problem as problem:
                if problem.second is not None:
                    return await self._async_ask_second(data, problem.second)
                errors, message = {"base": next(iter(problem.errors.values()))}, problem.message
            else:
                return self.async_update_reload_and_abort(entry, data_updates=user_input)
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=REAUTH_SCHEMA,
            errors=errors,
            description_placeholders={
                "message": message,
                "username": entry.data.get(CONF_USERNAME, ""),
                "url": entry.data.get(CONF_URL, ""),
            },
        )

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change how the PBX is reached."""
        kind = self._get_reconfigure_entry().data[CONF_KIND]
        if kind == KIND_DEMO:
            return self.async_abort(reason="demo_needs_nothing")
        return await self._async_account(kind, user_input, step_id="reconfigure")


class PbxOptionsFlow(OptionsFlowWithReload):
    """Choose the lines and the dial policy."""

    config_entry: PbxConfigEntry

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show all options in one form."""
        chooses_lines = self.config_entry.data[CONF_KIND] not in KINDS_OF_ONE_LINE
        errors: dict[str, str] = {}
        message = ""
        if user_input is not None:
            options = {CONF_ALL_LINES: True, **user_input}
            errors = _lines_problem(options)
            if not errors:
                errors, message = await self._async_dialling_problem(options)
            if not errors:
                if (limit := options.get(CONF_CALLS_PER_MINUTE)) is not None:
                    options[CONF_CALLS_PER_MINUTE] = int(limit)
                return self.async_create_entry(data=options)
        fields: dict[vol.Marker, Any] = {}
        suggested = dict(user_input or self.config_entry.options)
        if user_input is None and (country := self.hass.config.country) is not None:
            suggested.setdefault(CONF_COUNTRY, country)
        if chooses_lines:
            try:
                lines = await self._async_lines()
            except Problem as problem:
                return self.async_abort(
                    reason="cannot_list_lines", description_placeholders={"message": problem.message}
                )
            fields |= lines_schema(lines)
            there = {line.id for line in lines}
            suggested[CONF_LINES] = [line for line in suggested.get(CONF_LINES, ()) if line in there]
        patterns = selector.TextSelector(selector.TextSelectorConfig(multiple=True))
        fields |= {
            vol.Optional(CONF_ALLOWED): patterns,
            vol.Optional(CONF_DENIED): patterns,
            vol.Optional(CONF_CALLS_PER_MINUTE): selector.NumberSelector(
                selector.NumberSelectorConfig(min=1, max=1000, step=1, mode=selector.NumberSelectorMode.BOX)
            ),
        }
        fields |= {
            vol.Optional(CONF_COUNTRY): selector.CountrySelector(),
            vol.Optional(CONF_OUTSIDE_PREFIX): _TEXT,
            vol.Optional(CONF_INTERNAL_LENGTHS): _TEXT,
            vol.Optional(CONF_CONTACT_FILES): patterns,
            vol.Optional(CONF_CONTACT_DIRECTORY): selector.BooleanSelector(),
            vol.Optional(CONF_HIDE_CALLERS): selector.BooleanSelector(),
            vol.Optional(CONF_NIGHT_LINES): patterns,
            vol.Optional(CONF_NIGHT_NUMBER): _TEXT,
        }
        if self.config_entry.data[CONF_KIND] not in ISTRA_KINDS:
            # On Istra the telephone itself decides whether it goes off hook.
            fields[vol.Required(CONF_AUTO_ANSWER, default=True)] = selector.BooleanSelector()
        fields |= assist_fields(self.config_entry.data[CONF_KIND])
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(vol.Schema(fields), suggested),
            errors=errors,
            description_placeholders={"message": message},
        )

    async def _async_dialling_problem(self, options: Mapping[str, Any]) -> tuple[dict[str, str], str]:
        """Return the field that the client refuses, and what it says; nothing where all of it can be used."""
        try:
            await self.hass.async_add_executor_job(check_dialling, self.hass, options)
        except InvalidInput as err:
            return {_OPTION_FIELDS.get(err.field, "base"): "invalid_option"}, str(err)
        return {}, ""

    async def _async_lines(self) -> tuple[AvailableLine, ...]:
        """Return the lines of the PBX, from the running connection or over a new one."""
        entry = self.config_entry
        if entry.state is ConfigEntryState.LOADED:
            try:
                return await entry.runtime_data.pbx.available_lines()
            except PbxError as err:
                raise Problem("base", error_key(err), str(err)) from err
        return (await async_validate(self.hass, entry.data)).lines
