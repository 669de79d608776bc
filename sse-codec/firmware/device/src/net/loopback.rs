//! A network of one: what is sent comes back, out of a few packets of fixed size. (The one that
//! comes with smoltcp keeps its packets on a heap.)

use smoltcp::{
    phy::{self, Device, DeviceCapabilities, Medium},
    time::Instant,
};

/// The largest packet, IP and TCP headers included: what a small radio carries.
const MTU: usize = 256;

pub struct Loopback<const N: usize> {
    packets: [Packet; N],
    first: usize,
    count: usize,
}

#[derive(Clone, Copy)]
struct Packet {
    bytes: [u8; MTU],
    len: usize,
}

impl<const N: usize> Loopback<N> {
    pub const fn new() -> Self {
        Self {
            packets: [Packet {
                bytes: [0; MTU],
                len: 0,
            }; N],
            first: 0,
            count: 0,
        }
    }
}

impl<const N: usize> Device for Loopback<N> {
    type RxToken<'a> = Received;
    type TxToken<'a> = Free<'a>;

    fn receive(&mut self, _now: Instant) -> Option<(Received, Free<'_>)> {
        self.count = self.count.checked_sub(1)?;
        let received = Received(self.packets[self.first]);
        self.first = (self.first + 1) % N;
        // The place of the packet received is free for the answer.
        Some((received, self.free()?))
    }

    fn transmit(&mut self, _now: Instant) -> Option<Free<'_>> {
        self.free()
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = MTU;
        capabilities
    }
}

impl<const N: usize> Loopback<N> {
    fn free(&mut self) -> Option<Free<'_>> {
        let packet = (self.count < N).then_some((self.first + self.count) % N)?;
        Some(Free {
            packet: &mut self.packets[packet],
            count: &mut self.count,
        })
    }
}

pub struct Received(Packet);

impl phy::RxToken for Received {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0.bytes[..self.0.len])
    }
}

pub struct Free<'a> {
    packet: &'a mut Packet,
    count: &'a mut usize,
}

impl phy::TxToken for Free<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, write: F) -> R {
        self.packet.len = len;
        *self.count += 1;
        write(&mut self.packet.bytes[..len])
    }
}
