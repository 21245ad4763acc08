"""The same as ``test_model_equals_switch``, fewer, through real servers and a real client that is cut off at times."""

from hypothesis.stateful import rule

from aiopbx import LineSnapshot, Pbx
from aiopbx.simulator import SimulatorSettings
from aiopbx.simulator.switch import SwitchSettings
from tests.aiopbx.model_over_http import FEW, ModelOverHttp, connect
from tests.aiopbx.model_truth import compare
from tests.aiopbx.office import ADMIN
from tests.aiopbx.simulator.test_switch_any_sequence import people


class OverHttp(ModelOverHttp):
    """Over O2G, with those whose calls can be seen."""

    def office(self, switch: SwitchSettings) -> SimulatorSettings:
        users = tuple(spec for spec in people() if "TELEPHONY_ADVANCED" in spec.licences)
        return SimulatorSettings(users=users, switch=switch)

    async def connect(self) -> Pbx:
        return await connect(self.simulator.url, **ADMIN, sync_timeout=10.0)

    def compare(self, line: LineSnapshot, login: str) -> None:
        compare(line, self.switch, login)

    def left_behind(self) -> int:
        return sum(len(server.sessions) for server in self.simulator.servers)

    @rule()
    def come_and_go(self) -> None:
        """Somebody with the whole licence, so that calls can be seen."""
        if "e" in self.switch.users:
            self.attempt(self.switch.remove_user, "e")
        else:
            self.switch.add_user(people()[4].model_copy(update={"licences": frozenset({"TELEPHONY_ADVANCED"})}))

    @rule()
    def lose(self) -> None:
        """The connection breaks, and what happens until it is back is not seen."""
        self.simulator.faults.cut_channels()


OverHttp.TestCase.settings = FEW
TestOverHttp = OverHttp.TestCase
