use clap::Parser;

use super::*;
use crate::cli::{Cli, Command};

/// What makes a good database a worse one.
type Change = fn(&mut Facts);

fn facts() -> Facts {
    Facts {
        inspection: Inspection {
            version: "17.2".to_owned(),
            major: 17,
            encoding: "UTF8".to_owned(),
            collation: "C.UTF-8".to_owned(),
            timezone: "Etc/UTC".to_owned(),
            is_standby: false,
            has_autovacuum: true,
            connections: 97,
            connected: 12,
            data_directory: None,
            is_local: false,
        },
        schema: SchemaState::default(),
        unsafe_settings: Vec::new(),
        ahead: Duration::milliseconds(-300),
    }
}

fn options(arguments: &[&str]) -> Box<Serve> {
    let typed = [&["boxoffice", "doctor"], arguments].concat();
    match Cli::try_parse_from(typed).unwrap().command {
        Command::Doctor(options) => options,
        other => panic!("{other:?}"),
    }
}

/// What is not good about a database after `change`.
fn complaints(change: impl FnOnce(&mut Facts)) -> Vec<Finding> {
    let mut facts = facts();
    change(&mut facts);
    let mut found = judge(&facts, &options(&[]));
    found.retain(|finding| finding.mark != Mark::Good);
    found
}

#[test]
fn of_a_good_database_there_is_nothing_to_complain_about() {
    assert_eq!(complaints(|_| {}), []);
}

#[test]
fn each_thing_that_is_wrong_is_told_with_what_to_do() {
    let cases: [(&str, Change, &str); 7] = [
        ("PostgreSQL", |f| f.inspection.major = 14, "upgrade to 15"),
        (
            "durability",
            |f| f.unsafe_settings = vec!["fsync".to_owned()],
            "--allow-unsafe-durability",
        ),
        (
            "connections",
            |f| f.inspection.connections = 11,
            "lower --pool-size",
        ),
        (
            "locale",
            |f| f.inspection.encoding = "SQL_ASCII".to_owned(),
            "'UTF8'",
        ),
        ("role", |f| f.inspection.is_standby = true, "the primary"),
        (
            "tables",
            |f| {
                f.schema.pending = vec!["a".to_owned()];
                f.schema.newer = vec!["b".to_owned()];
            },
            "another program's",
        ),
        (
            "durability",
            |f| f.unsafe_settings = vec!["x".to_owned()],
            "turn it on",
        ),
    ];
    for (subject, change, advice) in cases {
        let found = complaints(change);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].subject, subject);
        assert!(
            found[0].is_bad() && found[0].advice.contains(advice),
            "{found:?}"
        );
    }
}

#[test]
fn what_a_server_can_live_with_is_told_and_is_not_wrong() {
    let cases: [(&str, Change); 5] = [
        ("connections", |f| f.inspection.connected = 90),
        ("clock", |f| f.ahead = Duration::seconds(9)),
        ("tables", |f| f.schema.pending = vec!["a".to_owned()]),
        ("tables", |f| f.schema.newer = vec!["b".to_owned()]),
        ("autovacuum", |f| f.inspection.has_autovacuum = false),
    ];
    for (subject, change) in cases {
        let found = complaints(change);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            (found[0].subject.as_str(), found[0].mark),
            (subject, Mark::Doubtful)
        );
        assert!(!found[0].advice.is_empty());
    }
    let accepted = durability(&["fsync".to_owned()], true);
    assert_eq!(accepted.mark, Mark::Doubtful);
}
