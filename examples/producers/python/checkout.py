"""Places orders over Redis Streams and awaits their answers: a model of a checkout. The guide: docs/guide/producers.md.

    python checkout.py SKU[,SKU…] ORDERS AT_ONCE

Environment: REDIS_URL, JUMUN_NAMESPACE (jumun), JUMUN_REPLY_TO (made anew), JUMUN_ANSWER_TIMEOUT (seconds, 2).
"""

import binascii
import json
import os
import sys
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

TRIES_MAX = 8
BLOCK_MS = 1_000


class Checkout:
    """One for each process: it owns a reply stream, and the one thread that reads it."""

    def __init__(self, url: str, namespace: str, reply_to: str, patience: float) -> None:
        self.namespace, self.reply_to, self.patience = namespace, reply_to, patience
        # The library's own retries are off: whether to send again is decided below, where the answer is awaited.
        settings = {"decode_responses": True, "protocol": 2, "retry": Retry(NoBackoff(), 0)}
        self.redis = redis.Redis.from_url(url, socket_timeout=patience, **settings)
        # A blocked read keeps its connection to itself, so it has one of its own, more patient than the block.
        self.reader = redis.Redis.from_url(url, socket_timeout=BLOCK_MS / 1_000 + 2, **settings)
        self.partitions = int(self.redis.hget(f"{namespace}:meta", "partitions"))
        self.waiting: dict[str, Future] = {}
        self.retries = 0
        # From where to read is settled before anything is sent, else the first answers could be missed.
        self.last = {}
        for partition in range(self.partitions):
            key = f"{namespace}:{{{partition}}}:answers:{reply_to}"
            newest = self.redis.xrevrange(key, count=1)
            self.last[key] = newest[0][0] if newest else "0-0"
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        """Hands each answer to whoever waits for it."""
        while True:
            try:
                for key, entries in self.reader.xread(self.last, count=100, block=BLOCK_MS) or []:
                    for entry, fields in entries:
                        for answer in json.loads(fields["answers"]):
                            # Nobody waits: the second answer of a command that was sent twice, equal to the first.
                            if waiter := self.waiting.pop(answer["command_id"], None):
                                waiter.set_result(answer)
                        self.last[key] = entry
            except redis.RedisError as error:
                # The library connects anew, and reading goes on after the last entry that was read: nothing is lost.
                print(f"reading: {error}", file=sys.stderr)
                time.sleep(0.2)

    def send(self, partition: int, command: dict) -> dict | None:
        """Sends until it is answered; None when that took too long."""
        command = {**command, "reply_to": self.reply_to}
        # Once: a retry is the same bytes. Built anew it might differ, and be refused as command_id_reused.
        body = json.dumps(command)
        answer = self.waiting[command["id"]] = Future()
        for attempt in range(TRIES_MAX):
            self.retries += attempt > 0
            try:
                self.redis.xadd(f"{self.namespace}:{{{partition}}}:checkout", {"command": body})
            except redis.RedisError as error:
                # Received or not, nobody knows. The id makes it safe to send it again.
                print(f"sending {command['id']}: {error}", file=sys.stderr)
            try:
                # Longer each time: retries are commands too, and a server that is behind needs no more of them.
                return answer.result(self.patience * min(2**attempt, 8))
            except TimeoutError:
                pass
        self.waiting.pop(command["id"], None)
        return None

    def place(self, sku: str, customer: str) -> dict | None:
        """One unit for a customer, unpaid: it is held until the payment's deadline."""
        command = {
            "id": f"c-{uuid.uuid4()}",
            "type": "place_order",
            "order_id": f"o-{uuid.uuid4()}",
            "actor": f"buyer:{customer}",
            "customer_id": customer,
            "lines": [{"sku_id": sku, "quantity": 1}],
        }
        # CRC16/XMODEM of the first line's SKU.
        return self.send(binascii.crc_hqx(sku.encode(), 0) % self.partitions, command)


def main() -> None:
    skus, orders, at_once = sys.argv[1].split(","), int(sys.argv[2]), int(sys.argv[3])
    checkout = Checkout(
        os.environ.get("REDIS_URL", "redis://127.0.0.1:6379"),
        os.environ.get("JUMUN_NAMESPACE", "jumun"),
        os.environ.get("JUMUN_REPLY_TO", f"checkout-{uuid.uuid4()}"),
        float(os.environ.get("JUMUN_ANSWER_TIMEOUT", "2")),
    )
    outcomes, refused = Counter(), Counter()
    with ThreadPoolExecutor(at_once) as pool:
        for answer in pool.map(lambda n: checkout.place(skus[n % len(skus)], f"u-{n}"), range(orders)):
            outcome = answer["outcome"] if answer else "unanswered"
            outcomes[outcome] += 1
            if outcome == "rejected":
                refused[answer["reason"]] += 1
            print(outcome, *((answer or {}).get(field, "") for field in ("order_id", "order_status", "reason")))
    summary = {"placed": outcomes["accepted"], "refused": refused, "failed": outcomes["failed"]}
    print(json.dumps({**summary, "unanswered": outcomes["unanswered"], "retries": checkout.retries}))


if __name__ == "__main__":
    main()
