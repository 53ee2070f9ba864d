//! Doors that are closed by default: what opens one is asked for, in so many words.

use std::process::Command;

/// Tries to serve: the exit status (124: it goes on serving), and what it says.
fn tried(variables: &[(&str, &str)], words: &[&str]) -> (Option<i32>, String) {
    let dir = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", dir.path().join("a.db").display());
    let mut command = Command::new("timeout");
    command.args(["15", env!("CARGO_BIN_EXE_jumun"), "serve", "--database", &database]).args(words);
    command.envs(variables.iter().copied()).env("NO_COLOR", "1").env_remove("REDIS_URL");
    let out = command.output().unwrap();
    let text = [out.stdout, out.stderr].map(|b| String::from_utf8_lossy(&b).into_owned()).concat();
    (out.status.code(), text)
}

#[test]
fn a_door_that_nobody_opened_is_not_open() {
    let empty = tempfile::NamedTempFile::new().unwrap();
    let (file, hash) = (empty.path().to_str().unwrap(), "0".repeat(64));
    let token = format!("a:metrics:{hash}");
    let (here, all) = ("127.0.0.1:0", "0.0.0.0:0");
    for (variables, words, says) in [
        (&[][..], &["--listen", here][..], "there are no tokens"),
        (&[], &["--listen", all], "there are no tokens"),
        (&[], &["--listen", all, "--open"], "others may reach"),
        (&[("JUMUN_OPEN", "true")], &["--listen", "[::]:0"], "others may reach"),
        (&[("JUMUN_OPEN", "false")], &["--listen", here], "there are no tokens"),
        (&[("JUMUN_TOKEN", "")], &["--listen", here], "JUMUN_TOKEN is empty"),
        (&[("JUMUN_TOKEN", "")], &["--listen", here, "--open"], "JUMUN_TOKEN is empty"),
        (&[("JUMUN_TOKENS", "")], &["--listen", here, "--open"], "JUMUN_TOKENS is empty"),
        (&[], &["--listen", here, "--token", ""], "a token is empty"),
        (&[], &["--listen", here, "--token", ","], "a token is empty"),
        (&[], &["--listen", here, "--tokens", file], "names no token"),
        (&[], &["--listen", here, "--open", "--tokens", file], "names no token"),
        (&[], &["--listen", here, "--open", "--token", &token], "leave out one of both"),
        (&[("JUMUN_TOKN", &token)], &["--listen", here, "--open"], "is JUMUN_TOKEN meant?"),
        (&[("JUMUN_OPEN", "yes, please")], &["--listen", here], "invalid value"),
    ] {
        let (status, text) = tried(variables, words);
        let ended = matches!(status, Some(1 | 2 | 64));
        assert!(ended && text.contains(says), "{variables:?} {words:?}: {status:?}, wanted {says:?}: {text}");
    }
    // as it is asked for, it goes on
    let (status, text) = tried(&[], &["--listen", all, "--open-to-the-network"]);
    assert!(status == Some(0) && text.contains("THE DOOR IS OPEN"), "{status:?}: {text}");
}
