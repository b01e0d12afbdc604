//! The pipes between kernel and worker: handles, which the worker inherits. What programs of cells print comes through the
//! channel too: the worker itself makes frames of it.

use std::io;
use std::io::PipeReader;
use std::io::PipeWriter;
use std::io::Read;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use threadbook::wire;
use threadbook::wire::Reply;
use threadbook::worker::FDS_VAR;
use threadbook::worker::windows::pass_on;
use threadbook::worker::windows::pipe;

use super::Waiting;
use super::barrier;

/// Both ends of every pipe: the kernel keeps the worker's ends open, so that a restarted worker gets them again.
#[derive(Debug)]
pub(in crate::worker) struct Pipes {
    channel: (PipeReader, PipeWriter),
    /// What was read out of the channel, and not yet taken.
    read: Mutex<Vec<u8>>,
    input: (PipeReader, PipeWriter),
    control: (PipeReader, PipeWriter),
    /// The numbers by which the worker knows its ends.
    worker_ends: [usize; 3],
}

impl Pipes {
    pub(in crate::worker) fn new() -> io::Result<Pipes> {
        let channel = pipe()?;
        let input = io::pipe()?;
        let control = io::pipe()?;
        let worker_ends = [
            pass_on(&channel.1)?,
            pass_on(&input.0)?,
            pass_on(&control.0)?,
        ];
        Ok(Pipes {
            channel,
            read: Mutex::default(),
            input,
            control,
            worker_ends,
        })
    }

    /// Has a worker program start with its ends of the pipes.
    pub(in crate::worker) fn hand_to(self: &Arc<Self>, command: &mut Command) {
        let list = self.worker_ends.map(|number| number.to_string());
        command.env(FDS_VAR, list.join(","));
    }

    /// There is no such file here: long builds do not show their steps.
    pub(in crate::worker) fn stderr_file(&self) -> Option<PathBuf> {
        None
    }

    /// Waits until something can be read.
    pub(in crate::worker) fn wait(&self) -> io::Result<()> {
        let mut buffer = vec![0; 64 << 10];
        let count = (&self.channel.0).read(&mut buffer)?;
        self.read().extend_from_slice(&buffer[..count]);
        Ok(())
    }

    /// What waits now.
    pub(in crate::worker) fn waiting(&self) -> io::Result<Waiting> {
        Ok(Waiting {
            channel: self.read().len(),
            raw: [0; 2],
        })
    }

    /// Takes bytes that are known to wait in the channel.
    pub(in crate::worker) fn read_channel(&self, buffer: &mut [u8]) -> io::Result<()> {
        let mut read = self.read();
        buffer.copy_from_slice(
            read.get(..buffer.len())
                .ok_or(io::ErrorKind::UnexpectedEof)?,
        );
        read.drain(..buffer.len());
        Ok(())
    }

    /// Nothing ever waits in a plain pipe.
    pub(in crate::worker) fn read_raw(&self, _: usize, _: &mut [u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Nothing is ever taken out of a plain pipe.
    pub(in crate::worker) fn set_drained(&self, _: usize, _: u64) -> io::Result<()> {
        Ok(())
    }

    pub(in crate::worker) fn answer(&self, token: u32, reply: &Reply) -> io::Result<()> {
        (&self.input.1).write_all(&wire::encode_reply(token, reply))
    }

    /// Tells the supervisor something; a line, which a pipe takes whole.
    pub(in crate::worker) fn control(&self, command: &str) -> io::Result<()> {
        (&self.control.1).write_all(format!("{command}\n").as_bytes())
    }

    /// Puts a barrier behind everything that is in the channel now.
    pub(in crate::worker) fn send_sync(&self) -> io::Result<()> {
        (&self.channel.1).write_all(&barrier()?)
    }

    /// Ends a supervisor, and so everything below it.
    pub(in crate::worker) fn end(&self, supervisor: u32) {
        if supervisor != 0
            && let Err(error) = self.control("END")
        {
            tracing::error!("the worker could not be told to end: {error}");
        }
    }

    fn read(&self) -> MutexGuard<'_, Vec<u8>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
