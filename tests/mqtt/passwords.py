"""Lines of Mosquitto's password file."""

import base64
import hashlib
import secrets


def password_line(user: str, password: str) -> str:
    """A user and the hash of a password, as mosquitto_passwd writes them."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 101, 64)
    words = [base64.b64encode(one).decode() for one in (salt, digest)]
    return f"{user}:$7$101${words[0]}${words[1]}\n"
