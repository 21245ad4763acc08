"""The options of an entry: its lines, what may be dialled, how numbers are read, and where names come from."""

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlowWithReload
from homeassistant.data_entry_flow import section
from homeassistant.helpers import selector

from .accounts import Problem, async_validate, problem_of
from .aiopbx import AvailableLine, InvalidInput, PbxError
from .assist_options import assist_fields
from .client import check_dialling
from .const import (
    CONF_ALL_LINES,
    CONF_ALLOWED,
    CONF_AUTO_ANSWER,
    CONF_CALLS_PER_MINUTE,
    CONF_CONTACT_DIRECTORY,
    CONF_CONTACT_FILES,
    CONF_COUNTRY,
    CONF_DENIED,
    CONF_HIDE_CALLERS,
    CONF_INTERNAL_LENGTHS,
    CONF_KIND,
    CONF_LINES,
    CONF_NIGHT_LINES,
    CONF_NIGHT_NUMBER,
    CONF_OUTSIDE_PREFIX,
    ISTRA_KINDS,
    KIND_MYISTRA,
    KIND_USER,
    KINDS_OF_ONE_LINE,
)
from .coordinator import PbxConfigEntry
from .forms import CONF_PAGE, CONF_SEARCH, TEXT, TEXTS, flat, lines_schema, sectioned
from .lines_form import LinesAnswer, answer_of

_LIMIT: Final = selector.NumberSelector(
    selector.NumberSelectorConfig(min=1, max=1000, step=1, mode=selector.NumberSelectorMode.BOX)
)

SECTIONS: Final[dict[str, dict[vol.Marker, Any]]] = {
    "dialling": {
        vol.Optional(CONF_ALLOWED): TEXTS,
        vol.Optional(CONF_DENIED): TEXTS,
        vol.Optional(CONF_CALLS_PER_MINUTE): _LIMIT,
        vol.Required(CONF_AUTO_ANSWER, default=True): selector.BooleanSelector(),
    },
    "numbers": {
        vol.Optional(CONF_COUNTRY): selector.CountrySelector(),
        vol.Optional(CONF_OUTSIDE_PREFIX): TEXT,
        vol.Optional(CONF_INTERNAL_LENGTHS): TEXT,
    },
    "names": {
        vol.Optional(CONF_CONTACT_FILES): TEXTS,
        vol.Optional(CONF_CONTACT_DIRECTORY): selector.BooleanSelector(),
        vol.Optional(CONF_HIDE_CALLERS): selector.BooleanSelector(),
    },
    "night": {
        vol.Optional(CONF_NIGHT_LINES): TEXTS,
        vol.Optional(CONF_NIGHT_NUMBER): TEXT,
    },
}
"""The sections of the options, each with its fields. An option that is added later has its place in one of them."""


def sections_of(kind: str) -> dict[str, dict[vol.Marker, Any]]:
    """Return the sections of the options of an entry of this kind."""
    sections = {name: dict(fields) for name, fields in SECTIONS.items()} | {"assist": assist_fields(kind)}
    if kind in ISTRA_KINDS:
        # On Istra the telephone itself decides whether it goes off hook.
        sections["dialling"] = {key: value for key, value in sections["dialling"].items() if key != CONF_AUTO_ANSWER}
    return sections


SECTION_OF: Final = {
    str(key): name for kind in (KIND_USER, KIND_MYISTRA) for name, fields in sections_of(kind).items() for key in fields
}

# Settings of the client by the fields of the options, each with the error that says what is wrong with it.
_ERRORS: Final = {
    "dial_policy.allowed": (CONF_ALLOWED, "invalid_allowed"),
    "dial_policy.denied": (CONF_DENIED, "invalid_denied"),
    "number_plan.country": (CONF_COUNTRY, "invalid_country"),
    "number_plan.outside_prefix": (CONF_OUTSIDE_PREFIX, "invalid_outside_prefix"),
    "number_plan.internal_lengths": (CONF_INTERNAL_LENGTHS, "invalid_internal_lengths"),
    "contacts": (CONF_CONTACT_FILES, "invalid_contact_files"),
    CONF_NIGHT_NUMBER: (CONF_NIGHT_NUMBER, "invalid_night_number"),
}


