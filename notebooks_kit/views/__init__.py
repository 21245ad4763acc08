"""Widgets that mirror a model, each usable alone."""

from .board import LineBoard

__all__ = ["LineBoard"]
