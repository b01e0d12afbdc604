//! Sockets of this machine alone, by the names of files: those that a client may choose, and the private ones of
//! `zeromq` behind the guard.

use std::fs::File;
use std::io;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jupyter_protocol::Transport;
use rustix::fs::FlockOperation;
use rustix::fs::flock;
use rustix::io::Errno;
use tokio::net::UnixStream;
use tokio::net::unix::OwnedReadHalf;
use tokio::net::unix::OwnedWriteHalf;
use zeromq::Socket;

use super::bind_error::BindError;
use crate::message::Channel;
use crate::sys::files;

/// A public listener by a name.
#[derive(Debug)]
pub(super) struct IpcListener {
    listener: UnixListener,
    path: PathBuf,
}

impl IpcListener {
    pub(super) fn bind(path: &Path) -> io::Result<IpcListener> {
        let listener = match UnixListener::bind(path) {
            // A kernel that was killed leaves its socket behind, and its restart gets the same connection file.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && !is_served(path) => {
                std::fs::remove_file(path)?;
                UnixListener::bind(path)?
            }
            bound => bound?,
        };
        Ok(IpcListener {
            listener,
            path: path.to_owned(),
        })
    }

    /// The socket's file, which has no use once the listener is gone.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Has this thread's reactor wait for connections.
    pub(super) fn accepting(self) -> io::Result<Accepting> {
        self.listener.set_nonblocking(true)?;
        Ok(Accepting(tokio::net::UnixListener::from_std(
            self.listener,
        )?))
    }
}

/// A listener at work.
#[derive(Debug)]
pub(super) struct Accepting(tokio::net::UnixListener);

impl Accepting {
    pub(super) async fn next(&self) -> io::Result<UnixStream> {
        Ok(self.0.accept().await?.0)
    }
}

fn is_served(path: &Path) -> bool {
    std::os::unix::net::UnixStream::connect(path).is_ok()
}

/// Where a socket of `zeromq` is to be.
#[derive(Clone, Debug)]
pub(super) struct SocketPath(PathBuf);

impl SocketPath {
    /// Says that there can't be a socket.
    pub(super) fn refused(&self, reason: impl ToString) -> BindError {
        BindError::Private {
            path: self.0.clone(),
            reason: reason.to_string(),
        }
    }

    /// Binds a socket of `zeromq`.
    pub(super) async fn bind(&self, socket: &mut impl Socket) -> Result<Inner, BindError> {
        let listener = UnixListener::bind(&self.0).map_err(|error| self.refused(error))?;
        let bound = socket.bind_listener(listener).await;
        bound.map_err(|error| self.refused(error))?;
        Ok(Inner(Arc::from(self.0.as_path())))
    }
}

/// The private address of a socket of `zeromq`.
#[derive(Clone, Debug)]
pub(super) struct Inner(Arc<Path>);

pub(super) type InnerRead = OwnedReadHalf;

impl Inner {
    pub(super) async fn connect(&self) -> io::Result<(OwnedReadHalf, OwnedWriteHalf)> {
        Ok(UnixStream::connect(&self.0).await?.into_split())
    }
}

/// Reads what is there, without waiting for more. Calls the system itself: `try_read` only sees what the reactor has
/// heard of.
pub(super) fn read_now(from: &InnerRead, chunk: &mut [u8]) -> io::Result<usize> {
    loop {
        match rustix::io::read(from.as_ref(), &mut *chunk) {
            Err(Errno::INTR) => {}
            result => return Ok(result?),
        }
    }
}

/// What a new kernel may bind: for shell, iopub, stdin, control and heartbeat.
#[derive(Debug)]
pub struct Addresses {
    /// Sockets with names, or TCP.
    pub transport: Transport,
    /// The folder of the sockets with names and how their names begin; an address with TCP.
    pub ip: String,
    /// In the order above.
    pub ports: [u16; 5],
}

