//! Account numbers and payment tokens: in one table, sealed, by keys that can be exchanged; and what older versions kept
//! elsewhere and in clear.

use std::path::Path;

use jumun::{domain::ids::OrderId, store, vault::Vault};
use serde_json::{Value, json};

use crate::support::{
    everything::{sql, tables},
    process::{run, verify},
    shop::Shop,
};

const A: &str = "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1";
const B: &str = "b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2";
const C: &str = "c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3";

fn id(key: &str) -> String {
    Vault::new(key).unwrap().id().to_owned()
}

/// A file of keys.
fn file(keys: &[&str]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    write(file.path(), keys);
    file
}

fn write(path: &Path, keys: &[&str]) {
    std::fs::write(path, keys.join("\n")).unwrap();
}

/// An order with everything that is sealed: paid in part by a card's token, refunds to an account; and one that awaits a deposit.
fn secrets(shop: &Shop, n: usize) {
    let place = json!({"order_id": format!("o-{n}"), "customer_id": "u-1", "lines": [{"sku_id": "A", "quantity": 1}],
        "refund_account": {"bank": "088", "number": format!("110-700-{n}"), "holder": "김수취"},
        "payment": {"kind": "approved", "settlements": [{"method": "card", "amount": 13_000,
            "approval": {"approval_id": format!("a-{n}"), "token": format!("tok-{n}-canary")}}]}});
    shop.accepted("operator", "/v1/orders", &format!("place-o-{n}"), &place);
    let place = json!({"order_id": format!("d-{n}"), "customer_id": "u-1", "lines": [{"sku_id": "B", "quantity": 1}],
        "payment": {"kind": "deposit", "method": "virtual_account", "virtual_account_no": format!("110-800-{n}"),
            "bank_code": "088", "remitter": "김송금"}});
    shop.accepted("operator", "/v1/orders", &format!("place-d-{n}"), &place);
}

/// What the payment side reads of them.
fn read(shop: &Shop, n: usize) -> [Value; 3] {
    let (o, d) = (accounts(shop, &format!("o-{n}")), accounts(shop, &format!("d-{n}")));
    assert_eq!((&o["unreadable"], &d["unreadable"]), (&json!(false), &json!(false)), "{o} {d}");
    [o["payments"][0]["token"].clone(), o["refund_account"]["number"].clone(), d["virtual_account_no"].clone()]
}

