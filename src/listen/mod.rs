//! Where the server listens: addresses as people write them, and sockets that a service manager hands
//! over.
//!
//! # Layout
//! `address` is what is written, `listener` the open socket behind it.
//!
//! Not here: what is done with a connection (`server`).

mod address;
mod listener;

pub use address::ListenAddress;
pub use listener::{Listener, NotUsable, Stream, Where, bind, handed_over};
