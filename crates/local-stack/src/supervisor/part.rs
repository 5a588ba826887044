//! One supervised program.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Child;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep, timeout};

use super::guard::Guard;
use super::probe::Probe;
use crate::clock;

/// How to run a program.
pub(crate) struct Program {
    /// Name of the part and of its log file.
    pub(crate) name: String,
    /// Makes the command, anew for each start.
    pub(crate) command: Box<dyn Fn() -> Command + Send + Sync>,
    pub(crate) ready: Probe,
    /// The polite request to end; [`Signal::KILL`] follows after [`STOP_PATIENCE`].
    pub(crate) stop: Signal,
    /// Folder of the log files.
    pub(crate) logs: PathBuf,
}

/// What a part is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Started, not yet ready.
    Starting,
    Ready,
    /// Ended before it was ready; it will be tried again.
    Failing,
    Stopped,
}

/// Handle to a program that is kept running until [`Part::stop`].
pub(crate) struct Part {
    name: String,
    log: PathBuf,
    state: watch::Receiver<State>,
    orders: mpsc::Sender<Order>,
}

enum Order {
    Kill(oneshot::Sender<()>),
    Stop,
}

enum Ended {
    Died {
        status: Option<ExitStatus>,
        was_ready: bool,
    },
    Stopped,
}

/// How long a program may take to end when asked.
const STOP_PATIENCE: Duration = Duration::from_secs(8);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// After running this long a program has proven itself: the next pause is short again.
const PROVEN: Duration = Duration::from_secs(10);

impl Part {
    /// Starts the program and its supervision; returns at once.
    pub(crate) fn start(program: Program, guard: Guard) -> Self {
        let (state_sender, state) = watch::channel(State::Starting);
        let (orders, order_receiver) = mpsc::channel(4);
        let name = program.name.clone();
        let log = program.log();
        let supervision = Supervision {
            program,
            guard,
            state: state_sender,
            orders: order_receiver,
        };
        tokio::spawn(supervision.run());
        Self {
            name,
            log,
            state,
            orders,
        }
    }

    /// Waits until the program is ready.
    ///
    /// # Errors
    /// It ended before, or was not ready within `patience`; with the end of its log.
    pub(crate) async fn ready(&self, patience: Duration) -> anyhow::Result<()> {
        let mut state = self.state.clone();
        let settled = timeout(patience, state.wait_for(|state| *state != State::Starting)).await;
        match settled.map(|found| found.map(|state| *state)) {
            Ok(Ok(State::Ready)) => Ok(()),
            Err(_) => bail!(
                "{} was not ready within {patience:?}; its log ends:\n{}",
                self.name,
                tail(&self.log)
            ),
            _ => bail!(
                "{} did not start; its log ends:\n{}",
                self.name,
                tail(&self.log)
            ),
        }
    }

    /// Sends `SIGKILL` and returns when the program is dead. The supervision starts it again.
    pub(crate) async fn kill(&self) -> anyhow::Result<()> {
        let (done, dead) = oneshot::channel();
        self.orders
            .send(Order::Kill(done))
            .await
            .ok()
            .context("the part is stopped")?;
        dead.await.context("the part is not running")
    }

    /// Ends the program and its supervision.
    pub(crate) async fn stop(&self) {
        // A closed channel means that it is stopped already.
        self.orders.send(Order::Stop).await.ok();
        self.state
            .clone()
            .wait_for(|state| *state == State::Stopped)
            .await
            .ok();
    }
}

struct Supervision {
    program: Program,
    guard: Guard,
    state: watch::Sender<State>,
    orders: mpsc::Receiver<Order>,
}

