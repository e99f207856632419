//! A program that runs during a test and stops when the test ends.

use std::{
    fs,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::NamedTempFile;

pub struct Process {
    child: Child,
    output: NamedTempFile,
    name: String,
}

impl Process {
    /// Starts the program and writes its output to a file.
    pub fn start(command: &mut Command) -> Self {
        let output = NamedTempFile::new().unwrap();
        // Both streams append to the file, so neither overwrites the other.
        let append = || fs::OpenOptions::new().append(true).open(output.path());
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command
            // The program has its own process group, so that its children end with it.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(append().unwrap())
            .stderr(append().unwrap())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        Self {
            child,
            output,
            name,
        }
    }

    /// Waits until the program has written `text`, and returns its whole output.
    pub fn wait_for(&mut self, text: &str) -> String {
        let path = self.output.path().to_owned();
        let read = || fs::read_to_string(&path).unwrap_or_default();
        self.wait_until(&format!("says `{text}`"), || read().contains(text));
        read()
    }

    /// Waits until a condition is true.
    ///
    /// # Panics
    ///
    /// If the program ends before that, or if it takes too long. The message contains the program's output.
    pub fn wait_until(&mut self, what: &str, is_so: impl Fn() -> bool) {
        let started = Instant::now();
        while !is_so() {
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none() && started.elapsed() < Duration::from_secs(20),
                "{} never {what} ({ended:?}):\n{}",
                self.name,
                self.output()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn output(&self) -> String {
        let output = fs::read(self.output.path()).unwrap_or_default();
        String::from_utf8_lossy(&output).into_owned()
    }

    /// Sends a signal, which is given by its name, and waits until the program ends.
    pub fn signal(&mut self, signal: &str) -> std::process::ExitStatus {
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-s", signal, &pid]).status();
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            if started.elapsed() > Duration::from_secs(3) {
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // First ask the program to stop, because it may have to stop its own children.
            self.signal("TERM");
        }
        // A driver that is stopped while a test fails does not stop its browser. So kill the whole group.
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill")
            .args(["-s", "KILL", "--", &group])
            .stderr(Stdio::null())
            .status();
        if std::thread::panicking() {
            eprintln!("the output of {}:\n{}", self.name, self.output());
        }
    }
}

// This test reads /proc.
#[cfg(target_os = "linux")]
#[test]
fn what_a_program_starts_ends_with_it_when_a_test_fails() {
    let script = "sh -c 'echo started $$; exec sleep 300' & trap '' TERM; wait; wait";
    let mut process = Process::start(Command::new("sh").args(["-c", script]));
    let text = process.wait_for("started ");
    process.wait_until("names its child", || text.trim().len() > "started ".len());
    let child = text.trim().trim_start_matches("started ").to_owned();
    let runs = |pid: &str| {
        let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !state.is_empty() && !state.contains(") Z ")
    };
    assert!(runs(&child), "{text}");
    drop(process);
    let started = Instant::now();
    while runs(&child) {
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "{child} still runs"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}
