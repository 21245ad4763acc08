"""The ways in which events come."""
