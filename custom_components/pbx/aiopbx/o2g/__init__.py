"""The O2G wire: what the client sends to an O2G server and receives from it."""
