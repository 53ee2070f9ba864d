//! `GET /v1/orders/{id}/accounts`: by what an order was paid, and where its refunds go. Tokens and account numbers are told
//! nowhere else; who looks is written down first.

use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::{
    Shared,
    audit::{self, Action},
    guard::caller,
    problem, scope,
};
use crate::{
    domain::{Time, money::Won, order::command::Means},
    protocol::command::RefundAccount,
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
    /// an account is there that this server can't open: another key sealed it
    pub unreadable: bool,
}

/// A payment, by the payment side's own names.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PaymentView {
    pub settlement_no: u16,
    pub means: Means,
    pub amount: Won,
    /// what refunds of it go back to
    pub payment_id: Option<String>,
    pub movement_id: Option<String>,
    pub token: Option<String>,
    pub paid_at: Option<Time>,
}

/// `GET /v1/orders/{id}/accounts`.
pub async fn of_order(shared: web::Data<Shared>, request: HttpRequest, id: web::Path<String>) -> HttpResponse {
    match view(&shared, &request, &id).await {
        Ok(view) => HttpResponse::Ok().json(view),
        Err(refusal) => refusal,
    }
}

async fn view(shared: &Shared, request: &HttpRequest, id: &str) -> Result<AccountsView, HttpResponse> {
    let order = scope::theirs(shared, request, &caller(request), id).await?.order;
    audit::note(shared, request, Action::AccountRead, &format!("order:{id}"), &json!({})).await?;
    let store = &shared.parts.store;
    let approvals = store.approvals(&order.id).await.map_err(|e| problem::store(&e))?;
    let kept = store.accounts(&order.id).await.map_err(|e| problem::store(&e))?;
    let token = |no: u16| approvals.iter().find(|a| a.stlm_no == i64::from(no)).and_then(|a| a.aprv_tkn.as_deref());
    let payments = order.settlements.iter().map(|s| PaymentView {
        settlement_no: s.no,
        means: s.means,
        amount: s.paid,
        payment_id: order.payment_id_of(s),
        movement_id: s.movement_id.clone(),
        token: token(s.no).map(str::to_owned),
        paid_at: s.paid_at,
    });
    let of = |kind: &str| kept.iter().find(|r| r.prsn_knd_cd == kind);
    let mut unreadable = false;
    let mut opened = |kind: &str| {
        let sealed = of(kind)?.acct_enc.as_deref()?;
        let account = store.vault().and_then(|vault| vault.open(id, sealed).ok());
        unreadable |= account.is_none();
        account
    };
    let (refund_account, refunded_to) = (opened("REFUND_ACCOUNT"), opened("REFUND"));
    let number = of("PAYER").and_then(|r| r.vrtl_acct_no.as_deref());
    let before = approvals.iter().find_map(|a| a.vrtl_acct_no.as_deref());
    Ok(AccountsView {
        order_id: id.to_owned(),
        payments: payments.collect(),
        virtual_account_no: number.or(before).map(str::to_owned),
        bank_code: order.deposit.as_ref().and_then(|d| d.bank_code.clone()),
        refund_account,
        refunded_to,
        unreadable,
    })
}
