//! One notebook through one kernel.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use serde_json::Value;
use serde_json::json;
use threadbook_jupyter::client::Client;
use threadbook_jupyter::client::is_idle;
use threadbook_jupyter::message::Channel;
use threadbook_jupyter::message::Message;
use tokio::time::Instant;

use super::file::CodeCell;
use super::file::Notebook;
use super::outputs::Outputs;
use super::outputs::update_display;
use super::process::KernelProcess;
use super::terminal::Terminal;
use crate::sys::Signal;
use crate::sys::Signals;

/// How long a kernel may take until it answers. It answers before it prepares anything, so this is for busy machines.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How long to wait for the confirmation of the iopub subscription; kernels without it are talked to all the same.
const WELCOME_LIMIT: Duration = Duration::from_secs(10);

/// How long a cell that was interrupted because of its time limit may take to end.
const INTERRUPT_GRACE: Duration = Duration::from_secs(15);

/// How long after its reply a cell's last output may come.
const IDLE_GRACE: Duration = Duration::from_secs(30);

/// How long the kernel may take to end after the shutdown request; SIGTERM comes next.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);

/// How long to wait for a further message of a kernel that is gone.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// The options of a run.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Go on after a cell that fails.
    pub(crate) allow_errors: bool,
    /// Fail where a dependency has another version than the notebook's lock file.
    pub(crate) locked: bool,
    /// Longest time that a cell may take.
    pub(crate) timeout: Option<Duration>,
}

/// How a notebook ended. What went wrong has been shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Passed,
    Failed,
    /// The user has ended the run, with all notebooks that follow.
    Stopped(Signal),
}

/// Executes a notebook's cells and puts their outputs into it. Only what is shown can fail as an error: a failing
/// cell or kernel is an [`Ending`].
pub(crate) async fn execute(
    notebook: &mut Notebook,
    options: &Options,
    signals: &mut Signals,
    terminal: &mut Terminal,
) -> io::Result<Ending> {
    let mut ran = Vec::new();
    let stop = match KernelProcess::start(notebook, options.locked) {
        Ok(mut process) => {
            let stop = lead(notebook, options, &mut process, signals, terminal, &mut ran)
                .await
                .err();
            process.end().await;
            stop
        }
        Err(error) => Some(Stop::Failed(format!("{error:#}"))),
    };
    for cell in notebook.code_cells() {
        notebook.set_outputs(cell.position, None, &Outputs::default());
    }
    for cell in &ran {
        notebook.set_outputs(cell.cell.position, cell.execution_count, &cell.outputs);
    }
    match stop {
        None => Ok(Ending::Passed),
        Some(Stop::Failed(reason)) => {
            let name = notebook.path().display();
            terminal.failure(&format!("`{name}`, {reason}"))?;
            Ok(Ending::Failed)
        }
        Some(Stop::Interrupted) => Ok(Ending::Stopped(Signal::Interrupt)),
        Some(Stop::Ended(signal)) => Ok(Ending::Stopped(signal)),
        Some(Stop::Terminal(error)) => Err(error),
    }
}

