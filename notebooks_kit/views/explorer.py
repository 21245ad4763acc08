"""Any request of the wire as a widget."""

from collections.abc import Callable, Mapping
from html import escape
from typing import Any, Final

import ipywidgets

from aiopbx import Operation, ParameterKind, ParameterPlace, Pbx

from ..models.explorer import Exchange, ExplorerModel, FormField, request_text
from ..models.voicemail import SILENCE, sound_format
from .controls import button, put, set_options, show
from .text_field import TextField
from .view import View, close_widget

_STYLE: Final = """
.pbx-explorer { --pbx-line: var(--jp-border-color2, #8884); }
.pbx-explorer pre { margin: 0; padding: .5em .7em; white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.45;
  font-family: var(--jp-code-font-family, monospace); font-size: var(--jp-code-font-size, 13px);
  color: var(--jp-content-font-color1, inherit); background: var(--jp-cell-editor-background, #8881);
  border: 1px solid var(--pbx-line); border-radius: 3px; max-height: 26em; overflow: auto; }
.pbx-explorer .pbx-python { user-select: all; cursor: copy; }
.pbx-explorer .pbx-operation { line-height: 1.6; white-space: normal; }
.pbx-explorer .pbx-method { font-family: var(--jp-code-font-family, monospace); font-weight: 700; padding: 0 .5em;
  border-radius: 3px; color: #fff; background: #2e7d4f; }
.pbx-explorer .pbx-method-changes { background: #b3541e; }
.pbx-explorer .pbx-method-DELETE { background: #b3261e; }
.pbx-explorer .pbx-quiet { opacity: .8; }
.pbx-explorer .pbx-operation p { margin: .2em 0; max-width: 60em; }
.pbx-explorer .pbx-field-note { opacity: .8; white-space: nowrap; line-height: 2.2; }
.pbx-explorer .pbx-nested { border-left: 2px solid var(--pbx-line); padding-left: .8em; margin-left: .6em; }
.pbx-explorer .pbx-sides > * { flex: 1 1 22em; min-width: min(22em, 100%); }
.pbx-explorer h4 { margin: .6em 0 .2em 0; }
.pbx-explorer .pbx-status-good { color: #2f9e55; font-weight: 600; }
.pbx-explorer .pbx-status-bad { color: #d64541; font-weight: 600; }
.pbx-explorer table { border-collapse: collapse; }
.pbx-explorer .pbx-reasons td { padding: .1em .8em .1em 0; vertical-align: top; text-align: left; white-space: normal; }
.pbx-explorer .pbx-reasons td:first-child { white-space: nowrap; }
.pbx-explorer .pbx-missing { line-height: 1.6; white-space: normal; }
"""
_NOTHING: Final = "\u2014"
_LABEL: Final = {"description_width": "11em"}
_WIDE: Final = "30em"
_PLACES: Final = {
    ParameterPlace.PATH: "part of the path",
    ParameterPlace.QUERY: "in the query",
    ParameterPlace.GUARD: "not sent: it confirms the request",
    ParameterPlace.BODY: "",
}


