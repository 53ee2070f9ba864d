"""What the shop's customers and staff do, drawn from a seed: commands with the time when each is sent, and to where."""

import binascii
import heapq
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from servers import PARTITIONS, PAYMENT_WINDOW

PRICE, SALE_PRICE, FEE = 10_000, 9_000, 3_000
SKUS_EACH = 4  # in each partition, beside one that is only asked whether its partition is well
STOCK = (50, 2_000, 2_000, 40, 200)  # of a partition's SKUs
CUSTOMERS, LIMIT = 120, 3
# a wholesaler's goods, a gift
WHOLESALE, GIFT, GIFTS_EACH = "WHOLE-1", "GIFT-1", 1
OPERATOR, PAYMENT = "operator:chaos", "payment:chaos"
REPLY_TO = "checkout"

# of all commands
RETRIED, REUSED, ASTRAY, REPLIED, JUNK = 0.04, 0.02, 0.03, 0.2, 0.004
# of what buyers say, by the stream that takes nothing else
BY_CHECKOUT = 0.5


def home(sku: str) -> int:
    """The partition of a SKU."""
    return binascii.crc_hqx(sku.encode(), 0) % PARTITIONS


def skus() -> list[list[str]]:
    """The SKUs of each partition; the first is the one that is asked whether its partition is well."""
    found: list[list[str]] = [[] for _ in range(PARTITIONS)]
    n = 0
    while any(len(some) <= SKUS_EACH for some in found):
        name = f"SKU-{n:03}"
        if len(found[home(name)]) <= SKUS_EACH:
            found[home(name)].append(name)
        n += 1
    return found


@dataclass(order=True)
class Send:
    """A command for a partition's stream, at so many seconds from the beginning."""

    at: float
    number: int
    partition: int = field(compare=False)
    body: str = field(compare=False)
    stream: str = field(compare=False, default="commands")


def goods() -> list[list[tuple[int, str]]]:
    """What is sold: (partition, command), in stages: each needs what the one before made, maybe elsewhere."""
    shelf = [(partition, n, sku) for partition, some in enumerate(skus()) for n, sku in enumerate(some)]
    stages: list[list[tuple[int, dict]]] = [
        [(0, {"type": "create_template", "template_id": "t", "partner_id": "p", "name": "parcel"}),
         (0, {"type": "create_partner", "partner_id": "w", "name": "wholesaler", "kind": "wholesaler"}),
         (0, {"type": "create_template", "template_id": "t-w", "partner_id": "w", "name": "parcel"})],
        [(0, {"type": "create_product", "product_id": "AC", "name": "air conditioner", "kind": "goods",
              "product_type": "normal", "price": PRICE, "partner_id": "p", "template_id": "t", "bundled": True,
              "delivery_fee": FEE, "lead_time_days": 2}),
         (0, {"type": "create_product", "product_id": "WHOLE", "name": "air conditioner", "kind": "goods",
              "product_type": "normal", "price": 8_000, "partner_id": "w", "template_id": "t-w", "bundled": True,
              "delivery_fee": 0, "free_delivery": True, "lead_time_days": 1}),
         (0, {"type": "create_product", "product_id": "FREE", "name": "gift", "kind": "gift", "product_type": "gift",
              "price": 0, "partner_id": "p", "template_id": "t", "bundled": True, "delivery_fee": 0,
              "lead_time_days": 1})],
        [(p, {"type": "create_sku", "sku_id": sku, "product_id": "AC", "option_name": f"option {n}"})
         for p, n, sku in shelf]
        + [(home(sku), {"type": "create_sku", "sku_id": sku, "product_id": product, "option_name": "one", **more})
           for sku, product, more in ((WHOLESALE, "WHOLE", {"holder_id": "w"}), (GIFT, "FREE", {}))],
        # some are scarce, so that there is something to refuse
        [(p, {"type": "receive_stock", "sku_id": sku, "quantity": STOCK[n]}) for p, n, sku in shelf]
        + [(p, {"type": "create_campaign", "campaign_id": f"sale-{p}", "sku_id": sku, "name": "sale",
                "price": SALE_PRICE, "allotted": 1_500, "opens_at": "2020-01-01T00:00:00Z",
                "closes_at": "2150-01-01T00:00:00Z", "limit_per_customer": LIMIT})
           for p, n, sku in shelf if n == 1]
        + [(home(WHOLESALE), {"type": "receive_stock", "sku_id": WHOLESALE, "quantity": 40}),
           (home(GIFT), {"type": "receive_stock", "sku_id": GIFT, "quantity": 60}),
           (0, {"type": "create_gift_promotion", "gift_promotion_id": "free", "main_product_ids": ["AC"],
                "gift_sku_ids": [GIFT], "gift_quantity": GIFTS_EACH, "main_quantity": 1})],
    ]  # fmt: skip
    return [
        [(p, body({"id": f"goods-{stage}-{n:03}", "actor": OPERATOR, **command}))
         for n, (p, command) in enumerate(commands)]
        for stage, commands in enumerate(stages)
    ]  # fmt: skip


