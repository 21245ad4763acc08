"""What every test behind a proxy needs: the proxy itself, a certificate, a folder. Without the proxy it is skipped."""

import pytest

from aiopbx.simulator.certificate import CERTIFICATE_NAME, KEY_NAME, ensure_certificate
from tests.proxies.lab import Certificate
from tests.proxies.programs import NAMES, program

MISSING = "{name} is not here: scripts/setup proxies brings it on Debian, elsewhere install it so that it is on PATH"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a proxy that is not here, by name and with the reason."""
    for item in items:
        mark = item.get_closest_marker("proxy")
        if mark is not None and program(mark.args[0]) is None:
            item.add_marker(pytest.mark.skip(reason=MISSING.format(name=NAMES[mark.args[0]])))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "proxy(kind): needs this program: nginx, httpd or haproxy")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    folder = tmp_path_factory.mktemp("certificate")
    path = ensure_certificate(folder, "127.0.0.1")
    with_key = folder / "with-key.pem"
    with_key.write_bytes(path.read_bytes() + (folder / KEY_NAME).read_bytes())
    assert path == folder / CERTIFICATE_NAME
    return Certificate(folder, path, with_key)
