//! The simulated shop: what it sells, in which partition.

use serde_json::{Value, json};

use super::chance::Chance;
use crate::log::{Inbound, crc16::partition_of};

/// A command on its way.
#[derive(Debug, Clone)]
pub struct Sent {
    pub partition: u32,
    pub stream: Inbound,
    pub id: String,
    pub json: String,
}

pub(super) const PRICE: i64 = 10_000;
pub(super) const SALE_PRICE: i64 = 9_000;
pub(super) const FEE: i64 = 3_000;
/// SKUs in each partition: on sale, scarce, plenty, a wholesaler's, a gift.
pub(super) const SKUS: [&str; 5] = ["sale", "scarce", "plenty", "wholesale", "gift"];

/// The shop: its SKUs by partition and use.
#[derive(Debug)]
pub struct Shop {
    pub partitions: u32,
    skus: Vec<Vec<String>>,
}

impl Shop {
    /// A shop over so many partitions.
    pub fn new(partitions: u32) -> Self {
        let of = |partition: u32, what: &&str| {
            let named = (0..).map(|n| format!("{what}-{partition}-{n}"));
            named.take(100_000).find(|sku| partition_of(sku, partitions) == partition).unwrap_or_default()
        };
        let skus = (0..partitions).map(|p| SKUS.iter().map(|what| of(p, what)).collect()).collect();
        Self { partitions, skus }
    }

    /// Any of its SKUs.
    pub fn any(&self, chance: &Chance) -> String {
        chance.pick(&self.skus).and_then(|some| chance.pick(some)).cloned().unwrap_or_default()
    }

    pub(super) fn sku(&self, partition: u32, what: usize) -> &str {
        let some = usize::try_from(partition).ok().and_then(|p| self.skus.get(p));
        some.and_then(|some| some.get(what)).map_or("", String::as_str)
    }

    /// What the shop sells, in stages: each needs what the one before made, maybe in another partition.
    pub fn goods(&self) -> Vec<Vec<Sent>> {
        let product = |id: &str, kind: &str, partner: &str, template: &str| {
            json!({"type": "create_product", "product_id": id, "name": id, "kind": kind, "product_type": "normal",
                "price": if kind == "gift" { 0 } else { PRICE }, "partner_id": partner, "template_id": template,
                "bundled": true, "delivery_fee": FEE, "lead_time_days": 2, "points_rate_bp": 100})
        };
        let template = |id: &str, partner: &str| json!({"type": "create_template", "template_id": id, "partner_id": partner, "name": id});
        let partner =
            |id: &str, kind: &str| json!({"type": "create_partner", "partner_id": id, "name": id, "kind": kind});
        let mut stages = vec![
            vec![
                (0, template("t-p", "p")),
                (0, template("t-w", "w")),
                (0, partner("w", "wholesaler")),
                (0, partner("i", "installer")),
            ],
            vec![
                (0, product("goods", "goods", "p", "t-p")),
                (0, product("wholesale", "goods", "w", "t-w")),
                (0, product("gift", "gift", "p", "t-p")),
            ],
            Vec::new(),
            Vec::new(),
            Vec::new(),
        ];
        for p in 0..self.partitions {
            for (n, what) in SKUS.iter().enumerate() {
                let (sku, product) = (
                    self.sku(p, n),
                    match *what {
                        "wholesale" => "wholesale",
                        "gift" => "gift",
                        _ => "goods",
                    },
                );
                let mut create =
                    json!({"type": "create_sku", "sku_id": sku, "product_id": product, "option_name": what});
                if product == "wholesale" {
                    create["holder_id"] = json!("w");
                }
                stages[2].push((p, create));
                let units = match *what {
                    "scarce" => 12,
                    "gift" => 25,
                    "sale" => 300,
                    _ => 2_000,
                };
                stages[3].push((p, json!({"type": "receive_stock", "sku_id": sku, "quantity": units})));
            }
            stages[4].push((
                p,
                json!({"type": "create_campaign", "campaign_id": format!("sale-{p}"),
                "sku_id": self.sku(p, 0), "name": "sale", "price": SALE_PRICE, "allotted": 200,
                "opens_at": "2020-01-01T00:00:00Z", "closes_at": "2150-01-01T00:00:00Z", "limit_per_customer": 3}),
            ));
            let home = partition_of(self.sku(p, 4), self.partitions);
            stages[4].push((home, json!({"type": "create_gift_promotion", "gift_promotion_id": format!("gifts-{p}"),
                "main_product_ids": ["goods"], "gift_sku_ids": [self.sku(p, 4)], "gift_quantity": 1, "main_quantity": 1})));
        }
        let mut number = 0;
        let mut sent = |(partition, mut command): (u32, Value)| {
            number += 1;
            let id = format!("goods-{number:04}");
            (command["id"], command["actor"]) = (json!(id), json!("operator:sim"));
            Sent { partition, stream: Inbound::Commands, id, json: command.to_string() }
        };
        stages.into_iter().map(|stage| stage.into_iter().map(&mut sent).collect()).collect()
    }
}
