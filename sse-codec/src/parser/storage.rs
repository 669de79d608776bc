//! Where a parser keeps what a chunk's end cuts off and what several lines add up to.
//!
//! A storage has an *arena* for the block being read and two *slots* for IDs. Data grows from the
//! front of the arena, the event type lies at its end, so neither moves for the other. One
//! slot holds the last event ID, the other the ID of the block; at a blank line they change
//! places, so committing an ID costs nothing and an unfinished block never touches the old one.

use core::fmt;

use super::Parser;
#[cfg(feature = "alloc")]
use crate::copy::copy_within;

/// A place for a [`Parser`] to keep bytes: [`Inline`], [`Borrowed`] or, with the
/// feature `alloc`, `Growable`. The trait is sealed: how the bytes lie in a storage may change.
#[expect(private_bounds, reason = "sealed")]
pub trait Storage: Buffers {}

/// What the parser asks of its storage. The parser passes only indices and lengths that it has
/// checked against the limits. Given others, an implementation does nothing.
pub(super) trait Buffers {
    fn limit(&self) -> usize;
    fn id_limit(&self) -> usize;

    fn arena(&self) -> &[u8];
    /// The arena with room for `len` bytes. Its first and its last `back` bytes are kept.
    fn arena_mut(&mut self, len: usize, back: usize) -> &mut [u8];

    fn id(&self, slot: Slot) -> &[u8];
    /// The slot with room for `len` bytes, and the arena.
    fn id_mut(&mut self, slot: Slot, len: usize) -> (&mut [u8], &[u8]);

    /// Says that the block is over, and that it needed at most `used` bytes of the arena.
    fn release(&mut self, _used: usize) {}
}

/// One of the two places for an ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    A,
    B,
}

impl Slot {
    pub(super) const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// Room for an event of `N` bytes and a last event ID of `ID` bytes, inside the parser: for
/// statics and stacks. Takes `N + 2 × ID` bytes.
#[derive(Clone)]
pub struct Inline<const N: usize, const ID: usize = N> {
    arena: [u8; N],
    ids: [[u8; ID]; 2],
}

impl<const N: usize, const ID: usize> Inline<N, ID> {
    pub(super) const NEW: Self = Self {
        arena: [0; N],
        ids: [[0; ID]; 2],
    };
}

impl<const N: usize, const ID: usize> Storage for Inline<N, ID> {}

impl<const N: usize, const ID: usize> Buffers for Inline<N, ID> {
    fn limit(&self) -> usize {
        N
    }

    fn id_limit(&self) -> usize {
        ID
    }

    fn arena(&self) -> &[u8] {
        &self.arena
    }

    fn arena_mut(&mut self, _len: usize, _back: usize) -> &mut [u8] {
        &mut self.arena
    }

    fn id(&self, slot: Slot) -> &[u8] {
        let [a, b] = &self.ids;
        match slot {
            Slot::A => a,
            Slot::B => b,
        }
    }

    fn id_mut(&mut self, slot: Slot, _len: usize) -> (&mut [u8], &[u8]) {
        let [a, b] = &mut self.ids;
        match slot {
            Slot::A => (a, &self.arena),
            Slot::B => (b, &self.arena),
        }
    }
}

/// Room that somebody else owns: one slice for the event, one for the two IDs.
pub struct Borrowed<'b> {
    arena: &'b mut [u8],
    ids: [&'b mut [u8]; 2],
}

impl<'b> Borrowed<'b> {
    pub(super) const fn new(event: &'b mut [u8], ids: &'b mut [u8]) -> Self {
        let (a, b) = ids.split_at_mut(ids.len() / 2);
        Self {
            arena: event,
            ids: [a, b],
        }
    }
}

impl Storage for Borrowed<'_> {}

impl Buffers for Borrowed<'_> {
    fn limit(&self) -> usize {
        self.arena.len()
    }

    fn id_limit(&self) -> usize {
        let [a, _] = &self.ids;
        a.len()
    }

    fn arena(&self) -> &[u8] {
        self.arena
    }

    fn arena_mut(&mut self, _len: usize, _back: usize) -> &mut [u8] {
        self.arena
    }

    fn id(&self, slot: Slot) -> &[u8] {
        let [a, b] = &self.ids;
        match slot {
            Slot::A => a,
            Slot::B => b,
        }
    }

