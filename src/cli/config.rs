//! Configuration: flags over environment over a TOML file, refused with a sentence where it makes no sense.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use clap::{Args, builder::BoolishValueParser};

use super::environment::slipped;
use crate::{
    clock::{Clock, RealClock},
    domain::{
        calendar::Holidays,
        catalog::{
            Approvals, CouponBase, PointsBase, PointsPolicy, Policy, PreparePolicy, Remote, ReturnThreshold,
            StockPolicy,
        },
        gift::Unpromoted,
        money::Won,
        order::delivery::Zone,
        renames::RENAMES,
    },
    http_client::Certificates,
    lane::traces::{
        Traces,
        export::{self, Exporter},
    },
    log::{
        CommandLog, Retention,
        memory::{MemoryBounds, MemoryLog},
        redis::RedisLog,
    },
    secrets,
    store::{self, Store},
};

/// Where commands come from and the truth is kept.
#[derive(Debug, Clone, Args)]
pub struct ConnectionArgs {
    /// postgres://… or sqlite:PATH [default: sqlite:jumun.db]
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database: Option<String>,
    /// The same from a file: an URL holds a password, and variables show in more places than files
    #[arg(long, env = "DATABASE_URL_FILE", value_name = "FILE", conflicts_with = "database")]
    database_file: Option<PathBuf>,
    /// redis://… or rediss://…; without it commands come in over HTTP only, through an in-process log
    #[arg(long, env = "REDIS_URL", hide_env_values = true, value_name = "URL")]
    redis: Option<String>,
    /// The same from a file
    #[arg(long, env = "REDIS_URL_FILE", value_name = "FILE", conflicts_with = "redis")]
    redis_file: Option<PathBuf>,
    /// First part of the Redis keys
    #[arg(long, env = "JUMUN_NAMESPACE", default_value = "jumun")]
    pub namespace: String,
    #[command(flatten)]
    pub redis_tls: RedisTlsArgs,
    #[command(flatten)]
    insecure: InsecureArgs,
}

/// Whether servers on other machines may be reached in clear.
#[derive(Debug, Clone, Args)]
pub struct InsecureArgs {
    /// Go on with a Redis without a password or TLS, or a PostgreSQL whose certificate is not looked at or that is told no
    /// password, though it is on another machine
    #[arg(long, env = "JUMUN_INSECURE_BACKENDS", value_parser = BoolishValueParser::new())]
    insecure_backends: bool,
}

impl InsecureArgs {
    /// Refuses a database to which passwords and orders would go in clear, or that lets anybody in, where others may listen.
    ///
    /// # Errors
    /// A sentence that says why.
    pub fn database(&self, url: &str) -> anyhow::Result<()> {
        self.accept("PostgreSQL", store::insecure(url).context("the database can't be opened")?)
    }

    /// Refuses such a Redis.
    ///
    /// # Errors
    /// A sentence that says why.
    pub fn redis(&self, url: &str) -> anyhow::Result<()> {
        self.accept("Redis", RedisLog::insecure(url).context("Redis can't be used")?)
    }

    fn accept(&self, server: &str, doubt: Option<&str>) -> anyhow::Result<()> {
        match doubt.filter(|_| !self.insecure_backends) {
            Some(why) => bail!("{server} is on another machine and {why}. --insecure-backends goes on all the same"),
            None => Ok(()),
        }
    }
}

/// How a Redis behind `rediss://` is trusted.
#[derive(Debug, Clone, Default, Args)]
pub struct RedisTlsArgs {
    /// Authorities (PEM) by which a rediss:// server is trusted [default: the system's]
    #[arg(long, env = "JUMUN_REDIS_CA", value_name = "FILE")]
    redis_ca: Option<PathBuf>,
    /// Certificate (PEM) to show to a rediss:// server that asks for one
    #[arg(long, env = "JUMUN_REDIS_CERT", value_name = "FILE", requires = "redis_key")]
    redis_cert: Option<PathBuf>,
    /// Its key (PEM)
    #[arg(long, env = "JUMUN_REDIS_KEY", value_name = "FILE", requires = "redis_cert")]
    redis_key: Option<PathBuf>,
}

impl RedisTlsArgs {
    /// What the files hold.
    ///
    /// # Errors
    /// A sentence, when one can't be read.
    pub fn certificates(&self) -> anyhow::Result<Certificates> {
        Certificates::read(self.redis_ca.as_deref(), self.redis_cert.as_deref().zip(self.redis_key.as_deref()))
    }
}