def body(command: dict) -> str:
    return json.dumps(command, separators=(",", ":"))


class Story:
    """One order or one matter of stock, from its first command to its last."""

    def __init__(self, rng: random.Random, number: int) -> None:
        self.rng, self.number, self.shelf = rng, number, skus()
        self.order, self.customer = f"o-{number:06}", f"u-{rng.randrange(CUSTOMERS)}"
        self.partition = rng.randrange(PARTITIONS)

    def tell(self) -> Iterator[tuple[float, dict]]:
        """Commands, each with the seconds that pass before it."""
        kinds = (
            (self.paid_at_once, 22), (self.paid_later, 18), (self.given_up, 7), (self.left_alone, 8),
            (self.paid_too_late, 4), (self.cancelled, 12), (self.short, 6), (self.returned, 11), (self.stock, 14),
            (self.exchanged, 6), (self.bought_in, 7), (self.with_gift, 6), (self.by_force, 5), (self.lost, 4),
        )  # fmt: skip
        yield from self.rng.choices([k for k, _ in kinds], [w for _, w in kinds])[0]()

    def lines(self, count: int) -> list[dict]:
        """Of this partition first, so that the order lives in it; the others anywhere, each SKU once."""
        pool = [sku for some in self.shelf for sku in some[1:]]
        first = self.rng.choice(self.shelf[self.partition][1:])
        rest = self.rng.sample([sku for sku in pool if sku != first], count - 1)
        return [{"sku_id": sku, "quantity": self.rng.choice((1, 1, 1, 2, 3))} for sku in [first, *rest]]

    def total(self, lines: list[dict]) -> int:
        on_sale = {some[1] for some in self.shelf}
        return FEE + sum(line["quantity"] * (SALE_PRICE if line["sku_id"] in on_sale else PRICE) for line in lines)

    def settlement(self, amount: int) -> list[dict]:
        return [{"method": "card", "amount": amount, "approval": {"approval_id": f"a-{self.order}"}}]

    def place(self, lines: list[dict], paid: bool) -> dict:
        command = {"type": "place_order", "actor": f"buyer:{self.customer}", "order_id": self.order,
                   "customer_id": self.customer, "lines": lines}  # fmt: skip
        if self.rng.random() < 0.3:
            command["allow_partial"] = True
        if paid:
            settlements = self.settlement(self.total(lines))
            command |= {"actor": OPERATOR, "payment": {"kind": "approved", "settlements": settlements}}
        return command

    def by(self, actor: str, kind: str, **fields: object) -> dict:
        return {"type": kind, "actor": actor, "order_id": self.order, **fields}

    def pay(self, amount: int) -> dict:
        return self.by(PAYMENT, "approve_payment", settlements=self.settlement(amount), verified=True)

    def soon(self) -> float:
        return self.rng.uniform(0.05, 1.5)

    def count(self) -> int:
        return self.rng.choice((1, 1, 1, 2, 3))

    def paid_at_once(self) -> Iterator[tuple[float, dict]]:
        yield 0, self.place(self.lines(self.count()), paid=True)

    def paid_later(self) -> Iterator[tuple[float, dict]]:
        lines = self.lines(self.count())
        yield 0, self.place(lines, paid=False)
        # now and then another amount, which is taken and goes back
        yield self.soon(), self.pay(self.total(lines) + self.rng.choice((0, 0, 0, 0, 0, 500)))

    def given_up(self) -> Iterator[tuple[float, dict]]:
        yield 0, self.place(self.lines(self.count()), paid=False)
        yield self.soon(), self.by(f"buyer:{self.customer}", "cancel_payment")

    def left_alone(self) -> Iterator[tuple[float, dict]]:
        yield 0, self.place(self.lines(self.count()), paid=False)

    def paid_too_late(self) -> Iterator[tuple[float, dict]]:
        lines = self.lines(1)
        yield 0, self.place(lines, paid=False)
        yield PAYMENT_WINDOW + self.rng.uniform(-0.5, 2), self.pay(self.total(lines))

    def cancelled(self) -> Iterator[tuple[float, dict]]:
        lines = self.lines(self.rng.choice((1, 2, 3)))
        yield 0, self.place(lines, paid=True)
        some = sorted(self.rng.sample(range(1, len(lines) + 1), self.rng.randint(1, len(lines))))
        yield self.soon(), self.by(f"buyer:{self.customer}", "cancel_lines", lines=some)

    def short(self) -> Iterator[tuple[float, dict]]:
        """Units that turn out not to be there."""
        lines = self.lines(self.rng.choice((1, 2)))
        yield 0, self.place(lines, paid=True)
        there = self.rng.randint(0, lines[0]["quantity"])
        yield self.soon(), self.by(OPERATOR, "confirm_stock", lines=[{"line_no": 1, "available": there}])

    def returned(self) -> Iterator[tuple[float, dict]]:
        lines = self.lines(self.rng.choice((1, 2)))
        yield 0, self.place(lines, paid=True)
        for kind in ("prepare", "use_own_stock", "complete_procurement"):
            yield self.soon(), self.by(OPERATOR, kind)
        yield self.soon(), self.by(OPERATOR, "ship", method="own")
        yield self.soon(), self.by(OPERATOR, "mark_delivered")
        quantity = self.rng.randint(1, lines[0]["quantity"])
        fault = self.rng.choice(("buyer", "seller"))
        reason = "change_of_mind" if fault == "buyer" else "defect"
        returning = [{"line_no": 1, "quantity": quantity}]
        buyer = f"buyer:{self.customer}"
        yield self.soon(), self.by(buyer, "request_return", lines=returning, reason=reason, fault=fault)
        if self.rng.random() < 0.15:
            yield self.soon(), self.by(buyer, "withdraw_return", claim_group=1)
            return
        yield self.soon(), self.by(OPERATOR, "approve_return", claim_group=1)
        yield self.soon(), self.by(OPERATOR, "collect_return", claim_group=1)
        sound = self.rng.randint(0, quantity)
        inspected = [{"line_no": 1, "sellable": sound, "unsellable": quantity - sound}]
        yield self.soon(), self.by(OPERATOR, "complete_return", claim_group=1, inspected=inspected)

    def own_stock(self, order: str | None = None) -> Iterator[tuple[float, dict]]:
        """From there on it can be sent."""
        for kind in ("prepare", "use_own_stock", "complete_procurement"):
            command = self.by(OPERATOR, kind)
            yield self.soon(), {**command, "order_id": order} if order else command

    def exchanged(self) -> Iterator[tuple[float, dict]]:
        """Goods that were broken, for others of the same kind, or for money where there are none."""
        lines = self.lines(1)
        yield 0, self.place(lines, paid=True)
        yield from self.own_stock()
        yield self.soon(), self.by(OPERATOR, "ship", method="own")
        yield self.soon(), self.by(OPERATOR, "mark_delivered")
        wanted = {"line_no": 1, "quantity": 1, "reason": "defect", "fault": "seller"}
        yield self.soon(), self.by(f"buyer:{self.customer}", "request_exchange", **wanted)
        ending = self.rng.choice(("approve", "approve", "add", "reject", "withdraw"))
        if ending in ("reject", "withdraw"):
            who = OPERATOR if ending == "reject" else f"buyer:{self.customer}"
            yield self.soon(), self.by(who, f"{ending}_exchange", claim_group=1)
            return
        resolution = "add_product" if ending == "add" else "pickup"
        yield self.soon(), self.by(OPERATOR, "approve_exchange", claim_group=1, resolution=resolution)
        yield self.soon(), self.by(OPERATOR, "collect_return", claim_group=1)
        yield self.soon(), self.by(OPERATOR, "complete_return", claim_group=1)

    def bought_in(self) -> Iterator[tuple[float, dict]]:
        """From a wholesaler, by an order of its own that is linked; now and then it has not enough."""
        yield 0, self.place(self.lines(1), paid=True)
        yield self.soon(), self.by(OPERATOR, "prepare")
        bought = [{"line_no": 1, "sku_id": WHOLESALE}]
        yield self.soon(), self.by(OPERATOR, "purchase_from_partner", partner_id="w", lines=bought)
        if self.rng.random() < 0.2:
            yield self.soon(), self.by(OPERATOR, "cancel_procurement", lines=[1], reason="late")
            return
        yield from self.own_stock(f"{self.order}::1")
        yield self.soon(), self.by(OPERATOR, "ship", method="own")

    def with_gift(self) -> Iterator[tuple[float, dict]]:
        lines = self.lines(1)
        gift = {"sku_id": GIFT, "quantity": lines[0]["quantity"] * GIFTS_EACH, "main_line_no": 1,
                "gift_promotion_id": "free"}  # fmt: skip
        yield 0, {**self.place(lines, paid=True), "lines": [*lines, gift]}
        if self.rng.random() < 0.5:
            yield self.soon(), self.by(f"buyer:{self.customer}", "cancel_lines", lines=[1])

    def by_force(self) -> Iterator[tuple[float, dict]]:
        """Said to be delivered, though no carrier says so; what comes back is not taken as it is."""
        lines = self.lines(1)
        yield 0, self.place(lines, paid=True)
        yield from self.own_stock()
        yield self.soon(), self.by(OPERATOR, "ship")
        yield self.soon(), self.by(OPERATOR, "mark_delivered", forced=True, reason="the buyer says so")
        returning = {"lines": [{"line_no": 1, "quantity": 1}], "reason": "change_of_mind", "fault": "buyer"}
        yield self.soon(), self.by(f"buyer:{self.customer}", "request_return", **returning)
        yield self.soon(), self.by(OPERATOR, "approve_return", claim_group=1)
        yield self.soon(), self.by(OPERATOR, "collect_return", claim_group=1)
        found = {"line_no": 1, "sellable": 0, "unsellable": 1, "withheld_amount": 1_000, "reason": "scratched"}
        yield self.soon(), self.by(OPERATOR, "complete_return", claim_group=1, inspected=[found])

    def lost(self) -> Iterator[tuple[float, dict]]:
        """Units that are gone before they were sent."""
        lines = self.lines(self.rng.choice((1, 2)))
        yield 0, self.place(lines, paid=True)
        yield from self.own_stock()
        gone = [{"line_no": 1, "quantity": self.rng.randint(1, lines[0]["quantity"])}]
        yield self.soon(), self.by(OPERATOR, "report_stock_loss", lines=gone)

    def stock(self) -> Iterator[tuple[float, dict]]:
        sku = self.rng.choice(self.shelf[self.partition])
        kind = self.rng.choice(("receive_stock", "receive_stock", "adjust_stock", "shrink_stock"))
        # an adjustment of more than there is is refused
        quantity = self.rng.randint(-30, 10) or 1 if kind == "adjust_stock" else self.rng.randint(1, 9)
        command = {"type": kind, "actor": OPERATOR, "sku_id": sku, "quantity": quantity}
        yield 0, command if kind == "receive_stock" else {**command, "reason": "counted"}


