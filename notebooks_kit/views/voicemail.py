"""The voicemails of a line as a widget."""

from html import escape
from typing import TYPE_CHECKING, Any, Final

import ipywidgets

from aiopbx import Line

from ..models.voicemail import SILENCE, MessageRow, VoicemailModel, file_name
from .controls import Confirm, button, on_enter, put, set_options, show
from .markup import table_html
from .text_field import TextField
from .view import View, close_widget

if TYPE_CHECKING:
    import pandas

_STYLE: Final = """
.pbx-voicemail .pbx-message { display: grid;
  grid-template-columns: 1.2em minmax(8em, 1.2fr) 6em 10em 4em minmax(5em, .6fr);
  gap: .6em; align-items: center; line-height: 1.6; padding: 0 .6em; color: var(--jp-content-font-color1, inherit); }
.pbx-voicemail .pbx-message > * { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.pbx-voicemail .pbx-message-row { border-bottom: 1px solid var(--jp-border-color2, #8883); }
.pbx-voicemail .pbx-message-row.pbx-message-chosen { background: #1976d22e; }
.pbx-voicemail .pbx-message-new { font-weight: 600; }
.pbx-voicemail .pbx-message-dot { color: #2e86c1; }
.pbx-voicemail .pbx-message-urgent { color: #d64541; }
.pbx-voicemail .pbx-message-time { font-variant-numeric: tabular-nums; }
.pbx-voicemail .pbx-voicemail-words { line-height: 1.6; padding: 0 .6em; }
.pbx-voicemail audio { width: min(36em, 100%); }
"""


