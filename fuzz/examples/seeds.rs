//! Writes the seeds: `cargo run --example seeds` in fuzz/. Each input is laid out as its target
//! reads it; see fuzz_targets.

use std::{fs, path::Path};

#[path = "../../sse-codec/tests/vectors/wpt.rs"]
#[allow(dead_code)]
mod wpt;

const LONG: usize = 300;

fn main() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let write = |target: &str, name: &str, parts: &[&[u8]]| {
        let folder = seeds.join(target);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), parts.concat()).unwrap();
    };

    for (number, vector) in wpt::WPT.iter().enumerate() {
        if vector.input.len() <= LONG {
            // Whole, byte by byte, in pieces of three and none.
            let sizes: &[u8] = [&[0][..], &[1, 1], &[2, 3, 0]][number % 3];
            write("decode", vector.name, &[&[0], sizes, vector.input]);
            write(
                "limits",
                vector.name,
                &[&[number as u8, 5], sizes, vector.input],
            );
        }
    }
    write(
        "decode",
        "grows",
        &[&[255, 1, 100], b"id:1\nevent:a\ndata:b\ndata:c\n\n"],
    );

    let fields = b"\x07\x04tick\x0242\0\0\0\0\0\0\x07\xD0";
    for (name, text) in [
        ("empty", &b""[..]),
        ("line", b"hello"),
        ("lines", b"a\nb\rc\r\nd\n"),
        ("ends", b"\r\n\r\r\n\n"),
        ("fields", b"data: a\n\nid:1\n:b\n"),
        ("bytes", b"\0\xEF\xBB\xBF \xFF\xF0\x9F\x98\x80"),
    ] {
        write("encode", name, &[&[2, 3, 1], &[1], fields, text]);
        write("encode", &format!("{name}-plain"), &[&[0, 1, 0], text]);
        write("data_writer", name, &[&[20, 2, 3, 1, 0], fields, text]);
        write(
            "data_writer",
            &format!("{name}-plain"),
            &[&[255, 1, 1, 2], b"b\r", &[0], text],
        );
    }
    write("encode", "block", &[&[0, 0], fields]);
    write("encode", "refused", &[&[0, 1, 3, 1], b"\n\x01\0", b"x"]);

    for (name, value) in [
        ("browser", &b"text/html,application/xml;q=0.9,*/*;q=0.8"[..]),
        ("stream", b"text/event-stream"),
        (
            "charset",
            b"Text/Event-Stream ; charset=\"utf-8\";q=0.25\n*;q=.2",
        ),
        ("kinds", b"text/*;q=0.5, text/event-stream;q=0\n*/*;q=1.000"),
        ("quoted", b"text/html;a=\"b\\\",\", text/event-stream\n\""),
        ("id", b" 42,\"a\" \xE2\x80\xA6\t"),
        ("refused", b"4\0\r2"),
    ] {
        write("http", name, &[value]);
    }

    // Flags; heartbeat, deadline, drain, buffer, input, capacity; writes, flushes, reads; producer.
    let terms = [20, 50, 50, 64, 16, 8];
    let sends: &[u8] = &[0x10, 0x20, 0x7B, 0xFC, 0x40, 0x11, 0x32, 0x83, 0x24];
    for (name, flags, writes, flushes, reads) in [
        ("plain", 0x00, &[][..], &[][..], &[][..]),
        ("trickle", 0x43, &[0x04; 40], &[0x03], &[]),
        (
            "stalls",
            0x9F,
            &[0x08, 0x29, 0x0C, 0xFF, 0x7B, 0x10],
            &[0x29],
            &[0xA9, 0x04],
        ),
        ("deadline", 0x02, &[0x08, 0xBB, 0xBB, 0xBB], &[], &[]),
        ("peer-closes", 0x93, &[0x20], &[], &[0x10, 0x7B, 0x00]),
        ("reset", 0x83, &[0x20, 0x20, 0xEA + 4], &[], &[]),
        ("lifetime", 0x2F, &[], &[], &[]),
        ("shutdown", 0x8F, &[], &[], &[]),
        ("too-much-input", 0x01, &[], &[], &[0x50]),
    ] {
        let lifetime: &[u8] = if flags & 0x20 == 0 { &[] } else { &[3] };
        let (timers, rest) = terms.split_at(2);
        let sized = |acts: &[u8]| [&[acts.len() as u8], acts].concat();
        let scripts = [sized(writes), sized(flushes), sized(reads)].concat();
        write(
            "connection",
            name,
            &[&[flags], timers, lifetime, rest, &scripts, sends],
        );
    }

    // Flags, limit, ID; then answers: see client.rs. A stream: kind, sizes, gap, length, text.
    let stream = |kind: u8, sizes: &[u8], gap: u8, text: &[u8]| {
        let sizes = [&[sizes.len() as u8], sizes].concat();
        [&[kind], &sizes[..], &[gap, text.len() as u8], text].concat()
    };
    let events = stream(
        4,
        &[5],
        3,
        b"retry: 30\nid: 1\ndata: a\n\nevent: b\ndata: c\n\nid: 2",
    );
    let cut = stream(0x14, &[1], 0, b": hi\ndata: x\n\nretry: 7");
    let silent = stream(4, &[3], 11, b"data: 1\n\n: a comment\n\ndata: 2\n\n");
    for (name, start, answers) in [
        (
            "goes-on",
            &[0, 60, 1, b'7'][..],
            [&events[..], &cut, &silent],
        ),
        ("fails", &[0, 60, 0], [&[0], &[8], &events]),
        ("refuses", &[0, 60, 0], [&[0xBA, 2, 0x32], &[0x3A], &events]),
        ("redirects", &[1, 60, 0], [&[0x21], &[0x19], &events]),
        (
            "gives-up",
            &[0xE0, 20, 0],
            [&[0], &stream(4, &[], 0, b":\n\n"), &[0]],
        ),
        ("post", &[0x45, 60, 0], [&events, &events, &cut]),
        (
            "standard",
            &[2, 9, 0],
            [&silent, &stream(0x0C, &[], 0, b"id"), &[0x3A]],
        ),
        ("encoded", &[0x0C, 9, 0], [&[3], &[], &[]]),
        (
            "unsendable",
            &[0, 60, 1, 1],
            [&stream(4, &[], 0, b"id:\x7F\ndata\n\n"), &cut, &[0]],
        ),
    ] {
        write("client", name, &[start, &answers.concat()]);
    }
}
