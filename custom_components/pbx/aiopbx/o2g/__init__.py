"""The O2G wire: what the client says to an O2G server and hears from it."""
