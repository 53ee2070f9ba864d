//! The shelves of the model: what there is of each SKU, its sale, and the reference data that a placement looks at.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{No, Yes, number, text};
use crate::log::crc16::partition_of;

/// 판매행사.
#[derive(Debug, Clone)]
pub struct ModelSale {
    pub price: i64,
    pub allotted: i64,
    pub limit: Option<i64>,
    /// units by customer
    pub used: BTreeMap<String, i64>,
}

impl ModelSale {
    fn left(&self) -> i64 {
        self.allotted - self.used.values().sum::<i64>()
    }
}

/// 단품.
#[derive(Debug, Clone)]
pub struct ModelSku {
    pub product: String,
    pub holder: Option<String>,
    pub on_hand: i64,
    pub held: i64,
    /// what orders have now
    pub sold: i64,
    pub sale: Option<ModelSale>,
    /// an order that the model knows nothing of has had to do with it
    pub unsure: bool,
}

/// 상품.
#[derive(Debug, Clone)]
pub struct Product {
    pub gift: bool,
    pub price: i64,
    pub partner: String,
    pub fee: i64,
}

/// 사은품프로모션: as many gifts as units.
#[derive(Debug, Clone)]
pub struct ModelPromotion {
    pub mains: Vec<String>,
    pub gifts: Vec<String>,
    pub gift_quantity: i64,
    pub main_quantity: i64,
}

/// All of it.
#[derive(Debug, Clone, Default)]
pub struct Shelves {
    pub partitions: u32,
    pub skus: BTreeMap<String, ModelSku>,
    pub products: BTreeMap<String, Product>,
    pub promotions: BTreeMap<String, ModelPromotion>,
    /// kinds by id
    pub partners: BTreeMap<String, String>,
}

impl Shelves {
    /// The partition that a SKU lives in.
    pub fn lane(&self, sku: &str) -> u32 {
        partition_of(sku, self.partitions)
    }

    /// A SKU's product.
    pub fn product_of(&self, sku: &str) -> Option<&Product> {
        self.products.get(&self.skus.get(sku)?.product)
    }

    /// What is left for this customer: by the shelf and the sale; and by the sale's limit.
    pub fn left(&self, sku: &str, customer: &str) -> (i64, Option<i64>) {
        let Some(s) = self.skus.get(sku) else { return (0, None) };
        let Some(sale) = &s.sale else { return (s.on_hand, None) };
        let mine = sale.used.get(customer).copied().unwrap_or(0);
        (s.on_hand.min(sale.left()).max(0), sale.limit.map(|limit| limit - mine))
    }

    /// Takes units off the shelf: on hold, or sold at once.
    pub fn take(&mut self, sku: &str, sale: Option<&str>, units: i64, hold: bool) {
        let Some(s) = self.skus.get_mut(sku) else { return };
        s.on_hand -= units;
        *(if hold { &mut s.held } else { &mut s.sold }) += units;
        if let (Some(customer), Some(sale)) = (sale, &mut s.sale) {
            *sale.used.entry(customer.to_owned()).or_default() += units;
        }
    }

    /// What was held is sold.
    pub fn sell(&mut self, sku: &str, units: i64) {
        if let Some(s) = self.skus.get_mut(sku) {
            (s.held, s.sold) = (s.held - units, s.sold + units);
        }
    }

    /// Units that were held and that were sold come back; some of them are lost.
    pub fn give_back(&mut self, sku: &str, sale: Option<&str>, (held, sold, lost): (i64, i64, i64)) {
        let Some(s) = self.skus.get_mut(sku) else { return };
        (s.held, s.sold) = (s.held - held, s.sold - sold);
        s.on_hand += held + sold - lost;
        if let (Some(customer), Some(sale)) = (sale, &mut s.sale) {
            *sale.used.entry(customer.to_owned()).or_default() -= held + sold;
        }
    }

    /// A command of a SKU or of reference data; `None`: it is none of these.
    pub(super) fn say(&mut self, kind: &str, c: &Value) -> Option<Result<Yes, No>> {
        Some(match kind {
            "create_template" => Ok(Yes::default()),
            "create_partner" => {
                self.partners.insert(text(c, "partner_id"), text(c, "kind"));
                Ok(Yes::default())
            }
            "create_product" => {
                let gift = text(c, "kind") == "gift";
                let (price, fee) = (number(c, "price"), number(c, "delivery_fee"));
                let product = Product { gift, price, partner: text(c, "partner_id"), fee };
                self.products.insert(text(c, "product_id"), product);
                Ok(Yes::default())
            }
            "create_sku" => self.create(c),
            "create_campaign" => {
                let limit = c["limit_per_customer"].as_i64();
                let (price, allotted) = (number(c, "price"), number(c, "allotted"));
                self.with(c, |s| {
                    s.sale = Some(ModelSale { price, allotted, limit, used: BTreeMap::new() });
                    Ok(())
                })
            }
            "create_gift_promotion" => {
                let promotion = ModelPromotion {
                    mains: texts(&c["main_product_ids"]),
                    gifts: texts(&c["gift_sku_ids"]),
                    gift_quantity: number(c, "gift_quantity"),
                    main_quantity: number(c, "main_quantity").max(1),
                };
                self.promotions.insert(text(c, "gift_promotion_id"), promotion);
                Ok(Yes::default())
            }
            "receive_stock" | "adjust_stock" => {
                let by = number(c, "quantity");
                self.with(c, |s| s.move_by(by))
            }
            "shrink_stock" => {
                let by = -number(c, "quantity");
                self.with(c, |s| s.move_by(by))
            }
            _ => return None,
        })
    }

    fn create(&mut self, c: &Value) -> Result<Yes, No> {
        let (id, product) = (text(c, "sku_id"), text(c, "product_id"));
        if !self.products.contains_key(&product) {
            return Err(No::Because("unknown_product"));
        }
        if self.skus.contains_key(&id) {
            return Err(No::Because("already_exists"));
        }
        let holder = c["holder_id"].as_str().map(str::to_owned);
        let sku = ModelSku { product, holder, on_hand: 0, held: 0, sold: 0, sale: None, unsure: false };
        self.skus.insert(id, sku);
        Ok(Yes::default())
    }

    fn with(&mut self, c: &Value, change: impl FnOnce(&mut ModelSku) -> Result<(), No>) -> Result<Yes, No> {
        let sku = self.skus.get_mut(&text(c, "sku_id")).ok_or(No::Because("unknown_sku"))?;
        if sku.unsure {
            return Err(No::Unsure);
        }
        change(sku).map(|()| Yes::default())
    }
}

impl ModelSku {
    /// Stock never turns negative.
    fn move_by(&mut self, units: i64) -> Result<(), No> {
        if self.on_hand + units < 0 {
            return Err(No::Because("insufficient_stock"));
        }
        self.on_hand += units;
        Ok(())
    }
}

fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().map_or(&[][..], Vec::as_slice);
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}
