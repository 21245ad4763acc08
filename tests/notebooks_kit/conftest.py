"""Snapshots of lines, and a client that is none."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from aiopbx import CallSnapshot, CallState, Event, LineChanged, LineSnapshot, Party, Status, StatusChanged, WireMessage
from notebooks_kit.views import view as view_module

NOW = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)


class FakeLine:
    """A line handle: what it shows can be replaced."""

    def __init__(self, snapshot: LineSnapshot) -> None:
        self.snapshot = snapshot


class FakePbx:
    """Lines, a status and subscribers; ``put`` changes a line and tells it."""

    def __init__(self, count: int = 3) -> None:
        self.status = Status.ONLINE
        names = ("Ada Brooks", "Ben Castillo", "Chloe Dubois")
        self.lines = {
            f"oxe{1000 + index}": FakeLine(
                LineSnapshot(id=f"oxe{1000 + index}", number=str(1000 + index), name=names[index % 3], synced=True)
            )
            for index in range(count)
        }
        self.callbacks: list[Callable[[Event], None]] = []
        self.listeners: list[Callable[[WireMessage], None]] = []
        self.now = NOW

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    def subscribe(self, callback: Callable[[Event], None], **_: Any) -> Callable[[], None]:
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)

    def wire(self, listener: Callable[[WireMessage], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def hear(self, message: WireMessage) -> None:
        for listener in tuple(self.listeners):
            listener(message)

    def tell(self, event: Event) -> None:
        for callback in tuple(self.callbacks):
            callback(event)

    def put(self, line: str, **changes: Any) -> None:
        from msgspec.structs import replace

        handle = self.lines[line]
        former, handle.snapshot = handle.snapshot, replace(handle.snapshot, **changes)
        self.tell(LineChanged(at=NOW, line=line, snapshot=handle.snapshot, previous=former, changed=frozenset(changes)))

    def go(self, status: Status) -> None:
        former, self.status = self.status, status
        self.tell(StatusChanged(at=NOW, status=status, previous=former))


def call(line: str, state: CallState, *names: str) -> CallSnapshot:
    return CallSnapshot(
        id="c1",
        ref="c1",
        line=line,
        state=state,
        parties=tuple(Party(name=name) for name in names),
        started_at=NOW,
        answered_at=NOW if state is CallState.ACTIVE else None,
    )


@pytest.fixture(autouse=True)
def _short_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_module, "FRAME", 0.01)


@pytest.fixture
def pbx() -> FakePbx:
    return FakePbx()


@pytest.fixture
def make_pbx() -> type[FakePbx]:
    return FakePbx


@pytest.fixture
def make_call() -> Callable[..., CallSnapshot]:
    return call
