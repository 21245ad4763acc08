"""A slider over a few words, which has a name for those who cannot see it; the one of ipywidgets has none."""

from pathlib import Path
from typing import Any, Final

import anywidget
import traitlets

_SCRIPT: Final = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


class ChoiceSlider(anywidget.AnyWidget):
    """``value`` is one of ``options``. It changes when the slider is let go."""

    _esm = traitlets.Unicode(_SCRIPT).tag(sync=True)

    options = traitlets.Tuple().tag(sync=True)
    value = traitlets.Unicode().tag(sync=True)
    description = traitlets.Unicode().tag(sync=True)

    @traitlets.validate("value")
    def _one_of_them(self, proposal: Any) -> str:
        if proposal["value"] not in self.options:
            raise traitlets.TraitError(f"{proposal['value']!r} is none of {self.options}")
        return str(proposal["value"])
