"""What a client has seen on the wire, in numbers; every wire counts the same."""

from ..statistics import WireStatistics

__all__ = ["WireStatistics"]
