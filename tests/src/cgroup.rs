//! A group of processes with a memory limit, as containers have.

use std::fs;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use crate::kernel::wait_until;

/// A control group with a memory limit. It is removed on drop, after its processes have ended.
#[derive(Debug)]
pub struct MemoryGroup {
    folder: PathBuf,
}

impl MemoryGroup {
    /// Makes a group; returns `None` if this user lacks the permission or the system has no such groups.
    pub fn new(bytes: u64) -> Option<MemoryGroup> {
        let name = format!("threadbook-test-{}", uuid::Uuid::new_v4().simple());
        // cgroup version 1 is tried first, then version 2. The swap limit prevents memory above the limit from going to
        // swap.
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

    /// A command, with its arguments, that starts another program in this group.
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
        // A missing file is not created: the folder may not be a control group.
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
