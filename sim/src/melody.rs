//! A little piece of music for each name, for whoever has to hear that something plays: plucked strings over
//! slow chords, as a WAV file.

/// In samples a second, one channel of 16 bits.
const RATE: usize = 16_000;
const HEADER: usize = 44;
/// Eighths a minute.
const PACE: usize = 168;
const LOUDEST: f32 = 0.7;
/// The bars at both ends in which it comes and goes.
const FADE: usize = RATE / 2;

/// Steps above the root that sound well in any order.
const SCALE: [i32; 8] = [0, 2, 4, 7, 9, 12, 14, 16];
/// Roots of four bars, in half-tones: I, vi, IV, V.
const CHORDS: [i32; 4] = [0, -3, 5, 7];
/// As far as the lowest root may be moved.
const KEYS: u64 = 7;

/// So long, the same each time for the same name.
pub fn wav(name: &str, milliseconds: u64) -> Vec<u8> {
    let length = usize::try_from(milliseconds).unwrap_or(usize::MAX) / 10 * (RATE / 100);
    let samples = played(name, length);
    let loudest = samples.iter().fold(0.01_f32, |loudest, sample| loudest.max(sample.abs()));
    let bytes = 2 * samples.len();
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes();
    let mut file = Vec::with_capacity(HEADER + bytes);
    file.extend_from_slice(b"RIFF");
    file.extend(number(HEADER - 8 + bytes));
    file.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(number(RATE));
    file.extend(number(2 * RATE));
    file.extend_from_slice(b"\x02\0\x10\0data");
    file.extend(number(bytes));
    for (at, sample) in samples.iter().enumerate() {
        let edge = at.min(samples.len() - at).min(FADE) as f32 / FADE as f32;
        let value = sample / loudest * LOUDEST * edge * f32::from(i16::MAX);
        file.extend((value as i16).to_le_bytes());
    }
    file
}

fn played(name: &str, length: usize) -> Vec<f32> {
    let mut chance = Chance::of(name);
    let key = i32::try_from(chance.below(KEYS)).unwrap_or(0) - 3;
    let (eighth, mut step) = (60 * RATE / PACE, 3);
    let mut samples = vec![0.0; length];
    for (number, start) in (0..length).step_by(eighth).enumerate() {
        let root = key + CHORDS[number / 8 % CHORDS.len()];
        if number % 8 == 0 {
            // The bass holds the bar.
            pluck(&mut samples, start, 8 * eighth, hertz(root - 24), 0.5, &mut chance);
        }
        // The melody wanders, and rests now and then.
        step = (step + usize::try_from(chance.below(5)).unwrap_or(0)).saturating_sub(2).min(SCALE.len() - 1);
        let rests = number % 8 == 7 || chance.below(5) == 0;
        if !rests {
            pluck(&mut samples, start, 3 * eighth, hertz(key + SCALE[step]), 0.4, &mut chance);
        }
        if number % 4 == 2 {
            pluck(&mut samples, start, 4 * eighth, hertz(root - 12 + 7), 0.2, &mut chance);
        }
    }
    samples
}

/// Half-tones from the A below middle C.
fn hertz(half_tones: i32) -> f32 {
    220.0 * 2.0_f32.powf(half_tones as f32 / 12.0)
}

/// A string that is plucked: noise that goes round and becomes softer (Karplus and Strong).
fn pluck(samples: &mut [f32], start: usize, length: usize, hertz: f32, loud: f32, chance: &mut Chance) {
    let period = (RATE as f32 / hertz) as usize;
    let mut string: Vec<f32> = (0..period.max(2)).map(|_| chance.noise()).collect();
    let (mut at, period) = (0, string.len());
    let end = samples.len().min(start + length);
    for sample in &mut samples[start.min(end)..end] {
        let next = (at + 1) % period;
        *sample += string[at] * loud;
        string[at] = (string[at] + string[next]) * 0.498;
        at = next;
    }
}

/// The same for the same name.
struct Chance(u64);

impl Chance {
    fn of(name: &str) -> Self {
        Self((u64::from(crc32fast::hash(name.as_bytes())) << 16) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }

    fn noise(&mut self) -> f32 {
        self.below(2_001) as f32 / 1_000.0 - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(file: &[u8]) -> Vec<i16> {
        file[HEADER..].chunks(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
    }

    #[test]
    fn plays_as_long_as_it_says() {
        let file = wav("A - B", 2_500);
        assert_eq!(file.len(), HEADER + 2 * 40_000);
        assert_eq!(file[40..44], 80_000_u32.to_le_bytes());
        assert_eq!(wav("A - B", 0).len(), HEADER);
    }

    #[test]
    fn each_name_has_a_sound_of_its_own() {
        let (one, other) = (wav("A - B", 3_000), wav("A - C", 3_000));
        assert_ne!(one, other);
        assert_eq!(one, wav("A - B", 3_000));
    }

    #[test]
    fn it_is_heard_throughout_and_never_too_loud() {
        let samples = samples(&wav("A - B", 8_000));
        let most = |part: &[i16]| part.iter().map(|it| it.unsigned_abs()).max().unwrap_or(0);
        assert!((20_000..24_000).contains(&most(&samples)), "{}", most(&samples));
        for (second, part) in samples.chunks(RATE).enumerate() {
            assert!(most(part) > 1_000, "second {second} is silent");
        }
        assert!(most(&samples[..50]) < 500, "it begins softly");
    }
}