    fn id_mut(&mut self, slot: Slot, _len: usize) -> (&mut [u8], &[u8]) {
        let [a, b] = &mut self.ids;
        match slot {
            Slot::A => (a, self.arena),
            Slot::B => (b, self.arena),
        }
    }
}

/// Room on the heap that grows as events need it, up to a limit, and is given back when the events
/// have become small again. Holds nothing until an event has to be kept.
#[cfg(feature = "alloc")]
#[derive(Clone)]
pub struct Growable {
    arena: alloc::vec::Vec<u8>,
    ids: [alloc::vec::Vec<u8>; 2],
    limit: usize,
}

#[cfg(feature = "alloc")]
impl Growable {
    /// Memory of up to this size is never given back: so much for the arena, and four times as much
    /// for each ID.
    const KEPT: usize = 1024;

    pub(super) const fn new(limit: usize) -> Self {
        Self {
            arena: alloc::vec::Vec::new(),
            ids: [alloc::vec::Vec::new(), alloc::vec::Vec::new()],
            limit,
        }
    }
}

#[cfg(feature = "alloc")]
impl Storage for Growable {}

#[cfg(feature = "alloc")]
impl Buffers for Growable {
    fn limit(&self) -> usize {
        self.limit
    }

    fn id_limit(&self) -> usize {
        self.limit
    }

    fn arena(&self) -> &[u8] {
        &self.arena
    }

    fn arena_mut(&mut self, len: usize, back: usize) -> &mut [u8] {
        let old = self.arena.len();
        if len > old {
            let new = len.max(old.saturating_mul(2)).max(64).min(self.limit);
            // A vector on its own would double past the limit.
            self.arena.reserve_exact(new - old);
            self.arena.resize(new, 0);
            copy_within(
                &mut self.arena,
                old.saturating_sub(back),
                back,
                new.saturating_sub(back),
            );
        }
        &mut self.arena
    }

    fn id(&self, slot: Slot) -> &[u8] {
        let [a, b] = &self.ids;
        match slot {
            Slot::A => a,
            Slot::B => b,
        }
    }

    fn id_mut(&mut self, slot: Slot, len: usize) -> (&mut [u8], &[u8]) {
        let [a, b] = &mut self.ids;
        let id = match slot {
            Slot::A => a,
            Slot::B => b,
        };
        if id.len() / 4 > len.max(Self::KEPT) {
            *id = alloc::vec::Vec::new();
        }
        if id.len() < len {
            id.reserve_exact(len - id.len());
            id.resize(len, 0);
        }
        (id, &self.arena)
    }

    fn release(&mut self, used: usize) {
        if self.arena.len() / 4 > used.max(Self::KEPT / 4) {
            self.arena = alloc::vec::Vec::new();
        }
    }
}

impl<const N: usize, const ID: usize> fmt::Debug for Inline<N, ID> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inline<{N}, {ID}>")
    }
}

impl fmt::Debug for Borrowed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Borrowed({}, {})", self.limit(), self.id_limit())
    }
}

#[cfg(feature = "alloc")]
impl fmt::Debug for Growable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Growable({} of {})", self.arena.len(), self.limit)
    }
}

impl<const N: usize, const ID: usize> Parser<Inline<N, ID>> {
    /// A parser with room for events of `N` bytes and IDs of `ID` bytes in itself.
    ///
    /// ```
    /// use sse_codec::{Inline, Parser};
    ///
    /// static mut PARSER: Parser<Inline<512, 32>> = Parser::<Inline<512, 32>>::new();
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self::with_storage(Inline::NEW)
    }
}

impl<const N: usize, const ID: usize> Default for Parser<Inline<N, ID>> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'b> Parser<Borrowed<'b>> {
    /// A parser with room for events of `event.len()` bytes and IDs of half of `ids.len()`: the
    /// last event ID and that of the event being read have a place each.
    #[must_use]
    pub const fn borrowed(event: &'b mut [u8], ids: &'b mut [u8]) -> Self {
        Self::with_storage(Borrowed::new(event, ids))
    }
}

#[cfg(feature = "alloc")]
impl Parser<Growable> {
    /// A parser with room on the heap, up to `limit` bytes for an event and as much for the last
    /// event ID. Nothing is allocated before something has to be kept.
    #[must_use]
    pub const fn growable(limit: usize) -> Self {
        Self::with_storage(Growable::new(limit))
    }
}
