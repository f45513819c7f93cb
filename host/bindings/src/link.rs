//! Makes linkers: one for stores whose calls are async, one for stores whose calls are sync.

use wasmtime::{
    Result, StoreContextMut,
    component::{HasSelf, Linker},
};

use crate::capability::{
    chats, http, kv, log, messages, records, run, scratch, settings, sink, tracks, types,
};

/// A store's data that answers everything a plugin may ask.
pub trait Granted:
    types::Host
    + messages::Host
    + records::Host
    + chats::Host
    + tracks::Host
    + log::Host
    + settings::Host
    + kv::Host
    + http::Host
    + run::Host
    + scratch::Host
    + sink::Host
    + Send
    + 'static
{
}

impl<T> Granted for T where
    T: types::Host
        + messages::Host
        + records::Host
        + chats::Host
        + tracks::Host
        + log::Host
        + settings::Host
        + kv::Host
        + http::Host
        + run::Host
        + scratch::Host
        + sink::Host
        + Send
        + 'static
{
}

/// A store's data whose calls come from a thread that may wait.
pub trait MayBlock {
    /// The runtime that does the work meanwhile.
    fn runtime(&self) -> tokio::runtime::Handle;
}

/// Links what the host offers for calls from the runtime.
pub fn link_async<T: Granted>(linker: &mut Linker<T>) -> Result<()> {
    link_common(linker)?;
    http::add_to_linker::<T, HasSelf<T>>(linker, |data| data)?;
    run::add_to_linker::<T, HasSelf<T>>(linker, |data| data)
}

/// Links what the host offers for sync calls. Such a call must not come from a thread of the
/// runtime: `http` and `run` would panic there, and so would any other wait freeze it.
pub fn link_blocking<T: Granted + MayBlock>(linker: &mut Linker<T>) -> Result<()> {
    link_common(linker)?;
    let mut interface = linker.instance("tapedeck:plugin/http@1.0.0")?;
    interface.func_wrap("send", |mut store: StoreContextMut<'_, T>, (request,): (http::Request,)| {
        let runtime = store.data().runtime();
        Ok((runtime.block_on(http::Host::send(store.data_mut(), request))?,))
    })?;
    interface.func_wrap(
        "download",
        |mut store: StoreContextMut<'_, T>, (request, path): (http::Request, String)| {
            let runtime = store.data().runtime();
            Ok((runtime.block_on(http::Host::download(store.data_mut(), request, path))?,))
        },
    )?;
    let mut interface = linker.instance("tapedeck:plugin/run@1.0.0")?;
    interface.func_wrap("execute", |mut store: StoreContextMut<'_, T>, (command,): (run::Command,)| {
        let runtime = store.data().runtime();
        Ok((runtime.block_on(run::Host::execute(store.data_mut(), command))?,))
    })
}

fn link_common<T: Granted>(linker: &mut Linker<T>) -> Result<()> {
    types::add_to_linker::<T, HasSelf<T>>(linker, |data| data)?;
    messages::add_to_linker::<T, HasSelf<T>>(linker, |data| data)?;
    records::add_to_linker::<T, HasSelf<T>>(linker, |data| data)?;
    chats::add_to_linker::<T, HasSelf<T>>(linker, |data| data)?;
    tracks::add_to_linker::<T, HasSelf<T>>(linker, |data| data)?;
    log::add_to_linker::<T, HasSelf<T>>(linker, |data| data)?;
    settings::add_to_linker::<T, HasSelf<T>>(linker, |data| data)?;
    kv::add_to_linker::<T, HasSelf<T>>(linker, |data| data)?;
    scratch::add_to_linker::<T, HasSelf<T>>(linker, |data| data)?;
    sink::add_to_linker::<T, HasSelf<T>>(linker, |data| data)
}
