"""The client that openapi-python-client makes, run."""
import os

from jumun_client import AuthenticatedClient
from jumun_client.api.commands import post_commands, post_commands_place_order
from jumun_client.api.orders import get_orders, get_orders_id, get_orders_id_lines, post_orders_id_cancel_payment
from jumun_client.models import (
    Answer,
    CancelPaymentFields,
    OrderView,
    OutcomeKind,
    PlaceOrder,
    PlaceOrderBody,
    PlaceOrderType,
    Problem,
    Status,
    WireLine,
)

URL = os.environ["JUMUN_URL"]
CUSTOMER = "u-httpx@shop/1"
web = AuthenticatedClient(base_url=URL, token="checkout")
boss = AuthenticatedClient(base_url=URL, token="operator")


def line(sku: str) -> list[WireLine]:
    return [WireLine(sku_id=sku, quantity=1)]


def who(key: str) -> dict:
    return {"idempotency_key": key, "x_customer_id": CUSTOMER}


# place: by the command's own path, and as any command
body = PlaceOrderBody(order_id="o-httpx-1", customer_id=CUSTOMER, lines=line("AC-100"))
placed = post_commands_place_order.sync(client=web, body=body, **who("place-httpx-1"))
assert isinstance(placed, Answer) and placed.outcome == OutcomeKind.ACCEPTED, placed
anything = PlaceOrder(
    type_=PlaceOrderType.PLACE_ORDER, order_id="o-httpx-2", customer_id=CUSTOMER, lines=line("AC-100")
)
second = post_commands.sync(client=web, body=anything, **who("place-httpx-2"))
assert isinstance(second, Answer) and second.order_status == "PAYMENT_PENDING", second

# read
order = get_orders_id.sync("o-httpx-1", client=web, x_customer_id=CUSTOMER)
assert isinstance(order, OrderView) and order.status == Status.PAYMENT_PENDING, order
lines = get_orders_id_lines.sync("o-httpx-1", client=web, x_customer_id=CUSTOMER)
assert [one.sku_id for one in lines] == ["AC-100"], lines

# list
listed = get_orders.sync(client=boss, customer_id=CUSTOMER, status=Status.PAYMENT_PENDING, limit=10)
assert sorted(one.order_id for one in listed.items) == ["o-httpx-1", "o-httpx-2"], listed

# errors: a refusal, a version that was, a problem
body = PlaceOrderBody(order_id="o-httpx-3", customer_id=CUSTOMER, lines=line("NO"))
unknown = post_commands_place_order.sync_detailed(client=web, body=body, **who("place-httpx-3"))
assert unknown.status_code == 409 and unknown.parsed.reason == "unknown_sku", unknown
old = post_orders_id_cancel_payment.sync_detailed(
    "o-httpx-1", client=web, body=CancelPaymentFields(), if_match='"9"', **who("cancel-httpx-1")
)
assert old.status_code == 412 and old.parsed.reason == "version_mismatch", old
nothing = get_orders_id.sync("o-httpx-9", client=web, x_customer_id=CUSTOMER)
assert isinstance(nothing, Problem) and nothing.reason == "not_found", nothing
print("openapi-python-client: placed, read, listed, refused")
