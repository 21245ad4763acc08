"""What the simulator refuses alike in every service. The telephony's own chapters are in ``test_simulator_o2g``.

What depends on what a request is about stands in the module of its service.
"""

from collections.abc import AsyncIterator

import pytest

from tests.contract.rows import OperationRow, held, operations
from tests.contract.simulated import (
    World,
    needs_session,
    office,
    refuses_malformed_body,
    refuses_other_methods,
    refuses_while_starting,
    settings,
)

CHAPTERS = (
    "Directory search",
    "Communication log",
    "Voicemail",
    "Phone Set Programming",
    "PBX management",
    "Call Center Agent",
    "Maintenance",
)
ROWS = operations(CHAPTERS)
FOR_EVERYBODY = "GET /system/licenses"
TYPED = [row for row in ROWS if row.body and row.chapter != "PBX management"]
"""The rows whose bodies have fields of known types."""


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with office(settings()) as world:
        yield world


@held("O2G operations", "simulator", [row for row in ROWS if row.id != FOR_EVERYBODY])
async def test_refused_without_a_session(world: World, row: OperationRow) -> None:
    await needs_session(world, row)


@held("O2G operations", "simulator", ROWS)
async def test_refused_while_the_server_starts(world: World, row: OperationRow) -> None:
    await refuses_while_starting(world, row)


@held("O2G operations", "simulator", ROWS)
async def test_other_methods_are_refused(world: World, row: OperationRow) -> None:
    await refuses_other_methods(world, row)


@pytest.mark.parametrize("raw", [b"{", b"[]", b'"text"', b"\xff", b"{}"])
@held("O2G operations", "simulator", TYPED)
async def test_refused_with_a_malformed_body(world: World, row: OperationRow, raw: bytes) -> None:
    await refuses_malformed_body(world, row, raw)
