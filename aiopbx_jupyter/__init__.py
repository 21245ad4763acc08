"""Call control in Jupyter under a name of its own: everything that ``notebooks_kit`` has, and the same objects.

``notebooks_kit`` is a name that another project may choose as well. Whoever writes a program that lasts imports it from
here: ``from aiopbx_jupyter import LineBoard, connect``.
"""

from typing import TYPE_CHECKING, Any

import notebooks_kit
from notebooks_kit import __all__ as __all__

if TYPE_CHECKING:
    from notebooks_kit import *  # noqa: F403 - the same names, whatever they are


def __getattr__(name: str) -> Any:
    """Take it from there, which imports what is used only."""
    return getattr(notebooks_kit, name)
