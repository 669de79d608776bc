//! The example for `embedded_io_async`, on the target: two tasks and a pipe between them, and a
//! channel of events from the task that reads to one that acts on them.

use core::{
    cell::RefCell,
    convert::Infallible,
    future::poll_fn,
    pin::pin,
    task::{Context, Poll, Waker},
};

use cortex_m_semihosting::hprintln;
use embedded_io_async::{ErrorType, Read, Write};
use heapless::Deque;
use sse_codec::{Event, Frame, Inline, InlineEvent, Parser};

#[path = "../../../examples/embedded_io.rs"]
mod embedded_io;

/// Takes a few bytes and then makes its writer wait.
struct Pipe {
    bytes: RefCell<Deque<u8, 7>>,
}

const TEXTS: [&str; 3] = ["short", "longer than the pipe", "two\nlines"];

pub fn check() {
    let pipe = Pipe {
        bytes: RefCell::new(Deque::new()),
    };
    // Where a firmware has an `embassy_sync::channel::Channel`.
    let mut channel = Deque::<InlineEvent<32>, 4>::new();
    {
        let (mut sender, mut receiver) = (&pipe, &pipe);
        let mut parser = Parser::<Inline<32>>::new();
        let mut send = pin!(async {
            for text in TEXTS {
                let frame = Frame::event(Event::text(text)).expect("valid");
                let Ok(()) = embedded_io::send(&mut sender, &frame).await;
            }
        });
        let mut receive = pin!(embedded_io::receive(&mut receiver, &mut parser, |event| {
            let event = InlineEvent::new(event).expect("as long as the parser's");
            assert!(channel.push_back(event).is_ok());
        }));
        // An executor of the simplest kind.
        let mut context = Context::from_waker(Waker::noop());
        while send.as_mut().poll(&mut context).is_pending() {
            assert!(receive.as_mut().poll(&mut context).is_pending());
        }
        assert!(receive.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(channel.len(), TEXTS.len());
    for (event, text) in channel.iter().zip(TEXTS) {
        assert_eq!(event.as_event().data_str(), Ok(text));
    }
    hprintln!("{} events from task to task", channel.len());
}

impl ErrorType for &Pipe {
    type Error = Infallible;
}

impl Read for &Pipe {
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        poll_fn(|_| {
            let mut bytes = self.bytes.borrow_mut();
            let mut len = 0;
            for (into, byte) in buffer
                .iter_mut()
                .zip(core::iter::from_fn(|| bytes.pop_front()))
            {
                *into = byte;
                len += 1;
            }
            if len > 0 {
                Poll::Ready(Ok(len))
            } else {
                Poll::Pending
            }
        })
        .await
    }
}

impl Write for &Pipe {
    async fn write(&mut self, from: &[u8]) -> Result<usize, Infallible> {
        poll_fn(|_| {
            let mut bytes = self.bytes.borrow_mut();
            let len = from
                .iter()
                .take_while(|byte| bytes.push_back(**byte).is_ok())
                .count();
            if len > 0 {
                Poll::Ready(Ok(len))
            } else {
                Poll::Pending
            }
        })
        .await
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
