"""What every model that is drawn has in common: it says once that there is something to draw."""

from collections.abc import Callable


class Drawn:
    """A model that a view mirrors. It says that something has changed, and not again before that was taken.

    Whoever takes what has changed sets ``_told`` back first, so that nothing that happens meanwhile is missed.
    """

    on_dirty: Callable[[], None] | None = None
    """Called once when something is to be drawn, not again before ``take()``."""
    _told: bool = False

    def _tell(self) -> None:
        if not self._told:
            self._told = True
            if self.on_dirty is not None:
                self.on_dirty()
