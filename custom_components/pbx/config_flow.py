"""The flows that set up a PBX: the demo, O2G as a user or an administrator, or one of Istra's three interfaces."""

from collections.abc import Mapping
from typing import Any, override
from urllib.parse import urlsplit

import voluptuous as vol
from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_RECONFIGURE, ConfigFlow, ConfigFlowResult
from homeassistant.core import callback

from .accounts import Problem, async_validate
from .aiopbx import TwoStepRequired
from .bridge_address import in_fields, levels_of
from .certificate import ShownCertificate, async_shown_certificate
from .client import Probe
from .const import (
    CONF_ALL_LINES,
    CONF_CA_FILE,
    CONF_CLIENT_CERTIFICATE,
    CONF_ENTERPRISE,
    CONF_FINGERPRINTS,
    CONF_IDENTITY,
    CONF_KIND,
    CONF_LINES,
    CONF_PASSWORD,
    CONF_SECOND_PASSWORD,
    CONF_SECONDARY_URL,
    CONF_SYSTEM_NAME,
    CONF_TLS,
    CONF_TOPIC_PREFIX,
    CONF_URL,
    CONF_USERNAME,
    DEMO_UNIQUE_ID,
    DOMAIN,
    ISTRA_KINDS,
    ISTRA_NAMES,
    KIND_ADMINISTRATOR,
    KIND_BRIDGE,
    KIND_DEMO,
    KIND_MYCRM,
    KIND_MYISTRA,
    KIND_MYRCC,
    KIND_USER,
    KINDS_OF_ONE_LINE,
    TLS_FINGERPRINT,
    TLS_OWN_CA,
    TLS_VERIFY,
)
from .coordinator import PbxConfigEntry
from .forms import ACCOUNT_SCHEMAS, REAUTH_SCHEMA, SECOND_SCHEMA, SECTION_OF, flat, lines_schema, sectioned
from .identity import MINOR_VERSION, async_rename, base_of, find_same, is_same, unique_id_of
from .lines_form import answer_of
from .options_flow import PbxOptionsFlow

EXAMPLES = {"o2g": "https://192.0.2.10", "istra": "https://istra.example.com", "bridge": "mqtts://broker.example.com"}
"""Addresses to give in the forms. Translations have none: the page would make links of them."""


def _example(kind: str) -> str:
    if kind == KIND_BRIDGE:
        return EXAMPLES["bridge"]
    return EXAMPLES["istra" if kind in ISTRA_KINDS else "o2g"]


def title_of(data: Mapping[str, Any]) -> str:
    """Return the title of an entry: the server, and the account or the enterprise on it."""
    host = urlsplit(data[CONF_URL]).hostname
    if data[CONF_KIND] == KIND_BRIDGE:
        return f"{levels_of(data[CONF_URL])[-1]} ({host})"
    if data[CONF_KIND] in ISTRA_KINDS:
        return f"{host} ({ISTRA_NAMES[data[CONF_KIND]]}, {data.get(CONF_ENTERPRISE, data[CONF_USERNAME])})"
    return f"{host} ({data[CONF_USERNAME]})"


