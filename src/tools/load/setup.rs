//! What a run sells: one template, one product, its SKUs and their stock, made through the same transport as the orders.
//!
//! Ids carry the run's tag, so runs never share stock; a stage waits for the answers to the one before.

use std::sync::Arc;

use super::{
    CommandSource, LoadError,
    json::{id, text},
    workload::Sku,
};
use crate::log::crc16::partition_of;

/// A step of the set-up; the next one needs it done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetupStage {
    Template,
    Product,
    Skus,
    Stock,
}

impl SetupStage {
    /// In the order in which they depend on each other.
    pub const ALL: [Self; 4] = [Self::Template, Self::Product, Self::Skus, Self::Stock];

    fn letter(self) -> char {
        match self {
            Self::Template => 't',
            Self::Product => 'p',
            Self::Skus => 's',
            Self::Stock => 'r',
        }
    }
}

/// The goods of a run.
#[derive(Debug)]
pub struct Goods {
    run: String,
    pub skus: Vec<Sku>,
    /// units received of each SKU
    pub stock: u64,
    /// of a unit, in won
    pub price: u64,
    reply_to: String,
    /// whether commands name their actor, or leave it to the token shown at the transport
    actors: bool,
}

impl Goods {
    /// `count` SKUs named after the run, with `stock` units each, at `price` won a unit.
    ///
    /// # Errors
    /// [`LoadError::Plan`] for no SKU, or more than a million.
    pub fn new(
        run: &str,
        count: u32,
        (stock, price): (u64, u64),
        partitions: u32,
        reply_to: &str,
    ) -> Result<Self, LoadError> {
        if !(1..=1_000_000).contains(&count) {
            return Err(LoadError::Plan(format!("{count} SKUs are not between 1 and 1,000,000")));
        }
        let skus = (0..count)
            .map(|i| {
                let id = format!("{run}-{i}");
                let partition = partition_of(&id, partitions);
                Sku { id, partition }
            })
            .collect();
        Ok(Self { run: run.to_owned(), skus, stock, price, reply_to: reply_to.to_owned(), actors: true })
    }

    /// Naming the actor of each command, or leaving it to the token that is shown at the transport.
    #[must_use]
    pub fn naming_actors(mut self, actors: bool) -> Self {
        self.actors = actors;
        self
    }

    /// The tag of a stage's command ids, and how many commands it has.
    pub fn stage(&self, stage: SetupStage) -> (String, u64) {
        let each = u64::try_from(self.skus.len()).unwrap_or(0);
        let count = match stage {
            SetupStage::Template | SetupStage::Product => 1,
            SetupStage::Skus => each,
            SetupStage::Stock if self.stock == 0 => 0,
            SetupStage::Stock => each,
        };
        (format!("{}-set-{}", self.run, stage.letter()), count)
    }

    fn put(&self, stage: SetupStage, n: u64, tag: &str, out: &mut Vec<u8>) -> u32 {
        text(out, r#"{"id":""#);
        text(out, tag);
        id(out, "-", n);
        if self.actors {
            text(out, r#"","actor":"operator:load"#);
        }
        if !self.reply_to.is_empty() {
            text(out, r#"","reply_to":""#);
            text(out, &self.reply_to);
        }
        let sku = usize::try_from(n).ok().and_then(|i| self.skus.get(i)).unwrap_or(&self.skus[0]);
        match stage {
            SetupStage::Template => {
                text(out, r#"","type":"create_template","partner_id":"p-load","name":"load","template_id":"t-"#);
                text(out, &self.run);
                text(out, r#""}"#);
                0
            }
            SetupStage::Product => {
                text(
                    out,
                    r#"","type":"create_product","name":"load","kind":"goods","product_type":"normal","partner_id":"p-load","product_id":"g-"#,
                );
                text(out, &self.run);
                text(out, r#"","template_id":"t-"#);
                text(out, &self.run);
                id(out, r#"","price":"#, self.price);
                text(
                    out,
                    r#","bundled":true,"delivery_fee":3000,"free_delivery":true,"lead_time_days":2,"pre_refund":false}"#,
                );
                0
            }
            SetupStage::Skus => {
                text(out, r#"","type":"create_sku","option_name":"one size","product_id":"g-"#);
                text(out, &self.run);
                text(out, r#"","sku_id":""#);
                text(out, &sku.id);
                text(out, r#""}"#);
                sku.partition
            }
            SetupStage::Stock => {
                text(out, r#"","type":"receive_stock","sku_id":""#);
                text(out, &sku.id);
                id(out, r#"","quantity":"#, self.stock);
                text(out, "}");
                sku.partition
            }
        }
    }
}

/// The commands of one stage.
#[derive(Debug)]
pub struct StageOf {
    pub goods: Arc<Goods>,
    pub stage: SetupStage,
}

impl CommandSource for StageOf {
    fn put(&self, n: u64, tag: &str, out: &mut Vec<u8>) -> u32 {
        self.goods.put(self.stage, n, tag, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_json_with_ids_of_the_run() {
        let goods = Goods::new("r7", 3, (5, 1), 4, "load-r7").unwrap();
        for stage in SetupStage::ALL {
            let (tag, count) = goods.stage(stage);
            for n in 0..count {
                let mut out = Vec::new();
                let partition = goods.put(stage, n, &tag, &mut out);
                let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
                assert_eq!(value["id"], format!("{tag}-{n}"));
                crate::protocol::decode(&out).unwrap();
                if let Some(sku) = value["sku_id"].as_str() {
                    assert_eq!(partition, partition_of(sku, 4));
                }
            }
        }
        assert_eq!(Goods::new("r7", 3, (0, 1), 1, "").unwrap().stage(SetupStage::Stock).1, 0);
        assert!(Goods::new("r7", 0, (0, 1), 1, "").is_err());
    }
}
