"""Recording what happens, and playing it again."""
