//! Bytes to lines and fields.
#![no_std]
#![no_main]

use sizes::sink;
use sse_codec::{Chunk, Lexer, Token};

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut LEXER: Lexer = Lexer::new();
    sizes::measure(LEXER, |lexer, input| {
        for bytes in input.chunks(48) {
            let mut chunk = Chunk::new(bytes);
            while let Some(token) = lexer.next_token(&mut chunk) {
                match token {
                    Token::Field(field, piece) => {
                        sink(field.name().as_bytes());
                        sink(piece.bytes());
                        sink(&[u8::from(piece.starts()), u8::from(piece.ends())]);
                    }
                    Token::Comment(piece) => sink(piece.bytes()),
                    Token::BlankLine => sink(b"\n"),
                }
            }
        }
    })
}
