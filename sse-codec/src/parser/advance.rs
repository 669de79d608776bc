//! The loop from token to step, and what begins and ends a block.

use super::{Block, Held, Overflow, Parser, Phase, Ready, Step, Storage};
use crate::{chunk::Chunk, field::Field, lexer::Token};

impl<S: Storage> Parser<S> {
    /// Reads tokens until there is a step to give out, or the chunk ends. The loop decides first and
    /// borrows last: what it finds points into the chunk. Values are copied to the storage only when
    /// the chunk ends, or a step is given out, inside a block.
    #[inline(never)]
    pub(super) fn advance<'c>(
        &mut self,
        chunk: &mut Chunk<'c>,
        mut held: Held<'c>,
        wanted: Wanted,
    ) -> Result<Option<Step<'c>>, Overflow> {
        while !chunk.is_empty() {
            if !self.heartbeats(chunk, wanted) {
                let Some(token) = self.lexer.next_token(chunk) else {
                    break;
                };
                if matches!(token, Token::Field(..)) && self.block.phase == Phase::Fresh {
                    self.block.phase = Phase::Reading;
                }
                let step = match token {
                    Token::BlankLine if self.end_block() => {
                        return Ok(Some(Step::Event(Ready { held })));
                    }
                    Token::BlankLine => {
                        held = Held::default();
                        let is_empty = !self.block.has_id && !self.block.has_retry;
                        if wanted == Wanted::Everything && !is_empty {
                            self.block.phase = Phase::GivenOut;
                            return Ok(Some(Step::WithoutData(Ready { held })));
                        }
                        self.clear();
                        None
                    }
                    _ if self.block.phase == Phase::Skipping => None,
                    Token::Comment(piece) => Some(Step::Comment(piece)),
                    Token::Field(Field::Data, piece) => {
                        self.data(piece, chunk, &mut held)?;
                        None
                    }
                    Token::Field(Field::Id, _) if self.kept.is_none() => None,
                    Token::Field(field @ (Field::Event | Field::Id), piece) => {
                        self.type_or_id(field == Field::Id, piece, chunk, &mut held)?;
                        None
                    }
                    Token::Field(Field::Retry, piece) => {
                        self.reconnection_time(piece).map(Step::Retry)
                    }
                };
                if let Some(step) = step
                    && wanted == Wanted::Everything
                {
                    self.store(&mut held);
                    return Ok(Some(step));
                }
            }
            if Self::has_lines(chunk) && self.lines_again(chunk, &mut held) {
                return Ok(Some(Step::Event(Ready { held })));
            }
        }
        self.store(&mut held);
        Ok(None)
    }

    /// Ends the block at its blank line, and returns whether that dispatches an event; one that does
    /// not is left to the caller: "If the data
    /// buffer is an empty string, set the data buffer and the event type buffer to the empty string
    /// and return." The data buffer is empty when no `data` field has been appended to it. The last
    /// event ID is set before that step of the standard.
    pub(super) fn end_block(&mut self) -> bool {
        self.commit_id();
        if self.block.has_data {
            self.block.phase = Phase::GivenOut;
        }
        self.block.has_data
    }

    /// The block's ID becomes the last event ID.
    #[inline]
    pub(super) fn commit_id(&mut self) {
        if self.block.has_id {
            self.kept = Some(self.slot().other());
            self.kept_len = self.block.id_len;
        }
    }

    /// Makes room for the next block when the last one has been looked at.
    #[inline]
    pub(super) fn clear_given_out(&mut self) {
        if self.block.phase == Phase::GivenOut {
            self.clear();
        }
    }

    /// Forgets the block.
    pub(super) fn clear(&mut self) {
        self.storage.release(self.block.arena_len());
        self.block = Block::new();
    }
}

/// What a caller of the loop wants to hear of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Events,
    Everything,
}
