use grammers_tl_types::{self as tl, functions as f};

use super::{Caller, Refusal};
use crate::telegram::Telegram;

pub(super) const REQUIRED: Refusal = Refusal::new(403, "TAKEOUT_REQUIRED");
const INVALID: Refusal = Refusal::new(403, "TAKEOUT_INVALID");

/// Refuses calls in an export that does not run.
pub(super) fn check(t: &Telegram, caller: &Caller) -> Result<(), Refusal> {
    let Some(id) = caller.takeout else { return Ok(()) };
    let me = caller.me()?;
    let runs = t.boxes.get(&me).is_some_and(|mailbox| mailbox.takeouts.contains(&id));
    if runs { Ok(()) } else { Err(INVALID) }
}

pub(super) fn init_takeout_session(
    t: &mut Telegram,
    caller: &Caller,
    _: f::account::InitTakeoutSession,
) -> Result<tl::enums::account::Takeout, Refusal> {
    let me = caller.me()?;
    let wait = t.mailbox(me).takeout_after.saturating_sub(t.now());
    if wait > 0 {
        return Err(Refusal::named(420, format!("TAKEOUT_INIT_DELAY_{wait}")));
    }
    let id = t.next_id();
    t.mailbox(me).takeouts.insert(id);
    Ok(tl::types::account::Takeout { id }.into())
}

pub(super) fn finish_takeout_session(
    t: &mut Telegram,
    caller: &Caller,
    _: f::account::FinishTakeoutSession,
) -> Result<bool, Refusal> {
    let me = caller.me()?;
    let id = caller.takeout.ok_or(REQUIRED)?;
    t.mailbox(me).takeouts.remove(&id);
    Ok(true)
}

/// The parts that an export may ask for one by one: here all at once.
pub(super) fn get_split_ranges(
    _: &mut Telegram,
    caller: &Caller,
    _: f::messages::GetSplitRanges,
) -> Result<Vec<tl::enums::MessageRange>, Refusal> {
    caller.me()?;
    Ok(vec![tl::types::MessageRange { min_id: 1, max_id: i32::MAX }.into()])
}