fn accounts(shop: &Shop, order: &str) -> Value {
    let reply = shop.get("payment", &format!("/v1/orders/{order}/accounts"));
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

fn expected(n: usize) -> [Value; 3] {
    [format!("tok-{n}-canary"), format!("110-700-{n}"), format!("110-800-{n}")].map(Value::from)
}

/// Where in the database secrets stand in clear.
async fn in_clear(shop: &Shop) -> Vec<String> {
    let all = tables(&shop.setting.database).await;
    let has = |text: &str| ["-canary", "110-700-", "110-800-"].iter().any(|c| text.contains(c));
    all.into_iter().filter(|(_, text)| has(text)).map(|(name, _)| name).collect()
}

async fn again(shop: &mut Shop) {
    shop.server.kill9();
    shop.server = shop.setting.start();
    shop.server.ready().await;
    shop.address = shop.server.address().expect("it says where");
}

/// What `jumun serve` says when it does not start.
fn refused(shop: &Shop, keys: &[&str]) -> String {
    let mut words = vec!["serve", "--database", &*shop.setting.database, "--no-auth", "--listen", "127.0.0.1:0"];
    if !shop.setting.redis.is_empty() {
        words.extend(["--redis", &*shop.setting.redis, "--namespace", &*shop.setting.namespace]);
    }
    words.extend(keys);
    let (code, text) = run(&words);
    assert_eq!(code, Some(1), "{text}");
    text
}

fn reseal(shop: &Shop, more: &[&str]) -> (Option<i32>, String) {
    run(&[&["reseal", "--database", &*shop.setting.database], more].concat())
}

#[tokio::test]
async fn keys_are_exchanged_while_the_shop_is_open() {
    let keys = file(&[A]);
    let path = keys.path().to_str().unwrap();
    for mut shop in [Shop::open(&["--account-key-file", path]).await, Shop::file(&["--account-key-file", path]).await] {
        write(keys.path(), &[A]);
        shop.stock();
        secrets(&shop, 1);
        assert_eq!(in_clear(&shop).await, Vec::<String>::new());
        // nothing to do, and nothing needless
        let (code, text) = reseal(&shop, &["--account-key-file", path]);
        assert_eq!(code, Some(0), "{text}");
        assert!(text.contains("3 values: 0 sealed again") && text.contains("no other key is needed"), "{text}");
        // the server still seals by the old key: it is needed, whatever was sealed anew
        let new = file(&[B, A]);
        let (code, text) = reseal(&shop, &["--account-key-file", new.path().to_str().unwrap()]);
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains("3 sealed again") && text.contains("partition 0 seals by another key"), "{text}");
        assert!(text.contains(&id(B)) && !text.contains("needed no more"), "{text}");
        write(keys.path(), &[B, A]);
        again(&mut shop).await;
        secrets(&shop, 2);
        assert_eq!((read(&shop, 1), read(&shop, 2)), (expected(1), expected(2)));
        // beside a server that goes on selling
        let done = std::thread::scope(|scope| {
            let selling = scope.spawn(|| (3..8).for_each(|n| secrets(&shop, n)));
            let done = reseal(&shop, &["--account-key-file", path]);
            selling.join().unwrap();
            done
        });
        assert_eq!(done.0, Some(0), "{}", done.1);
        assert!(done.1.contains(&format!("needed no more: {}", id(A))), "{}", done.1);
        assert_eq!(in_clear(&shop).await, Vec::<String>::new());
        write(keys.path(), &[B]);
        again(&mut shop).await;
        for n in 1..8 {
            assert_eq!(read(&shop, n), expected(n), "order {n}");
        }
        let (code, report) = verify(&shop.setting);
        assert_eq!(code, Some(0), "{report}");
    }
}

#[tokio::test]
async fn a_key_that_is_missing_is_said_at_the_start_and_nothing_is_lost() {
    let keys = file(&[A]);
    let path = keys.path().to_str().unwrap();
    let other = file(&[C]);
    let other = other.path().to_str().unwrap();
    for mut shop in [Shop::open(&["--account-key-file", path]).await, Shop::file(&["--account-key-file", path]).await] {
        write(keys.path(), &[A]);
        shop.stock();
        secrets(&shop, 1);
        shop.server.kill9();
        let before = tables(&shop.setting.database).await;
        for keys in [&["--account-key-file", other][..], &[]] {
            let text = refused(&shop, keys);
            assert!(text.contains(&id(A)) && text.contains("Nothing is lost"), "{keys:?}: {text}");
            assert!(!text.contains(A) && !text.contains(C), "{text}");
        }
        // no key is made beside a file that needs another one
        if let Some(file) = shop.setting.database.strip_prefix("sqlite:") {
            assert!(!Path::new(&format!("{file}.key")).exists());
        }
        let (code, text) = reseal(&shop, &["--account-key-file", other]);
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains("open by no key here, of orders d-1, o-1, o-1"), "{text}");
        let after = tables(&shop.setting.database).await;
        assert_eq!(after.len(), before.len());
        for (was, is) in before.iter().zip(&after).filter(|(was, _)| was.0 == "tb_od_ord_prsn") {
            assert_eq!(was, is);
        }
        // with it, all is there
        again(&mut shop).await;
        assert_eq!(read(&shop, 1), expected(1));
        // or it is given up, and the shop opens
        shop.server.kill9();
        let (code, text) = reseal(&shop, &["--give-up", "0000"]);
        assert!(code == Some(1) && text.contains(&id(A)), "{text}");
        assert_eq!(reseal(&shop, &["--give-up", &id(A)]).0, Some(0));
        write(keys.path(), &[C]);
        again(&mut shop).await;
        let told = accounts(&shop, "o-1");
        assert_eq!((&told["unreadable"], &told["refund_account"]), (&json!(true), &Value::Null), "{told}");
        secrets(&shop, 2);
        assert_eq!(read(&shop, 2), expected(2));
    }
}

