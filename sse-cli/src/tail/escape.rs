//! Text for a terminal.

use std::{borrow::Cow, fmt::Write};

/// The text with what would steer a terminal, or turn its text around, written out. Line ends and
/// tabs stay.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    if !text.chars().any(steers) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        match steers(char) {
            false => out.push(char),
            true => {
                let _ = match char {
                    '\0'..='\x7F' => write!(out, "\\x{:02x}", u32::from(char)),
                    _ => write!(out, "\\u{{{:x}}}", u32::from(char)),
                };
            }
        }
    }
    Cow::Owned(out)
}

fn steers(char: char) -> bool {
    match char {
        '\n' | '\t' => false,
        // Marks that change the direction of what follows.
        '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => true,
        _ => char.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal() {
        assert_eq!(escaped("a\tb\né😀"), "a\tb\né😀");
        assert_eq!(escaped("\x1B[31m\x07\r\x7F"), "\\x1b[31m\\x07\\x0d\\x7f");
        assert_eq!(escaped("\u{9B}2J\u{202E}"), "\\u{9b}2J\\u{202e}");
    }
}
