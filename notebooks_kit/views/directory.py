"""Searching the telephone book as a widget."""

from html import escape
from typing import TYPE_CHECKING, Any, Final

from aiopbx import Contact, Feature, Line, Pbx

from ..models.directory import DirectoryModel
from .markup import table_html
from .rows import Press, Row
from .table import TableView, text

if TYPE_CHECKING:
    import pandas

_HEAD: Final = ("Number", "Name", "Login", "E-mail")
_COLUMNS: Final = (
    {"name": "number", "label": "Number", "width": "8em"},
    {"name": "name", "label": "Name", "width": "minmax(9em, 1fr)"},
    {"name": "login", "label": "Login", "width": "minmax(6em, .8fr)"},
    {"name": "mail", "label": "E-mail", "width": "minmax(6em, 1fr)"},
)
_CALL: Final = {"name": "call", "label": "", "width": "11em"}


class DirectorySearch(TableView):
    """The telephone book, searched as you type; with a line, everybody who is found can be called from it.

    It mirrors a ``DirectoryModel``. ``filter`` is what is searched for, and can be linked; ``to_dataframe()`` has who
    was found.
    """

    def __init__(self, pbx: Pbx, line: Line | None = None, *, height: str = "20em", **options: Any) -> None:
        """Search in ``pbx``, and call from ``line``; ``options`` are those of ``DirectoryModel``, such as ``limit``."""
        self.line = line
        self.model = DirectoryModel(pbx, line, **options)
        """The model of this view."""
        self._found: dict[str, Contact] = {}
        super().__init__(
            pbx,
            kind="directory",
            columns=_COLUMNS if line is None else (*_COLUMNS, _CALL),
            controls=[text("filter", "Search", "beginning of a name or number")],
            height=height,
            lines=3,
        )
        self.follow("filter", self.model.type)
        self.on_row_press("call", self._dial)
        self.on_close(self.model.close)
        self.mirror(self.model)

    def draw_rows(self, seconds: float | None) -> bool:
        """Show who was found, in the system's order."""
        found = self.model.take()
        self._found = {}
        for contact in found:
            key = "\t".join(_cells(contact))
            self._found.setdefault(key, contact)
        self.rows.keep(self._found)
        for place, (key, contact) in enumerate(self._found.items()):
            self.rows.put(key, self._row(contact), place)
        return True

    def draw_frame(self) -> None:
        """Say how the search goes."""
        if self.summary != self.model.words:
            self.summary = self.model.words

    def _row(self, contact: Contact) -> Row:
        cells = _cells(contact)
        label = ", ".join(cell for cell in cells if cell)
        if self.line is None:
            return Row(label, cells)
        may_call = bool(contact.number) and contact.number != self.line.number and Feature.DIAL in self.line.features
        call = Press("call", f"Call {contact.number}", f"Call {contact.name} from {self.line.number}", "success")
        return Row(label, (*cells, call if may_call else ""))

    async def _dial(self, key: str) -> None:
        # by who it is, not by place: another search may have put somebody else where the button was
        contact = self._found.get(key)
        if contact is not None and contact.number and self.line is not None:
            await self.line.dial(contact.number)

    def to_dataframe(self) -> "pandas.DataFrame":
        """Return the contacts as a pandas DataFrame. Needs pandas."""
        return self.model.to_dataframe()

    def describe(self) -> str:
        """Describe the view in a few words."""
        return f"DirectorySearch: {self.model.words}"

    def to_html(self) -> str:
        """Return who was found as a plain table."""
        return f"<p>{escape(self.model.words)}</p>" + table_html(_HEAD, map(_cells, self.model.found))


def _cells(contact: Contact) -> tuple[str, str, str, str]:
    return (contact.number or "", contact.name, contact.login or "", contact.email or "")
