"""What was made for a direct connection works over a bridge as it is: the command line and the notebooks."""

import asyncio
import os
import subprocess
import sys

from aiopbx import CallState
from notebooks_kit import connect as connect_notebook
from notebooks_kit.models import CallsModel
from notebooks_kit.models.board import BoardModel
from tests import processes
from tests.aiopbx.bridge_office import BridgeOffice
from tests.aiopbx.office import until
from tests.mqtt.conftest import Bridged


async def command(one: BridgeOffice, *words: str) -> tuple[int, str, str]:
    """What ``aiopbx`` ends with and says, in a process of its own, as people run it."""
    process = processes.start(
        [sys.executable, "-m", "aiopbx", *words, "--url", one.url],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if not name.startswith("AIOPBX_")},
    )
    out, err = await asyncio.to_thread(process.communicate)
    return process.returncode, out.decode(), err.decode()


async def test_the_command_line(bridged: Bridged) -> None:
    async with bridged() as one:
        pbx = await one.connect()
        searching = asyncio.create_task(command(one, "directory", "Kel", "--line", "1000"))
        while not searching.done():
            one.clock.advance(0.1)  # by which the directory finds
            await asyncio.wait({searching}, timeout=0.02)
        code, out, err = searching.result()
        assert (code, err) == (0, ""), (out, err)
        assert "Bob Keller" in out
        assert "1001" in out
        # What is wrong is said as over a direct connection.
        code, out, err = await command(one, "dial", "1001", "--line", "9999")
        assert code != 0
        assert "9999" in err
        dialling = asyncio.create_task(command(one, "dial", "1001", "--line", "1000"))
        call = await pbx.line("1001").wait_for_call(timeout=60)
        await call.answer()
        await call.wait_for(CallState.ACTIVE, timeout=30)
        await call.hang_up()
        code, out, err = await dialling
        assert code == 0, (out, err)
        assert "Bob Keller" in out


async def test_the_notebooks(bridged: Bridged) -> None:
    async with bridged() as one:
        await one.start_worker()
        pbx = await connect_notebook(url=one.url)
        try:
            board = BoardModel(pbx.lines)
            pbx.subscribe(board.handle)
            line = pbx.line("1000")
            model = CallsModel(line)
            line.subscribe(model.handle)
            one.switch.make_call("oxe1001", "1001", "1000", auto_answer=True)
            call = await line.wait_for_call(timeout=30)
            await model.do(call.id, "answer")
            await call.wait_for(CallState.ACTIVE, timeout=30)
            await model.do(call.id, "hold")
            await call.wait_for(CallState.HELD, timeout=30)
            model.take()
            row = model.row(call.id)
            assert row is not None
            assert "retrieve" in row.buttons
            assert "oxe1000" in board.take()
            await model.do(call.id, "hang_up")
            await until(lambda: not line.calls)
        finally:
            await pbx.close()
