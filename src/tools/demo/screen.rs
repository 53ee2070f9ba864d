//! The sale on the screen while it happens: bars on a terminal, a line a second elsewhere. All on standard error.

use std::{
    io::IsTerminal as _,
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{DemoPlan, DemoServers, crowd::Crowd, words::Names};
use crate::{store::UntRow, tools::load::report::thousands};

/// Of how many SKUs the balance is asked, to find the one on sale.
const HOTTEST: u32 = 50;

struct Bars {
    all: MultiProgress,
    sold: ProgressBar,
    came: ProgressBar,
    words: ProgressBar,
}

/// The screen.
pub struct Screen {
    bars: Option<Bars>,
    /// between two looks
    every: Duration,
    start: Instant,
    looked: Instant,
}

impl Screen {
    /// Bars when standard error is a terminal, lines otherwise.
    pub fn new() -> Self {
        let terminal = std::io::stderr().is_terminal();
        let every = if terminal { Duration::from_millis(150) } else { Duration::from_secs(1) };
        let bars = terminal.then(|| {
            let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
            let bar = |template: &str| {
                let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
                all.add(ProgressBar::new(1).with_style(style.progress_chars("█▉▊▋▌▍▎▏ ")))
            };
            let sold = bar("  sold      {bar:40.green/dim} {human_pos:>9} / {human_len} {msg}");
            let came = bar("  customers {bar:40.cyan/dim} {human_pos:>9} / {human_len} {msg}");
            let words = bar("  {msg}");
            Bars { all, sold, came, words }
        });
        let now = Instant::now();
        Self { bars, every, start: now, looked: now }
    }

    /// A sentence above the bars.
    pub fn says(&self, line: &str) {
        match &self.bars {
            Some(bars) => drop(bars.all.println(line)),
            None => eprintln!("{line}"),
        }
    }

    /// The sale opens.
    pub fn opens(&mut self, plan: &DemoPlan) {
        self.start = Instant::now();
        self.looked = self.start;
        if let Some(bars) = &self.bars {
            bars.sold.set_length(plan.units.into());
            bars.came.set_length(plan.customers.into());
        }
    }

    /// All have come and heard; deadlines and refunds are waited for.
    pub fn rests(&self) {
        self.says("  the last customer has left; waiting for the last deadlines and refunds");
    }

    /// Shows how it stands, if it is time to.
    pub async fn shows(&mut self, crowd: &Crowd, names: &Names, place: &DemoServers, now: Instant) {
        if now.duration_since(self.looked) >= self.every {
            self.looked = now;
            self.draws(crowd, names, place, now).await;
        }
    }

    async fn draws(&self, crowd: &Crowd, names: &Names, place: &DemoServers, now: Instant) {
        let Some(unit) = balance(place, names).await else { return };
        let units = i64::from(crowd.plan().units);
        let sold = units - unit.stck_qty - unit.hold_qty;
        let number = |n: i64| thousands(u64::try_from(n).unwrap_or(0));
        let (tally, pace) = (&crowd.tally, crowd.tally.pace(now));
        match &self.bars {
            Some(bars) => {
                bars.sold.set_position(u64::try_from(sold).unwrap_or(0));
                bars.sold.set_message(format!("· {} held · {} left", number(unit.hold_qty), number(unit.stck_qty)));
                bars.came.set_position(crowd.arrived().into());
                bars.came.set_message(format!("· {} orders/s", thousands(pace)));
                bars.words.set_message(format!(
                    "accepted {} · refused {} · paid {} · too late {} · in line {} · unanswered {}",
                    thousands(tally.accepted),
                    thousands(tally.refused_total()),
                    thousands(tally.paid),
                    thousands(tally.late),
                    crowd.waiting(),
                    crowd.unanswered()
                ));
            }
            None => eprintln!(
                "  {:>3} s: {} sold, {} held, {} left; {} customers came; {} orders accepted, {} refused, {} orders/s",
                now.duration_since(self.start).as_secs(),
                number(sold),
                number(unit.hold_qty),
                number(unit.stck_qty),
                thousands(crowd.arrived().into()),
                thousands(tally.accepted),
                thousands(tally.refused_total()),
                thousands(pace)
            ),
        }
    }

    /// The last picture, and no more bars.
    pub async fn closes(&mut self, crowd: &Crowd, names: &Names, place: &DemoServers) {
        self.draws(crowd, names, place, Instant::now()).await;
        if let Some(bars) = self.bars.take() {
            for bar in [&bars.sold, &bars.came, &bars.words] {
                bar.abandon();
            }
        }
    }
}

impl Default for Screen {
    fn default() -> Self {
        Self::new()
    }
}

/// The SKU's balance, as the database has it.
async fn balance(place: &DemoServers, names: &Names) -> Option<UntRow> {
    let hottest = place.store.hottest(HOTTEST).await.ok()?;
    let sku = names.sku();
    hottest.into_iter().find(|u| *u.unt_id == *sku)
}
