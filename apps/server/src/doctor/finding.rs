//! What was found, and how it is shown.

use std::fmt::{Display, Write as _};

/// How good it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// As it should be.
    Good,
    /// A server works with it, but look at it.
    Doubtful,
    /// A server does not start, or does not keep what it promises.
    Bad,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub mark: Mark,
    /// What was looked at, in a word or two.
    pub subject: String,
    /// What it is like.
    pub told: String,
    /// What to do about it; empty when there is nothing to do.
    pub advice: String,
}

impl Finding {
    /// All is well.
    pub fn good(subject: impl Display, told: impl Display) -> Self {
        Self::new(Mark::Good, &subject, &told, &"")
    }

    /// Something to look at.
    pub fn doubtful(subject: impl Display, told: impl Display, advice: impl Display) -> Self {
        Self::new(Mark::Doubtful, &subject, &told, &advice)
    }

    /// Something is wrong.
    pub fn bad(subject: impl Display, told: impl Display, advice: impl Display) -> Self {
        Self::new(Mark::Bad, &subject, &told, &advice)
    }

    fn new(mark: Mark, subject: &dyn Display, told: &dyn Display, advice: &dyn Display) -> Self {
        Self {
            mark,
            subject: subject.to_string(),
            told: told.to_string(),
            advice: advice.to_string(),
        }
    }

    /// Whether something is wrong.
    pub fn is_bad(&self) -> bool {
        self.mark == Mark::Bad
    }
}

/// What the terminal can show.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub colours: bool,
    pub unicode: bool,
}

impl Look {
    fn mark(self, mark: Mark) -> String {
        let text = match (mark, self.unicode) {
            (Mark::Good, true) => "✓ ",
            (Mark::Good, false) => "ok",
            (Mark::Doubtful, _) => "! ",
            (Mark::Bad, true) => "✗ ",
            (Mark::Bad, false) => "X ",
        };
        self.painted(text, colour(mark))
    }

    fn painted(self, text: &str, colour: &str) -> String {
        if self.colours {
            format!("\x1b[{colour}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

/// As terminals number them, bold.
fn colour(mark: Mark) -> &'static str {
    match mark {
        Mark::Good => "1;32",
        Mark::Doubtful => "1;33",
        Mark::Bad => "1;31",
    }
}

/// All that was found, section by section, and the sum of it.
pub fn report(sections: &[(&str, Vec<Finding>)], look: Look) -> String {
    let mut text = String::new();
    let subjects = || sections.iter().flat_map(|(_, findings)| findings);
    let width = subjects().map(|finding| finding.subject.chars().count());
    let width = width.max().unwrap_or_default();
    // Writing to a String cannot fail.
    for (name, findings) in sections {
        let _ = writeln!(text, "{}", look.painted(name, "1"));
        for finding in findings {
            let (mark, subject) = (look.mark(finding.mark), &finding.subject);
            let _ = writeln!(text, "  {mark} {subject:<width$}  {}", finding.told);
            if !finding.advice.is_empty() {
                let arrow = if look.unicode { "→" } else { "->" };
                let _ = writeln!(text, "     {:<width$}  {arrow} {}", "", finding.advice);
            }
        }
        text.push('\n');
    }
    let count = |mark| subjects().filter(|finding| finding.mark == mark).count();
    let (bad, doubtful) = (count(Mark::Bad), count(Mark::Doubtful));
    let (sum, worst) = match (bad, doubtful) {
        (0, 0) => ("all is well".to_owned(), Mark::Good),
        (0, few) => (
            format!("nothing is wrong, {few} to look at"),
            Mark::Doubtful,
        ),
        (bad, 0) => (format!("{bad} wrong"), Mark::Bad),
        (bad, few) => (format!("{bad} wrong, {few} to look at"), Mark::Bad),
    };
    let _ = writeln!(text, "{}", look.painted(&sum, colour(worst)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sections() -> [(&'static str, Vec<Finding>); 2] {
        [
            ("Machine", vec![Finding::good("open files", "up to 65536")]),
            (
                "Database",
                vec![
                    Finding::doubtful("clock", "7 s ahead", "let both follow NTP"),
                    Finding::bad("fsync", "is off", "turn it on"),
                ],
            ),
        ]
    }

    #[test]
    fn each_finding_is_a_line_with_what_to_do_below() {
        let look = Look {
            colours: false,
            unicode: true,
        };
        let expected = "\
Machine
  ✓  open files  up to 65536

Database
  !  clock       7 s ahead
                 → let both follow NTP
  ✗  fsync       is off
                 → turn it on

1 wrong, 1 to look at
";
        assert_eq!(report(&sections(), look), expected);
    }

    #[test]
    fn a_simple_terminal_is_shown_ascii_and_a_colourful_one_colours() {
        let simple = Look {
            colours: false,
            unicode: false,
        };
        let text = report(&sections(), simple);
        assert!(text.is_ascii(), "{text}");
        assert!(
            text.contains("  ok open files") && text.contains("  X  fsync"),
            "{text}"
        );
        let colourful = Look {
            colours: true,
            unicode: true,
        };
        assert!(report(&sections(), colourful).contains("\x1b[1;31m✗ \x1b[0m"));
        let all_well = report(&sections()[..1], simple);
        assert!(all_well.ends_with("\nall is well\n"), "{all_well}");
    }
}
