"""The judge of the books (R3, R7-R11): stock, money, histories, quantities, limits, by plain sums over rows and by what
the journal brought in. It shares nothing with `jumun verify`."""

import json
from collections import defaultdict

from facts import World
from judge import Findings, Sums, command

LEVELS = ("stck_qty", "hold_qty", "sold_qty")
DELTAS = ("stck_dlt", "hold_dlt", "sold_dlt")
SUMS = ("rfnd_psbl_amt", "rfnd_plan_amt", "rfnd_excl_amt", "rfnd_amt")
SIGN = {"RECEIVE": 1, "ADJUST": 1, "RESTOCK": 1, "EXTERNAL": 1, "SHRINK": -1}


def grouped(rows: list[dict], *keys: str) -> dict:
    found: dict = defaultdict(list)
    for row in rows:
        found[row[keys[0]] if len(keys) == 1 else tuple(row[k] for k in keys)].append(row)
    return found


def accepted(world: World, sums: Sums) -> dict[str, dict]:
    """Commands that were accepted, by id."""
    found = {}
    for answer in world.answers:
        if answer["outcome"] == "accepted" and (about := sums.of(answer)):
            found[answer["command_id"]] = json.loads(about)
    return found


def stock(world: World, f: Findings) -> None:
    """R3: each ledger runs without a gap to the balance; units are on hand, held or sold, as orders have them."""
    ledger = grouped(world.tables["ledger"], "unt_id")
    lines = grouped(world.tables["lines"], "unt_id")
    known = {sku["unt_id"] for sku in world.tables["skus"]}
    for name in ledger.keys() - known:
        f.hold("R3", False, f"a ledger of {name}, which there is not")
    for sku in world.tables["skus"]:
        name, rows = sku["unt_id"], ledger.get(sku["unt_id"], [])
        balance, came, back = [0, 0, 0], 0, 0
        for number, row in enumerate(rows, 1):
            at = f"{name}, ledger row {row['ldgr_no']}"
            f.hold("R3", row["ldgr_no"] == number, f"{at}: it should be number {number}")
            balance = [have + row[delta] for have, delta in zip(balance, DELTAS, strict=True)]
            f.hold("R3", balance == [row[k] for k in LEVELS], f"{at}: the deltas make {balance}")
            f.hold("R3", min(balance) >= 0, f"{at}: {balance} is below nothing")
            came += SIGN.get(row["mvmt_cd"], 0) * row["mvmt_qty"]
            back += row["mvmt_qty"] if row["mvmt_cd"] == "RESTOCK" else 0
            f.hold("R3", row["mvmt_cd"] != "EXTERNAL", f"{at}: nobody else changed this stock")
        now = [sku[k] for k in LEVELS]
        f.hold("R3", now == balance, f"{name} has {now} on hand, held, sold; its ledger {balance}")
        f.hold("R3", sum(now) == came, f"{name}: {came} came, and {now} on hand, held, sold are {sum(now)}")
        last = sku["ldgr_no"]
        f.hold("R3", last == len(rows), f"{name}: {len(rows)} ledger rows, its balance knows {last}")
        held = sum(line["hold_qty"] for line in lines.get(name, []))
        f.hold("R3", held == sku["hold_qty"], f"{name}: {sku['hold_qty']} held, orders hold {held}")
        sold = sum(line["dduct_qty"] for line in lines.get(name, []))
        f.hold("R3", sold == sku["sold_qty"] - back, f"{name}: {sku['sold_qty']} sold, {back} back, orders have {sold}")


def brought(world: World, sums: Sums, f: Findings) -> None:
    """R3: what the journal says came in, was counted or is gone is what the ledger says, each command once."""
    kinds = {"receive_stock": "RECEIVE", "adjust_stock": "ADJUST", "shrink_stock": "SHRINK"}
    moved = grouped([r for r in world.tables["ledger"] if not r["ord_id"]], "cmd_id")
    took = accepted(world, sums)
    for command_id, one in took.items():
        if (kind := kinds.get(one["type"])) is None:
            continue
        rows = [(r["unt_id"], r["mvmt_cd"], r["mvmt_qty"]) for r in moved.get(command_id, [])]
        should = [(one["sku_id"], kind, one["quantity"])]
        f.hold("R3", rows == should, f"{command_id} moved {rows}, not {should}")
    for command_id, rows in moved.items():
        may = command_id in took or command_id in sums.uncertain
        f.hold("R3", may and len(rows) == 1, f"{command_id} moved stock {len(rows)} times, and was not accepted so")


