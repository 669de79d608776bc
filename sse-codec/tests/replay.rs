//! What an ID means to a log, and the ring for devices, beside a plain list of events.

use proptest::prelude::*;
use sse_codec::{
    Chunk, Event, Inline, Parser,
    replay::{AppendError, Evicted, Id, Outcome, Ring, Window},
};

/// A log that keeps all it ever had, and knows which of them are evicted.
#[derive(Default)]
struct List {
    epoch: u64,
    all: Vec<u64>,
    evicted: usize,
}

impl List {
    /// The events that a client with this ID gets before the live ones, and what it is told.
    fn resume(&self, id: &str) -> (Outcome, &[u64]) {
        if id.is_empty() {
            return (Outcome::New, &[]);
        }
        let spelt = |seq: &u64| format!("{}-{seq}", self.epoch) == id;
        let had = match self.all.iter().position(spelt) {
            Some(place) => place + 1,
            None if spelt(&0) => 0,
            None => return (Outcome::Unknown, &[]),
        };
        if had >= self.evicted {
            let rest = &self.all[had..];
            let replayed = rest.len() as u64;
            (Outcome::Resumed { replayed }, rest)
        } else {
            let lost = self.all[had..self.evicted].len() as u64;
            (Outcome::Gap { lost }, &self.all[self.evicted..])
        }
    }
}

/// IDs near those that a log has, and what is almost one.
fn ids() -> impl Strategy<Value = String> {
    prop_oneof![
        (0_u64..4, 0_u64..24).prop_map(|(epoch, seq)| format!("{epoch}-{seq}")),
        (any::<u64>(), any::<u64>()).prop_map(|(epoch, seq)| format!("{epoch}-{seq}")),
        Just(String::new()),
        "[0-3]{0,2}-?[0-3]{0,2}-?[+ x]?",
        Just("2-18446744073709551615".to_owned()),
        Just("2-18446744073709551616".to_owned()),
        Just("2-99999999999999999999".to_owned()),
    ]
}

proptest! {
    #[test]
    fn a_window_says_what_a_list_says(
        epoch in 1_u64..4,
        steps in prop::collection::vec((0_u64..6, 0_u64..6), 0..6),
        ids in prop::collection::vec(ids(), 40),
    ) {
        let mut list = List { epoch, ..List::default() };
        let mut window = Window::new(epoch);
        for (pushed, evicted) in steps {
            for _ in 0..pushed {
                list.all.push(list.all.len() as u64 + 1);
                prop_assert_eq!(window.push(), Id { epoch, seq: list.all.len() as u64 });
            }
            list.evicted = list.all.len().min(list.evicted + evicted as usize);
            window.evict(evicted);
        }
        prop_assert_eq!(window.first(), list.evicted as u64 + 1);
        prop_assert_eq!(window.next(), list.all.len() as u64 + 1);
        prop_assert_eq!(window.len(), (list.all.len() - list.evicted) as u64);
        for id in ids {
            let (outcome, replayed) = list.resume(&id);
            let resume = window.resume(id.as_bytes());
            prop_assert_eq!(resume.outcome, outcome, "{}", id);
            let head = list.all.len() as u64;
            let after = replayed.first().map_or(head, |first| first - 1);
            prop_assert_eq!(resume.after, Id { epoch, seq: after }, "{}", id);

            // Where the log may be ahead: only what it could have given since is left open.
            let ahead = window.resume_behind(id.as_bytes());
            let is_later = Id::parse(id.as_bytes()).is_some_and(|id| {
                (id.epoch, id.seq) > (epoch, list.all.len() as u64)
            });
            let expected = if is_later { Outcome::Pending } else { outcome };
            prop_assert_eq!(ahead.outcome, expected, "{}", id);
            prop_assert_eq!(ahead.after, resume.after);
        }
    }

    /// There is one way to write an ID.
    #[test]
    fn what_is_parsed_is_what_is_written(text in prop_oneof![ids(), "[0-9]{1,21}-[0-9]{1,21}"]) {
        let parsed = Id::parse(text.as_bytes());
        let naive = || {
            let (epoch, seq) = text.split_once('-')?;
            let number = |digits: &str| digits.parse::<u64>().ok().filter(|n| n.to_string() == digits);
            Some(Id { epoch: number(epoch)?, seq: number(seq)? })
        };
        prop_assert_eq!(parsed, naive());
        if let Some(id) = parsed {
            prop_assert!(*id.text() == *text.as_bytes());
            prop_assert_eq!(id.to_string(), text);
        }
    }

    #[test]
    fn every_id_can_be_written(epoch: u64, seq: u64) {
        let id = Id { epoch, seq };
        let text = format!("{epoch}-{seq}");
        prop_assert!(*id.text() == *text.as_bytes());
        prop_assert_eq!(Id::parse(&id.text()), Some(id));
    }

    /// A ring of any size holds the newest frames that fit, and each reader gets an unbroken stream of
    /// bytes or an error.
    #[test]
    fn a_ring_gives_what_a_list_gives(
        lines in prop::collection::vec("[a\n]{0,30}", 1..40),
        reads in prop::collection::vec((0_usize..40, 1_usize..50), 40),
    ) {
        const N: usize = 120;
        let mut ring = Ring::<N>::new();
        ring.start(3);
        let mut list = List { epoch: 3, ..List::default() };
        let mut frames: Vec<Vec<u8>> = Vec::new();
        // All bytes there ever were, and how many of them a reader has had.
        let (mut stream, mut reader, mut had) = (Vec::new(), ring.newest(), 0);
        for (text, (back, take)) in lines.iter().zip(reads) {
            let seq = frames.len() as u64 + 1;
            let mut frame = format!("event: e\nid: 3-{seq}\n").into_bytes();
            for line in text.split('\n') {
                frame.extend_from_slice(format!("data: {line}\n").as_bytes());
            }
            frame.push(b'\n');
            let appended = ring.append(Event::text(text).with_type(b"e").with_id(b"other"));
            if frame.len() > N {
                let too_large = AppendError::TooLarge { needed: frame.len(), capacity: N };
                prop_assert_eq!(appended, Err(too_large));
                continue;
            }
            prop_assert_eq!(appended, Ok(Id { epoch: 3, seq }));
            stream.extend_from_slice(&frame);
            frames.push(frame);
            list.all.push(seq);
            while frames[list.evicted..].iter().map(Vec::len).sum::<usize>() > N {
                list.evicted += 1;
            }

            // Any client that comes back.
            let id = format!("3-{}", frames.len().saturating_sub(back));
            let (outcome, replayed) = list.resume(&id);
            let (resume, cursor) = ring.resume(id.as_bytes());
            prop_assert_eq!(resume.outcome, outcome);
            let expected = &frames[frames.len() - replayed.len()..].concat();
            prop_assert_eq!(&ring.read(cursor).unwrap().concat(), expected);
            let all = frames[list.evicted..].concat();
            prop_assert_eq!(ring.read(ring.oldest()).unwrap().concat(), all.clone());

            // One that reads now and then, in pieces of any size.
            let floor = stream.len() - all.len();
            if had < floor {
                prop_assert_eq!(ring.read(reader), Err(Evicted));
                (reader, had) = (ring.newest(), stream.len());
            }
            let [first, second] = ring.read(reader).unwrap();
            prop_assert!(!first.is_empty() || had == stream.len());
            prop_assert_eq!([first, second].concat(), stream[had..].to_vec());
            let taken = take.min(stream.len() - had);
            reader.advance(taken);
            had += taken;
        }
    }
}