class ApiExplorer(View):
    """Every operation of the wire: found by name, filled in by a form made from its types, sent, answered.

    It mirrors an ``ExplorerModel``. What may change something is sent only after a tick, each time. Request and answer
    stand side by side, with everything the system says when it refuses; secrets are hidden everywhere. The body can be
    edited as JSON as well, former requests come back by a click, and the Python that does the same can be copied.
    """

    def __init__(
        self,
        pbx: Pbx,
        *,
        operation: str | None = None,
        values: Mapping[str, Any] | None = None,
        filter: str = "",
    ) -> None:
        """Explore the wire of ``pbx``, beginning with this operation and these words in the search box.

        The form of the operation is filled in with ``values``, named as for ``pbx.request``. Raises ``InvalidInput``
        that names what does not fit.
        """
        self.model = ExplorerModel(pbx)
        """The model of this view."""
        if operation is not None:
            self.model.choose(operation)
        if values is not None and self.model.form is not None:
            self.model.form.fill(values)
        self._fields: list[_FieldView] = []
        self._form_of: object = None
        self._listed: object = None
        self._json_of = ""
        self._shown: Exchange | None = None
        self._search = ipywidgets.Text(
            value=filter,
            description="Search",
            placeholder="name, method, path, service, what it does …",
            continuous_update=True,
            layout={"width": "32em"},
        )
        self._count = ipywidgets.HTML()
        self._list = ipywidgets.Select(
            description="Operation", rows=8, layout={"width": "min(60em, 98%)"}, style={"description_width": "5.5em"}
        )
        self._title = ipywidgets.HTML(layout={"margin": "0 0 .4em 0"})
        self._form = ipywidgets.VBox()
        self._as_json = ipywidgets.ToggleButton(
            description="Body as JSON", tooltip="Show and edit the body as JSON", layout={"width": "auto"}
        )
        self._json = ipywidgets.Textarea(
            description="Body",
            continuous_update=False,
            rows=10,
            tooltip="The body as JSON; what was typed is taken when you leave the field",
            layout={"width": "min(50em, 98%)", "display": "none"},
            style=_LABEL,
        )
        self._confirm = ipywidgets.Checkbox(
            description="I confirm: this may change something", indent=False, layout={"width": "auto"}
        )
        self._go = button("Send", style="primary")
        self._missing = ipywidgets.HTML(layout={"margin": "0 0 0 .8em"})
        self._request = ipywidgets.HTML()
        self._answer = ipywidgets.HTML()
        self._audio = ipywidgets.Audio(value=SILENCE, autoplay=False, loop=False, layout={"display": "none"})
        self._python = ipywidgets.HTML()
        self._history = ipywidgets.Select(
            description="Last requests", rows=5, layout={"width": "min(50em, 98%)"}, style=_LABEL
        )
        wrap = {"flex_flow": "row wrap", "align_items": "center"}
        self._sides = ipywidgets.HBox(
            [ipywidgets.VBox([self._request]), ipywidgets.VBox([self._answer, self._audio])],
            layout={"flex_flow": "row wrap", "align_items": "flex-start"},
        )
        self._sides.add_class("pbx-sides")
        self._one = ipywidgets.VBox(
            [
                self._title,
                self._form,
                ipywidgets.HBox([self._as_json], layout=wrap),
                self._json,
                ipywidgets.HBox([self._go, self._confirm, self._missing], layout=wrap),
                self._sides,
                self._python,
            ]
        )
        super().__init__(
            pbx,
            [ipywidgets.HBox([self._search, self._count], layout=wrap), self._list, self._one, self._history],
            css=_STYLE,
        )
        self.add_class("pbx-explorer")
        self.model.filter = filter
        self.on_change(self._search, lambda words: setattr(self.model, "filter", words))
        self.on_change(self._list, self._choose)
        self.on_change(self._as_json, lambda _: self.schedule())
        self.on_change(self._json, self._typed_json)
        self.on_change(self._confirm, self.model.confirm)
        self.on_change(self._history, self._recall)
        self.on_click(self._go, self.model.send)
        self.mirror(self.model)

    # ------------------------------------------------------------------------------------------------------- drawing

    def draw(self) -> None:
        """Mirror the model."""
        model = self.model
        model.take()
        self._draw_list()
        form = model.form
        show(self._one, form is not None)
        if form is not self._form_of:
            self._rebuild()
        if form is not None:
            self._draw_form()
        self._draw_exchange()
        options = [(each.words, each) for each in model.history]
        set_options(self._history, options, model.exchange)
        show(self._history, bool(options))

    def _draw_list(self) -> None:
        model = self.model
        listed = (model.filter, id(model.pbx.operations), model.operation.name if model.operation else None)
        if listed == self._listed:
            return
        self._listed = listed
        found = model.found
        chosen = model.operation
        if chosen is not None and chosen not in found:
            found = [chosen, *found]
        self._list.rows = min(8, max(2, len(found)))
        set_options(
            self._list,
            [(f"{one.name} \u00b7 {one} \u00b7 {one.summary}", one.name) for one in found],
            chosen.name if chosen is not None else None,
        )
        words = f"{len(found)} of {len(model.pbx.operations)} operations"
        if not model.pbx.operations:
            words = "This kind of system has no operations to explore."
        put(self._count, f'<span role="status">{escape(words)}</span>')

    def _rebuild(self) -> None:
        """Make the form of another operation, or of another content."""
        former, self._fields = self._fields, []
        form = self._form_of = self.model.form
        if form is not None:
            self._fields = [_FieldView(self, one) for one in form.parameters]
            if form.body is not None:
                self._fields += [_FieldView(self, one) for one in form.body.parts]
        self._form.children = tuple(one.box for one in self._fields)
        for view in former:
            view.close()
        self._as_json.value = False
        if form is not None:
            put(self._title, operation_html(form.operation))

    def _draw_form(self) -> None:
        model = self.model
        form, operation = model.form, model.operation
        if form is None or operation is None:
            return
        has_body = form.body is not None
        show(self._as_json, has_body)
        show(self._json, has_body and self._as_json.value)
        text = form.json
        if text != self._json_of:  # what was typed and does not fit stays, to be mended
            self._json_of = text
            self._json.value = text
        for view in self._fields:
            view.draw()
        request, problem = model.preview()
        show(self._confirm, operation.changes)
        put(self._confirm, model.confirmed)
        if not self.is_busy(self._go):
            self._go.disabled = not model.may_send
        self._go.tooltip = f"Send {operation}"
        missing = str(problem) if problem is not None else ""
        if model.sending:
            missing = "Sending \u2026"
        put(self._missing, f'<span role="status" class="pbx-missing">{escape(missing)}</span>')
        shown = model.exchange.request if model.exchange is not None else request
        what = "Request, as it was sent" if model.exchange is not None else "Request, as it would be sent"
        put(self._request, _titled(what, f"<pre>{escape(request_text(shown))}</pre>" if shown is not None else ""))
        code = model.python
        put(
            self._python,
            _titled(
                "The same in Python",
                f'<pre class="pbx-python" tabindex="0" title="A click selects all of it">{escape(code)}</pre>',
            )
            if code
            else "",
        )

    def _draw_exchange(self) -> None:
        made = self.model.exchange
        if made is self._shown:
            return
        self._shown = made
        put(self._answer, answer_html(made) if made is not None else "")
        sound = made.data if made is not None and made.data[:4] in (b"RIFF", b"OggS", b"fLaC", b"ID3\x03") else b""
        self._audio.format = sound_format(sound or SILENCE)
        self._audio.value = sound or SILENCE
        show(self._audio, bool(sound))

    # ---------------------------------------------------------------------------------------------------- what is done

    def _choose(self, name: str | None) -> None:
        if name is not None:
            self.model.choose(name)

    def _typed_json(self, text: str) -> None:
        form = self.model.form
        if form is None or text == form.json:
            return
        form.json = text
        self._form_of = None  # other parts may be given now: the form is rebuilt
        keep = self._as_json.value
        self.model.changed()
        self.draw_now()
        self._as_json.value = keep
        self.schedule()

    def _recall(self, exchange: Exchange | None) -> None:
        if exchange is not None and exchange is not self.model.exchange:
            self.model.recall(exchange)

    def filled_in(self) -> None:
        """The user has changed the form, so the exchange that is shown no longer belongs to it."""
        self.model.exchange = None
        self.model.changed()

    # ------------------------------------------------------------------------------------------- without live widgets

    def describe(self) -> str:
        """Describe the view in a few words."""
        chosen = self.model.operation
        return f"ApiExplorer of {len(self.model.pbx.operations)} operations" + (f": {chosen.name}" if chosen else "")

    def to_html(self) -> str:
        """Return the operation that is chosen, and the request and the answer that are shown."""
        chosen, made = self.model.operation, self.model.exchange
        if chosen is None:
            return f"<p>{escape(self.describe())}</p>"
        html = operation_html(chosen)
        if made is not None:
            html += _titled("Request", f"<pre>{escape(request_text(made.request))}</pre>") + answer_html(made)
        return html