impl Supervision {
    async fn run(mut self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let start = Instant::now();
            let ended = match self.spawn() {
                Ok(child) => self.watch_over(child).await,
                Err(error) => {
                    self.program.note(&format!("cannot be started: {error:#}"));
                    Ended::Died {
                        status: None,
                        was_ready: false,
                    }
                }
            };
            let Ended::Died { status, was_ready } = ended else {
                break;
            };
            if let Some(status) = status {
                self.program
                    .note(&format!("ended ({status}); it is started again"));
            }
            self.state.send_replace(if was_ready {
                State::Starting
            } else {
                State::Failing
            });
            pause = if start.elapsed() > PROVEN || was_ready {
                FIRST_PAUSE
            } else {
                (pause * 2).min(LONGEST_PAUSE)
            };
            if self.stopped_during(pause).await {
                break;
            }
        }
        self.state.send_replace(State::Stopped);
    }

    fn spawn(&self) -> anyhow::Result<Child> {
        let output = self.program.open_log()?;
        let mut command = (self.program.command)();
        command
            .stdin(Stdio::null())
            .stdout(Stdio::from(output.try_clone()?))
            .stderr(Stdio::from(output))
            .process_group(0);
        let mut command = tokio::process::Command::from(command);
        let child = command.kill_on_drop(true).spawn()?;
        if let Some(pid) = child.id() {
            self.guard.watch(pid)?;
        }
        Ok(child)
    }

    async fn watch_over(&mut self, mut child: Child) -> Ended {
        let pid = child.id();
        let probe = self.program.ready.clone();
        let ready = probe.wait();
        tokio::pin!(ready);
        let mut was_ready = false;
        let mut killed_by: Option<oneshot::Sender<()>> = None;
        let ended = loop {
            tokio::select! {
                status = child.wait() => break Ended::Died { status: status.ok(), was_ready },
                () = &mut ready, if !was_ready => {
                    was_ready = true;
                    self.state.send_replace(State::Ready);
                }
                order = self.orders.recv() => match order {
                    Some(Order::Kill(done)) => {
                        self.state.send_replace(State::Starting);
                        signal(pid, Signal::KILL);
                        killed_by = Some(done);
                        was_ready = true;
                    }
                    Some(Order::Stop) | None => {
                        signal(pid, self.program.stop);
                        if timeout(STOP_PATIENCE, child.wait()).await.is_err() {
                            signal(pid, Signal::KILL);
                            child.wait().await.ok();
                        }
                        break Ended::Stopped;
                    }
                },
            }
        };
        if let Some(pid) = pid {
            // The companion may be gone only when this process is ending too.
            self.guard.forget(pid).ok();
        }
        if let Some(done) = killed_by {
            done.send(()).ok();
        }
        ended
    }

    /// True when the order to stop arrives within `pause`; the order to kill ends
    /// the pause, since it asks for a fresh start.
    async fn stopped_during(&mut self, pause: Duration) -> bool {
        let stopped = tokio::select! {
            () = sleep(pause) => false,
            order = self.orders.recv() => match order {
                Some(Order::Kill(done)) => {
                    // Whoever asked may have stopped listening.
                    done.send(()).ok();
                    false
                }
                Some(Order::Stop) | None => true,
            },
        };
        if !stopped {
            self.state.send_replace(State::Starting);
        }
        stopped
    }
}

impl Program {
    fn log(&self) -> PathBuf {
        self.logs.join(format!("{}.log", self.name))
    }

    fn open_log(&self) -> anyhow::Result<File> {
        let path = self.log();
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .with_context(|| format!("opening {}", path.display()))
    }

    /// Adds a line of the supervisor to the program's log.
    fn note(&self, text: &str) {
        if let Ok(mut log) = self.open_log() {
            let line = format!(
                "{} local-stack: {} {text}\n",
                clock::now().to_rfc3339(),
                self.name
            );
            // A log that cannot be written must not end the supervision.
            log.write_all(line.as_bytes()).ok();
        }
    }
}

fn signal(pid: Option<u32>, signal: Signal) {
    let pid = pid
        .and_then(|pid| i32::try_from(pid).ok())
        .and_then(Pid::from_raw);
    if let Some(pid) = pid {
        // The only possible failure is that the group has ended, which is what was wanted.
        kill_process_group(pid, signal).ok();
    }
}

/// The last lines of a log.
fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    lines
        .get(lines.len().saturating_sub(15)..)
        .unwrap_or_default()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::{self, Pool};

    fn program(script: String, port: u16, logs: &Path) -> Program {
        Program {
            name: "toy".into(),
            command: Box::new(move || {
                let mut command = Command::new("sh");
                command.args(["-c", &script]);
                command
            }),
            ready: Probe::Listens(port),
            stop: Signal::TERM,
            logs: logs.to_owned(),
        }
    }

    fn starts(logs: &Path) -> usize {
        fs::read_to_string(logs.join("toy.log"))
            .unwrap()
            .matches("started")
            .count()
    }

    #[tokio::test]
    async fn a_killed_program_is_started_again_and_a_stopped_one_is_not() {
        let logs = tempfile::tempdir().unwrap();
        let port = Pool::open().unwrap().free().unwrap();
        let _listener = std::net::TcpListener::bind(ports::address(port)).unwrap();
        let guard = Guard::start(None, None).unwrap();
        let part = Part::start(
            program("echo started; exec sleep 60".into(), port, logs.path()),
            guard,
        );
        part.ready(Duration::from_secs(5)).await.unwrap();
        part.kill().await.unwrap();
        part.ready(Duration::from_secs(5)).await.unwrap();
        let deadline = Instant::now() + Duration::from_secs(5);
        while starts(logs.path()) < 2 && Instant::now() < deadline {
            sleep(Duration::from_millis(10)).await;
        }
        part.stop().await;
        sleep(2 * FIRST_PAUSE).await;
        assert_eq!(starts(logs.path()), 2);
    }

    #[tokio::test]
    async fn a_program_that_ends_at_once_is_reported_with_its_log() {
        let logs = tempfile::tempdir().unwrap();
        let port = Pool::open().unwrap().free().unwrap();
        let guard = Guard::start(None, None).unwrap();
        let part = Part::start(
            program("echo no such luck; exit 3".into(), port, logs.path()),
            guard,
        );
        let error = part
            .ready(Duration::from_secs(5))
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("no such luck"), "{error}");
        part.stop().await;
    }
}
