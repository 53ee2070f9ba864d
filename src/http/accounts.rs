//! `GET /v1/orders/{id}/accounts`: by what an order was paid, and where its refunds go. Tokens and account numbers are told
//! nowhere else; who looks is written down first.

use actix_web::{
    HttpRequest,
    web::{self, Json},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::{
    AppState,
    audit::{self, Action},
    caller::Caller,
    problem::ApiError,
    scope,
};
use crate::{
    domain::{Time, money::Won, order::command::PaymentMethod},
    protocol::command::RefundAccount,
    vault::Secret,
};

/// What the payment side needs to know.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AccountsView {
    pub order_id: String,
    pub payments: Vec<PaymentView>,
    /// 가상계좌: that a deposit is or was awaited on
    pub virtual_account_no: Option<String>,
    pub bank_code: Option<String>,
    /// 환불계좌: where refunds go, as the buyer said
    pub refund_account: Option<RefundAccount>,
    /// where one has gone by bank transfer
    pub refunded_to: Option<RefundAccount>,
    /// something is there that this server can't open: another key sealed it
    pub unreadable: bool,
}

/// A payment, by the payment side's own names.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PaymentView {
    pub settlement_no: u16,
    pub method: PaymentMethod,
    pub amount: Won,
    /// what refunds of it go back to
    pub payment_id: Option<String>,
    pub movement_id: Option<String>,
    pub token: Option<String>,
    pub paid_at: Option<Time>,
}

/// `GET /v1/orders/{id}/accounts`.
pub async fn of_order(
    shared: web::Data<AppState>,
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
) -> Result<Json<AccountsView>, ApiError> {
    let order = scope::theirs(&shared, &request, &caller, &id).await?.order;
    audit::note(&shared, &request, &caller, Action::AccountRead, &format!("order:{id}"), &json!({})).await?;
    let store = &shared.parts.store;
    let approvals = store.approvals(&order.id).await?;
    let kept = store.accounts(&order.id).await?;
    let mut unreadable = false;
    let mut open = |what: Secret, number: i64| {
        let row = kept.iter().find(|r| r.prsn_knd_cd == what.code() && r.ord_seq == number)?;
        let opened = store.vault().and_then(|vault| vault.open(&id, what, row.acct_enc.as_deref()?).ok());
        unreadable |= opened.is_none() && row.acct_enc.is_some();
        opened
    };
    // from before they were sealed
    let before = |no: u16| approvals.iter().find(|a| a.stlm_no == i64::from(no)).and_then(|a| a.aprv_tkn.as_deref());
    let tokens: Vec<Option<String>> = order
        .settlements
        .iter()
        .map(|s| open(Secret::Token, s.no.into()).or_else(|| before(s.no).map(str::to_owned)))
        .collect();
    let account = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
    let (refund_account, refunded_to) = (account(open(Secret::RefundAccount, 0)), account(open(Secret::Refund, 0)));
    let number = open(Secret::Payer, 0)
        .or_else(|| kept.iter().find_map(|r| r.vrtl_acct_no.as_deref()).map(str::to_owned))
        .or_else(|| approvals.iter().find_map(|a| a.vrtl_acct_no.as_deref()).map(str::to_owned));
    let payments = order.settlements.iter().zip(tokens).map(|(s, token)| PaymentView {
        settlement_no: s.no,
        method: s.method,
        amount: s.paid,
        payment_id: order.payment_id_of(s),
        movement_id: s.movement_id.clone(),
        token,
        paid_at: s.paid_at,
    });
    Ok(Json(AccountsView {
        order_id: id.into_inner(),
        payments: payments.collect(),
        virtual_account_no: number,
        bank_code: order.deposit.as_ref().and_then(|d| d.bank_code.clone()),
        refund_account,
        refunded_to,
        unreadable,
    }))
}
