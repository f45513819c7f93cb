//! Logging in: by a QR code that the phone scans, or by the phone's number and the code that
//! Telegram sends, with the password of two-step verification where there is one.
//!
//! An attempt works on a fresh session of its own, which takes the account's place only when
//! everything has succeeded: whatever fails before leaves a working login as it was.

mod code;
mod engine;
mod finish;
pub mod import;
mod password;
mod qr;
mod refusal;

pub use engine::{Login, LoginParts, Way};
pub(super) use finish::who_am_i;
pub(super) use qr::LINK as QR_LINK;
pub(super) use refusal::{chain, in_words as explain};

/// Enough of a number to recognise one's own.
fn mask_phone(phone: &str) -> String {
    let digits: Vec<char> = phone.chars().filter(char::is_ascii_digit).collect();
    // Of a short number the last four would be too much.
    let shown = (digits.len() / 2).min(4);
    let end: String = digits[digits.len() - shown..].iter().collect();
    format!("•••• {end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masked_numbers_keep_four_digits_at_most() {
        assert_eq!(mask_phone("+34 600 123 456"), "•••• 3456");
        assert_eq!(mask_phone("12345"), "•••• 45");
        assert_eq!(mask_phone(""), "•••• ");
    }
}
