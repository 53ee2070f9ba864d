#!/usr/bin/env python3
"""A payment service in small: what jumun asks of one, over HTTP, as docs/guide/payments.md says. Python's own library only.

    PAYMENTS_SECRET=0123456789abcdef01234567 ./service.py --port 9000 --callback http://127.0.0.1:8080/v1/payment-callbacks

No money moves: an effect is a row of its database. Flags make it misbehave, each for the first tries of every key.
"""

import argparse, hashlib, hmac, json, os, sqlite3, ssl, sys, threading, time, urllib.error, urllib.request, uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
flags.add_argument("--port", type=int, default=9000, help="0: any free one; it is said on standard output")
flags.add_argument("--db", default=":memory:", help="where keys and effects are kept")
flags.add_argument("--callback", help="where its own word goes: jumun's /v1/payment-callbacks")
flags.add_argument("--decline", type=int, metavar="WON", help="declines charges above this")
flags.add_argument("--refuse", type=int, default=0, metavar="TRIES", help="refuses refunds")
flags.add_argument("--fail", type=int, default=0, metavar="TRIES", help="answers 503")
flags.add_argument("--silent", type=int, default=0, metavar="TRIES", help="does it, and hangs up without an answer")
flags.add_argument("--pending", action="store_true", help="answers 202, does it later, and calls back")
flags.add_argument("--twice", action="store_true", help="calls back twice")
flags.add_argument("--delay", type=float, default=0, metavar="SECONDS", help="before an answer, or a call-back")
flags.add_argument("--cert", help="certificate and key (PEM in one file): https")
args = flags.parse_args()
SECRET = os.environ["PAYMENTS_SECRET"].encode()  # never on the command line, where others see it

lock = threading.Lock()  # one key is worked on at a time: two requests of one refund must not both do it
db = sqlite3.connect(args.db, check_same_thread=False)
db.execute("CREATE TABLE IF NOT EXISTS work (key TEXT PRIMARY KEY, about TEXT, tries INT, effects INT, answer TEXT, refused INT, asked TEXT)")
db.commit()


def code(label: str, at: str, body: bytes) -> str:
    return hmac.new(SECRET, f"{label}{at}.".encode() + body, hashlib.sha256).hexdigest()


def signatures(body: bytes) -> dict:
    """Both headers: the second says which way it goes, and is the one that counts."""
    at = str(int(time.time()))
    return {"jumun-signature": f"t={at},v1={code('', at, body)}",
            "jumun-signature-v2": f"t={at},v2={code('jumun.callback.', at, body)}"}


def is_signed(headers, body: bytes) -> bool:
    labelled = headers.get("jumun-signature-v2")
    header, version, label = (labelled, "v2", "jumun.payment.") if labelled else (headers.get("jumun-signature", ""), "v1", "")
    parts = [p.strip().split("=", 1) for p in header.split(",") if "=" in p]
    at = next((v for k, v in parts if k == "t" and v.isdigit()), None)
    if at is None or abs(time.time() - int(at)) > 300:
        return False
    good = code(label, at, body)
    return any(k == version and hmac.compare_digest(v.encode(), good.encode()) for k, v in parts)


