//! `tapedeck login`, `logout` and `accounts`: through the daemon when one runs, which then holds
//! the logins, else on its data folder.

pub(super) mod accounts;
pub(super) mod ask;
mod desk;
mod import;
pub(super) mod login;
pub(super) mod logout;
mod qr;
mod steps;
