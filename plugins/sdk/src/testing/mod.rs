//! A plugin's tests, without WebAssembly: messages to judge, tracks to find, and a host that answers by
//! script.
//!
//! ```
//! use tapedeck_plugin::{Wants, WantsHttp, http, testing::{Host, answer}};
//!
//! const WANTS: Wants = Wants {
//!     http: &[WantsHttp { host: "*.example.com", methods: &["GET"], why: "asks for tracks" }],
//!     ..Wants::NOTHING
//! };
//!
//! let host = Host::new(WANTS);
//! host.answer("GET https://api.example.com/7", answer(200, "{}"));
//!
//! assert!(http::get("https://api.example.com/7").is_ok());
//! assert!(http::get("https://example.org/").is_err(), "it was not asked for");
//! assert_eq!(host.requests().len(), 1);
//! ```

pub(crate) mod call;
mod host;
mod kinds;
mod message;
mod schema;

pub use host::{Host, answer, outcome};
pub use kinds::{Exporting, Filtering, Judged};
pub use message::{Batch, Draft, message};
pub use schema::check_settings_schema;
