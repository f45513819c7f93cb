//! A simulated Telegram: real MTProto on loopback, and behind it plain state.
//!
//! [`serve`] opens one listener per data centre and hands out pre-shared keys, so that any client
//! can be pointed at it by addresses and keys alone. What calls mean is in `calls`, what they are
//! about in [`Telegram`], how bytes become calls in `wire`.

mod calls;
mod control;
pub mod make;
mod servers;
mod state;
#[cfg(test)]
mod testing;
mod wire;

pub use grammers_tl_types as tl;

pub use calls::{Caller, Refusal};
pub use servers::{DataCenter, Options, Server, Servers, serve};
pub use state::*;

/// A value of a type without its own default: no flag set, every number zero, every text empty.
///
/// # Panics
/// When the type needs a boxed part, which has no zero form.
pub fn blank<T: tl::Deserializable>() -> T {
    T::from_bytes(&[0; 512]).expect("zeros are a value of a type without boxed parts")
}
