"""Answers that no server should give, and some do: headers, what they say, and how they come over the wire."""

import json
from typing import Any, Final

DIGITS: Final = "9" * 5000
COOKIES: Final = (
    "a=b; Max-Age=²",
    "a=b; Max-Age=",
    f"a=b; Max-Age={DIGITS}",
    f"a=b; Max-Age=-{DIGITS}",
    "a=b; Max-Age=soon",
    "a=b; Expires=Mon, 99 Foo 99999999999999 99:99:99 GMT",
    f"a=b; Expires={DIGITS}",
    "a=b; Expires=Thu, 01 Jan 0001 00:00:00 -2359",
    "=;;;=",
    ";",
    "a",
    "a=\x7f; Path",
)
LOCATIONS: Final = (
    "http://[",
    "http://[::1",
    "http://127.0.0.1:99999999/",
    "http://127.0.0.1:port/",
    f"http://127.0.0.1:{DIGITS}/",
    "http://127.0.0.1:²/",
    "//",
    "://",
    "http:// /",
    "?",
    "#",
    "\\\\\\",
    "http://" + "x" * 5000,
    "javascript:alert(1)",
    "ws://[",
)
BODIES: Final[tuple[bytes, ...]] = (
    b"",
    b" ",
    b"\0\0\0",
    b"\xff\xfe\xfd",
    b"null",
    b"[]",
    b"17",
    b'""',
    b'"\\ud800"',
    b"{",
    b'{"code": ' + DIGITS.encode() + b"}",
    b'{"code": -' + DIGITS.encode() + b"}",
    b'{"code": "' + DIGITS.encode() + b'"}',
    '{"code": "²"}'.encode(),
    b'{"code": "1001"}',
    b'{"code": 1e999}',
    b'{"code": NaN}',
    b'{"code": [1001]}',
    b'{"code": true, "canRetry": "yes"}',
    b'{"type": {"a": 1}, "helpMessage": ["x"], "innerMessage": 5}',
    b'{"helpMessage": "\\ud800 and \\udc00", "message": "\\udfff", "cause": "\\ud83d"}',
    b'{"helpMessage": "\xed\xa0\x80"}',
    b'{"telephony": {"errorCause": 5, "errorType": [], "message": {}}}',
    b'{"telephony": {"message": ' + b"[" * 5000 + b"]" * 5000 + b"}}",
    b'{"info": {"type": 5, "value": []}, "messages": 7, "firstMessage": {}}',
    b"[" * 60_000,
    b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    b"<" * 60_000,
    b"<script" * 8_000,
    b"<script>" * 7_000 + b"</style>",
    b"<head><style></head>" * 3_000,
    b"A" * 60_000,
    b"A_1" * 20_000 + b" ",
    json.dumps({"code": "A_1" * 20_000 + "!"}).encode(),
    b'{"timeToLive": ' + DIGITS.encode() + b"}",
    b'{"versions": [{"id": "1.0", "publicUrl": "http://["}], "publicUrl": "http://[", "publicBaseUrl": "http://["}',
    b'{"versions": [{"id": "1.0", "publicUrl": "http://x:99999999"}], "publicUrl": "http://x:99999999"}',
    b'{"versions": 5, "publicUrl": 5, "credential": 5}',
)
STATUSES: Final = (200, 201, 299, 302, 400, 401, 404, 409, 429, 500, 503, 599)


def every() -> list[Any]:
    """Every odd answer, as keywords of ``ScriptedServer.answer``; each status meets many of the bodies, in turn."""
    odd: list[Any] = []
    for number, cookie in enumerate(COOKIES):
        odd.append({"status": STATUSES[number % len(STATUSES)], "headers": [("Set-Cookie", cookie)]})
    odd += [{"status": status, "headers": [("Location", one)]} for one in LOCATIONS for status in (302, 307)]
    for number, body in enumerate(BODIES):
        odd += [{"status": STATUSES[(number + step) % len(STATUSES)], "text": body} for step in (0, 3, 7)]
        odd.append({"status": 200, "text": body})
    return odd


ON_THE_WIRE: Final[tuple[bytes, ...]] = (
    b"",
    b"\0" * 100,
    b"\r\n\r\n",
    b"HTTP/9.9 200 OK\r\n\r\n",
    b"HTTP/1.1 99999 OK\r\n\r\n",
    b"HTTP/1.1 abc OK\r\n\r\n",
    b"HTTP/1.1 200\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 50 + b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n12345",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"F" * 50 + b"\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: odd\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnone",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: \xff\r\nContent-Length: 4\r\n\r\nnone",
    b"HTTP/1.1 200 OK\r\nContent-Type: \xff\xfe; charset=\xff\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nSet-Cookie: \xff\xfe=\xff\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\n: nameless\r\nContent-Length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nname less\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: \xff\xfe\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: http://\xc3\xa9.example.com:x/\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: odd\r\nConnection: upgrade\r\n\r\nodd",
    b"HTTP/1.1 100 Continue\r\n\r\n" * 1000,
    b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n12345",
    b"HTTP/1.1 200 OK\r\n\r\n\0\xff",
)
"""What comes instead of an answer; then the server hangs up."""
