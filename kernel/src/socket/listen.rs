//! Binding the public addresses of a connection file, and the private ones behind them.

use std::fs::File;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use jupyter_protocol::Transport;
use rustix::fs::FlockOperation;
use rustix::fs::flock;

use super::guard::PublicListener;
use crate::message::Channel;
use crate::message::ConnectionInfo;
use crate::message::endpoint;

/// A channel that could not be bound.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The address is taken or not ours.
    #[error("cannot listen on `{endpoint}` for the {} channel: {source}", channel.name())]
    Public {
        /// Which channel.
        channel: Channel,
        /// The address from the connection file, with its port.
        endpoint: String,
        /// What the system said.
        source: io::Error,
    },
    /// No private socket could be made.
    #[error("cannot make a private socket in `{}`: {reason}", path.display())]
    Private {
        /// Where it was to be.
        path: PathBuf,
        /// What went wrong.
        reason: String,
    },
}

/// Binds the address that the connection file gives to a channel.
pub(super) fn listen(info: &ConnectionInfo, channel: Channel) -> Result<PublicListener, BindError> {
    let endpoint = endpoint(info, channel);
    bind(info, &endpoint).map_err(|source| BindError::Public {
        channel,
        endpoint,
        source,
    })
}

fn bind(info: &ConnectionInfo, endpoint: &str) -> io::Result<PublicListener> {
    match info.transport {
        Transport::TCP => {
            let address = endpoint
                .trim_start_matches("tcp://")
                .replace('*', "0.0.0.0");
            Ok(PublicListener::Tcp(std::net::TcpListener::bind(address)?))
        }
        Transport::IPC => {
            let path = PathBuf::from(endpoint.trim_start_matches("ipc://"));
            let listener = match UnixListener::bind(&path) {
                // A kernel that was killed leaves its socket behind, and its restart gets the same connection file.
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && !is_served(&path) => {
                    std::fs::remove_file(&path)?;
                    UnixListener::bind(&path)?
                }
                bound => bound?,
            };
            Ok(PublicListener::Ipc(listener, path))
        }
    }
}

fn is_served(path: &Path) -> bool {
    UnixStream::connect(path).is_ok()
}

const PREFIX: &str = "threadbook-sockets-";

/// The folder of the private sockets. Only this user can enter it, so nobody gets around the guard.
#[derive(Debug)]
pub(super) struct PrivateDir {
    dir: tempfile::TempDir,
    /// Locked as long as the kernel lives, so that a later start can tell which folders are left over.
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
        let dir = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(std::fs::Permissions::from_mode(0o700))
            .tempdir_in(&parent)
            .map_err(private)?;
        let lock = File::open(dir.path()).map_err(private)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(|error| private(error.into()))?;
        Ok(PrivateDir { dir, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(super) fn socket(&self, channel: Channel) -> PathBuf {
        self.dir.path().join(channel.name())
    }
}

/// Where to make a folder for sockets.
pub(crate) fn socket_parent() -> PathBuf {
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
