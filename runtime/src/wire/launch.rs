//! What a worker is given when it is started: one environment variable.

use std::io;

use serde::Deserialize;
use serde::Serialize;

/// The environment variable that holds a [`Launch`]. `threadbook top` recognises workers by it.
pub const LAUNCH_VAR: &str = "THREADBOOK_WORKER";

/// What the kernel gives to a worker program. Numbers of descriptors are those of the worker, which inherits them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launch {
    /// The session's folder, which goes when the kernel does.
    pub session: String,
    /// Resident megabytes above which no copy of the live worker is made, where the person has set a limit.
    pub copies_limit_megabytes: Option<u32>,
    /// Whether the test of copies at the worker's start is to fail, as on a system where copies do not work.
    pub fails_copy_test: bool,
    /// Where frames go.
    pub channel: i32,
    /// Where programs that cells start write what they print: stdout and stderr.
    pub raw: [i32; 2],
    /// Where replies come from.
    pub input: i32,
    /// The file with the counters of what the kernel has taken out of `raw`.
    pub drained: i32,
    /// Where commands come from, but for evcxr's, which come on stdin.
    pub control: i32,
    /// Where messages on comms come from.
    pub comms: i32,
}

impl Launch {
    /// The value of the variable.
    ///
    /// # Panics
    ///
    /// Never: the JSON is made of strings and numbers.
    pub fn encode(&self) -> String {
        serde_json::to_string(self).expect("a launch is made of strings and numbers")
    }

    /// Reads the value of the variable.
    ///
    /// # Errors
    ///
    /// When the text is none.
    pub fn decode(text: &str) -> io::Result<Launch> {
        serde_json::from_str(text).map_err(|error| {
            io::Error::other(format!(
                "`{LAUNCH_VAR}` is `{text}`, expected what the kernel sets: {error} (start a kernel)"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_launch_survives_the_way() {
        for copies_limit_megabytes in [None, Some(7)] {
            let launch = Launch {
                session: "/a b/\"код\"=1,2".to_owned(),
                copies_limit_megabytes,
                fails_copy_test: copies_limit_megabytes.is_some(),
                channel: 3,
                raw: [4, 5],
                input: 6,
                drained: 7,
                control: 8,
                comms: 9,
            };
            let text = launch.encode();
            assert!(!text.contains(['\n', '\0']), "{text}");
            assert_eq!(Launch::decode(&text).unwrap(), launch);
        }
        let error = Launch::decode("3,4,5,6,7,8").unwrap_err().to_string();
        assert!(
            error.starts_with("`THREADBOOK_WORKER` is `3,4,5,6,7,8`"),
            "{error}"
        );
    }
}