def limits(world: World, f: Findings) -> None:
    """R9: no campaign sells more than is allotted, and none more to a customer than the limit, at any time."""
    rules = {row["cmpn_id"]: row for row in world.tables["campaigns"]}
    used: dict = defaultdict(int)
    for row in world.tables["ledger"]:
        if not row["cmpn_id"]:
            continue
        rule, customer = rules[row["cmpn_id"]], (row["cmpn_id"], row["cust_id"])
        used[row["cmpn_id"]] += row["cmpn_dlt"]
        used[customer] += row["cmpn_dlt"]
        f.hold("R9", used[row["cmpn_id"]] <= rule["alot_qty"], f"{row['cmpn_id']} sold {used[row['cmpn_id']]}")
        most = rule["cust_lmt_qty"]
        f.hold("R9", most is None or used[customer] <= most, f"{customer} has {used[customer]}, the limit is {most}")
    customers = {row["ord_id"]: row["cust_id"] for row in world.tables["orders"]}
    have: dict = defaultdict(int)
    for line in world.tables["lines"]:
        if line["cmpn_id"]:
            have[line["cmpn_id"], customers.get(line["ord_id"])] += line["hold_qty"] + line["dduct_qty"]
    for (campaign, customer), units in have.items():
        most = rules[campaign]["cust_lmt_qty"]
        f.hold("R9", most is None or units <= most, f"{customer} has {units} of {campaign}, the limit is {most}")


def money(world: World, sums: Sums, f: Findings) -> None:
    """R8: paid = refundable + planned + excluded + refunded; what the journal brought is there; one refund a key."""
    refunded: dict = defaultdict(int)
    for key, rows in grouped(world.tables["refunds"], "rfnd_key").items():
        done = [r for r in rows if r["rfnd_stat_cd"] == "REFUNDED"]
        asked = [r for r in rows if r["rfnd_stat_cd"] == "PLANNED"]
        f.hold("R8", len(asked) == 1 and len(done) <= 1, f"refund {key}: asked {len(asked)}, done {len(done)} times")
        planned = sum(r["rfnd_plan_amt"] for r in asked)
        for row in done:
            f.hold("R8", row["rfnd_amt"] == planned, f"refund {key}: {planned} planned, {row['rfnd_amt']} given back")
            refunded[row["ord_id"], row["stlm_no"]] += row["rfnd_amt"]
    paid: dict = defaultdict(int)
    for row in world.tables["settlements"]:
        whose = f"order {row['ord_id']}, settlement {row['stlm_no']}"
        parts = [row[k] for k in SUMS]
        f.hold("R8", min(parts) >= 0 and sum(parts) == row["pay_amt"], f"{whose}: {row['pay_amt']} paid is not {parts}")
        back = refunded[row["ord_id"], row["stlm_no"]]
        f.hold("R8", back == row["rfnd_amt"], f"{whose}: {row['rfnd_amt']} refunded, {back} by its refunds")
        paid[row["ord_id"]] += row["pay_amt"]
    registered: dict = defaultdict(int)
    for pay_id, rows in grouped(world.tables["payments"], "pay_id").items():
        f.hold("R8", len(rows) == 1, f"payment {pay_id} pays {[r['ord_id'] for r in rows]}")
        registered[rows[0]["ord_id"]] += rows[0]["pay_amt"]
    gave: dict[str, dict[str, int]] = defaultdict(dict)
    unsure = set()
    for one in world.sent:
        fields = command(one.body) or {}
        if fields.get("id") in sums.uncertain:
            unsure.add(fields.get("order_id"))
    for one in accepted(world, sums).values():
        settlements = one.get("settlements") or (one.get("payment") or {}).get("settlements") or []
        for settlement in settlements:
            gave[one["order_id"]][settlement["approval"]["approval_id"]] = settlement["amount"]
    for order in (gave.keys() | paid.keys() | registered.keys()) - unsure:
        given = sum(gave[order].values())
        same = given == paid[order] == registered[order]
        there = f"{paid[order]} settled, {registered[order]} registered"
        f.hold("R8", same, f"order {order}: {given} were brought, {there}")


