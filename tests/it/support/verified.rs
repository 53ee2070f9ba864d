//! The checker, over a scenario's world.

use std::{sync::Arc, time::Duration};

use jumun::tools::verify::{Options, verify};

use super::world::World;

impl World {
    /// At rest the checker finds nothing, with the streams and without.
    pub async fn verified(&self) {
        self.rest().await;
        for log in [None, Some(Arc::clone(&self.log))] {
            let settle = if log.is_some() { Duration::from_secs(10) } else { Duration::ZERO };
            // small pages, so that their edges are met
            let options = Options { settle, page: 3, allow_external: true, ..Options::default() };
            let report = verify(self.store.clone(), log, options).await.unwrap();
            let wrong: Vec<&String> = report.checks.iter().flat_map(|c| &c.violations).collect();
            assert!(report.holds(), "{:?}: {wrong:#?}", report.red());
        }
    }
}