class VoicemailPlayer(View):
    """The messages in a line's mailbox: play them in the page, save them as files, delete them after a question.

    It mirrors a ``VoicemailModel`` and reads the messages again when the system's count changes. A message is read into
    memory as a stream, at most ``most_bytes`` of it; longer ones can be saved. What a message offers beyond that on
    some systems (marking it as heard, a number that plays it, sound formats) has a button there.
    """

    def __init__(self, line: Line, *, height: str = "18em", **options: Any) -> None:
        """Show the mailbox of ``line``; ``options`` are those of ``VoicemailModel``, such as ``most_bytes``."""
        self.line = line
        self.model = VoicemailModel(line, **options)
        """The model of this view."""
        self._rows: dict[str, _Row] = {}
        self._heard: str | None = None
        self._saving: MessageRow | None = None
        self._mailbox = ipywidgets.Dropdown(description="Mailbox", layout={"width": "18em", "display": "none"})
        self._password = TextField(kind="password", description="Password", layout={"width": "18em"})
        self._open = button("Open", "Open the mailbox with this password")
        self._asking = ipywidgets.HBox(
            [self._password, self._open], layout={"display": "none", "align_items": "center"}
        )
        self._new_only = ipywidgets.Checkbox(description="Only new ones", indent=False, layout={"width": "9em"})
        self._refresh = button("Reload", "Count and list the messages again")
        self._words = ipywidgets.HTML(layout={"margin": "0"})
        self._confirm = Confirm(self, "Delete for good")
        self._body = ipywidgets.VBox(layout={"max_height": height, "overflow": "hidden auto", "display": "flex"})
        self._title = ipywidgets.HTML(layout={"margin": "0"})
        # no tooltip: the page's part of ipywidgets fails at one without a description
        self._audio = ipywidgets.Audio(value=SILENCE, autoplay=True, loop=False)
        self._format = ipywidgets.Dropdown(description="Format", layout={"width": "12em", "display": "none"})
        self._heard_mark = button("Mark as heard", "Mark the message as heard")
        self._new_mark = button("Mark as new", "Mark the message as not heard")
        self._telephone = button("Hear by telephone", "Call the number that plays the message")
        self._tools = ipywidgets.HBox(
            [self._format, self._heard_mark, self._new_mark, self._telephone], layout={"flex_flow": "row wrap"}
        )
        self._player = ipywidgets.VBox([self._title, self._audio], layout={"display": "none"})
        self._file = TextField(
            description="File", tooltip="Name of the file, where the kernel runs", layout={"width": "28em"}
        )
        self._save = button("Save", "Save the message as this file, where the kernel runs")
        self._leave = button("Cancel", "Save nothing")
        self._filing = ipywidgets.HBox(
            [self._file, self._save, self._leave], layout={"display": "none", "flex_flow": "row wrap"}
        )
        self._notice = ipywidgets.HTML(layout={"margin": "0"})
        self._top = ipywidgets.HBox(
            [self._mailbox, self._new_only, self._refresh], layout={"flex_flow": "row wrap", "align_items": "center"}
        )
        super().__init__(
            line.pbx,
            [
                self._top,
                self._asking,
                self._words,
                self._confirm.box,
                self._body,
                self._player,
                self._tools,
                self._filing,
                self._notice,
            ],
            css=_STYLE,
        )
        self.add_class("pbx-voicemail")
        self.on_change(self._mailbox, self._choose_mailbox)
        self.on_change(self._new_only, self._choose_new)
        self.on_click(self._open, self._open_with_password)
        on_enter(self, self._password, self._open_with_password, busy=self._open)
        self.on_click(self._refresh, self.model.refresh)
        self.on_click(self._save, self._save_file)
        on_enter(self, self._file, self._save_file, busy=self._save)
        self.on_click(self._leave, lambda: self._ask_file(None))
        self.on_click(self._heard_mark, lambda: self._mark(True))
        self.on_click(self._new_mark, lambda: self._mark(False))
        self.on_click(self._telephone, self._by_telephone)
        self.mirror(self.model, line)
        self.do(self.model.open)

    # ------------------------------------------------------------------------------------------------------- drawing

    def draw(self) -> None:
        """Mirror the model."""
        model = self.model
        rows = model.take()
        chosen = model.chosen
        for number, row in enumerate(rows, 1):
            if row.id not in self._rows:
                self._rows[row.id] = _Row(self, row.id)
            self._rows[row.id].draw(row, number, chosen=chosen is not None and chosen.id == row.id)
        order = tuple(self._rows[row.id].box for row in rows)
        if self._body.children != order:
            self._body.children = order
        there = {row.id for row in rows}
        for id_ in [id_ for id_ in self._rows if id_ not in there]:
            close_widget(self._rows.pop(id_).box)
        words = model.summary
        if model.loading is not None:
            words += " · reading the message …"
        self._say(self._words, words)
        show(self._top, model.available)
        show(self._mailbox, len(model.mailboxes) > 1)
        set_options(self._mailbox, [(box.name or box.id, box.id) for box in model.mailboxes], model.wanted)
        show(self._asking, model.asks_password)
        self._draw_player(chosen)

    def _draw_player(self, chosen: MessageRow | None) -> None:
        model = self.model
        if self._heard is not None and self._heard not in self._rows:
            self._heard = None
            self._audio.format, self._audio.value = "wav", SILENCE
        show(self._player, self._heard is not None)
        if self._heard is not None:
            row = MessageRow.of(model.message(self._heard), model.zone)
            title = f'<div class="pbx-voicemail-words"><b>{escape(row.caller)}</b>, {escape(row.when)}</div>'
            put(self._title, title)
        can_mark = model.can_mark
        show(self._heard_mark, can_mark and chosen is not None and chosen.unread is not False)
        show(self._new_mark, can_mark and chosen is not None and chosen.unread is not True)
        show(self._telephone, model.play_number is not None)
        formats = model.formats
        show(self._format, len(formats) > 1 and bool(self._rows))
        if formats:
            put(self._format, formats, "options")
        if self._saving is not None and self._saving.id not in self._rows:
            self._ask_file(None)

    @staticmethod
    def _say(widget: Any, words: str) -> None:
        text = f'<div class="pbx-voicemail-words" role="status">{escape(words)}</div>' if words else ""
        put(widget, text)

    # ---------------------------------------------------------------------------------------------------- what is done

    async def hear(self, id: str) -> None:
        """Read a message and play it in the page."""
        self.model.choose(id)
        asked = self._asked_format
        played = self.model.heard_as(asked)
        sound = await self.model.load(id, format=played)
        notice = f"Pages do not play {asked}: it is heard as {played}." if played != asked else ""
        if sound.original:
            notice = f"The message is {sound.original}, which pages do not play: it is heard as {sound.format}."
        self._say(self._notice, notice)
        self._heard = id
        self._audio.format = sound.format
        self._audio.value = sound.data

    def delete(self, id: str) -> None:
        """Ask whether a message is to be deleted."""
        row = MessageRow.of(self.model.message(id), self.model.zone)
        self.model.choose(id)
        self._confirm.ask(f"Delete the {row.name} for good?", lambda: self.model.delete([id]))

    def ask_file(self, id: str) -> None:
        """Ask where a message is to be saved."""
        self.model.choose(id)
        self._ask_file(self.model.chosen)

    def _ask_file(self, row: MessageRow | None) -> None:
        self._saving = row
        self._file.value = file_name(row, (self._asked_format or "wav").lower()) if row is not None else ""
        show(self._filing, row is not None)
        self._say(self._notice, "")

    async def _save_file(self) -> None:
        row = self._saving
        if row is None:
            return
        path = self._file.value
        size = await self.model.save(row.id, path, format=self._asked_format)
        self._ask_file(None)
        self._say(self._notice, f"Saved {path}, {size} bytes.")

    @property
    def _asked_format(self) -> str | None:
        return self._format.value if len(self.model.formats) > 1 else None

    async def _open_with_password(self) -> None:
        password, self._password.value = self._password.value, ""
        await self.model.open(password=password)

    async def _choose_mailbox(self, mailbox: str | None) -> None:
        if mailbox is not None and mailbox != self.model.wanted:
            await self.model.open(mailbox)

    async def _choose_new(self, on: bool) -> None:
        self.model.new_only = on
        await self.model.refresh()

    async def _mark(self, read: bool) -> None:
        chosen = self.model.chosen
        if chosen is not None:
            await self.model.set_read(chosen.id, read)

    async def _by_telephone(self) -> None:
        chosen = self.model.chosen
        if chosen is not None:
            await self.model.play_on_telephone(chosen.id)

    # ------------------------------------------------------------------------------------------- without live widgets

    def to_dataframe(self) -> "pandas.DataFrame":
        """Return the messages as a table of pandas: times in UTC, lengths in seconds."""
        return self.model.to_dataframe()

    def describe(self) -> str:
        """Describe the view in a few words."""
        return f"VoicemailPlayer of {self.line.number or self.line.name}: {self.model.summary}"

    def to_html(self) -> str:
        """Return the messages as a plain table."""
        rows = [(row.caller, row.number, row.when, row.duration, row.notes) for row in self.model.rows]
        return f"<p>{escape(self.model.summary)}</p>" + table_html(("From", "Number", "When", "Length", ""), rows)


