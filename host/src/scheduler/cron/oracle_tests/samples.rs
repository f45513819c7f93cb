/// What people write, and what hurts.
pub(super) const REALISTIC: &[&str] = &[
    "* * * * *",
    "*/2 * * * *",
    "*/5 * * * *",
    "*/7 * * * *",
    "*/10 * * * *",
    "*/15 * * * *",
    "*/30 * * * *",
    "*/60 * * * *",
    "0 * * * *",
    "17 * * * *",
    "59 * * * *",
    "0,30 * * * *",
    "5,20,35,50 * * * *",
    "0-10 * * * *",
    "10-50/7 * * * *",
    "0 */2 * * *",
    "0 */3 * * *",
    "0 */4 * * *",
    "0 */5 * * *",
    "0 */6 * * *",
    "30 */6 * * *",
    "0 */8 * * *",
    "0 */12 * * *",
    "0 */24 * * *",
    "0 0 * * *",
    "0 1 * * *",
    "0 2 * * *",
    "0 3 * * *",
    "0 4 * * *",
    "0 23 * * *",
    "59 23 * * *",
    "1 0 * * *",
    "30 0 * * *",
    "59 0 * * *",
    "30 1 * * *",
    "45 1 * * *",
    "59 1 * * *",
    "1 2 * * *",
    "15 2 * * *",
    "30 2 * * *",
    "45 2 * * *",
    "59 2 * * *",
    "1 3 * * *",
    "30 3 * * *",
    "30 8 * * *",
    "0 12 * * *",
    "0 0,12 * * *",
    "0 1,2,3 * * *",
    "0,30 2 * * *",
    "0,15,30,45 2 * * *",
    "0-59 2 * * *",
    "0-59/15 2 * * *",
    "* 2 * * *",
    "*/15 2 * * *",
    "*/15 0 * * *",
    "*/15 23 * * *",
    "*/20 1-3 * * *",
    "* 0 * * *",
    "0 0-23 * * *",
    "30 0-23 * * *",
    "30 0-23/2 * * *",
    "0-59 0-23 * * *",
    "0-59 * * * *",
    "* 0-23 * * *",
    "0 9-17 * * MON-FRI",
    "*/15 9-17 * * MON-FRI",
    "0 9 * * 1-5",
    "0 4 * * SUN",
    "0 4 * * 0",
    "0 4 * * 7",
    "0 0 * * SAT,SUN",
    "0 0 * * 6-7",
    "0 0 * * FRI-SUN",
    "0 0 * * 0-2",
    "0 0 * * MON,WED,FRI",
    "30 2 * * SUN",
    "30 2 * * 7L",
    "*/30 2 * * 7L",
    "0 3 * * SUNL",
    "0 2 8-14 3 *",
    "30 2 8-14 * */7",
    "0 0 1 * *",
    "0 0 1,15 * *",
    "0 0 15 * *",
    "0 0 L * *",
    "30 23 L * *",
    "0 0 LW * *",
    "0 0 1W * *",
    "0 0 15W * *",
    "0 0 31W * *",
    "0 0 30W * *",
    "0 0 1W,15W,LW * *",
    "0 0 L,LW * *",
    "0 0 15,L * *",
    "0 0 29 * *",
    "0 0 30 * *",
    "0 0 31 * *",
    "0 0 29-31 * *",
    "0 0 1-7 * *",
    "0 0 */2 * *",
    "0 0 */10 * *",
    "0 0 2-30/2 * *",
    "0 0 ? * MON",
    "0 0 13 * ?",
    "0 0 ? * ?",
    "0 0 13 * FRI",
    "0 0 13 * 5",
    "0 0 1,15 * MON",
    "0 0 1-7 * MON",
    "0 0 */2 * MON",
    "0 0 */7 * 1",
    "0 0 1 * */2",
    "0 0 13 * */5",
    "0 0 1-31 * MON",
    "0 0 13 * 0-6",
    "0 0 * * */2",
    "0 0 * * */3",
    "0 0 * * MON#1",
    "0 0 * * MON#5",
    "0 0 * * 5#3",
    "0 0 * * 0#2",
    "0 0 * * 7#2",
    "0 0 * * FRIL",
    "0 0 * * 5L",
    "0 0 * * 7L",
    "0 0 * * 1-5#2",
    "0 0 * * MON#1,MON#3",
    "0 0 * * MON,FRIL",
    "0 0 1 * FRIL",
    "0 0 LW * MON#1",
    "0 0 L * SUN",
    "0 0 1 1 *",
    "0 0 31 12 *",
    "59 23 31 12 *",
    "0 0 1 */3 *",
    "0 0 1 1,7 *",
    "0 0 1 JAN,JUL *",
    "0 0 * 6-8 *",
    "0 0 * JUN-AUG MON",
    "0 12 * NOV-DEC *",
    "30 2 29 3 *",
    "30 2 * 3 *",
    "*/30 2 * 3 *",
    "0 2 * 10 SUN",
    "0 0 29 2 *",
    "0 0 28,29 2 *",
    "0 0 L 2 *",
    "0 8 30 12 *",
    "0 0 30 12 *",
    "30 12 30,31 12 *",
    "0 0 31 12,1 *",
    "0 6 30 DEC FRI",
    "0 0 30 2,3 *",
    "0 0 31 2-4 *",
    "* * 29 2 *",
    "* * 13 * FRI",
    "*/5 0-3 * * SUN",
    "3-59/20 */3 * * *",
    "1 1 1 1 1",
    "0 0 1 1 0-7",
    "07 08 09 * *",
    "5 4 * * sun",
    "0 22 * * 1-5",
    "23 0-20/2 * * *",
    "0 0,6,12,18 * * *",
    "15,45 23,0,1 * * *",
    "0,5,*/20 3 * * *",
    "*,5 3 * * *",
    "5,* 3 * * *",
];

