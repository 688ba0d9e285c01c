use std::time::Duration;

use clap::{CommandFactory, error::ErrorKind};
use domain::{
    balance::ChargeRules,
    money,
    queue::{QueuePolicy, QueueTimes},
    reservations::{HoldRules, RefundRules},
};

use secrecy::ExposeSecret;

use super::*;
use crate::config::Key;

fn parse(arguments: &[&str]) -> Result<Cli, clap::Error> {
    Cli::try_parse_from([&["boxoffice"], arguments].concat())
}

fn serve(arguments: &[&str]) -> Serve {
    match parse(&[&["serve"], arguments].concat()).unwrap().command {
        Command::Serve(serve) => *serve,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_commands_and_options_fit_together() {
    Cli::command().debug_assert();
}

#[test]
fn the_defaults_are_those_of_the_specification() {
    let options = serve(&[]);
    assert_eq!(options.listening.listen, "127.0.0.1:8080");
    assert_eq!(options.listening.request_timeout, Duration::from_secs(3));
    assert_eq!(options.listening.shutdown_timeout, Duration::from_secs(30));
    assert_eq!(
        options.queue.times(),
        QueueTimes {
            active_ttl: time::Duration::minutes(5),
            waiting_ttl: time::Duration::hours(2),
            no_show_after: time::Duration::minutes(1),
            admission_interval: time::Duration::SECOND,
        }
    );
    let policy = QueuePolicy {
        capacity: 1000,
        admission_batch: 100,
        paused: false,
    };
    assert_eq!(options.queue.policy(), policy);
    let holds = HoldRules {
        ttl: time::Duration::minutes(5),
        seats_per_user: 4,
    };
    assert_eq!(options.holds.rules(), holds);
    assert_eq!(options.holds.sweep_interval, Duration::from_secs(10));
    let charges = ChargeRules {
        max_charge: money::Money::won(10_000_000),
        max_balance: money::Money::won(1_000_000_000),
    };
    assert_eq!(options.money.rules(), charges);
    let refunds = RefundRules {
        until: Some(time::Duration::ZERO),
    };
    assert_eq!(options.money.refund_rules(), refunds);
    let lanes = options.lanes.settings();
    assert_eq!((lanes.depth, lanes.batch), (4096, 512));
    let rules = options.webhooks.rules();
    assert_eq!((rules.base, rules.tries), (time::Duration::seconds(5), 10));
    assert_eq!(rules.timeout, time::Duration::seconds(15));
    assert_eq!(options.webhooks.events_kept, Duration::from_hours(168));
    assert!(!options.webhooks.courier().allow_http);
    assert_eq!(options.keys.sign_up(), adapters_http::SignUp::Open);
    let limits = options.limits.rates();
    let user = limits
        .user
        .map(|rate| (rate.per_second.get(), rate.burst.get()));
    assert_eq!((user, limits.address), (Some((50, 1000)), None));
    assert!(limits.trusted_proxies.is_empty() && options.listening.cors_origins.is_empty());
    assert_eq!(options.listening.admin_listen, "");
    assert_eq!(options.measures.audit_every(), None);
    assert!(!options.connections.allow_unsafe_durability && !options.seed);
    assert!(options.location.database_url().is_none());
    assert_eq!(options.check(), Ok(()));
}

#[test]
fn nonsense_is_refused_with_what_to_write_instead() {
    let zone = "such as Asia/Seoul";
    for (option, value, advice) in [
        ("--listen", "8080", "such as 127.0.0.1:8080"),
        ("--hold-ttl", "5", "such as 300ms, 10s, 5m or 2h"),
        ("--hold-ttl", "0s", "a duration from 10ms to 7d"),
        ("--admission-interval", "1ms", "a duration from 10ms to 1h"),
        ("--capacity", "many", "a whole number from 0 to 1000000"),
        ("--admission-batch", "0", "a whole number from 1 to 100000"),
        ("--seats-per-user", "0", "a whole number from 1 to 50000"),
        ("--max-charge", "1.5", "a whole number from 1 to"),
        ("--pool-size", "1", "a whole number from 2 to 1000"),
        ("--lane-depth", "0", "a whole number from 1 to 1000000"),
        ("--webhook-tries", "11", "a whole number from 1 to 10"),
        ("--events-kept", "1s", "a duration from 1m to 3650d"),
        ("--timezone", "Seoul", zone),
        ("--sign-up", "maybe", "[possible values: open, closed]"),
        ("--user-rate", "some", "a whole number from 0 to 1000000"),
        ("--address-burst", "0", "a whole number from 1 to 1000000"),
        ("--trusted-proxies", "proxy", "such as 10.0.0.0/8,192.0.2.7"),
        ("--cors-origins", "*", "such as https://tickets.example"),
        ("--cors-origins", "https://a.example/x", "without a path"),
        ("--admin-listen", "9090", "such as 127.0.0.1:8080"),
        ("--log", "loud", "write error, warn, info"),
    ] {
        let refused = parse(&["serve", option, value]).unwrap_err();
        let text = refused.to_string();
        assert!(text.contains(advice), "{option} {value}: {text}");
        assert!(text.contains(option), "{text}");
        assert_eq!(refused.exit_code(), 2);
    }
}

#[test]
fn options_that_contradict_each_other_are_refused_with_what_to_change() {
    for (arguments, advice) in [
        (
            ["--lock-timeout", "2s"],
            "change --lock-timeout, --statement-timeout",
        ),
        (
            ["--statement-timeout", "3s"],
            "for example to 1s, 1500ms and 3s",
        ),
        (
            ["--max-balance", "1000"],
            "lower --max-charge or raise --max-balance",
        ),
        (["--operator-key", "short"], "16 or more letters"),
        (
            ["--operator-key", "long enough, but spaced"],
            "without spaces",
        ),
        (["--token-secret", "short"], "32 or more bytes"),
        (
            [
                "--token-secret",
                "a secret of thirty-two bytes or more,short",
            ],
            "32 or more bytes",
        ),
        (["--token-secret", ","], "32 or more bytes"),
        (
            ["--database-url", "localhost"],
            "write postgres://USER:PASSWORD@HOST:5432/DATABASE",
        ),
    ] {
        let refused = serve(&arguments).check().unwrap_err().to_string();
        assert!(refused.contains(advice), "{refused}");
    }
}

#[test]
fn lists_are_separated_by_commas_and_0_is_no_limit() {
    let options = serve(&[
        "--trusted-proxies",
        "10.0.0.0/8, 192.0.2.7,::1",
        "--cors-origins",
        "https://a.example, http://localhost:3000",
        "--user-rate",
        "0",
        "--address-rate",
        "5",
    ]);
    let limits = options.limits.rates();
    let networks: Vec<_> = limits
        .trusted_proxies
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(networks, ["10.0.0.0/8", "192.0.2.7/32", "::1/128"]);
    assert_eq!(
        options.listening.cors_origins,
        ["https://a.example", "http://localhost:3000"]
    );
    assert_eq!(limits.user, None);
    let address = limits
        .address
        .map(|rate| (rate.per_second.get(), rate.burst.get()));
    assert_eq!(address, Some((5, 10_000)));
}

#[test]
fn what_is_empty_counts_as_missing() {
    let empty = [
        "--database-url=",
        "--operator-key=",
        "--token-secret=",
        "--data-dir=",
    ];
    let options = serve(&empty);
    assert!(options.location.database_url().is_none() && options.location.data_dir().is_none());
    assert_eq!(options.check(), Ok(()));
}

#[test]
fn secrets_are_not_shown_by_help_errors_or_debugging() {
    let secret = "correct-horse-battery";
    for option in ["--database-url", "--operator-key", "--token-secret"] {
        let options = serve(&[option, secret]);
        assert!(!format!("{options:?}").contains(secret), "{option}");
        let refused = options
            .check()
            .map_or_else(|refused| refused.to_string(), |()| String::new());
        assert!(!refused.contains(secret), "{option}");
    }
    let command = Cli::command();
    let serve = command.find_subcommand("serve").unwrap();
    for id in ["database_url", "operator_key", "token_secret"] {
        let argument = serve
            .get_arguments()
            .find(|argument| argument.get_id() == id)
            .unwrap();
        assert!(argument.is_hide_env_values_set(), "{id}");
    }
}

#[test]
fn every_option_of_serve_has_a_variable_of_the_same_name_and_a_heading() {
    let command = Cli::command();
    for argument in command.find_subcommand("serve").unwrap().get_arguments() {
        let id = argument.get_id().as_str();
        if ["help", "version", "log"].contains(&id) {
            continue;
        }
        let variable = argument
            .get_env()
            .unwrap_or_else(|| panic!("{id} has no variable"));
        assert_eq!(
            variable.to_str().unwrap(),
            format!("BOXOFFICE_{}", id.to_uppercase())
        );
        assert!(argument.get_help_heading().is_some(), "{id}");
        assert!(argument.get_help().is_some(), "{id}");
    }
}

#[test]
fn help_is_not_an_error_and_an_unknown_option_is() {
    let kind = |arguments: &[&str]| parse(arguments).unwrap_err();
    assert_eq!(kind(&["serve", "--help"]).kind(), ErrorKind::DisplayHelp);
    assert_eq!(kind(&["serve", "--help"]).exit_code(), 0);
    assert_eq!(kind(&["serve", "--capactiy", "5"]).exit_code(), 2);
}

#[test]
fn the_limits_of_the_database_nest_within_every_request_timeout() {
    for (request_timeout, statement, lock) in [
        ("50ms", 25, 16),
        ("1s", 500, 333),
        ("3s", 1_500, 1_000),
        ("10m", 1_500, 1_000),
    ] {
        let options = serve(&["--request-timeout", request_timeout]);
        options.check().unwrap();
        let limits = options
            .connections
            .limits(options.listening.request_timeout);
        let millis = [limits.statement, limits.lock].map(|limit| limit.as_millis());
        assert_eq!(millis, [statement, lock], "{request_timeout}");
    }
}

#[test]
fn a_secret_may_be_in_a_file_and_what_is_said_directly_counts_first() {
    let file = std::env::temp_dir().join(format!("boxoffice-secret-{}", std::process::id()));
    std::fs::write(&file, "a key of sixteen-or-more\n").unwrap();
    let path = file.to_str().unwrap();
    let given = |arguments: &[&str]| {
        let options = serve(arguments);
        let secret = options.keys.given(Key::Operator).cloned();
        secret.map(|secret| secret.expose_secret().to_owned())
    };
    let in_file = given(&["--operator-key-file", path]);
    assert_eq!(in_file.as_deref(), Some("a key of sixteen-or-more"));
    let both = given(&["--operator-key-file", path, "--operator-key", "said"]);
    assert_eq!(both.as_deref(), Some("said"));
    let empty = given(&["--operator-key-file", path, "--operator-key="]);
    assert_eq!(empty.as_deref(), Some("a key of sixteen-or-more"));
    assert_eq!(given(&["--operator-key-file="]), None);
    let url = serve(&["--database-url-file", path]);
    assert!(url.location.database_url().is_some() && url.check().is_err());
    std::fs::write(&file, "\n").unwrap();
    let refused = |path| parse(&["serve", "--token-secret-file", path]).unwrap_err();
    assert!(refused(path).to_string().contains("the file is empty"));
    std::fs::remove_file(&file).unwrap();
    assert!(refused(path).to_string().contains("cannot be read"));
}