/// A database whose values were sealed before keys had ids, and whose keys were noted nowhere.
#[tokio::test]
async fn accounts_from_before_keys_had_ids_are_opened_kept_and_sealed_anew() {
    let keys = file(&[A]);
    let path = keys.path().to_str().unwrap();
    // by A, for o-1, as it was done before
    let old = "1.000102030405060708090a0b\
        b2460249b31d45d991871e3f61454fec488e4b6950ad0658f4c5ab8a952946dc94a45f683bb42c2557573d96c8bd4470725d\
        945904db94f729d49eb82e4e2ed1298c66756dd9850a937f13964f";
    for mut shop in [Shop::open(&["--account-key-file", path]).await, Shop::file(&["--account-key-file", path]).await] {
        write(keys.path(), &[A]);
        shop.stock();
        secrets(&shop, 1);
        shop.server.kill9();
        let put = format!(
            "UPDATE tb_od_ord_prsn SET acct_enc = '{old}' WHERE ord_id = 'o-1' AND prsn_knd_cd = 'REFUND_ACCOUNT'"
        );
        sql(
            &shop.setting.database,
            &[
                &put,
                "DELETE FROM tb_od_ord_prsn WHERE prsn_knd_cd <> 'REFUND_ACCOUNT'",
                "DELETE FROM tb_sy_meta WHERE key LIKE 'account%' OR key LIKE 'seals%'",
            ],
        )
        .await;
        let other = file(&[C]);
        let text = refused(&shop, &["--account-key-file", other.path().to_str().unwrap()]);
        assert!(text.contains("Nothing is lost"), "{text}");
        again(&mut shop).await;
        assert_eq!(accounts(&shop, "o-1")["refund_account"]["number"], "110-123-456789");
        write(keys.path(), &[B, A]);
        again(&mut shop).await;
        assert_eq!(accounts(&shop, "o-1")["refund_account"]["number"], "110-123-456789");
        let (code, text) = reseal(&shop, &["--account-key-file", path]);
        assert!(code == Some(0) && text.contains("1 sealed again") && text.contains(&id(A)), "{text}");
        write(keys.path(), &[B]);
        again(&mut shop).await;
        assert_eq!(accounts(&shop, "o-1")["refund_account"]["number"], "110-123-456789");
    }
}

/// Without a key nothing is kept that would have to be sealed, and payments go on.
#[tokio::test]
async fn without_a_key_no_secret_is_kept_and_payments_go_on() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    let payment = json!({"kind": "approved", "settlements": [{"method": "card", "amount": 13_000,
        "approval": {"approval_id": "a-1", "token": "tok-1-canary"}}]});
    let place = json!({"order_id": "o-1", "customer_id": "u-1", "lines": [{"sku_id": "A", "quantity": 1}],
        "payment": payment});
    shop.accepted("operator", "/v1/orders", "place-o-1", &place);
    let deposit = json!({"order_id": "d-1", "customer_id": "u-1", "lines": [{"sku_id": "B", "quantity": 1}],
        "payment": {"kind": "deposit", "method": "virtual_account", "virtual_account_no": "110-800-1",
            "bank_code": "088", "remitter": "김송금"}});
    shop.accepted("operator", "/v1/orders", "place-d-1", &deposit);
    assert_eq!(in_clear(&shop).await, Vec::<String>::new());
    let (o, d) = (accounts(&shop, "o-1"), accounts(&shop, "d-1"));
    assert_eq!((&o["payments"][0]["token"], &d["virtual_account_no"]), (&Value::Null, &Value::Null));
    assert_eq!((&o["unreadable"], &d["unreadable"]), (&json!(false), &json!(false)), "{o} {d}");
    let mut place = place;
    place["order_id"] = "o-2".into();
    place["refund_account"] = json!({"bank": "088", "number": "110-700-1", "holder": "김수취"});
    assert_eq!(shop.send("operator", "/v1/orders", "place-o-2", &place).status, 422);
}

