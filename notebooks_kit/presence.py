"""Whether a page still shows what a kernel has: a client whose page is gone is closed, and gives its session back.

Voilà starts a kernel for each visitor, and does not always hear that one has left; the client in that kernel would stay
logged in until the server ends. So the pages are asked now and then. A widget that shows nothing answers, in every page
that is connected to the kernel, whatever that page shows.
"""

import asyncio
import os
from typing import Any, Final, Self
from weakref import WeakKeyDictionary

import anywidget
import traitlets
from IPython.core.getipython import get_ipython

from aiopbx import Event, InvalidInput, Pbx, Status, StatusChanged

VOILA_TIMEOUT: Final = 60.0
"""Seconds without an answer after which a client is closed under Voilà, where a page loaded again has a new kernel."""
LEAST: Final = 2.0
"""Seconds that a page is waited for at least: it needs some for its way there and back."""
_ASKED: Final = 4
"""Questions that a page has to leave unanswered. A kernel that is busy asks none, so that its time does not count."""
_FIRST: Final = 4
"""How much longer the first answer may take, in which the page is still loading."""
_VOILA: Final = "VOILA_REQUEST_URL"
"""What Voilà tells its kernels in their environment."""

_SCRIPT: Final = """
export default {
  initialize({ model }) {
    model.on("msg:custom", (message) => {
      if (message.ask !== undefined) model.send({ here: message.ask });
    });
  },
};
"""

_ended: Final[WeakKeyDictionary[Pbx, str]] = WeakKeyDictionary()
"""Why clients were closed."""


def page_timeout_of(wanted: float | None) -> float | None:
    """Return after how many seconds without a page a client is closed; ``None`` means never.

    Raises ``InvalidInput`` if it is too short for any page.
    """
    if wanted is None:
        return VOILA_TIMEOUT if _VOILA in os.environ else None
    if isinstance(wanted, bool) or not isinstance(wanted, int | float) or not wanted >= LEAST:
        raise InvalidInput(
            "page_timeout", f"{wanted!r} is no time that a page needs.", remedy=f"Give seconds, {LEAST:g} or more."
        )
    return float(wanted)


def why_ended(pbx: Pbx) -> str | None:
    """Return why a client was closed here, in a sentence, if it was."""
    return _ended.get(pbx)


class Presence(anywidget.AnyWidget):
    """Asks the pages of this kernel whether they are there, and closes a client when none has been for a while."""

    _esm = traitlets.Unicode(_SCRIPT).tag(sync=True)

    def __init__(self, pbx: Pbx, timeout: float) -> None:
        """Begin to ask. It ends with the client."""
        super().__init__()
        self._client = pbx
        self._timeout = timeout
        self._unanswered = 0
        self._answered = False
        self._asked = 0
        self._in_cell = False
        self._closing: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._unsubscribe = pbx.subscribe(self._see, kind=StatusChanged)
        self._shell: Any = get_ipython()
        if self._shell is not None:
            parent: dict[str, Any] = getattr(self._shell, "get_parent", dict)() or {}
            self._in_cell = (parent.get("header") or {}).get("msg_type") == "execute_request"
            self._shell.events.register("pre_run_cell", self._begin_cell)
            self._shell.events.register("post_run_cell", self._end_cell)
        self.on_msg(self._hear)
        self._wait()

    @classmethod
    def watch(cls, pbx: Pbx, timeout: float | None) -> Self | None:
        """Watch over a client, if there is a time after which it is to be closed."""
        return cls(pbx, timeout) if timeout is not None else None

    def _begin_cell(self, _: object) -> None:
        self._in_cell = True

    def _end_cell(self, _: object) -> None:
        self._in_cell = False

    def _hear(self, widget: Any, content: Any, buffers: Any) -> None:
        """Take an answer, in whatever thread the kernel gets it."""
        if isinstance(content, dict) and "here" in content and not self._client.loop.is_closed():
            self._client.loop.call_soon_threadsafe(self._take_answer)

    def _take_answer(self) -> None:
        self._answered = True
        self._unanswered = 0

    def _wait(self) -> None:
        self._timer = self._client.loop.call_later(self._timeout / _ASKED, self._ask)

    def _ask(self) -> None:
        if self._in_cell:  # the kernel takes no answers now, and Voilà shows the page when all cells have run
            self._unanswered = 0
        if self._unanswered >= (_ASKED if self._answered else _ASKED * _FIRST):
            _ended[self._client] = (
                f"No page has answered for {self._timeout:g} s, so the connection was closed. "
                "Load the page again, or run the cell that connects."
            )
            self._closing = self._client.loop.create_task(self._client.close())
            return
        self._unanswered += 1
        self._asked += 1
        self.send({"ask": self._asked})
        self._wait()

    def _see(self, event: Event) -> None:
        if isinstance(event, StatusChanged) and event.status is Status.CLOSED:
            self._end()

    def _end(self) -> None:
        self._unsubscribe()
        if self._timer is not None:
            self._timer.cancel()
        if self._shell is not None:
            self._shell.events.unregister("pre_run_cell", self._begin_cell)
            self._shell.events.unregister("post_run_cell", self._end_cell)
        self.layout.close()
        self.close()
