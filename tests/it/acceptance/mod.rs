//! The whole order as files that a merchandiser could follow (`tests/scenarios`): each scenario over an in-process log and
//! SQLite, and over Redis and PostgreSQL; after every step the books must balance, and at the end every command is asked again.

mod after;
mod books;
mod gherkin;
mod given;
mod orders;
mod pattern;
mod rules;
mod scene;
mod then;

use std::{
    panic::AssertUnwindSafe,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use futures_util::{FutureExt as _, StreamExt as _, stream};
use jumun::protocol::OutcomeKind;
use serde_json::Value;

use self::{
    books::Books,
    gherkin::{Feature, Kind, Scenario, Step},
    given::{FACTS, SETTINGS, Set, Tell},
    pattern::{Found, Pattern},
    scene::{Call, Scene},
    then::Look,
};
use crate::support::world::On;

/// How many scenarios of a file run at once.
const AT_ONCE: usize = 4;
/// How long a check may take to come true: news travels between orders.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a scenario may take; one that hangs is to be told apart from its neighbours.
const SCENARIO_MAX: Duration = Duration::from_secs(90);

macro_rules! features {
    ($($name:ident),+ $(,)?) => {
        mod memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::run(crate::support::world::On::Memory, stringify!($name)).await; })+
        }
        mod real {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::run(crate::support::world::On::Real, stringify!($name)).await; })+
        }
        #[test]
        fn every_feature_file_is_run() {
            let files: Vec<String> = gherkin::all().into_iter().map(|f| f.file).collect();
            let run = [$(format!("tests/scenarios/{}.feature", stringify!($name))),+];
            assert_eq!(files, run, "left: the files, right: those that are run");
        }
    };
}

features!(
    claims,
    delivery,
    exchanges,
    fees,
    gift_promotions,
    gifts,
    linked_lanes,
    linked_orders,
    owed,
    payment,
    points,
    procurement,
    refunds,
    returns,
    stock,
);

/// Who may be the subject of a step.
const PEOPLE: [(&str, &str); 9] = [
    ("the buyer", "buyer:u-1"),
    ("another buyer", "buyer:u-2"),
    ("the seller", "seller:p-1"),
    ("the merchandiser", "seller:md-1"),
    ("the operator", "operator:o"),
    ("the payment side", "payment:pg"),
    ("the carrier", "system:carrier"),
    ("the installer", "partner:i-1"),
    ("the warehouse", "system:warehouse"),
];

/// Who, and what of the step is left. A partner is named by its id.
fn subject(text: &str) -> Option<(String, &str)> {
    if let Some(rest) = text.strip_prefix("partner ") {
        let (id, rest) = rest.split_once(' ')?;
        return Some((format!("partner:{id}"), rest));
    }
    let said =
        |(words, actor): &(&str, &str)| Some(((*actor).to_owned(), text.strip_prefix(words)?.strip_prefix(' ')?));
    PEOPLE.iter().find_map(said)
}

const REFUSED: &str = ", but is refused because ";

/// What a step is.
enum Deed {
    Set(Set, Found),
    /// who, what, and the reason that it is refused for
    Tell(String, Tell, Found, Option<String>),
    Look(Look, Found),
    /// until nobody can pay the order any more
    DeadlinePasses,
    Restart,
    /// another system books units into the warehouse
    Outside(String, String),
}

