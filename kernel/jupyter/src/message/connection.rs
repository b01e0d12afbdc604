//! The connection file: where to listen, and the key.

use std::path::Path;
use std::path::PathBuf;

use jupyter_protocol::ConnectionInfo;
use jupyter_protocol::connection_info::Transport;

use super::Channel;
use super::Signer;
use super::UnknownScheme;

/// Why a connection file is of no use. Each text names the file.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionFileError {
    /// The file is missing or not readable.
    #[error("cannot read the connection file `{}` ({source})", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The file is not what jupyter_client writes.
    #[error(
        "the connection file `{}` is malformed: {source} (expected the JSON object that Jupyter writes when it starts a kernel)",
        path.display()
    )]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        source: serde_json::Error,
    },
    /// The file requires signatures that this kernel cannot make.
    #[error("the connection file `{}` is of no use: {source}", path.display())]
    Scheme {
        /// The file.
        path: PathBuf,
        /// The scheme in the file.
        source: UnknownScheme,
    },
}

/// Reads a connection file, and checks that its signature scheme is supported.
pub fn read_connection_file(path: &Path) -> Result<ConnectionInfo, ConnectionFileError> {
    let text = std::fs::read(path).map_err(|source| ConnectionFileError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let info: ConnectionInfo =
        serde_json::from_slice(&text).map_err(|source| ConnectionFileError::Malformed {
            path: path.to_owned(),
            source,
        })?;
    Signer::new(&info.signature_scheme, &info.key).map_err(|source| {
        ConnectionFileError::Scheme {
            path: path.to_owned(),
            source,
        }
    })?;
    Ok(info)
}

/// The address of a channel in the words of ZeroMQ: `tcp://127.0.0.1:5000` or `ipc:///run/kernel-1`.
pub fn endpoint(info: &ConnectionInfo, channel: Channel) -> String {
    let port = match channel {
        Channel::Shell => info.shell_port,
        Channel::Control => info.control_port,
        Channel::Stdin => info.stdin_port,
        Channel::Iopub => info.iopub_port,
        Channel::Heartbeat => info.hb_port,
    };
    let ip = &info.ip;
    match info.transport {
        Transport::TCP if ip.contains(':') && !ip.starts_with('[') => {
            format!("tcp://[{ip}]:{port}")
        }
        Transport::TCP => format!("tcp://{ip}:{port}"),
        Transport::IPC => format!("ipc://{ip}-{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_is_named() {
        let error = read_connection_file(Path::new("/nowhere/kernel.json")).unwrap_err();
        assert!(
            error.to_string().contains("`/nowhere/kernel.json`"),
            "{error}"
        );
    }

    #[test]
    fn a_malformed_file_is_named_with_the_place() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kernel.json");
        for text in ["", "{", "[]", "{\"ip\": 3}", "\u{0}"] {
            std::fs::write(&path, text).unwrap();
            let error = read_connection_file(&path).unwrap_err().to_string();
            assert!(error.contains("kernel.json` is malformed"), "{error}");
        }
    }

    #[test]
    fn an_unknown_signature_scheme_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("kernel.json");
        std::fs::write(
            &path,
            r#"{"ip":"127.0.0.1","transport":"tcp","shell_port":1,"iopub_port":2,"stdin_port":3,
                "control_port":4,"hb_port":5,"key":"k","signature_scheme":"hmac-md5"}"#,
        )
        .unwrap();
        let error = read_connection_file(&path).unwrap_err().to_string();
        assert!(error.contains("`hmac-md5`"), "{error}");
    }
}