pub(super) const WITH_SECONDS: &[&str] = &[
    "* * * * * *",
    "*/10 * * * * *",
    "*/7 * * * * *",
    "30 * * * * *",
    "0 * * * * *",
    "15,45 */5 * * * *",
    "0 30 2 * * *",
    "59 59 1 * * *",
    "1 0 2 * * *",
    "30 30 2 * * *",
    "30 59 23 * * *",
    "0 0 0 * * *",
    "1 0 0 * * *",
    "0-59 0 0 * * *",
    "*/20 30 2 * * *",
    "*/20 30 0 * * *",
    "0,30 30 0-3 * * SUN",
    "5 */15 0-3 * * *",
    "59 59 23 L * *",
    "0 0 */2 * * *",
    "10-50/20 10-50/20 0-4/2 * * *",
    "45 45 1,2 * * 6-7",
    "0 0 3 ? * SUN",
    "7 7 * * * *",
];

/// Days that years pass without.
pub(super) const RARE: &[&str] = &[
    "0 0 29 2 *",
    "0 0 29 2 */7",
    "0 0 29 2 */5",
    "0 0 29W 2 ?",
    "0 0 29 FEB *",
    "0 0 */28 2 */7",
    "0 0 * 2 MON#5",
    "0 0 ? 2 SUN#5",
    "0 0 29,30,31 2 *",
    "0 0 */30 * MON#5",
    "0 0 */30 12 SUNL",
];

/// A small seeded generator: the same expressions in every run.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ mixed >> 31) % limit
    }

    fn one_of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len() as u64) as usize]
    }
}

pub(super) fn generated(count: usize) -> impl Iterator<Item = String> {
    let mut dice = Dice::new(2026);
    (0..count).map(move |_| {
        let minute = field(&mut dice, 0, 59, 15);
        // Clocks change at night.
        let hour = if dice.below(2) == 0 { field(&mut dice, 0, 3, 10) } else { field(&mut dice, 0, 23, 25) };
        let day = match dice.below(8) {
            0 => dice.one_of(&["L", "LW", "1W", "15W", "31W", "L,15", "1,LW", "?"]).to_owned(),
            1..=4 => "*".to_owned(),
            _ => field(&mut dice, 1, 31, 20),
        };
        let month = if dice.below(3) == 0 { field(&mut dice, 1, 12, 20) } else { "*".to_owned() };
        let weekday = match dice.below(8) {
            0 => dice
                .one_of(&["MON#1", "SUN#2", "7#5", "FRIL", "0L", "2-4#3", "MON-FRI", "SAT-SUN", "tue,Thu"])
                .to_owned(),
            1..=4 => dice.one_of(&["*", "*", "*", "?"]).to_owned(),
            _ => field(&mut dice, 0, 7, 20),
        };
        format!("{minute} {hour} {day} {month} {weekday}")
    })
}

fn field(dice: &mut Dice, least: u64, most: u64, stars: u64) -> String {
    if dice.below(100) < stars {
        return dice.one_of(&["*", "*", "*/2", "*/3", "*/5", "*/7"]).to_owned();
    }
    let entries = [1, 1, 1, 1, 2, 3][dice.below(6) as usize];
    let entries = (0..entries).map(|_| {
        let from = least + dice.below(most - least + 1);
        let to = from + dice.below(most - from + 1);
        match dice.below(6) {
            0 => format!("{from}-{to}"),
            1 => format!("{from}-{to}/{}", 1 + dice.below(4)),
            _ => from.to_string(),
        }
    });
    entries.collect::<Vec<_>>().join(",")
}
