//! Ids as Telegram Desktop writes them: bare numbers, with a word in front where it is not clear of what.

const CHANNELS: i64 = -1_000_000_000_000;

/// `user7`, `chat7`, `channel7`.
pub(crate) fn id(id: i64) -> String {
    let word = match id {
        0.. => "user",
        id if id > CHANNELS => "chat",
        _ => "channel",
    };
    format!("{word}{}", bare(id))
}

pub(crate) fn bare(id: i64) -> i64 {
    match id {
        0.. => id,
        id if id > CHANNELS => id.wrapping_neg(),
        id => CHANNELS.wrapping_sub(id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_a_word_in_front() {
        assert_eq!([id(7), id(-7), id(-1_000_000_000_007)], ["user7", "chat7", "channel7"]);
        assert_eq!(bare(-1_001_234_567_890), 1_234_567_890);
    }
}