class PbxConfigFlow(ConfigFlow, domain=DOMAIN):
    """Set up a PBX."""

    VERSION = 1
    MINOR_VERSION = MINOR_VERSION

    def __init__(self) -> None:
        """Start without an account."""
        self._data: dict[str, Any] = {}
        self._found: Probe | None = None
        self._sent_by: str | None = None
        self._shown: ShownCertificate | None = None
        self._accepted: list[str] = []
        """The fingerprints that were accepted in this flow. Those of before it are not kept when one is replaced."""
        self._lines_before: dict[str, Any] = {}

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: PbxConfigEntry) -> PbxOptionsFlow:
        """Return the options flow."""
        return PbxOptionsFlow()

    # ------------------------------------------------------------------------------------- which system, which account

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose the system."""
        return self.async_show_menu(step_id="user", menu_options=["o2g", "istra", KIND_BRIDGE, KIND_DEMO])

    async def async_step_o2g(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose the kind of account on O2G."""
        return self.async_show_menu(step_id="o2g", menu_options=[KIND_USER, KIND_ADMINISTRATOR])

    async def async_step_istra(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose the interface of Istra, which is a kind of account there."""
        return self.async_show_menu(step_id="istra", menu_options=[KIND_MYRCC, KIND_MYCRM, KIND_MYISTRA])

    async def async_step_demo(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Set up the simulated PBX; there is nothing to fill in."""
        await self.async_set_unique_id(DEMO_UNIQUE_ID)
        self._abort_if_unique_id_configured()
        data = {CONF_KIND: KIND_DEMO}
        try:
            await async_validate(self.hass, data)
        except Problem:
            return self.async_abort(reason="demo_failed")
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

    async def async_step_bridge(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Connect to a bridge over its MQTT broker, with all or some lines of a telephone system behind it."""
        return await self._async_account(KIND_BRIDGE, user_input)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Change how the PBX is reached."""
        kind = self._get_reconfigure_entry().data[CONF_KIND]
        if kind == KIND_DEMO:
            return self.async_abort(reason="demo_needs_nothing")
        return await self._async_account(kind, user_input)

    # ---------------------------------------------------------------------------------------------------- the account

    async def _async_account(self, kind: str, user_input: dict[str, Any] | None) -> ConfigFlowResult:
        """Ask for an account and test it."""
        if user_input is None:
            return self._account_form(kind, self._before())
        data = {CONF_KIND: kind, CONF_TLS: TLS_VERIFY, **flat(user_input)}
        if data[CONF_TLS] == TLS_FINGERPRINT:
            # Those that were accepted hold until the server shows another certificate, or it is another server.
            if data.get(CONF_URL) != self._data.get(CONF_URL):
                self._accepted = []
            data[CONF_FINGERPRINTS] = self._accepted or self._before().get(CONF_FINGERPRINTS, [])
        if data[CONF_TLS] != TLS_OWN_CA:
            data.pop(CONF_CA_FILE, None)
        return await self._async_try(data)

    async def _async_try(self, data: dict[str, Any]) -> ConfigFlowResult:
        """Test an account, and go on with it or show what is wrong."""
        self._data = data
        try:
            found = await async_validate(self.hass, data)
        except Problem as problem:
            if problem.second is not None:
                return await self._async_ask_second(data, problem.second)
            if problem.untrusted and data[CONF_TLS] in (TLS_VERIFY, TLS_FINGERPRINT):
                self._shown = await async_shown_certificate(self.hass, problem.untrusted)
                if self._shown is not None:
                    return await self.async_step_certificate()
            return self._account_form(data[CONF_KIND], data, problem)
        if data[CONF_TLS] == TLS_FINGERPRINT and (secondary := data.get(CONF_SECONDARY_URL)):
            # It is not connected to before it is needed, and then no one is there to compare its certificate.
            shown = await async_shown_certificate(self.hass, secondary)
            if shown is not None and shown.fingerprint not in data[CONF_FINGERPRINTS]:
                self._shown = shown
                return await self.async_step_certificate()
        return await self._async_accept(data, found)

    def _before(self) -> dict[str, Any]:
        """Return what a form starts from: for a reconfiguration what there was, but for the password."""
        if self.source != SOURCE_RECONFIGURE:
            return {}
        data = self._get_reconfigure_entry().data
        found = {key: value for key, value in data.items() if key != CONF_PASSWORD}
        return found | (in_fields(data[CONF_URL]) if data[CONF_KIND] == KIND_BRIDGE else {})

    def _account_form(self, kind: str, values: Mapping[str, Any], problem: Problem | None = None) -> ConfigFlowResult:
        """Show the form of an account."""
        return self.async_show_form(
            step_id="reconfigure" if self.source == SOURCE_RECONFIGURE else kind,
            data_schema=self.add_suggested_values_to_schema(ACCOUNT_SCHEMAS[kind], sectioned(values, SECTION_OF)),
            errors=problem.errors if problem is not None else {},
            description_placeholders={"example": _example(kind)} | (problem.words if problem is not None else {}),
        )

    async def _async_accept(self, data: dict[str, Any], found: Probe) -> ConfigFlowResult:
        """Continue with an account that works."""
        identity = found.identity
        data = {**data, CONF_IDENTITY: identity}
        if data[CONF_KIND] in ISTRA_KINDS:
            data |= {CONF_URL: found.url, **found.account}
        elif data[CONF_KIND] == KIND_BRIDGE:
            parts = (CONF_SYSTEM_NAME, CONF_TOPIC_PREFIX)
            data = {key: value for key, value in data.items() if key not in parts}
            data |= {CONF_URL: found.url, **found.account}
        if self.source == SOURCE_RECONFIGURE:
            return await self._async_reconfigured(data, identity)
        if find_same(self.hass, data, identity) is not None:
            return self.async_abort(reason="already_configured")
        await self.async_set_unique_id(unique_id_of(data, identity))
        self._abort_if_unique_id_configured()
        if data[CONF_KIND] in KINDS_OF_ONE_LINE:
            return self.async_create_entry(title=title_of(data), data=data, options={CONF_ALL_LINES: True})
        self._data, self._found = data, found
        return await self.async_step_lines()

    async def _async_reconfigured(self, data: dict[str, Any], identity: list[str]) -> ConfigFlowResult:
        """Put an account in the place of that of the entry."""
        entry = self._get_reconfigure_entry()
        if find_same(self.hass, data, identity, but=entry.entry_id) is not None:
            return self.async_abort(reason="already_configured")
        unique_id = unique_id_of(data, identity)
        if is_same(entry, data, identity) and entry.unique_id is not None:
            unique_id = entry.unique_id
        else:
            async_rename(self.hass, entry, base_of(entry), unique_id)
        title = title_of(data) if entry.title == title_of(entry.data) else entry.title
        return self.async_update_reload_and_abort(entry, unique_id=unique_id, title=title, data=data)

    # ------------------------------------------------------------------------------------------------- the certificate

    async def async_step_certificate(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the certificate of the server, which no authority vouches for."""
        assert self._shown is not None
        return self.async_show_menu(
            step_id="certificate",
            menu_options=["accept_certificate", "change_account"],
            description_placeholders={
                "host": self._shown.host,
                "fingerprint": self._shown.fingerprint,
                "subject": self._shown.subject,
                "issuer": self._shown.issuer,
                "starts": self._shown.starts,
                "ends": self._shown.ends,
            },
        )

    async def async_step_accept_certificate(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Trust the certificate that was shown, and no other one; the event channel may have another one to accept."""
        assert self._shown is not None
        self._accepted = list(dict.fromkeys([*self._accepted, self._shown.fingerprint]))
        return await self._async_try({**self._data, CONF_TLS: TLS_FINGERPRINT, CONF_FINGERPRINTS: self._accepted})

    async def async_step_change_account(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Go back to the form of the account."""
        return self._account_form(self._data[CONF_KIND], self._data)

    # ----------------------------------------------------------------------------------------------- a second password

    async def _async_ask_second(self, data: Mapping[str, Any], error: TwoStepRequired) -> ConfigFlowResult:
        """Ask for the second password that the server has sent for this account."""
        self._data = {key: value for key, value in data.items() if key != CONF_SECOND_PASSWORD}
        self._sent_by = error.sent_by
        return await self.async_step_second_password()

    async def async_step_second_password(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the second password of an account that logs in in two steps, and test it."""
        problem: Problem | None = None
        if user_input is not None:
            data = {**self._data, CONF_SECOND_PASSWORD: user_input[CONF_SECOND_PASSWORD].strip()}
            try:
                found = await async_validate(self.hass, data)
            except Problem as found_problem:
                problem = found_problem
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
            errors={"base": problem.key} if problem is not None else {},
            description_placeholders={
                "username": self._data[CONF_USERNAME],
                "how": f" ({self._sent_by})" if self._sent_by else "",
            }
            | (problem.words if problem is not None else {}),
        )

    # ------------------------------------------------------------------------------------------------------- the lines

    async def async_step_lines(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose the lines."""
        assert self._found is not None
        lines = self._found.lines
        answer = answer_of(lines, user_input, before=self._lines_before)
        if answer.done:
            options: dict[str, Any] = {CONF_ALL_LINES: answer.everything}
            if answer.chosen:
                options[CONF_LINES] = answer.chosen
            return self.async_create_entry(title=title_of(self._data), data=self._data, options=options)
        self._lines_before = answer.suggested
        return self.async_show_form(
            step_id="lines",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(lines_schema(lines, search=answer.search, page=answer.page, chosen=answer.chosen)),
                answer.suggested,
            ),
            errors=answer.errors,
            description_placeholders={"count": str(len(lines)), "found": str(answer.found), "line": answer.unknown},
        )

    # ----------------------------------------------------------------------------------------------- re-authentication

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """The PBX no longer accepts the account."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the password, and test it."""
        entry = self._get_reauth_entry()
        problem: Problem | None = None
        if user_input is not None:
            data = {**entry.data, **user_input}
            try:
                await async_validate(self.hass, data)
            except Problem as found:
                if found.second is not None:
                    return await self._async_ask_second(data, found.second)
                problem = found
            else:
                return self.async_update_reload_and_abort(entry, data_updates=user_input)
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=REAUTH_SCHEMA,
            errors={"base": problem.key} if problem is not None else {},
            description_placeholders={
                "username": entry.data.get(CONF_USERNAME) or entry.data.get(CONF_CLIENT_CERTIFICATE, ""),
                "url": entry.data.get(CONF_URL, ""),
            }
            | (problem.words if problem is not None else {}),
        )
