//! An expression in English. Common shapes read as people say them; every other one is spelled out, and stays true.

mod day;
mod list;
mod time;

use super::expression::CronExpression;
use time::TimePhrase;

pub(super) fn describe(cron: &CronExpression) -> String {
    match (time::phrase(&cron.times), day::phrase(&cron.days)) {
        (TimePhrase::Clock(clock), day::DayPhrase::Any { months }) => format!("every day {clock}{months}"),
        (TimePhrase::Clock(clock), day::DayPhrase::Some(days)) => format!("{clock} {days}"),
        (TimePhrase::Repeated(repeated), day::DayPhrase::Any { months }) => format!("{repeated}{months}"),
        (TimePhrase::Repeated(repeated), day::DayPhrase::Some(days)) => format!("{repeated}, {days}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_shapes_read_as_english() {
        for (text, words) in [
            ("* * * * *", "every minute"),
            ("*/15 * * * *", "every 15 minutes"),
            ("0 * * * *", "every hour, at minute 0"),
            ("0 */6 * * *", "every 6 hours, at minute 0"),
            ("30 8 * * *", "every day at 08:30"),
            ("@daily", "every day at 00:00"),
            ("0 */24 * * *", "every day at 00:00"),
            ("0 8,20 * * *", "every day at 08:00 and 20:00"),
            ("0,30 8 * * *", "every day at 08:00 and 08:30"),
            ("0 4 * * SUN", "at 04:00 on Sundays"),
            ("0 4 * * 7", "at 04:00 on Sundays"),
            ("0 9 * * MON-FRI", "at 09:00 from Monday to Friday"),
            ("0 9 * * 5-7,1", "at 09:00 from Friday to Monday"),
            ("0 0 * * 6,0", "at 00:00 on Saturdays and Sundays"),
            ("0 0 1 * *", "at 00:00 on the 1st of each month"),
            ("0 0 1,15 * *", "at 00:00 on the 1st and the 15th of each month"),
            ("0 0 1 1 *", "at 00:00 on the 1st of January"),
            ("0 0 1 */3 *", "at 00:00 on the 1st of January, April, July and October"),
            ("0 0 29 2 *", "at 00:00 on the 29th of February"),
            ("0 9-17 * * MON-FRI", "every hour from 09:00 to 17:00, from Monday to Friday"),
            ("30 8-20/2 * * *", "every 2 hours from 08:30 to 20:30"),
            ("*/15 9-17 * * *", "every 15 minutes from 09:00 to 17:45"),
            ("* 2 * * *", "every minute from 02:00 to 02:59"),
            ("0 12 * 6 *", "every day at 12:00 in June"),
            ("0 12 * JUN-AUG *", "every day at 12:00 in the months from June to August"),
            ("0 12 * JUN-AUG SUN", "at 12:00 on Sundays in the months from June to August"),
            ("0 0 L * *", "at 00:00 on the last day of each month"),
            ("0 0 LW * *", "at 00:00 on the last working day of each month"),
            ("0 0 15W * *", "at 00:00 on the working day nearest the 15th of each month"),
            ("0 0 * * MON#2", "at 00:00 on the second Monday of each month"),
            ("0 0 * * FRIL", "at 00:00 on the last Friday of each month"),
            ("*/10 * * * * *", "every 10 seconds"),
            ("* * * * * *", "every second"),
            ("30 0 8 * * *", "every day at 08:00:30"),
        ] {
            assert_eq!(CronExpression::parse(text).expect(text).in_words(), words, "{text}");
        }
    }

    #[test]
    fn uncommon_shapes_stay_true() {
        for (text, words) in [
            ("0 0 13 * FRI", "at 00:00 on the 13th of each month and on Fridays"),
            ("0 0 */2 * *", "at 00:00 on every 2nd day from the 1st to the 31st of each month"),
            ("0 0 29 2 */7", "at 00:00 on the 29th of February, if it is a Sunday"),
            ("0 0 1-31 * MON", "every day at 00:00"),
            (
                "0 0 */7 * MON#1",
                "at 00:00 on every 7th day from the 1st to the 29th of each month, if it is the first Monday of the month",
            ),
            ("0 0 * * MON,FRIL", "at 00:00 on Mondays and on the last Friday of each month"),
            (
                "0 0 1-7,L 3-5 *",
                "at 00:00 on the 1st to the 7th and the last day of each month from March to May",
            ),
            ("*/7 * * * *", "at every 7th minute from 0 to 56 of every hour"),
            ("0-10,40 * * * *", "at minutes 0 to 10 and 40 of every hour"),
            ("*/10 */2 * * *", "every 10 minutes of every 2nd hour from 0 to 22"),
            ("3,17,40 1-3,8 * * *", "at minutes 3, 17 and 40 of hours 1 to 3 and 8"),
            ("0 */5 * * *", "every 5 hours from 00:00 to 20:00"),
            ("0 */6 * * SUN", "every 6 hours, at minute 0, on Sundays"),
            ("15 */5 * * * *", "every 5 minutes, at second 15"),
            ("15,45 * * * * *", "at seconds 15 and 45 of every minute"),
            ("*/20 30 2 * * *", "every 20 seconds of minute 30 of hour 2"),
            ("59 23 31 12 FRI", "at 23:59 on the 31st of December and on Fridays in December"),
        ] {
            assert_eq!(CronExpression::parse(text).expect(text).in_words(), words, "{text}");
        }
    }

    #[test]
    fn months_and_weeks_come_round() {
        let words = |text| CronExpression::parse(text).expect(text).in_words();
        assert_eq!(words("0 0 1 11,12,1,2 *"), "at 00:00 on the 1st of each month from November to February");
        assert_eq!(words("0 0 * * 0-2"), "at 00:00 from Sunday to Tuesday");
        assert_eq!(words("0 0 * * 1,2"), "at 00:00 on Mondays and Tuesdays");
    }
}
