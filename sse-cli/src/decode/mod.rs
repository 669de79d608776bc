//! `sse decode`: an event stream to JSON Lines.

mod cuts;

use std::{
    ffi::OsString,
    io::{self, BufWriter, StdoutLock, Write},
};

use clap::{Args, CommandFactory, error::ErrorKind};
use cuts::Cuts;
use sse_codec::{Chunk, Growable, Lexer, Parser, Piece, Step, Token};

use crate::{
    Cli,
    exit::{Ending, Failure, note},
    input,
    json::{End, Line, text},
};

/// Decode an event stream to JSON Lines
#[derive(Debug, Args)]
#[command(
    override_usage = "sse decode [OPTIONS] < EVENT-STREAM > JSON-LINES",
    after_help = r#"A line comes for each thing in the stream, as soon as it has arrived:
  {"event":"reading","data":"21.5","id":"1","own_id":"1","at":45}
  {"id":"2","own_id":"2","at":52}                a block that has an ID and no data
  {"comment":" still here"}
  {"retry":3000}                                 the reconnection time in milliseconds
  {"error":"event larger than the limit of 1048576 bytes","at":1048642}
  {"end":{"last_event_id":"2","retry":3000,"events":1,"unfinished":false}}

"id" is the last event ID, "own_id" that of the block itself: null when the last one is inherited.
"at" is the number of bytes of the stream that had to arrive for the line to be certain.
"unfinished" says that the stream has ended inside a block, which gives no event.
Bytes that are not UTF-8 become U+FFFD. How the input is cut makes no difference to the output.

Example:
  curl -sN http://127.0.0.1:8080/events | sse decode | jq -r .data"#
)]
pub(crate) struct Arguments {
    /// The ID that earlier streams have left
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    last_event_id: OsString,
    /// The most that an event may hold; comments are cut there
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 20)]
    limit: usize,
    #[command(flatten)]
    cuts: Cuts,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Ending, Failure> {
    let mut parser = Parser::growable(arguments.limit);
    if let Err(error) = parser.set_last_event_id(arguments.last_event_id.as_encoded_bytes()) {
        let message = format!("invalid value for '--last-event-id <ID>': {error}");
        Cli::command()
            .error(ErrorKind::ValueValidation, message)
            .exit();
    }
    let cuts = arguments.cuts.in_order();
    let mut decoder = Decoder {
        parser,
        position: 0,
        events: 0,
        comment: Vec::new(),
        is_cut: false,
        output: BufWriter::with_capacity(1 << 16, io::stdout().lock()),
    };
    let mut looks = Looks::default();
    let mut input = input::stdin("an event stream");
    let mut buffer = vec![0; 1 << 16];
    loop {
        let bytes = input::read(&mut input, &mut buffer);
        let mut rest = bytes.map_err(|error| Failure::reading(&error))?;
        if rest.is_empty() {
            break;
        }
        looks.at(rest);
        while !rest.is_empty() {
            let (bytes, tail) = rest.split_at(cuts.next(decoder.position, rest.len()));
            decoder.decode(bytes)?;
            rest = tail;
        }
        decoder.output.flush()?;
    }
    decoder.end()?;
    if looks.is_something_else() {
        note("no line of the input was a field: is it an event stream?");
    }
    Ok(Ending::Done)
}

struct Decoder {
    parser: Parser<Growable>,
    /// How much of the stream the parser has seen.
    position: u64,
    events: u64,
    /// The comment that is being read, and whether it is longer than the limit.
    comment: Vec<u8>,
    is_cut: bool,
    output: BufWriter<StdoutLock<'static>>,
}

impl Decoder {
    fn decode(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut chunk = Chunk::new(bytes);
        loop {
            let step = self.parser.step(&mut chunk);
            let at = self.position + chunk.position() as u64;
            match step {
                Ok(None) => break,
                Ok(Some(Step::Event(ready))) => {
                    self.events += 1;
                    let event = self.parser.event(ready);
                    Line::event(&event, at).write_to(&mut self.output)?;
                }
                Ok(Some(Step::Comment(piece))) => self.comment(piece)?,
                Ok(Some(Step::Retry(time))) => {
                    Line::Retry { retry: time.0 }.write_to(&mut self.output)?;
                }
                Ok(Some(Step::WithoutData(ready))) => {
                    let block = self.parser.event(ready);
                    // A reconnection time had its line where it stood.
                    if let Some(id) = block.id() {
                        Line::id(id, at).write_to(&mut self.output)?;
                    }
                }
                Ok(Some(_)) => {}
                Err(error) => {
                    let error = error.to_string();
                    Line::Error { error, at }.write_to(&mut self.output)?;
                }
            }
        }
        self.position += bytes.len() as u64;
        Ok(())
    }

    /// Reads on in a comment.
    fn comment(&mut self, piece: Piece<'_>) -> io::Result<()> {
        if piece.starts() {
            self.comment.clear();
            self.is_cut = false;
        }
        let limit = self.parser.limit();
        let room = limit - self.comment.len();
        let taken = piece.bytes().len().min(room);
        self.comment.extend(&piece.bytes()[..taken]);
        self.is_cut |= taken < piece.bytes().len();
        if !piece.ends() {
            return Ok(());
        }
        Line::comment(&self.comment, self.is_cut, None).write_to(&mut self.output)
    }

    fn end(&mut self) -> io::Result<()> {
        let end = End {
            last_event_id: text(self.parser.last_event_id()),
            retry: self.parser.retry().map(|time| time.0),
            events: self.events,
            unfinished: self.parser.is_inside_block(),
        };
        Line::End { end }.write_to(&mut self.output)?;
        self.output.flush()
    }
}

/// Whether the input looks like an event stream at all.
#[derive(Default)]
struct Looks {
    lexer: Lexer,
    /// A field or a comment was there.
    is_stream: bool,
    /// Something was there.
    is_anything: bool,
}

impl Looks {
    fn at(&mut self, bytes: &[u8]) {
        if self.is_stream {
            return;
        }
        self.is_anything |= !bytes.iter().all(|byte| b"\r\n\xEF\xBB\xBF".contains(byte));
        let mut chunk = Chunk::new(bytes);
        while let Some(token) = self.lexer.next_token(&mut chunk) {
            self.is_stream |= token != Token::BlankLine;
        }
    }

    const fn is_something_else(&self) -> bool {
        self.is_anything && !self.is_stream
    }
}