/// Sockets with names in a private folder: of free ports, others might take one before the kernel does.
pub fn fresh_addresses(folder: &Path) -> Addresses {
    Addresses {
        transport: Transport::IPC,
        ip: folder.join("kernel").display().to_string(),
        ports: [1, 2, 3, 4, 5],
    }
}

const PREFIX: &str = "threadbook-sockets-";

/// The folder of the private sockets. Only this user can enter it, and therefore no peer gets around the guard.
#[derive(Debug)]
pub(super) struct PrivateDir {
    dir: tempfile::TempDir,
    /// Locked as long as the kernel lives. A later start finds left-over folders by their missing locks.
    _lock: File,
}

impl PrivateDir {
    pub(super) fn new() -> Result<PrivateDir, BindError> {
        let parent = socket_parent();
        sweep(&parent);
        let private = |source: io::Error| BindError::Private {
            path: parent.clone(),
            reason: source.to_string(),
        };
        let dir = files::private_temp_folder(PREFIX, &parent).map_err(private)?;
        let lock = File::open(dir.path()).map_err(private)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(|error| private(error.into()))?;
        Ok(PrivateDir { dir, _lock: lock })
    }

    /// The folder, which a kernel that is killed leaves behind.
    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Where the socket of a channel is to be.
    pub(super) fn socket(&self, channel: Channel) -> SocketPath {
        SocketPath(self.dir.path().join(channel.name()))
    }
}

/// Where to make a folder for sockets.
pub fn socket_parent() -> PathBuf {
    parent(std::env::temp_dir())
}

/// The path of a socket has at most 107 bytes, of which the folder and the socket need some forty.
fn parent(temp_dir: PathBuf) -> PathBuf {
    if temp_dir.as_os_str().len() > 64 {
        PathBuf::from("/tmp")
    } else {
        temp_dir
    }
}

/// Removes what killed kernels left. A folder that is younger than a minute may belong to a kernel that starts now and
/// has not locked it yet.
fn sweep(parent: &Path) {
    let Ok(entries) = std::fs::read_dir(parent) else {
        return;
    };
    for entry in entries.flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let age = entry
            .metadata()
            .and_then(|metadata| metadata.modified())
            .map(|time| time.elapsed());
        let Ok(Ok(age)) = age else { continue };
        let Ok(dir) = File::open(entry.path()) else {
            continue;
        };
        if age > Duration::from_secs(60)
            && flock(&dir, FlockOperation::NonBlockingLockExclusive).is_ok()
        {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_private_dir_is_ours_alone_and_goes_away() {
        let private = PrivateDir::new().unwrap();
        let path = private.dir.path().to_owned();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o700
        );
        drop(private);
        assert!(!path.exists());
    }

    #[test]
    fn what_killed_kernels_left_is_swept_and_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        let made = |name: &str, age: Duration| {
            let path = parent.path().join(name);
            std::fs::create_dir(&path).unwrap();
            std::fs::write(path.join("shell"), "").unwrap();
            let dir = File::open(&path).unwrap();
            dir.set_modified(std::time::SystemTime::now() - age)
                .unwrap();
            (path, dir)
        };
        let old = Duration::from_secs(3600);
        let (left, _) = made("threadbook-sockets-left", old);
        let (young, _) = made("threadbook-sockets-young", Duration::ZERO);
        let (other, _) = made("other", old);
        let (lives, lock) = made("threadbook-sockets-lives", old);
        flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
        sweep(parent.path());
        assert!(!left.exists());
        assert!(young.exists() && other.exists() && lives.exists());
    }

    #[test]
    fn a_long_temporary_folder_is_not_used_for_sockets() {
        assert_eq!(parent(PathBuf::from("/var/tmp")), PathBuf::from("/var/tmp"));
        assert_eq!(
            parent(PathBuf::from("/x".repeat(60))),
            PathBuf::from("/tmp")
        );
    }
}