class _Row:
    """One message with its buttons."""

    def __init__(self, view: VoicemailPlayer, id: str) -> None:
        self._row: MessageRow | None = None
        self._number = 0
        self.text = ipywidgets.HTML(layout={"margin": "0", "flex": "1 1 auto"})
        self.hear, self.save, self.delete = (button(name, flex="0 0 auto") for name in ("Hear", "Save …", "Delete …"))
        self.box = ipywidgets.HBox(
            [self.hear, self.text, self.save, self.delete], layout={"flex": "0 0 auto", "align_items": "center"}
        )
        self.box.add_class("pbx-message-row")
        view.on_click(self.hear, lambda: view.hear(id))
        view.on_click(self.save, lambda: view.ask_file(id))
        view.on_click(self.delete, lambda: view.delete(id))

    def draw(self, row: MessageRow, number: int, *, chosen: bool) -> None:
        """Show the message as it is now. Its number distinguishes its buttons from those of other messages."""
        if number != self._number:
            self._number = number
            self.hear.description = f"Hear {number}"
            self.save.description = f"Save {number} …"
            self.delete.description = f"Delete {number} …"
        (self.box.add_class if chosen else self.box.remove_class)("pbx-message-chosen")
        if row == self._row:
            return
        self._row = row
        self.text.value = message_html(row)
        self.hear.tooltip = f"Hear the {row.name}"
        self.save.tooltip = f"Save the {row.name} as a file"
        self.delete.tooltip = f"Delete the {row.name}; you are asked once more"


def message_html(row: MessageRow) -> str:
    """One message."""
    new = " pbx-message-new" if row.unread else ""
    dot = '<span class="pbx-message-dot" role="img" aria-label="new" title="new">\u25cf</span>' if row.unread else ""
    notes = f'<span class="pbx-message-urgent">{escape(row.notes)}</span>' if row.urgent else escape(row.notes)
    return (
        f'<div class="pbx-message{new}" role="group" aria-label="{escape(row.name)}"><span>{dot}</span>'
        f'<span title="{escape(row.caller)}">{escape(row.caller)}</span>'
        f'<span class="pbx-message-time">{escape(row.number)}</span>'
        f'<span class="pbx-message-time">{escape(row.when)}</span>'
        f'<span class="pbx-message-time">{escape(row.duration)}</span><span>{notes}</span></div>'
    )
