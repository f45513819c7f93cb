//! Text for other formats, fast in WebAssembly.

pub mod csv;
pub mod html;
pub mod json;
mod number;
mod table;
