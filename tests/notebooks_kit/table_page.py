"""A page that shows a table, without a browser: it keeps what ``table.js`` keeps, by the messages that it gets."""

import asyncio
import json
from typing import Any

from notebooks_kit.views.table import TableView


class TablePage:
    """Shows ``view``: takes its messages, answers its questions, and has its rows."""

    def __init__(self, view: TableView, name: str = "page", *, answers: bool = True) -> None:
        """Open the view in this page; it asks for all rows, as a page does when it loads."""
        self.view, self.name, self.answers = view, name, answers
        self.messages: list[dict[str, Any]] = []
        self.details: dict[str, str] = {}
        self._rows: dict[int, list[Any]] = {}
        self.version = -1
        self._send, view.send = view.send, self._take
        self.say("ready", version=self.version)

    def say(self, event: str, **more: Any) -> None:
        """Send an event to the kernel."""
        self.view._handle_custom_msg({"event": event, "page": self.name, **more}, [])

    def leave(self) -> None:
        """Stop to show it; what is sent is not received any more."""
        self.view.send = self._send
        self.say("gone")

    def press(self, name: str, row: str | None = None) -> None:
        """Press a button, one of a row if ``row`` names it."""
        content = {"event": "press", "name": name} | ({} if row is None else {"row": row})
        self.view._handle_custom_msg(content, [])

    def open(self, row: str) -> None:
        """Unfold a row."""
        self.view._handle_custom_msg({"event": "open", "row": row}, [])

    def set(self, **traits: Any) -> None:
        """Change traits, as a field or a check box does."""
        self.view.set_state(traits)

    def _take(self, content: dict[str, Any], buffers: Any = None) -> None:
        content = json.loads(json.dumps(content))  # what does not go over a wire shall not pass here
        self.messages.append(content)
        if content["do"] == "details":
            self.details[content["row"]] = content["text"]
            return
        if content.get("reset"):
            self._rows.clear()
        elif content["after"] != self.version:
            self.say("ready", version=self.version)
            return
        self.version = content["version"]
        for index in content.get("gone", []):
            del self._rows[index]
        places = content.get("places", [])
        for index, place in zip(places[::2], places[1::2], strict=True):
            self._rows[index][1] = place
        for row in content["rows"]:
            self._rows[row[0]] = row
        if content["ask"] and self.answers:
            asyncio.get_running_loop().call_soon(lambda: self.say("seen", version=self.version))

    @property
    def rows(self) -> list[list[Any]]:
        """The rows from top to bottom: index, place, key, label, style, cells, whether it opens."""
        return sorted((row for row in self._rows.values() if row[1] is not None), key=lambda row: row[1])

    @property
    def keys(self) -> list[str]:
        """The keys of the rows, from top to bottom."""
        return [row[2] for row in self.rows]

    @property
    def labels(self) -> list[str]:
        """The accessible names of the rows, from top to bottom."""
        return [row[3] for row in self.rows]

    def row(self, key: str) -> list[Any]:
        """Return one row."""
        return next(row for row in self.rows if row[2] == key)

    def cells(self, key: str) -> list[Any]:
        """Return the cells of one row."""
        return list(self.row(key)[5])

    @property
    def sent(self) -> list[list[str]]:
        """The keys of the rows in each message so far, and forget these messages."""
        former, self.messages = self.messages, []
        return [[row[2] for row in each["rows"]] for each in former if each["do"] == "rows"]
