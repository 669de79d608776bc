//! A server and a client that speak to each other over smoltcp, with memory of fixed sizes only.

mod client;
mod head;
mod loopback;
mod script;
mod server;

use board::{Clock, Counter};
use client::Client;
use cortex_m_semihosting::hprintln;
use loopback::Loopback;
use server::Server;
use smoltcp::{
    iface::{Config, Interface, SocketSet, SocketStorage},
    socket::tcp,
    time::Instant,
    wire::{HardwareAddress, IpAddress, IpCidr},
};
use sse_codec::Millis;

/// What a socket holds in each direction.
const BUFFER: usize = 256;

/// All the memory there is, beside the stack.
pub struct Memory {
    packets: Loopback<4>,
    buffers: [[u8; BUFFER]; 4],
    server: Server,
    client: Client,
}

/// The budget: all that a server or a client adds to a network stack, its buffers included.
const BUDGET: usize = 1024;
const _: () = assert!(size_of::<Server>() <= BUDGET && size_of::<Client>() <= BUDGET);

/// Given up after this: the whole takes less than a second.
const TOO_LATE: Millis = Millis(5_000);

impl Memory {
    pub const fn new() -> Self {
        Self {
            packets: Loopback::new(),
            buffers: [[0; BUFFER]; 4],
            server: Server::new(),
            client: Client::new(),
        }
    }
}

pub fn check(memory: &'static mut Memory, counter: &Counter) {
    let mut clock = Clock::new(counter);
    let Memory {
        packets,
        buffers,
        server,
        client,
    } = memory;
    server.start(script::EPOCH);
    let stack = board::stack_used(|| run(packets, buffers, server, client, &mut clock));

    assert_eq!(client.readings.count, script::READINGS);
    // From the start; after the cut; after the pause that outlived its connection; and once more
    // to be told that there is nothing more.
    assert_eq!(
        client.requests[..],
        [0, script::CUT - 1, 5, script::READINGS]
    );
    assert_eq!(server.connections, 4);
    assert!(server.heartbeats >= 4);
    // Taken while the client was away.
    assert!(server.replayed >= 2);
    assert_eq!(client.readings.heartbeats, server.heartbeats);

    hprintln!(
        "{} readings over smoltcp on {} connections, {} of them replayed, {} heartbeats, in {} ms",
        client.readings.count,
        server.connections,
        server.replayed,
        server.heartbeats,
        clock.now(),
    );
    hprintln!(
        "RAM: server {}, client {}, their sockets' buffers {}, packets {}, stack {}",
        size_of::<Server>(),
        size_of::<Client>(),
        size_of_val(buffers),
        size_of_val(packets),
        stack,
    );
}

#[inline(never)]
fn run(
    packets: &mut Loopback<4>,
    buffers: &mut [[u8; BUFFER]; 4],
    server: &mut Server,
    client: &mut Client,
    clock: &mut Clock<'_>,
) {
    let mut interface = Interface::new(Config::new(HardwareAddress::Ip), packets, Instant::ZERO);
    interface.update_ip_addrs(|addresses| {
        let address = IpCidr::new(IpAddress::v4(127, 0, 0, 1), 8);
        addresses.push(address).expect("room for one");
    });
    let mut storage = [SocketStorage::EMPTY, SocketStorage::EMPTY];
    let mut sockets = SocketSet::new(&mut storage[..]);
    let [a, b, c, d] = buffers
        .each_mut()
        .map(|buffer| tcp::SocketBuffer::new(&mut buffer[..]));
    let server_socket = sockets.add(tcp::Socket::new(a, b));
    let client_socket = sockets.add(tcp::Socket::new(c, d));

    while !client.has_stopped() {
        let now = clock.now();
        assert!(now < TOO_LATE.0, "nothing happens any more");
        interface.poll(
            Instant::from_millis(now.cast_signed()),
            packets,
            &mut sockets,
        );
        server.turn(sockets.get_mut(server_socket), Millis(now));
        client.turn(
            sockets.get_mut(client_socket),
            interface.context(),
            Millis(now),
        );
    }
}
