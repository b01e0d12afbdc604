//! A group of processes that may use so much memory and no more, as containers have.

use std::fs;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use crate::kernel::wait_until;

/// A control group with a limit for its memory. Removed on drop, once its processes are gone.
#[derive(Debug)]
pub struct MemoryGroup {
    folder: PathBuf,
}

impl MemoryGroup {
    /// Makes one; `None` where this user may not, or the system has no such groups.
    pub fn new(bytes: u64) -> Option<MemoryGroup> {
        let name = format!("threadbook-test-{}", uuid::Uuid::new_v4().simple());
        // In this order: the first version's, and the second's. Without the next file, swap would take what is above the limit.
        [
            (
                "/sys/fs/cgroup/memory",
                "memory.limit_in_bytes",
                "memory.memsw.limit_in_bytes",
                bytes,
            ),
            ("/sys/fs/cgroup", "memory.max", "memory.swap.max", 0),
        ]
        .into_iter()
        .find_map(|(root, limit, swap, swap_bytes)| {
            let folder = Path::new(root).join(&name);
            fs::create_dir(&folder).ok()?;
            let group = MemoryGroup { folder };
            group.set(limit, bytes)?;
            // A machine without swap has no such file.
            let _ = group.set(swap, swap_bytes);
            group.takes_processes().then_some(group)
        })
    }

    /// A program that starts another one in this group, with its arguments.
    pub fn prefix(&self) -> [String; 4] {
        let script = format!(
            "echo $$ > {}/cgroup.procs && exec \"$@\"",
            self.folder.display()
        );
        ["sh", "-c", &script, "sh"].map(str::to_owned)
    }

    fn takes_processes(&self) -> bool {
        let [program, arguments @ ..] = self.prefix();
        let started = Command::new(program).args(arguments).arg("true").status();
        started.is_ok_and(|status| status.success())
    }

    fn set(&self, file: &str, value: u64) -> Option<()> {
        // Not made where it is missing: the folder may be no control group.
        let mut file = OpenOptions::new()
            .write(true)
            .open(self.folder.join(file))
            .ok()?;
        file.write_all(value.to_string().as_bytes()).ok()
    }
}

impl Drop for MemoryGroup {
    fn drop(&mut self) {
        wait_until("the group's processes are gone", || {
            fs::remove_dir(&self.folder).ok()
        });
    }
}
