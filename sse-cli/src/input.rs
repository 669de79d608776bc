//! Standard input.

use std::io::{self, ErrorKind, IsTerminal, Read, StdinLock};

use crate::exit::note;

/// Standard input, with a note when it is a terminal: the command would seem to hang there.
pub(crate) fn stdin(what: &str) -> StdinLock<'static> {
    let stdin = io::stdin().lock();
    if stdin.is_terminal() {
        note(format_args!(
            "reading {what} from the terminal; Ctrl-D at the start of a line ends it"
        ));
    }
    stdin
}

/// Reads what is there; nothing at the end of the input.
pub(crate) fn read(mut input: impl Read, buffer: &mut [u8]) -> io::Result<&[u8]> {
    loop {
        match input.read(buffer) {
            Ok(len) => return Ok(&buffer[..len]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
