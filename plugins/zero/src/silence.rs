//! The shortest recording that every player takes: five frames of MP3 in which nothing sounds.

pub(crate) const MIME: &str = "audio/mpeg";
pub(crate) const EXTENSION: &str = "mp3";
pub(crate) const BITRATE: u32 = 128_000;
/// Rounded down, so it is shown as 0:00.
pub(crate) const DURATION_MS: u32 = (FRAMES * SAMPLES_PER_FRAME * 1000 / SAMPLE_RATE) as u32;

const FRAMES: usize = 5;
const SAMPLE_RATE: usize = 44_100;
const SAMPLES_PER_FRAME: usize = 1152;
/// MPEG-1 has no fractions of a byte; without padding it drops them.
const FRAME_BYTES: usize = 144 * BITRATE as usize / SAMPLE_RATE;
/// Frame sync, MPEG-1 layer III without checksum; 128 kbit/s at 44.1 kHz without padding; stereo.
const HEADER: [u8; 4] = [0xff, 0xfb, 0x90, 0x00];

/// The frames. After a header only zeros: no part of the spectrum has any bits, which is silence.
pub(crate) fn frames() -> Vec<u8> {
    let mut frame = [0; FRAME_BYTES];
    frame[..HEADER.len()].copy_from_slice(&HEADER);
    frame.repeat(FRAMES)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long a frame is, read from its header by the tables of the standard.
    fn frame_length(header: &[u8]) -> usize {
        let bits = u32::from_be_bytes(header[..4].try_into().unwrap());
        assert_eq!(bits >> 21, 0x7ff, "frame sync");
        assert_eq!(bits >> 19 & 3, 3, "MPEG-1");
        assert_eq!(bits >> 17 & 3, 1, "layer III");
        let kbits =
            [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320][(bits >> 12 & 15) as usize];
        let rate = [44_100, 48_000, 32_000][(bits >> 10 & 3) as usize];
        144_000 * kbits / rate + (bits >> 9 & 1) as usize
    }

    #[test]
    fn frames_follow_each_other_to_the_end() {
        let bytes = frames();
        let mut rest = &bytes[..];
        let mut count = 0;
        while !rest.is_empty() {
            rest = &rest[frame_length(rest)..];
            count += 1;
        }
        assert_eq!(count, FRAMES);
    }

    #[test]
    fn nothing_sounds_in_them() {
        for frame in frames().chunks(FRAME_BYTES) {
            assert!(frame[HEADER.len()..].iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn plays_shorter_than_half_a_second() {
        assert_eq!(DURATION_MS, 130);
    }
}