/// Why no further cell runs.
enum Stop {
    /// A cell or the kernel failed.
    Failed(String),
    /// The user interrupted a cell, which has ended since.
    Interrupted,
    /// The user has pressed Ctrl-C again: the run ends at once.
    Ended(Signal),
    /// Outputs can't be shown.
    Terminal(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Stop {
        Stop::Terminal(error)
    }
}

async fn lead(
    notebook: &mut Notebook,
    options: &Options,
    process: &mut KernelProcess,
    signals: &mut Signals,
    terminal: &mut Terminal,
    ran: &mut Vec<RunCell>,
) -> Result<(), Stop> {
    let (client, language_info) = connect(process, signals).await?;
    process.connected();
    notebook.set_language_info(&language_info);
    let mut session = NotebookRun {
        options,
        process,
        signals,
        terminal,
        client,
        ran,
    };
    let mut stop = Ok(());
    for cell in notebook.code_cells() {
        stop = session.run_cell(cell).await;
        if stop.is_err() {
            break;
        }
    }
    if !matches!(stop, Err(Stop::Ended(_))) {
        session.shut_down().await?;
    }
    stop
}

async fn connect(
    process: &mut KernelProcess,
    signals: &mut Signals,
) -> Result<(Client, Value), Stop> {
    let info = process.info().clone();
    let connecting = async {
        let mut client = Client::connect(&info, START_LIMIT).await?;
        // Nothing is lost without the confirmation but the certainty that nothing is lost.
        let _ = client.wait_for_welcome(WELCOME_LIMIT).await;
        let about = client
            .request(
                Channel::Shell,
                "kernel_info_request",
                json!({}),
                START_LIMIT,
            )
            .await?;
        Ok::<_, threadbook_jupyter::client::ClientError>((
            client,
            about.reply.content["language_info"].clone(),
        ))
    };
    let spinner = ProgressBar::new_spinner().with_message("starting the kernel");
    // Unlike stderr, which is the default, stdout is where the cells will be shown. Nothing is drawn but on a terminal.
    spinner.set_draw_target(ProgressDrawTarget::stdout());
    spinner.enable_steady_tick(Duration::from_millis(100));
    let connected = tokio::select! {
        connected = connecting => connected.map_err(|error| Stop::Failed(format!("kernel: {error}"))),
        status = process.ended() => Err(Stop::Failed(format!(
            "kernel: it ended before it was ready ({})",
            how(status)
        ))),
        signal = signals.next() => Err(Stop::Ended(signal)),
    };
    spinner.finish_and_clear();
    connected
}

/// A cell that was sent to the kernel.
struct RunCell {
    cell: CodeCell,
    request_id: String,
    /// The kernel's number for the cell, once it is known.
    execution_count: Option<u64>,
    outputs: Outputs,
}

struct NotebookRun<'a> {
    options: &'a Options,
    process: &'a mut KernelProcess,
    signals: &'a mut Signals,
    terminal: &'a mut Terminal,
    client: Client,
    ran: &'a mut Vec<RunCell>,
}

/// Why a cell was interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Timeout,
    User,
}

