//! The bounded queue of what a socket still has to send.
//!
//! A client that does not read fast enough loses its connection, never the server its memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::extract::ws::Message;
use tokio::sync::{Notify, mpsc};

/// How many messages may wait for one socket.
const MESSAGES: usize = 4096;
/// How many bytes may wait for one socket.
const BYTES: usize = 16 << 20;

/// Where messages for a socket are left.
#[derive(Clone, Debug)]
pub(super) struct Outbox {
    sender: mpsc::Sender<Message>,
    waiting: Arc<AtomicUsize>,
    overflow: Arc<Notify>,
}

/// Where the socket's writer takes them.
#[derive(Debug)]
pub(super) struct Drain {
    receiver: mpsc::Receiver<Message>,
    waiting: Arc<AtomicUsize>,
}

/// Makes an empty queue.
pub(super) fn outbox() -> (Outbox, Drain) {
    let (sender, receiver) = mpsc::channel(MESSAGES);
    let waiting = Arc::<AtomicUsize>::default();
    let outbox = Outbox {
        sender,
        waiting: Arc::clone(&waiting),
        overflow: Arc::default(),
    };
    (outbox, Drain { receiver, waiting })
}

impl Outbox {
    /// Leaves a message; when there is no room the socket is told to hang up instead.
    pub(super) fn push(&self, message: Message) {
        let size = size_of_message(&message);
        let room = self.waiting.fetch_add(size, Ordering::Relaxed) + size <= BYTES;
        if !room || self.sender.try_send(message).is_err() {
            self.waiting.fetch_sub(size, Ordering::Relaxed);
            self.give_up();
        }
    }

    /// Tells the socket to hang up.
    pub(super) fn give_up(&self) {
        self.overflow.notify_one();
    }

    /// Waits until a message found no room.
    pub(super) async fn overflowed(&self) {
        self.overflow.notified().await;
    }
}

impl Drain {
    /// The next message; `None` when nobody can leave one any more.
    pub(super) async fn next(&mut self) -> Option<Message> {
        let message = self.receiver.recv().await?;
        self.waiting
            .fetch_sub(size_of_message(&message), Ordering::Relaxed);
        Some(message)
    }
}

fn size_of_message(message: &Message) -> usize {
    match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes.len(),
        Message::Close(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;

    fn overflowed(outbox: &Outbox) -> bool {
        outbox.overflowed().now_or_never().is_some()
    }

    #[tokio::test]
    async fn too_many_messages_overflow() {
        let (outbox, mut drain) = outbox();
        (0..MESSAGES).for_each(|_| outbox.push(Message::text("x")));
        assert!(!overflowed(&outbox));
        outbox.push(Message::text("x"));
        assert!(overflowed(&outbox));
        drain.next().await;
        outbox.push(Message::text("x"));
        assert!(!overflowed(&outbox), "there is room again");
    }

    #[tokio::test]
    async fn too_many_bytes_overflow() {
        let (outbox, mut drain) = outbox();
        let half = Message::binary(vec![0; BYTES / 2]);
        outbox.push(half.clone());
        outbox.push(half.clone());
        assert!(!overflowed(&outbox));
        outbox.push(Message::text("x"));
        assert!(overflowed(&outbox));
        drain.next().await;
        outbox.push(half);
        assert!(!overflowed(&outbox), "there is room again");
    }
}