def other(command: dict) -> dict:
    """Other content under the same id."""
    changed = json.loads(json.dumps(command))
    if "lines" in changed and changed["type"] == "place_order":
        changed["lines"][0]["quantity"] += 1
        changed["order_id"] += "x"
        changed.pop("payment", None)
    elif "quantity" in changed:
        changed["quantity"] += 1
    else:
        receipt = {"type": "receive_stock", "actor": OPERATOR, "sku_id": skus()[0][1], "quantity": 1}
        changed = {"id": command["id"], **receipt}
    return changed


def timetable(seed: int, seconds: float, rate: float) -> list[Send]:
    """All that is sent in a run, in order of time; of one seed it is always the same."""
    rng = random.Random(f"load {seed}")
    heap: list[tuple[float, int, int, dict, Iterator]] = []
    sends: list[Send] = []
    stories, clock, number = 0, 0.0, 0
    pace = 2.2 / rate  # commands a story, with its repetitions

    def send(at: float, partition: int, text: str, stream: str = "commands") -> None:
        sends.append(Send(at, len(sends), partition, text, stream))

    while clock < seconds:
        if heap and heap[0][0] <= clock:
            at, _, partition, command, rest = heapq.heappop(heap)
            number += 1
            command = {"id": f"c-{number:07}", **command}
            if rng.random() < REPLIED:
                command["reply_to"] = REPLY_TO
            text = body(command)
            where = rng.randrange(PARTITIONS) if rng.random() < ASTRAY else partition
            buyers = command["actor"].startswith("buyer:")
            stream = "checkout" if buyers and rng.random() < BY_CHECKOUT else "commands"
            send(at, where, text, stream)
            if rng.random() < RETRIED:
                retry = text if rng.random() < 0.7 else body({**command, "at": "2026-01-01T00:00:00Z"})
                send(at + rng.uniform(0, 4), where, retry, stream)
            if rng.random() < REUSED:
                changed = other(command)
                sku = changed["lines"][0]["sku_id"] if changed["type"] == "place_order" else changed.get("sku_id")
                send(at + rng.uniform(0, 4), home(sku) if sku else partition, body(changed))
            if rng.random() < JUNK:
                send(at, partition, f'{{"junk":{number}}}')
            if follows := next(rest, None):
                heapq.heappush(heap, (at + follows[0], number, partition, follows[1], rest))
            continue
        stories += 1
        story = Story(rng, stories)
        told = story.tell()
        _, first = next(told)
        partition = home(first["sku_id"]) if "sku_id" in first else story.partition
        heapq.heappush(heap, (clock, 10_000_000 + stories, partition, first, told))
        clock += rng.expovariate(1 / pace)
    return sorted(send for send in sends if send.at < seconds)
