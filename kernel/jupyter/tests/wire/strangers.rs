//! Peers that do not have the key, or do not speak the protocol.

use std::io::Read;
use std::io::Write;
use std::net::TcpStream;

use bytes::Bytes;
use serde_json::json;
use threadbook_jupyter::message::Channel;
use threadbook_jupyter::message::Message;
use threadbook_jupyter::message::Signer;

use super::lives;
use super::process::HANG;
use super::process::Kernel;
use super::shut_down;

fn greeting() -> Vec<u8> {
    let mut bytes = vec![0; 64];
    bytes[0] = 0xff;
    bytes[9] = 0x7f;
    bytes[10] = 3;
    bytes[12..16].copy_from_slice(b"NULL");
    bytes
}

fn ready(socket_type: &str) -> Vec<u8> {
    let mut command = b"\x05READY\x0bSocket-Type\0\0\0".to_vec();
    command.push(u8::try_from(socket_type.len()).unwrap());
    command.extend(socket_type.as_bytes());
    let mut frame = vec![4, u8::try_from(command.len()).unwrap()];
    frame.extend(command);
    frame
}

fn announced(flags: u8, length: u64) -> Vec<u8> {
    let mut frame = vec![flags | 2];
    frame.extend(length.to_be_bytes());
    frame
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(HANG)).unwrap();
    stream
}

/// Asserts that the kernel closes the connection instead of waiting for the rest.
fn is_cut_off(mut stream: TcpStream) {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn announced_petabytes_end_a_connection_and_nothing_else() {
    let kernel = Kernel::tcp();
    let mut client = kernel.client().await;
    let info = &kernel.info;
    for (port, socket_type) in [
        (info.shell_port, "DEALER"),
        (info.control_port, "DEALER"),
        (info.stdin_port, "DEALER"),
        (info.iopub_port, "SUB"),
        (info.hb_port, "REQ"),
    ] {
        for length in [1 << 36, 1 << 62, u64::MAX] {
            for flags in [0, 1, 4] {
                let mut stream = connect(port);
                stream.write_all(&greeting()).unwrap();
                stream.write_all(&announced(flags, length)).unwrap();
                is_cut_off(stream);

                let mut stream = connect(port);
                stream.write_all(&greeting()).unwrap();
                stream.write_all(&ready(socket_type)).unwrap();
                stream.write_all(&announced(flags, length)).unwrap();
                is_cut_off(stream);
            }
        }
    }
    lives(&mut client, "1").await;
    client.ping(HANG).await.unwrap();
    shut_down(client, kernel).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_ends_a_connection_and_nothing_else() {
    let kernel = Kernel::tcp();
    let mut client = kernel.client().await;
    let info = &kernel.info;
    for port in [
        info.shell_port,
        info.control_port,
        info.stdin_port,
        info.iopub_port,
        info.hb_port,
    ] {
        let mut stream = connect(port);
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .unwrap();
        is_cut_off(stream);
        // Each peer closes the connection after an incomplete or invalid greeting, command or frame.
        for bytes in [
            greeting()[..30].to_vec(),
            [greeting(), ready("DEALER")[..9].to_vec()].concat(),
            [greeting(), ready("DEALER"), vec![0, 200, 1, 2, 3]].concat(),
            [greeting(), ready("NOSUCH")].concat(),
            [greeting(), vec![4, 3, 200, 1, 1]].concat(),
            [
                greeting(),
                ready("DEALER"),
                vec![4, 5, 4, b'P', b'I', b'N', b'G'],
            ]
            .concat(),
        ] {
            let mut stream = connect(port);
            stream.write_all(&bytes).unwrap();
        }
    }
    lives(&mut client, "1").await;
    client.ping(HANG).await.unwrap();
    shut_down(client, kernel).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_and_replayed_messages_are_dropped() {
    for kernel in [Kernel::tcp(), Kernel::ipc()] {
        let mut client = kernel.client().await;
        let own = Signer::new(&kernel.info.signature_scheme, &kernel.info.key).unwrap();
        for channel in [Channel::Shell, Channel::Control, Channel::Stdin] {
            let shutdown = Message::new("shutdown_request", "s", json!({"restart": false}));
            // These messages are unsigned, signed with another key, cut off, or have invalid content.
            let unsigned = shutdown.encode(&Signer::new("", "").unwrap());
            let foreign = shutdown.encode(&Signer::new("hmac-sha256", "another").unwrap());
            let signed = shutdown.encode(&own);
            client.send_frames(channel, unsigned.clone());
            client.send_frames(channel, foreign);
            for end in 1..signed.len() {
                client.send_frames(channel, signed[..end].to_vec());
            }
            for place in 1..signed.len() {
                let mut forged = signed.clone();
                forged[place] = Bytes::from_static(b"\0\xff{[");
                client.send_frames(channel, forged);
            }
        }
        // A message with buffers is valid. A second copy of it is not.
        let mut request = Message::new("kernel_info_request", client.session(), json!({}));
        request.buffers = vec![Bytes::from_static(b"\0\x01"); 3];
        let frames = request.encode(&own);
        client.send_frames(Channel::Shell, frames.clone());
        client
            .exchange(request.header.msg_id(), HANG)
            .await
            .unwrap();
        client.send_frames(Channel::Shell, frames);
        lives(&mut client, "1").await;
        let exchange = client
            .request(Channel::Control, "kernel_info_request", json!({}), HANG)
            .await
            .unwrap();
        assert_eq!(exchange.reply.content["status"], "ok");
        shut_down(client, kernel).await;
    }
}
