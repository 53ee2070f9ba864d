//! Where every unit is, over all orders and lanes: units = shelf + held + sold + out with buyers + in returns. Told by what
//! the orders say of their lines and claims, never by what they say is deducted.

use super::{check::with_the_buyer, world::World};
use crate::domain::{
    order::{
        Order,
        claim::{Exchange, ExchangeState},
        state::{Line, Placement},
    },
    status::Status,
};

/// How many units are where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Units {
    pub shelf: i64,
    pub held: i64,
    /// bought, and not on its way yet
    pub sold: i64,
    /// on its way to a buyer, or there
    pub out: i64,
    /// under a return, or on the way back of an exchange
    pub back: i64,
}

impl Units {
    pub fn all(self) -> [i64; 5] {
        [self.shelf, self.held, self.sold, self.out, self.back]
    }

    fn add(&mut self, other: Self) {
        self.shelf += other.shelf;
        self.held += other.held;
        self.sold += other.sold;
        self.out += other.out;
        self.back += other.back;
    }
}

/// Where the units of a line are, once nothing is under way.
fn of_line(o: &Order, l: &Line) -> Units {
    let held = i64::from(l.held);
    // an installer's work takes none
    if o.placement != Placement::Done || o.paid_at.is_none() || o.installs() {
        return Units { held, ..Units::default() };
    }
    let open = o.fulfilment.returns.iter().filter(|r| !r.state.ended()).flat_map(|r| &r.lines);
    let open = || open.clone().filter(|k| k.line_no == l.no);
    let shelved: u32 = open().filter(|k| k.restocked).map(|k| k.quantity).sum();
    let returning: u32 = open().filter(|k| !k.restocked).map(|k| k.quantity).sum();
    let own = l.active() - shelved - returning;
    let swapped = |e: &&Exchange| e.line_no == l.no && e.state != ExchangeState::Failed;
    let swapped = || o.fulfilment.exchanges.iter().filter(swapped);
    let coming: u32 =
        swapped().filter_map(|e| e.collection.as_ref()).filter(|c| !c.settled()).map(|c| c.quantity - c.given_up).sum();
    let gone = matches!(l.status, Status::Shipped | Status::PurchaseConfirmed);
    // of an exchange that nobody has decided, and that had not left with the rest
    let stayed = swapped().filter(|e| e.state == ExchangeState::Requested && !e.shipped).map(|e| e.quantity).sum();
    let sold = if gone { own.min(stayed) } else { own };
    let out = own - sold + with_the_buyer(o, l) - coming;
    Units { shelf: 0, held, sold: sold.into(), out: out.into(), back: (returning + coming).into() }
}

impl World {
    /// By SKU, as `skus` has them.
    pub fn units(&self, orders: &[&Order]) -> Vec<Units> {
        let of_sku = |info: &crate::domain::catalog::SkuInfo| {
            let mut units = Units { shelf: self.stocks[&info.sku_id].on_hand, ..Units::default() };
            for o in orders {
                o.lines.iter().filter(|l| l.sku_id == info.sku_id).for_each(|l| units.add(of_line(o, l)));
            }
            units
        };
        self.skus.iter().map(|(info, _)| of_sku(info)).collect()
    }

    /// None vanish, and none are made, once nothing is under way: of a SKU, and over all lanes.
    pub fn none_vanish(&self, orders: &[&Order]) {
        let (mut there, mut came) = (Units::default(), 0);
        for (units, (info, lane)) in self.units(orders).into_iter().zip(&self.skus) {
            let of = |m: &std::collections::HashMap<_, i64>| m.get(&info.sku_id).copied().unwrap_or(0);
            // what came back is counted in again when it does
            let have = of(&self.came) - of(&self.back);
            assert_eq!(units.all().iter().sum::<i64>(), have, "{} of lane {lane}: {units:?}", info.sku_id);
            there.add(units);
            came += have;
        }
        assert_eq!(there.all().iter().sum::<i64>(), came, "over all lanes: {there:?}");
    }

    /// What is off the shelf, is in the books of an order of the lane, or of a reservation of another lane's: at any time,
    /// whatever is under way between the lanes.
    pub fn off_the_shelf(&self, orders: &[(&Order, u32)]) {
        for (info, lane) in &self.skus {
            let s = &self.stocks[&info.sku_id];
            let here = orders.iter().filter(|(_, home)| home == lane).flat_map(|(o, _)| &o.lines);
            let here = here.filter(|l| l.sku_id == info.sku_id).map(|l| i64::from(l.held + l.deducted));
            let there = self.reserved().filter(|l| l.sku_id == info.sku_id).map(|l| i64::from(l.quantity));
            let off = s.held + s.sold - self.back.get(&info.sku_id).copied().unwrap_or(0);
            assert_eq!(off, here.chain(there).sum::<i64>(), "off the shelf of {} in lane {lane}", info.sku_id);
        }
    }
}
