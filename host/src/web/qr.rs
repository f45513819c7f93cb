//! A QR code as a picture, for the page.

use qrcode::{EcLevel, QrCode, render::svg};

/// Edge of the picture in pixels; it scales.
const EDGE: u32 = 256;

/// Dark on white whatever the page's theme: phones read no other way as well.
pub(crate) fn svg(text: &str) -> Option<String> {
    // Screens are clean: a small code is read from further away.
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let mut picture = code.render::<svg::Color<'_>>();
    picture.min_dimensions(EDGE, EDGE).quiet_zone(true);
    Some(picture.dark_color(svg::Color("#000")).light_color(svg::Color("#fff")).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_white_around_the_code() {
        let picture = svg("tg://login?token=AQJ0aGUgdG9rZW4gb2YgYSBsb2dpbiBpcyAzMiBieXRlcw").unwrap();
        assert!(picture.starts_with("<?xml") && picture.contains("<svg"), "{picture}");
        assert!(picture.contains("#fff") && picture.contains("#000"));
        assert!(svg(&"x".repeat(10_000)).is_none());
    }
}
