"""Who is called by webhooks: it checks each signature by code of its own, writes down what it heard, and is now and then down."""

import hashlib
import hmac
import json
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

DOWN_EVERY = 100  # of so many calls one is refused


class Receiver:
    """It listens until the process ends."""

    def __init__(self, here: Path) -> None:
        self.secret, self.heard = secrets.token_hex(16), []
        self.forged, self.refused, self.calls = 0, 0, 0
        self.lock, me = threading.Lock(), self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(me.called(self.headers.get("jumun-signature", ""), text))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """What was heard is written down already."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.settings = here / "webhooks.toml"
        self.settings.touch(0o600)
        url = f"http://127.0.0.1:{server.server_port}/"
        self.settings.write_text(f'[[webhook]]\nname = "chaos"\nurl = "{url}"\nsecret = "{self.secret}"\n')

    def called(self, signature: str, text: bytes) -> int:
        """The status that is answered."""
        parts = dict(part.split("=", 1) for part in signature.split(",") if "=" in part)
        signed = parts.get("t", "").encode() + b"." + text
        right = hmac.new(self.secret.encode(), signed, hashlib.sha256).hexdigest()
        with self.lock:
            if not hmac.compare_digest(right, parts.get("v1", "")):
                self.forged += 1
                return 401
            self.calls += 1
            if self.calls % DOWN_EVERY == 0:
                self.refused += 1
                return 503
            self.heard += json.loads(text)["events"]
        return 200