impl ConnectionArgs {
    fn database(&self) -> anyhow::Result<Option<String>> {
        said(self.database.as_ref(), "--database-file", self.database_file.as_deref())
    }

    /// Where the log is, if it is at a server.
    ///
    /// # Errors
    /// A sentence, when the file can't be read that says it.
    pub fn redis(&self) -> anyhow::Result<Option<String>> {
        said(self.redis.as_ref(), "--redis-file", self.redis_file.as_deref())
    }

    /// Opens the store, without touching its schema.
    ///
    /// # Errors
    /// A sentence, when it can't be reached or used.
    pub async fn store(&self) -> anyhow::Result<Arc<dyn Store>> {
        self.store_by(store::PATIENCE).await
    }

    /// The same with so much patience for each answer of a server.
    ///
    /// # Errors
    /// As [`ConnectionArgs::store`] says.
    pub async fn store_by(&self, patience: Duration) -> anyhow::Result<Arc<dyn Store>> {
        let url = match self.database()? {
            Some(url) => url,
            None => {
                slipped("DATABASE_URL", variables())?;
                "sqlite:jumun.db".into()
            }
        };
        self.insecure.database(&url)?;
        store::open_by(&url, patience).await.context("the database can't be opened")
    }

    /// Refuses servers to which passwords and orders would go in clear, or that let anybody in, where others may listen.
    ///
    /// # Errors
    /// A sentence that names the first.
    pub fn secure(&self) -> anyhow::Result<()> {
        self.database()?.map_or(Ok(()), |url| self.insecure.database(&url))?;
        self.redis()?.map_or(Ok(()), |url| self.insecure.redis(&url))
    }

    /// Opens the log.
    ///
    /// # Errors
    /// A sentence, when it can't be reached.
    pub async fn log(&self, clock: &Arc<dyn Clock>) -> anyhow::Result<Arc<dyn CommandLog>> {
        let name = &self.namespace;
        ensure!(
            (1..=32).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')),
            "a namespace is 1 to 32 letters, digits, - and _, not {name:?}"
        );
        match &self.redis()? {
            Some(url) => {
                self.insecure.redis(url)?;
                let certificates = self.redis_tls.certificates()?;
                Ok(Arc::new(RedisLog::connect_by(url, name, &certificates).await.context("Redis can't be used")?))
            }
            None => {
                slipped("REDIS_URL", variables())?;
                Ok(memory_log(clock))
            }
        }
    }
}

fn variables() -> impl Iterator<Item = String> {
    std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned())
}

/// What a setting or the file in its place says; an end of line is none of it.
fn said(value: Option<&String>, flag: &str, file: Option<&Path>) -> anyhow::Result<Option<String>> {
    let Some(path) = file else { return Ok(value.cloned()) };
    let text = secrets::read(path).with_context(|| format!("{flag} {} can't be read", path.display()))?;
    let text = text.trim();
    ensure!(!text.is_empty(), "{flag} {} is empty", path.display());
    Ok(Some(text.to_owned()))
}

/// The in-process log, by the given clock.
pub fn memory_log(clock: &Arc<dyn Clock>) -> Arc<dyn CommandLog> {
    let clock = Arc::clone(clock);
    let ms = Arc::new(move || u64::try_from(clock.now().timestamp_millis()).unwrap_or(0));
    let bounds = MemoryBounds { waiting_max: 200_000, kept_max: 10_000, out_bytes_max: 128 * 1024 * 1024 };
    Arc::new(MemoryLog::new(ms, bounds))
}

