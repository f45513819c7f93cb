//! The account's bio: ours while something plays, the person's own again afterwards.

use super::{
    BioRules, NowPlaying, NowPlayingError, Order,
    memory::Memory,
    scene::Scene,
    work::{Done, Next},
};
use crate::{
    state::BioRecord,
    telegram::{self, bio},
};

/// What everybody may write, should Telegram take less than it says.
const SURE: usize = 70;

/// Does the next thing, if there is one and it is time.
pub(super) async fn step(
    of: &NowPlaying,
    order: &Order<BioRules>,
    scene: &Scene,
    memory: &mut Memory,
) -> Result<Next, NowPlayingError> {
    let rules = match order {
        Order::Leave => return Ok(Next::Nothing),
        Order::TakeBack => None,
        Order::Keep(rules) => Some(rules),
    };
    let record = of.state.bios.get(of.account.as_str())?;
    let said = rules.and_then(|rules| scene.said(&rules.text, rules.idle.as_ref()));
    let text = |longest| said.and_then(|(template, words)| template.render_line(words, longest));
    if record.is_none() && said.is_none() {
        return Ok(Next::Nothing);
    }
    let changed = record.as_ref().and_then(|record| record.changed).max(memory.bio_changed);
    let due = rules.and_then(|rules| Next::not_before(changed, rules.min_interval, of.clock.now()));
    if let Some(record) = record.as_ref().filter(|_| memory.has_looked) {
        if is_settled(record, text(record.longest).as_deref()) {
            return Ok(Next::Nothing);
        }
        if let Some(due) = due {
            return Ok(due);
        }
    }
    let seen = bio::read(&of.client).await.map_err(NowPlayingError::Bio)?;
    memory.has_looked = true;
    let longest = record.as_ref().filter(|record| record.is_short).map_or(seen.longest, |_| SURE);
    let record = BioRecord { longest, account: of.account.to_string(), ..observed(record, &seen.text) };
    of.state.bios.put(&record)?;
    match (text(longest), due) {
        (text, _) if is_settled(&record, text.as_deref()) => Ok(Next::Nothing),
        (_, Some(due)) => Ok(due),
        (Some(text), None) => write(of, record, text, memory).await,
        (None, None) => restore(of, record, memory).await,
    }
}

/// Nothing is to be done to the bio. Without words of ours, the record has to go.
fn is_settled(record: &BioRecord, text: Option<&str>) -> bool {
    let is_it = |known: &Option<String>| known.as_deref() == text;
    text.is_some() && record.writing.is_none() && (is_it(&record.written) || is_it(&record.given_up))
}

/// What the record says after a look at the bio.
fn observed(record: Option<BioRecord>, real: &str) -> BioRecord {
    let record = record.unwrap_or_default();
    let is_there = |known: &Option<String>| known.as_deref().is_some_and(|known| is_same(known, real));
    if is_there(&record.written) {
        return BioRecord { writing: None, ..record };
    }
    if is_there(&record.writing) {
        return BioRecord { written: record.writing, writing: None, given_up: None, ..record };
    }
    // Words of ours that somebody has written over: theirs stay until we have something else to say.
    let given_up = record.written.or(record.given_up);
    BioRecord { own: real.to_owned(), written: None, writing: None, given_up, ..record }
}

/// Telegram may cut blanks and marks that nobody sees.
fn is_same(one: &str, other: &str) -> bool {
    let is_seen = |c: &char| {
        !c.is_whitespace()
            && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    one.chars().filter(is_seen).eq(other.chars().filter(is_seen))
}

async fn write(
    of: &NowPlaying,
    mut record: BioRecord,
    text: String,
    memory: &mut Memory,
) -> Result<Next, NowPlayingError> {
    record.writing = Some(text.clone());
    record.changed = Some(of.clock.now());
    of.state.bios.put(&record)?;
    // Nothing is written before this is on the disk.
    of.state.flushed().await?;
    memory.bio_changed = record.changed;
    match bio::write(&of.client, &text).await {
        Ok(()) => {}
        Err(telegram::Error::Rpc { name, .. }) if name == "ABOUT_TOO_LONG" && record.longest > SURE => {
            (record.is_short, record.longest, record.writing, record.changed) = (true, SURE, None, None);
            memory.bio_changed = None;
            of.state.bios.put(&record)?;
            return Ok(Next::Again);
        }
        Err(error) => return Err(NowPlayingError::Bio(error)),
    }
    (record.written, record.writing, record.given_up) = (Some(text), None, None);
    of.state.bios.put(&record)?;
    Ok(Next::Did(Done::BioWritten))
}

/// The person's own words come back, if ours are there.
async fn restore(of: &NowPlaying, record: BioRecord, memory: &mut Memory) -> Result<Next, NowPlayingError> {
    let is_ours = record.written.is_some();
    if is_ours {
        memory.bio_changed = Some(of.clock.now());
        bio::write(&of.client, &record.own).await.map_err(NowPlayingError::Bio)?;
    }
    of.state.bios.remove(of.account.as_str())?;
    Ok(if is_ours { Next::Did(Done::BioRestored) } else { Next::Again })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(written: Option<&str>, writing: Option<&str>) -> BioRecord {
        let text = |text: Option<&str>| text.map(str::to_owned);
        BioRecord {
            own: "own".into(),
            written: text(written),
            writing: text(writing),
            ..BioRecord::default()
        }
    }

    #[test]
    fn own_words_are_remembered_whenever_they_are_there() {
        assert_eq!(observed(None, "mine").own, "mine");
        // Killed before it was done.
        let killed = observed(Some(record(None, Some("a"))), "mine");
        assert_eq!((killed.own.as_str(), killed.written, killed.given_up), ("mine", None, None));
        // Killed after it was done.
        let killed = observed(Some(record(Some("a"), Some("b"))), "b");
        assert_eq!((killed.own.as_str(), killed.written.as_deref()), ("own", Some("b")));
        let killed = observed(Some(record(Some("a"), Some("b"))), "a");
        assert_eq!(
            (killed.own.as_str(), killed.written.as_deref(), killed.writing),
            ("own", Some("a"), None)
        );
    }

    #[test]
    fn words_that_somebody_replaced_are_not_written_again() {
        let theirs = observed(Some(record(Some("a"), None)), "theirs");
        assert_eq!((theirs.own.as_str(), &theirs.written), ("theirs", &None));
        assert!(is_settled(&theirs, Some("a")) && !is_settled(&theirs, Some("b")));
        // A second look does not forget it.
        assert!(is_settled(&observed(Some(theirs), "theirs"), Some("a")));
    }

    #[test]
    fn what_nobody_sees_makes_no_difference() {
        assert!(is_same("♫ \u{2068}שיר\u{2069} – a  b", "♫ שיר – a b "));
        assert!(!is_same("a", "b") && is_same("", " "));
    }
}
