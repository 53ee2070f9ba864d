//! A child server that can't outlive the test process, however that ends.
//!
//! The server runs under a small shell that reads words from a pipe held by us. When we end, even by SIGKILL, the pipe
//! closes: the shell kills the server and removes its directory.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

const SCRIPT: &str = r#"
trap '' INT TERM HUP
dir=$1; shift
pid=
while read -r word; do
  case $word in
    start) "$@" </dev/null >>"$dir/log" 2>&1 & pid=$!; echo "$pid" ;;
    kill) kill -KILL "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; echo gone ;;
    *) kill "-$word" "$pid" 2>/dev/null; echo sent ;;
  esac
done
[ -n "$pid" ] && kill -QUIT "$pid" 2>/dev/null
[ -n "$pid" ] && kill -CONT "$pid" 2>/dev/null
for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
[ -n "$pid" ] && kill -KILL "$pid" 2>/dev/null
rm -rf "$dir"
"#;

/// The guarding shell and our two pipes to it.
#[derive(Debug)]
pub struct Guard {
    child: Child,
    words: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Guard {
    /// Prepares `command` (not started yet); `dir` is the server's own and is removed at the end.
    pub fn new(dir: &Path, command: &[String]) -> Self {
        let mut child = Command::new("sh")
            .args(["-c", SCRIPT, "guard"])
            .arg(dir)
            .args(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell starts");
        let words = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("piped"));
        Self { child, words, answers }
    }

    fn say(&mut self, word: &str) -> String {
        let words = self.words.as_mut().expect("open until dropped");
        writeln!(words, "{word}").and_then(|()| words.flush()).expect("the guard reads");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("the guard answers");
        answer.trim().to_owned()
    }

    /// Starts the server; its process id.
    pub fn start(&mut self) -> u32 {
        self.say("start").parse().expect("a process id")
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill9(&mut self) {
        assert_eq!(self.say("kill"), "gone");
    }

    /// Sends a signal by name (`STOP`, `CONT`, `TERM`).
    pub fn signal(&mut self, name: &str) {
        assert_eq!(self.say(name), "sent");
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.words = None;
        drop(self.child.wait());
    }
}
