//! Rows of personal data: what may be erased, and is in no event. Account numbers and tokens are sealed.

use std::sync::Arc;

use crate::{
    domain::order::Order,
    history::project::approvals,
    protocol::decode::Personal,
    store::rows::PrsnRow,
    vault::{Secret, Vault},
};

/// Tokens of approvals are in no event: they go with personal data, sealed, by the number of the settlement. Without a key
/// none is kept.
///
/// # Errors
/// A sentence, when the machine gives no random bytes.
pub(super) fn tokens(
    order: &Order,
    p: &Personal,
    vault: Option<&Vault>,
    into: &mut Vec<PrsnRow>,
) -> Result<(), String> {
    let Some(vault) = vault.filter(|_| !p.tokens.is_empty()) else { return Ok(()) };
    for row in approvals(order) {
        let Some(kept) = p.tokens.iter().find(|t| *t.approval_id == *row.aprv_id) else { continue };
        let sealed = vault.seal(&row.ord_id, Secret::Token, &kept.token).map_err(|e| e.to_string())?;
        into.push(PrsnRow::sealed(&row.ord_id, Secret::Token, row.stlm_no, sealed.into()));
    }
    Ok(())
}

/// One row a kind: each is written, changed and erased alone.
///
/// # Errors
/// A sentence, when the machine gives no random bytes.
pub(super) fn rows(order: &Order, p: &Personal, vault: Option<&Vault>, into: &mut Vec<PrsnRow>) -> Result<(), String> {
    let id = order.id.shared();
    let text = |t: &Option<String>| t.as_deref().map(Arc::from);
    let row = |kind: &'static str, ord_seq: u16| PrsnRow::blank(&id, kind, ord_seq.into());
    if p.recipient_name.is_some() {
        into.push(PrsnRow {
            rcvr_nm: text(&p.recipient_name),
            tel_no: text(&p.phone),
            zip_no: text(&p.zip),
            addr: text(&p.address),
            addr_dtl: text(&p.address_detail),
            ..row("RECIPIENT", 0)
        });
    }
    let number = vault.zip(p.virtual_account_no.as_deref()).map(|(v, number)| v.seal(&id, Secret::Payer, number));
    let number = number.transpose().map_err(|e| e.to_string())?;
    if number.is_some() || [&p.account_owner, &p.holder, &p.remitter].into_iter().any(Option::is_some) {
        into.push(PrsnRow {
            acct_ownr_nm: text(&p.account_owner),
            dpst_hldr_nm: text(&p.holder),
            rmtr_nm: text(&p.remitter),
            acct_enc: number.map(Arc::from),
            ..row(Secret::Payer.code(), 0)
        });
    }
    // where refunds go, or where one has gone
    let what = if p.transferred { Secret::Refund } else { Secret::RefundAccount };
    let account = vault.zip(p.refund_account.as_ref()).map(|(v, account)| v.seal_account(&id, what, account));
    if let Some(sealed) = account.transpose().map_err(|e| e.to_string())? {
        let dpst_hldr_nm = text(&p.refund_holder);
        into.push(PrsnRow { dpst_hldr_nm, ..PrsnRow::sealed(&id, what, 0, sealed.into()) });
    } else if p.refund_holder.is_some() {
        into.push(PrsnRow { dpst_hldr_nm: text(&p.refund_holder), ..row(Secret::Refund.code(), 0) });
    }
    if let Some((line_no, Some(words))) = &p.review {
        into.push(PrsnRow { rvw_txt: Some(words.as_str().into()), ..row("REVIEW", *line_no) });
    }
    Ok(())
}
