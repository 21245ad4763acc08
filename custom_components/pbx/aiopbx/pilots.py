"""Pilots: who waits there, whether they are open, and when they work how."""
