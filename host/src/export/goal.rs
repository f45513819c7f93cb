//! Where an export goes: names with places to fill in.

use jiff::tz::TimeZone;

/// Text with `{{job}}`, `{{date}}` and the like.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    text: String,
}

#[derive(Debug, thiserror::Error)]
#[error(
    "`{{{{{found}}}}}` is nothing that a name can have: use {{{{job}}}}, {{{{date}}}}, {{{{time}}}} or {{{{account}}}}"
)]
pub struct UnknownPlace {
    found: String,
}

const PLACES: [&str; 4] = ["job", "date", "time", "account"];

impl Template {
    pub fn parse(text: &str) -> Result<Self, UnknownPlace> {
        let mut rest = text;
        while let Some((_, after)) = rest.split_once("{{") {
            let (place, end) = after.split_once("}}").unwrap_or((after, ""));
            if !PLACES.contains(&place.trim()) {
                return Err(UnknownPlace { found: place.chars().take(40).collect() });
            }
            rest = end;
        }
        Ok(Self { text: text.to_owned() })
    }

    /// Whether two exports never have the same name, but for those of the same second.
    pub fn tells_the_second(&self) -> bool {
        ["date", "time"].iter().all(|wanted| self.places().any(|place| place == *wanted))
    }

    fn places(&self) -> impl Iterator<Item = &str> {
        let ends = self.text.split("{{").skip(1);
        ends.map(|rest| rest.split_once("}}").map_or(rest, |(place, _)| place).trim())
    }

    /// Whether two exports at different times have different names.
    pub fn tells_when(&self) -> bool {
        self.places().any(|place| matches!(place, "date" | "time"))
    }

    /// A name for a file or folder, whatever was filled in.
    pub fn name(&self, job: &str, account: &str, now: jiff::Timestamp, zone: &TimeZone) -> String {
        let local = now.to_zoned(zone.clone());
        let mut name = String::new();
        let mut rest = self.text.as_str();
        while let Some((before, after)) = rest.split_once("{{") {
            let (place, end) = after.split_once("}}").unwrap_or((after, ""));
            name.push_str(before);
            match place.trim() {
                "job" => name.push_str(job),
                "date" => name.push_str(&local.strftime("%Y-%m-%d").to_string()),
                "time" => name.push_str(&local.strftime("%H%M%S").to_string()),
                _ => name.push_str(account),
            }
            rest = end;
        }
        name.push_str(rest);
        plain(&name)
    }
}

/// One name, visible, on any system.
fn plain(name: &str) -> String {
    let letters = name
        .chars()
        .map(|letter| if letter.is_control() || "/\\:*?\"<>|".contains(letter) { '-' } else { letter });
    let name: String = letters.collect();
    match name.trim().trim_start_matches('.').trim_end_matches('.') {
        "" => "export".to_owned(),
        name => name.chars().take(120).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> String {
        let now = "2026-03-01T12:30:00Z".parse().unwrap();
        Template::parse(text).unwrap().name("weekly", "main", now, &TimeZone::UTC)
    }

    #[test]
    fn places_are_filled_in() {
        assert_eq!(name("{{job}}-{{date}}-{{ time }}"), "weekly-2026-03-01-123000");
        assert_eq!(name("all of {{account}}"), "all of main");
    }

    #[test]
    fn names_stay_one_name() {
        assert_eq!(name("../../etc/x"), "-..-etc-x");
        assert_eq!(name("..."), "export");
    }

    #[test]
    fn only_places_of_time_tell_when() {
        let tells = |text: &str| Template::parse(text).unwrap().tells_when();
        assert!(tells("{{job}}-{{time}}") && tells("x-{{ date }}"));
        assert!(!tells("updates-{{job}}") && !tells("date") && !tells("time of {{account}}"));
    }

    #[test]
    fn misspelt_places_are_errors() {
        for text in ["{{jobs}}", "{{", "{{date"] {
            assert!(Template::parse(text).is_err() || text == "{{date", "{text}");
        }
        let error = Template::parse("{{chat}}").unwrap_err().to_string();
        assert!(error.contains("{{chat}}") && error.contains("{{date}}"), "{error}");
    }
}