/// The one thing that a step says; none or two are a fault of the file, or of the patterns.
fn understand(step: &Step) -> Result<Deed, String> {
    let text = step.text.trim_end_matches(':');
    let mut deeds = Vec::new();
    if step.kind == Kind::Given {
        let sets = SETTINGS.iter().filter_map(|(p, set)| Some(Deed::Set(*set, Pattern::new(p).read(text)?)));
        deeds.extend(sets);
        let tell =
            |f: &(&'static str, Tell)| Some(Deed::Tell("operator:o".into(), f.1, Pattern::new(f.0).read(text)?, None));
        deeds.extend(FACTS.iter().filter_map(tell));
    }
    if step.kind == Kind::Then {
        deeds.extend(then::WORDS.iter().filter_map(|(p, look)| Some(Deed::Look(*look, Pattern::new(p).read(text)?))));
    } else {
        if let Some((actor, rest)) = subject(text) {
            let (verb, reason) = match rest.split_once(REFUSED) {
                Some((verb, reason)) => (verb, Some(reason.to_owned())),
                None => (rest, None),
            };
            let words = orders::WORDS.iter().chain(after::WORDS);
            let tell = |w: &(&'static str, Tell)| {
                Some(Deed::Tell(actor.clone(), w.1, Pattern::new(w.0).read(verb)?, reason.clone()))
            };
            deeds.extend(words.filter_map(tell));
        }
        match text {
            "the payment deadline passes" => deeds.push(Deed::DeadlinePasses),
            "the server starts over" => deeds.push(Deed::Restart),
            _ => {}
        }
        let outside = Pattern::new("another system books {n} {sku:name} into the warehouse").read(text);
        deeds.extend(outside.map(|f| Deed::Outside(f[0].1.clone(), f[1].1.clone())));
    }
    let said = deeds.len();
    match (deeds.pop(), said) {
        (Some(deed), 1) => Ok(deed),
        (_, 0) => Err("no pattern says this".to_owned()),
        (_, n) => Err(format!("{n} patterns say this")),
    }
}

async fn perform(scene: &mut Scene, step: &Step) -> Result<(), String> {
    match understand(step)? {
        Deed::Set(..) => return Ok(()), // before all else
        Deed::Tell(actor, tell, found, reason) => {
            scene.world().await;
            for row in lanes_of(step) {
                scene.live_in(&row.0, row.1);
            }
            let call = Call { scene, found: &found, table: &step.table, actor: &actor };
            let commands = tell(&call);
            scene.unnoticed = false;
            for command in commands {
                send(scene, &actor, command, reason.as_deref()).await?;
            }
        }
        Deed::Look(look, found) => return watch(scene, step, look, &found).await,
        Deed::DeadlinePasses => {
            let order = scene.order.clone();
            scene.world().await.becomes(&order, "PAYMENT_EXPIRED").await;
        }
        Deed::Restart => scene.world().await.restart().await,
        Deed::Outside(n, sku) => {
            let sku = scene.sku(&sku);
            let sql = format!("UPDATE tb_pd_unt SET stck_qty = stck_qty + {n} WHERE unt_id = '{sku}'");
            scene.world().await.outside(String::leak(sql)).await;
            scene.unnoticed = true;
        }
    }
    if scene.chatty {
        scene.world().await.rest().await;
    }
    Books::read(scene).await.check(scene.unnoticed)
}

/// Goods that a table has live in a certain lane.
fn lanes_of(step: &Step) -> Vec<(String, u32)> {
    let Some((head, rows)) = step.table.split_first() else { return Vec::new() };
    let at = |name: &str| head.iter().position(|h| h == name);
    let (Some(goods), Some(lane)) = (at("goods"), at("lane")) else { return Vec::new() };
    rows.iter().map(|r| (r[goods].clone(), r[lane].parse().expect("a lane is a number"))).collect()
}

async fn send(scene: &mut Scene, actor: &str, mut command: Value, reason: Option<&str>) -> Result<(), String> {
    command["actor"] = actor.into();
    let kind = command["type"].as_str().unwrap_or_default().to_owned();
    scene.chatty |= ["purchase_from_partner", "assign_installer"].contains(&&*kind);
    let answer = scene.world().await.send(command.clone()).await;
    scene.approvals += 10; // each payment has approvals of its own
    let accepted = answer.outcome == OutcomeKind::Accepted;
    if kind == "place_order" && accepted {
        scene.order = command["order_id"].as_str().unwrap_or_default().to_owned();
        scene.placed += 1;
    }
    let told = answer.reason.as_deref().map(str::to_owned);
    let right = match reason {
        None => accepted,
        Some(reason) => answer.outcome == OutcomeKind::Rejected && told.as_deref() == Some(reason),
    };
    let message = answer.message.clone().unwrap_or_default();
    scene.last = Some(answer);
    match (right, reason) {
        (true, _) => Ok(()),
        (false, None) => Err(format!("{command} was refused: {} ({message})", told.unwrap_or_default())),
        (false, Some(reason)) => {
            let was = if accepted {
                "accepted".to_owned()
            } else {
                format!("refused: {} ({message})", told.unwrap_or_default())
            };
            Err(format!("{command} was {was}, and not refused because {reason}"))
        }
    }
}

/// A check comes true, sooner or later, or never.
async fn watch(scene: &mut Scene, step: &Step, look: Look, found: &Found) -> Result<(), String> {
    let begun = Instant::now();
    loop {
        let books = Books::read(scene).await;
        books.check(scene.unnoticed)?;
        let call = Call { scene, found, table: &step.table, actor: "" };
        match look(&books, &call) {
            Ok(()) => return Ok(()),
            Err(why) if begun.elapsed() > PATIENCE => return Err(why),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Runs one scenario; says at which step it failed, and why.
async fn play(on: On, feature: &Feature, scenario: &Scenario) -> Result<(), String> {
    let at = AtomicUsize::new(scenario.line);
    let steps = async {
        let mut scene = Scene::new(on);
        // a policy holds for the whole scenario, also where a background had something done before
        for step in &scenario.steps {
            if let Ok(Deed::Set(set, found)) = understand(step) {
                set(&mut scene, &found);
            }
        }
        for step in &scenario.steps {
            at.store(step.line, Ordering::Relaxed);
            perform(&mut scene, step).await.map_err(|why| format!("{}\n    {why}", step.text))?;
        }
        at.store(scenario.line, Ordering::Relaxed);
        match scene.world.take() {
            Some(world) => world.done().await,
            None => return Err("it asks nothing".to_owned()),
        }
        Ok(())
    };
    let hung = |_| Err(format!("it does not end within {} s", SCENARIO_MAX.as_secs()));
    let steps = async { tokio::time::timeout(SCENARIO_MAX, steps).await.unwrap_or_else(hung) };
    let told = Box::pin(AssertUnwindSafe(steps).catch_unwind()).await.unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        Err(said.unwrap_or("it panicked").to_owned())
    });
    let place = format!("{}:{}", feature.file, at.into_inner());
    told.map_err(|why| format!("{place}: {}: {why}", scenario.name))
}

async fn run(on: On, name: &str) {
    let feature = gherkin::read(name);
    let only = std::env::var("JUMUN_SCENARIO").unwrap_or_default();
    let chosen = feature.scenarios.iter().filter(|s| s.name.contains(&only));
    let told: Vec<Result<(), String>> =
        stream::iter(chosen.map(|s| play(on, &feature, s))).buffer_unordered(AT_ONCE).collect().await;
    let failed: Vec<String> = told.into_iter().filter_map(Result::err).collect();
    assert!(failed.is_empty(), "{} scenarios failed:\n\n{}\n", failed.len(), failed.join("\n\n"));
}

#[test]
fn every_step_is_said_by_one_pattern() {
    let mut wrong = Vec::new();
    for feature in gherkin::all() {
        for step in feature.scenarios.iter().flat_map(|s| &s.steps) {
            if let Err(why) = understand(step) {
                wrong.push(format!("{}:{}: {}: {why}", feature.file, step.line, step.text));
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
