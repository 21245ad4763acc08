"""The wires of the simulator: each face shows the same switch in another protocol."""
