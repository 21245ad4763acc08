"""What all views share: the client's loop, one drawing per frame, a place for problems, and closing without a trace."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final, Self, cast
from weakref import ref

import ipywidgets

from aiopbx import Event, Line, Pbx, Status, StatusChanged

from ..models.model import Model, ReadModel
from ..presence import why_ended
from ..slips import check_arguments
from .cells import forget, in_a_view, remember
from .markup import problem_html
from .still import Still
from .stored_picture import with_images
from .stored_state import keep_for_the_file
from .visibility import Visibility

FRAME: Final = 0.1
"""Seconds between two drawings; changes within a frame are drawn together."""

Work = Callable[[], Awaitable[object] | None]
"""A plain function, or one that returns an awaitable."""

# The colours follow the theme of the page; without one (Voilà, a stored page) the fallbacks apply. A <style> also works
# inside a hidden widget.
_STYLE: Final = """
.pbx-view { color: var(--jp-content-font-color1, inherit); }
.pbx-view button:focus-visible, .pbx-view input:focus-visible, .pbx-view select:focus-visible,
.pbx-view textarea:focus-visible, .pbx-view summary:focus-visible, .pbx-view [tabindex]:focus-visible {
  outline: 2px solid var(--jp-brand-color1, #1976d2) !important; outline-offset: 1px; }
.pbx-view .pbx-problem { border-left: .3em solid var(--jp-error-color1, #c0392b); padding: .2em .6em; line-height: 1.5;
  color: var(--jp-content-font-color1, inherit); background: #c0392b1f; white-space: normal; }
.pbx-view .pbx-problem pre { overflow: auto; max-height: 14em; }
"""


class View(ipywidgets.VBox):  # type: ignore[misc] # ipywidgets has no types
    """A widget that mirrors a model.

    Create it in a cell: cells run in the client's loop, to which every model belongs. Widgets may call back from other
    loops and threads (kernels have several), so callbacks go through ``on_click``, ``on_change`` and ``do``, which
    switch to that loop first. An error there is shown on top of the view; none is printed, none is swallowed.

    When the client is closed, the view stops: it keeps showing how everything was, so that the page and the file still
    tell it. ``close()`` removes the view and everything that it has created. If the page says which cell is running
    (JupyterLab and Notebook 7 do), running a cell again closes the views of its previous run.
    """

    def __new__(cls, *arguments: Any, **keywords: Any) -> Self:
        """Look at the arguments first: a slip is told before anything is made."""
        check_arguments(cls.__init__, arguments, keywords)
        return cast("Self", super().__new__(cls, *arguments, **keywords))

    def __init__(self, pbx: Pbx | None, children: Sequence[Any], *, css: str = "", **keywords: Any) -> None:
        """Show ``children`` below the place for problems. ``css`` is the style of this view, without ``<style>``."""
        self._closed = False
        self._stopped_at: datetime | None = None
        self._stopping = False
        self._pbx = pbx
        self._loop = pbx.loop if pbx is not None else asyncio.get_running_loop()
        self._frame: asyncio.TimerHandle | None = None
        self._wants_frame = False
        self._callbacks: list[Callable[[Any], object]] = []
        self._ticks: dict[object, Callable[[], object]] = {}
        self._timers: dict[object, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._on_close: list[Callable[[], None]] = []
        self._drawn: asyncio.Future[None] | None = None
        self._busy: dict[Any, bool] = {}
        self._mirroring = 0
        self._problem: object = None
        super().__init__(self._surround(children, css), **keywords)
        self.add_class("pbx-view")
        if pbx is not None:
            self.on_close(pbx.subscribe(self.callback(self._stop_with_client), kind=StatusChanged))
        remember(self)
        keep_for_the_file(self)

    def _surround(self, children: Sequence[Any], css: str) -> list[Any]:
        """Return the children with the place for problems on top. A view that draws itself has another place."""
        self._problem_text = ipywidgets.HTML(layout={"flex": "1 1 auto", "margin": "0"})
        dismiss = ipywidgets.Button(
            description="Dismiss", tooltip="Dismiss this message", layout={"width": "auto", "flex": "0 0 auto"}
        )
        dismiss.on_click(lambda _: self.show_problem(None))
        self._problem_area = ipywidgets.HBox([self._problem_text, dismiss], layout={"display": "none"})
        style = ipywidgets.HTML(f"<style>{_STYLE}{css}</style>", layout={"display": "none"})
        self._visibility = Visibility(lambda: self._hop(self._looked_at))
        return [style, self._visibility, self._problem_area, *children]

    def _place_problem(self, html: str) -> None:
        """Show this where problems are shown; nothing if it is empty."""
        if self._problem_text.value != html:
            self._problem_text.value = html
        display = None if html else "none"
        if self._problem_area.layout.display != display:
            self._problem_area.layout.display = display

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop of the client. Models are used only there."""
        return self._loop

    @property
    def pbx(self) -> Pbx | None:
        """The client that is shown."""
        return self._pbx

    @property
    def closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._closed

    @property
    def stopped(self) -> bool:
        """Whether the view follows nothing any more, because its client was closed, and shows how everything was."""
        return self._stopped_at is not None

    @property
    def now(self) -> datetime:
        """The time of the client; when the view has stopped, the time when it did."""
        if self._stopped_at is not None:
            return self._stopped_at
        return self._pbx.now if self._pbx is not None else datetime.now(UTC)

    # --------------------------------------------------------------------------------------------------- what is done

    def do(self, work: Work, *, busy: Any = None, keep_problem: bool = False) -> None:
        """Call ``work`` in the client's loop. Safe from any thread.

        If it returns an awaitable, that becomes a task, which is cancelled when the view is closed. What it raises is
        shown on top of the view. A problem that is shown already goes away when the work begins; with ``keep_problem``
        only a transient one does. ``busy`` is a button: it is disabled until the work is done, and a second click
        meanwhile does nothing.
        """
        self._hop(self._begin, work, busy, keep_problem)

    def on_click(self, button: Any, work: Work) -> None:
        """Call ``work`` when the button is clicked; see ``do``."""
        button.on_click(lambda _: self.do(work, busy=button))

    def on_change(self, widget: Any, function: Callable[[Any], Awaitable[object] | None], name: str = "value") -> None:
        """Call this in the client's loop with the new value when the user changes the widget.

        Changes made by ``draw``, or within ``with view.mirroring():``, are not the user's and do not call it.
        """

        def changed(change: Any) -> None:
            if self._mirroring and self._is_here():
                return
            new = change["new"]
            # never at once: the widget is still busy with taking the value in
            self._call_soon(self._begin, lambda: function(new), None, False)

        widget.observe(changed, name)

    def callback(self, function: Callable[[Any], object]) -> Callable[[Any], None]:
        """Return a callback for the client's events or wire messages: an error in ``function`` is shown in the view.

        It does not keep the view: of one that is gone it does nothing.
        """
        self._callbacks.append(function)
        who, place = ref(self), len(self._callbacks) - 1

        def call(argument: Any) -> None:
            view = who()
            if view is None:
                return
            try:
                view._callbacks[place](argument)
            except Exception as error:
                view.show_problem(error)

        return call

    def mirror(self, model: Model, *sources: Pbx | Line) -> None:
        """Follow a model until the view is closed: it gets the events of ``sources``, and its changes are drawn.

        Of a line it gets the status of the connection as well. To be called at the end of ``__init__``: it draws for
        the first time.
        """
        handle = self.callback(model.handle)
        for source in sources:
            self.on_close(source.subscribe(handle))
            if isinstance(source, Line):
                self.on_close(source.pbx.subscribe(handle, kind=StatusChanged))
        self.on_close(lambda: self._leave_model(model))
        self.draw_now()
        model.on_change = self._model_changed
        if isinstance(model, ReadModel):
            # without a click, so that a problem stays to be read
            model.on_stale = lambda: self.do(model.refresh, keep_problem=True)

    @staticmethod
    def _leave_model(model: Model) -> None:
        model.on_change = None
        if isinstance(model, ReadModel):
            model.on_stale = None

    def _model_changed(self) -> None:
        self.schedule()

    @contextmanager
    def mirroring(self) -> Iterator[None]:
        """Change widgets without calling ``on_change``: the change is not the user's. For use in the loop only."""
        self._mirroring += 1
        try:
            yield
        finally:
            self._mirroring -= 1

    def is_busy(self, button: Any) -> bool:
        """Whether the work that this button has begun is still running; ``draw`` then leaves it disabled."""
        return button in self._busy

    def show_problem(self, problem: str | BaseException | None) -> None:
        """Show a problem on top of the view; ``None`` removes it. Safe from any thread."""
        self._hop(self._show_problem, problem)

    def _show_problem(self, problem: object) -> None:
        if self._closed:
            return
        text = "" if problem is None else problem_html(problem)
        self._problem = problem
        self._place_problem(text)

    def _begin(self, work: Work, busy: Any, keep_problem: bool) -> None:
        if self._closed or (busy is not None and busy in self._busy):
            return
        if not keep_problem or getattr(self._problem, "transient", False):
            self._show_problem(None)
        with in_a_view():
            try:
                result = work()
            except Exception as error:
                self._show_problem(error)
                return
            if not inspect.isawaitable(result):
                return
            if busy is not None:
                self._busy[busy] = busy.disabled
                busy.disabled = True
            task = self._loop.create_task(self._finish(result, busy))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if inspect.iscoroutine(result):  # a task that is cancelled before it begins never awaits it
            task.add_done_callback(lambda _: result.close())

    async def _finish(self, work: Awaitable[object], busy: Any) -> None:
        try:
            await work
        except Exception as error:
            self._show_problem(error)
        finally:
            if busy is not None and busy in self._busy:
                former = self._busy.pop(busy)
                if not self._closed:
                    busy.disabled = former
            self._schedule()

    # -------------------------------------------------------------------------------------------------------- drawing

    def draw(self) -> None:
        """Mirror the model: change existing widgets, rebuild none. Override this; it is called in the loop."""

    def schedule(self) -> None:
        """Draw at the end of the frame. Safe from any thread."""
        self._hop(self._schedule)

    def draw_now(self) -> None:
        """Draw at once, without waiting for the end of the frame. For use in the loop only."""
        self._wants_frame = False
        if self._frame is not None:
            self._frame.cancel()
            self._frame = None
        if self._closed:
            return
        try:
            with self.mirroring(), in_a_view():
                self.draw()
        except Exception as error:
            self._show_problem(error)
        self._wake()

    async def drawn(self) -> None:
        """Wait until the widgets show what has happened so far, here and in the views inside this one.

        That is: the events that the client has published, and what was typed or chosen. It does not wait for work that
        a click has begun. Returns at once if there is nothing to draw, or the view is closed.
        """
        if not self._is_here():
            await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(self.drawn(), self._loop))
            return
        for _ in range(2):  # one round of the loop until a changed widget calls back, one until a task has begun
            await asyncio.sleep(0)
        while self._pending and not self._closed:
            if self._drawn is None:
                self._drawn = self._loop.create_future()
            await asyncio.shield(self._drawn)  # others may wait for the same drawing
        for view in _views_in(self.children):
            await view.drawn()

    @property
    def _pending(self) -> bool:
        """Whether something waits to be drawn."""
        return self._frame is not None or self._stopping

    def draw_what_waits(self) -> None:
        """Draw at once what would be drawn at the end of the frame. For use in the loop only."""
        if self._stopping:
            self._stop()
        elif self._pending or self._wants_frame:
            self.draw_now()

    def _wake(self) -> None:
        drawn, self._drawn = self._drawn, None
        if drawn is not None and not drawn.done():
            drawn.set_result(None)

    def _schedule(self) -> None:
        self._wants_frame = True
        if self._frame is None and not self._closed and not self._rests():
            self._frame = self._loop.call_later(FRAME, self.draw_now)

    def _rests(self) -> bool:
        """Whether nothing is drawn for the time being, because no page shows the view any more."""
        return self._visibility.nowhere

    def _looked_at(self) -> None:
        if self._wants_frame and not self._rests():
            self._schedule()

    def every(self, seconds: float, tick: Callable[[], object]) -> Callable[[], None]:
        """Call ``tick`` in the loop at this interval until the view is closed; return a function that stops it."""
        key = object()
        self._ticks[key] = tick
        self._wait_to_tick(key, seconds)

        def stop() -> None:
            self._ticks.pop(key, None)
            timer = self._timers.pop(key, None)
            if timer is not None:
                timer.cancel()

        return stop

    def _wait_to_tick(self, key: object, seconds: float) -> None:
        who = ref(self)  # a timer keeps no view

        def run() -> None:
            view = who()
            if view is not None:
                view._tick_now(key, seconds)

        if not self.stopped:
            self._timers[key] = self._loop.call_later(seconds, run)

    def _tick_now(self, key: object, seconds: float) -> None:
        self._wait_to_tick(key, seconds)
        try:
            with self.mirroring(), in_a_view():
                self._ticks[key]()
        except Exception as error:
            self._show_problem(error)

    # -------------------------------------------------------------------------------------------------------- the end

    def _stop_with_client(self, event: Event) -> None:
        if isinstance(event, StatusChanged) and event.status is Status.CLOSED and not self._closed:
            # not at once: the models hear of it after this, and draw how it was
            self._stopping = True
            self._loop.call_soon(self._stop)

    def _stop(self) -> None:
        """Draw for the last time by itself, and let no time pass any more; what is typed or chosen is still drawn."""
        if self._closed or not self._stopping:
            return
        self._stopping = False
        self._stopped_at = self.now
        self.draw_now()
        self._stop_timers()
        why = why_ended(self._pbx) if self._pbx is not None else None
        if why is not None:
            self._show_problem(why)

    def _stop_timers(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def on_close(self, callback: Callable[[], None]) -> None:
        """Call this when the view is closed, for example to unsubscribe."""
        self._on_close.append(callback)

    def close(self) -> None:
        """Unsubscribe, cancel running work and remove every widget. Closing it again does nothing."""
        if getattr(self, "_closed", True):
            return
        self._closed = True
        if self._is_here() or not self._loop.is_running():
            self._end()
        else:
            self._loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        forget(self)
        callbacks, self._on_close = self._on_close, []
        for callback in callbacks:
            callback()
        if self._frame is not None:
            self._frame.cancel()
            self._frame = None
        self._stop_timers()
        if not self._loop.is_closed():
            current = asyncio.current_task() if self._is_here() else None
            for task in tuple(self._tasks):
                if task is not current:
                    task.cancel()
        self._busy.clear()
        self._wake()
        for child in self.children:
            close_widget(child)
        self.layout.close()
        super().close()

    # --------------------------------------------------------------------------------------------------------- inside

    def _is_here(self) -> bool:
        try:
            return asyncio.get_running_loop() is self._loop
        except RuntimeError:
            return False

    def _hop(self, function: Callable[..., None], *arguments: Any) -> None:
        """Call this in the loop of the client: at once if that is where we are."""
        if self._closed:
            return
        if self._is_here():
            function(*arguments)
        else:
            self._call_soon(function, *arguments)

    def _call_soon(self, function: Callable[..., None], *arguments: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:  # the loop is closed, so no other thread uses the view any more
            self._show_problem("The event loop of this view has ended. Make the view again.")

    # ------------------------------------------------------------------------------------------- without live widgets

    def to_html(self) -> str:
        """Return what is shown as plain HTML, for pages that cannot run widgets; empty if the view has none."""
        return ""

    def describe(self) -> str:
        """Describe the view in a few words."""
        return type(self).__name__

    def still(self) -> Still:
        """Return a plain picture of the view at this moment, which does not change any more."""
        self.draw_now()
        return Still(self.to_html(), self.describe(), self._bundle())

    def _bundle(self) -> dict[str, str]:
        """Return what is shown, for files and for pages that cannot run widgets, by MIME type."""
        html = self.to_html()
        return {"text/plain": self.describe()} | ({"text/html": with_images(html)} if html else {})

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """Bring a plain picture along, for pages that cannot run widgets, such as a notebook on GitHub."""
        bundle: dict[str, Any] = super()._repr_mimebundle_(**kwargs) or {}
        if not self._closed:
            bundle |= self._bundle()
        return bundle


def _views_in(widgets: Sequence[Any]) -> Iterator["View"]:
    for widget in widgets:
        if isinstance(widget, View):
            yield widget
        else:
            yield from _views_in(getattr(widget, "children", ()))


def close_widget(widget: Any) -> None:
    """Close a widget with its children, its layout and its style."""
    if isinstance(widget, View):
        widget.close()
        return
    for child in getattr(widget, "children", ()):
        close_widget(child)
    for name in ("layout", "style"):
        part = getattr(widget, name, None)
        if isinstance(part, ipywidgets.Widget):
            part.close()
    widget.close()
