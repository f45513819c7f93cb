use super::{
    dice::Dice,
    plan::ChatKind,
    talk::{TONGUES, Tongue},
};

/// Who the account is.
pub(crate) const ME: i64 = 1_000_001;
const FIRST_BOT: i64 = 1_900_001;
const FIRST_GROUP: i64 = 400_001;
const FIRST_CHANNEL: i64 = 1_500_000_001;

/// Everybody in the world: names, and who is in which chat.
#[derive(Clone, Debug)]
pub(crate) struct Cast {
    seed: u64,
    /// How many people there are, the account among them.
    people: usize,
}

impl Cast {
    pub(crate) fn new(seed: u64, chats: usize) -> Self {
        Self { seed, people: (chats * 2).max(24) }
    }

    pub(crate) fn people(&self) -> impl Iterator<Item = i64> + use<> {
        (0..self.people).map(person)
    }

    /// Who and what is in a chat of a kind.
    pub(crate) fn chat(&self, place: usize, kind: ChatKind) -> Gathered {
        let mut dice = Dice::at(self.seed, &[0x6361_7374, number(place)]);
        let id = match kind {
            ChatKind::Saved => ME,
            ChatKind::Private => person(1 + place % (self.people - 1)),
            ChatKind::Bot => FIRST_BOT + number(place),
            ChatKind::Group | ChatKind::OldGroup => FIRST_GROUP + number(place),
            _ => FIRST_CHANNEL + number(place),
        };
        // A supergroup keeps the name and the members of the group that it was.
        let born = if kind == ChatKind::NewGroup { place - 1 } else { place };
        let tongue = match kind {
            ChatKind::Private => tongue_of(id),
            ChatKind::Saved => tongue_of(ME),
            _ => group_tongue(born),
        };
        let mut members = vec![ME];
        match kind {
            ChatKind::Saved => {}
            ChatKind::Private | ChatKind::Bot => members.push(id),
            _ => {
                let mut luck = Dice::at(self.seed, &[0x6d65_6d62, number(born)]);
                for _ in 0..luck.below(12) + 4 {
                    let member = person(1 + luck.below(self.people - 1));
                    if !members.contains(&member) {
                        members.push(member);
                    }
                }
            }
        }
        let title = match kind {
            ChatKind::Saved => "Saved Messages".to_owned(),
            ChatKind::Private => full_name(id),
            ChatKind::Bot => format!("{} bot", dice.pick(&["Tape", "Weather", "Reminder", "Library"])),
            _ => title(tongue, born),
        };
        Gathered { kind, id, title, tongue, members }
    }
}

/// A chat before anything is said in it.
pub(crate) struct Gathered {
    pub(crate) kind: ChatKind,
    pub(crate) id: i64,
    pub(crate) title: String,
    pub(crate) tongue: Tongue,
    pub(crate) members: Vec<i64>,
}

fn person(place: usize) -> i64 {
    ME + number(place)
}

fn number(place: usize) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX)
}

fn place_of(id: i64) -> usize {
    usize::try_from(id - ME).unwrap_or(0)
}

/// First and last name; some have only one.
pub(crate) fn name(id: i64) -> (&'static str, Option<&'static str>) {
    let place = place_of(id);
    let (first, last, tongue) = NAMES[place % NAMES.len()];
    // Later rounds through the names mix those of one language anew.
    let round = place / NAMES.len();
    let alike = || NAMES.iter().filter(|(.., other)| *other == tongue).map(|(_, last, _)| *last);
    let last = if round == 0 { last } else { alike().nth((place + round) % alike().count()).unwrap_or(last) };
    (first, (!last.is_empty()).then_some(last))
}

pub(crate) fn full_name(id: i64) -> String {
    let (first, last) = name(id);
    last.map_or_else(|| first.to_owned(), |last| format!("{first} {last}"))
}

/// One in three has a user name.
pub(crate) fn username(id: i64) -> Option<String> {
    let place = place_of(id);
    place.is_multiple_of(3).then(|| format!("tape_person_{place}"))
}

pub(crate) fn phone(id: i64) -> String {
    format!("34600{:06}", place_of(id))
}

fn tongue_of(id: i64) -> Tongue {
    NAMES[place_of(id) % NAMES.len()].2
}

/// Every second group speaks the account's own language.
fn group_tongue(place: usize) -> Tongue {
    if place.is_multiple_of(2) { tongue_of(ME) } else { TONGUES[place / 2 % TONGUES.len()] }
}

fn title(tongue: Tongue, place: usize) -> String {
    let titles = tongue.titles();
    let earlier = (0..place).filter(|place| group_tongue(*place) == tongue).count();
    let (title, round) = (titles[earlier % titles.len()], earlier / titles.len());
    if round == 0 { title.to_owned() } else { format!("{title} {}", round + 1) }
}

const NAMES: [(&str, &str, Tongue); 24] = [
    ("Ann", "Fletcher", Tongue::English),
    ("Boris", "Ильин", Tongue::Russian),
    ("Lucía", "Ortega", Tongue::Spanish),
    ("Мария", "Соколова", Tongue::Russian),
    ("ليلى", "حداد", Tongue::Arabic),
    ("伟", "陈", Tongue::Chinese),
    ("Jonas", "Becker", Tongue::English),
    ("Grandma", "", Tongue::English),
    ("Иван", "Петров", Tongue::Russian),
    ("نور", "الدين", Tongue::Arabic),
    ("小红", "李", Tongue::Chinese),
    ("Pablo", "Ruiz", Tongue::Spanish),
    ("Sofía 🌷", "", Tongue::Spanish),
    ("Dr. Helen", "Marsh", Tongue::English),
    ("Катя", "", Tongue::Russian),
    ("يوسف", "منصور", Tongue::Arabic),
    ("大伟", "王", Tongue::Chinese),
    ("Elif", "Yılmaz", Tongue::English),
    ("Tomás", "Vega", Tongue::Spanish),
    ("Ольга", "Никитина", Tongue::Russian),
    ("Sam", "O'Neill", Tongue::English),
    ("Chloé", "Dubois", Tongue::English),
    ("مريم", "", Tongue::Arabic),
    ("Zoë", "van Dijk", Tongue::English),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn many_people_have_many_names() {
        let names: BTreeSet<String> = (0..500).map(|place| full_name(person(place))).collect();
        assert!(names.len() > 60, "{}", names.len());
        let usernames: BTreeSet<String> = (0..500).filter_map(|place| username(person(place))).collect();
        assert_eq!(usernames.len(), 167);
    }

    #[test]
    fn everybody_in_a_chat_exists() {
        let cast = Cast::new(3, 60);
        let people: BTreeSet<i64> = cast.people().collect();
        for place in 0..60 {
            let Gathered { title, members, .. } = cast.chat(place, ChatKind::Supergroup);
            assert!(!title.is_empty() && members.contains(&ME) && members.len() > 2);
            assert!(members.iter().all(|member| people.contains(member)));
        }
    }
}
