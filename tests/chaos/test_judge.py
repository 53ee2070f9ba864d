"""Breaks a small made-up run on purpose, once for each thing that the judge looks at, and sees it go red."""

import copy
import json
import unittest
from collections.abc import Callable

from books import judge_books
from facts import World
from faults import ALL, FAMILIES, plan
from judge import Findings, Sums, judge_answers
from load import timetable
from owners import judge_owners
from producers import Sent

BUY = {"id": "c-0000001", "type": "place_order", "actor": "operator:x", "order_id": "o-1", "customer_id": "u-1",
       "lines": [{"sku_id": "S", "quantity": 2}],
       "payment": {"kind": "approved", "settlements": [
           {"method": "card", "amount": 23_000, "approval": {"approval_id": "a-1"}}]}}  # fmt: skip
MORE = {"id": "c-0000002", "type": "receive_stock", "actor": "operator:x", "sku_id": "S", "quantity": 10}
NONE = {"id": "c-0000003", "type": "adjust_stock", "actor": "operator:x", "sku_id": "S", "quantity": -99, "reason": "r"}
OTHER = {**MORE, "quantity": 11}
THERE = {**MORE, "id": "c-0000008", "sku_id": "T", "quantity": 5}
LATE = {**NONE, "id": "c-0000005", "quantity": -20}
LOST = {"id": "c-0000006", "type": "report_stock_loss", "actor": "operator:x", "order_id": "o-1",
        "lines": [{"line_no": 1, "quantity": 1}]}  # fmt: skip
CUT = {"id": "c-0000004", "type": "cancel_lines", "actor": "buyer:u-1", "order_id": "o-1", "lines": [1]}


def answer(command: dict, entry: str, outcome: str = "accepted", **fields: object) -> dict:
    digest = f"d{command['id'][-1]}{command.get('quantity', '')}"
    return {"command_id": command["id"], "entry": entry, "outcome": outcome, "partition": 0, "digest": digest, **fields}


def event(number: int, command: dict, kind: str) -> dict:
    return {"ord_id": "o-1", "hist_no": number, "cmd_id": command["id"], "cmd_evnt_no": 0,
            "cmd_dgst": f"d{command['id'][-1]}", "evnt_typ_cd": kind, "evnt": json.dumps({"type": kind}),
            "ord_stat_cd": "CANCELLED" if number >= 2 else "ORDERED"}  # fmt: skip


def movement(
    number: int, kind: str, quantity: int, deltas: tuple, after: tuple, command: dict, order: str | None
) -> dict:
    stock, hold, sold = after
    return {"unt_id": "S", "ldgr_no": number, "mvmt_cd": kind, "mvmt_qty": quantity, "stck_dlt": deltas[0],
            "hold_dlt": deltas[1], "sold_dlt": deltas[2], "stck_qty": stock, "hold_qty": hold, "sold_qty": sold,
            "cmpn_id": "sale" if order else None, "cust_id": "u-1" if order else None,
            "cmpn_dlt": {"DEDUCT": 2, "RESTOCK": -2}.get(kind, 0), "ord_id": order, "cmd_id": command["id"]}  # fmt: skip