impl NotebookRun<'_> {
    async fn run_cell(&mut self, cell: CodeCell) -> Result<(), Stop> {
        let request_id = self.client.send(
            Channel::Shell,
            "execute_request",
            json!({
                "code": cell.source,
                "silent": false,
                "store_history": true,
                "user_expressions": {},
                // No person can answer.
                "allow_stdin": false,
                // Nothing is ever queued behind the cell, so there is nothing to abort.
                "stop_on_error": false,
            }),
        );
        self.ran.push(RunCell {
            cell: cell.clone(),
            request_id: request_id.clone(),
            execution_count: None,
            outputs: Outputs::default(),
        });
        // In a new kernel, the number that the kernel gives to the cell.
        let name = name(&cell, self.ran.len());
        let (reply, interrupted) = self.finish(&request_id, &name).await?;
        self.terminal.cell_ended()?;
        match interrupted {
            Some(Why::Timeout) => return Err(Stop::Failed(self.timeout_text(&name))),
            Some(Why::User) => return Err(Stop::Interrupted),
            None => {}
        }
        if reply["status"] == "ok" || cell.may_fail || self.options.allow_errors {
            return Ok(());
        }
        let error_name = reply["ename"].as_str().unwrap_or("the cell was aborted");
        let value = reply["evalue"].as_str().unwrap_or_default();
        let first_line = value.lines().next().unwrap_or_default();
        Err(Stop::Failed(format!("{name}: {error_name}: {first_line}")))
    }

    /// Waits until a cell has its reply and its last output. Says also whether, and why, the cell was interrupted.
    async fn finish(&mut self, request_id: &str, name: &str) -> Result<(Value, Option<Why>), Stop> {
        let mut reply = None;
        let mut idle = false;
        let mut interrupted = None;
        let mut deadline = self.options.timeout.map(|limit| Instant::now() + limit);
        loop {
            if idle && let Some(reply) = reply {
                return Ok((reply, interrupted));
            }
            tokio::select! {
                Some((channel, message)) = self.client.next() => {
                    let is_ours = message.parent_id() == request_id;
                    if channel == Channel::Iopub {
                        idle |= is_ours && is_idle(&message);
                        self.published(&message)?;
                    } else if is_ours && message.msg_type() == "execute_reply" {
                        reply = Some(message.content);
                        deadline = Some(Instant::now() + IDLE_GRACE);
                    }
                }
                status = self.process.ended() => {
                    let status = how(status);
                    self.hear_last_words().await?;
                    return Err(Stop::Failed(format!("{name}: the kernel died ({status})")));
                }
                signal = self.signals.next() => {
                    if signal != Signal::Interrupt || interrupted.is_some() {
                        return Err(Stop::Ended(signal));
                    }
                    self.interrupt();
                    interrupted = Some(Why::User);
                    deadline = None;
                }
                () = passing_of(deadline) => {
                    if reply.is_some() {
                        return Err(Stop::Failed(format!(
                            "{name}: the kernel did not say that it had finished"
                        )));
                    }
                    if interrupted.is_some() {
                        let text = self.timeout_text(name);
                        return Err(Stop::Failed(format!("{text} (and it ignored the interrupt)")));
                    }
                    self.interrupt();
                    interrupted = Some(Why::Timeout);
                    deadline = Some(Instant::now() + INTERRUPT_GRACE);
                }
            }
        }
    }

    /// Asks the kernel to end and goes on listening until it has: a kernel that can't get rid of its output can't end.
    async fn shut_down(&mut self) -> Result<(), Stop> {
        self.client.send(
            Channel::Control,
            "shutdown_request",
            json!({"restart": false}),
        );
        let deadline = Instant::now() + SHUTDOWN_GRACE;
        loop {
            tokio::select! {
                Some((channel, message)) = self.client.next() => {
                    if channel == Channel::Iopub {
                        self.published(&message)?;
                    }
                }
                _ = self.process.ended() => return self.hear_last_words().await,
                signal = self.signals.next() => return Err(Stop::Ended(signal)),
                () = tokio::time::sleep_until(deadline) => return Ok(()),
            }
        }
    }

    /// Reads the messages that a kernel sent before it ended.
    async fn hear_last_words(&mut self) -> Result<(), Stop> {
        while let Ok(Some((channel, message))) =
            tokio::time::timeout(LAST_WORDS, self.client.next()).await
        {
            if channel == Channel::Iopub {
                self.published(&message)?;
            }
        }
        Ok(self.terminal.cell_ended()?)
    }

    /// Shows a message on iopub and notes it with the cell that it is about, which may be an earlier one: a thread
    /// may print after its cell has ended.
    fn published(&mut self, message: &Message) -> io::Result<()> {
        let (msg_type, content) = (message.msg_type(), &message.content);
        if msg_type == "update_display_data" {
            update_display(self.ran.iter_mut().map(|ran| &mut ran.outputs), content);
        }
        let parent = message.parent_id();
        if let Some(ran) = self
            .ran
            .iter_mut()
            .rev()
            .find(|ran| ran.request_id == parent)
        {
            ran.outputs.apply(msg_type, content);
            if msg_type == "execute_input"
                && let Some(count) = content["execution_count"].as_u64()
            {
                ran.execution_count = Some(count);
                self.terminal.cell(count, first_line(&ran.cell))?;
            }
        }
        self.terminal.output(msg_type, content)
    }

    fn interrupt(&self) {
        self.client
            .send(Channel::Control, "interrupt_request", json!({}));
    }

    fn timeout_text(&self, name: &str) -> String {
        let limit = self.options.timeout.unwrap_or_default();
        let line = self.ran.last().map_or("", |ran| first_line(&ran.cell));
        format!("{name}: TimeoutError: the cell took longer than {limit:?}: `{line}`")
    }
}

fn name(cell: &CodeCell, number: usize) -> String {
    match &cell.id {
        Some(id) => format!("cell {number} (id `{id}`)"),
        None => format!("cell {number}"),
    }
}

fn first_line(cell: &CodeCell) -> &str {
    cell.source.trim_start().lines().next().unwrap_or_default()
}

fn how(status: io::Result<ExitStatus>) -> String {
    status.map_or_else(|error| error.to_string(), |status| status.to_string())
}

async fn passing_of(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