/// The business's settings (the † of the domain).
#[derive(Debug, Clone, Args)]
pub struct PolicyArgs {
    /// How long an unpaid order holds its units, in seconds
    #[arg(long, env = "JUMUN_PAYMENT_WINDOW", default_value_t = 1_800.0, value_name = "SECONDS")]
    pub payment_window: f64,
    /// How long a bank deposit may take, in seconds
    #[arg(long, env = "JUMUN_DEPOSIT_WINDOW", default_value_t = 86_400.0, value_name = "SECONDS")]
    pub deposit_window: f64,
    /// When SKUs without a campaign leave the shelf: hold (at placement) or deduct (at payment)
    #[arg(long, env = "JUMUN_STOCK_POLICY", default_value = "hold", value_parser = stock_policy, value_name = "POLICY")]
    pub stock_policy: StockPolicy,
    /// When paid orders are prepared: manual, immediate, or after a number of seconds
    #[arg(long, env = "JUMUN_PREPARE", default_value = "manual", value_parser = prepare_policy, value_name = "POLICY")]
    pub prepare: PreparePolicy,
    /// When a delivery counts as revenue: delivered, or business-day (the next one, where it is none)
    #[arg(long, env = "JUMUN_REVENUE", default_value = "delivered", value_parser = ["delivered", "business-day"], value_name = "POLICY")]
    pub revenue: String,
    /// Days that are no business days, besides weekends, in Korean time: 2026-10-05,2026-10-09
    #[arg(long, env = "JUMUN_HOLIDAYS", value_parser = Holidays::parse, value_name = "DATES")]
    pub holidays: Option<Holidays>,
    /// When points are earned: at-confirmation (of the purchase) or at-delivery (a return reverses them then)
    #[arg(long, env = "JUMUN_POINTS", default_value = "at-confirmation", value_parser = points_policy, value_name = "POLICY")]
    pub points: PointsPolicy,
    /// What may come along of a gift that stands in no gift promotion (a closed one counts): one-per-unit (of the main line), or refuse
    #[arg(long, env = "JUMUN_GIFTS_WITHOUT_PROMOTION", default_value = "one-per-unit", value_parser = unpromoted, value_name = "POLICY")]
    pub gifts_without_promotion: Unpromoted,
    /// 자동구매확정: confirm a purchase so many days after delivery (or installation) by itself [default: never]
    #[arg(long, env = "JUMUN_AUTO_CONFIRM", value_name = "DAYS")]
    pub auto_confirm: Option<f64>,
    /// What points are earned on: money (points that were used earn none) or all that was paid
    #[arg(long, env = "JUMUN_POINTS_BASE", default_value = "money", value_parser = points_base, value_name = "BASE")]
    pub points_base: PointsBase,
    /// What a coupon's rate applies to: total (of the line), or rest (what the promotion left of it)
    #[arg(long, env = "JUMUN_COUPON_BASE", default_value = "total", value_parser = coupon_base, value_name = "BASE")]
    pub coupon_base: CouponBase,
    /// Whether a free-delivery threshold makes the way back free, too: applies or ignored
    #[arg(long, env = "JUMUN_RETURN_THRESHOLD", default_value = "applies", value_parser = return_threshold, value_name = "POLICY")]
    pub return_threshold: ReturnThreshold,
    /// Where delivery costs a surcharge: FROM-TO:ZONE:WON with commas between, zones jeju and island; "none" for nowhere
    /// [default: 63000-63644:jeju:3000,23100-23136:island:5000,40200-40240:island:5000]
    #[arg(long, env = "JUMUN_SURCHARGES", value_parser = surcharges, value_name = "ZIPS")]
    pub surcharges: Option<Surcharges>,
    /// Whose word is taken that money came in: any (of whoever may send the command) or callbacks-only (the payment service's,
    /// by signed call-backs; see docs/guide/payments.md)
    #[arg(long, env = "JUMUN_APPROVALS", default_value = "any", value_parser = approvals, value_name = "POLICY")]
    pub approvals: Approvals,
    /// Take what the stream "checkout" says of money that came in: placements that bring their payment, and approve_payment
    #[arg(long, env = "JUMUN_TRUST_CHECKOUT_PAYMENTS")]
    pub trust_checkout_payments: bool,
}

/// A list, so that the command line takes it for one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surcharges(Vec<Remote>);

fn return_threshold(text: &str) -> Result<ReturnThreshold, String> {
    match text {
        "applies" => Ok(ReturnThreshold::Applies),
        "ignored" => Ok(ReturnThreshold::Ignored),
        other => Err(format!("applies or ignored, not {other:?}")),
    }
}

fn points_policy(text: &str) -> Result<PointsPolicy, String> {
    match text {
        "at-confirmation" => Ok(PointsPolicy::AtConfirmation),
        "at-delivery" => Ok(PointsPolicy::AtDelivery),
        other => Err(format!("{other:?} is neither at-confirmation nor at-delivery")),
    }
}

