//! The program as a process of its own.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

use super::{Database, tokens};

/// How long a line of output may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// The program with arguments, in a directory of the tests and with nothing from the environment but the search path.
pub fn portero(args: &[&str]) -> Command {
    in_dir(Path::new(env!("CARGO_TARGET_TMPDIR")), args)
}

/// As [`portero`], in this directory.
pub fn in_dir(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portero"));
    command.args(args).current_dir(dir).env_clear().envs(search_path()).stdin(Stdio::null());
    command
}

/// Where a child finds other programs.
#[expect(clippy::disallowed_methods, reason = "a child needs it to find other programs")]
pub fn search_path() -> Option<(&'static str, String)> {
    std::env::var("PATH").ok().map(|path| ("PATH", path))
}

/// What a command that ended said.
#[derive(Debug)]
pub struct Output {
    /// Its exit status.
    pub code: i32,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// Runs a command to its end, which must come soon.
pub fn run(command: &mut Command) -> Output {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (id, (sender, ended)) = (child.id(), channel());
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    let output = ended.recv_timeout(PATIENCE).unwrap_or_else(|_| {
        signal("KILL", id);
        panic!("{command:?} does not end")
    });
    let output = output.unwrap();
    Output {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A `portero serve` that runs until it is told to stop, or the test ends.
pub struct Served {
    child: Child,
    /// Where it listens.
    pub url: String,
    /// The start-up block.
    pub block: String,
    log: Receiver<String>,
    seen: RefCell<Vec<String>>,
}

impl Served {
    /// Starts a server on a free port, with a log of JSON lines.
    pub fn start(args: &[&str]) -> Self {
        Self::from(portero(&["serve", "--listen", "127.0.0.1:0", "--log-format", "json"]).args(args))
    }

    /// Starts a reference server with the secret of the tests.
    pub fn reference(database: &Database) -> Self {
        Self::start(&["--mode", "reference", "--jwt-secret", tokens::SECRET, "--database", &database.url])
    }

    /// Starts a server by a command line of its own.
    pub fn from(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, log) = channel();
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let block = block(&mut stdout);
        let url = block.split_whitespace().find(|word| word.starts_with("http://") || word.starts_with("https://")).map(str::to_owned);
        let served = Self { child, url: url.unwrap_or_default(), block, log, seen: RefCell::default() };
        assert!(!served.url.is_empty(), "the server does not start: {}", served.log.iter().collect::<Vec<_>>().join("\n"));
        served
    }

    /// The token of the start-up block.
    pub fn token(&self) -> &str {
        self.block.lines().find_map(|line| line.trim_start().strip_prefix("token ")).unwrap().trim()
    }

    /// The curl of the start-up block.
    pub fn curl(&self) -> &str {
        self.block.lines().find(|line| line.starts_with("curl ")).unwrap()
    }

    /// The next line of the log that has this text in it.
    pub fn log_line(&self, text: &str) -> String {
        loop {
            let line = self.log.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("no line with {text}: {error}"));
            self.seen.borrow_mut().push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
    }

    /// The next line about a request, as JSON.
    pub fn answered(&self) -> (String, Value) {
        let line = self.log_line("\"answered\"");
        let value = serde_json::from_str(&line).unwrap();
        (line, value)
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        signal("TERM", self.child.id());
    }

    /// Sends SIGKILL, and waits for the process to end; returns as [`Served::wait`].
    pub fn kill(mut self) -> (Option<i32>, Vec<String>) {
        self.child.kill().unwrap();
        self.wait()
    }

    /// Waits for the process to end; returns its exit status and its whole log.
    pub fn wait(mut self) -> (Option<i32>, Vec<String>) {
        let code = self.child.wait().unwrap().code();
        let mut log = self.seen.take();
        log.extend(self.log.iter());
        (code, log)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process.
pub fn signal(name: &str, id: u32) {
    let kill = format!("kill -{name} {id}");
    assert!(Command::new("bash").args(["-c", &kill]).status().unwrap().success());
}

/// Reads the start-up block: it ends with a curl, or where there is no token to show with the line before that.
fn block(stdout: &mut impl BufRead) -> String {
    let mut block = String::new();
    while stdout.read_line(&mut block).unwrap() > 0 {
        let last = if block.contains("  mode      reference\n") { "  docs " } else { "curl " };
        if block.lines().any(|line| line.starts_with(last)) {
            break;
        }
    }
    block
}

/// Reads everything there is.
pub fn read_all(mut from: impl Read) -> String {
    let mut text = String::new();
    from.read_to_string(&mut text).unwrap();
    text
}