def sound() -> World:
    """A SKU is stocked, an order placed with its money and cancelled; a refusal, a reused id, a retry, junk."""
    sends = [(MORE, "1-0"), (BUY, "2-0"), (NONE, "3-0"), (OTHER, "4-0"), (MORE, "5-0"), (CUT, "6-0"),
             (LATE, "8-1"), (LOST, "9-1"), (THERE, "0-1")]  # fmt: skip
    world = World(sent=[Sent(0, json.dumps(c), entry, "in") for c, entry in sends])
    world.sent.append(Sent(0, '{"junk":1}', "7-0", "in"))
    world.kept = {(0, s.entry): s.body for s in world.sent}
    bought = answer(BUY, "2-0", order_id="o-1", order_version=1)
    world.answers = [
        answer(MORE, "1-0"), bought, answer(NONE, "3-0", "rejected", reason="insufficient_stock"),
        answer(OTHER, "4-0", "rejected", reason="command_id_reused"), answer(MORE, "5-0"),
        answer(CUT, "6-0", order_id="o-1", order_version=2,
               facts={"stock": [{"sku_id": "S", "position": 3, "on_hand": 10}]}),
        answer(LATE, "8-1", "rejected", reason="insufficient_stock",
               facts={"sku_id": "T", "position": 1, "available": 5, "requested": -20}),
        answer(LOST, "9-1", order_id="o-1", order_version=3), answer(THERE, "0-1"),
    ]  # fmt: skip
    world.dead = [{"command": '{"junk":1}', "entry": "7-0", "partition": 0}]
    history = [event(1, BUY, "placed"), event(2, CUT, "cut"), event(3, LOST, "cut")]
    world.events = [
        {"event_id": f"o-1/{r['hist_no']}", "command_id": r["cmd_id"], "event": json.loads(r["evnt"])} for r in history
    ]
    world.hooked = [*copy.deepcopy(world.events), copy.deepcopy(world.events[0])]
    line = {"ord_id": "o-1", "ord_seq": 1, "unt_id": "S", "cmpn_id": "sale", "ord_qty": 2, "cncl_qty": 2,
            "rtn_acpt_qty": 0, "rtn_qty": 0, "exch_qty": 0, "hold_qty": 0, "dduct_qty": 0}  # fmt: skip
    world.tables = {
        "orders": [{"ord_id": "o-1", "cust_id": "u-1", "ord_stat_cd": "CANCELLED", "ord_ver": 3, "part_alw_yn": False,
                    "prtn_no": 0, "late": False}],
        "lines": [line],
        "settlements": [{"ord_id": "o-1", "stlm_no": 1, "pay_amt": 23_000, "rfnd_psbl_amt": 0, "rfnd_plan_amt": 0,
                         "rfnd_excl_amt": 0, "rfnd_amt": 23_000}],
        "payments": [{"pay_id": "a-1", "ord_id": "o-1", "stlm_no": 1, "pay_amt": 23_000}],
        "refunds": [{"rfnd_key": "k", "rfnd_seq": n, "ord_id": "o-1", "stlm_no": 1, "rfnd_stat_cd": state,
                     "rfnd_plan_amt": 23_000, "rfnd_amt": done}
                    for n, state, done in ((0, "PLANNED", 0), (1, "REFUNDED", 23_000))],
        "cancelled": [{"ord_id": "o-1", "ord_seq": 1, "qty": 2}],
        "returned": [],
        "history": history,
        "outcomes": [{"cmd_id": MORE["id"], "cmd_dgst": "d210", "cmd_typ_cd": "receive_stock"},
                     {"cmd_id": THERE["id"], "cmd_dgst": "d85", "cmd_typ_cd": "receive_stock"}],
        "skus": [{"unt_id": "S", "stck_qty": 10, "hold_qty": 0, "sold_qty": 2, "rstk_qty": 2, "ldgr_no": 3},
                 {"unt_id": "T", "stck_qty": 5, "hold_qty": 0, "sold_qty": 0, "rstk_qty": 0, "ldgr_no": 1}],
        "ledger": [
            movement(1, "RECEIVE", 10, (10, 0, 0), (10, 0, 0), MORE, None),
            movement(2, "DEDUCT", 2, (-2, 0, 2), (8, 0, 2), BUY, "o-1"),
            movement(3, "RESTOCK", 2, (2, 0, 0), (10, 0, 2), CUT, "o-1"),
            {**movement(1, "RECEIVE", 5, (5, 0, 0), (5, 0, 0), THERE, None), "unt_id": "T"},
        ],
        "owned": [{"prtn_no": 0, "epch": n, "ownr_id": who, "at": at}
                  for n, who, at in ((1, "a", "01"), (2, "b", "05"))],
        "wrote": [{"cmd_id": c["id"], "ord_id": "o-1", "who": who, "at": at}
                  for c, who, at in ((BUY, "server_a", "03"), (CUT, "server_b", "05"), (LOST, "server_b", "09"))],
        "audit": [{"cmd_id": LOST["id"], "adit_knd_cd": "STOCK_LOSS", "ord_id": "o-1", "actr": "operator:x"}],
        "campaigns": [{"cmpn_id": "sale", "unt_id": "S", "alot_qty": 5, "cust_lmt_qty": 2}],
        "reservations": [],
        "outbox": [],
    }  # fmt: skip
    return world


def judged(world: World) -> Findings:
    f, sums = Findings(), Sums(world)
    judge_answers(world, sums, f)
    judge_books(world, sums, f)
    judge_owners(world, sums, f)
    return f


def row(table: str, at: int, **fields: object) -> Callable[[World], None]:
    return lambda world: world.tables[table][at].update(fields)


def told(at: int, **fields: object) -> Callable[[World], None]:
    return lambda world: world.answers[at].update(fields)


def added(table: str, **fields: object) -> Callable[[World], None]:
    return lambda world: world.tables[table].append(fields)