fn unpromoted(text: &str) -> Result<Unpromoted, String> {
    match text {
        "one-per-unit" => Ok(Unpromoted::OnePerUnit),
        "refuse" => Ok(Unpromoted::Refuse),
        other => Err(format!("{other:?} is neither one-per-unit nor refuse")),
    }
}

fn points_base(text: &str) -> Result<PointsBase, String> {
    match text {
        "money" => Ok(PointsBase::Money),
        "all" => Ok(PointsBase::All),
        other => Err(format!("{other:?} is neither money nor all")),
    }
}

fn coupon_base(text: &str) -> Result<CouponBase, String> {
    match text {
        "total" => Ok(CouponBase::Total),
        "rest" => Ok(CouponBase::Rest),
        other => Err(format!("{other:?} is neither total nor rest")),
    }
}

fn approvals(text: &str) -> Result<Approvals, String> {
    match text {
        "any" => Ok(Approvals::Any),
        "callbacks-only" => Ok(Approvals::CallbacksOnly),
        other => Err(format!("{other:?} is neither any nor callbacks-only")),
    }
}

fn surcharges(text: &str) -> Result<Surcharges, String> {
    if text == "none" {
        return Ok(Surcharges(Vec::new()));
    }
    let one = |part: &str| {
        let bad = || format!("{part:?} is not like 63000-63644:jeju:3000");
        let [zips, zone, won] = part.split(':').collect::<Vec<_>>().try_into().map_err(|_| bad())?;
        let (from, to) = zips.split_once('-').unwrap_or((zips, zips));
        let zip = |z: &str| z.parse::<u32>().ok().filter(|z| *z <= 99_999).ok_or_else(bad);
        let zone = match zone {
            "jeju" => Zone::Jeju,
            "island" => Zone::Island,
            _ => return Err(bad()),
        };
        let won = won.parse::<u32>().map_err(|_| bad())?;
        let (from, to) = (zip(from)?, zip(to)?);
        if from > to {
            return Err(bad());
        }
        Ok(Remote { from, to, zone, surcharge: Won::new(i64::from(won)) })
    };
    Ok(Surcharges(text.split(',').map(str::trim).map(one).collect::<Result<_, _>>()?))
}

fn stock_policy(text: &str) -> Result<StockPolicy, String> {
    match text {
        "hold" => Ok(StockPolicy::HoldAtPlacement),
        "deduct" => Ok(StockPolicy::DeductAtPayment),
        other => Err(format!("{other:?} is neither hold nor deduct")),
    }
}

fn prepare_policy(text: &str) -> Result<PreparePolicy, String> {
    match text {
        "manual" => Ok(PreparePolicy::ByHand),
        "immediate" => Ok(PreparePolicy::AtOnce),
        other => match other.parse::<u64>() {
            Ok(s) if s > 0 => Ok(PreparePolicy::After(Duration::from_secs(s))),
            Ok(_) | Err(_) => Err(RENAMES
                .flag_value("--prepare", other)
                .unwrap_or_else(|| format!("{other:?} is neither manual, immediate nor a number of seconds"))),
        },
    }
}

/// A number of seconds within reason.
///
/// # Errors
/// A sentence that names the setting.
pub fn seconds(name: &str, value: f64, min: f64, max: f64) -> anyhow::Result<Duration> {
    if !value.is_finite() || value < min || value > max {
        bail!("{name} is {min} to {max} seconds, not {value}");
    }
    Ok(Duration::from_secs_f64(value))
}

impl PolicyArgs {
    /// As the domain knows it.
    ///
    /// # Errors
    /// A sentence, for nonsense.
    pub fn policy(&self) -> anyhow::Result<Policy> {
        let usual = Policy::default();
        Ok(Policy {
            payment_window: seconds("--payment-window", self.payment_window, 0.1, 30.0 * 86_400.0)?,
            deposit_window: seconds("--deposit-window", self.deposit_window, 0.1, 30.0 * 86_400.0)?,
            stock: self.stock_policy,
            prepare: self.prepare,
            revenue_on_business_days: self.revenue == "business-day",
            holidays: self.holidays.clone().unwrap_or_default(),
            points: self.points,
            unpromoted_gifts: self.gifts_without_promotion,
            auto_confirm: self
                .auto_confirm
                .map(|days| seconds("--auto-confirm (in seconds)", days * 86_400.0, 1.0, 366.0 * 86_400.0))
                .transpose()?,
            points_base: self.points_base,
            coupon_base: self.coupon_base,
            approvals: self.approvals,
            checkout_pays: self.trust_checkout_payments,
            return_threshold: self.return_threshold,
            remote: self.surcharges.as_ref().map_or_else(|| usual.remote.clone(), |s| s.0.clone()),
            ..usual
        })
    }
}

