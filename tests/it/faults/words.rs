//! Errors that Redis answers in the place of what it was asked, for a while: by itself where it can be brought to it, else said for
//! it by a proxy. None of them ends a partition or condemns a command.

use std::{fs, time::Duration};

use super::{
    Scene,
    standing::{ask, on_redis, quiet, sells},
};
use crate::support::{process::Served, proxy::Proxy, servers};

const WRITES: [&str; 7] = ["XADD", "XACK", "XREADGROUP", "XAUTOCLAIM", "EVALSHA", "EVAL", "SET"];

async fn is_over(scene: &Scene, server: &Served, what: &str, i: usize) {
    sells(scene, &format!("{}-{i}", what.to_lowercase())).await;
    server.ready().await;
    assert!(!server.log().contains("the lane ended by a fault"), "{what}: {}", server.log());
    assert_eq!(scene.client.stats().await.dead, 0, "{what} condemned a command");
}

#[tokio::test]
async fn f55_errors_of_redis_that_pass_are_waited_for() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let proxy = Proxy::before(&scene.redis, "");
    let mut setting = scene.server();
    setting.redis = proxy.url(&scene.redis);
    let server = setting.start();
    server.ready().await;
    let errors: [(&[&str], &str); 6] = [
        (&WRITES, "MISCONF Redis is configured to save RDB snapshots, but is unable to persist to disk"),
        (&[], "LOADING Redis is loading the dataset in memory"),
        (&[], "CLUSTERDOWN The cluster is down"),
        (&[], "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to no"),
        (&[], "TRYAGAIN Multiple keys request during rehashing of slot"),
        (&[], "BUSY Redis is busy running a script"),
    ];
    for (i, (commands, error)) in errors.into_iter().enumerate() {
        let code = error.split(' ').next().unwrap();
        proxy.answers(commands, error);
        // what waits in a blocking read has been asked before
        scene.client.send(&scene.traffic(&format!("odd{i}"), 20)).await;
        server.not_ready(code).await;
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        server.not_ready(code).await;
        assert!(proxy.answers_no_more() > 3, "{code} was hardly said");
        is_over(&scene, &server, code, i).await;
    }
    quiet(&server);
    scene.trade("after", 40).await;
    scene.holds().await;
}

async fn info_says(redis: &servers::Server, words: &str) {
    let begun = std::time::Instant::now();
    loop {
        let info: String = redis::from_redis_value(ask(redis.url(), "INFO persistence").await).unwrap();
        if info.contains(words) {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{info}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Redis can't write its file, and takes no writes for it.
#[tokio::test]
async fn f55_a_redis_that_can_not_save_is_waited_for() {
    let redis = servers::start_redis(&["--save", "3600 1", "--enable-protected-configs", "yes"]);
    let mut scene = on_redis(&redis).await;
    scene.usual().await;
    let server = scene.server().start();
    server.ready().await;
    let gone = tempfile::tempdir().unwrap();
    let path = gone.path().to_owned();
    let value = ask(redis.url(), "CONFIG GET dir").await;
    let own: Vec<String> = redis::from_redis_value(value).unwrap();
    for i in 0..2 {
        fs::create_dir_all(&path).unwrap();
        ask(redis.url(), &format!("CONFIG SET dir {}", path.display())).await;
        fs::remove_dir_all(&path).unwrap();
        ask(redis.url(), "BGSAVE").await;
        server.not_ready("MISCONF").await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        ask(redis.url(), &format!("CONFIG SET dir {}", own[1])).await;
        ask(redis.url(), "BGSAVE").await;
        info_says(&redis, "rdb_last_bgsave_status:ok").await;
        is_over(&scene, &server, "misconf", i).await;
    }
    quiet(&server);
    scene.trade("after", 40).await;
    scene.holds().await;
}

/// Redis reads its file for seconds after a restart.
#[tokio::test]
async fn f55_a_redis_that_loads_is_waited_for() {
    let mut redis = servers::start_redis(&[
        "--rdbcompression",
        "no",
        "--key-load-delay",
        "100000",
        "--loading-process-events-interval-bytes",
        "1024",
    ]);
    let mut scene = on_redis(&redis).await;
    scene.usual().await;
    let server = scene.server().start();
    server.ready().await;
    // between two of them it hears what it is asked, and says that it loads
    for i in 0..40 {
        ask(redis.url(), &format!("SET filler-{i} {}", "x".repeat(2_000))).await;
    }
    ask(redis.url(), "SAVE").await;
    redis.kill9();
    redis.restarts();
    server.not_ready("").await;
    server.says("LOADING").await;
    info_says(&redis, "\nloading:0").await;
    is_over(&scene, &server, "loading", 0).await;
    quiet(&server);
    scene.trade("after", 40).await;
    scene.client.rest().await;
}