class _FieldView:
    """One field of the form, with the parts below it."""

    def __init__(self, view: ApiExplorer, field: FormField, *, name: str | None = None) -> None:
        self._view = view
        self._field = field
        self._parts: list[tuple[_FieldView, Any]] = []
        parameter = field.parameter
        self._name = (name or parameter.name) + (" *" if parameter.required else "")
        self._input: Any = None
        self._nested = ipywidgets.VBox(layout={"display": "none"})
        self._nested.add_class("pbx-nested")
        self._add: Any = None
        kind = parameter.kind
        if kind is ParameterKind.OBJECT:
            head = self._object_head()
        elif kind is ParameterKind.LIST:
            head = self._list_head()
        elif kind is ParameterKind.EITHER:
            head = self._either_head()
        else:
            head = self._leaf()
        self.box = ipywidgets.VBox([head, self._nested], layout={"flex": "0 0 auto", "overflow": "visible"})
        self._make_parts()

    # ------------------------------------------------------------------------------------------------------- making

    def _note(self, words: str) -> Any:
        need = "required" if self._field.parameter.required else "optional"
        where = _PLACES[self._field.parameter.place]
        text = ", ".join(part for part in (words, need, where) if part)
        return ipywidgets.HTML(f'<span class="pbx-field-note">{escape(text)}</span>', layout={"margin": "0 0 0 .6em"})

    def _row(self, *widgets: Any) -> Any:
        return ipywidgets.HBox(list(widgets), layout={"flex_flow": "row wrap", "align_items": "center"})

    def _leaf(self) -> Any:
        parameter, field = self._field.parameter, self._field
        common: dict[str, Any] = {
            "description": self._name,
            "tooltip": f"{self._name}: {parameter.words}",
            "layout": {"width": _WIDE},
        }
        wide = _LABEL["description_width"]
        text = "" if field.value is None else str(field.value)
        suggested = self._view.model.suggestions(parameter)
        if parameter.kind in (ParameterKind.CHOICE, ParameterKind.BOOLEAN):
            choices = parameter.choices or ("true", "false")
            options = [(_NOTHING, None), *((choice, choice) for choice in choices)]
            now = text.lower() if parameter.kind is ParameterKind.BOOLEAN else text
            self._input = ipywidgets.Dropdown(
                options=options, value=now if now in choices else None, style=_LABEL, **common
            )
        elif parameter.secret:
            self._input = TextField(text, kind="password", label_width=wide, **common)
        else:
            hint = {ParameterKind.TIME: "2026-01-31T18:17:15Z", ParameterKind.ANYTHING: "JSON"}.get(parameter.kind, "")
            self._input = TextField(text, placeholder=hint, options=list(suggested), label_width=wide, **common)
        self._view.on_change(self._input, self._typed)
        return self._row(self._input, self._note(parameter.words))

    def _object_head(self) -> Any:
        parameter = self._field.parameter
        self._input = ipywidgets.Checkbox(
            value=self._field.given,
            description=self._name,
            disabled=parameter.required,
            indent=False,
            tooltip=f"Give {self._name}",
            layout={"width": "auto"},
        )
        self._view.on_change(self._input, self._give)
        return self._row(self._input, self._note(parameter.words))

    def _list_head(self) -> Any:
        self._add = button(f"Add to {self._name}", f"Add an item to {self._name}")
        self._view.on_click(self._add, self._add_item)
        return self._row(self._add, self._note(self._field.parameter.words))

    def _either_head(self) -> Any:
        options = [(one.words, index) for index, one in enumerate(self._field.parameter.options)]
        self._input = ipywidgets.Dropdown(
            options=options,
            value=self._field.option,
            description=f"{self._name} is",
            tooltip=f"What kind {self._name} is",
            layout={"width": _WIDE},
            style=_LABEL,
        )
        self._view.on_change(self._input, self._choose)
        return self._row(self._input, self._note(self._field.parameter.words))

    def _make_parts(self) -> None:
        former, self._parts = self._parts, []
        known = {id(part._field): (part, row) for part, row in former}
        for index, field in enumerate(self._field.parts):
            pair = known.pop(id(field), None)
            self._parts.append(pair or self._part(field, index))
        self._nested.children = tuple(row for _, row in self._parts)
        show(self._nested, bool(self._parts))
        for part, row in known.values():
            part.close()
            close_widget(row)

    def _part(self, field: FormField, index: int) -> "tuple[_FieldView, Any]":
        if self._field.parameter.kind is not ParameterKind.LIST:
            part = _FieldView(self._view, field)
            return part, part.box
        part = _FieldView(self._view, field, name=f"{self._field.parameter.name} {index + 1}")
        remove = button(f"Remove {self._field.parameter.name} {index + 1}", f"Remove this item of {self._name}")
        self._view.on_click(remove, lambda: self._remove(field))
        return part, ipywidgets.HBox([part.box, remove], layout={"align_items": "flex-start"})

    # --------------------------------------------------------------------------------------------------- what is typed

    def _typed(self, value: Any) -> None:
        self._field.value = value if value not in ("", None) else None
        self._view.filled_in()

    def _change(self, change: Callable[[], object]) -> None:
        change()
        self._make_parts()
        self._view.filled_in()

    def _give(self, on: bool) -> None:
        self._change(lambda: self._field.give(on))

    def _choose(self, option: int) -> None:
        self._change(lambda: self._field.choose(option))

    def _add_item(self) -> None:
        def add() -> None:
            item = self._field.add()
            if item.parameter.kind is ParameterKind.OBJECT:
                item.give(True)

        self._change(add)

    def _remove(self, field: FormField) -> None:
        self._change(lambda: self._field.remove(field))

    def draw(self) -> None:
        """Bring suggestions up to date; what was typed is the person's."""
        if isinstance(self._input, TextField) and self._input.kind == "text":
            suggested = list(self._view.model.suggestions(self._field.parameter))
            put(self._input, suggested, "options")
        for part, _ in self._parts:
            part.draw()

    def close(self) -> None:
        """Take every widget of it away."""
        close_widget(self.box)