# what is broken, how, and the promise that must be red
BREAKS: list[tuple[str, Callable[[World], object], str]] = [
    ("an answer is missing", lambda w: w.answers.pop(1), "R1"),
    ("an answer comes twice", lambda w: w.answers.append(w.answers[1]), "R1"),
    ("something is answered that nobody sent", lambda w: w.answers.append(answer(BUY, "9-9")), "R1"),
    ("a command is condemned", told(2, outcome="failed"), "R1"),
    ("an entry is gone, and no kill took it", lambda w: w.kept.pop((0, "2-0")), "R1"),
    ("an entry that nobody sent", lambda w: w.kept.update({(0, "8-0"): '{"id":"c-0000009"}'}), "R1"),
    ("junk without its dead letter", lambda w: w.dead.clear(), "R1"),
    ("a good command in the dead letters", lambda w: w.dead.append({"command": json.dumps(BUY), "entry": "2-0"}), "R1"),
    ("something is pending", lambda w: w.restless.append("pending"), "R1"),
    ("a step that was never sent", added("outbox", otbx_id="step:1"), "R1"),
    ("a retry is told otherwise", told(4, outcome="rejected", reason="sold_out"), "R2"),
    ("accepted, and then told that its id is another's", told(4, outcome="rejected", reason="command_id_reused"), "R2"),
    ("one id, two contents that took effect", told(3, outcome="accepted", reason=None), "R2"),
    ("told so where there is no other content", told(2, reason="command_id_reused"), "R2"),
    ("told that its id is another's, and has the rows", row("outcomes", 0, cmd_dgst="d211"), "R2"),
    ("an id in two orders", lambda w: w.tables["history"].append({**w.tables["history"][0], "ord_id": "o-2"}), "R2"),
    ("an id in an order and outside", added("outcomes", cmd_id=BUY["id"], cmd_dgst="d1", cmd_typ_cd="x"), "R2"),
    ("two contents in the database", row("history", 0, cmd_dgst="other"), "R5"),
    ("accepted, and nothing of it is there", lambda w: w.tables["outcomes"].clear(), "R5"),
    ("refused, and it is there", added("outcomes", cmd_id=NONE["id"], cmd_dgst="d3-99", cmd_typ_cd="x"), "R5"),
    ("an effect that nobody was told of", told(5, outcome="rejected"), "R5"),
    ("an answer ahead of its order", told(1, order_version=4), "R5"),
    ("stock from outside", row("skus", 0, stck_qty=11), "R3"),
    ("a ledger with a gap", lambda w: w.tables["ledger"].pop(0), "R3"),
    ("a ledger row that does not follow", row("ledger", 2, stck_qty=11), "R3"),
    ("a balance below nothing", row("ledger", 0, stck_dlt=-1, stck_qty=-1), "R3"),
    ("stock that another system changed", row("ledger", 0, mvmt_cd="EXTERNAL"), "R3"),
    ("a receipt of another amount", row("ledger", 0, mvmt_qty=9), "R3"),
    ("units that are sold and in no order", row("lines", 0, dduct_qty=1), "R3"),
    ("units that are held for nobody", row("lines", 0, hold_qty=1), "R3"),
    ("an order unpaid past its deadline", row("orders", 0, ord_stat_cd="PAYMENT_PENDING", late=True), "R3"),
    ("an event that was never published", lambda w: w.events.pop(), "R7"),
    ("an event of other content", lambda w: w.events[0].update(event={"type": "other"}), "R5"),
    ("an event that no webhook has heard", lambda w: w.hooked.pop(1), "R7"),
    ("an event of other content by webhook", lambda w: w.hooked[1].update(event={"type": "other"}), "R5"),
    ("a call that somebody else has signed", lambda w: setattr(w, "forged", 1), "R5"),
    ("a history with a gap", row("history", 1, hist_no=3), "R7"),
    ("an order behind its history", row("orders", 0, ord_ver=1), "R7"),
    ("an order of another status", row("orders", 0, ord_stat_cd="ORDERED"), "R7"),
    ("an order without a history", added("orders", ord_id="o-9", cust_id="u", ord_stat_cd="ORDERED", ord_ver=1,
                                         part_alw_yn=False, prtn_no=0, late=False), "R7"),
    ("money that does not add up", row("settlements", 0, rfnd_excl_amt=1), "R8"),
    ("money that nobody brought", row("settlements", 0, pay_amt=24_000, rfnd_psbl_amt=1_000), "R8"),
    ("a payment for two orders", added("payments", pay_id="a-1", ord_id="o-2", stlm_no=1, pay_amt=1), "R8"),
    ("a refund that is done twice", lambda w: w.tables["refunds"].append(w.tables["refunds"][1]), "R8"),
    ("a refund of another amount", row("refunds", 1, rfnd_amt=1), "R8"),
    ("more out of a line than in it", row("lines", 0, rtn_qty=1), "R9"),
    ("a cancellation without its row", row("cancelled", 0, qty=1), "R9"),
    ("a line of another quantity", row("lines", 0, ord_qty=3), "R9"),
    ("a customer beyond the limit", row("campaigns", 0, cust_lmt_qty=1), "R9"),
    ("a campaign beyond its allotment", row("campaigns", 0, alot_qty=1), "R9"),
    ("two ends of one order", lambda w: [r.update(evnt_typ_cd="payment_expired") for r in w.tables["history"]], "R10"),
    ("a part of an order that wanted all", lambda w: w.tables["lines"].extend(
        {**w.tables["lines"][0], "ord_seq": n, "cncl_qty": 0, "dduct_qty": n} for n in (0, 2)), "R11"),
    ("stock that memory had otherwise than the ledger", lambda w: w.answers[5]["facts"]["stock"][0].update(on_hand=9), "R4"),
    ("a refusal that the ledger does not bear out", lambda w: w.answers[6]["facts"].update(available=4), "R4"),
    ("a refusal of what there was", lambda w: w.answers[6]["facts"].update(requested=-5), "R4"),
    ("a superseded owner that wrote", row("wrote", 1, who="server_a"), "R6"),
    ("an owner that wrote before it was one", lambda w: w.tables["wrote"][2].update(at="04"), "R6"),
    ("somebody who never was an owner", row("wrote", 0, who="server_c"), "R6"),
    ("an epoch that was given twice", row("owned", 1, epch=1), "R6"),
    ("a privileged action without its audit row", lambda w: w.tables["audit"].clear(), "R13"),
    ("an audit row of another kind", row("audit", 0, adit_knd_cd="GIFT_ADDED"), "R13"),
    ("an audit row by somebody else", row("audit", 0, actr="seller:y"), "R13"),
    ("an audit row for what was refused", added("audit", cmd_id=NONE["id"], adit_knd_cd="STOCK_LOSS", ord_id="o-1",
                                                actr="operator:x"), "R13"),
    ("a reservation for nobody", added("reservations", rsv_id="r", ord_id="o-1", rsv_stat_cd="HELD"), "R11"),
]  # fmt: skip


