//! Real sockets to a real process: the view of a client, and the possibilities of a stranger.

mod process;
mod strangers;

use std::net::TcpListener;

use process::HANG;
use process::Kernel;
use serde_json::json;
use threadbook_jupyter::client::Client;
use threadbook_jupyter::client::is_idle;
use threadbook_jupyter::message::Channel;

async fn lives(client: &mut Client, code: &str) {
    let content = json!({"code": code, "silent": false, "allow_stdin": false});
    let exchange = client
        .request(Channel::Shell, "execute_request", content, HANG)
        .await
        .unwrap();
    assert_eq!(exchange.reply.content["status"], "ok");
    let text: String = exchange
        .iopub
        .iter()
        .filter_map(|message| message.content["text"].as_str())
        .collect();
    assert!(text == code, "got {} bytes of {}", text.len(), code.len());
    assert!(exchange.iopub.last().is_some_and(is_idle));
}

async fn shut_down(mut client: Client, kernel: Kernel) {
    // The reply and idle arrive although the process ends directly afterwards.
    let content = json!({"restart": false});
    let exchange = client
        .request(Channel::Control, "shutdown_request", content, HANG)
        .await
        .unwrap();
    assert_eq!(exchange.reply.content["status"], "ok");
    assert_eq!(kernel.exit_code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_served_over_tcp_and_ipc() {
    for kernel in [Kernel::tcp(), Kernel::ipc()] {
        let mut client = kernel.client().await;
        client.ping(HANG).await.unwrap();
        for channel in [Channel::Shell, Channel::Control] {
            let info = client
                .request(channel, "kernel_info_request", json!({}), HANG)
                .await
                .unwrap();
            assert_eq!(info.reply.content["implementation"], "echo");
            assert_eq!(info.iopub.len(), 2);
        }
        lives(&mut client, "1 + 1").await;
        let mut second = kernel.client().await;
        lives(&mut second, "2").await;
        shut_down(client, kernel).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_cell_passes_both_ways() {
    let kernel = Kernel::tcp();
    let mut client = kernel.client().await;
    lives(&mut client, &"line 🦀\n".repeat(800_000)).await;
    shut_down(client, kernel).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_messages_always_arrive() {
    for _ in 0..20 {
        let kernel = Kernel::ipc();
        let client = kernel.client().await;
        shut_down(client, kernel).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_the_process_in_order_and_sigint_does_not() {
    let kernel = Kernel::tcp();
    let mut client = kernel.client().await;
    let pid = rustix::process::Pid::from_child(&kernel.child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    // No cell runs that the signal could interrupt. This only checks that the kernel still replies.
    let exchange = client
        .request(Channel::Control, "kernel_info_request", json!({}), HANG)
        .await
        .unwrap();
    assert_eq!(exchange.reply.content["status"], "ok");
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(kernel.exit_code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kernel_ends_with_the_program_that_started_it() {
    let mut parent = std::process::Command::new("sleep")
        .arg("1000")
        .spawn()
        .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = process::tcp_file(&dir);
    let child = process::command(&dir, &file)
        .env("JPY_PARENT_PID", parent.id().to_string())
        .spawn()
        .unwrap();
    let info = threadbook_jupyter::message::read_connection_file(&file).unwrap();
    let kernel = Kernel { dir, info, child };
    lives(&mut kernel.client().await, "1").await;
    parent.kill().unwrap();
    // The parent is not yet reaped. The kernel must still notice its end.
    assert_eq!(kernel.exit_code(), Some(0));
    parent.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_takes_over_the_sockets_of_a_killed_kernel() {
    let mut kernel = Kernel::ipc();
    lives(&mut kernel.client().await, "1").await;
    kernel.child.kill().unwrap();
    kernel.child.wait().unwrap();
    let file = kernel.dir.path().join("kernel.json");
    kernel.child = process::command(&kernel.dir, &file).spawn().unwrap();
    let mut client = loop {
        // Connections to the old sockets are refused until the new process has bound its own.
        if let Ok(client) = Client::connect(&kernel.info, HANG).await {
            break client;
        }
    };
    client.wait_for_welcome(HANG).await.unwrap();
    lives(&mut client, "2").await;
}

#[test]
fn a_start_that_fails_says_why_in_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing.json");
    let malformed = dir.path().join("malformed.json");
    std::fs::write(&malformed, "{\"ip\":").unwrap();
    let taken = process::tcp_file(&dir);
    let info = threadbook_jupyter::message::read_connection_file(&taken).unwrap();
    let _listener = TcpListener::bind(("127.0.0.1", info.stdin_port)).unwrap();
    for (file, named) in [
        (&missing, missing.display().to_string()),
        (&malformed, malformed.display().to_string()),
        (&taken, format!("tcp://127.0.0.1:{}", info.stdin_port)),
    ] {
        let output = process::output(&dir, file);
        assert_eq!(output.status.code(), Some(2));
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains(&named), "{text}");
    }
}
