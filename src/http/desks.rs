//! Operators by their task (직무): which of an operator's commands each may send. An operator's own token may send them all. Which
//! routes each may use stands in the table of routes.

use super::tokens::Role;

/// Orders and claims, from placement to the last exchange; no money and no goods.
const SUPPORT: &[&str] = &[
    "place_order",
    "cancel_payment",
    "cancel_lines",
    "prepare",
    "confirm_stock",
    "purchase_from_partner",
    "purchase_from_non_partner",
    "use_own_stock",
    "assign_installer",
    "set_shipping_address",
    "complete_procurement",
    "cancel_procurement",
    "report_stock_loss",
    "ship",
    "register_waybill",
    "update_waybill",
    "mark_delivered",
    "confirm_installer_delivery",
    "complete_installation",
    "fail_installation",
    "confirm_purchase",
    "request_return",
    "approve_return",
    "reject_return",
    "withdraw_return",
    "collect_return",
    "complete_return",
    "request_exchange",
    "withdraw_exchange",
    "approve_exchange",
    "waive_collection",
    "set_refund_account",
    "reject_exchange",
    "add_gift",
];
/// Goods, stock, campaigns and promotions.
const STOCK: &[&str] = &[
    "shrink_stock",
    "receive_stock",
    "adjust_stock",
    "create_sku",
    "create_product",
    "create_template",
    "authorize_buyer",
    "revoke_buyer",
    "create_promotion",
    "create_gift_promotion",
    "update_gift_promotion",
    "create_campaign",
    "update_product",
    "update_template",
    "update_campaign",
    "pause_campaign",
    "resume_campaign",
];
/// Money that comes in and goes back.
const FINANCE: &[&str] = &[
    "approve_payment",
    "decline_payment",
    "cancel_payment",
    "confirm_deposit",
    "confirm_refund",
    "fail_refund",
    "refund_by_bank_transfer",
    "set_refund_account",
    "waive_debt",
];
/// What is sent with a command in it.
const PREVIEW: &str = "preview";

/// Whether somebody of this role may send an operator's command of this type.
pub fn sends(role: Role, command: &str) -> bool {
    let own = match role {
        Role::Operator => return true,
        Role::Support => SUPPORT,
        Role::Stock => STOCK,
        Role::Finance => FINANCE,
        Role::Privacy | Role::Checkout | Role::Partner | Role::Payment | Role::Auditor | Role::Metrics => return false,
    };
    // of a stock keeper's there is nothing to be previewed
    own.contains(&command) || (command == PREVIEW && role != Role::Stock)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::command::{ActorRole as Actor, Wire};

    /// What only an operator may: losses that are written off, and who sells here at all.
    const NOBODY_ELSE: [&str; 3] = ["write_off_return", "create_partner", "update_partner"];

    #[test]
    fn each_command_of_an_operators_is_on_somebodys_desk_or_on_none_on_purpose() {
        let of_operators: Vec<&str> =
            Wire::ROLES.iter().filter(|(_, may)| may.contains(&Actor::Operator)).map(|(name, _)| *name).collect();
        for name in &of_operators {
            let desks = [Role::Support, Role::Stock, Role::Finance, Role::Privacy].map(|role| sends(role, name));
            assert_eq!(desks.contains(&true), !NOBODY_ELSE.contains(name), "{name}: {desks:?}");
            assert!(sends(Role::Operator, name));
        }
        for name in [SUPPORT, STOCK, FINANCE].concat() {
            assert!(of_operators.contains(&name), "{name} is no command of an operator's");
        }
    }
}
