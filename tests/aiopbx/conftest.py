"""How hypothesis draws, and the offices that tests are run in."""

import functools
import os
from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import settings

from tests.aiopbx.channels import TunnelOffice, WebhookOffice
from tests.aiopbx.istra_office import IstraOffice
from tests.aiopbx.office import Office, Opened, opened


def _bridge() -> type[Office]:
    """Import it with its first test: coverage does not see what a conftest has imported before it begins."""
    from tests.aiopbx.bridge_office import BridgeOffice

    return BridgeOffice


OFFICES: Final[dict[str, Callable[[], type[Office]]]] = {
    "chunk": lambda: Office,
    "webhook": lambda: WebhookOffice,
    "tunnel": lambda: TunnelOffice,
    "istra": lambda: IstraOffice,
    "bridge": _bridge,
}
"""How clients are connected: to O2G over one of its three channels, to Istra's myRCC, or to a bridge."""

# Drawn anew each time on a developer's machine, always the same in continuous integration. Never held to a time for
# each example: that fails when other processes want the cores.
settings.register_profile("developer", deadline=None)
settings.register_profile("ci", derandomize=True, database=None, deadline=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "developer")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "office(*kinds): run in an office of each of these kinds; else it is 'chunk'")
    config.addinivalue_line("markers", "absent(**reasons): not in offices of these kinds, each for this reason")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test in every kind of office that its marks name."""
    mark = metafunc.definition.get_closest_marker("office")
    if mark is None or "office" not in metafunc.fixturenames:
        return
    absent = {kind for one in metafunc.definition.iter_markers("absent") for kind in one.kwargs}
    unknown = {*mark.args, *absent} - OFFICES.keys()
    if unknown or not set(mark.args) > absent:
        raise pytest.UsageError(f"{metafunc.definition.nodeid}: its offices are {mark.args}, and absent {absent}")
    metafunc.parametrize("office", [kind for kind in mark.args if kind not in absent], indirect=True)


@pytest.fixture
def office(request: pytest.FixtureRequest) -> Opened:
    """Open an office: ``async with office(**settings) as one``."""
    return functools.partial(opened, OFFICES[getattr(request, "param", "chunk")]())
