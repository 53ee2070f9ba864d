"""The client that openapi-generator makes for Python, run."""
import os

from jumun_generated import (
    ApiClient,
    ApiException,
    CancelPaymentFields,
    Command,
    CommandsApi,
    Configuration,
    OrdersApi,
    OutcomeKind,
    PlaceOrder,
    PlaceOrderBody,
    Status,
    WireLine,
)

URL = os.environ["JUMUN_URL"]
CUSTOMER = "u-urllib3@shop/1"


def client(token: str) -> ApiClient:
    return ApiClient(Configuration(host=URL, access_token=token))


def line(sku: str) -> list[WireLine]:
    return [WireLine(sku_id=sku, quantity=1)]


def who(key: str) -> dict:
    return {"idempotency_key": key, "x_customer_id": CUSTOMER}


def refused(call, status: int, reason: str) -> None:
    try:
        done = call()
    except ApiException as e:
        assert e.status == status and f'"{reason}"' in e.body, e
    else:
        raise AssertionError(done)


web, boss = client("checkout"), client("operator")
commands, orders = CommandsApi(web), OrdersApi(web)

# place: by the command's own path, and as any command
body = PlaceOrderBody(order_id="o-urllib3-1", customer_id=CUSTOMER, lines=line("AC-100"))
placed = commands.post_commands_place_order(body, **who("place-urllib3-1"))
assert placed.outcome == OutcomeKind.ACCEPTED, placed
anything = PlaceOrder(type="place_order", order_id="o-urllib3-2", customer_id=CUSTOMER, lines=line("AC-100"))
second = commands.post_commands(Command(anything), **who("place-urllib3-2"))
assert second.order_status == "PAYMENT_PENDING", second

# read
order = orders.get_orders_id("o-urllib3-1", x_customer_id=CUSTOMER)
assert order.status == Status.PAYMENT_PENDING and order.lines[0].sku_id == "AC-100", order
lines = orders.get_orders_id_lines("o-urllib3-1", x_customer_id=CUSTOMER)
assert [one.ordered for one in lines] == [1], lines

# list
listed = OrdersApi(boss).get_orders(customer_id=CUSTOMER, status=Status.PAYMENT_PENDING, limit=10)
assert sorted(one.order_id for one in listed.items) == ["o-urllib3-1", "o-urllib3-2"], listed

# errors: a refusal, a version that was, a problem
body = PlaceOrderBody(order_id="o-urllib3-3", customer_id=CUSTOMER, lines=line("NO"))
refused(lambda: commands.post_commands_place_order(body, **who("place-urllib3-3")), 409, "unknown_sku")
refused(
    lambda: orders.post_orders_id_cancel_payment(
        "o-urllib3-1", CancelPaymentFields(), if_match='"9"', **who("cancel-urllib3-1")
    ),
    412,
    "version_mismatch",
)
refused(lambda: orders.get_orders_id("o-urllib3-9", x_customer_id=CUSTOMER), 404, "not_found")
print("openapi-generator: placed, read, listed, refused")
