"""What was answered to the form that chooses lines: a search, another page, or the choice itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .aiopbx import AvailableLine
from .const import CONF_ALL_LINES, CONF_LINES
from .forms import CONF_PAGE, CONF_SEARCH, matching, pages_of, resolve


@dataclass(frozen=True, kw_only=True)
class LinesAnswer:
    """An answer, and what the form shows next where it is not done."""

    done: bool = False
    everything: bool = True
    chosen: list[str] = field(default_factory=list)
    search: str = ""
    page: int = 1
    found: int = 0
    errors: dict[str, str] = field(default_factory=dict)
    unknown: str = ""
    """What is no line, as it was typed."""

    @property
    def suggested(self) -> dict[str, Any]:
        """What the form is filled in with."""
        return {
            CONF_ALL_LINES: self.everything,
            CONF_LINES: self.chosen,
            CONF_SEARCH: self.search,
            CONF_PAGE: self.page,
        }


def answer_of(
    lines: tuple[AvailableLine, ...], user_input: Mapping[str, Any] | None, *, before: Mapping[str, Any] | None = None
) -> LinesAnswer:
    """Read an answer. ``before`` is what the form of it was filled in with; it shows whether the search is another."""
    if user_input is None:
        return LinesAnswer(found=len(lines))
    before = before or {}
    search = str(user_input.get(CONF_SEARCH, "")).strip()
    chosen, unknown = resolve(lines, user_input.get(CONF_LINES) or ())
    found = len(matching(lines, search)) if search else len(lines)
    page = min(int(user_input.get(CONF_PAGE, 1)), pages_of(found))
    errors: dict[str, str] = {}
    searches = search != before.get(CONF_SEARCH, "") or page != before.get(CONF_PAGE, 1)
    # Who looks for lines wants to choose some, though the switch still says all, as it does at first.
    everything = bool(user_input.get(CONF_ALL_LINES, True)) and not searches
    # So does who picks some: which of the two is meant is asked once. What was picked before says nothing.
    picked = bool(chosen) and set(chosen) != set(before.get(CONF_LINES) or ())
    if everything and (picked or unknown is not None):
        everything, errors = False, {CONF_LINES: "line_unknown" if unknown is not None else "all_or_lines"}
    elif not everything and unknown is not None:
        errors = {CONF_LINES: "line_unknown"}
    elif not everything and not searches and not chosen:
        errors = {CONF_LINES: "no_lines"}
    return LinesAnswer(
        done=everything or (not errors and not searches),
        everything=everything,
        chosen=chosen,
        search=search,
        page=page if search == before.get(CONF_SEARCH, "") else 1,
        found=found,
        errors=errors,
        unknown=unknown or "",
    )