/// The kind: data of the release before 0007 kept tokens and account numbers in events and rows. The migration takes them out of
/// both, the histories fold to the rows as before, and what is to be kept is sealed by a command.
#[tokio::test]
async fn what_older_events_hold_is_taken_out_of_them_and_sealed() {
    let keys = file(&[A]);
    let path = keys.path().to_str().unwrap();
    for mut shop in [Shop::open(&["--account-key-file", path]).await, Shop::file(&["--account-key-file", path]).await] {
        shop.stock();
        for n in 1..5 {
            secrets(&shop, n);
        }
        // d-1 waits, d-2 is paid, d-3 is given up and paid late, d-4's person was erased
        shop.accepted("operator", "/v1/orders/d-2/confirm_deposit", "deposit-2", &json!({"amount": 13_000}));
        for n in [3, 4] {
            shop.accepted("operator", &format!("/v1/orders/d-{n}/cancel_payment"), &format!("gave-up-{n}"), &json!({}));
        }
        shop.accepted("operator", "/v1/orders/d-3/confirm_deposit", "deposit-3", &json!({"amount": 13_000}));
        shop.server.kill9();
        let url = shop.setting.database.clone();
        as_before(&url).await;
        let before = in_clear(&shop).await;
        for table in ["tb_od_ord_hist", "tb_sc_crcd_aprv", "tb_od_stlm"] {
            assert!(before.iter().any(|t| t == table), "{table}: {before:?}");
        }
        let of_tables = || run(&["verify", "--database", &url]);
        let (code, report) = of_tables();
        assert_eq!(code, Some(0), "before: {report}");
        let opened = store::open(&url).await.unwrap();
        opened.migrate().await.unwrap();
        let left = in_clear(&shop).await;
        assert!(left.iter().all(|t| t == "tb_od_ord_prsn" || t == "tb_sc_crcd_aprv"), "{left:?}");
        let histories = opened.orders(&[OrderId::stored("o-1"), OrderId::stored("d-3")]).await.unwrap();
        assert!(histories.iter().flatten().all(|r| !r.evnt.contains("\"token\"") && !r.evnt.contains("account_no")));
        assert!(histories.iter().flatten().any(|r| r.evnt.contains("\"bank_code\":\"088\"")), "the rest stays");
        drop(opened);
        let (code, report) = of_tables();
        assert_eq!(code, Some(0), "after: {report}");
        again(&mut shop).await;
        assert!(shop.server.log().contains("run jumun reseal"), "{}", shop.server.log());
        assert_eq!(read(&shop, 1), expected(1), "it is read in clear until then");
        let (code, text) = reseal(&shop, &["--account-key-file", path]);
        // four tokens, three numbers
        assert!(code == Some(0) && text.contains("7 sealed that were in clear"), "{text}");
        assert_eq!(in_clear(&shop).await, Vec::<String>::new());
        for n in 1..4 {
            assert_eq!(read(&shop, n), expected(n), "order {n}");
        }
        assert_eq!(accounts(&shop, "d-4")["virtual_account_no"], Value::Null, "who was erased stays so");
        again(&mut shop).await;
        assert!(!shop.server.log().contains("run jumun reseal"), "{}", shop.server.log());
        let (code, report) = of_tables();
        assert_eq!(code, Some(0), "sealed: {report}");
        // and the orders go on
        shop.accepted("operator", "/v1/orders/d-1/confirm_deposit", "deposit-1", &json!({"amount": 13_000}));
        let (code, report) = of_tables();
        assert_eq!(code, Some(0), "paid: {report}");
    }
}

