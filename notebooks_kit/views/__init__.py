"""Widgets that mirror a model, each usable alone."""

from .board import LineBoard
from .view import View

__all__ = ["LineBoard", "View"]
