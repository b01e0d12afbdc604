//! The pipes between kernel and worker, and what they share beside them: descriptors, which the worker inherits.

use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use rustix::event::PollFd;
use rustix::event::PollFlags;
use rustix::pipe::PipeFlags;
use rustix::process::Pid;
use rustix::process::Signal;
use threadbook::wire;
use threadbook::wire::Kind;
use threadbook::wire::LAUNCH_VAR;
use threadbook::wire::Launch;
use threadbook::wire::Reply;
use threadbook::wire::Report;

/// How a worker makes copies of its process.
#[derive(Clone, Copy, Debug, Default)]
pub struct CopyOptions {
    /// Resident megabytes above which none is made, where the person has set a limit.
    pub limit_megabytes: Option<u32>,
    /// Whether their test at the worker's start is to fail.
    pub fails_test: bool,
}

/// How many bytes wait in each pipe.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) channel: usize,
    pub(super) raw: [usize; 2],
}

/// Both ends of every pipe: the kernel keeps the worker's ends open, so that a restarted worker gets them again.
#[derive(Debug)]
pub(super) struct Pipes {
    channel: (File, OwnedFd),
    raw: [(File, OwnedFd); 2],
    input: (OwnedFd, File),
    drained: File,
    control: (OwnedFd, File),
    /// The worker's end and the kernel's.
    comms: (UnixDatagram, UnixDatagram),
    /// The steps of builds, which the stand-in sends.
    steps: (File, OwnedFd),
}

impl Pipes {
    pub(super) fn new() -> io::Result<Pipes> {
        let drained = File::from(rustix::fs::memfd_create(
            "drained",
            rustix::fs::MemfdFlags::CLOEXEC,
        )?);
        drained.set_len(16)?;
        let (input_read, input_write) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        let (control_read, control_write) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        Ok(Pipes {
            control: (control_read, control_write.into()),
            channel: reading_pipe()?,
            raw: [reading_pipe()?, reading_pipe()?],
            input: (input_read, input_write.into()),
            drained,
            comms: UnixDatagram::pair()?,
            steps: reading_pipe()?,
        })
    }

