"""What people write: where to connect, and how."""
