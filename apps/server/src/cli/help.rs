//! What `boxoffice --help` looks like.

use std::fmt::Write as _;

use clap::{
    Command,
    builder::{
        StyledStr, Styles,
        styling::{AnsiColor, Style},
    },
};

const HEADING: Style = AnsiColor::Yellow.on_default().bold();
const WORD: Style = AnsiColor::Green.on_default().bold();

/// The colours of help and of complaints, where there are any.
pub const STYLES: Styles = Styles::styled()
    .header(HEADING)
    .usage(HEADING)
    .literal(WORD)
    .placeholder(AnsiColor::Cyan.on_default());

/// Which commands belong together.
const GROUPS: [(&str, &[&str]); 4] = [
    ("Run a sale", &["serve", "concerts", "seed"]),
    ("Trust it", &["audit", "doctor"]),
    ("Look after it", &["migrate", "ready"]),
    ("On the command line", &["completions", "man", "help"]),
];

/// What to type first: what it does, and how.
const EXAMPLES: [(&str, &str); 5] = [
    (
        "try it out, with a database of its own",
        "boxoffice serve --seed",
    ),
    ("see what a server would meet", "boxoffice doctor"),
    (
        "look at a list before adding it",
        "boxoffice concerts import --check concerts.csv",
    ),
    (
        "see every minute that all adds up",
        "boxoffice audit --watch",
    ),
    (
        "all settings, each with its variable",
        "boxoffice serve --help",
    ),
];

const LAST: &str = "Every option can also be given in the environment, under the name that \
    `boxoffice serve --help`\nshows beside it. Passwords and keys belong there or in files: a command \
    line can be read by\neveryone on the machine.";

/// The parts of the help, with the groups in place of clap's one list of commands.
const TEMPLATE: &str =
    "{about-with-newline}\n{usage-heading} {usage}\n\n{before-help}{options}{after-help}";

/// `command` with its commands in groups.
pub fn grouped(command: Command) -> Command {
    let mut text = String::new();
    for (heading, names) in GROUPS {
        let about = |name: &&'static str| (*name, about(&command, name));
        part(&mut text, heading, 13, names.iter().map(about));
    }
    let examples = EXAMPLES.map(|(what, how)| (how, what.to_owned()));
    part(&mut text, "Examples", 48, examples.into_iter());
    part(&mut text, "Options", 0, std::iter::empty());
    command
        .help_template(TEMPLATE)
        .before_help(StyledStr::from(text.trim_end().to_owned() + "\n"))
        .after_help(LAST)
}

fn about(command: &Command, name: &str) -> String {
    let about = command.find_subcommand(name).and_then(Command::get_about);
    about.map_or_else(
        || "Print this list, or the help of a command".to_owned(),
        ToString::to_string,
    )
}

/// A heading, and lines of a word and what it means.
fn part(
    text: &mut String,
    heading: &str,
    width: usize,
    lines: impl Iterator<Item = (&'static str, String)>,
) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{HEADING}{heading}:{HEADING:#}");
    for (word, meaning) in lines {
        let _ = writeln!(text, "  {WORD}{word:<width$}{WORD:#}{meaning}");
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn every_command_is_in_one_group_and_the_help_fits_a_terminal() {
        let mut command = Cli::grouped();
        let help = command.render_help().to_string();
        let named: Vec<_> = GROUPS.iter().flat_map(|(_, names)| names.iter()).collect();
        for sub in Cli::command().get_subcommands() {
            let times = named.iter().filter(|name| **name == &sub.get_name());
            assert_eq!(times.count(), 1, "{}", sub.get_name());
            assert!(
                help.contains(&sub.get_about().unwrap().to_string()),
                "{help}"
            );
        }
        for line in help
            .lines()
            .skip_while(|line| !line.starts_with("Run a sale"))
        {
            if line == "Options:" {
                break;
            }
            assert!(line.chars().count() <= 90, "{line}");
        }
        assert!(!help.contains('\u{1b}'), "{help}");
    }
}