    /// Has a worker program of a session start with its ends of the pipes.
    pub(super) fn hand_to(
        self: &Arc<Self>,
        command: &mut Command,
        session: &Path,
        copies: CopyOptions,
    ) {
        let [channel, out, err, input, drained, control, comms] =
            self.worker_ends().map(|fd| fd.as_raw_fd());
        let launch = Launch {
            session: session.to_string_lossy().into_owned(),
            copies_limit_megabytes: copies.limit_megabytes,
            fails_copy_test: copies.fails_test,
            channel,
            raw: [out, err],
            input,
            drained,
            control,
            comms,
        };
        command.env(LAUNCH_VAR, launch.encode());
        let pipes = Arc::clone(self);
        // SAFETY: between fork and exec only fcntl is called, which POSIX allows there; nothing is allocated.
        unsafe {
            command.pre_exec(move || {
                for fd in pipes.worker_ends() {
                    rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::empty())?;
                }
                Ok(())
            });
        }
    }

    /// The file for the steps of builds. It is there as long as the pipes are.
    pub(super) fn steps_file(&self) -> PathBuf {
        let fd = self.steps.1.as_raw_fd();
        format!("/proc/{}/fd/{fd}", std::process::id()).into()
    }

    /// What the worker inherits.
    fn worker_ends(&self) -> [BorrowedFd<'_>; 7] {
        let [out, err] = &self.raw;
        [
            self.channel.1.as_fd(),
            out.1.as_fd(),
            err.1.as_fd(),
            self.input.0.as_fd(),
            self.drained.as_fd(),
            self.control.0.as_fd(),
            self.comms.0.as_fd(),
        ]
    }

    /// Waits until something can be read.
    pub(super) fn wait(&self) -> io::Result<()> {
        let [out, err] = &self.raw;
        let mut fds = [&self.channel.0, &out.0, &err.0, &self.steps.0]
            .map(|file| PollFd::new(file, PollFlags::IN));
        match rustix::event::poll(&mut fds, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// What waits now. The plain pipes are looked at first: see the pump.
    pub(super) fn waiting(&self) -> io::Result<Waiting> {
        let [out, err] = &self.raw;
        let raw = [
            rustix::io::ioctl_fionread(&out.0)? as usize,
            rustix::io::ioctl_fionread(&err.0)? as usize,
        ];
        let channel = rustix::io::ioctl_fionread(&self.channel.0)? as usize;
        Ok(Waiting { channel, raw })
    }

    /// Takes bytes that are known to wait in the channel.
    pub(super) fn read_channel(&self, buffer: &mut [u8]) -> io::Result<()> {
        (&self.channel.0).read_exact(buffer)
    }

    /// Takes bytes that are known to wait in a plain pipe.
    pub(super) fn read_raw(&self, index: usize, buffer: &mut [u8]) -> io::Result<()> {
        (&self.raw[index].0).read_exact(buffer)
    }

    /// Adds what waits among the steps of builds to a buffer.
    pub(super) fn read_steps(&self, buffer: &mut Vec<u8>) -> io::Result<()> {
        let start = buffer.len();
        let count = rustix::io::ioctl_fionread(&self.steps.0)? as usize;
        buffer.resize(start + count, 0);
        (&self.steps.0).read_exact(&mut buffer[start..])
    }

    /// Tells the worker how much has been taken out of a plain pipe since the start, and passed on.
    pub(super) fn set_drained(&self, index: usize, total: u64) -> io::Result<()> {
        self.drained
            .write_all_at(&total.to_le_bytes(), 8 * index as u64)
    }

    pub(super) fn answer(&self, token: u32, reply: &Reply) -> io::Result<()> {
        (&self.input.1).write_all(&wire::encode_reply(token, reply))
    }

    /// Sends a command to the supervisor; a line, which a pipe takes whole.
    pub(super) fn control(&self, command: &wire::Command) -> io::Result<()> {
        (&self.control.1).write_all(command.encode().as_bytes())
    }

    /// The socket by which messages on comms go to the worker.
    pub(super) fn comms(&self) -> io::Result<UnixDatagram> {
        self.comms.1.try_clone()
    }

    /// Puts a barrier behind everything that is in the channel now.
    pub(super) fn send_sync(&self) -> io::Result<()> {
        rustix::io::write(&self.channel.1, &barrier()?)?;
        Ok(())
    }

    /// Ends a supervisor, and so everything below it.
    pub(super) fn end(&self, supervisor: u32) {
        if let Some(pid) = Pid::from_raw(supervisor.cast_signed()) {
            // It may just have ended by itself.
            let _ = rustix::process::kill_process(pid, Signal::TERM);
        }
    }
}

/// The worker's side, for tests of the pump.
#[cfg(test)]
impl Pipes {
    pub(super) fn write_channel(&self, bytes: &[u8]) -> io::Result<()> {
        rustix::io::write(&self.channel.1, bytes)?;
        Ok(())
    }

    pub(super) fn write_raw(&self, index: usize, bytes: &[u8]) -> io::Result<()> {
        rustix::io::write(&self.raw[index].1, bytes)?;
        Ok(())
    }

    pub(super) fn read_input(&self, buffer: &mut [u8]) -> io::Result<()> {
        File::from(self.input.0.try_clone()?).read_exact(buffer)
    }

    pub(super) fn drained(&self) -> &File {
        &self.drained
    }
}

fn reading_pipe() -> io::Result<(File, OwnedFd)> {
    let (read, write) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
    // Room for a burst, so that a printing cell seldom waits. Refused above the system's limit; then the default stays.
    let _ = rustix::pipe::fcntl_setpipe_size(&read, 1 << 20);
    Ok((read.into(), write))
}

/// A frame that the kernel sends to itself: see [`Report::Sync`].
fn barrier() -> serde_json::Result<Vec<u8>> {
    let json = serde_json::to_vec(&Report::Sync)?;
    let mut frame = wire::header(Kind::Report, false, json.len(), u32::MAX).to_vec();
    frame.extend(json);
    Ok(frame)
}