class PbxOptionsFlow(OptionsFlowWithReload):
    """Choose the lines, the dial policy, and how numbers and names are read."""

    config_entry: PbxConfigEntry

    def __init__(self) -> None:
        """Start without lines: they are read when the form is opened, and once only."""
        self._lines: tuple[AvailableLine, ...] | None = None
        self._lines_before: dict[str, Any] = {}

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show all options in one form."""
        if self.config_entry.data[CONF_KIND] not in KINDS_OF_ONE_LINE and self._lines is None:
            try:
                self._lines = await self._async_lines()
            except Problem as problem:
                return self.async_abort(reason="cannot_list_lines", description_placeholders=problem.words)
        options = dict(self.config_entry.options) if user_input is None else flat(user_input)
        answer = self._lines_answer(options, opened=user_input is None)
        errors, words = dict(answer.errors), dict[str, str]()
        if user_input is not None and not errors:
            errors, words = await self._async_dialling_problem(options)
            if not errors and answer.done:
                return self.async_create_entry(data=self._made(options, answer))
        return self._form(options, answer, errors, words, opened=user_input is None)

    def _lines_answer(self, options: Mapping[str, Any], *, opened: bool) -> LinesAnswer:
        """Return what was chosen among the lines; all of them where there is nothing to choose."""
        if self._lines is None:
            return LinesAnswer(done=True)
        if opened:
            there = {line.id for line in self._lines}
            chosen = [line for line in options.get(CONF_LINES, ()) if line in there]
            return LinesAnswer(everything=options.get(CONF_ALL_LINES, True), chosen=chosen, found=len(self._lines))
        return answer_of(self._lines, options, before=self._lines_before)

    def _made(self, options: Mapping[str, Any], answer: LinesAnswer) -> dict[str, Any]:
        """Return the options as they are kept."""
        made = {key: value for key, value in options.items() if key not in (CONF_SEARCH, CONF_PAGE, CONF_LINES)}
        made[CONF_ALL_LINES] = answer.everything
        if answer.chosen:
            made[CONF_LINES] = answer.chosen
        if (limit := made.get(CONF_CALLS_PER_MINUTE)) is not None:
            made[CONF_CALLS_PER_MINUTE] = int(limit)
        return made

    def _form(
        self,
        options: Mapping[str, Any],
        answer: LinesAnswer,
        errors: dict[str, str],
        words: Mapping[str, str],
        *,
        opened: bool,
    ) -> ConfigFlowResult:
        """Show the options."""
        suggested = {key: value for key, value in options.items() if key in SECTION_OF}
        if opened and (country := self.hass.config.country) is not None:
            suggested.setdefault(CONF_COUNTRY, country)
        fields: dict[vol.Marker, Any] = {}
        if self._lines is not None:
            self._lines_before = answer.suggested
            suggested |= answer.suggested
            fields = lines_schema(self._lines, search=answer.search, page=answer.page, chosen=answer.chosen)
        for name, inside in sections_of(self.config_entry.data[CONF_KIND]).items():
            fields[vol.Required(name)] = section(vol.Schema(inside), {"collapsed": name not in errors})
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(vol.Schema(fields), sectioned(suggested, SECTION_OF)),
            errors=errors,
            description_placeholders={
                "count": str(len(self._lines or ())),
                "found": str(answer.found),
                "line": answer.unknown,
                **words,
            },
        )

    async def _async_dialling_problem(self, options: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
        """Return the section with what the client refuses, and why; nothing where all of it can be used.

        Beside it stand the words of the sentence, such as the pattern that is meant.
        """
        try:
            await self.hass.async_add_executor_job(check_dialling, self.hass, options)
        except InvalidInput as err:
            field, key = _ERRORS.get(err.field, ("base", "invalid_option"))
            return {SECTION_OF.get(field, field): key}, {"value": "", "path": "", **err.words}
        return {}, {}

    async def _async_lines(self) -> tuple[AvailableLine, ...]:
        """Return the lines of the PBX, from the running connection or over a new one."""
        entry = self.config_entry
        if entry.state is ConfigEntryState.LOADED:
            try:
                return await entry.runtime_data.pbx.available_lines()
            except PbxError as err:
                raise problem_of(entry.data, err) from err
        return (await async_validate(self.hass, entry.data)).lines