def work(key: str, path: str, asked: dict):
    """Status and answer of a request; None: no answer. What was done is remembered in the step that does it."""
    about = json.dumps([path] + [asked.get(f) for f in ("order_id", "refund_key", "amount", "method")])
    with lock, db:
        db.execute("INSERT OR IGNORE INTO work VALUES (?, ?, 0, 0, NULL, -1, NULL)", (key, about))
        # which payment it goes back to, and whereto: what the payment company's own interface asks for
        goes = json.dumps({f: asked.get(f) for f in ("payment_id", "account")})
        db.execute("UPDATE work SET tries = tries + 1, asked = ? WHERE key = ?", (goes, key))
        row = db.execute("SELECT about, tries, answer, refused FROM work WHERE key = ?", (key,)).fetchone()
        known, tries, answer, refused = row
        if known != about:
            return 409, {"title": "this key is known for something else"}
        if answer:
            return 200, json.loads(answer)  # asked before: the same answer, nothing done
        if tries <= args.fail:
            return 503, {"title": "come again"}
        if path == "/charges" and args.decline is not None and asked["amount"] > args.decline:
            return 200, {"outcome": "refused", "reason": "too much for this card"}
        # a try that was refused stays refused, however late it comes: the money may have gone back another way since
        if path == "/refunds" and (tries <= args.refuse or asked["attempt"] <= refused):
            db.execute("UPDATE work SET refused = max(refused, ?) WHERE key = ?", (asked["attempt"], key))
            return 422, {"title": "not now", "reason": "bank_closed", "detail": "the bank is closed"}
        if args.pending:
            if tries == 1:
                threading.Thread(target=finish, args=(key, asked), daemon=True).start()
            return 202, {"outcome": "pending"}
        answer = do(key)
        return (200, answer) if tries > args.silent else None


def do(key: str) -> dict:
    """The one place where money would move; called with the lock, within the transaction."""
    answer = {"outcome": "done", "id": f"pay-{uuid.uuid4().hex[:12]}"}
    db.execute("UPDATE work SET effects = effects + 1, answer = ? WHERE key = ?", (json.dumps(answer), key))
    return answer


def finish(key: str, asked: dict):
    """Later: the refund is done, and jumun is told."""
    time.sleep(args.delay)
    with lock, db:
        do(key)
    event = {"event_id": f"done:{key}", "type": "refund_done"}
    tell(event | {"order_id": asked["order_id"], "refund_key": asked["refund_key"]})


def tell(event: dict):
    """Until it is taken: 2xx, or a 4xx that coming again would not change. Signed anew each time, or it would grow stale."""
    body, wait = json.dumps(event).encode(), 1
    for _ in range(2 if args.twice else 1):
        while True:
            headers = {"Content-Type": "application/json"} | signatures(body)
            try:
                request = urllib.request.Request(args.callback, body, headers)
                with urllib.request.urlopen(request, timeout=30) as reply:
                    print("told", event["event_id"], json.loads(reply.read())["outcome"], file=sys.stderr)
                    break
            except urllib.error.HTTPError as e:
                print("told", event["event_id"], e.code, file=sys.stderr)
                if e.code in (400, 404, 413, 422):
                    return
            except OSError as e:
                print("not told", event["event_id"], e, file=sys.stderr)
            time.sleep(wait)
            wait = min(wait * 2, 60)


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), 65536))
        key = self.headers.get("Idempotency-Key")
        if not is_signed(self.headers, body):
            return self.answer(401, {"title": "not signed by whom I know"})
        if self.path == "/events":  # a customer paid on its page, or a bank called: for trying it out
            threading.Thread(target=tell, args=(json.loads(body),), daemon=True).start()
            return self.answer(200, {})
        if self.path not in ("/refunds", "/charges") or not key:
            return self.answer(404, {"title": "there are /refunds and /charges, with an Idempotency-Key"})
        found = work(key, self.path, json.loads(body))
        if not args.pending:
            time.sleep(args.delay)
        if found is None:
            self.close_connection = True
            return self.connection.close()
        self.answer(*found)

    def do_GET(self):  # for tests: what was asked for how often, and how often it took effect
        with lock:
            rows = db.execute("SELECT key, tries, effects, asked FROM work ORDER BY key").fetchall()
        self.answer(200, {key: {"tries": t, "effects": e, "asked": json.loads(asked)} for key, t, e, asked in rows})

    def answer(self, status: int, content: dict):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if status < 300 else "application/problem+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = ThreadingHTTPServer(("127.0.0.1", args.port), Handler)
if args.cert:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(args.cert)
    server.socket = context.wrap_socket(server.socket, server_side=True)
print("listening on", server.server_port, flush=True)
server.serve_forever()
