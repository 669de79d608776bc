//! Instructions per event, as QEMU counts them. Not cycles: see `board::Counter`.

use core::hint::black_box;

use board::Counter;
use cortex_m_semihosting::hprintln;
use sse_codec::{Chunk, Event, Frame, Inline, Parser};

/// An event's data and what else it has.
const EVENTS: &[(&str, Event<'static>)] = &[
    ("data: x", Event::text("x")),
    (
        "a reading",
        Event::text("{\"t\":21.5,\"h\":40}")
            .with_type(b"reading")
            .with_id(b"4711"),
    ),
    ("200 bytes", Event::new(&[b'.'; 200])),
    (
        "10 lines",
        Event::new(
            b"one of ten\none of ten\none of ten\none of ten\none of ten\n\
        one of ten\none of ten\none of ten\none of ten\none of ten",
        ),
    ),
];

pub fn print(counter: &Counter) {
    hprintln!("instructions per event, as QEMU counts them");
    hprintln!("           bytes | decode: whole, in 64s, in 1s | encode: at once, in 16s");
    for (name, event) in EVENTS {
        let mut wire = [0; 512];
        let frame = Frame::event(*event).expect("valid");
        let wire = frame.encode(&mut wire).expect("room");
        let [whole, in_64, in_1] = [512, 64, 1].map(|len| decode(counter, wire, len));
        let [at_once, in_16] = [512, 16].map(|len| encode(counter, event, len));
        hprintln!(
            "{name:10} {:5} | {whole:13} {in_64:7} {in_1:6} | {at_once:15} {in_16:7}",
            wire.len(),
        );
    }
}

fn decode(counter: &Counter, wire: &[u8], len: usize) -> u32 {
    let mut parser = Parser::<Inline<512, 16>>::new();
    let mut events = 0;
    let mut read = |wire: &[u8]| {
        for bytes in wire.chunks(len) {
            let mut chunk = Chunk::new(bytes);
            while let Ok(Some(event)) = parser.next_event(&mut chunk) {
                black_box(event);
                events += 1;
            }
        }
    };
    // The second time, after a byte order mark could have come.
    read(wire);
    let count = counter.count(|| read(black_box(wire)));
    assert_eq!(events, 2);
    count
}

fn encode(counter: &Counter, event: &Event<'_>, len: usize) -> u32 {
    let mut buffer = [0; 512];
    counter.count(|| {
        let Ok(frame) = Frame::event(*black_box(event)) else {
            return;
        };
        let mut cursor = frame.cursor();
        while !cursor.is_done() {
            cursor.copy_to(&mut buffer[..len]);
            black_box(&buffer);
        }
    })
}
