"""The parts of Istra beside calls, as the model asks for them: each turns questions into requests."""
