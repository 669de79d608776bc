//! Over `embedded_io_async`, as on embassy: `send` and `receive` are all that a firmware needs
//! between a `TcpSocket` or a UART and its events. No heap, no clock, no executor of a kind.
//!
//! ```text
//! cargo run --example embedded_io
//! ```
//!
//! The same file is compiled and run on a Cortex-M3 and a Cortex-M0 in `firmware/`.

use embedded_io_async::{Read, Write};
use sse_codec::{Chunk, Event, Frame, Inline, Parser};

/// Sends a frame through a small buffer. If it is dropped half-way, so is half a frame: close the
/// connection then. (So race the *waiting for* an event against a timeout, never this.)
pub(crate) async fn send<W: Write>(socket: &mut W, frame: &Frame<'_>) -> Result<(), W::Error> {
    let mut buffer = [0; 64];
    let mut cursor = frame.cursor();
    while !cursor.is_done() {
        let len = cursor.copy_to(&mut buffer);
        socket.write_all(&buffer[..len]).await?;
    }
    socket.flush().await
}

/// Receives until the stream ends. It can be dropped at any time; then `parser.reset()`, and the
/// next request says `parser.last_event_id()`.
pub(crate) async fn receive<R: Read, const N: usize, const ID: usize>(
    socket: &mut R,
    parser: &mut Parser<Inline<N, ID>>,
    mut handle: impl FnMut(Event<'_>),
) -> Result<(), R::Error> {
    let mut buffer = [0; 64];
    loop {
        let len = socket.read(&mut buffer).await?;
        if len == 0 {
            return Ok(());
        }
        let mut chunk = Chunk::new(&buffer[..len]);
        while !chunk.is_empty() {
            // An event that does not fit is lost as a whole, and the parser goes on after it.
            if let Ok(Some(event)) = parser.next_event(&mut chunk) {
                handle(event);
            }
        }
    }
}

/// On the host a slice will do for a socket, and a future over it never waits.
#[cfg(not(target_os = "none"))]
fn main() {
    use std::{future::Future, pin::pin, task};

    let mut context = task::Context::from_waker(task::Waker::noop());
    let (mut wire, mut parser) = ([0; 64], Parser::<Inline<32, 8>>::new());
    let frame = Frame::event(Event::text("21.5 °C").with_id(b"1")).expect("a valid ID");
    let sent = pin!(send(&mut &mut wire[..], &frame)).poll(&mut context);
    assert!(matches!(sent, task::Poll::Ready(Ok(()))));
    let mut wire = &wire[..];
    let print = |event: Event<'_>| println!("{event:?}");
    let received = pin!(receive(&mut wire, &mut parser, print)).poll(&mut context);
    assert!(received.is_ready());
}