def histories(world: World, f: Findings) -> None:
    """R7: numbered 1..n, as far as the order is; each event published as it is stored, and nothing else."""
    by_order = {k: v for k, v in grouped(world.tables["history"], "ord_id").items() if not k.startswith("~")}
    orders = {row["ord_id"]: row for row in world.tables["orders"]}
    for order in by_order.keys() ^ orders.keys():
        f.hold("R7", False, f"order {order} has a row or a history, and not both")
    stored = {}
    for order, rows in by_order.items():
        numbers = [row["hist_no"] for row in rows]
        f.hold("R7", numbers == list(range(1, len(rows) + 1)), f"order {order}: its history is numbered {numbers}")
        for row in rows:
            stored[f"{order}/{row['hist_no']}"] = (row["cmd_id"], json.loads(row["evnt"]))
        if row := orders.get(order):
            last = rows[-1]
            f.hold("R7", row["ord_ver"] == last["hist_no"], f"order {order} is at {row['ord_ver']}, its history is not")
            same = row["ord_stat_cd"] == last["ord_stat_cd"]
            f.hold("R7", same, f"order {order} is {row['ord_stat_cd']}, by its history {last['ord_stat_cd']}")
        ends = [r for r in rows if r["evnt_typ_cd"] in ("payment_expired", "payment_cancelled")]
        f.hold("R10", len(ends) <= 1, f"order {order} ended unpaid {len(ends)} times")
    told = set()
    for event in world.events:
        event_id = event["event_id"]
        same = stored.get(event_id) == (event["command_id"], event["event"])
        f.hold("R5", same, f"event {event_id} was published and is not stored so")
        told.add(event_id)
    silent = sorted(stored.keys() - told)
    f.hold("R7", not silent, f"{len(silent)} events were never published, such as {silent[:3]}")
    called = set()
    for event in world.hooked:
        event_id = event["event_id"]
        same = stored.get(event_id) == (event["command_id"], event["event"])
        f.hold("R5", same, f"event {event_id} went out by webhook and is not stored so")
        called.add(event_id)
    f.hold("R5", not world.forged, f"{world.forged} calls of a webhook were not signed by its secret")
    deaf = sorted(stored.keys() - called)
    f.hold("R7", not deaf, f"{len(deaf)} events went to no webhook, such as {deaf[:3]}")


def quantities(world: World, sums: Sums, f: Findings) -> None:
    """R9: what was ordered of a line is there, cancelled or returned; R11: all lines of an order or none."""
    cancelled = {(r["ord_id"], r["ord_seq"]): r["qty"] for r in world.tables["cancelled"]}
    returned = {(r["ord_id"], r["ord_seq"]): r["qty"] for r in world.tables["returned"]}
    # what was never paid is cut without a row of its own
    unpaid = {r["ord_id"] for r in world.tables["orders"] if r["ord_stat_cd"].startswith("PAYMENT_")}
    lines = grouped(world.tables["lines"], "ord_id")
    for order, some in lines.items():
        for line in some:
            key = (order, line["ord_seq"])
            whose = f"order {order}, line {line['ord_seq']}"
            counts = [v for k, v in line.items() if k.endswith("_qty")]
            out = line["cncl_qty"] + line["rtn_qty"] + line["exch_qty"]
            f.hold("R9", min(counts) >= 0 and out <= line["ord_qty"], f"{whose}: {line}")
            cut, back = line["cncl_qty"], line["rtn_qty"]
            f.hold("R9", order in unpaid or cancelled.get(key, 0) == cut, f"{whose}: {cut} cancelled, not by its rows")
            f.hold("R9", returned.get(key, 0) == back, f"{whose}: {back} returned, not by its rows")
    took = accepted(world, sums).values()
    exchanged = {one["order_id"] for one in took if one["type"] == "approve_exchange"} | {
        fields.get("order_id") for one in world.sent
        if (fields := command(one.body) or {}).get("id") in sums.uncertain
    }  # fmt: skip
    for one in took:
        if one["type"] != "place_order":
            continue
        ordered = [(n, line["sku_id"], line["quantity"]) for n, line in enumerate(one["lines"], 1)]
        there = sorted((r["ord_seq"], r["unt_id"], r["ord_qty"]) for r in lines.get(one["order_id"], []))
        if one["order_id"] in exchanged:
            there = there[: len(ordered)]  # what came for what was exchanged stands behind
        f.hold("R9", ordered == there, f"order {one['order_id']}: ordered {ordered}, it has {there}")
    whole = {row["ord_id"] for row in world.tables["orders"] if not row["part_alw_yn"]}
    for order, some in lines.items():
        live = [line for line in some if not (line["cncl_qty"] or line["rtn_qty"] or line["exch_qty"])]
        have = [line for line in live if line["hold_qty"] + line["dduct_qty"] > 0]
        f.hold("R11", order not in whole or len(have) in (0, len(live)), f"order {order} has a part of its lines")
    for row in world.tables["reservations"]:
        holds = any(line["hold_qty"] for line in lines.get(row["ord_id"], []))
        f.hold("R11", row["rsv_stat_cd"] != "HELD" or holds, f"reservation {row['rsv_id']} is held for nobody")


def judge_books(world: World, sums: Sums, f: Findings) -> None:
    stock(world, f)
    brought(world, sums, f)
    limits(world, f)
    money(world, sums, f)
    histories(world, f)
    quantities(world, sums, f)
