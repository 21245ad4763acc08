"""Searching the telephone book as a widget."""

from html import escape
from typing import TYPE_CHECKING, Any, Final

import ipywidgets

from aiopbx import Contact, Feature, Line, Pbx

from ..models.directory import DirectoryModel
from .controls import show
from .markup import table_html
from .view import View

if TYPE_CHECKING:
    import pandas

_STYLE: Final = """
.pbx-directory .pbx-contact { display: grid;
  grid-template-columns: 8em minmax(10em, 1fr) minmax(6em, .8fr) minmax(6em, 1fr); gap: .6em;
  align-items: center; padding: .15em .6em; line-height: 1.5; color: var(--jp-content-font-color1, inherit);
  border-bottom: 1px solid var(--jp-border-color2, #8883); }
.pbx-directory .pbx-contact > * { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.pbx-directory .pbx-head { font-weight: 600; }
.pbx-directory.pbx-calls-from .pbx-head { margin-right: 11.4em; }
.pbx-directory .pbx-contact-mail:empty::before { content: "\\00a0"; }
.pbx-directory .pbx-contact-number { font-variant-numeric: tabular-nums; }
.pbx-directory .pbx-directory-words { line-height: 1.5; padding: 0 .6em; }
"""
_COLUMNS: Final = ("Number", "Name", "Login", "E-mail")


class DirectorySearch(View):
    """The telephone book, searched as you type; with a line, everybody who is found can be called from it.

    It mirrors a ``DirectoryModel``. Rows are made once and changed; ``to_dataframe()`` has who was found.
    """

    def __init__(self, pbx: Pbx, line: Line | None = None, *, height: str = "20em", **options: Any) -> None:
        """Search in ``pbx``, and call from ``line``; ``options`` are those of ``DirectoryModel``, such as ``limit``."""
        self.line = line
        self.model = DirectoryModel(pbx, line, **options)
        """The model of this view."""
        self._rows: list[_Row] = []
        self._field = ipywidgets.Text(
            description="Search",
            placeholder="beginning of a name or number",
            continuous_update=True,
            layout={"width": "24em"},
        )
        self._words = ipywidgets.HTML(layout={"margin": "0"})
        self._head = ipywidgets.HTML(
            f'<div class="pbx-contact pbx-head">{"".join(f"<span>{name}</span>" for name in _COLUMNS)}</div>',
            layout={"margin": "0", "display": "none"},
        )
        self._body = ipywidgets.VBox(layout={"max_height": height, "overflow": "hidden auto", "display": "flex"})
        top = ipywidgets.HBox([self._field, self._words], layout={"flex_flow": "row wrap"})
        super().__init__(pbx, [top, self._head, self._body], css=_STYLE)
        self.add_class("pbx-directory")
        if line is not None:
            self.add_class("pbx-calls-from")
        self.on_change(self._field, self.model.type)
        self.on_close(self.model.close)
        self.mirror(self.model)

    def draw(self) -> None:
        """Mirror the model."""
        found = self.model.take()
        self._words.value = f'<div class="pbx-directory-words" role="status">{escape(self.model.words)}</div>'
        if len(found) > len(self._rows):
            self._rows += [_Row(self) for _ in range(len(found) - len(self._rows))]
            self._body.children = tuple(row.box for row in self._rows)
        for index, row in enumerate(self._rows):
            row.draw(found[index] if index < len(found) else None)
        show(self._head, bool(found))

    def to_dataframe(self) -> "pandas.DataFrame":
        """Return the contacts as a pandas DataFrame. Needs pandas."""
        return self.model.to_dataframe()

    def describe(self) -> str:
        """Describe the view in a few words."""
        return f"DirectorySearch: {self.model.words}"

    def to_html(self) -> str:
        """Return who was found as a plain table."""
        return f"<p>{escape(self.model.words)}</p>" + table_html(_COLUMNS, map(_cells, self.model.found))


class _Row:
    """A place in the table: it shows who was found there."""

    def __init__(self, view: DirectorySearch) -> None:
        self._view = view
        self._contact: Contact | None = None
        self._text = ipywidgets.HTML(layout={"margin": "0", "flex": "1 1 auto"})
        self._call = ipywidgets.Button(
            description="Call",
            icon="phone",
            layout={"width": "11em", "flex": "0 0 auto", "margin": "0 0 0 .4em", "display": "none"},
        )
        self.box = ipywidgets.HBox(
            [self._text, self._call], layout={"flex": "0 0 auto", "margin": "0", "align_items": "center"}
        )
        view.on_click(self._call, self._dial)

    def draw(self, contact: Contact | None) -> None:
        """Show a contact, or hide the row."""
        line = self._view.line
        show(self.box, contact is not None)
        if contact is None or contact == self._contact:
            return
        self._contact = contact
        cells = "".join(
            f'<span class="pbx-contact-{name}" title="{escape(cell)}">{escape(cell)}</span>'
            for name, cell in zip(("number", "name", "login", "mail"), _cells(contact), strict=True)
        )
        self._text.value = f'<div class="pbx-contact" role="group" aria-label="{escape(contact.name)}">{cells}</div>'
        may_call = line is not None and bool(contact.number) and contact.number != line.number
        self._call.description = f"Call {contact.number}" if may_call else "Call"
        self._call.tooltip = f"Call {contact.name} from {line.number}" if line is not None else ""
        show(self._call, line is not None)
        # hidden, not removed, so that the columns stay aligned
        hidden = not (may_call and line is not None and Feature.DIAL in line.features)
        self._call.layout.visibility = "hidden" if hidden else "visible"
        self._call.disabled = hidden

    async def _dial(self) -> None:
        contact, line = self._contact, self._view.line
        if contact is not None and contact.number and line is not None:
            await line.dial(contact.number)


def _cells(contact: Contact) -> tuple[str, str, str, str]:
    return (contact.number or "", contact.name, contact.login or "", contact.email or "")
