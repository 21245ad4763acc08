"""The demo's PBX: a simulated office in a process of its own, over https.

python demo/simulator.py PORT EVENT_PORT HTTP_PORT CERTIFICATE_FOLDER [ISTRA_PORT]
"""

import asyncio
import contextlib
import logging
import signal
import sys
from pathlib import Path

from office import SCENARIO
from paths import load_client
from systems import ENTERPRISE

load_client()

from aiopbx.simulator import ScenarioPlayer, Simulator, SimulatorSettings, load_scenario  # noqa: E402 - the line above makes it importable


async def main(port: int, event_port: int, http_port: int, folder: Path, istra_port: int | None = None) -> None:
    """Serve until this process is ended; Istra as well if it has a port."""
    scenario = load_scenario(SCENARIO)
    settings = SimulatorSettings(
        # Everyone also has a public number, which the people they call see.
        users=tuple(
            person.spec().model_copy(update={"pstn_numbers": (f"+155501{20 + place:02}",)})
            for place, person in enumerate(scenario.users)
        ),
        port=port,
        event_port=event_port,
        http_port=http_port,
        tls=True,
        certificate_folder=folder,
        istra=istra_port is not None,
        istra_port=istra_port or 0,
        enterprise=ENTERPRISE,
    )
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with Simulator(settings) as simulator:
        player = ScenarioPlayer(scenario, simulator.switch, simulator.clock)
        player.start()
        print(f"ready {simulator.url} {simulator.certificate_path}", flush=True)
        await stop.wait()
        player.stop()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    with contextlib.suppress(KeyboardInterrupt):
        port, event_port, http_port, folder, *istra_port = sys.argv[1:]
        asyncio.run(main(int(port), int(event_port), int(http_port), Path(folder), *map(int, istra_port)))