/// How long things are kept in the streams.
#[derive(Debug, Clone, Args)]
pub struct RetentionArgs {
    /// Acknowledged commands, in seconds
    #[arg(long, env = "JUMUN_KEEP_COMMANDS", default_value_t = 60.0, value_name = "SECONDS")]
    pub keep_commands: f64,
    /// Answers, in seconds
    #[arg(long, env = "JUMUN_KEEP_ANSWERS", default_value_t = 600.0, value_name = "SECONDS")]
    pub keep_answers: f64,
    /// Events, in seconds
    #[arg(long, env = "JUMUN_KEEP_EVENTS", default_value_t = 3_600.0, value_name = "SECONDS")]
    pub keep_events: f64,
    /// Dead letters a partition
    #[arg(long, env = "JUMUN_KEEP_DEAD", default_value_t = 10_000, value_name = "COUNT")]
    pub keep_dead: u64,
}

impl RetentionArgs {
    /// As the log knows it.
    ///
    /// # Errors
    /// A sentence, for nonsense.
    pub fn retention(&self) -> anyhow::Result<Retention> {
        let year = 365.0 * 86_400.0;
        Ok(Retention {
            commands: seconds("--keep-commands", self.keep_commands, 0.0, year)?,
            answers: seconds("--keep-answers", self.keep_answers, 1.0, year)?,
            events: seconds("--keep-events", self.keep_events, 1.0, year)?,
            dead_max: self.keep_dead.max(1),
            dead_age: None,
        })
    }
}

/// The variable that names a collector of traces everywhere else; ours comes before it.
pub const COLLECTOR_VARIABLE: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// Where a sample of the commands is told about.
#[derive(Debug, Clone, Args)]
pub struct TraceArgs {
    /// Where traces go: a collector's address for OTLP over HTTP, http://localhost:4318 [default: OTEL_EXPORTER_OTLP_ENDPOINT;
    /// without either nothing is traced]
    #[arg(long, env = "JUMUN_TRACES", value_name = "URL")]
    pub traces: Option<String>,
    /// Share of the commands that are traced, 0 to 1
    #[arg(long, env = "JUMUN_TRACE_RATIO", default_value_t = 0.01, value_name = "RATIO")]
    pub trace_ratio: f64,
}

impl TraceArgs {
    /// Starts sending traces, where a collector is named.
    ///
    /// # Errors
    /// A sentence, for nonsense.
    pub fn start(&self, instance: &str) -> anyhow::Result<Option<(Traces, Exporter)>> {
        ensure!((0.0..=1.0).contains(&self.trace_ratio), "--trace-ratio is 0 to 1, not {}", self.trace_ratio);
        let named = self.traces.clone().or_else(|| std::env::var(COLLECTOR_VARIABLE).ok());
        let Some(collector) = named.filter(|c| !c.is_empty()) else { return Ok(None) };
        export::start(&collector, self.trace_ratio, instance).map(Some)
    }
}

/// The machine's clock, as a port.
pub fn real_clock() -> Arc<dyn Clock> {
    Arc::new(RealClock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_are_read_or_refused() {
        assert_eq!((points_base("money"), points_base("all")), (Ok(PointsBase::Money), Ok(PointsBase::All)));
        assert_eq!((coupon_base("total"), coupon_base("rest")), (Ok(CouponBase::Total), Ok(CouponBase::Rest)));
        assert!(points_base("points").is_err() && coupon_base("").is_err());
    }

    #[test]
    fn surcharges_are_read_or_refused() {
        for (text, zones) in [
            ("63000-63644:jeju:3000,40200-40240:island:5000", Some(2)),
            ("40200:island:5000", Some(1)),
            ("none", Some(0)),
            ("", None),
            ("63000-63644:jeju", None),
            ("63644-63000:jeju:1", None),
            ("1-2:moon:1", None),
            ("1-2:jeju:-1", None),
            ("1-200000:jeju:1", None),
        ] {
            assert_eq!(surcharges(text).ok().map(|s| s.0.len()), zones, "{text}");
        }
    }
}