def operation_html(one: Operation) -> str:
    """What an operation is."""
    style = f"pbx-method pbx-method-{escape(one.method)}" + (" pbx-method-changes" if one.changes else "")
    facts = [
        f"service {one.service}",
        f"answers {'text' if one.answer == 'str' else one.answer or 'nothing'}",
        f"needs {one.licence}" if one.licence else "",
        f"since {one.since}" if one.since else "",
        "may be repeated" if one.repeatable else "may not be repeated",
    ]
    facts_words = " \u00b7 ".join(fact for fact in facts if fact)
    described = f"<p>{_prose(one.description)}</p>" if one.description else ""
    return (
        f'<div class="pbx-operation"><span class="{style}">{escape(one.method)}</span> <code>{escape(one.path)}</code>'
        f"<br><b>{escape(one.name)}</b>: {_prose(one.summary)}{described}"
        f'<br><span class="pbx-quiet">{escape(facts_words)}</span></div>'
    )


def _prose(text: str) -> str:
    """Words of a docstring, with what is code in it as code."""
    parts = escape(text).split("``")
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))


def answer_html(made: Exchange) -> str:
    """The answer to a request, or its error."""
    style = "pbx-status-bad" if made.error is not None else "pbx-status-good"
    status = str(made.status) if made.status is not None else "no answer"
    head = f'<div role="status"><span class="{style}">{escape(status)}</span> after {made.seconds * 1000:.1f} ms</div>'
    if made.error is not None:
        rows = "".join(f"<tr><td>{escape(name)}</td><td>{escape(text)}</td></tr>" for name, text in made.reasons)
        return _titled("Refused" if made.status else "Failed", f'{head}<table class="pbx-reasons">{rows}</table>')
    text = made.text
    body = f'<pre tabindex="0">{escape(text)}</pre>' if text else '<span class="pbx-quiet">nothing in it</span>'
    return _titled("Answer", head + body)


def _titled(title: str, html: str) -> str:
    return f"<h4>{escape(title)}</h4>{html}" if html else ""