/// Makes the database one of before: secrets in events and rows, by the numbers of the orders.
async fn as_before(url: &str) {
    let number = "'110-800-' || substr(ord_id, 3)";
    let token = "'tok-' || substr(ord_id, 3) || '-canary'";
    let all = [
        "DELETE FROM _sqlx_migrations WHERE version = 19".to_owned(),
        // the names that events had then
        "UPDATE tb_od_ord_hist SET evnt = replace(replace(evnt, 'late_payment_received', 'late_payment_taken'), \
         '\"method\":', '\"means\":'), \
         evnt_typ_cd = replace(evnt_typ_cd, 'late_payment_received', 'late_payment_taken'), evnt_ver = 1"
            .to_owned(),
        "DELETE FROM tb_od_ord_prsn WHERE prsn_knd_cd = 'TOKEN' OR ord_id = 'd-4'".to_owned(),
        "UPDATE tb_od_ord_prsn SET acct_enc = NULL WHERE prsn_knd_cd = 'PAYER'".to_owned(),
        format!(
            "UPDATE tb_od_ord_hist SET evnt = replace(evnt, '\"bank_code\":', '\"account_no\":\"' || {number} || \
             '\",\"bank_code\":') WHERE ord_id LIKE 'd-%'"
        ),
        format!(
            "UPDATE tb_od_ord_hist SET evnt = replace(evnt, '\"approval_id\":\"deposit\"', '\"approval_id\":\"' || \
             {number} || '\"') WHERE ord_id LIKE 'd-%'"
        ),
        format!(
            "UPDATE tb_od_ord_hist SET evnt = replace(evnt, '\"approval_id\":\"a-' || substr(ord_id, 3) || '\"', \
             '\"approval_id\":\"a-' || substr(ord_id, 3) || '\",\"token\":\"' || {token} || '\"') WHERE ord_id LIKE 'o-%'"
        ),
        format!("UPDATE tb_sc_crcd_aprv SET aprv_tkn = {token} WHERE ord_id LIKE 'o-%'"),
        format!("UPDATE tb_sc_crcd_aprv SET vrtl_acct_no = {number} WHERE ord_id LIKE 'd-%' AND stlm_no = 1"),
        format!("UPDATE tb_sc_crcd_aprv SET vrtl_acct_no = {number} WHERE ord_id LIKE 'd-%' AND bank_cd IS NOT NULL"),
        format!("UPDATE tb_sc_crcd_aprv SET aprv_id = {number} WHERE ord_id LIKE 'd-%' AND aprv_id = 'deposit'"),
        format!(
            "UPDATE tb_od_stlm SET pay_mns_rel_id = {number} WHERE ord_id LIKE 'd-%' \
             AND coalesce(pay_mns_rel_id, 'deposit') = 'deposit'"
        ),
        "UPDATE tb_od_ord SET cust_id = 'u-erased' WHERE ord_id = 'd-4'".to_owned(),
        "UPDATE tb_od_ord_hist SET evnt = replace(evnt, '\"customer_id\":\"u-1\"', '\"customer_id\":\"u-erased\"') \
         WHERE ord_id = 'd-4'"
            .to_owned(),
        "INSERT INTO tb_sy_door_adit (adit_id, adit_knd_cd, actr, trgt, adit_dtl, req_id, adit_dttm) SELECT 'erased', \
         'PERSON_ERASED', 'operator:boss', 'customer:u-erased', '{}', 'r', hist_dttm FROM tb_od_ord_hist \
         WHERE ord_id = 'd-4' AND hist_no = 1"
            .to_owned(),
    ];
    sql(url, &all.iter().map(String::as_str).collect::<Vec<_>>()).await;
}
