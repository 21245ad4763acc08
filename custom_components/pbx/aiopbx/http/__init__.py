"""HTTP, as all wires share it."""
