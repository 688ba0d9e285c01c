//! What `boxoffice --help` looks like.

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

/// `command` with its commands in groups.
pub fn grouped(command: Command) -> Command {
    let mut text = String::new();
    for (heading, names) in GROUPS {
        text.push_str(&format!("{HEADING}{heading}:{HEADING:#}\n"));
        for name in names {
            let about = command.find_subcommand(name).and_then(Command::get_about);
            let about = about.map_or(
                "Print this list, or the help of a command".to_owned(),
                ToString::to_string,
            );
            text.push_str(&format!("  {WORD}{name:<13}{WORD:#}{about}\n"));
        }
        text.push('\n');
    }
    text.push_str(&format!("{HEADING}Examples:{HEADING:#}\n"));
    for (what, how) in EXAMPLES {
        text.push_str(&format!("  {WORD}{how:<48}{WORD:#}{what}\n"));
    }
    command
        .help_template("{about-with-newline}\n{usage-heading} {usage}\n\n{before-help}{heading-of-options}{options}{after-help}".replace("{heading-of-options}", &format!("{HEADING}Options:{HEADING:#}\n")))
        .before_help(StyledStr::from(text))
        .after_help(LAST)
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
            assert!(line.chars().count() <= 86, "{line}");
        }
        assert!(!help.contains('\u{1b}'), "{help}");
    }
}
