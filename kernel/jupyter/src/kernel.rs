//! The composition root: starts the stages in order, and ends them in order.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc as jobs;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::oneshot;

use crate::contract::Completeness;
use crate::contract::Control;
use crate::contract::KernelInfo;
use crate::contract::NoAnswers;
use crate::contract::QuickAnswers;
use crate::contract::Signal;
use crate::dispatcher;
use crate::dispatcher::Interrupted;
use crate::dispatcher::MakeEvaluator;
use crate::history::History;
use crate::iopub::IopubPublisher;
use crate::message::ConnectionFileError;
use crate::message::ConnectionInfo;
use crate::message::Signer;
use crate::message::read_connection_file;
use crate::output::OutputTx;
use crate::output::Sequencer;
use crate::socket::BindError;
use crate::socket::Connection;
use crate::socket::bind;
use crate::sys::signals;
use crate::ticket::IopubSender;

/// How many events of cells may wait before their sender has to wait.
const OUTPUT_QUEUE: usize = 256;

/// How long the running cell may take to end when the kernel does. jupyter_client kills it after five seconds.
const EVALUATOR_LINGER: Duration = Duration::from_millis(2500);

/// How long the last cells may take to reach the history's file.
const HISTORY_LINGER: Duration = Duration::from_millis(500);

/// How long a client may take to fetch the last messages.
const SOCKET_LINGER: Duration = Duration::from_millis(1000);

/// What may be chosen about a kernel.
#[derive(Clone, Debug)]
pub struct Options {
    /// The content of the kernel_info reply.
    pub info: KernelInfo,
    /// Answers to questions before there is an evaluator.
    pub quick_answers: Arc<dyn QuickAnswers>,
    /// How many bytes of output a cell may show.
    pub output_limit_bytes: usize,
    /// Tells whether a text is a whole cell.
    pub is_complete: fn(&str) -> Completeness,
    /// Where to make a link to the folder of the private sockets. Whoever removes what the link leads to, once the
    /// kernel is gone, also cleans up after one that was killed.
    pub sockets_link: Option<PathBuf>,
    /// The file of the history; without one, it ends with the kernel.
    pub history: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            info: KernelInfo::default(),
            quick_answers: Arc::new(NoAnswers),
            output_limit_bytes: 10_000_000,
            is_complete: |_| Completeness::Unknown,
            sockets_link: None,
            history: None,
        }
    }
}

/// Why a kernel did not start. Each text is one sentence that names the file or the port.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The connection file is of no use.
    #[error(transparent)]
    ConnectionFile(#[from] ConnectionFileError),
    /// A port is taken.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The system gives no threads.
    #[error("cannot start the kernel's threads: {0}")]
    Threads(std::io::Error),
}

/// Runs a kernel until a client or a signal ends it.
pub fn run(
    connection_file: &Path,
    options: Options,
    control: Arc<dyn Control>,
    make: MakeEvaluator,
) -> Result<ExitCode, StartError> {
    let info = read_connection_file(connection_file)?;
    // Two threads: one may be at work on a large message while the other answers.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("sockets")
        .enable_all()
        .build()
        .map_err(StartError::Threads)?;
    let ended = runtime.block_on(async {
        let (connection, sockets) = bind(&info).await?;
        if let Some(link) = &options.sockets_link
            && let Err(error) = symlink(sockets.folder(), link)
        {
            tracing::warn!("the sockets' folder would outlive a kernel that is killed: {error}");
        }
        let signals_rx = signals::watch().map_err(StartError::Threads)?;
        serve(connection, Some(info), signals_rx, options, control, make).await?;
        sockets.close(SOCKET_LINGER).await;
        Ok(ExitCode::SUCCESS)
    });
    // A thread that hangs in the evaluator must not keep the process.
    runtime.shutdown_background();
    ended
}

/// Runs a kernel over any transport, until a client or a signal ends it. Without `info` nothing is signed.
pub async fn serve(
    connection: Connection,
    info: Option<ConnectionInfo>,
    signals_rx: mpsc::UnboundedReceiver<Signal>,
    options: Options,
    control: Arc<dyn Control>,
    make: MakeEvaluator,
) -> Result<(), StartError> {
    let (scheme, key) = info.as_ref().map_or(("", ""), |info| {
        (info.signature_scheme.as_str(), info.key.as_str())
    });
    // The connection file was checked for its scheme when it was read.
    let signer = Signer::new(scheme, key)
        .map_err(|error| StartError::Threads(std::io::Error::other(error)))?;
    let (direct_tx, direct_rx) = mpsc::unbounded_channel();
    let (events_tx, events_rx) = mpsc::channel(OUTPUT_QUEUE);
    let (notices_tx, notices_rx) = mpsc::unbounded_channel();
    let (jobs_tx, jobs_rx) = jobs::channel();
    let interrupted = Interrupted::default();
    let session = uuid::Uuid::new_v4().to_string();
    let voice = IopubSender::new(&session, signer.clone(), connection.outgoing, direct_tx);

    let stage = tokio::spawn(
        IopubPublisher {
            voice: voice.clone(),
            sequencer: Sequencer::new(options.output_limit_bytes),
            direct_rx,
            events_rx,
            notices_tx: notices_tx.clone(),
        }
        .run(),
    );

    let (history, history_gone_rx) =
        History::start(options.history).map_err(StartError::Threads)?;

    // The sockets answer already; making the evaluator takes seconds.
    let output = OutputTx::new(events_tx);
    let (gone_tx, gone_rx) = oneshot::channel::<()>();
    let raised = interrupted.clone();
    std::thread::Builder::new()
        .name("evaluator".into())
        .stack_size(dispatcher::EVALUATOR_STACK_BYTES)
        .spawn(move || {
            dispatcher::run_evaluator(make, &output, &jobs_rx, &raised, move |notice| {
                // Fails only after the dispatcher has ended.
                let _ = notices_tx.send(notice);
            });
            drop(gone_tx);
        })
        .map_err(StartError::Threads)?;

    dispatcher::run(dispatcher::Parts {
        voice: voice.clone(),
        signer,
        info,
        kernel: options.info,
        quick_answers: options.quick_answers,
        is_complete: options.is_complete,
        control,
        incoming_rx: connection.incoming,
        notices_rx,
        signals_rx,
        jobs_tx,
        interrupted,
        history,
    })
    .await;

    // The last cell's reply, and the evaluator's own end, which removes its processes and files.
    if tokio::time::timeout(EVALUATOR_LINGER, gone_rx)
        .await
        .is_err()
    {
        tracing::warn!("the evaluator did not end in time");
    }
    // The evaluator had its time, in which another program may have let go of the file.
    if tokio::time::timeout(HISTORY_LINGER, history_gone_rx)
        .await
        .is_err()
    {
        tracing::warn!("the history was not written to its end");
    }
    if tokio::time::timeout(SOCKET_LINGER, voice.flushed())
        .await
        .is_err()
    {
        tracing::warn!("a subscriber did not take the last messages");
    }
    stage.abort();
    Ok(())
}
