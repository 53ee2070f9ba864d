//! What a scenario's steps share: its server, and the names that it gives things.

use std::{sync::Arc, time::Duration};

use jumun::{
    domain::catalog::Policy,
    integrations::payment::simulated::{Rules, Simulated},
    log::crc16::partition_of,
    protocol::Answer,
};

use super::{
    gherkin::Table,
    pattern::{self, Found},
};
use crate::support::world::{On, Setup, World};

pub struct Scene {
    on: On,
    /// of the server, which starts at the first step that asks it something
    pub partitions: u32,
    pub policy: Policy,
    pub gateway: Option<Rules>,
    pub world: Option<World>,
    /// 주문 that "the order" means
    pub order: String,
    pub placed: u32,
    pub approvals: u32,
    /// names of goods that had to be others, to live in the lane that the scenario says
    aliases: Vec<(String, String)>,
    pub last: Option<Answer>,
    /// news travels between orders or lanes: wait for it after each command
    pub chatty: bool,
    /// another system has changed stock since it was last asked for
    pub unnoticed: bool,
}

impl Scene {
    pub fn new(on: On) -> Self {
        Self {
            on,
            partitions: 1,
            policy: Policy::default(),
            gateway: None,
            world: None,
            order: "o-1".to_owned(),
            placed: 0,
            approvals: 0,
            aliases: Vec::new(),
            last: None,
            chatty: false,
            unnoticed: false,
        }
    }

    /// The server, started with what was given.
    pub async fn world(&mut self) -> &mut World {
        if self.world.is_none() {
            let gateway = self.gateway.map(|rules| Arc::new(Simulated::new(rules)) as Arc<_>);
            self.chatty |= self.partitions > 1;
            let setup = Setup { partitions: self.partitions, policy: self.policy.clone(), gateway, ..Setup::default() };
            self.world = Some(World::open(self.on, setup).await);
        }
        self.world.as_mut().expect("it was just opened")
    }

    /// Has goods live in a lane: the name decides that, so another one is found for them.
    pub fn live_in(&mut self, name: &str, lane: u32) {
        let real = (0..).map(|n| format!("{name}-{n}")).find(|s| partition_of(s, self.partitions) == lane);
        self.aliases.push((name.to_owned(), real.expect("some name is of that lane")));
    }

    /// The id of goods.
    pub fn sku(&self, name: &str) -> String {
        let known = self.aliases.iter().find(|(said, _)| said == name);
        known.map_or(name, |(_, real)| real).to_owned()
    }

    /// How the scenario calls them.
    pub fn said(&self, sku: &str) -> String {
        let known = self.aliases.iter().find(|(_, real)| real == sku);
        known.map_or(sku, |(said, _)| said).to_owned()
    }

    /// Runs a little before the deadline of an order that nobody pays.
    pub fn hurry(&mut self, ms: u64) {
        self.policy.payment_window = Duration::from_millis(ms);
        self.policy.deposit_window = Duration::from_millis(ms);
    }
}

/// A step's words.
pub struct Call<'a> {
    pub scene: &'a Scene,
    pub found: &'a Found,
    pub table: &'a Table,
    /// who does it
    pub actor: &'a str,
}

impl Call<'_> {
    /// What stands in that hole.
    pub fn may(&self, name: &str) -> Option<&str> {
        self.found.iter().find(|(n, _)| *n == name).map(|(_, said)| said.as_str())
    }

    pub fn text(&self, name: &str) -> &str {
        self.may(name).unwrap_or_else(|| panic!("the step says no {name}")).trim_matches('"')
    }

    pub fn n(&self, name: &str) -> i64 {
        self.text(name).parse().expect("a number")
    }

    pub fn won(&self, name: &str) -> i64 {
        pattern::won(self.text(name)).expect("an amount")
    }

    /// The order that the step is about.
    pub fn order(&self) -> String {
        match self.may("order").and_then(|o| o.strip_prefix("order ")) {
            Some(id) => id.to_owned(),
            None => self.scene.order.clone(),
        }
    }

    /// The lines that it names; none means all that can.
    pub fn lines(&self) -> Vec<u16> {
        self.may("lines").map(|l| pattern::lines(l).expect("lines")).unwrap_or_default()
    }

    pub fn line(&self) -> u16 {
        pattern::lines(self.text("line")).expect("a line")[0]
    }

    /// (quantity, line), as often as it says.
    pub fn units(&self) -> Vec<(u32, u16)> {
        pattern::list(self.text("units")).into_iter().map(|u| pattern::unit(u).expect("units")).collect()
    }

    /// The table's rows, as (heading, cell).
    pub fn rows(&self) -> Vec<Vec<(&str, &str)>> {
        let Some((head, rows)) = self.table.split_first() else { return Vec::new() };
        rows.iter().map(|r| head.iter().map(String::as_str).zip(r.iter().map(String::as_str)).collect()).collect()
    }
}

/// The cell under a heading, unless it is empty.
pub fn cell<'a>(row: &[(&str, &'a str)], head: &str) -> Option<&'a str> {
    row.iter().find(|(h, _)| *h == head).map(|(_, c)| *c).filter(|c| !c.is_empty())
}

/// A number of a cell, in won or in units.
pub fn number(cell: &str) -> i64 {
    cell.trim_end_matches(" won").replace(',', "").parse().unwrap_or_else(|_| panic!("{cell:?} is no number"))
}