#[test]
fn an_id_of_no_epoch_is_never_resumed() {
    let mut ring = Ring::<64>::new();
    let id = ring.append(Event::text("before the clock is set")).unwrap();
    assert_eq!(ring.resume(&id.text()).0.outcome, Outcome::Unknown);
    assert_eq!(ring.resume(b"").0.outcome, Outcome::New);
    assert_eq!(Window::new(0).resume(b"0-0").outcome, Outcome::Unknown);
}

#[test]
fn another_epoch_is_another_log() {
    let mut ring = Ring::<64>::new();
    ring.start(1);
    let id = ring.append(Event::text("a")).unwrap();
    let waiting = ring.newest();
    ring.start(2);
    assert_eq!(ring.resume(&id.text()).0.outcome, Outcome::Unknown);
    assert_eq!(ring.read(ring.oldest()), Ok([&[][..], &[][..]]));
    // Who has had all of the old one goes on in the new one.
    ring.append(Event::text("b")).unwrap();
    assert_eq!(ring.read(waiting).unwrap()[0], b"id: 2-1\ndata: b\n\n");
}

#[test]
fn what_cannot_be_appended_changes_nothing() {
    let mut ring = Ring::<40>::new();
    ring.start(1);
    ring.append(Event::text("kept")).unwrap();
    let error = ring
        .append(Event::text("x").with_type(b"two\nlines"))
        .unwrap_err();
    assert_eq!(error.to_string(), "LF at 3 in the `event` field");
    let error = ring.append(Event::text(&"x".repeat(40))).unwrap_err();
    assert_eq!(error.to_string(), "a frame of 56 bytes for a ring of 40");
    assert_eq!(
        ring.read(ring.oldest()).unwrap()[0],
        b"id: 1-1\ndata: kept\n\n"
    );
    assert_eq!(ring.window().next(), 2);
}

#[test]
fn a_cursor_beyond_the_end_is_an_error() {
    let ring = Ring::<40>::new();
    let mut cursor = ring.newest();
    cursor.advance(1);
    assert_eq!(ring.read(cursor), Err(Evicted));
    assert!(Ring::<0>::new().clone().append(Event::text("")).is_err());
}

/// A client that is cut after any byte comes back with the ID it has and gets the rest.
#[test]
fn a_cut_after_any_byte_loses_nothing() {
    let mut ring = Ring::<512>::new();
    ring.start(9);
    let texts = ["one", "two\nlines", "", "four"];
    for text in texts {
        ring.append(Event::text(text)).unwrap();
    }
    let stream = ring.read(ring.oldest()).unwrap().concat();
    for cut in 0..=stream.len() {
        let mut parser = Parser::<Inline<64, 16>>::new();
        assert!(parser.set_last_event_id(b"9-0").is_ok());
        let mut received = Vec::new();
        let mut read = |parser: &mut Parser<_>, bytes: &[u8]| {
            let mut chunk = Chunk::new(bytes);
            while let Some(event) = parser.next_event(&mut chunk).unwrap() {
                received.push(event.data_str().unwrap().to_owned());
            }
        };
        read(&mut parser, &stream[..cut]);
        parser.reset();
        let (_, cursor) = ring.resume(parser.last_event_id());
        read(&mut parser, &ring.read(cursor).unwrap().concat());
        assert_eq!(received, texts, "cut after {cut} bytes");
    }
}
