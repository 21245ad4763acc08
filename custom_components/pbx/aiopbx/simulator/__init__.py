"""A telephone system in one process: the switch, the wires it speaks, and ways to break it."""
