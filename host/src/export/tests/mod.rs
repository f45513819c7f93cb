//! Exports of real archives by the real exporters. `make plugins` builds those.

mod desk;
mod disk;
mod incremental;
mod kills;
mod strangers;
mod trouble;
mod whole;
