//! R11 over linked orders: what an order knows of the orders it had made, and what those are. In memory it grows with the
//! linked orders.

use std::collections::HashMap;

use super::{
    Findings, Promise,
    fold::{CheckedOrder, Standing},
};
use crate::domain::{
    order::supply::{LinkKind, LinkState},
    status::Status,
};

/// What a linked order is.
struct Child {
    parent: String,
    ended: bool,
    shipped: bool,
    /// procured, or further
    done: bool,
}

/// The families seen.
#[derive(Default)]
pub struct Family {
    /// by the linked order's id: its parent's, kind, and what the parent knows
    links: HashMap<String, (String, LinkKind, LinkState)>,
    children: HashMap<String, Child>,
}

impl Family {
    /// Notes an order's links, and its parent.
    pub fn saw(&mut self, order: &CheckedOrder) {
        for l in &order.links {
            let known = (order.ord_id.to_string(), l.kind, l.state);
            self.links.insert(l.row.chld_ord_id.to_string(), known);
        }
        let Some(parent) = order.parent.as_ref().filter(|_| order.standing == Standing::Stands) else { return };
        let live = || order.lines.iter().filter(|l| l.active() > 0);
        let child = Child {
            parent: parent.order_id.to_string(),
            ended: live().next().is_none(),
            shipped: order.lines.iter().any(|l| l.row.ship_dttm.is_some())
                || live().any(|l| matches!(l.own, Status::Shipped | Status::PurchaseConfirmed)),
            done: live()
                .all(|l| matches!(l.own, Status::ProcurementDone | Status::Shipped | Status::PurchaseConfirmed)),
        };
        self.children.insert(order.ord_id.to_string(), child);
    }

    /// Holds them to one another.
    pub fn check(mut self, f: &mut Findings) {
        for (id, (parent, kind, state)) in self.links {
            let child = self.children.remove(&id).filter(|c| c.parent == parent);
            let agree = match (state, &child) {
                (LinkState::Asked, _)
                | (
                    LinkState::Open | LinkState::Done | LinkState::Shipped | LinkState::Ended | LinkState::Cancelled,
                    None,
                ) => false,
                (LinkState::Refused, child) => child.is_none(),
                (LinkState::Open, Some(c)) => !c.ended && !c.done,
                (LinkState::Done, Some(c)) => !c.ended,
                (LinkState::Shipped, Some(c)) => c.shipped && !c.ended,
                (LinkState::Ended, Some(c)) => c.ended,
                (LinkState::Cancelled, Some(c)) => c.ended || c.shipped,
            };
            f.hold(Promise::R11, agree, || {
                let is = child.map_or("not there", |c| if c.ended { "ended" } else { "running" });
                format!("order {parent}: its {} order {id} is {} to it, and is {is}", kind.code(), state.code())
            });
        }
        for (id, child) in self.children {
            f.bad(Promise::R11, format!("order {id}: it was made for {}, which knows nothing of it", child.parent));
        }
    }
}
