//! jumun itself: the release binary as a child process, the load generator here.

use std::{
    net::{Ipv4Addr, TcpListener},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use jumun::{
    http_client::Certificates,
    tools::load::{
        report::Measured,
        scenario::Scenario,
        session::{LoadSale, LoadTarget, PLENTY, Session},
    },
};

use crate::servers::Servers;

const START_MAX: Duration = Duration::from_secs(60);

type Settings = Vec<(&'static str, String)>;

/// A server with the generator at its door.
pub struct Server {
    child: Child,
    session: Session,
    settings: Settings,
}

impl Server {
    /// On a fresh database and an empty Redis, with the scenario's goods made.
    pub async fn start(servers: &Servers, scenario: &str, skus: u32) -> Result<Self> {
        let url = servers.fresh().await?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        // in the environment, which not everybody can read, unlike a command line
        let settings = vec![
            ("REDIS_URL", servers.redis.clone()),
            ("DATABASE_URL", url),
            ("JUMUN_LISTEN", format!("127.0.0.1:{port}")),
            ("JUMUN_LOG", "warn".to_owned()),
        ];
        let mut child = spawn(&settings)?;
        let target = LoadTarget::Redis {
            url: servers.redis.clone(),
            certificates: Certificates::default(),
            namespace: "jumun".into(),
        };
        let stock = if scenario == "sold-out" { 0 } else { PLENTY };
        let scenario = Scenario::named(scenario)?;
        let begun = Instant::now();
        let mut attempt = 0;
        let session = loop {
            attempt += 1;
            let sale = LoadSale { scenario: scenario.clone(), skus, stock, seed: 0, run: format!("versus{attempt}") };
            match Session::open(&target, sale, Duration::from_secs(10)).await {
                Ok(session) => break session,
                Err(e) if child.try_wait()?.is_some() => bail!("jumun ended before it served: {e}"),
                Err(e) if begun.elapsed() > START_MAX => {
                    end(&mut child)?;
                    bail!("jumun does not serve: {e}");
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        };
        Ok(Self { child, session, settings })
    }

    /// Offers `rate` orders a second.
    pub async fn run(&mut self, rate: u64, count: u64, in_flight_max: u64, drain: Duration) -> Result<Measured> {
        Ok(self.session.run(rate, count, in_flight_max, drain).await?)
    }

    /// Kills the server under a load of `rate` orders a second for three seconds, and starts it again. Gives the orders
    /// that were never answered, and those answered twice.
    pub async fn lose_the_server(mut self, rate: u64) -> Result<(u64, u64)> {
        let (child, settings) = (&mut self.child, &self.settings);
        let killed = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            end(child)?;
            *child = spawn(settings)?;
            anyhow::Ok(())
        };
        let (run, killed) = tokio::join!(self.session.run(rate, rate * 3, 100_000, START_MAX), killed);
        killed?;
        let run = run?;
        Ok((run.unanswered, run.duplicates))
    }

    /// Ends the server.
    pub fn stop(mut self) -> Result<()> {
        end(&mut self.child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(e) = end(&mut self.child) {
            eprintln!("jumun could not be ended: {e}");
        }
    }
}

fn spawn(settings: &[(&'static str, String)]) -> Result<Child> {
    Command::new(env!("CARGO_BIN_EXE_jumun"))
        .args(["serve", "--no-auth", "--partitions", "1"])
        .envs(settings.iter().map(|(name, value)| (*name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .context("jumun can't be started")
}

fn end(child: &mut Child) -> Result<()> {
    if child.try_wait()?.is_none() {
        child.kill()?;
        child.wait()?;
    }
    Ok(())
}
