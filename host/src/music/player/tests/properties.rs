//! Whatever sources say, in whatever order and at whatever times.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
struct Answer {
    source: SourceName,
    pause: f64,
    playing: Playing,
}

fn answers() -> impl Strategy<Value = Vec<Answer>> {
    let what = prop_oneof![
        6 => (0..4_u8).prop_map(|n| Playable::Song(song(&n.to_string()))),
        1 => Just(Playable::Nothing),
        1 => Just(Playable::Ad),
        1 => Just(Playable::Episode(song("E"))),
        1 => Just(Playable::Local(Track { ids: Vec::new(), ..song("L") })),
    ];
    let pause = prop_oneof![6 => 0.0..15.0, 2 => 15.0..400.0, 1 => -4000.0..0.0_f64];
    let progress = proptest::option::of(0.0..260.0_f64);
    let answer = (any::<bool>(), pause, what, progress, 0..10_u8, 0..20_u8);
    let answer = answer.prop_map(|(is_spotify, pause, what, progress, playing, private)| Answer {
        source: if is_spotify { SPOTIFY } else { LISTENS },
        pause,
        playing: Playing {
            what,
            is_playing: playing > 1,
            progress: progress.map(Duration::from_secs_f64),
            device: None,
            is_private: private == 0,
        },
    });
    proptest::collection::vec(answer, 1..120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn plays_are_whole_and_one_at_a_time(answers in answers()) {
        let mut player = Player::new(PlayerSection::default());
        let (mut going, mut begun, mut is_stopped, mut second) = (None, BTreeSet::new(), true, 0.0);
        for Answer { source, pause, playing } in answers {
            second += pause;
            for step in player.hear(source, at(second), &playing) {
                match step {
                    Step::Begin(play) => {
                        prop_assert_eq!(going, None, "the one before has ended");
                        prop_assert!(play.listened >= Duration::from_secs(10));
                        prop_assert!(play.ended.is_none() && play.started <= at(second));
                        begun.insert(play.id);
                        going = Some(play.id);
                        is_stopped = false;
                    }
                    Step::Note(play) => {
                        prop_assert!(begun.contains(&play.id));
                        if let Some(ended) = play.ended {
                            prop_assert!(play.ended_how.is_some() && ended >= play.started);
                            going = going.filter(|id| *id != play.id);
                        } else {
                            going = Some(play.id);
                        }
                    }
                    Step::Resume(play) => {
                        prop_assert!(is_stopped && begun.contains(&play.id) && play.ended.is_none());
                        going = Some(play.id);
                        is_stopped = false;
                    }
                    Step::Stop => {
                        prop_assert!(!is_stopped);
                        prop_assert_eq!(going, None, "what went on has ended");
                        is_stopped = true;
                    }
                }
            }
            prop_assert_eq!(player.is_stopped(), is_stopped);
            prop_assert_eq!(player.present().map(|play| play.id), going);
        }
    }
}
