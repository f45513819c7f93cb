//! The sound of a recording: a tone that only this one has, as a WAV file.

use super::Recording;

/// The lowest that an MP3 of 128 kbit/s can have.
const RATE: u32 = 16_000;
const HEADER: u32 = 44;

/// One byte for each sample, one channel.
pub(super) fn wav(recording: &Recording) -> Vec<u8> {
    let samples = RATE * recording.sounds_for.unwrap_or(recording.seconds);
    let mut file = Vec::with_capacity((HEADER + samples) as usize);
    file.extend_from_slice(b"RIFF");
    file.extend((HEADER - 8 + samples).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(RATE.to_le_bytes());
    file.extend(RATE.to_le_bytes());
    file.extend_from_slice(b"\x01\0\x08\0data");
    file.extend(samples.to_le_bytes());
    let half = half_wave(&recording.id);
    file.extend((0..samples).map(|at| if (at / half).is_multiple_of(2) { 0x70 } else { 0x90 }));
    file
}

/// In samples: 400 to 1600 Hz.
fn half_wave(id: &str) -> u32 {
    5 + id.bytes().map(u32::from).sum::<u32>() % 15
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plays_as_long_as_it_says() {
        let song = Recording::song("Hello", "Adele", "25", 3);
        let file = wav(&song);
        assert_eq!(file.len(), 44 + 3 * 16_000);
        assert_eq!(file[40..44], 48_000_u32.to_le_bytes());
        assert_eq!(wav(&Recording { sounds_for: Some(1), ..song }).len(), 44 + 16_000);
    }
}