class Judge(unittest.TestCase):
    def test_a_sound_run_is_found_sound(self) -> None:
        self.assertEqual(judged(sound()).violations, [])

    def test_each_break_is_seen(self) -> None:
        for what, broken, promise in BREAKS:
            with self.subTest(what):
                world = copy.deepcopy(sound())
                broken(world)
                self.assertIn(promise, judged(world).red())

    def test_what_redis_lost_is_excused_and_nothing_else(self) -> None:
        world = sound()
        del world.kept[0, "2-0"]
        world.answers.pop(1)
        self.assertIn("R1", judged(world).red())
        world.lost.add((0, "2-0"))
        self.assertEqual(judged(world).violations, [])

    def test_entries_of_two_partitions_may_have_one_name(self) -> None:
        world = sound()
        world.sent.append(Sent(1, json.dumps({**OTHER}), "5-0", "in"))
        world.kept[1, "5-0"] = json.dumps(OTHER)
        world.answers.append(answer(OTHER, "5-0", "rejected", reason="command_id_reused"))
        self.assertEqual(judged(world).violations, [])


class Drawing(unittest.TestCase):
    def test_a_seed_draws_the_same_load_and_the_same_faults(self) -> None:
        self.assertEqual(timetable(3, 20, 60), timetable(3, 20, 60))
        self.assertNotEqual(timetable(3, 20, 60), timetable(4, 20, 60))
        draw = plan(3, may_debug=True), plan(3, may_debug=True)
        first, second = ([next(some) for _ in range(60)] for some in draw)
        self.assertEqual(first, second)

    def test_every_kind_comes_and_three_in_ten_are_two_at_once(self) -> None:
        draw = plan(5, may_debug=True)
        steps = [next(draw)[1] for _ in range(1_000)]
        self.assertEqual({fault.what for step in steps for fault in step}, set(ALL))
        pairs = [step for step in steps if len(step) == 2]
        self.assertTrue(240 < len(pairs) < 360, len(pairs))
        for one, two in pairs:
            alike = [some for some in FAMILIES if one.what in some and two.what in some]
            self.assertFalse(alike, f"{one} and {two} would undo each other")


if __name__ == "__main__":
    unittest.main()
